package plan

import (
	"fmt"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/tensor/kernel"
)

// denseInt8 is a product with int8 weights whose rows of inputs are quantized on the way.
func (l *lowering) denseInt8(n *graph.Node) (*work, error) {
	x, matrix, scale := n.In[0], n.In[1], n.In[2]
	k, cols := matrix.Shape[0], matrix.Shape[1]
	if !graph.IsFixed(matrix) || !isRow(scale, cols) || n.Out[0].Size() == 0 {
		return nil, nil
	}
	_, columns, err := l.forms.row(scale, cols)
	if err != nil {
		return nil, err
	}
	level := kernel.Current()
	form, err := packed(l, fmt.Sprintf("int8 %v %d", level, cols), matrix, nil, func() *int8Form { return &int8Form{size: k * cols} },
		func(form *int8Form, buf graph.Buf, _ []float32) error {
			w := make([]int8, len(buf.I))
			for i, v := range buf.I {
				w[i] = int8(v)
			}
			form.PackedInt8 = kernel.PackInt8(level, w, k, cols, cols, false)
			return nil
		})
	if err != nil {
		return nil, err
	}
	shape := kernel.PackInt8(level, make([]int8, k*cols), k, cols, cols, false)
	e, err := l.followInto(&epilogue{out: n.Out[0], last: n, simple: true}, cols, false)
	if err != nil {
		return nil, err
	}
	rows := x.Shape[0]
	w := &work{node: n, name: e.name(n.Op.Name()), in: append([]*graph.Value{x}, e.inputs...), out: []*graph.Value{e.out}, inPlace: -1,
		scratch: e.scratch()}
	w.bytes = kernel.Int8Scratch(shape)
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
			g := kernel.GemmInt8{A: r.bufs[xid].F, ARows: kernel.Strided(k), B: form.PackedInt8, ColScale: columns, Epsilon: epsilon, C: out,
				CRows: kernel.Strided(cols),
				Bias:  e.bias, Clamp: e.clamp, Lo: e.lo, Hi: e.hi, Scratch: r.bytes[worker]}
			g.Block(r0, r1, 0, form.Panels())
			if post != nil {
				post.run(r, r.scratch[worker], out, 0, r0*cols, r1*cols)
			}
			return nil
		}
	}
	return w, nil
}

// int8Form are packed int8 weights, which are packed anew as a whole when they change.
type int8Form struct {
	*kernel.PackedInt8
	size int
}

// Bytes is about the memory of the packed weights, before there are any.
func (f *int8Form) Bytes() int { return f.size }

// int8RowsPerUnit is the number of rows of a unit: they are quantized once.
const int8RowsPerUnit = 48
