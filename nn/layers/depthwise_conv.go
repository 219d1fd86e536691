package layers

import (
	"slices"

	"github.com/hornml/horn/nn"
)

// DepthwiseConv1D and DepthwiseConv2D convolve each channel of an input (batch, spatial..., channels) by itself with
// DepthMultiplier filters, kernel (kernel..., channels, multiplier); the output has channels*multiplier channels
// (keras.layers.DepthwiseConv1D, DepthwiseConv2D).
type (
	DepthwiseConv1D struct{ depthwiseConv }
	DepthwiseConv2D struct{ depthwiseConv }
)

type depthwiseConv struct {
	nn.Base
	window
	DepthMultiplier                       int
	Activation                            nn.Activation
	UseBias                               bool
	DepthwiseInitializer, BiasInitializer *nn.Object
	DepthwiseRegularizer, BiasRegularizer *nn.Object
	DepthwiseConstraint, BiasConstraint   *nn.Object

	kernel, bias *nn.Variable
}

func init() {
	nn.Register("keras.layers", "DepthwiseConv1D", func() nn.Layer { return &DepthwiseConv1D{depthwiseConv{window: window{rank: 1}}} })
	nn.Register("keras.layers", "DepthwiseConv2D", func() nn.Layer { return &DepthwiseConv2D{depthwiseConv{window: window{rank: 2}}} })
}

// Config implements nn.Layer.
func (l *depthwiseConv) Config(c *nn.Config) {
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

// Children implements nn.Container.
func (l *depthwiseConv) Children() []nn.Child { return l.Activation.Children("activation") }

// Build implements nn.LayerBuilder.
func (l *depthwiseConv) Build(c *nn.Call) {
	_, channels := l.input(c, c.X())
	l.kernel = c.AddWeight("kernel", l.DepthwiseInitializer.Init(), append(slices.Clone(l.KernelSize), channels, l.DepthMultiplier), nn.Regularized(l.DepthwiseRegularizer, l.DepthwiseConstraint))
	if l.UseBias {
		l.bias = c.AddWeight("bias", l.BiasInitializer.Init(), []int{channels * l.DepthMultiplier}, nn.Regularized(l.BiasRegularizer, l.BiasConstraint))
	}
}

// Call implements nn.Layer.
func (l *depthwiseConv) Call(c *nn.Call) any {
	x, _ := l.input(c, toFloat(c, c.X(), l.ComputeDType()))
	y := l.depthwise(c, x, c.Var(l.kernel))
	if l.bias != nil {
		y = c.Add(y, c.Var(l.bias))
	}
	return l.output(c, y, l.Activation)
}

// depthwise convolves each channel of x, channels last, with its part of a kernel (kernel..., channels, multiplier).
func (w *window) depthwise(c *nn.Call, x, kernel *value) *value {
	channels, multiplier := kernel.Shape[w.rank], kernel.Shape[w.rank+1]
	if x.Shape[w.rank+1] != channels {
		c.Fail("the input %s has %d channels, the layer was built for %d", c.X(), x.Shape[w.rank+1], channels)
	}
	kernel = c.Reshape(kernel, append(slices.Clone(w.KernelSize), 1, channels*multiplier)...)
	return c.Conv(x, kernel, w.attrs(c, x, channels))
}
