package optimizers

import (
	"math"

	"github.com/hornml/horn/nn/layer"
)

func addAdagrad(r *layer.Registry) {
	register(r, "Adagrad", func() layer.Configurable { return new(Adagrad) })
}

// Adagrad divides by the root of the sum of all squared gradients (keras.optimizers.Adagrad): a += g²,
// w -= rate*g/sqrt(a + Epsilon).
type Adagrad struct {
	Base
	InitialAccumulatorValue, Epsilon float64

	accumulators []*layer.Variable
}

// Config implements layer.Configurable.
func (o *Adagrad) Config(c *layer.Config) {
	o.config(c, o, "Adagrad", 0.001)
	c.Float("initial_accumulator_value", &o.InitialAccumulatorValue, 0.1)
	c.Float("epsilon", &o.Epsilon, 1e-7)
}

func (o *Adagrad) build() {
	o.accumulators = nil
	for _, v := range o.trainable {
		o.accumulators = append(o.accumulators, o.addLike(v, "accumulator", o.InitialAccumulatorValue))
	}
}

func (o *Adagrad) update(s *step) {
	a := s.slot(o.accumulators)
	for i, g := range s.g {
		a[i] += g * g
		s.w[i] -= s.rate * g / math.Sqrt(a[i]+o.Epsilon)
	}
}
