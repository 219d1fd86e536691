package nn

import (
	"slices"

	"github.com/hornml/horn/nn/internal/tree"
	"github.com/hornml/horn/nn/layer"
)

// refs returns the tensors among the arguments of a call, in Keras's order.
func (n *node) refs() []*ref {
	var out []*ref
	var visit func(leaf any)
	visit = func(leaf any) {
		switch v := leaf.(type) {
		case *ref:
			if v != nil {
				out = append(out, v)
			}
		case layer.Slice:
			for _, x := range []any{v.Start, v.Stop, v.Step} {
				tree.Walk(x, visit)
			}
		}
	}
	tree.Walk(n.args, visit)
	for _, k := range tree.Keys(n.kwargs) {
		tree.Walk(n.kwargs[k], visit)
	}
	return out
}

// depths finds the calls that a Functional model's outputs depend on, and the distance of each from the outputs as Keras
// reckons it: a layer has in each call at least the depth of its other calls so far.
func (m *Model) depths() map[callID]int {
	var order []callID // a call after all that it depends on
	done := map[callID]bool{}
	var visit func(key callID)
	visit = func(key callID) {
		if done[key] {
			return
		}
		done[key] = true
		for _, r := range m.nodes[key.layer][key.call].refs() {
			visit(r.call())
		}
		order = append(order, key)
	}
	tree.Walk(m.outputs, func(leaf any) {
		if r, ok := leaf.(*ref); ok {
			visit(r.call())
		}
	})
	depth, layers := map[callID]int{}, map[int]int{}
	for _, key := range slices.Backward(order) {
		d := max(depth[key], layers[key.layer])
		depth[key], layers[key.layer] = d, d
		for _, r := range m.nodes[key.layer][key.call].refs() {
			from := r.call()
			depth[from] = max(depth[from], d+1)
		}
	}
	tree.Walk(m.inputs, func(leaf any) {
		if r, ok := leaf.(*ref); ok {
			if key := r.call(); !done[key] {
				depth[key] = 0
			}
		}
	})
	return depth
}
