package optimizers

import (
	"math"

	"github.com/hornml/horn/nn/layer"
)

func addFtrl(r *layer.Registry) { register(r, "Ftrl", func() layer.Configurable { return new(Ftrl) }) }

// Ftrl follows the regularized leader (keras.optimizers.Ftrl): with n the sum of squared gradients and p = -LearningRatePower,
// z += g + 2*shrinkage*w - (n'^p - n^p)/rate*w, w = (clip(z, -l1, l1) - z) / (n'^p/rate + 2*(l2 + Beta/(2*rate))).
type Ftrl struct {
	Base
	LearningRatePower, InitialAccumulatorValue                                                  float64
	L1RegularizationStrength, L2RegularizationStrength, L2ShrinkageRegularizationStrength, Beta float64

	accumulators, linears []*layer.Variable
}

// Config implements layer.Configurable.
func (o *Ftrl) Config(c *layer.Config) {
	o.config(c, o, "Ftrl", 0.001)
	c.Float("learning_rate_power", &o.LearningRatePower, -0.5)
	c.Float("initial_accumulator_value", &o.InitialAccumulatorValue, 0.1)
	c.Float("l1_regularization_strength", &o.L1RegularizationStrength, 0)
	c.Float("l2_regularization_strength", &o.L2RegularizationStrength, 0)
	c.Float("l2_shrinkage_regularization_strength", &o.L2ShrinkageRegularizationStrength, 0)
	c.Float("beta", &o.Beta, 0)
	if o.LearningRatePower > 0 {
		c.Errorf("learning_rate_power", "0 or a negative number is expected, not %v", o.LearningRatePower)
	}
	for key, v := range map[string]float64{"initial_accumulator_value": o.InitialAccumulatorValue,
		"l1_regularization_strength": o.L1RegularizationStrength,
		"l2_regularization_strength": o.L2RegularizationStrength, "l2_shrinkage_regularization_strength": o.L2ShrinkageRegularizationStrength} {
		if v < 0 {
			c.Errorf(key, "0 or a positive number is expected, not %v", v)
		}
	}
}

func (o *Ftrl) build() {
	o.accumulators, o.linears = nil, nil
	for _, v := range o.trainable {
		o.accumulators = append(o.accumulators, o.addLike(v, "accumulator", o.InitialAccumulatorValue))
		o.linears = append(o.linears, o.addLike(v, "linear", 0))
	}
}

func (o *Ftrl) update(s *step) {
	n, z := s.slot(o.accumulators), s.slot(o.linears)
	power := -o.LearningRatePower
	l1, l2 := o.L1RegularizationStrength, o.L2RegularizationStrength+o.Beta/(2*s.rate)
	for i, g := range s.g {
		sum := n[i] + g*g
		now := math.Pow(sum, power)
		z[i] += g + 2*o.L2ShrinkageRegularizationStrength*s.w[i] - (now-math.Pow(n[i], power))/s.rate*s.w[i]
		s.w[i] = (math.Max(-l1, math.Min(z[i], l1)) - z[i]) / (now/s.rate + 2*l2)
		n[i] = sum
	}
}
