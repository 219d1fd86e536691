package layers

import (
	"slices"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/initializers"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

// Layers that keras.applications defines for its own models, outside keras.layers: a saved ConvNeXt or InceptionResNetV2
// names them by their Python module.

// LayerScale is inputs*gamma, with a gamma for each channel (keras.src.applications.convnext.LayerScale).
type LayerScale struct {
	layer.Base
	InitValues    float64 // what gamma starts with
	ProjectionDim int     // the number of channels

	gamma *layer.Variable
}

// StochasticDepth leaves out whole examples at random in training and returns its input otherwise
// (keras.src.applications.convnext.StochasticDepth).
type StochasticDepth struct {
	layer.Base
	DropPathRate float64

	random generator
}

// CustomScaleLayer is inputs[0] + inputs[1]*scale (keras.src.applications.inception_resnet_v2.CustomScaleLayer).
type CustomScaleLayer struct {
	layer.Base
	Scale float64
}

// AddApplications adds LayerScale, StochasticDepth and CustomScaleLayer to a registry.
func AddApplications(r *layer.Registry) {
	r.Register("keras.src.applications.convnext", "LayerScale", func() layer.Layer { return new(LayerScale) })
	r.Register("keras.src.applications.convnext", "StochasticDepth", func() layer.Layer { return new(StochasticDepth) })
	r.Register("keras.src.applications.inception_resnet_v2", "CustomScaleLayer", func() layer.Layer { return new(CustomScaleLayer) })
}

// Config implements layer.Layer.
func (l *LayerScale) Config(c *layer.Config) {
	c.Float("init_values", &l.InitValues)
	c.Positive("projection_dim", &l.ProjectionDim)
}

// Build implements layer.Builder.
func (l *LayerScale) Build(c *layer.Call) {
	l.gamma = c.AddWeight("gamma", &initializers.Constant{Value: l.InitValues}, []int{l.ProjectionDim})
}

// Call implements layer.Layer.
func (l *LayerScale) Call(c *layer.Call) any {
	return c.Mul(toFloat(c, c.X(), l.ComputeDType()), c.Var(l.gamma))
}

// Config implements layer.Layer.
func (l *StochasticDepth) Config(c *layer.Config) { c.Rate("drop_path_rate", &l.DropPathRate) }

// Call implements layer.Layer.
func (l *StochasticDepth) Call(c *layer.Call) any {
	x := c.X()
	if !c.Training() {
		return x
	}
	shape := slices.Repeat([]int{1}, x.Rank())
	shape[0] = x.Shape[0]
	keep := 1 - l.DropPathRate
	stays := c.Unary(graph.Floor, c.AddS(l.random.bind(c, nil).uniform(c, tensor.Float32, shape...), keep))
	return c.Mul(c.Div(x, c.Scalar(x.DType, keep)), c.Cast(stays, x.DType))
}

// Config implements layer.Layer.
func (l *CustomScaleLayer) Config(c *layer.Config) { c.Float("scale", &l.Scale) }

// Call implements layer.Layer.
func (l *CustomScaleLayer) Call(c *layer.Call) any {
	xs := c.Xs()
	if len(xs) != 2 {
		c.Fail("two inputs are expected, not %d", len(xs))
	}
	y := toFloat(c, xs[1], l.ComputeDType())
	return c.Add(xs[0], c.Mul(y, c.Scalar(y.DType, l.Scale)))
}
