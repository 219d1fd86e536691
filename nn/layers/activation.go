package layers

import (
	"github.com/hornml/horn/nn"
)

// Activation applies an activation function (keras.layers.Activation).
type Activation struct {
	nn.Base
	Activation nn.Activation
}

func init() { nn.Register("keras.layers", "Activation", func() nn.Layer { return new(Activation) }) }

// Config implements nn.Layer.
func (l *Activation) Config(c *nn.Config) {
	l.SupportsMasking = true
	if _, ok := c.Value("activation"); c.Reading() && !ok {
		c.Errorf("activation", "the key is missing")
		return
	}
	c.Activation("activation", &l.Activation, "linear")
}

// Children implements nn.Container.
func (l *Activation) Children() []nn.Child { return l.Activation.Children("activation") }

// Call implements nn.Layer.
func (l *Activation) Call(c *nn.Call) any { return l.Activation.Apply(c, c.X()) }
