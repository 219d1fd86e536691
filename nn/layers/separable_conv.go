package layers

import (
	"slices"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
)

// SeparableConv1D and SeparableConv2D convolve each channel by itself and then mix the channels with a kernel of size 1
// (keras.layers.SeparableConv1D, SeparableConv2D). Variables: depthwise_kernel (kernel..., channels, multiplier),
// pointwise_kernel (1..., channels*multiplier, filters), bias (filters).
type (
	SeparableConv1D struct{ separableConv }
	SeparableConv2D struct{ separableConv }
)

type separableConv struct {
	layer.Base
	window
	DepthMultiplier, Filters                                    int
	Activation                                                  layer.Activation
	UseBias                                                     bool
	DepthwiseInitializer, PointwiseInitializer, BiasInitializer *layer.Object
	DepthwiseRegularizer, PointwiseRegularizer, BiasRegularizer *layer.Object
	DepthwiseConstraint, PointwiseConstraint, BiasConstraint    *layer.Object

	depthwiseKernel, pointwiseKernel, bias *layer.Variable
}

// AddSeparableConv adds SeparableConv1D and SeparableConv2D to a registry.
func AddSeparableConv(r *layer.Registry) {
	register := func(name string, make func() layer.Layer, alias string) {
		r.Register("keras.layers", name, make, "keras.layers."+alias)
	}
	register("SeparableConv1D", func() layer.Layer {
		return &SeparableConv1D{separableConv{window: window{rank: 1}}}
	}, "SeparableConvolution1D")
	register("SeparableConv2D", func() layer.Layer {
		return &SeparableConv2D{separableConv{window: window{rank: 2}}}
	}, "SeparableConvolution2D")
}

// Config implements layer.Layer.
func (l *separableConv) Config(c *layer.Config) {
	c.Positive("depth_multiplier", &l.DepthMultiplier, 1)
	c.Positive("filters", &l.Filters)
	l.sizes(c)
	l.layout(c)
	l.dilation(c, false)
	c.Activation("activation", &l.Activation, "linear")
	c.Bool("use_bias", &l.UseBias, true)
	c.Initializer("depthwise_initializer", &l.DepthwiseInitializer, "glorot_uniform")
	c.Initializer("pointwise_initializer", &l.PointwiseInitializer, "glorot_uniform")
	c.Initializer("bias_initializer", &l.BiasInitializer, "zeros")
	c.Regularizer("depthwise_regularizer", &l.DepthwiseRegularizer)
	c.Regularizer("pointwise_regularizer", &l.PointwiseRegularizer)
	c.Regularizer("bias_regularizer", &l.BiasRegularizer)
	c.Regularizer("activity_regularizer", &l.ActivityRegularizer)
	c.Constraint("depthwise_constraint", &l.DepthwiseConstraint)
	c.Constraint("pointwise_constraint", &l.PointwiseConstraint)
	c.Constraint("bias_constraint", &l.BiasConstraint)
}

// Children implements layer.Container.
func (l *separableConv) Children() []layer.Child { return l.Activation.Children("activation") }

// Build implements layer.Builder.
func (l *separableConv) Build(c *layer.Call) {
	_, channels := l.input(c, c.X())
	l.depthwiseKernel = c.AddWeight("depthwise_kernel", l.DepthwiseInitializer.Init(),
		append(slices.Clone(l.KernelSize), channels, l.DepthMultiplier), layer.Regularized(l.DepthwiseRegularizer, l.DepthwiseConstraint))
	l.pointwiseKernel = c.AddWeight("pointwise_kernel", l.PointwiseInitializer.Init(),
		append(slices.Repeat([]int{1}, l.rank), channels*l.DepthMultiplier, l.Filters),
		layer.Regularized(l.PointwiseRegularizer, l.PointwiseConstraint))
	if l.UseBias {
		l.bias = c.AddWeight("bias", l.BiasInitializer.Init(), []int{l.Filters}, layer.Regularized(l.BiasRegularizer, l.BiasConstraint))
	}
}

// Call implements layer.Layer.
func (l *separableConv) Call(c *layer.Call) any {
	x, _ := l.input(c, toFloat(c, c.X(), l.ComputeDType()))
	y := l.depthwise(c, x, c.Var(l.depthwiseKernel))
	y = c.Conv(y, c.Var(l.pointwiseKernel), graph.Conv{})
	if l.bias != nil {
		y = c.Add(y, c.Var(l.bias))
	}
	return l.output(c, y, l.Activation)
}
