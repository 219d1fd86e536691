package layers

import (
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
)

// SimpleRNN is a fully connected recurrence over (batch, time, features) (keras.layers.SimpleRNN); its arguments are those
// of its cell and of RNN.
type SimpleRNN struct{ RNN }

// SimpleRNNCell is one step of a SimpleRNN (keras.layers.SimpleRNNCell): h = activation(x·kernel + h·recurrent_kernel +
// bias).
type SimpleRNNCell struct {
	layer.Base
	Units      int
	Activation layer.Activation
	UseBias    bool
	cellWeights
}

// AddSimpleRNN adds SimpleRNN and SimpleRNNCell to a registry.
func AddSimpleRNN(r *layer.Registry) {
	r.Register("keras.layers", "SimpleRNN", func() layer.Layer { return new(SimpleRNN) })
	r.Register("keras.layers", "SimpleRNNCell", func() layer.Layer { return new(SimpleRNNCell) })
}

// Config implements layer.Layer.
func (l *SimpleRNN) Config(c *layer.Config) {
	if l.Cell == nil {
		l.Cell = new(SimpleRNNCell)
	}
	l.cellConfig(c, l, "SimpleRNNCell", "simple_rnn_cell")
}

// Config implements layer.Layer.
func (l *SimpleRNNCell) Config(c *layer.Config) {
	c.Positive("units", &l.Units)
	c.Activation("activation", &l.Activation, "tanh")
	c.Bool("use_bias", &l.UseBias, true)
	l.cellWeights.config(c)
}

// Children implements layer.Container.
func (l *SimpleRNNCell) Children() []layer.Child {
	return l.Activation.Children("activation")
}

// Build implements layer.Builder.
func (l *SimpleRNNCell) Build(c *layer.Call) {
	l.make(c, l.Units, 1)
	if l.UseBias {
		l.bias = c.AddWeight("bias", l.BiasInitializer.Init(), []int{l.Units}, layer.Regularized(l.BiasRegularizer, l.BiasConstraint))
	}
}

// States implements Cell.
func (l *SimpleRNNCell) States(*layer.Call, []int) []any { return []any{[]int{l.Units}} }

// Call implements layer.Layer.
func (l *SimpleRNNCell) Call(c *layer.Call) any { return callStep(c, l) }

func (l *SimpleRNNCell) project(c *layer.Call, x *value) *value {
	l.settled(c)
	z := c.Dense(x, c.Var(l.kernel))
	if l.bias != nil {
		z = c.Add(z, c.Var(l.bias))
	}
	return z
}

func (l *SimpleRNNCell) step(c *layer.Call, z *value, states []*value) (*value, []*value) {
	h := l.Activation.Apply(c, c.Add(z, c.Dense(states[0], c.Var(l.recurrent))))
	return h, []*value{h}
}

func (l *SimpleRNNCell) sequence(c *layer.Call, z *value, states []*value, a graph.Loop, mask *value) (*value, []*value, bool) {
	act, ok := c.Chain(l.Activation, states[0])
	if !ok {
		return nil, nil, false
	}
	out, last := c.Recurrent(graph.Recurrent{Cell: graph.SimpleRNN, Activation: act, Loop: a}, mask, z, c.Var(l.recurrent), states[0])
	return out, last, true
}
