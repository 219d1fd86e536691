package pass

import (
	"slices"

	"github.com/hornml/horn/nn/graph"
)

// Repeat repeats the elements along an axis, each Count times: nearest upsampling of images.
type Repeat struct{ Axis, Count int }

// Name implements graph.Op.
func (Repeat) Name() string { return "repeat" }

// Infer implements graph.Op.
func (op Repeat) Infer(n *graph.Node) {
	shape := slices.Clone(n.In[0].Shape)
	shape[op.Axis] *= op.Count
	n.SetOut(n.In[0].DType, shape...)
}

// Eval implements graph.Op.
func (op Repeat) Eval(n *graph.Node, in, out []graph.Buf) error {
	inner := graph.Product(n.In[0].Shape[op.Axis+1:])
	for i := range n.Out[0].Size() / max(inner, 1) {
		graph.CopyRange(out[0], i*inner, in[0], i/op.Count*inner, inner)
	}
	return nil
}

// Permute implements graph.Permuter.
func (op Repeat) Permute(axes []int) graph.Op { return Repeat{axes[op.Axis], op.Count} }

// repeats puts a repeat of floats in the place of a reshape, a broadcast along a new axis and another reshape.
func repeats(g *graph.Graph) {
	for _, n := range g.Nodes {
		if !graph.Is[graph.Reshape](n.Op) || !n.Out[0].InFloat32() || n.Out[0].Size() == 0 || !graph.Is[graph.Broadcast](n.In[0].Node.Op) {
			continue
		}
		wide := n.In[0]
		from := wide.Node.In[0]
		if !graph.Is[graph.Reshape](from.Node.Op) || from.Rank() != wide.Rank() {
			continue
		}
		x := from.Node.In[0]
		for axis := 1; axis < wide.Rank(); axis++ {
			count := wide.Shape[axis]
			if from.Shape[axis] != 1 || count == 1 || x.Rank() != wide.Rank()-1 {
				continue
			}
			want := slices.Clone(x.Shape)
			want[axis-1] *= count
			split := slices.Insert(slices.Clone(x.Shape), axis, 1)
			if slices.Equal(n.Out[0].Shape, want) && slices.Equal(from.Shape, split) && graph.Product(split)*count == wide.Size() {
				n.Op, n.In = Repeat{axis - 1, count}, []*graph.Value{x}
				break
			}
		}
	}
}
