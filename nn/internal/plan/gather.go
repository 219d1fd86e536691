package plan

import (
	"fmt"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/tensor/kernel"
)

// take copies the slices that indices name, such as the rows of an embedding.
func (l *lowering) take(n *graph.Node, axis int) *work {
	x, index, out := n.In[0], n.In[1], n.Out[0]
	size, inner, count := x.Shape[axis], graph.Product(x.Shape[axis+1:]), index.Size()
	s := share(out.Size()/inner, max(movementUnit/inner, 1), l.threads)
	w := &work{node: n, name: n.Op.Name(), in: n.In, out: n.Out, inPlace: -1, units: s.count,
		cost: movedCost(out.Size()) + 2*float64(out.Size()/inner)}
	w.make = func(p *Plan) kernelFunc {
		xid, iid, oid := p.id(x), p.id(index), p.id(out)
		return func(r *run, _, lo, hi int) error {
			src, indices, dst := r.bufs[xid].F, r.bufs[iid].I, r.bufs[oid].F
			for i := s.from(lo); i < s.from(hi); i++ {
				k := indices[i%count]
				if k < 0 {
					k += int64(size)
				}
				if k < 0 || k >= int64(size) {
					return fmt.Errorf("%s: index %d is outside 0..%d", nameOf(n), indices[i%count], size-1)
				}
				at := (i/count*size + int(k)) * inner
				copy(dst[i*inner:(i+1)*inner], src[at:])
			}
			return nil
		}
	}
	return w
}

// nameOf names a node in errors of a run: by its layer where one wrote it.
func nameOf(n *graph.Node) string {
	if n.Label != "" {
		return n.Label
	}
	return n.Op.Name()
}

// slice copies a part whose innermost pieces are contiguous.
func (l *lowering) slice(n *graph.Node, a graph.Slice) *work {
	out := n.Out[0]
	strides, offset := graph.Strides(n.In[0].Shape), 0
	for i, stride := range strides {
		offset += a.Start[i] * stride
		strides[i] = stride * a.Step[i]
	}
	return l.copyStrided(n, out.Shape, strides, offset)
}

// copyStrided writes out what lies at strides: rows of contiguous elements, in groups whose rows are equally far apart. Nil
// where that would be less than a few elements at a time.
func (l *lowering) copyStrided(n *graph.Node, shape, strides []int, offset int) *work {
	out := n.Out[0]
	axis := len(shape)
	together := 1 // elements that lie together
	for axis > 0 && (shape[axis-1] == 1 || strides[axis-1] == together) {
		axis--
		together *= shape[axis]
	}
	rows, apart := 1, 0
	if axis > 0 {
		axis--
		rows, apart = shape[axis], strides[axis]
	}
	if together < 4 || apart < 0 || graph.Product(shape[:axis]) > maxGroups {
		return nil
	}
	groups := graph.Offsets(shape[:axis], strides[:axis], offset)
	// Units are some rows of one group, or several groups.
	perGroup := max(min(rows*together/movementUnit, rows), 1)
	s := share(len(groups)*perGroup, max(movementUnit/(rows*together), 1), l.threads)
	x := n.In[0]
	k := &work{node: n, name: n.Op.Name(), in: n.In, out: n.Out, inPlace: -1, units: s.count, cost: movedCost(out.Size())}
	k.make = func(p *Plan) kernelFunc {
		xid, oid := p.id(x), p.id(out)
		return func(r *run, _, lo, hi int) error {
			src, dst := r.bufs[xid].F, r.bufs[oid].F
			for i := s.from(lo); i < s.from(hi); i++ {
				g, r0, r1 := i/perGroup, part(rows, i%perGroup, perGroup), part(rows, i%perGroup+1, perGroup)
				kernel.Copy(dst[(g*rows+r0)*together:], together, src[groups[g]+r0*apart:], apart, r1-r0, together)
			}
			return nil
		}
	}
	return k
}

// maxGroups bounds the table of a strided copy.
const maxGroups = 1 << 16
