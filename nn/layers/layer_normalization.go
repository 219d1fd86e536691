package layers

import (
	"slices"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/initializers"
	"github.com/hornml/horn/nn/layer"
)

// LayerNormalization is gamma*(x - mean)/sqrt(variance + Epsilon) + beta with mean and variance over the axes named
// (keras.layers.LayerNormalization). With RMSScaling, which Keras no longer recommends, it is gamma*x/sqrt(variance + Epsilon).
type LayerNormalization struct {
	layer.Base
	Axis                              []int
	Epsilon                           float64
	Center, Scale, RMSScaling         bool
	BetaInitializer, GammaInitializer *layer.Object
	BetaRegularizer, GammaRegularizer *layer.Object
	BetaConstraint, GammaConstraint   *layer.Object

	gamma, beta *layer.Variable
}

// RMSNormalization is scale*x/sqrt(mean of x² + Epsilon) with the mean over the axes named (keras.layers.RMSNormalization).
type RMSNormalization struct {
	layer.Base
	Axis    []int
	Epsilon float64

	scale *layer.Variable
}

// AddLayerNormalization adds LayerNormalization and RMSNormalization to a registry.
func AddLayerNormalization(r *layer.Registry) {
	r.Register("keras.layers", "LayerNormalization", func() layer.Layer { return new(LayerNormalization) })
	r.Register("keras.layers", "RMSNormalization", func() layer.Layer { return new(RMSNormalization) })
}

// Config implements layer.Layer.
func (l *LayerNormalization) Config(c *layer.Config) {
	l.SupportsMasking, l.NoAutocast = true, true
	c.Axes("axis", &l.Axis, false, -1)
	c.Float("epsilon", &l.Epsilon, 1e-3)
	c.Bool("center", &l.Center, true)
	c.Bool("scale", &l.Scale, true)
	c.Bool("rms_scaling", &l.RMSScaling, false)
	c.Initializer("beta_initializer", &l.BetaInitializer, "zeros")
	c.Initializer("gamma_initializer", &l.GammaInitializer, "ones")
	c.Regularizer("beta_regularizer", &l.BetaRegularizer)
	c.Regularizer("gamma_regularizer", &l.GammaRegularizer)
	c.Constraint("beta_constraint", &l.BetaConstraint)
	c.Constraint("gamma_constraint", &l.GammaConstraint)
	wantAxes(c, l.Axis)
}

// wantAxes reports an empty list of axes.
func wantAxes(c *layer.Config, axes []int) {
	if c.Reading() && len(axes) == 0 {
		c.Errorf("axis", "an axis is expected")
	}
}

// axesShape returns the lengths of the axes of x in the order in which Keras sorts them (negative ones first), and the shape
// in which variables of these lengths broadcast. Keras reshapes to it without regard to that order.
func axesShape(c *layer.Call, x *value, axes []int) (sizes, broadcast []int) {
	axes = slices.Sorted(slices.Values(axes))
	broadcast = ones(x.Rank())
	for _, a := range axes {
		i := c.Axis(a, x.Rank())
		sizes = append(sizes, x.Shape[i])
		broadcast[i] = x.Shape[i]
	}
	return sizes, broadcast
}

// Build implements layer.Builder.
func (l *LayerNormalization) Build(c *layer.Call) {
	shape, _ := axesShape(c, c.X(), l.Axis)
	if l.Scale || l.RMSScaling {
		l.gamma = c.AddWeight("gamma", l.GammaInitializer.Init(), shape, layer.Regularized(l.GammaRegularizer, l.GammaConstraint))
	}
	if l.Center && !l.RMSScaling {
		l.beta = c.AddWeight("beta", l.BetaInitializer.Init(), shape, layer.Regularized(l.BetaRegularizer, l.BetaConstraint))
	}
}

// Call implements layer.Layer. Keras computes in float32 at least, and brings the result back to the type of the input.
func (l *LayerNormalization) Call(c *layer.Call) any {
	x := c.X()
	from := x.DType
	_, broadcast := axesShape(c, x, l.Axis)
	x = c.Cast(x, wide(from))
	var y *value
	if l.RMSScaling {
		centered := c.Sub(x, c.MeanKeep(x, l.Axis...))
		variance := c.MeanKeep(c.Square(centered), l.Axis...)
		y = c.Mul(x, c.Rsqrt(c.AddS(variance, l.Epsilon)))
	} else {
		y = c.Normalize(x, l.Epsilon, false, l.Axis...)
	}
	if l.gamma != nil {
		y = c.Mul(y, affine(c, l.gamma, x, broadcast))
	}
	if l.beta != nil {
		y = c.Add(y, affine(c, l.beta, x, broadcast))
	}
	return openLike(c, c.Cast(c.Cast(y, from), l.ComputeDType()), x)
}

// affine is gamma or beta in the type of x and in the shape in which it broadcasts; a vector along the last axis stays one.
func affine(c *layer.Call, v *layer.Variable, x *value, broadcast []int) *value {
	if !graph.Fits(v.Size(), product(broadcast)) {
		c.Fail("the input %s does not fit the variable %q, which was built for other lengths", x, v.Name)
	}
	y := c.Cast(c.Raw(v), x.DType)
	if n := broadcast[len(broadcast)-1]; len(v.Shape) == 1 && n != 1 && graph.Fits(n, v.Size()) || len(v.Shape) == 1 && n == v.Size() {
		return y
	}
	return c.Reshape(y, broadcast...)
}

// Config implements layer.Layer.
func (l *RMSNormalization) Config(c *layer.Config) {
	c.Axes("axis", &l.Axis, false, -1)
	c.Float("epsilon", &l.Epsilon, 1e-6)
	wantAxes(c, l.Axis)
}

// Build implements layer.Builder.
func (l *RMSNormalization) Build(c *layer.Call) {
	shape, _ := axesShape(c, c.X(), l.Axis)
	l.scale = c.AddWeight("scale", new(initializers.Ones), shape)
}

// Call implements layer.Layer. As in Keras the scale broadcasts along the last axes, whatever the axes of the mean are.
func (l *RMSNormalization) Call(c *layer.Call) any {
	x := c.X()
	from := x.DType
	x = c.Cast(x, wide(from))
	y := c.Normalize(x, l.Epsilon, true, l.Axis...)
	return openLike(c, c.Cast(c.Mul(y, c.Cast(c.Var(l.scale), x.DType)), from), x)
}
