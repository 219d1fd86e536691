package layers

import (
	"slices"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
)

// Conv1D, Conv2D and Conv3D convolve inputs (batch, spatial..., channels), or channels before the spatial axes with
// DataFormat "channels_first", with a kernel (kernel..., channels/groups, filters) and add a bias
// (keras.layers.Conv1D and so on). Conv1D also has the padding "causal", all of it before the first step.
type (
	Conv1D struct{ conv }
	Conv2D struct{ conv }
	Conv3D struct{ conv }
)

// window is what all convolutions have in common.
type window struct {
	KernelSize, Strides, DilationRate []int
	PaddingMode                       string // "valid", "same", "causal"
	DataFormat                        string
	rank                              int
}

// conv is a convolution over rank spatial axes.
type conv struct {
	layer.Base
	window
	Filters, Groups                    int
	Activation                         layer.Activation
	UseBias                            bool
	KernelInitializer, BiasInitializer *layer.Object
	KernelRegularizer, BiasRegularizer *layer.Object
	KernelConstraint, BiasConstraint   *layer.Object
	lora

	kernel, bias *layer.Variable
}

// AddConv adds Conv1D, Conv2D and Conv3D to a registry.
func AddConv(r *layer.Registry) {
	register := func(name string, make func() layer.Layer, alias string) {
		r.Register("keras.layers", name, make, "keras.layers."+alias)
	}
	register("Conv1D", func() layer.Layer { return &Conv1D{conv{window: window{rank: 1}}} }, "Convolution1D")
	register("Conv2D", func() layer.Layer { return &Conv2D{conv{window: window{rank: 2}}} }, "Convolution2D")
	register("Conv3D", func() layer.Layer { return &Conv3D{conv{window: window{rank: 3}}} }, "Convolution3D")
}

// sizes visits kernel_size and strides.
func (w *window) sizes(c *layer.Config) {
	c.Tuple("kernel_size", &w.KernelSize, w.rank)
	c.Tuple("strides", &w.Strides, w.rank, 1)
}

// layout visits padding and data_format.
func (w *window) layout(c *layer.Config, paddings ...string) {
	c.Padding(&w.PaddingMode, paddings...)
	c.DataFormat(&w.DataFormat)
}

// dilation visits dilation_rate, which may not meet strides where both is set.
func (w *window) dilation(c *layer.Config, both bool) {
	c.Tuple("dilation_rate", &w.DilationRate, w.rank, 1)
	if c.Reading() && both && len(w.Strides) > 0 && len(w.DilationRate) > 0 && slices.Max(w.Strides) > 1 && slices.Max(w.DilationRate) > 1 {
		c.Errorf("dilation_rate", "a dilation of %v does not go with strides of %v: one of them must be 1", w.DilationRate, w.Strides)
	}
}

// input returns the layer's input with the channels last, and their number.
func (w *window) input(c *layer.Call, x *value) (*value, int) {
	wantRank(c, x, w.rank+2)
	if w.DataFormat == layer.ChannelsFirst {
		x = c.ToChannelsLast(x)
	}
	return x, x.Shape[w.rank+1]
}

// knownChannels fails where the number of channels, which gives that of the weights, is unknown.
func knownChannels(c *layer.Call, channels int) {
	if channels < 0 {
		c.Fail("the channels of the input %s must be known", c.X())
	}
}

// output brings a result back to the layer's data format. Activations that look along an axis see it there.
func (w *window) output(c *layer.Call, y *value, activation layer.Activation) *value {
	if w.DataFormat == layer.ChannelsFirst {
		if !activation.Elementwise() {
			return activation.Apply(c, c.ToChannelsFirst(y))
		}
		return c.ToChannelsFirst(activation.Apply(c, y))
	}
	return activation.Apply(c, y)
}

