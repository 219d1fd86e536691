package optimizers

import (
	"github.com/hornml/horn/nn/layer"
)

func addSgd(r *layer.Registry) { register(r, "SGD", func() layer.Configurable { return new(SGD) }) }

// SGD is gradient descent (keras.optimizers.SGD): w -= rate*g or, with momentum, m = Momentum*m - rate*g and w += m, or
// with Nesterov w += Momentum*m - rate*g.
type SGD struct {
	Base
	Momentum float64
	Nesterov bool

	momentums []*layer.Variable
}

// Config implements layer.Configurable.
func (o *SGD) Config(c *layer.Config) {
	o.config(c, o, "SGD", 0.01)
	c.Float("momentum", &o.Momentum, 0)
	c.Bool("nesterov", &o.Nesterov, false)
	if !(o.Momentum >= 0 && o.Momentum <= 1) {
		c.Errorf("momentum", "a number from 0 to 1 is expected, not %v", o.Momentum)
	}
}

func (o *SGD) build() {
	if o.Momentum != 0 {
		o.momentums = o.addSlots("momentum")[0]
	}
}

func (o *SGD) update(s *step) {
	if o.Momentum == 0 {
		for i, g := range s.g {
			s.w[i] -= g * s.rate
		}
		return
	}
	m := s.slot(o.momentums)
	for i, g := range s.g {
		m[i] = m[i]*o.Momentum - g*s.rate
		if o.Nesterov {
			s.w[i] += m[i]*o.Momentum - g*s.rate
		} else {
			s.w[i] += m[i]
		}
	}
}
