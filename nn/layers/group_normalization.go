package layers

import (
	"slices"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
)

// GroupNormalization divides an axis into Groups (-1: one for each index), brings each group of each example to mean 0 and
// variance 1, and multiplies by gamma and adds beta, which have an element for each index of the axis
// (keras.layers.GroupNormalization).
type GroupNormalization struct {
	layer.Base
	Groups, Axis                      int
	Epsilon                           float64
	Center, Scale                     bool
	BetaInitializer, GammaInitializer *layer.Object
	BetaRegularizer, GammaRegularizer *layer.Object
	BetaConstraint, GammaConstraint   *layer.Object

	gamma, beta *layer.Variable
}

// AddGroupNormalization adds GroupNormalization to a registry.
func AddGroupNormalization(r *layer.Registry) {
	r.Register("keras.layers", "GroupNormalization", func() layer.Layer { return new(GroupNormalization) })
}

// Config implements layer.Layer.
func (l *GroupNormalization) Config(c *layer.Config) {
	l.SupportsMasking, l.NoAutocast = true, true
	c.Int("groups", &l.Groups, 32)
	c.Int("axis", &l.Axis, -1)
	c.Float("epsilon", &l.Epsilon, 1e-3)
	c.Bool("center", &l.Center, true)
	c.Bool("scale", &l.Scale, true)
	c.Initializer("beta_initializer", &l.BetaInitializer, "zeros")
	c.Initializer("gamma_initializer", &l.GammaInitializer, "ones")
	c.Regularizer("beta_regularizer", &l.BetaRegularizer)
	c.Regularizer("gamma_regularizer", &l.GammaRegularizer)
	c.Constraint("beta_constraint", &l.BetaConstraint)
	c.Constraint("gamma_constraint", &l.GammaConstraint)
	if c.Reading() && l.Groups < 1 && l.Groups != -1 {
		c.Errorf("groups", "a positive integer, or -1 for groups of one, is expected, not %d", l.Groups)
	}
}

// groups returns the axis, its length and the number of groups in it.
func (l *GroupNormalization) groups(c *layer.Call, x *value) (axis, size, groups int) {
	axis = c.Axis(l.Axis, x.Rank())
	size, groups = x.Shape[axis], l.Groups
	if axis == 0 {
		c.Fail("axis %d is the batch, which cannot be divided into groups", l.Axis)
	}
	if groups == -1 {
		groups = size
	}
	if size == 0 || graph.Known(size) && (groups > size || size%groups != 0) {
		c.Fail("groups is %d, which does not divide the %d channels of the input %s", groups, size, x)
	}
	return axis, size, groups
}

// Build implements layer.Builder.
func (l *GroupNormalization) Build(c *layer.Call) {
	_, size, _ := l.groups(c, c.X())
	if size < 0 {
		c.Fail("axis %d of the input %s must be known", l.Axis, c.X())
	}
	if l.Scale {
		l.gamma = c.AddWeight("gamma", l.GammaInitializer.Init(), []int{size}, layer.Regularized(l.GammaRegularizer, l.GammaConstraint))
	}
	if l.Center {
		l.beta = c.AddWeight("beta", l.BetaInitializer.Init(), []int{size}, layer.Regularized(l.BetaRegularizer, l.BetaConstraint))
	}
}

// Call implements layer.Layer. Keras computes in float32 at least, and brings the result back to the type of the input.
func (l *GroupNormalization) Call(c *layer.Call) any {
	x := c.X()
	from, shape := x.DType, x.Shape
	axis, size, groups := l.groups(c, x)
	if size < 0 { // the layer was built for another input, which had a length
		return c.Opaque(l.ComputeDType(), shape, x)
	}
	grouped := slices.Clone(shape)
	grouped[axis] = size / groups
	grouped = slices.Insert(grouped, axis, groups)
	x = c.Cast(c.Reshape(x, grouped...), wide(from))
	var axes []int
	for i := 1; i < len(grouped); i++ {
		if i != axis {
			axes = append(axes, i)
		}
	}
	y := c.Reshape(c.Normalize(x, l.Epsilon, false, axes...), shape...)
	for _, v := range []*layer.Variable{l.gamma, l.beta} {
		if v != nil && v.Size() != size {
			c.Fail("axis %d of the input %s must be %d", l.Axis, c.X(), v.Size())
		}
	}
	if l.gamma != nil {
		y = c.Mul(y, along(c, c.Cast(c.Raw(l.gamma), x.DType), axis, len(shape)))
	}
	if l.beta != nil {
		y = c.Add(y, along(c, c.Cast(c.Raw(l.beta), x.DType), axis, len(shape)))
	}
	return c.Cast(c.Cast(y, from), l.ComputeDType())
}
