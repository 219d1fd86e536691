package layers

import (
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

const boolean = tensor.Bool

// readState returns a state as the calls of this run so far leave it: a layer that is called twice goes on from its
// first call.
func readState(c *layer.Call, p *graph.Param, d tensor.DType, shape []int) *value {
	for _, u := range c.Graph.Updates {
		if u.Param == p && graph.FitShapes(u.Value.Shape, shape) {
			return u.Value
		}
	}
	return c.Builder.State(p, d, shape...)
}
