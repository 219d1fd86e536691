package exec

import (
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/tensor/kernel"
)

// opProduct is a product of batches of matrices of which neither is constant, with operands that are read, and a result
// that is written, at strides: the transposes around it are gone. Its inputs are the values in whose memory the operands
// lie.
var opProduct = &graph.Op{Name: "matmul"}

// productAttrs are the settings of opProduct.
type productAttrs struct {
	a, b, c matrices
	m, k, n int
	trans   bool // B's rows are the columns of the product
}

// matrices says where the matrices of a batch lie in the memory of a value.
type matrices struct {
	at  []int // of each product of the batch
	row int   // distance between rows
}

// leftOperand finds the matrices of A, [m, k] with contiguous rows, for the products of a batch.
func leftOperand(v *graph.Value, batch []int) (root *graph.Value, a matrices) {
	if x, ok := repeated(v); ok {
		root, a = leftOperand(x, leading(x))
		a.repeat(v, batch)
		return root, a
	}
	w := viewOf(v)
	row, column := w.rows(lastDim(v))
	if column != 1 {
		w = plainView(v)
		row, _ = w.rows(lastDim(v))
	}
	return w.root, matrices{w.offsets(batch), row}
}

// rightOperand finds the matrices of B. They may be read transposed: trans says whether v is, and the result whether its
// memory is.
func rightOperand(v *graph.Value, trans bool, batch []int) (root *graph.Value, b matrices, transposed bool) {
	if x, ok := repeated(v); ok {
		root, b, transposed = rightOperand(x, trans, leading(x))
		b.repeat(v, batch)
		return root, b, transposed
	}
	w := viewOf(v)
	r := len(w.shape)
	row, column := w.rows(w.shape[r-1])
	switch {
	case column == 1 && row >= w.shape[r-1]:
		return w.root, matrices{w.offsets(batch), row}, trans
	case row == 1 && column >= w.shape[r-2]: // the other way round
		return w.root, matrices{w.offsets(batch), column}, !trans
	}
	w = plainView(v)
	row, _ = w.rows(w.shape[r-1])
	return w.root, matrices{w.offsets(batch), row}, trans
}

// leading are the axes of a value that count matrices.
func leading(v *graph.Value) []int { return v.Shape[:v.Rank()-2] }

// repeated returns what v repeats along an axis that counts matrices, such as the heads of K that several heads of Q share.
func repeated(v *graph.Value) (x *graph.Value, ok bool) {
	if v.Node.Op != opRepeat || v.Node.Attrs.(repeatAttrs).axis >= v.Rank()-2 {
		return nil, false
	}
	return v.Node.In[0], true
}

// repeat turns the matrices of what v repeats into those of v, which repeat to fill batch.
func (m *matrices) repeat(v *graph.Value, batch []int) {
	a := v.Node.Attrs.(repeatAttrs)
	shape := leading(v)
	inner := product(shape[a.axis+1:])
	at := make([]int, 0, product(shape))
	for i := range product(shape) {
		at = append(at, m.at[i/inner/a.count*inner+i%inner])
	}
	index := view{shape: shape, strides: rowMajor(shape)}.positions(batch)
	for i, k := range index {
		index[i] = at[k]
	}
	m.at = index
}

// products turns the products of floats whose right operand is not constant into opProduct.
func products(g *graph.Graph) {
	uses := usersOf(g)
	var nodes []*graph.Node
	for _, n := range g.Nodes {
		if n.Op == graph.OpMatMul && isFloat(n.Out[0]) && !constantWeights(n) && n.In[0].Size() > 0 && n.In[1].Size() > 0 {
			t := n.Attrs.(graph.MatMulAttrs)
			a := n.In[0]
			if t.TransA { // the kernels read rows
				order := make([]int, a.Rank())
				for i := range order {
					order[i] = i
				}
				order[a.Rank()-2], order[a.Rank()-1] = a.Rank()-1, a.Rank()-2
				flip := &graph.Node{Op: graph.OpTranspose, Attrs: order, In: n.In[:1], Label: n.Label}
				graph.OpTranspose.Infer(flip)
				nodes = append(nodes, flip)
				a = flip.Out[0]
			}
			out := n.Out[0]
			rank := out.Rank()
			batch := out.Shape[:rank-2]
			p := &productAttrs{m: out.Shape[rank-2], n: out.Shape[rank-1], k: lastDim(a)}
			in := make([]*graph.Value, 2)
			in[0], p.a = leftOperand(a, batch)
			in[1], p.b, p.trans = rightOperand(n.In[1], t.TransB, batch)
			final, w := uses.landing(out)
			p.c.at = w.offsets(batch)
			p.c.row, _ = w.rows(p.n)
			into := final.Node
			into.Op, into.Attrs, into.In = opProduct, p, in
			into.Label = n.Label
		}
		nodes = append(nodes, n)
	}
	g.Nodes = nodes
}

// product is the work of opProduct: the right operand of each product is packed in the worker's scratch.
func (l *lowering) product(n *graph.Node) *work {
	t := n.Attrs.(*productAttrs)
	out := n.Out[0]
	a, b := n.In[0], n.In[1]
	e := &epilogue{out: out, last: n}
	if plain := t.c.row == t.n && lastDim(out) == t.n; plain { // else the rows of the result are not those of the product
		e = l.follow(out, t.n, false)
	}
	level := kernel.Current()
	pack := kernel.PackSize(level, t.k, t.n)
	w := &work{node: n, name: e.name("matmul"), in: append([]*graph.Value{a, b}, e.inputs...), out: []*graph.Value{e.out}, inPlace: -1,
		scratch: pack + e.scratch() + packAlign, units: len(t.c.at)}
	w.cost = float64(w.units)*(productCost(t.m, t.k, t.n)+packCost(t.k*t.n)) + e.cost()
	w.make = func(p *Plan) kernelFunc {
		aid, bid, oid, residual := p.id(a), p.id(b), p.id(e.out), -1
		if e.residual != nil {
			residual = p.id(e.residual)
		}
		var post *program
		if e.post != nil {
			post = e.post.settle(p)
		}
		return func(r *run, worker, lo, hi int) error {
			scratch := r.scratch[worker]
			var packed kernel.PackedB
			last := -1
			for u := lo; u < hi; u++ {
				if t.b.at[u] != last {
					kernel.PackBInto(&packed, scratch[:pack], level, r.bufs[bid].F[t.b.at[u]:], t.k, t.n, t.b.row, t.trans)
					last = t.b.at[u]
				}
				c := r.bufs[oid].F[t.c.at[u]:]
				g := kernel.Gemm{A: r.bufs[aid].F[t.a.at[u]:], ARows: kernel.Strided(t.a.row), B: &packed, C: c, CRows: kernel.Strided(t.c.row), Epilogue: e.kernel()}
				if residual >= 0 {
					g.Residual = r.bufs[residual].F[t.c.at[u]:]
				}
				g.Run(t.m)
				if post != nil {
					post.run(r, scratch[pack:], r.bufs[oid].F, 0, t.c.at[u], t.c.at[u]+t.m*t.n)
				}
				for i := 0; e.out.DType.IsHalf() && i < t.m; i++ {
					finish(e.out.DType, c[i*t.c.row:i*t.c.row+t.n])
				}
			}
			return nil
		}
	}
	return w
}

// packAlign is room to begin packed operands at a cache line.
const packAlign = 16
