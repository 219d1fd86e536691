package optimizers

import (
	"github.com/hornml/horn/nn/layer"
)

func addLion(r *layer.Registry) { register(r, "Lion", func() layer.Configurable { return new(Lion) }) }

// Lion goes by the sign of a moving mean (keras.optimizers.Lion): w -= rate*sign(Beta1*m + (1-Beta1)*g),
// m = Beta2*m + (1-Beta2)*g.
type Lion struct {
	Base
	Beta1, Beta2 float64

	momentums []*layer.Variable
}

// Config implements layer.Configurable.
func (o *Lion) Config(c *layer.Config) {
	o.config(c, o, "Lion", 0.001)
	c.Float("beta_1", &o.Beta1, 0.9)
	c.Float("beta_2", &o.Beta2, 0.99)
	if !(o.Beta1 > 0 && o.Beta1 <= 1) {
		c.Errorf("beta_1", "a number above 0 and up to 1 is expected, not %v", o.Beta1)
	}
}

func (o *Lion) build() { o.momentums = o.addSlots("momentum")[0] }

func (o *Lion) update(s *step) {
	m := s.slot(o.momentums)
	for i, g := range s.g {
		switch d := m[i]*o.Beta1 + g*(1-o.Beta1); {
		case d > 0:
			s.w[i] -= s.rate
		case d < 0:
			s.w[i] += s.rate
		default:
			s.w[i] -= s.rate * d // 0 or NaN
		}
		m[i] = m[i]*o.Beta2 + g*(1-o.Beta2)
	}
}
