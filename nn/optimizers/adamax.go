package optimizers

import (
	"math"

	"github.com/hornml/horn/nn/layer"
)

func addAdamax(r *layer.Registry) {
	register(r, "Adamax", func() layer.Configurable { return new(Adamax) })
}

// Adamax is Adam with the largest gradient, which fades, in the place of the mean square (keras.optimizers.Adamax):
// m += (g-m)*(1-Beta1), u = max(Beta2*u, |g|), w -= rate/(1-Beta1^t) * m/(u + Epsilon).
type Adamax struct {
	Base
	Beta1, Beta2, Epsilon float64

	momentums, norms []*layer.Variable
}

// Config implements layer.Configurable.
func (o *Adamax) Config(c *layer.Config) {
	o.config(c, o, "Adamax", 0.001)
	c.Float("beta_1", &o.Beta1, 0.9)
	c.Float("beta_2", &o.Beta2, 0.999)
	c.Float("epsilon", &o.Epsilon, 1e-7)
}

func (o *Adamax) build() {
	slots := o.addSlots("momentum", "norm")
	o.momentums, o.norms = slots[0], slots[1]
}

func (o *Adamax) update(s *step) {
	m, u := s.slot(o.momentums), s.slot(o.norms)
	bias := 1 - math.Pow(o.Beta1, s.time)
	for i, g := range s.g {
		m[i] += (g - m[i]) * (1 - o.Beta1)
		u[i] = math.Max(o.Beta2*u[i], math.Abs(g))
		s.w[i] -= s.rate * m[i] / (bias * (u[i] + o.Epsilon))
	}
}
