package plan

import (
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/internal/pass"
	"github.com/hornml/horn/tensor/kernel"
)

// contraction makes the work of a product or convolution with what follows it.
func (l *lowering) contraction(n *graph.Node) error {
	if !graph.Is[graph.Scan](n.Op) && (len(n.Out) == 0 || !n.Out[0].InFloat32()) {
		return nil
	}
	var w *work
	var err error
	switch op := n.Op.(type) {
	case graph.MatMul:
		w, err = l.matmul(n, op)
	case pass.StridedProduct:
		w, err = l.product(n, op)
	case pass.Attention:
		w = l.attention(n, op)
	case graph.Conv:
		w, err = l.conv(n, op)
	case graph.DenseInt8:
		w, err = l.denseInt8(n)
	case graph.LayerNorm:
		w, err = l.layerNorm(n, op)
	case graph.Recurrent, graph.Scan:
		if scan, ok := op.(graph.Scan); ok {
			w, err = l.scan(n, scan)
		} else {
			w, err = l.recurrent(n)
		}
		if w != nil {
			l.done[n] = true
			l.at[n] = w
		}
		return err
	}
	if w == nil || err != nil {
		return err
	}
	l.done[n] = true
	last := n
	for k := range w.out {
		last = w.out[k].Node
	}
	l.at[last] = w
	return nil
}

// matmul is a product with constant weights; rewriting made an stridedProduct of every other one of floats.
func (l *lowering) matmul(n *graph.Node, t graph.MatMul) (*work, error) {
	if !pass.ConstantWeights(n) {
		return nil, nil
	}
	k, cols := matrix(n.In[1], t.TransB)
	return l.dense(n, n.In[0], n.In[1], k, cols, t.TransB)
}

// matrix returns the rows and columns of a constant operand.
func matrix(b *graph.Value, transposed bool) (rows, cols int) {
	if transposed {
		return b.Shape[1], b.Shape[0]
	}
	return b.Shape[0], b.Shape[1]
}

// dense is a product with constant weights: all rows of A at once.
func (l *lowering) dense(n *graph.Node, a, b *graph.Value, k, cols int, transposed bool) (*work, error) {
	if k == 0 || cols == 0 || a.Size() == 0 {
		return nil, nil
	}
	rows := a.Size() / k
	e, err := l.follow(n.Out[0], cols, true)
	if err != nil {
		return nil, err
	}
	packed, err := l.pack(b, k, cols, b.LastDim(), 0, transposed, e.scale)
	if err != nil {
		return nil, err
	}
	w := &work{node: n, name: e.name("matmul"), in: append([]*graph.Value{a}, e.inputs...), out: []*graph.Value{e.out}, inPlace: -1,
		scratch: e.scratch()}
	g := gemmStep{rows: rows, cols: cols, gemm: kernel.Gemm{ARows: kernel.Strided(k), B: packed, CRows: kernel.Strided(cols),
		Epilogue: e.kernel()}, ending: ending{e: e}}
	g.split(l.threads)
	w.units = len(g.units)
	w.cost = productCost(rows, k, cols) + e.cost()
	w.make = func(p *Plan) kernelFunc {
		g.settle(p)
		aid, out := p.id(a), p.id(e.out)
		return func(r *run, worker, lo, hi int) error {
			gemm := g.gemm
			gemm.A, gemm.C = r.bufs[aid].F, r.bufs[out].F
			if g.residual >= 0 {
				gemm.Residual = r.bufs[g.residual].F
			}
			g.run(r, &gemm, worker, lo, hi)
			return nil
		}
	}
	return w, nil
}

// gemmStep divides a product into units: some rows by some panels.
type gemmStep struct {
	rows, cols int
	gemm       kernel.Gemm // A, C and Residual are set for each run
	ending
	units []gemmUnit
}

type gemmUnit struct{ r0, r1, p0, p1 int }

// rowsPerUnit is about how many rows a unit has: enough to amortise reading the weights, few enough for the cache.
const rowsPerUnit = 48

// split chooses the units for the given number of threads. They are in an order in which the first half takes as long as the
// second, and reads other rows or other weights, whichever are more.
func (g *gemmStep) split(threads int) {
	tile := kernel.RowTile(g.gemm.B.Level())
	panels, k := g.gemm.B.Panels(), g.gemm.B.K()
	tiles := (g.rows + tile - 1) / tile
	rows := max(rowsPerUnit, min(int(unitFlops/(2*float64(k)*float64(g.cols))), maxPixelsPerUnit))
	row := func(i int) int { return min(i*tile, g.rows) }
	if threads > 1 && panels > 1 && !g.wholeRows() && (k*g.cols > g.rows*(k+g.cols) || tiles < 2*threads) {
		// Each worker has panels of its own, with all rows; the panels in between are divided by rows.
		parts := 1
		if panels%threads != 0 && panels < 16*threads {
			parts = min(threads, tiles)
		}
		parts = max(parts, (g.rows+rows-1)/rows)
		across := share(panels, panels/(8*threads), threads)
		for p := range across.count {
			for i := range parts {
				g.units = append(g.units, gemmUnit{row(i * tiles / parts), row((i + 1) * tiles / parts), across.from(p), across.from(p + 1)})
			}
		}
		return
	}
	s := share(tiles, min(rows/tile, (tiles+threads-1)/threads), threads)
	for i := range s.count {
		g.units = append(g.units, gemmUnit{row(s.from(i)), row(s.from(i + 1)), 0, panels})
	}
}

func (g *gemmStep) run(r *run, gemm *kernel.Gemm, worker, lo, hi int) {
	for _, u := range g.units[lo:hi] {
		gemm.Block(u.r0, u.r1, u.p0, u.p1)
		if g.post != nil {
			g.post.run(r, r.scratch[worker], gemm.C, 0, u.r0*g.cols, u.r1*g.cols)
		}
		finish(g.e.out.DType, gemm.C[u.r0*g.cols:u.r1*g.cols])
	}
}
