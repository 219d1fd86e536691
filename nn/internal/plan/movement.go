package plan

import (
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/tensor/kernel"
)

// movementUnit is about how many elements a unit of a copying step has.
const movementUnit = 1 << 14

// concat joins float values: each is a matrix whose rows go into the wider rows of the result.
func (l *lowering) concat(n *graph.Node, axis int) *work {
	out := n.Out[0]
	outer, whole := graph.Product(out.Shape[:axis]), graph.Product(out.Shape[axis:])
	widths := make([]int, len(n.In))
	for i, v := range n.In {
		widths[i] = graph.Product(v.Shape[axis:])
	}
	s := share(outer, max(movementUnit/whole, 1), l.threads)
	w := &work{node: n, name: n.Op.Name(), in: n.In, out: n.Out, inPlace: -1, units: s.count, cost: movedCost(out.Size())}
	w.make = func(p *Plan) kernelFunc {
		in, oid := p.ids(n.In), p.id(out)
		return func(r *run, _, lo, hi int) error {
			r0, r1 := s.from(lo), s.from(hi)
			dst := r.bufs[oid].F[r0*whole : r1*whole]
			at := 0
			for i, width := range widths {
				if width > 0 {
					kernel.Copy(dst[at:], whole, r.bufs[in[i]].F[r0*width:r1*width], width, r1-r0, width)
				}
				at += width
			}
			return nil
		}
	}
	return w
}

// pad surrounds images (batch, height, width, channels) or sequences (batch, time, channels), on their spatial axes.
func (l *lowering) pad(n *graph.Node, a graph.Pad) *work {
	x, out := n.In[0], n.Out[0]
	last := len(x.Shape) - 1
	if last < 2 || last > 3 || a.Lo[0]+a.Hi[0]+a.Lo[last]+a.Hi[last] != 0 || x.Size() == 0 {
		return nil
	}
	channels := x.Shape[last]
	width, left := x.Shape[last-1]*channels, a.Lo[last-1]*channels
	wide := out.Shape[last-1] * channels
	height, tall, top := 1, 1, 0
	if last == 3 {
		height, tall, top = x.Shape[1], out.Shape[1], a.Lo[1]
	}
	v := float32(a.Value)
	rows := x.Shape[0] * tall
	s := share(rows, max(movementUnit/wide, 1), l.threads)
	w := &work{node: n, name: n.Op.Name(), in: n.In, out: n.Out, inPlace: -1, units: s.count, cost: movedCost(out.Size())}
	w.make = func(p *Plan) kernelFunc {
		xid, oid := p.id(x), p.id(out)
		return func(r *run, _, lo, hi int) error {
			src := r.bufs[xid].F
			for i := s.from(lo); i < s.from(hi); i++ {
				row := r.bufs[oid].F[i*wide : (i+1)*wide]
				y := i%tall - top
				if y < 0 || y >= height {
					fill(row, v)
					continue
				}
				fill(row[:left], v)
				copy(row[left:left+width], src[(i/tall*height+y)*width:])
				fill(row[left+width:], v)
			}
			finish(out.DType, r.bufs[oid].F[s.from(lo)*wide:s.from(hi)*wide])
			return nil
		}
	}
	return w
}

func fill(x []float32, v float32) {
	for i := range x {
		x[i] = v
	}
}
