package ops

import (
	"fmt"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

func addTake(r *layer.Registry) {
	r.RegisterOp("numpy", "Take", func(o *layer.OpCall) any {
		x, idx := o.Tensor(0, "x"), indices(o, 1, "indices")
		axis := o.IntOrNone(-1, "axis")
		if axis == nil {
			x, axis = o.Reshape(x, x.Size()), new(int)
		}
		return o.Take(x, idx, *axis)
	})
	r.RegisterOp("numpy", "TakeAlongAxis", func(o *layer.OpCall) any {
		x, idx := o.Tensor(0, "x"), indices(o, 1, "indices")
		axis := o.IntOrNone(-1, "axis")
		if axis == nil {
			x, idx, axis = o.Reshape(x, x.Size()), o.Reshape(idx, idx.Size()), new(int)
		}
		return o.TakeAlong(x, idx, *axis)
	})
}

// indices reads an argument of indices; floats and bools become integers.
func indices(o *layer.OpCall, i int, name string) *value {
	x := o.Tensor(i, name)
	if !x.DType.IsInt() {
		return o.Cast(x, tensor.Int64)
	}
	return x
}

// opIndex checks indices against the length of an axis (int attrs) when the graph runs, and counts negative ones from its
// end; the result is int64.
type opIndex struct{ Size int }

// Name implements graph.Op.
func (opIndex) Name() string { return "index" }

// Infer implements graph.Op.
func (opIndex) Infer(n *graph.Node) { n.SetOut(tensor.Int64, n.In[0].Shape...) }

// Eval implements graph.Op.
func (op opIndex) Eval(n *graph.Node, in, out []graph.Buf) error {
	size := int64(op.Size)
	for k, i := range in[0].I {
		if i < -size || i >= size {
			return fmt.Errorf("%s: index %d is outside 0..%d", n.Label, i, size-1)
		}
		if i < 0 {
			i += size
		}
		out[0].I[k] = i
	}
	return nil
}

// checkedIndex applies opIndex.
func checkedIndex(o *layer.OpCall, idx *value, size int) *value { return o.Emit1(opIndex{size}, idx) }
