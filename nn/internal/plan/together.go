package plan

import (
	"slices"

	"github.com/hornml/horn/nn/graph"
)

// together joins recurrent work that does not depend on each other, such as the two directions of a Bidirectional layer:
// one sequence cannot be divided among threads, two can run side by side, each with its weights in its own core's cache.
// Where there are units enough, such as for large batches, each runs by itself.
func together(works []*work, threads int) []*work {
	enough := 4 * threads
	for i := 0; i < len(works); i++ {
		a := works[i]
		if !isRecurrent(a) {
			continue
		}
		for j := i + 1; j < len(works) && !dependsOn(works[j], a); j++ {
			if !isRecurrent(works[j]) {
				continue
			}
			if a.units+works[j].units <= enough {
				// a waits for the other: nothing in between needs it.
				works[j] = pair(a, works[j])
				works = slices.Delete(works, i, i+1)
				i--
			}
			break
		}
	}
	return works
}

func isRecurrent(w *work) bool {
	return graph.Is[graph.Recurrent](w.node.Op) && w.units > 0 && len(w.out) > 0
}

// dependsOn reports whether w reads something that a writes.
func dependsOn(w, a *work) bool {
	return slices.ContainsFunc(w.in, func(v *graph.Value) bool {
		for graph.Is[graph.Reshape](v.Node.Op) {
			v = v.Node.In[0]
		}
		return slices.ContainsFunc(a.out, func(o *graph.Value) bool { return o.Output() == v.Output() })
	})
}

// pair makes one work of two: the units of a come first.
func pair(a, b *work) *work {
	w := &work{
		node: b.node, name: a.name + ", " + b.name, in: slices.Concat(a.in, b.in), out: slices.Concat(a.out, b.out), inPlace: -1,
		scratch: max(a.scratch, b.scratch), bytes: max(a.bytes, b.bytes), units: a.units + b.units, cost: a.cost + b.cost,
	}
	w.weight = func(unit int) int {
		part := b.cost / float64(b.units)
		if unit < a.units {
			part = a.cost / float64(a.units)
		}
		return int(1e6 * part / w.cost)
	}
	w.make = func(p *Plan) kernelFunc {
		first, second := a.make(p), b.make(p)
		return func(r *run, worker, lo, hi int) error {
			if lo < a.units {
				if err := first(r, worker, lo, min(hi, a.units)); err != nil {
					return err
				}
			}
			if hi > a.units {
				return second(r, worker, max(lo-a.units, 0), hi-a.units)
			}
			return nil
		}
	}
	return w
}
