package initializers

import (
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/tensor"
)

const epsilon = 1e-7 // keras.config.epsilon()

// Penalty implements layer.Regularizer.
func (r *L1L2) Penalty(b *graph.Builder, x *graph.Value) *graph.Value {
	x = number(b, x)
	sum := b.Scalar(x.DType, 0)
	if r.L1 != 0 {
		sum = b.Add(sum, b.MulS(b.Sum(b.Abs(x)), r.L1))
	}
	if r.L2 != 0 {
		sum = b.Add(sum, b.MulS(b.Sum(b.Square(x)), r.L2))
	}
	return sum
}

// number makes floats of the output of a layer that has none.
func number(b *graph.Builder, x *graph.Value) *graph.Value {
	if x.DType.IsFloat() {
		return x.WithMask(nil)
	}
	return b.Cast(x, tensor.Float32)
}

// Penalty implements layer.Regularizer: Factor/2 times the mean of |cosine| over all pairs of different rows or columns.
func (r *OrthogonalRegularizer) Penalty(b *graph.Builder, x *graph.Value) *graph.Value {
	if x.Rank() != 2 {
		b.Fail("OrthogonalRegularizer is for matrices, not %s", x)
	}
	x = number(b, x)
	size, axis := x.Shape[0], 1
	if r.Mode == "columns" {
		size, axis = x.Shape[1], 0
	}
	scale := b.Rsqrt(b.SumKeep(b.Square(x), axis))
	x = b.Mul(x, b.Min(scale, b.Scalar(x.DType, 1/epsilon)))
	product := b.MatMulT(x, x, axis == 0, axis == 1)
	diagonal := b.OneHot(places(b, size), size, x.DType)
	product = b.Mul(product, b.Sub(b.Scalar(x.DType, 1), diagonal))
	pairs := float64(size) * float64(size-1) / 2
	return b.Div(b.MulS(b.Sum(b.Abs(product)), r.Factor*0.5), b.Scalar(x.DType, pairs))
}

// places are the numbers from 0 to n-1.
func places(b *graph.Builder, n int) *graph.Value {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	return b.Ints(tensor.Int64, list...)
}

// norms are the lengths of weights along axes.
func norms(b *graph.Builder, w *graph.Value, axes []int) *graph.Value {
	return b.Sqrt(b.SumKeep(b.Square(w), axes...))
}

// Constrain implements layer.Constrainer.
func (c *MaxNorm) Constrain(b *graph.Builder, w *graph.Value) *graph.Value {
	n := norms(b, w, c.Axis)
	return b.Mul(w, b.Div(b.Clip(n, 0, c.MaxValue), b.AddS(n, epsilon)))
}

// Constrain implements layer.Constrainer.
func (c *MinMaxNorm) Constrain(b *graph.Builder, w *graph.Value) *graph.Value {
	n := norms(b, w, c.Axis)
	wanted := b.Add(b.MulS(b.Clip(n, c.MinValue, c.MaxValue), c.Rate), b.MulS(n, 1-c.Rate))
	return b.Mul(w, b.Div(wanted, b.AddS(n, epsilon)))
}

// Constrain implements layer.Constrainer.
func (c *UnitNorm) Constrain(b *graph.Builder, w *graph.Value) *graph.Value {
	return b.Div(w, b.AddS(norms(b, w, c.Axis), epsilon))
}

// Constrain implements layer.Constrainer.
func (*NonNeg) Constrain(b *graph.Builder, w *graph.Value) *graph.Value {
	return b.Max(w, b.Scalar(w.DType, 0))
}
