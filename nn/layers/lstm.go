package layers

import (
	"fmt"
	"slices"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

// LSTM is a long short-term memory over (batch, time, features) (keras.layers.LSTM); its arguments are those of its cell
// and of RNN.
type LSTM struct{ RNN }

// LSTMCell is one step of an LSTM (keras.layers.LSTMCell). With z = x·kernel + h·recurrent_kernel + bias in four parts
// i, f, c, o: carry = f*carry + i*activation(c), h = o*activation(carry), where i, f and o have gone through
// RecurrentActivation.
type LSTMCell struct {
	layer.Base
	Units                           int
	Activation, RecurrentActivation layer.Activation
	UseBias, UnitForgetBias         bool
	cellWeights
}

// AddLSTM adds LSTM and LSTMCell to a registry.
func AddLSTM(r *layer.Registry) {
	r.Register("keras.layers", "LSTM", func() layer.Layer { return new(LSTM) })
	r.Register("keras.layers", "LSTMCell", func() layer.Layer { return new(LSTMCell) })
}

// Config implements layer.Layer.
func (l *LSTM) Config(c *layer.Config) {
	if l.Cell == nil {
		l.Cell = new(LSTMCell)
	}
	l.cellConfig(c, l, "LSTMCell", "lstm_cell")
}

// cellConfig visits the arguments of a layer that are also those of its cell.
func (l *RNN) cellConfig(c *layer.Config, inner layer.Layer, class, name string) {
	if !l.ownCell || c.Reading() {
		l.ownCell = true
		layer.Adopt(inner, l.Cell, class, name)
	}
	l.loopConfig(c)
	l.Cell.Config(c)
	c.Regularizer("activity_regularizer", &l.ActivityRegularizer)
	c.Inert("use_cudnn")
}

// Config implements layer.Layer.
func (l *LSTMCell) Config(c *layer.Config) {
	c.Positive("units", &l.Units)
	c.Activation("activation", &l.Activation, "tanh")
	c.Activation("recurrent_activation", &l.RecurrentActivation, "sigmoid")
	c.Bool("use_bias", &l.UseBias, true)
	c.Bool("unit_forget_bias", &l.UnitForgetBias, true)
	l.cellWeights.config(c)
}

// Children implements layer.Container.
func (l *LSTMCell) Children() []layer.Child {
	return slices.Concat(l.Activation.Children("activation"), l.RecurrentActivation.Children("recurrent_activation"))
}

// Build implements layer.Builder.
func (l *LSTMCell) Build(c *layer.Call) {
	l.make(c, l.Units, 4)
	if l.UseBias {
		init := l.BiasInitializer.Init()
		if l.UnitForgetBias {
			init = forgetting(init, l.Units)
		}
		l.bias = c.AddWeight("bias", init, []int{4 * l.Units}, layer.Regularized(l.BiasRegularizer, l.BiasConstraint))
	}
}

// forgetBias is 1 in the second of four parts, and as another initializer has it elsewhere.
type forgetBias struct {
	rest  layer.Initializer
	units int
}

// forgetting is forgetBias, but nil of nil.
func forgetting(rest layer.Initializer, units int) layer.Initializer {
	if rest == nil {
		return nil
	}
	return forgetBias{rest, units}
}

// Make implements layer.Initializer.
func (f forgetBias) Make(shape []int, d tensor.DType) (tensor.Any, error) {
	if len(shape) != 1 || shape[0] != 4*f.units {
		return nil, fmt.Errorf("a bias of shape %s for %d units", tensor.FormatShape(shape), f.units)
	}
	bias := tensor.Zeros[float64](shape...)
	data := bias.Data()
	for _, part := range [][2]int{{0, 1}, {2, 4}} {
		t, err := f.rest.Make([]int{(part[1] - part[0]) * f.units}, d)
		if err != nil {
			return nil, err
		}
		if t, err = t.Convert(tensor.Float64); err != nil {
			return nil, err
		}
		copy(data[part[0]*f.units:], t.(*tensor.Of[float64]).Data())
	}
	for i := range f.units {
		data[f.units+i] = 1
	}
	return bias.Convert(d)
}

// States implements Cell.
func (l *LSTMCell) States(*layer.Call, []int) []any { return []any{[]int{l.Units}, []int{l.Units}} }

// Call implements layer.Layer.
func (l *LSTMCell) Call(c *layer.Call) any { return callStep(c, l) }

func (l *LSTMCell) project(c *layer.Call, x *value) *value {
	l.settled(c)
	z := c.Dense(x, c.Var(l.kernel))
	if l.bias != nil {
		z = c.Add(z, c.Var(l.bias))
	}
	return z
}

func (l *LSTMCell) step(c *layer.Call, z *value, states []*value) (*value, []*value) {
	h, carry := states[0], states[1]
	z = c.Add(z, c.Dense(h, c.Var(l.recurrent)))
	h, carry = lstmGates(c, c.Split(z, -1, l.Units, l.Units, l.Units, l.Units), carry, l.Activation, l.RecurrentActivation)
	return h, []*value{h, carry}
}

// lstmGates turns the four parts of z into the new states.
func lstmGates(c *layer.Call, z []*value, carry *value, act, gate layer.Activation) (h, next *value) {
	input, forget, output := gate.Apply(c, z[0]), gate.Apply(c, z[1]), gate.Apply(c, z[3])
	next = c.Add(c.Mul(forget, carry), c.Mul(input, act.Apply(c, z[2])))
	return c.Mul(output, act.Apply(c, next)), next
}

func (l *LSTMCell) sequence(c *layer.Call, z *value, states []*value, a graph.Loop, mask *value) (*value, []*value, bool) {
	act, ok := c.Chain(l.Activation, states[0])
	gate, ok2 := c.Chain(l.RecurrentActivation, states[0])
	if !ok || !ok2 {
		return nil, nil, false
	}
	out, last := c.Recurrent(graph.Recurrent{Cell: graph.LSTM, Activation: act, Gate: gate, Loop: a}, mask, z, c.Var(l.recurrent), states[0],
		states[1])
	return out, last, true
}
