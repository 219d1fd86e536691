package exec

import (
	"github.com/hornml/horn/nn/graph"
)

// compile makes the step of a node; ok is false for nodes that need none.
func (p *Plan) compile(n *graph.Node) (s step, ok bool) {
	switch {
	case n.Op.Kind == graph.KindInput, n.Op.Kind == graph.KindConst, n.Op.Kind == graph.KindReshape:
		return step{}, false
	}
	return p.reference(n), true
}

// reference is the step of an op without a kernel of its own: the reference evaluation.
func (p *Plan) reference(n *graph.Node) step {
	in := make([]int, len(n.In))
	for i, v := range n.In {
		in[i] = v.Node.ID + v.Index
	}
	first, count := n.ID, len(n.Out)
	return step{name: n.Op.Name, label: n.Label, run: func(r *run) error {
		r.args = r.args[:0]
		for _, id := range in {
			r.args = append(r.args, r.bufs[id])
		}
		return graph.Eval(n, r.args, r.bufs[first:first+count])
	}}
}
