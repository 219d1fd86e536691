package plan

import (
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/tensor/kernel"
)

// compare makes masks of floats of one shape, or of floats and a single number.
func (l *lowering) compare(n *graph.Node, op *graph.Comparison) *work {
	x, y, out := n.In[0], n.In[1], n.Out[0]
	size := out.Size()
	dx, dy := 1, 1
	if x.Size() != size {
		dx = 0
	}
	if y.Size() != size {
		dy = 0
	}
	if !x.InFloat32() || size == 0 || x.Size() != size && x.Size() != 1 || y.Size() != size && y.Size() != 1 {
		return nil
	}
	flip := false
	switch op { // a > b is b < a, and so on; a >= b is not !(a < b), for NaN
	case graph.Greater:
		op, flip = graph.Less, true
	case graph.GreaterEqual:
		op, flip = graph.LessEqual, true
	case graph.Less, graph.LessEqual, graph.Equal, graph.NotEqual:
	default:
		return nil
	}
	s := share(size, movementUnit, l.threads)
	w := &work{node: n, name: n.Op.Name(), in: n.In, out: n.Out, inPlace: -1, units: s.count, cost: 0.5 * float64(size)}
	w.make = func(p *Plan) kernelFunc {
		xid, yid, oid := p.id(x), p.id(y), p.id(out)
		return func(r *run, _, lo, hi int) error {
			from, to := s.from(lo), s.from(hi)
			a, b, da, db := r.bufs[xid].F[from*dx:], r.bufs[yid].F[from*dy:], dx, dy
			if flip {
				a, b, da, db = b, a, db, da
			}
			dst := r.bufs[oid].B[from:to]
			switch op {
			case graph.Less:
				for i := range dst {
					dst[i] = a[i*da] < b[i*db]
				}
			case graph.LessEqual:
				for i := range dst {
					dst[i] = a[i*da] <= b[i*db]
				}
			case graph.Equal:
				for i := range dst {
					dst[i] = a[i*da] == b[i*db]
				}
			default:
				for i := range dst {
					dst[i] = a[i*da] != b[i*db]
				}
			}
			return nil
		}
	}
	return w
}

// argument finds the largest or smallest elements along the last axis.
func (l *lowering) argument(n *graph.Node, op graph.ArgExtreme) *work {
	x, out := n.In[0], n.Out[0]
	if !x.InFloat32() || op.Axis != x.Rank()-1 || x.Size() == 0 {
		return nil
	}
	find := kernel.ArgMax
	if op.Smallest {
		find = kernel.ArgMin
	}
	cols := x.LastDim()
	s := share(out.Size(), max(movementUnit/cols, 1), l.threads)
	w := &work{node: n, name: n.Op.Name(), in: n.In, out: n.Out, inPlace: -1, units: s.count, cost: 0.4 * float64(x.Size())}
	w.make = func(p *Plan) kernelFunc {
		xid, oid := p.id(x), p.id(out)
		return func(r *run, _, lo, hi int) error {
			src, dst := r.bufs[xid].F, r.bufs[oid].I
			for i := s.from(lo); i < s.from(hi); i++ {
				dst[i] = int64(find(src[i*cols : (i+1)*cols]))
			}
			return nil
		}
	}
	return w
}
