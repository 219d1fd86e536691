package optimizers

import (
	"math"

	"github.com/hornml/horn/nn/layer"
)

func addAdadelta(r *layer.Registry) {
	register(r, "Adadelta", func() layer.Configurable { return new(Adadelta) })
}

// Adadelta scales by the ratio of moving root mean squares of the changes and of the gradients (keras.optimizers.Adadelta):
// a = Rho*a + (1-Rho)*g², d = -g*sqrt(b + Epsilon)/sqrt(a + Epsilon), b = Rho*b + (1-Rho)*d², w += rate*d.
type Adadelta struct {
	Base
	Rho, Epsilon float64

	gradients, deltas []*layer.Variable
}

// Config implements layer.Configurable.
func (o *Adadelta) Config(c *layer.Config) {
	o.config(c, o, "Adadelta", 0.001)
	c.Float("rho", &o.Rho, 0.95)
	c.Float("epsilon", &o.Epsilon, 1e-7)
}

func (o *Adadelta) build() {
	slots := o.addSlots("accumulated_grad", "accumulated_delta_var")
	o.gradients, o.deltas = slots[0], slots[1]
}

func (o *Adadelta) update(s *step) {
	a, b := s.slot(o.gradients), s.slot(o.deltas)
	for i, g := range s.g {
		a[i] = o.Rho*a[i] + (1-o.Rho)*g*g
		d := -g * math.Sqrt(b[i]+o.Epsilon) / math.Sqrt(a[i]+o.Epsilon)
		b[i] = o.Rho*b[i] + (1-o.Rho)*d*d
		s.w[i] += s.rate * d
	}
}
