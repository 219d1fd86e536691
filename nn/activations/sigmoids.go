package activations

import (
	"github.com/hornml/horn/nn/graph"
)

// Sigmoid is 1/(1 + e^-x) (keras.activations.sigmoid).
func Sigmoid(b *graph.Builder, x *graph.Value) *graph.Value { return b.Sigmoid(Float(b, x)) }

// HardSigmoid is x/6 + 0.5 within 0..1 (keras.activations.hard_sigmoid).
func HardSigmoid(b *graph.Builder, x *graph.Value) *graph.Value {
	return b.ClipSlopes(b.UnaryP(graph.Affine, graph.Params{A: 1.0 / 6, B: 0.5}, x), 0, 1, 0, 0)
}

// HardTanh is x within -1..1 (keras.activations.hard_tanh). Integers stay integers.
func HardTanh(b *graph.Builder, x *graph.Value) *graph.Value {
	return b.ClipSlopes(numeric(b, x), -1, 1, 1, 1)
}

// HardSilu is x * HardSigmoid(x) (keras.activations.hard_silu).
func HardSilu(b *graph.Builder, x *graph.Value) *graph.Value { return b.Mul(x, HardSigmoid(b, x)) }

// SparseSigmoid is x/2 + 0.5 within 0..1 (keras.activations.sparse_sigmoid).
func SparseSigmoid(b *graph.Builder, x *graph.Value) *graph.Value {
	return b.Clip(b.UnaryP(graph.Affine, graph.Params{A: 0.5, B: 0.5}, x), 0, 1)
}

// LogSigmoid is the logarithm of the sigmoid (keras.activations.log_sigmoid). Integers are negated before they become floats,
// so that unsigned ones wrap around.
func LogSigmoid(b *graph.Builder, x *graph.Value) *graph.Value {
	return b.Neg(b.Unary(graph.Softplus, Float(b, b.Neg(numeric(b, x)))))
}

// Glu multiplies the first half of an axis by the sigmoid of the second (keras.activations.glu).
func Glu(axis int) func(b *graph.Builder, x *graph.Value) *graph.Value {
	return func(b *graph.Builder, x *graph.Value) *graph.Value {
		i := b.Axis(axis, x.Rank())
		size := x.Shape[i]
		if size%2 != 0 {
			b.Fail("glu: axis %d of %s must be even", axis, x)
		}
		parts := b.Split(x, i, size/2, size/2)
		return b.Mul(parts[0], b.Sigmoid(parts[1]))
	}
}

// Softmax is exp(x)/sum(exp(x)) along the last axis (keras.activations.softmax).
func Softmax(b *graph.Builder, x *graph.Value) *graph.Value { return b.Softmax(x, -1) }

// LogSoftmax is the logarithm of Softmax (keras.activations.log_softmax).
func LogSoftmax(b *graph.Builder, x *graph.Value) *graph.Value { return b.LogSoftmax(x, -1) }

// Sparsemax is max(x - tau, 0) with a tau for each line along the axis (keras.activations.sparsemax, Martins and
// Astudillo 2016).
func Sparsemax(axis int) func(b *graph.Builder, x *graph.Value) *graph.Value {
	return func(b *graph.Builder, x *graph.Value) *graph.Value {
		axis := b.Axis(axis, x.Rank())
		size := x.Shape[axis]
		if !graph.Known(size) {
			return b.Opaque(x.DType, x.Shape, x)
		}
		// z in descending order; the support is where 1 + k*z_k exceeds the sum of the first k.
		z := b.Flip(b.Sort(x, axis), axis)
		sums := b.Cumsum(z, axis)
		shape := make([]int, x.Rank())
		for i := range shape {
			shape[i] = 1
		}
		shape[axis] = size
		k := b.Cumsum(b.Full(x.DType, 1, shape...), axis)
		excess := b.Sub(z, b.Div(b.AddS(sums, -1), k))
		support := b.Compare(graph.Greater, excess, b.Scalar(x.DType, 0))
		count := b.SumKeep(b.Cast(support, x.DType), axis)
		// Keras 3 adds up the running sums over the support, where the paper has the sum of its elements: the same for a
		// support of one. Its answers are what counts here.
		total := b.SumKeep(b.Where(support, sums, b.Scalar(x.DType, 0)), axis)
		tau := b.Div(b.AddS(total, -1), count)
		return b.Relu(b.Sub(x, tau))
	}
}
