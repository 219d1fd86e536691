package exec

import (
	"slices"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/tensor/kernel"
)

// repeat repeats the elements along an axis, each Count times: nearest upsampling of images.
type repeat struct{ Axis, Count int }

// Name implements graph.Op.
func (repeat) Name() string { return "repeat" }

// Infer implements graph.Op.
func (op repeat) Infer(n *graph.Node) {
	shape := slices.Clone(n.In[0].Shape)
	shape[op.Axis] *= op.Count
	n.SetOut(n.In[0].DType, shape...)
}

// Eval implements graph.Op.
func (op repeat) Eval(n *graph.Node, in, out []graph.Buf) error {
	inner := product(n.In[0].Shape[op.Axis+1:])
	for i := range n.Out[0].Size() / max(inner, 1) {
		graph.CopyRange(out[0], i*inner, in[0], i/op.Count*inner, inner)
	}
	return nil
}

// Permute implements graph.Permuter.
func (op repeat) Permute(axes []int) graph.Op { return repeat{axes[op.Axis], op.Count} }

// repeats puts a repeat of floats in the place of a reshape, a broadcast along a new axis and another reshape.
func repeats(g *graph.Graph) {
	for _, n := range g.Nodes {
		if !graph.Is[graph.Reshape](n.Op) || !isFloat(n.Out[0]) || n.Out[0].Size() == 0 || !graph.Is[graph.Broadcast](n.In[0].Node.Op) {
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
			if slices.Equal(n.Out[0].Shape, want) && slices.Equal(from.Shape, split) && product(split)*count == wide.Size() {
				n.Op, n.In = repeat{axis - 1, count}, []*graph.Value{x}
				break
			}
		}
	}
}

// repeat copies each piece of elements behind the axis Count times.
func (l *lowering) repeat(n *graph.Node, a repeat) *work {
	x, out := n.In[0], n.Out[0]
	inner := product(x.Shape[a.Axis+1:])
	pieces := x.Size() / inner
	s := share(pieces, max(movementUnit/(inner*a.Count), 1), l.threads)
	w := &work{node: n, name: n.Op.Name(), in: n.In, out: n.Out, inPlace: -1, units: s.count, cost: movedCost(out.Size())}
	w.make = func(p *Plan) kernelFunc {
		xid, oid := p.id(x), p.id(out)
		return func(r *run, _, lo, hi int) error {
			from, to := s.from(lo), s.from(hi)
			src, dst := r.bufs[xid].F[from*inner:to*inner], r.bufs[oid].F[from*inner*a.Count:to*inner*a.Count]
			if inner == 1 {
				for i, v := range src {
					fill(dst[i*a.Count:(i+1)*a.Count], v)
				}
				return nil
			}
			for k := range a.Count {
				kernel.Copy(dst[k*inner:], a.Count*inner, src, inner, to-from, inner)
			}
			return nil
		}
	}
	return w
}
