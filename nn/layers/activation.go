package layers

import (
	"github.com/hornml/horn/nn/layer"
)

// Activation applies an activation function (keras.layers.Activation).
type Activation struct {
	layer.Base
	Activation layer.Activation
}

// AddActivation adds Activation to a registry.
func AddActivation(r *layer.Registry) {
	r.Register("keras.layers", "Activation", func() layer.Layer { return new(Activation) })
}

// Config implements layer.Layer.
func (l *Activation) Config(c *layer.Config) {
	l.SupportsMasking = true
	c.RequiredActivation("activation", &l.Activation)
}

// Children implements layer.Container.
func (l *Activation) Children() []layer.Child { return l.Activation.Children("activation") }

// Call implements layer.Layer.
func (l *Activation) Call(c *layer.Call) any { return l.Activation.Apply(c, c.X()) }
