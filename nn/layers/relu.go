package layers

import (
	"github.com/hornml/horn/nn/activations"
	"github.com/hornml/horn/nn/layer"
)

// ReLU is x from Threshold on, at most MaxValue, and NegativeSlope*(x - Threshold) below (keras.layers.ReLU).
type ReLU struct {
	layer.Base
	MaxValue                 *float64 // nil: no limit
	NegativeSlope, Threshold float64
}

// LeakyReLU is x from 0 on and NegativeSlope*x below (keras.layers.LeakyReLU).
type LeakyReLU struct {
	layer.Base
	NegativeSlope float64
}

// ELU is x above 0 and Alpha*(exp(x) - 1) below (keras.layers.ELU).
type ELU struct {
	layer.Base
	Alpha float64
}

// AddReLU adds ReLU, LeakyReLU and ELU to a registry.
func AddReLU(r *layer.Registry) {
	r.Register("keras.layers", "ReLU", func() layer.Layer { return new(ReLU) })
	r.Register("keras.layers", "LeakyReLU", func() layer.Layer { return new(LeakyReLU) })
	r.Register("keras.layers", "ELU", func() layer.Layer { return new(ELU) })
}

// notNegative reports a negative number.
func notNegative(c *layer.Config, key string, v float64) {
	if !(v >= 0) && c.Reading() {
		c.Errorf(key, "a number of 0 or more is expected, not %v", v)
	}
}

// Config implements layer.Layer.
func (l *ReLU) Config(c *layer.Config) {
	l.SupportsMasking = true
	c.FloatOrNone("max_value", &l.MaxValue)
	c.Float("negative_slope", &l.NegativeSlope, 0)
	c.Float("threshold", &l.Threshold, 0)
	if l.MaxValue != nil {
		notNegative(c, "max_value", *l.MaxValue)
	}
	notNegative(c, "negative_slope", l.NegativeSlope)
	notNegative(c, "threshold", l.Threshold)
}

// Call implements layer.Layer.
func (l *ReLU) Call(c *layer.Call) any {
	return activations.Relu(c.Builder, c.X(), l.NegativeSlope, l.MaxValue, l.Threshold)
}

// Config implements layer.Layer. Older files call the slope "alpha".
func (l *LeakyReLU) Config(c *layer.Config) {
	l.SupportsMasking = true
	key := "negative_slope"
	if _, ok := c.Value("alpha"); ok {
		key = "alpha"
	}
	c.Float(key, &l.NegativeSlope, 0.3)
	notNegative(c, key, l.NegativeSlope)
}

// Call implements layer.Layer.
func (l *LeakyReLU) Call(c *layer.Call) any {
	return activations.LeakyRelu(l.NegativeSlope)(c.Builder, activations.Float(c.Builder, c.X()))
}

// Config implements layer.Layer.
func (l *ELU) Config(c *layer.Config) {
	l.SupportsMasking = true
	c.Float("alpha", &l.Alpha, 1)
}

// Call implements layer.Layer.
func (l *ELU) Call(c *layer.Call) any {
	return activations.Elu(l.Alpha)(c.Builder, activations.Float(c.Builder, c.X()))
}
