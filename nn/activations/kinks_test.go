package activations_test

import (
	"math"
	"testing"

	"github.com/hornml/horn/nn/activations"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/internal/optest"
)

// TestKinks holds the slopes of activations where they have kinks to those of Keras 3.15.1 on JAX.
func TestKinks(t *testing.T) {
	type function = func(b *graph.Builder, x *graph.Value) *graph.Value
	six, five := 6.0, 5.0
	relu := func(slope float64, limit *float64, threshold float64) function {
		return func(b *graph.Builder, x *graph.Value) *graph.Value {
			return activations.Relu(b, x, slope, limit, threshold)
		}
	}
	const selu = 1.7580993408473766 // the scale times alpha
	for _, c := range []struct {
		name      string
		f         function
		at, slope []float64
	}{
		{"relu", relu(0, nil, 0), []float64{-1, 0, 1}, []float64{0, 0, 1}},
		{"relu max 6", relu(0, &six, 0), []float64{0, 1, 6}, []float64{0, 1, 0}},
		{"relu max 5", relu(0, &five, 0), []float64{0, 1, 5, 6}, []float64{0, 1, 0.5, 0}},
		{"relu max 6 slope", relu(0.1, &six, 0), []float64{-1, 0, 1, 6}, []float64{0.1, 0, 1, 0}},
		{"relu max 6 threshold", relu(0, &six, 1), []float64{0, 1, 2, 6}, []float64{0, 0, 1, 0.5}},
		{"relu slope threshold", relu(0.1, nil, 1), []float64{0, 1, 2}, []float64{0.1, 0, 1}},
		{"relu6", activations.Relu6, []float64{0, 1, 6}, []float64{0, 1, 0}},
		{"leaky_relu", activations.LeakyRelu(0.2), []float64{-1, 0, 1}, []float64{0.2, 1, 1}},
		{"elu", activations.Elu(0.5), []float64{0, 1}, []float64{0.5, 1}},
		{"selu", activations.Selu, []float64{0}, []float64{selu}},
		{"celu", activations.Celu(0.5), []float64{0, 1}, []float64{1, 1}},
		{"hard_sigmoid", activations.HardSigmoid, []float64{-3, 0, 3}, []float64{0, 1.0 / 6, 0}},
		{"hard_silu", activations.HardSilu, []float64{-3, 0, 3}, []float64{0, 0.5, 1}},
		{"hard_tanh", activations.HardTanh, []float64{-2, -1, 0, 1, 2}, []float64{0, 1, 1, 1, 0}},
		{"hard_shrink", activations.HardShrink(0.5), []float64{-1, -0.5, 0, 0.5, 1}, []float64{1, 0, 0, 0, 1}},
		{"soft_shrink", activations.SoftShrink(0.5), []float64{-1, -0.5, 0, 0.5, 1}, []float64{1, 0, 0, 0, 1}},
		{"sparse_plus", activations.SparsePlus, []float64{-1, 0, 1}, []float64{0, 0.5, 1}},
		{"sparse_sigmoid", activations.SparseSigmoid, []float64{-1, 0, 1}, []float64{0.25, 0.5, 0.25}},
	} {
		slopes := optest.Slopes(t, func(b *graph.Builder, x []*graph.Value) *graph.Value { return c.f(b, x[0]) }, c.at)[0]
		for i, want := range c.slope {
			if math.Abs(slopes[i]-want) > 1e-12 {
				t.Errorf("%s: the slope at %v is %v, Keras has %v", c.name, c.at[i], slopes[i], want)
			}
		}
	}
}
