package optimizers

import (
	"math"

	"github.com/hornml/horn/nn/layer"
)

func addScheduleFreeAdamw(r *layer.Registry) {
	register(r, "ScheduleFreeAdamW", func() layer.Configurable { return new(ScheduleFreeAdamW) })
}

// ScheduleFreeAdamW takes gradients between a sequence z, which moves as Adam, and its mean x, in the place of a
// learning-rate schedule (keras.optimizers.ScheduleFreeAdamW): z -= rate*g/(sqrt(v/(1-Beta2^t)) + Epsilon),
// x += (z - x)/t, w = (1-Beta1)*z + Beta1*x. The variable "momentum" holds z. Keras keeps w and z and works x out of them: on
// torch and TensorFlow with the z that has moved already, on JAX with the one before. Here it is as on the former.
type ScheduleFreeAdamW struct {
	Base
	Beta1, Beta2, Epsilon float64
	WarmupSteps           int

	momentums, velocities []*layer.Variable
}

// Config implements layer.Configurable.
func (o *ScheduleFreeAdamW) Config(c *layer.Config) {
	o.config(c, o, "ScheduleFreeAdamW", 0.0025)
	c.Float("beta_1", &o.Beta1, 0.9)
	c.Float("beta_2", &o.Beta2, 0.999)
	c.Float("epsilon", &o.Epsilon, 1e-8)
	c.Int("warmup_steps", &o.WarmupSteps, 0)
}

func (o *ScheduleFreeAdamW) build() {
	slots := o.addSlots("momentum", "velocity")
	o.momentums, o.velocities = slots[0], slots[1]
	for i, v := range o.trainable {
		w := o.elements(v)
		store(o.momentums[i], w)
		o.keep(w)
	}
}

func (o *ScheduleFreeAdamW) update(s *step) {
	z, v := s.slot(o.momentums), s.slot(o.velocities)
	rate := s.rate
	if o.WarmupSteps > 0 {
		rate *= math.Min(s.time/float64(o.WarmupSteps), 1)
	}
	bias := 1 - math.Pow(o.Beta2, s.time)
	share := 1 / s.time
	for i, g := range s.g {
		v[i] += (g*g - v[i]) * (1 - o.Beta2)
		z[i] -= rate * g / (math.Sqrt(v[i]/bias) + o.Epsilon)
		x := (s.w[i] - (1-o.Beta1)*z[i]) / o.Beta1
		x = (1-share)*x + share*z[i]
		s.w[i] = (1-o.Beta1)*z[i] + o.Beta1*x
	}
}
