package layers

import (
	"slices"

	"github.com/hornml/horn/nn/layer"
)

// PReLU is x from 0 on and alpha*x below, with an alpha for each element but those that SharedAxes share
// (keras.layers.PReLU).
type PReLU struct {
	layer.Base
	AlphaInitializer                  *layer.Object
	AlphaRegularizer, AlphaConstraint *layer.Object
	SharedAxes                        []int // from 1; nil for none

	alpha *layer.Variable
}

// AddPReLU adds PReLU to a registry.
func AddPReLU(r *layer.Registry) {
	r.Register("keras.layers", "PReLU", func() layer.Layer { return new(PReLU) })
}

// Config implements layer.Layer.
func (l *PReLU) Config(c *layer.Config) {
	l.SupportsMasking = true
	c.Initializer("alpha_initializer", &l.AlphaInitializer, "Zeros")
	c.Regularizer("alpha_regularizer", &l.AlphaRegularizer)
	c.Constraint("alpha_constraint", &l.AlphaConstraint)
	c.IntsOrNone("shared_axes", &l.SharedAxes)
}

// Build implements layer.Builder.
func (l *PReLU) Build(c *layer.Call) {
	x := c.X()
	if x.Rank() < 1 {
		c.Fail("an input of rank 1 or more is expected, not %s", x)
	}
	shape := slices.Clone(x.Shape[1:])
	for _, axis := range l.SharedAxes {
		// As Python's list[axis-1]: 0 and negative numbers count from the end.
		i := axis - 1
		if i < 0 {
			i += len(shape)
		}
		if i < 0 || i >= len(shape) {
			c.Fail("shared_axes names axis %d, which the input %s does not have", axis, x)
		}
		shape[i] = 1
	}
	l.alpha = c.AddWeight("alpha", l.AlphaInitializer.Init(), shape, layer.Regularized(l.AlphaRegularizer, l.AlphaConstraint))
}

// Call implements layer.Layer.
func (l *PReLU) Call(c *layer.Call) any {
	in := c.X()
	x := toFloat(c, in, l.ComputeDType())
	alpha := c.Var(l.alpha)
	if x.Rank() != alpha.Rank()+1 {
		c.Fail("the layer was built for inputs of rank %d, not %s", alpha.Rank()+1, x)
	}
	below := c.Relu(c.Neg(x))
	if in.DType.IsInt() { // unsigned integers wrap around, as Keras's do
		below = c.Cast(c.Relu(c.Neg(in)), x.DType)
	}
	return openLike(c, c.Sub(c.Relu(x), c.Mul(alpha, below)), x)
}
