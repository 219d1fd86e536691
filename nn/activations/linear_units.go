package activations

import (
	"math"

	"github.com/hornml/horn/nn/graph"
)

// Relu is x above the threshold, at most limit (nil for no limit), and slope*(x - threshold) below
// (keras.activations.relu). Integers stay integers unless there is a slope; threshold and limit are rounded to them.
func Relu(b *graph.Builder, x *graph.Value, slope float64, limit *float64, threshold float64) *graph.Value {
	if limit != nil && *limit == 6 && slope == 0 && threshold == 0 {
		return Relu6(b, x) // as Keras does
	}
	x = numeric(b, x)
	if slope != 0 && limit == nil && threshold == 0 {
		return LeakyRelu(slope)(b, Float(b, x))
	}
	number := func(v float64) *graph.Value {
		if x.DType.IsInt() {
			v = math.Trunc(v)
		}
		return b.Scalar(x.DType, v)
	}
	y := b.Relu(x)
	if threshold != 0 {
		y = b.Where(b.Compare(graph.Greater, x, number(threshold)), x, number(0))
	}
	switch {
	case limit == nil:
	case x.DType.IsInt():
		y = b.Clip(y, 0, math.Trunc(*limit))
	case threshold != 0:
		y = b.Clip(y, 0, *limit)
	case *limit == 6: // Keras takes relu6
		y = Relu6(b, x)
	default:
		y = b.ClipSlopes(x, 0, *limit, 0, 0.5)
	}
	if slope != 0 {
		below := b.Neg(x) // integers wrap around here, as Keras's do
		if below.DType.IsInt() && threshold == math.Trunc(threshold) {
			below = b.Add(below, number(threshold))
		} else {
			below = b.AddS(Float(b, below), threshold)
		}
		y = b.Sub(Float(b, y), b.MulS(Float(b, b.Relu(below)), slope))
	}
	return y
}

// Relu6 is x within 0..6 (keras.activations.relu6). Integers stay integers, bools become floats.
func Relu6(b *graph.Builder, x *graph.Value) *graph.Value {
	if !x.DType.IsInt() {
		x = Float(b, x)
	}
	return b.ClipSlopes(x, 0, 6, 0, 0)
}

// LeakyRelu is x above 0 and slope*x below (keras.activations.leaky_relu).
func LeakyRelu(slope float64) func(b *graph.Builder, x *graph.Value) *graph.Value {
	return func(b *graph.Builder, x *graph.Value) *graph.Value {
		return b.UnaryP(graph.LeakyRelu, graph.Params{A: slope}, x)
	}
}

// Elu is x above 0 and alpha*(exp(x)-1) below (keras.activations.elu).
func Elu(alpha float64) func(b *graph.Builder, x *graph.Value) *graph.Value {
	return func(b *graph.Builder, x *graph.Value) *graph.Value {
		return b.UnaryP(graph.Elu, graph.Params{A: alpha}, x)
	}
}

// Celu is x above 0 and alpha*(exp(x/alpha)-1) below (keras.activations.celu).
func Celu(alpha float64) func(b *graph.Builder, x *graph.Value) *graph.Value {
	return func(b *graph.Builder, x *graph.Value) *graph.Value {
		if alpha == 1 {
			return Elu(1)(b, x)
		}
		return b.MulS(Elu(1)(b, b.MulS(x, 1/alpha)), alpha)
	}
}

// The constants of selu, from Klambauer et al. 2017.
const (
	seluAlpha = 1.6732632423543772848170429916717
	seluScale = 1.0507009873554804934193349852946
)

// Selu is the scaled exponential linear unit (keras.activations.selu).
func Selu(b *graph.Builder, x *graph.Value) *graph.Value {
	return b.MulS(b.UnaryP(graph.Elu, graph.Params{A: seluAlpha}, x), seluScale)
}

// SoftShrink draws x towards 0 by the threshold (keras.activations.soft_shrink); NaN is 0.
func SoftShrink(threshold float64) func(b *graph.Builder, x *graph.Value) *graph.Value {
	return func(b *graph.Builder, x *graph.Value) *graph.Value {
		t, zero := b.Scalar(x.DType, threshold), b.Scalar(x.DType, 0)
		below := b.Where(b.Compare(graph.Less, x, b.Neg(t)), b.AddS(x, threshold), zero)
		return b.Where(b.Compare(graph.Greater, x, t), b.AddS(x, -threshold), below)
	}
}

// HardShrink is x where its magnitude exceeds the threshold, else 0, NaN included (keras.activations.hard_shrink).
func HardShrink(threshold float64) func(b *graph.Builder, x *graph.Value) *graph.Value {
	return func(b *graph.Builder, x *graph.Value) *graph.Value {
		keep := b.Compare(graph.Greater, b.Abs(x), b.Scalar(x.DType, threshold))
		return b.Where(keep, x, b.Scalar(x.DType, 0))
	}
}

// TanhShrink is x - tanh(x) (keras.activations.tanh_shrink).
func TanhShrink(b *graph.Builder, x *graph.Value) *graph.Value { return b.Sub(x, b.Tanh(x)) }

// Mish is x * tanh(softplus(x)) (keras.activations.mish).
func Mish(b *graph.Builder, x *graph.Value) *graph.Value {
	return b.Mul(x, b.Tanh(b.Unary(graph.Softplus, x)))
}

// SparsePlus is 0 below -1, x above 1 and (x+1)²/4 between (keras.activations.sparse_plus).
func SparsePlus(b *graph.Builder, x *graph.Value) *graph.Value {
	between := b.MulS(b.Square(b.AddS(x, 1)), 0.25)
	one, zero := b.Scalar(x.DType, 1), b.Scalar(x.DType, 0)
	y := b.Where(b.Compare(graph.Less, x, one), between, x)
	return b.Where(b.Compare(graph.LessEqual, x, b.Neg(one)), zero, y)
}

// Squareplus is (x + sqrt(x² + smoothness))/2 (keras.activations.squareplus). The square is rounded to the type of x: it is
// infinite for large floats, and wraps around for integers.
func Squareplus(smoothness float64) func(b *graph.Builder, x *graph.Value) *graph.Value {
	return func(b *graph.Builder, x *graph.Value) *graph.Value {
		x = numeric(b, x)
		square := b.Square(x)
		if square.DType.IsInt() && smoothness == math.Trunc(smoothness) {
			square = b.Add(square, b.Scalar(square.DType, smoothness))
		} else {
			square = b.AddS(Float(b, square), smoothness)
		}
		return b.MulS(b.Add(Float(b, x), b.Sqrt(Float(b, square))), 0.5)
	}
}
