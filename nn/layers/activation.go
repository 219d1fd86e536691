package layers

import (
	"github.com/hornml/horn/nn/layer"
)

// Activation applies an activation function (keras.layers.Activation).
type Activation struct {
	layer.Base
	Activation layer.Activation
}

func init() {
	layer.Register("keras.layers", "Activation", func() layer.Layer { return new(Activation) })
}

// Config implements layer.Layer.
func (l *Activation) Config(c *layer.Config) {
	l.SupportsMasking = true
	if _, ok := c.Value("activation"); c.Reading() && !ok {
		c.Errorf("activation", "the key is missing")
		return
	}
	c.Activation("activation", &l.Activation, "linear")
}

// Children implements layer.Container.
func (l *Activation) Children() []layer.Child { return l.Activation.Children("activation") }

// Call implements layer.Layer.
func (l *Activation) Call(c *layer.Call) any { return l.Activation.Apply(c, c.X()) }
