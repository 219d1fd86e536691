package nn

import "slices"

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
		case Slice:
			for _, x := range []any{v.Start, v.Stop, v.Step} {
				walkTree(x, visit)
			}
		}
	}
	walkTree(n.args, visit)
	for _, k := range sortedKeys(n.kwargs) {
		walkTree(n.kwargs[k], visit)
	}
	return out
}

// depths finds the calls that a Functional model's outputs depend on, and the distance of each from the outputs as Keras
// reckons it: a layer has in each call at least the depth of its other calls so far.
func (m *Model) depths() map[[2]int]int {
	var order [][2]int // a call after all that it depends on
	done := map[[2]int]bool{}
	var visit func(key [2]int)
	visit = func(key [2]int) {
		if done[key] {
			return
		}
		done[key] = true
		for _, r := range m.nodes[key[0]][key[1]].refs() {
			visit([2]int{r.layer, r.node})
		}
		order = append(order, key)
	}
	walkTree(m.outputs, func(leaf any) {
		if r, ok := leaf.(*ref); ok {
			visit([2]int{r.layer, r.node})
		}
	})
	depth, layers := map[[2]int]int{}, map[int]int{}
	for _, key := range slices.Backward(order) {
		d := max(depth[key], layers[key[0]])
		depth[key], layers[key[0]] = d, d
		for _, r := range m.nodes[key[0]][key[1]].refs() {
			from := [2]int{r.layer, r.node}
			depth[from] = max(depth[from], d+1)
		}
	}
	walkTree(m.inputs, func(leaf any) {
		if r, ok := leaf.(*ref); ok {
			if key := [2]int{r.layer, r.node}; !done[key] {
				depth[key] = 0
			}
		}
	})
	return depth
}

// isChain reports whether the model is one layer after the other, each called once: Keras then leaves the connections out.
func (m *Model) isChain(depth map[[2]int]int) bool {
	seen, layers := map[int]bool{}, map[int]bool{}
	for key, d := range depth {
		_, isOp := m.layers[key[0]].(*op)
		if seen[d] || layers[key[0]] && !isOp || len(m.nodes[key[0]][key[1]].refs()) > 1 {
			return false
		}
		seen[d], layers[key[0]] = true, true
	}
	return true
}
