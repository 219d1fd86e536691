package layers

import (
	"slices"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
)

// Conv1DTranspose, Conv2DTranspose and Conv3DTranspose are the transposes of convolutions: each element of the input
// (batch, spatial..., channels) adds a multiple of the kernel (kernel..., filters, channels) to an output that is longer by
// the factor Strides (keras.layers.Conv1DTranspose and so on).
type (
	Conv1DTranspose struct{ convTranspose }
	Conv2DTranspose struct{ convTranspose }
	Conv3DTranspose struct{ convTranspose }
)

type convTranspose struct {
	layer.Base
	window
	Filters                            int
	OutputPadding                      []int // nil: what makes the output as long as Strides says
	Activation                         layer.Activation
	UseBias                            bool
	KernelInitializer, BiasInitializer *layer.Object
	KernelRegularizer, BiasRegularizer *layer.Object
	KernelConstraint, BiasConstraint   *layer.Object

	kernel, bias *layer.Variable
}

// AddConvTranspose adds Conv1DTranspose, Conv2DTranspose and Conv3DTranspose to a registry.
func AddConvTranspose(r *layer.Registry) {
	register := func(name string, make func() layer.Layer, alias string) {
		r.Register("keras.layers", name, make, "keras.layers."+alias)
	}
	register("Conv1DTranspose", func() layer.Layer {
		return &Conv1DTranspose{convTranspose{window: window{rank: 1}}}
	}, "Convolution1DTranspose")
	register("Conv2DTranspose", func() layer.Layer {
		return &Conv2DTranspose{convTranspose{window: window{rank: 2}}}
	}, "Convolution2DTranspose")
	register("Conv3DTranspose", func() layer.Layer {
		return &Conv3DTranspose{convTranspose{window: window{rank: 3}}}
	}, "Convolution3DTranspose")
}

// Config implements layer.Layer.
func (l *convTranspose) Config(c *layer.Config) {
	c.Positive("filters", &l.Filters)
	l.sizes(c)
	c.Padding(&l.PaddingMode)
	c.TupleOrNone("output_padding", &l.OutputPadding, l.rank, 0)
	c.DataFormat(&l.DataFormat)
	l.dilation(c, true)
	c.Activation("activation", &l.Activation, "linear")
	c.Bool("use_bias", &l.UseBias, true)
	c.Initializer("kernel_initializer", &l.KernelInitializer, "glorot_uniform")
	c.Initializer("bias_initializer", &l.BiasInitializer, "zeros")
	c.Regularizer("kernel_regularizer", &l.KernelRegularizer)
	c.Regularizer("bias_regularizer", &l.BiasRegularizer)
	c.Regularizer("activity_regularizer", &l.ActivityRegularizer)
	c.Constraint("kernel_constraint", &l.KernelConstraint)
	c.Constraint("bias_constraint", &l.BiasConstraint)
	if c.Reading() && len(l.Strides) == l.rank {
		for i, p := range l.OutputPadding {
			if p >= l.Strides[i] {
				c.Errorf("output_padding", "%v must be less than the strides %v", l.OutputPadding, l.Strides)
				break
			}
		}
	}
}

// Children implements layer.Container.
func (l *convTranspose) Children() []layer.Child { return l.Activation.Children("activation") }

// Build implements layer.Builder.
func (l *convTranspose) Build(c *layer.Call) {
	_, channels := l.input(c, c.X())
	knownChannels(c, channels)
	l.kernel = c.AddWeight("kernel", l.KernelInitializer.Init(), append(slices.Clone(l.KernelSize), l.Filters, channels),
		layer.Regularized(l.KernelRegularizer, l.KernelConstraint))
	if l.UseBias {
		l.bias = c.AddWeight("bias", l.BiasInitializer.Init(), []int{l.Filters}, layer.Regularized(l.BiasRegularizer, l.BiasConstraint))
	}
}

// Call implements layer.Layer: a convolution of the input, spread by the strides, with the kernel turned round.
func (l *convTranspose) Call(c *layer.Call) any {
	x, channels := l.input(c, toFloat(c, c.X(), l.ComputeDType()))
	kernel := c.Var(l.kernel)
	if want := kernel.Shape[l.rank+1]; !graph.Fits(channels, want) {
		c.Fail("the input %s has %d channels, the layer was built for %d", c.X(), channels, want)
	}
	kernel = c.SwapAxes(kernel, -1, -2)
	a := graph.Conv{InputDilation: l.Strides, Dilation: l.DilationRate, PadLo: make([]int, l.rank), PadHi: make([]int, l.rank)}
	for i := range l.rank {
		kernel = c.Flip(kernel, i)
		var given *int
		if l.OutputPadding != nil {
			given = &l.OutputPadding[i]
		}
		a.PadLo[i], a.PadHi[i] = transposedPadding(graph.Span(l.KernelSize[i], l.DilationRate[i]), l.Strides[i], l.PaddingMode, given)
	}
	y := c.Conv(x, kernel, a)
	if l.bias != nil {
		y = c.Add(y, c.Var(l.bias))
	}
	return l.output(c, y, l.Activation)
}

// transposedPadding is the padding of a spread input of length (n-1)*stride + 1 with which a convolution with a kernel of
// the given span gives the length that Keras wants: with "valid" all that the kernel reaches, (n-1)*stride + max(span,
// stride); with "same" n*stride. A given output padding replaces the default by (n-1)*stride + span + given for "valid",
// (n-1)*stride + span%2 + given for "same".
func transposedPadding(span, stride int, padding string, given *int) (lo, hi int) {
	if padding == "valid" {
		extra := max(span, stride) - span
		if given != nil {
			extra = *given
		}
		return span - 1, graph.Plus(span-1, extra)
	}
	total := graph.Plus(span-1, stride-1)
	if given != nil {
		total = graph.Plus(span, span%2+*given) - 2
	}
	lo = min(total-total/2, span-1)
	return lo, total - lo
}
