package optimizers

import (
	"math"

	"github.com/hornml/horn/nn/layer"
)

func addRmsprop(r *layer.Registry) {
	register(r, "RMSprop", func() layer.Configurable { return new(RMSprop) })
}

// RMSprop divides by a moving root mean square of the gradients (keras.optimizers.RMSprop): v = Rho*v + (1-Rho)*g²,
// w -= rate*g/sqrt(v + Epsilon); centered, v is reduced by the square of the moving mean; with momentum the changes add up.
type RMSprop struct {
	Base
	Rho, Momentum, Epsilon float64
	Centered               bool

	velocities, momentums, averageGradients []*layer.Variable
}

// Config implements layer.Configurable.
func (o *RMSprop) Config(c *layer.Config) {
	o.config(c, o, "RMSprop", 0.001)
	c.Float("rho", &o.Rho, 0.9)
	c.Float("momentum", &o.Momentum, 0)
	c.Float("epsilon", &o.Epsilon, 1e-7)
	c.Bool("centered", &o.Centered, false)
}

func (o *RMSprop) build() {
	o.velocities = o.addSlots("velocity")[0]
	if o.Momentum > 0 {
		o.momentums = o.addSlots("momentum")[0]
	}
	if o.Centered {
		o.averageGradients = o.addSlots("average_gradient")[0]
	}
}

func (o *RMSprop) update(s *step) {
	v := s.slot(o.velocities)
	var m, mean []float64
	if o.Momentum > 0 {
		m = s.slot(o.momentums)
	}
	if o.Centered {
		mean = s.slot(o.averageGradients)
	}
	for i, g := range s.g {
		v[i] = o.Rho*v[i] + (1-o.Rho)*g*g
		d := v[i] + o.Epsilon
		if mean != nil {
			mean[i] = o.Rho*mean[i] + (1-o.Rho)*g
			d -= mean[i] * mean[i]
		}
		change := s.rate * g / math.Sqrt(d)
		if m != nil {
			m[i] = o.Momentum*m[i] + change
			change = m[i]
		}
		s.w[i] -= change
	}
}
