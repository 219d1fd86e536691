package optimizers

import (
	"math"

	"github.com/hornml/horn/nn/layer"
)

func addAdam(r *layer.Registry) {
	register(r, "Adam", func() layer.Configurable { return &Adam{class: "Adam"} })
	register(r, "AdamW", func() layer.Configurable { return &Adam{class: "AdamW"} })
}

// Adam follows moving means of the gradients and of their squares (keras.optimizers.Adam and, with weight decay, AdamW):
// m += (g-m)*(1-Beta1), v += (g²-v)*(1-Beta2), w -= rate*sqrt(1-Beta2^t)/(1-Beta1^t) * m/(sqrt(v) + Epsilon). With AMSGrad
// the largest v so far counts.
type Adam struct {
	Base
	Beta1, Beta2, Epsilon float64
	AMSGrad               bool

	class                               string
	momentums, velocities, velocityHats []*layer.Variable
}

// Config implements layer.Configurable.
func (o *Adam) Config(c *layer.Config) {
	o.config(c, o, o.class, 0.001)
	if o.class == "AdamW" {
		o.decay(c, 0.004)
		if o.WeightDecay == nil {
			c.Errorf("weight_decay", "a number is expected, not null")
		}
	}
	c.Float("beta_1", &o.Beta1, 0.9)
	c.Float("beta_2", &o.Beta2, 0.999)
	c.Float("epsilon", &o.Epsilon, 1e-7)
	c.Bool("amsgrad", &o.AMSGrad, false)
}

func (o *Adam) build() {
	slots := o.addSlots("momentum", "velocity")
	o.momentums, o.velocities = slots[0], slots[1]
	if o.AMSGrad {
		o.velocityHats = o.addSlots("velocity_hat")[0]
	}
}

func (o *Adam) update(s *step) {
	m, v := s.slot(o.momentums), s.slot(o.velocities)
	top := v
	if o.AMSGrad {
		top = s.slot(o.velocityHats)
	}
	adam(s, m, v, top, s.rate, o.Beta1, o.Beta2, o.Epsilon)
}

// adam is Adam's rule; top is v, or with AMSGrad the largest v so far.
func adam(s *step, m, v, top []float64, rate, beta1, beta2, epsilon float64) {
	alpha := rate * math.Sqrt(1-math.Pow(beta2, s.time)) / (1 - math.Pow(beta1, s.time))
	for i, g := range s.g {
		m[i] += (g - m[i]) * (1 - beta1)
		v[i] += (g*g - v[i]) * (1 - beta2)
		top[i] = math.Max(top[i], v[i])
		s.w[i] -= m[i] * alpha / (math.Sqrt(top[i]) + epsilon)
	}
}
