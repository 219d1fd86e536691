package losses

import (
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
)

func addHinge(r *layer.Registry) {
	simple := func(f plain) func() Function { return func() Function { return f } }
	register(r, "Hinge", "hinge", "hinge", simple(Hinge))
	register(r, "SquaredHinge", "squared_hinge", "squared_hinge", simple(SquaredHinge))
	register(r, "CategoricalHinge", "categorical_hinge", "categorical_hinge", simple(CategoricalHinge))
}

// Hinge is the mean of max(1 - t*p, 0) over the last axis, for targets -1 and 1; if all targets are 0 or 1 they stand for
// those (keras.losses.hinge).
func Hinge(b *graph.Builder, yTrue, yPred *graph.Value) *graph.Value {
	return meanLast(b, hinges(b, yTrue, yPred))
}

// SquaredHinge is the mean of max(1 - t*p, 0)² over the last axis, for targets as those of Hinge
// (keras.losses.squared_hinge).
func SquaredHinge(b *graph.Builder, yTrue, yPred *graph.Value) *graph.Value {
	return meanLast(b, b.Square(hinges(b, yTrue, yPred)))
}

func hinges(b *graph.Builder, yTrue, yPred *graph.Value) *graph.Value {
	t, p := pair(b, yTrue, yPred)
	zero, one := number(b, t, 0), number(b, t, 1)
	binary := b.All(b.Or(b.Compare(graph.Equal, t, zero), b.Compare(graph.Equal, t, one)))
	t = b.Where(binary, b.Sub(b.MulS(t, 2), one), t)
	return b.Max(oneMinus(b, b.Mul(t, p)), number(b, p, 0))
}

// CategoricalHinge is max(1 + max((1-t)*p) - sum(t*p), 0) over the last axis (keras.losses.categorical_hinge).
func CategoricalHinge(b *graph.Builder, yTrue, yPred *graph.Value) *graph.Value {
	t, p := pair(b, yTrue, yPred)
	positive := b.Sum(b.Mul(t, p), last(b, p))
	negative := b.Reduce(graph.ReduceMax, b.Mul(oneMinus(b, t), p), false, -1)
	return b.Max(b.AddS(b.Sub(negative, positive), 1), number(b, p, 0))
}
