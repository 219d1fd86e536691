package layers

import (
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/initializers"
	"github.com/hornml/horn/nn/layer"
)

// Identity returns its input, of any structure (keras.layers.Identity).
type Identity struct{ layer.Base }

// ActivityRegularization returns its input; in training it adds L1*sum(|x|) + L2*sum(x²) to the loss
// (keras.layers.ActivityRegularization).
type ActivityRegularization struct {
	layer.Base
	L1, L2 float64
}

// AddIdentity adds Identity and ActivityRegularization to a registry.
func AddIdentity(r *layer.Registry) {
	r.Register("keras.layers", "Identity", func() layer.Layer { return new(Identity) })
	r.Register("keras.layers", "ActivityRegularization", func() layer.Layer { return new(ActivityRegularization) })
}

// Config implements layer.Layer.
func (l *Identity) Config(*layer.Config) { l.SupportsMasking = true }

// Call implements layer.Layer.
func (l *Identity) Call(c *layer.Call) any { return first(c) }

// Config implements layer.Layer.
func (l *ActivityRegularization) Config(c *layer.Config) {
	l.SupportsMasking = true
	c.Float("l1", &l.L1, 0)
	c.Float("l2", &l.L2, 0)
}

// Call implements layer.Layer.
func (l *ActivityRegularization) Call(c *layer.Call) any { return first(c) }

// Penalty implements layer.Regularizer: what the layer adds to the loss.
func (l *ActivityRegularization) Penalty(b *graph.Builder, x *graph.Value) *graph.Value {
	r := &initializers.L1L2{L1: l.L1, L2: l.L2}
	return r.Penalty(b, x)
}

// first is the first argument, of any structure.
func first(c *layer.Call) any {
	x := c.Arg(0, "inputs")
	if len(layer.Flatten(x)) == 0 {
		c.Fail("a tensor is expected as input")
	}
	return x
}
