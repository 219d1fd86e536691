package layers

import (
	"slices"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
)

// ConvLSTM1D, ConvLSTM2D and ConvLSTM3D are LSTMs over (batch, time, spatial..., channels), or channels before the spatial
// axes with DataFormat "channels_first", in which convolutions take the place of the products with the kernels
// (keras.layers.ConvLSTM1D and so on). The convolution of the state keeps its size.
type (
	ConvLSTM1D struct{ convLSTM }
	ConvLSTM2D struct{ convLSTM }
	ConvLSTM3D struct{ convLSTM }
)

type convLSTM struct{ RNN }

// AddConvLSTM adds ConvLSTM1D, ConvLSTM2D and ConvLSTM3D to a registry.
func AddConvLSTM(r *layer.Registry) {
	r.Register("keras.layers", "ConvLSTM1D", func() layer.Layer { l := new(ConvLSTM1D); l.Cell = newConvLSTMCell(l, 1); return l })
	r.Register("keras.layers", "ConvLSTM2D", func() layer.Layer { l := new(ConvLSTM2D); l.Cell = newConvLSTMCell(l, 2); return l })
	r.Register("keras.layers", "ConvLSTM3D", func() layer.Layer { l := new(ConvLSTM3D); l.Cell = newConvLSTMCell(l, 3); return l })
}

// Config implements layer.Layer.
func (l *convLSTM) Config(c *layer.Config) {
	l.cellConfig(c, l.Cell.(*ConvLSTMCell).outer, "ConvLSTMCell", "conv_lstm_cell")
}

// ConvLSTMCell is one step of a ConvLSTM.
type ConvLSTMCell struct {
	layer.Base
	window
	Filters                         int
	Activation, RecurrentActivation layer.Activation
	UseBias, UnitForgetBias         bool
	cellWeights
	outer layer.Layer
}

func newConvLSTMCell(outer layer.Layer, rank int) *ConvLSTMCell {
	return &ConvLSTMCell{window: window{rank: rank}, outer: outer}
}

// Config implements layer.Layer.
func (l *ConvLSTMCell) Config(c *layer.Config) {
	c.Positive("filters", &l.Filters)
	l.sizes(c)
	l.layout(c)
	l.dilation(c, true)
	c.Activation("activation", &l.Activation, "tanh")
	c.Activation("recurrent_activation", &l.RecurrentActivation, "sigmoid")
	c.Bool("use_bias", &l.UseBias, true)
	c.Bool("unit_forget_bias", &l.UnitForgetBias, true)
	l.cellWeights.config(c)
}

// Children implements layer.Container.
func (l *ConvLSTMCell) Children() []layer.Child {
	return slices.Concat(l.Activation.Children("activation"), l.RecurrentActivation.Children("recurrent_activation"))
}

// Build implements layer.Builder.
func (l *ConvLSTMCell) Build(c *layer.Call) {
	x := c.X()
	wantRank(c, x, l.rank+2)
	channels := x.Shape[channelAxis(l.DataFormat, x.Rank())]
	knownChannels(c, channels)
	kernel := func(in int) []int { return append(slices.Clone(l.KernelSize), in, 4*l.Filters) }
	l.kernel = c.AddWeight("kernel", l.KernelInitializer.Init(), kernel(channels), layer.Regularized(l.KernelRegularizer, l.KernelConstraint))
	l.recurrent = c.AddWeight("recurrent_kernel", l.RecurrentInitializer.Init(), kernel(l.Filters),
		layer.Regularized(l.RecurrentRegularizer, l.RecurrentConstraint))
	if l.UseBias {
		init := l.BiasInitializer.Init()
		if l.UnitForgetBias {
			init = forgetting(init, l.Filters)
		}
		l.bias = c.AddWeight("bias", init, []int{4 * l.Filters}, layer.Regularized(l.BiasRegularizer, l.BiasConstraint))
	}
}

// States implements Cell.
func (l *ConvLSTMCell) States(c *layer.Call, step []int) []any {
	channel, first := channelAxis(l.DataFormat, len(step)), spatialAxis(l.DataFormat)
	last := &value{Shape: append(append(slices.Clone(step[:1]), step[first:first+l.rank]...), step[channel])}
	a := l.attrs(c, last, 1)
	a.InputDilation = slices.Repeat([]int{1}, l.rank)
	shape := slices.Clone(step[1:])
	shape[channel-1] = l.Filters
	for i := range l.rank {
		shape[first-1+i] = graph.ConvOut(last.Shape[1+i], l.KernelSize[i], a, i)
	}
	return []any{shape, shape}
}

// Call implements layer.Layer.
func (l *ConvLSTMCell) Call(c *layer.Call) any { return callStep(c, l) }

// convolve returns a convolution of x in the layer's data format.
func (l *ConvLSTMCell) convolve(c *layer.Call, w *window, x *value, kernel *layer.Variable) *value {
	x, _ = w.input(c, x)
	return w.output(c, c.Conv(x, c.Var(kernel), w.attrs(c, x, 1)), layer.Activation{Name: "linear"})
}

func (l *ConvLSTMCell) project(c *layer.Call, x *value) *value {
	l.settled(c)
	z := l.convolve(c, &l.window, x, l.kernel)
	if l.bias != nil {
		z = c.Add(z, along(c, c.Var(l.bias), channelAxis(l.DataFormat, z.Rank()), z.Rank()))
	}
	return z
}

func (l *ConvLSTMCell) step(c *layer.Call, z *value, states []*value) (*value, []*value) {
	h, carry := states[0], states[1]
	one := slices.Repeat([]int{1}, l.rank)
	same := &window{KernelSize: l.KernelSize, Strides: one, DilationRate: one, PaddingMode: "same", DataFormat: l.DataFormat, rank: l.rank}
	z = c.Add(z, l.convolve(c, same, h, l.recurrent))
	f := l.Filters
	h, carry = lstmGates(c, c.Split(z, channelAxis(l.DataFormat, z.Rank()), f, f, f, f), carry, l.Activation, l.RecurrentActivation)
	return h, []*value{h, carry}
}
