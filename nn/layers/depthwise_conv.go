package layers

import (
	"slices"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
)

// DepthwiseConv1D and DepthwiseConv2D convolve each channel of an input (batch, spatial..., channels) by itself with
// DepthMultiplier filters, kernel (kernel..., channels, multiplier); the output has channels*multiplier channels
// (keras.layers.DepthwiseConv1D, DepthwiseConv2D).
type (
	DepthwiseConv1D struct{ depthwiseConv }
	DepthwiseConv2D struct{ depthwiseConv }
)

type depthwiseConv struct {
	layer.Base
	window
	DepthMultiplier                       int
	Activation                            layer.Activation
	UseBias                               bool
	DepthwiseInitializer, BiasInitializer *layer.Object
	DepthwiseRegularizer, BiasRegularizer *layer.Object
	DepthwiseConstraint, BiasConstraint   *layer.Object

	kernel, bias *layer.Variable
}

// AddDepthwiseConv adds DepthwiseConv1D and DepthwiseConv2D to a registry.
func AddDepthwiseConv(r *layer.Registry) {
	r.Register("keras.layers", "DepthwiseConv1D", func() layer.Layer { return &DepthwiseConv1D{depthwiseConv{window: window{rank: 1}}} })
	r.Register("keras.layers", "DepthwiseConv2D", func() layer.Layer { return &DepthwiseConv2D{depthwiseConv{window: window{rank: 2}}} })
}

// Config implements layer.Layer.
func (l *depthwiseConv) Config(c *layer.Config) {
	c.Positive("depth_multiplier", &l.DepthMultiplier, 1)
	l.sizes(c)
	l.layout(c)
	l.dilation(c, false)
	c.Activation("activation", &l.Activation, "linear")
	c.Bool("use_bias", &l.UseBias, true)
	c.Initializer("depthwise_initializer", &l.DepthwiseInitializer, "glorot_uniform")
	c.Initializer("bias_initializer", &l.BiasInitializer, "zeros")
	c.Regularizer("depthwise_regularizer", &l.DepthwiseRegularizer)
	c.Regularizer("bias_regularizer", &l.BiasRegularizer)
	c.Regularizer("activity_regularizer", &l.ActivityRegularizer)
	c.Constraint("depthwise_constraint", &l.DepthwiseConstraint)
	c.Constraint("bias_constraint", &l.BiasConstraint)
}

// Children implements layer.Container.
func (l *depthwiseConv) Children() []layer.Child { return l.Activation.Children("activation") }

// Build implements layer.Builder.
func (l *depthwiseConv) Build(c *layer.Call) {
	_, channels := l.input(c, c.X())
	knownChannels(c, channels)
	l.kernel = c.AddWeight("kernel", l.DepthwiseInitializer.Init(), append(slices.Clone(l.KernelSize), channels, l.DepthMultiplier),
		layer.Regularized(l.DepthwiseRegularizer, l.DepthwiseConstraint))
	if l.UseBias {
		l.bias = c.AddWeight("bias", l.BiasInitializer.Init(), []int{channels * l.DepthMultiplier},
			layer.Regularized(l.BiasRegularizer, l.BiasConstraint))
	}
}

// Call implements layer.Layer.
func (l *depthwiseConv) Call(c *layer.Call) any {
	x, _ := l.input(c, toFloat(c, c.X(), l.ComputeDType()))
	y := l.depthwise(c, x, c.Var(l.kernel))
	if l.bias != nil {
		y = c.Add(y, c.Var(l.bias))
	}
	return l.output(c, y, l.Activation)
}

// depthwise convolves each channel of x, channels last, with its part of a kernel (kernel..., channels, multiplier).
func (w *window) depthwise(c *layer.Call, x, kernel *value) *value {
	channels, multiplier := kernel.Shape[w.rank], kernel.Shape[w.rank+1]
	if !graph.Fits(x.Shape[w.rank+1], channels) {
		c.Fail("the input %s has %d channels, the layer was built for %d", c.X(), x.Shape[w.rank+1], channels)
	}
	kernel = c.Reshape(kernel, append(slices.Clone(w.KernelSize), 1, channels*multiplier)...)
	return c.Conv(x, kernel, w.attrs(c, x, channels))
}
