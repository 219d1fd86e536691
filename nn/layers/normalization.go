package layers

import (
	"slices"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/initializers"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

// Normalization is (x - mean)/sqrt(variance), or the inverse of it, with a mean and variance for each index of the axes named
// (keras.layers.Normalization). They are given, or variables that adapt has filled: mean, variance and count.
type Normalization struct {
	layer.Base
	Axis           []int // empty: one mean and variance for all
	Mean, Variance any   // numbers, lists or serialized arrays; nil for variables
	Invert         bool

	mean, variance *layer.Variable
}

// Rescaling is x*Scale + Offset (keras.layers.Rescaling).
type Rescaling struct {
	layer.Base
	Scale, Offset any // numbers, lists or serialized arrays that broadcast
}

// AddNormalization adds Normalization and Rescaling to a registry.
func AddNormalization(r *layer.Registry) {
	r.Register("keras.layers", "Normalization", func() layer.Layer { return new(Normalization) })
	r.Register("keras.layers", "Rescaling", func() layer.Layer { return new(Rescaling) })
}

// Config implements layer.Layer.
func (l *Normalization) Config(c *layer.Config) {
	l.SupportsMasking = true
	c.Axes("axis", &l.Axis, true, -1)
	c.Bool("invert", &l.Invert, false)
	c.Raw("mean", &l.Mean, nil)
	c.Raw("variance", &l.Variance, nil)
	if !c.Reading() {
		return
	}
	if (l.Mean == nil) != (l.Variance == nil) {
		c.Errorf("mean", "mean and variance must be given together")
		return
	}
	if l.Mean == nil {
		return
	}
	mean, err := arrayOf(l.Mean, tensor.Float64)
	if err != nil {
		c.Errorf("mean", "numbers are expected: %v", err)
		return
	}
	variance, err := arrayOf(l.Variance, tensor.Float64)
	if err != nil {
		c.Errorf("variance", "numbers are expected: %v", err)
		return
	}
	if !slices.Equal(mean.Shape(), variance.Shape()) {
		c.Errorf("variance", "mean and variance differ in shape: %v and %v", mean.Shape(), variance.Shape())
	}
	if mean.Rank() > len(l.Axis) && mean.Rank() > 0 {
		c.Errorf("mean", "it has %d axes, more than axis names (%d)", mean.Rank(), len(l.Axis))
	}
}

// kept returns the axes that have a mean of their own, sorted, and the shape in which mean and variance broadcast.
func (l *Normalization) kept(c *layer.Call, x *value) (axes, broadcast []int) {
	broadcast = ones(x.Rank())
	for _, a := range l.Axis {
		a = c.Axis(a, x.Rank())
		axes = append(axes, a)
		broadcast[a] = x.Shape[a]
	}
	slices.Sort(axes)
	return axes, broadcast
}

// Build implements layer.Builder.
func (l *Normalization) Build(c *layer.Call) {
	if l.Mean != nil {
		return
	}
	x := c.X()
	axes, _ := l.kept(c, x)
	shape := make([]int, len(axes))
	for i, a := range axes {
		shape[i] = x.Shape[a]
	}
	l.mean = c.AddWeight("mean", new(initializers.Zeros), shape, layer.NotTrainable)
	l.variance = c.AddWeight("variance", new(initializers.Ones), shape, layer.NotTrainable)
	c.AddWeight("count", new(initializers.Zeros), nil, layer.NotTrainable, layer.OfType(tensor.Int32))
}

// Call implements layer.Layer.
func (l *Normalization) Call(c *layer.Call) any {
	x := c.Cast(c.X(), l.ComputeDType())
	axes, broadcast := l.kept(c, x)
	var mean, variance *value
	if l.Mean != nil {
		mean, variance = l.given(c, l.Mean, x, axes), l.given(c, l.Variance, x, axes)
	} else {
		mean, variance = c.Raw(l.mean), c.Raw(l.variance)
		if !graph.Fits(mean.Size(), product(broadcast)) {
			c.Fail("the input %s does not fit the layer's mean, which was made for other lengths", x)
		}
		mean, variance = c.Reshape(mean, broadcast...), c.Reshape(variance, broadcast...)
	}
	mean = c.Cast(mean, x.DType)
	root := c.Max(c.Sqrt(c.Cast(variance, x.DType)), c.Scalar(x.DType, kerasEpsilon))
	if l.Invert {
		return openLike(c, c.Add(mean, c.Mul(x, root)), x)
	}
	return openLike(c, c.Div(c.Sub(x, mean), root), x)
}

// given is a mean or variance of the config; its axes are the last of those kept.
func (l *Normalization) given(c *layer.Call, v any, x *value, axes []int) *value {
	t, err := arrayOf(v, tensor.Float32)
	if err != nil {
		c.Fail("%v", err)
	}
	shape := ones(x.Rank())
	for i := range t.Rank() {
		shape[axes[len(axes)-1-i]] = t.Shape()[t.Rank()-1-i]
	}
	return c.Reshape(c.Const(t), shape...)
}

// Config implements layer.Layer.
func (l *Rescaling) Config(c *layer.Config) {
	c.Raw("scale", &l.Scale)
	c.Raw("offset", &l.Offset, pyjson.Number("0.0"))
	if !c.Reading() {
		return
	}
	if _, err := arrayOf(l.Scale, tensor.Float64); err != nil {
		c.Errorf("scale", "a number, or numbers, are expected: %v", err)
	}
	if _, err := arrayOf(l.Offset, tensor.Float64); err != nil {
		c.Errorf("offset", "a number, or numbers, are expected: %v", err)
	}
}

// Call implements layer.Layer.
func (l *Rescaling) Call(c *layer.Call) any {
	x := c.Cast(c.X(), l.ComputeDType())
	var in [2]*value
	for i, v := range []any{l.Scale, l.Offset} {
		t, err := arrayOf(v, tensor.Float64)
		if err != nil {
			c.Fail("%v", err)
		}
		in[i] = c.Cast(c.Const(t), x.DType)
	}
	return openLike(c, c.Add(c.Mul(x, in[0]), in[1]), x)
}
