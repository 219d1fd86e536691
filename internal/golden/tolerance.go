package golden

import (
	"fmt"
	"math"
	"slices"

	"github.com/hornml/horn/tensor"
)

// Comparison is the outcome of comparing one output.
type Comparison struct {
	MaxError   float64 // largest distance of ours from the reference: truth if there is one, else Keras's output
	KerasError float64 // largest distance of Keras's output from truth
	Limit      float64
	Problem    string // why it does not pass, "" if it does
}

// Compare judges one output. Floats pass, with s = max(1, max|reference|), if max|ours - truth| <= max(8 max|output -
// truth|, 2e-6 s); without a truth if max|ours - output| <= 1e-5 s; a float16 or bfloat16 output, or the output of a
// model with such a policy (half names it, else tensor.Invalid), if max|ours - output| <= 8 eps s. All else must be equal.
func Compare(ours, output, truth tensor.Any, half tensor.DType) Comparison {
	if !slices.Equal(ours.Shape(), output.Shape()) {
		return Comparison{Problem: fmt.Sprintf("the shape is %s, Keras's is %s", tensor.FormatShape(ours.Shape()),
			tensor.FormatShape(output.Shape()))}
	}
	// .npy has no bfloat16: such outputs are stored as float32.
	if ours.DType() != output.DType() && !(ours.DType() == tensor.BFloat16 && output.DType() == tensor.Float32) {
		return Comparison{Problem: fmt.Sprintf("the dtype is %s, Keras's is %s", ours.DType(), output.DType())}
	}
	if !ours.DType().IsFloat() {
		return compareExact(ours, output)
	}
	a, b := Floats(ours), Floats(output)
	if ours.DType().IsHalf() {
		half = ours.DType()
	}
	var c Comparison
	ref := b
	if truth != nil && half == tensor.Invalid {
		ref = Floats(truth)
		if len(ref) != len(b) {
			return Comparison{Problem: "the truth has another shape than the output"}
		}
	}
	s := 1.0
	for i, r := range ref {
		if math.IsNaN(b[i]) != math.IsNaN(a[i]) || (math.IsInf(b[i], 0) || math.IsInf(a[i], 0)) && a[i] != b[i] {
			c.MaxError = math.Inf(1)
			c.Problem = fmt.Sprintf("element %d is %v, Keras has %v", i, a[i], b[i])
			return c
		}
		if math.IsNaN(b[i]) || math.IsInf(b[i], 0) || math.IsNaN(r) || math.IsInf(r, 0) {
			continue
		}
		s = math.Max(s, math.Abs(r))
		c.MaxError = math.Max(c.MaxError, math.Abs(a[i]-r))
		c.KerasError = math.Max(c.KerasError, math.Abs(b[i]-r))
	}
	switch {
	case half == tensor.Float16:
		c.Limit = 8 * 0x1p-10 * s
	case half == tensor.BFloat16:
		c.Limit = 8 * 0x1p-7 * s
	case truth != nil:
		c.Limit = math.Max(8*c.KerasError, 2e-6*s)
	default:
		c.Limit = 1e-5 * s
	}
	if c.MaxError > c.Limit {
		c.Problem = fmt.Sprintf("the largest error is %.3g, allowed is %.3g", c.MaxError, c.Limit)
	}
	return c
}

// Floats returns the elements of a tensor of numbers as float64, in C order.
func Floats(t tensor.Any) []float64 {
	f := make([]float64, t.Len())
	_ = t.Float64s(f) // numbers: cannot fail
	return f
}

func compareExact(ours, output tensor.Any) Comparison {
	different := func(i int, a, b any) Comparison {
		return Comparison{MaxError: math.Inf(1), Problem: fmt.Sprintf("element %d is %v, Keras has %v", i, a, b)}
	}
	if a, ok := ours.(*tensor.Of[string]); ok {
		b := output.(*tensor.Of[string]).Data()
		for i, v := range a.Data() {
			if v != b[i] {
				return different(i, v, b[i])
			}
		}
		return Comparison{}
	}
	a, b := make([]int64, ours.Len()), make([]int64, output.Len())
	_, _ = ours.Int64s(a), output.Int64s(b)
	for i := range a {
		if a[i] != b[i] {
			return different(i, a[i], b[i])
		}
	}
	return Comparison{}
}
