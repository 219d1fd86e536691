package optimizers

import (
	"math"

	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

func addNadam(r *layer.Registry) {
	register(r, "Nadam", func() layer.Configurable { return new(Nadam) })
}

// Nadam is Adam with Nesterov momentum (keras.optimizers.Nadam): with u(t) = Beta1*(1 - 0.96^t/2) and p(t) the product of
// u(1) to u(t), w -= rate * (u(t+1)*m/(1-p(t)*u(t+1)) + (1-u(t))*g/(1-p(t))) / (sqrt(v/(1-Beta2^t)) + Epsilon).
type Nadam struct {
	Base
	Beta1, Beta2, Epsilon float64

	momentums, velocities []*layer.Variable
	product               *layer.Variable
}

// Config implements layer.Configurable.
func (o *Nadam) Config(c *layer.Config) {
	o.config(c, o, "Nadam", 0.001)
	c.Float("beta_1", &o.Beta1, 0.9)
	c.Float("beta_2", &o.Beta2, 0.999)
	c.Float("epsilon", &o.Epsilon, 1e-7)
}

func (o *Nadam) build() {
	slots := o.addSlots("momentum", "velocity")
	o.momentums, o.velocities = slots[0], slots[1]
	d := tensor.Float32
	if len(o.trainable) > 0 {
		d = o.trainable[0].DType
	}
	o.product = o.add("variable", "variable", shaped([]float64{1}, nil, d)) // the name that Keras makes up
}

func (o *Nadam) u(time float64) float64 { return o.Beta1 * (1 - 0.5*math.Pow(0.96, time)) }

func (o *Nadam) begin() {
	p := o.elements(o.product)
	p[0] *= o.u(float64(o.updates() + 1))
	store(o.product, p)
	o.keep(p)
}

func (o *Nadam) update(s *step) {
	m, v := s.slot(o.momentums), s.slot(o.velocities)
	p := o.elements(o.product)
	product := p[0]
	o.keep(p)
	now, next := o.u(s.time), o.u(s.time+1)
	bias := 1 - math.Pow(o.Beta2, s.time)
	for i, g := range s.g {
		m[i] += (g - m[i]) * (1 - o.Beta1)
		v[i] += (g*g - v[i]) * (1 - o.Beta2)
		mean := next*m[i]/(1-product*next) + (1-now)*g/(1-product)
		s.w[i] -= mean * s.rate / (math.Sqrt(v[i]/bias) + o.Epsilon)
	}
}
