package exec

import (
	"slices"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/tensor/kernel"
)

// opRepeat repeats the elements along an axis, each count times: nearest upsampling of images.
var opRepeat = &graph.Op{Name: "repeat", Infer: func(n *graph.Node) {
	a := n.Attrs.(repeatAttrs)
	shape := slices.Clone(n.In[0].Shape)
	shape[a.axis] *= a.count
	n.SetOut(n.In[0].DType, shape...)
}}

type repeatAttrs struct{ axis, count int }

// repeats puts an opRepeat of floats in the place of a reshape, a broadcast along a new axis and another reshape.
func repeats(g *graph.Graph) {
	for _, n := range g.Nodes {
		if n.Op != graph.OpReshape || !isFloat(n.Out[0]) || n.Out[0].Size() == 0 || n.In[0].Node.Op != graph.OpBroadcast {
			continue
		}
		wide := n.In[0]
		from := wide.Node.In[0]
		if from.Node.Op != graph.OpReshape || from.Rank() != wide.Rank() {
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
				n.Op, n.Attrs, n.In = opRepeat, repeatAttrs{axis - 1, count}, []*graph.Value{x}
				break
			}
		}
	}
}

// repeat copies each piece of elements behind the axis count times.
func (l *lowering) repeat(n *graph.Node) *work {
	a, x, out := n.Attrs.(repeatAttrs), n.In[0], n.Out[0]
	inner := product(x.Shape[a.axis+1:])
	pieces := x.Size() / inner
	s := share(pieces, max(movementUnit/(inner*a.count), 1), l.threads)
	w := &work{node: n, name: n.Op.Name, in: n.In, out: n.Out, inPlace: -1, units: s.count, cost: movedCost(out.Size())}
	w.make = func(p *Plan) kernelFunc {
		xid, oid := p.id(x), p.id(out)
		return func(r *run, _, lo, hi int) error {
			from, to := s.from(lo), s.from(hi)
			src, dst := r.bufs[xid].F[from*inner:to*inner], r.bufs[oid].F[from*inner*a.count:to*inner*a.count]
			if inner == 1 {
				for i, v := range src {
					fill(dst[i*a.count:(i+1)*a.count], v)
				}
				return nil
			}
			for k := range a.count {
				kernel.Copy(dst[k*inner:], a.count*inner, src, inner, to-from, inner)
			}
			return nil
		}
	}
	return w
}
