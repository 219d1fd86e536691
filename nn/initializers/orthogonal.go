package initializers

import (
	"fmt"
	"math"

	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

// Orthogonal makes a matrix whose rows or columns are orthonormal, times Gain (keras.initializers.Orthogonal).
type Orthogonal struct {
	Gain float64
	Seed any
}

func addOrthogonal(r *layer.Registry) {
	r.RegisterObject("initializers", "Orthogonal", func() layer.Configurable { return new(Orthogonal) }, "orthogonal",
		"OrthogonalInitializer")
}

// Config implements layer.Configurable.
func (i *Orthogonal) Config(c *layer.Config) {
	c.Float("gain", &i.Gain, 1)
	seed(c, &i.Seed)
}

// Make implements layer.Initializer: random rows, made orthonormal one after the other (Gram-Schmidt, twice for accuracy).
func (i *Orthogonal) Make(shape []int, d tensor.DType) (tensor.Any, error) {
	n, ok := tensor.SizeOf(shape)
	if len(shape) < 2 || !ok || n > maxElements || n == 0 {
		return nil, fmt.Errorf("an orthogonal matrix of shape %s", tensor.FormatShape(shape))
	}
	cols := shape[len(shape)-1]
	rows := n / cols
	count, size := min(rows, cols), max(rows, cols)
	r := source(i.Seed)
	basis := make([][]float64, count)
	for k := range basis {
		v := make([]float64, size)
		for j := range v {
			v[j] = r.NormFloat64()
		}
		for range 2 {
			for _, u := range basis[:k] {
				dot := 0.0
				for j := range v {
					dot += u[j] * v[j]
				}
				for j := range v {
					v[j] -= dot * u[j]
				}
			}
		}
		norm := 0.0
		for _, x := range v {
			norm += x * x
		}
		for j := range v {
			v[j] /= math.Sqrt(norm)
		}
		basis[k] = v
	}
	t := tensor.Zeros[float64](shape...)
	data := t.Data()
	for row := range rows {
		for col := range cols {
			if rows < cols {
				data[row*cols+col] = i.Gain * basis[row][col]
			} else {
				data[row*cols+col] = i.Gain * basis[col][row]
			}
		}
	}
	return t.Convert(d)
}
