package exec

import (
	"fmt"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/tensor/kernel"
)

// denseInt8 is a product with int8 weights whose rows of inputs are quantized on the way.
func (l *lowering) denseInt8(n *graph.Node) (*work, error) {
	x, matrix, scale := n.In[0], n.In[1], n.In[2]
	k, cols := matrix.Shape[0], matrix.Shape[1]
	columns, ok := constRow(scale, cols)
	if !graph.Is[graph.Const](matrix.Node.Op) || !ok || n.Out[0].Size() == 0 {
		return nil, nil
	}
	level := kernel.Current()
	packed, err := get(l.cache, fmt.Sprintf("int8 %v %q", level, graph.SourceOf(matrix).Key()), func() (*kernel.PackedInt8, error) {
		buf, err := graph.SourceOf(matrix).Buf()
		if err != nil {
			return nil, err
		}
		w := make([]int8, len(buf.I))
		for i, v := range buf.I {
			w[i] = int8(v)
		}
		return kernel.PackInt8(level, w, k, cols, cols, false), nil
	})
	if err != nil {
		return nil, err
	}
	e := l.followInto(&epilogue{out: n.Out[0], last: n, simple: true}, cols, false)
	rows := x.Shape[0]
	w := &work{node: n, name: e.name(n.Op.Name()), in: append([]*graph.Value{x}, e.inputs...), out: []*graph.Value{e.out}, inPlace: -1, scratch: e.scratch()}
	w.bytes = kernel.Int8Scratch(packed)
	w.units = (rows + int8RowsPerUnit - 1) / int8RowsPerUnit
	w.cost = productCost(rows, k, cols)/3 + e.cost()
	epsilon := float32(n.Op.(graph.DenseInt8).Epsilon)
	w.make = func(p *Plan) kernelFunc {
		var post *program
		if e.post != nil {
			post = e.post.settle(p)
		}
		xid, oid := p.id(x), p.id(e.out)
		return func(r *run, worker, lo, hi int) error {
			r0, r1 := lo*int8RowsPerUnit, min(hi*int8RowsPerUnit, rows)
			out := r.bufs[oid].F
			g := kernel.GemmInt8{A: r.bufs[xid].F, ARows: kernel.Strided(k), B: packed, ColScale: columns, Epsilon: epsilon, C: out, CRows: kernel.Strided(cols),
				Bias: e.bias, Clamp: e.clamp, Lo: e.lo, Hi: e.hi, Scratch: r.bytes[worker]}
			g.Block(r0, r1, 0, packed.Panels())
			if post != nil {
				post.run(r, r.scratch[worker], out, 0, r0*cols, r1*cols)
			}
			return nil
		}
	}
	return w, nil
}

// int8RowsPerUnit is the number of rows of a unit: they are quantized once.
const int8RowsPerUnit = 48