// attrs works out the padding for an input with the channels last.
func (w *window) attrs(c *layer.Call, x *value, groups int) graph.Conv {
	a := graph.Conv{Strides: w.Strides, Dilation: w.DilationRate, Groups: groups, PadLo: make([]int, w.rank), PadHi: make([]int, w.rank)}
	for i := range w.rank {
		switch w.PaddingMode {
		case "same":
			a.PadLo[i], a.PadHi[i] = graph.SamePadding(x.Shape[i+1], w.KernelSize[i], w.Strides[i], w.DilationRate[i])
		case "causal":
			a.PadLo[i] = graph.Span(w.KernelSize[i], w.DilationRate[i]) - 1
		}
		span := graph.Span(w.KernelSize[i], w.DilationRate[i])
		if size := graph.Plus(graph.Plus(x.Shape[i+1], a.PadLo[i]), a.PadHi[i]); x.Shape[i+1] > 0 && size < span {
			c.Fail("a kernel_size of %v (dilation_rate %v) does not fit the input %s", w.KernelSize, w.DilationRate, x)
		}
	}
	return a
}

// Config implements layer.Layer.
func (l *conv) Config(c *layer.Config) {
	c.Positive("filters", &l.Filters)
	l.sizes(c)
	if l.rank == 1 {
		l.layout(c, "causal")
	} else {
		l.layout(c)
	}
	l.dilation(c, true)
	c.Positive("groups", &l.Groups, 1)
	c.Activation("activation", &l.Activation, "linear")
	c.Bool("use_bias", &l.UseBias, true)
	c.Initializer("kernel_initializer", &l.KernelInitializer, "glorot_uniform")
	c.Initializer("bias_initializer", &l.BiasInitializer, "zeros")
	c.Regularizer("kernel_regularizer", &l.KernelRegularizer)
	c.Regularizer("bias_regularizer", &l.BiasRegularizer)
	c.Regularizer("activity_regularizer", &l.ActivityRegularizer)
	c.Constraint("kernel_constraint", &l.KernelConstraint)
	c.Constraint("bias_constraint", &l.BiasConstraint)
	l.lora.config(c)
	if c.Reading() && l.Groups > 0 && l.Filters%l.Groups != 0 {
		c.Errorf("groups", "%d groups do not divide %d filters", l.Groups, l.Filters)
	}
}

// Children implements layer.Container.
func (l *conv) Children() []layer.Child { return l.Activation.Children("activation") }

// SavedVariables implements layer.VariableSaver.
func (l *conv) SavedVariables() []*layer.Variable { return compact(l.kernel, l.bias) }

// Build implements layer.Builder.
func (l *conv) Build(c *layer.Call) {
	_, channels := l.input(c, c.X())
	knownChannels(c, channels)
	if channels%l.Groups != 0 || channels == 0 {
		c.Fail("%d groups do not divide the %d channels of the input %s", l.Groups, channels, c.X())
	}
	l.kernel = c.AddWeight("kernel", l.KernelInitializer.Init(), append(slices.Clone(l.KernelSize), channels/l.Groups, l.Filters),
		layer.Regularized(l.KernelRegularizer, l.KernelConstraint))
	if l.UseBias {
		l.bias = c.AddWeight("bias", l.BiasInitializer.Init(), []int{l.Filters}, layer.Regularized(l.BiasRegularizer, l.BiasConstraint))
	}
	l.lora.build(c, "lora_kernel", l.kernel, l.kernel.Shape)
}

// Call implements layer.Layer.
func (l *conv) Call(c *layer.Call) any {
	x, channels := l.input(c, toFloat(c, c.X(), l.ComputeDType()))
	kernel := l.lora.apply(c, c.Var(l.kernel))
	if want := graph.Times(kernel.Shape[l.rank], l.Groups); !graph.Fits(channels, want) {
		c.Fail("the input %s has %d channels, the layer was built for %d", c.X(), channels, want)
	}
	y := c.Conv(x, kernel, l.attrs(c, x, l.Groups))
	if l.bias != nil {
		y = c.Add(y, c.Var(l.bias))
	}
	return l.output(c, y, l.Activation)
}
