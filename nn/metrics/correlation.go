package metrics

import (
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/nn/losses"
)

func addCorrelation(r *layer.Registry) {
	wrap(r, "PearsonCorrelation", "pearson_correlation", func() losses.Function { return new(pearsonCorrelation) })
	wrap(r, "ConcordanceCorrelation", "concordance_correlation", func() losses.Function { return new(concordanceCorrelation) })
}

// centered takes the mean along an axis from targets and predictions.
func centered(b *graph.Builder, yTrue, yPred *graph.Value, axis int) (t, p, meanT, meanP *graph.Value) {
	t, p = floats(b, yTrue, yPred)
	t, p = losses.SameRank(b, b.Cast(t, p.DType), p)
	meanT, meanP = b.MeanKeep(t, axis), b.MeanKeep(p, axis)
	return b.Sub(t, meanT), b.Sub(p, meanP), meanT, meanP
}

// pearsonCorrelation is the mean along an axis of the products of targets and predictions that were brought to mean 0 and
// deviation 1 (keras.metrics.pearson_correlation).
type pearsonCorrelation struct{ axis int }

func (f *pearsonCorrelation) Config(c *layer.Config) { c.Int("axis", &f.axis, -1) }
func (f *pearsonCorrelation) Values(b *graph.Builder, yTrue, yPred *graph.Value) *graph.Value {
	t, p, _, _ := centered(b, yTrue, yPred, f.axis)
	norm := func(x *graph.Value) *graph.Value { return b.Div(x, b.Sqrt(b.MeanKeep(b.Square(x), f.axis))) }
	return b.Mean(b.Mul(norm(t), norm(p)), f.axis)
}

// concordanceCorrelation is the mean along an axis of 2*(t - mean(p))*(p - mean(p)) / (var(t) + var(p) +
// (mean(t) - mean(p))² + 1e-7) (keras.metrics.concordance_correlation).
type concordanceCorrelation struct{ axis int }

func (f *concordanceCorrelation) Config(c *layer.Config) { c.Int("axis", &f.axis, -1) }
func (f *concordanceCorrelation) Values(b *graph.Builder, yTrue, yPred *graph.Value) *graph.Value {
	t, p, meanT, meanP := centered(b, yTrue, yPred, f.axis)
	distance := b.Sub(meanT, meanP)
	norm := b.Add(b.Add(b.MeanKeep(b.Square(t), f.axis), b.MeanKeep(b.Square(p), f.axis)), b.Square(distance))
	covariance := b.Mul(b.Add(t, distance), p)
	return b.Mean(b.Div(b.MulS(covariance, 2), b.AddS(norm, epsilon)), f.axis)
}
