package losses

import (
	"math"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
)

func addRegression(r *layer.Registry) {
	simple := func(f plain) func() Function { return func() Function { return f } }
	register(r, "MeanSquaredError", "mean_squared_error", "mean_squared_error", simple(MeanSquaredError), "mse", "MSE")
	register(r, "MeanAbsoluteError", "mean_absolute_error", "mean_absolute_error", simple(MeanAbsoluteError), "mae", "MAE")
	register(r, "MeanAbsolutePercentageError", "mean_absolute_percentage_error", "mean_absolute_percentage_error",
		simple(MeanAbsolutePercentageError), "mape", "MAPE")
	register(r, "MeanSquaredLogarithmicError", "mean_squared_logarithmic_error", "mean_squared_logarithmic_error",
		simple(MeanSquaredLogarithmicError), "msle", "MSLE")
	register(r, "LogCosh", "log_cosh", "log_cosh", simple(LogCosh), "logcosh")
	register(r, "Huber", "huber_loss", "huber", func() Function { return new(Huber) })
	register(r, "CosineSimilarity", "cosine_similarity", "cosine_similarity", func() Function { return new(CosineSimilarity) })
}

// MeanSquaredError is the mean of (t-p)² over the last axis (keras.losses.mean_squared_error).
func MeanSquaredError(b *graph.Builder, yTrue, yPred *graph.Value) *graph.Value {
	t, p := samePair(b, yTrue, yPred)
	return meanLast(b, b.Square(b.Sub(t, p)))
}

// MeanAbsoluteError is the mean of |t-p| over the last axis (keras.losses.mean_absolute_error).
func MeanAbsoluteError(b *graph.Builder, yTrue, yPred *graph.Value) *graph.Value {
	t, p := samePair(b, yTrue, yPred)
	return meanLast(b, b.Abs(b.Sub(t, p)))
}

// MeanAbsolutePercentageError is 100 times the mean of |t-p|/max(|t|, 1e-7) over the last axis
// (keras.losses.mean_absolute_percentage_error).
func MeanAbsolutePercentageError(b *graph.Builder, yTrue, yPred *graph.Value) *graph.Value {
	t, p := samePair(b, yTrue, yPred)
	return b.MulS(meanLast(b, b.Abs(b.Div(b.Sub(t, p), b.Max(b.Abs(t), number(b, t, epsilon))))), 100)
}

// MeanSquaredLogarithmicError is the mean of (log(1+t) - log(1+p))² over the last axis, both at least 1e-7
// (keras.losses.mean_squared_logarithmic_error).
func MeanSquaredLogarithmicError(b *graph.Builder, yTrue, yPred *graph.Value) *graph.Value {
	t, p := samePair(b, yTrue, yPred)
	log := func(x *graph.Value) *graph.Value { return b.Log(b.AddS(b.Max(x, number(b, x, epsilon)), 1)) }
	return meanLast(b, b.Square(b.Sub(log(p), log(t))))
}

// LogCosh is the mean of log(cosh(p-t)) over the last axis, computed as d + softplus(-2d) - log(2)
// (keras.losses.log_cosh).
func LogCosh(b *graph.Builder, yTrue, yPred *graph.Value) *graph.Value {
	t, p := samePair(b, yTrue, yPred)
	d := b.Sub(p, t)
	return meanLast(b, b.AddS(b.Add(d, b.Unary(graph.Softplus, b.MulS(d, -2))), -math.Ln2))
}

// Huber is the mean over the last axis of (p-t)²/2 where |p-t| is at most Delta, else Delta*|p-t| - Delta²/2
// (keras.losses.huber).
type Huber struct{ Delta float64 }

// Config implements layer.Configurable. Keras does not save delta in the config of a Huber loss.
func (h *Huber) Config(c *layer.Config) { layer.Unwritten(c, "delta", &h.Delta, 1, c.Float) }

// Values implements Function.
func (h *Huber) Values(b *graph.Builder, yTrue, yPred *graph.Value) *graph.Value {
	t, p := samePair(b, yTrue, yPred)
	d := b.Sub(p, t)
	abs := b.Abs(d)
	inner := b.MulS(b.Square(d), 0.5)
	outer := b.AddS(b.MulS(abs, h.Delta), -0.5*h.Delta*h.Delta)
	return meanLast(b, b.Where(b.Compare(graph.LessEqual, abs, number(b, abs, h.Delta)), inner, outer))
}

// CosineSimilarity is minus the sum of t*p along an axis, both scaled to length 1 (keras.losses.cosine_similarity).
type CosineSimilarity struct{ Axis int }

// Config implements layer.Configurable. Keras does not save the axis in the config of a CosineSimilarity loss.
func (s *CosineSimilarity) Config(c *layer.Config) { layer.Unwritten(c, "axis", &s.Axis, -1, c.Int) }

// Values implements Function.
func (s *CosineSimilarity) Values(b *graph.Builder, yTrue, yPred *graph.Value) *graph.Value {
	return b.Neg(Cosine(b, yTrue, yPred, s.Axis))
}

// Cosine is the sum of t*p along an axis, both scaled to length 1; what has length 0 stays 0
// (keras.metrics.CosineSimilarity).
func Cosine(b *graph.Builder, yTrue, yPred *graph.Value, axis int) *graph.Value {
	t, p := samePair(b, yTrue, yPred)
	unit := func(x *graph.Value) *graph.Value {
		scale := b.Rsqrt(b.SumKeep(b.Square(x), axis))
		return b.Mul(x, b.Min(scale, number(b, x, 1/epsilon)))
	}
	last(b, p)
	return b.Sum(b.Mul(unit(t), unit(p)), axis)
}
