package layers

import (
	"slices"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
)

// GRU is a gated recurrent unit over (batch, time, features) (keras.layers.GRU); its arguments are those of its cell and
// of RNN.
type GRU struct{ RNN }

// GRUCell is one step of a GRU (keras.layers.GRUCell). With x·kernel + bias and h·recurrent_kernel in three parts z, r,
// h: h = z*h + (1-z)*activation(x(h) + (r*h)·recurrent(h)), or, with ResetAfter, activation(x(h) + r*(h·recurrent(h) +
// recurrent bias)), where z and r have gone through RecurrentActivation. With ResetAfter the bias is (2, 3*units): of the
// inputs and of the recurrence.
type GRUCell struct {
	layer.Base
	Units                           int
	Activation, RecurrentActivation layer.Activation
	UseBias, ResetAfter             bool
	cellWeights
}

// AddGRU adds GRU and GRUCell to a registry.
func AddGRU(r *layer.Registry) {
	r.Register("keras.layers", "GRU", func() layer.Layer { return new(GRU) })
	r.Register("keras.layers", "GRUCell", func() layer.Layer { return new(GRUCell) })
}

// Config implements layer.Layer.
func (l *GRU) Config(c *layer.Config) {
	if l.Cell == nil {
		l.Cell = new(GRUCell)
	}
	l.cellConfig(c, l, "GRUCell", "gru_cell")
}

// Config implements layer.Layer.
func (l *GRUCell) Config(c *layer.Config) {
	c.Positive("units", &l.Units)
	c.Activation("activation", &l.Activation, "tanh")
	c.Activation("recurrent_activation", &l.RecurrentActivation, "sigmoid")
	c.Bool("use_bias", &l.UseBias, true)
	c.Bool("reset_after", &l.ResetAfter, true)
	l.cellWeights.config(c)
}

// Children implements layer.Container.
func (l *GRUCell) Children() []layer.Child {
	return slices.Concat(l.Activation.Children("activation"), l.RecurrentActivation.Children("recurrent_activation"))
}

// Build implements layer.Builder.
func (l *GRUCell) Build(c *layer.Call) {
	l.make(c, l.Units, 3)
	if l.UseBias {
		shape := []int{3 * l.Units}
		if l.ResetAfter {
			shape = []int{2, 3 * l.Units}
		}
		l.bias = c.AddWeight("bias", l.BiasInitializer.Init(), shape, layer.Regularized(l.BiasRegularizer, l.BiasConstraint))
	}
}

// States implements Cell.
func (l *GRUCell) States(*layer.Call, []int) []any { return []any{[]int{l.Units}} }

// Call implements layer.Layer.
func (l *GRUCell) Call(c *layer.Call) any { return callStep(c, l) }

// recurrentBias returns the recurrent bias of the gates from..to.
func (l *GRUCell) recurrentBias(c *layer.Call, from, to int) *value {
	b := c.Slice(c.Var(l.bias), 0, 1, 2)
	return c.Reshape(c.Slice(b, 1, from*l.Units, to*l.Units), (to-from)*l.Units)
}

// project adds all biases but the recurrent one of the candidate, which the reset gate multiplies.
func (l *GRUCell) project(c *layer.Call, x *value) *value {
	l.settled(c)
	z := c.Dense(x, c.Var(l.kernel))
	if l.bias == nil {
		return z
	}
	bias := c.Var(l.bias)
	if l.ResetAfter {
		bias = c.Reshape(c.Slice(bias, 0, 0, 1), 3*l.Units)
		bias = c.Add(bias, c.Concat(0, l.recurrentBias(c, 0, 2), c.Full(bias.DType, 0, l.Units)))
	}
	return c.Add(z, bias)
}

func (l *GRUCell) step(c *layer.Call, z *value, states []*value) (*value, []*value) {
	u, h, kernel := l.Units, states[0], c.Var(l.recurrent)
	parts := c.Split(z, -1, u, u, u)
	inner := c.Dense(h, c.Slice(kernel, 1, 0, 2*u))
	update := l.RecurrentActivation.Apply(c, c.Add(parts[0], c.Slice(inner, 1, 0, u)))
	reset := l.RecurrentActivation.Apply(c, c.Add(parts[1], c.Slice(inner, 1, u, 2*u)))
	last := c.Slice(kernel, 1, 2*u, 3*u)
	var candidate *value
	if l.ResetAfter {
		candidate = c.Dense(h, last)
		if l.bias != nil {
			candidate = c.Add(candidate, l.recurrentBias(c, 2, 3))
		}
		candidate = c.Mul(reset, candidate)
	} else {
		candidate = c.Dense(c.Mul(reset, h), last)
	}
	candidate = l.Activation.Apply(c, c.Add(parts[2], candidate))
	one := c.Scalar(update.DType, 1)
	h = c.Add(c.Mul(update, h), c.Mul(c.Sub(one, update), candidate))
	return h, []*value{h}
}

func (l *GRUCell) sequence(c *layer.Call, z *value, states []*value, a graph.Loop, mask *value) (*value, []*value, bool) {
	act, ok := c.Chain(l.Activation, states[0])
	gate, ok2 := c.Chain(l.RecurrentActivation, states[0])
	if !ok || !ok2 {
		return nil, nil, false
	}
	var bias *value
	switch {
	case l.ResetAfter && l.bias != nil:
		bias = l.recurrentBias(c, 2, 3)
	case l.ResetAfter:
		bias = c.Full(z.DType, 0, l.Units)
	}
	op := graph.Recurrent{Cell: graph.GRU, Activation: act, Gate: gate, ResetAfter: l.ResetAfter, Loop: a}
	operands := []*value{z, c.Var(l.recurrent), states[0]}
	if l.ResetAfter {
		operands = append(operands, bias)
	}
	out, last := c.Recurrent(op, mask, operands...)
	return out, last, true
}
