package layers

import (
	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/graph"
)

// SimpleRNN is a fully connected recurrence over (batch, time, features) (keras.layers.SimpleRNN); its arguments are those
// of its cell and of RNN.
type SimpleRNN struct{ RNN }

// SimpleRNNCell is one step of a SimpleRNN (keras.layers.SimpleRNNCell): h = activation(x·kernel + h·recurrent_kernel +
// bias).
type SimpleRNNCell struct {
	nn.Base
	Units      int
	Activation nn.Activation
	UseBias    bool
	cellWeights
}

func init() {
	nn.Register("keras.layers", "SimpleRNN", func() nn.Layer { return new(SimpleRNN) })
	nn.Register("keras.layers", "SimpleRNNCell", func() nn.Layer { return new(SimpleRNNCell) })
}

// Config implements nn.Layer.
func (l *SimpleRNN) Config(c *nn.Config) {
	if l.Cell == nil {
		l.Cell = new(SimpleRNNCell)
	}
	l.cellConfig(c, l, "SimpleRNNCell", "simple_rnn_cell")
}

// Config implements nn.Layer.
func (l *SimpleRNNCell) Config(c *nn.Config) {
	c.Positive("units", &l.Units)
	c.Activation("activation", &l.Activation, "tanh")
	c.Bool("use_bias", &l.UseBias, true)
	l.cellWeights.config(c)
}

// Children implements nn.Container.
func (l *SimpleRNNCell) Children() []nn.Child {
	return l.Activation.Children("activation")
}

// Build implements nn.LayerBuilder.
func (l *SimpleRNNCell) Build(c *nn.Call) {
	l.make(c, l.Units, 1)
	if l.UseBias {
		l.bias = c.AddWeight("bias", l.BiasInitializer.Init(), []int{l.Units}, nn.Regularized(l.BiasRegularizer, l.BiasConstraint))
	}
}

// States implements Cell.
func (l *SimpleRNNCell) States(*nn.Call, []int) []any { return []any{[]int{l.Units}} }

// Call implements nn.Layer.
func (l *SimpleRNNCell) Call(c *nn.Call) any { return callStep(c, l) }

func (l *SimpleRNNCell) project(c *nn.Call, x *value) *value {
	z := c.Dense(x, c.Var(l.kernel))
	if l.bias != nil {
		z = c.Add(z, c.Var(l.bias))
	}
	return z
}

func (l *SimpleRNNCell) step(c *nn.Call, z *value, states []*value) (*value, []*value) {
	h := l.Activation.Apply(c, c.Add(z, c.Dense(states[0], c.Var(l.recurrent))))
	return h, []*value{h}
}

func (l *SimpleRNNCell) sequence(c *nn.Call, z *value, states []*value, a graph.LoopAttrs, mask *value) (*value, []*value, bool) {
	act, ok := c.Chain(l.Activation, states[0])
	if !ok {
		return nil, nil, false
	}
	out, last := c.SimpleRNN(z, c.Var(l.recurrent), states[0], graph.RecurrentAttrs{Activation: act, LoopAttrs: a}, mask)
	return out, last, true
}
