package layers

import (
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
	"slices"
)

const boolean = tensor.Bool

// readState returns a state as the calls of this run so far leave it: a layer that is called twice goes on from its
// first call.
func readState(c *layer.Call, s graph.State, d tensor.DType, shape []int) *value {
	for _, u := range c.Graph.Updates {
		if u.State.StateKey() == s.StateKey() && slices.Equal(u.Value.Shape, shape) {
			return u.Value
		}
	}
	return c.ReadState(s, d, shape...)
}

// writeState sets what a state will be after the run.
func writeState(c *layer.Call, s graph.State, v *value) {
	for i, u := range c.Graph.Updates {
		if u.State.StateKey() == s.StateKey() {
			c.Graph.Updates[i].Value = v
			return
		}
	}
	c.WriteState(s, v)
}
