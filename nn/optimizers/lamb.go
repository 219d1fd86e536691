package optimizers

import (
	"math"

	"github.com/hornml/horn/nn/layer"
)

func addLamb(r *layer.Registry) { register(r, "Lamb", func() layer.Configurable { return new(Lamb) }) }

// Lamb is Adam whose change of a variable has a length in proportion to that of the variable (keras.optimizers.Lamb):
// u = m/(1-Beta1^t) / (sqrt(v/(1-Beta2^t)) + Epsilon), w -= rate*|w|/|u|*u.
type Lamb struct {
	Base
	Beta1, Beta2, Epsilon float64

	momentums, velocities []*layer.Variable
}

// Config implements layer.Configurable.
func (o *Lamb) Config(c *layer.Config) {
	o.config(c, o, "Lamb", 0.001)
	c.Float("beta_1", &o.Beta1, 0.9)
	c.Float("beta_2", &o.Beta2, 0.999)
	c.Float("epsilon", &o.Epsilon, 1e-7)
}

func (o *Lamb) build() {
	slots := o.addSlots("momentum", "velocity")
	o.momentums, o.velocities = slots[0], slots[1]
}

func (o *Lamb) update(s *step) {
	m, v := s.slot(o.momentums), s.slot(o.velocities)
	bias1, bias2 := 1-math.Pow(o.Beta1, s.time), 1-math.Pow(o.Beta2, s.time)
	for i, g := range s.g {
		m[i] += (g - m[i]) * (1 - o.Beta1)
		v[i] += (g*g - v[i]) * (1 - o.Beta2)
		s.g[i] = m[i] / bias1 / (math.Sqrt(v[i]/bias2) + o.Epsilon)
	}
	ratio := 1.0
	if w, u := math.Sqrt(squares(s.w)), math.Sqrt(squares(s.g)); w > 0 && u > 0 {
		ratio = w / u
	}
	for i, u := range s.g {
		s.w[i] -= ratio * s.rate * u
	}
}
