package optimizers

import (
	"math"
	"slices"

	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

func addAdafactor(r *layer.Registry) {
	register(r, "Adafactor", func() layer.Configurable { return new(Adafactor) })
}

// Adafactor keeps, for matrices, the mean squares of the gradients by rows and by columns only, and changes a variable in
// proportion to its own size (keras.optimizers.Adafactor). As in Keras, RelativeStep changes nothing: the rate is at most
// 1/sqrt(t) either way.
type Adafactor struct {
	Base
	Beta2Decay, Epsilon1, Epsilon2, ClipThreshold float64
	RelativeStep                                  bool

	rows, columns, velocities []*layer.Variable
}

// Config implements layer.Configurable.
func (o *Adafactor) Config(c *layer.Config) {
	o.config(c, o, "Adafactor", 0.001)
	c.Float("beta_2_decay", &o.Beta2Decay, -0.8)
	c.Float("epsilon_1", &o.Epsilon1, 1e-30)
	c.Float("epsilon_2", &o.Epsilon2, 0.001)
	c.Float("clip_threshold", &o.ClipThreshold, 1)
	c.Bool("relative_step", &o.RelativeStep, true)
}

func (o *Adafactor) build() {
	o.rows, o.columns, o.velocities = nil, nil, nil
	for _, v := range o.trainable {
		n := len(v.Shape)
		if n < 2 { // Keras has two numbers here that nobody uses
			o.rows = append(o.rows, o.add(v.Name, v.Name, tensor.Scalar(int32(0))))
			o.columns = append(o.columns, o.add(v.Name, v.Name, tensor.Scalar(int32(0))))
		} else {
			rows := slices.Clone(v.Shape[:n-1])
			columns := append(slices.Clone(v.Shape[:n-2]), v.Shape[n-1])
			o.rows = append(o.rows, o.add(o.Name+"/"+v.Name, v.Name, tensor.NewAny(v.DType, rows...)))
			o.columns = append(o.columns, o.add(o.Name+"/"+v.Name, v.Name, tensor.NewAny(v.DType, columns...)))
		}
		o.velocities = append(o.velocities, o.addLike(v, "velocity", 0))
	}
}

func rms(x []float64) float64 { return math.Sqrt(squares(x) / float64(len(x))) }

func (o *Adafactor) update(s *step) {
	rho := math.Min(s.rate, 1/math.Sqrt(s.time))
	alpha := math.Max(o.Epsilon2, rms(s.w)) * rho
	beta := 1 - math.Pow(s.time, o.Beta2Decay)
	v := s.slot(o.velocities)
	if shape := s.v.Shape; len(shape) >= 2 {
		o.factored(s, v, beta, shape[len(shape)-2], shape[len(shape)-1])
	} else {
		for i, g := range s.g {
			v[i] = beta*v[i] + (1-beta)*(g*g+o.Epsilon1)
		}
	}
	for i := range s.g {
		s.g[i] /= math.Sqrt(v[i])
	}
	clip := math.Max(1, rms(s.g)/o.ClipThreshold)
	for i, u := range s.g {
		s.w[i] -= alpha * u / clip
	}
}

// factored makes the mean squares of a stack of matrices from those of their rows and columns.
func (o *Adafactor) factored(s *step, v []float64, beta float64, rows, columns int) {
	r, c := s.slot(o.rows), s.slot(o.columns)
	for k := range len(s.g) / max(rows*columns, 1) {
		g, v, r, c := s.g[k*rows*columns:], v[k*rows*columns:], r[k*rows:(k+1)*rows], c[k*columns:(k+1)*columns]
		for i := range r {
			r[i] *= beta
		}
		for j := range c {
			c[j] *= beta
		}
		for i := range rows {
			for j := range columns {
				square := (1 - beta) * (g[i*columns+j]*g[i*columns+j] + o.Epsilon1)
				r[i] += square / float64(columns)
				c[j] += square / float64(rows)
			}
		}
		mean := 0.0
		for _, x := range r {
			mean += x / float64(rows)
		}
		for i := range rows {
			for j := range columns {
				v[i*columns+j] = r[i] / mean * c[j]
			}
		}
	}
}
