package plan

import (
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/internal/pass"
	"github.com/hornml/horn/tensor/kernel"
)

// repeat copies each piece of elements behind the axis Count times.
func (l *lowering) repeat(n *graph.Node, a pass.Repeat) *work {
	x, out := n.In[0], n.Out[0]
	inner := graph.Product(x.Shape[a.Axis+1:])
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
