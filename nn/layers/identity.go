package layers

import (
	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/initializers"
)

// Identity returns its input, of any structure (keras.layers.Identity).
type Identity struct{ nn.Base }

// ActivityRegularization returns its input; in training it adds L1*sum(|x|) + L2*sum(x²) to the loss
// (keras.layers.ActivityRegularization).
type ActivityRegularization struct {
	nn.Base
	L1, L2 float64
}

func init() {
	nn.Register("keras.layers", "Identity", func() nn.Layer { return new(Identity) })
	nn.Register("keras.layers", "ActivityRegularization", func() nn.Layer { return new(ActivityRegularization) })
}

// Config implements nn.Layer.
func (l *Identity) Config(*nn.Config) { l.SupportsMasking = true }

// Call implements nn.Layer.
func (l *Identity) Call(c *nn.Call) any { return first(c) }

// Config implements nn.Layer.
func (l *ActivityRegularization) Config(c *nn.Config) {
	l.SupportsMasking = true
	c.Float("l1", &l.L1, 0)
	c.Float("l2", &l.L2, 0)
}

// Call implements nn.Layer.
func (l *ActivityRegularization) Call(c *nn.Call) any { return first(c) }

// Penalty implements nn.Regularizer: what the layer adds to the loss.
func (l *ActivityRegularization) Penalty(b *graph.Builder, x *graph.Value) *graph.Value {
	r := &initializers.L1L2{L1: l.L1, L2: l.L2}
	return r.Penalty(b, x)
}

// first is the first argument, of any structure.
func first(c *nn.Call) any {
	x := c.Arg(0, "inputs")
	if len(nn.Flatten(x)) == 0 {
		c.Fail("a tensor is expected as input")
	}
	return x
}
