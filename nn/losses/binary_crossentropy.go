package losses

import (
	"slices"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
)

func addBinaryCrossentropy(r *layer.Registry) {
	register(r, "BinaryCrossentropy", "binary_crossentropy", "binary_crossentropy", func() Function { return new(BinaryCrossentropy) },
		"bce", "BCE")
	register(r, "BinaryFocalCrossentropy", "binary_focal_crossentropy", "binary_focal_crossentropy",
		func() Function { return new(BinaryFocalCrossentropy) })
}

// BinaryCrossentropy is the mean over an axis of -t*log(p) - (1-t)*log(1-p), p within 1e-7..1-1e-7, or of the same for
// p = sigmoid(logit) (keras.losses.binary_crossentropy). Label smoothing draws targets towards 1/2.
type BinaryCrossentropy struct {
	FromLogits     bool
	LabelSmoothing float64
	Axis           int
	// NoAxis leaves "axis" out of the arguments, as the metric of this name does.
	NoAxis bool
}

// Config implements layer.Configurable.
func (l *BinaryCrossentropy) Config(c *layer.Config) {
	c.Bool("from_logits", &l.FromLogits, false)
	c.Float("label_smoothing", &l.LabelSmoothing, 0)
	if l.NoAxis {
		l.Axis = -1
		return
	}
	c.Int("axis", &l.Axis, -1)
}

// Values implements Function.
func (l *BinaryCrossentropy) Values(b *graph.Builder, yTrue, yPred *graph.Value) *graph.Value {
	t, p := pair(b, yTrue, yPred)
	last(b, p)
	return b.Mean(binary(b, smooth(b, t, l.LabelSmoothing, 2), p, l.FromLogits), l.Axis)
}

// smooth draws targets towards equal shares of n classes.
func smooth(b *graph.Builder, t *graph.Value, by float64, n int) *graph.Value {
	if by == 0 {
		return t
	}
	return b.AddS(b.MulS(t, 1-by), by/float64(n))
}

// binary is the crossentropy of each element (keras.ops.binary_crossentropy).
func binary(b *graph.Builder, t, p *graph.Value, logits bool) *graph.Value {
	if !slices.Equal(t.Shape, p.Shape) {
		b.Fail("targets %s do not fit predictions %s", t, p)
	}
	if logits {
		// max(x, 0) - x*t + log(1 + exp(-|x|))
		return b.Add(b.Sub(b.Relu(p), b.Mul(p, t)), b.Unary(graph.Log1p, b.Exp(b.Neg(b.Abs(p)))))
	}
	p = b.Clip(p, epsilon, 1-epsilon)
	return b.Neg(b.Add(b.Mul(t, b.Log(p)), b.Mul(oneMinus(b, t), b.Log(oneMinus(b, p)))))
}

// BinaryFocalCrossentropy is the mean over an axis of the binary crossentropy times (1-q)^Gamma, where q is the probability
// of what is true; with class balancing also times Alpha for targets 1 and 1-Alpha for targets 0
// (keras.losses.binary_focal_crossentropy).
type BinaryFocalCrossentropy struct {
	ApplyClassBalancing bool
	Alpha, Gamma        float64
	FromLogits          bool
	LabelSmoothing      float64
	Axis                int
}

// Config implements layer.Configurable.
func (l *BinaryFocalCrossentropy) Config(c *layer.Config) {
	c.Bool("from_logits", &l.FromLogits, false)
	c.Float("label_smoothing", &l.LabelSmoothing, 0)
	c.Int("axis", &l.Axis, -1)
	c.Bool("apply_class_balancing", &l.ApplyClassBalancing, false)
	c.Float("alpha", &l.Alpha, 0.25)
	c.Float("gamma", &l.Gamma, 2)
}

// Values implements Function.
func (l *BinaryFocalCrossentropy) Values(b *graph.Builder, yTrue, yPred *graph.Value) *graph.Value {
	t, p := pair(b, yTrue, yPred)
	last(b, p)
	t = smooth(b, t, l.LabelSmoothing, 2)
	if l.FromLogits {
		p = b.Sigmoid(p)
	}
	values := binary(b, t, p, false)
	q := b.Add(b.Mul(t, p), b.Mul(oneMinus(b, t), oneMinus(b, p)))
	values = b.Mul(b.Pow(oneMinus(b, q), number(b, q, l.Gamma)), values)
	if l.ApplyClassBalancing {
		values = b.Mul(b.Add(b.MulS(t, l.Alpha), b.MulS(oneMinus(b, t), 1-l.Alpha)), values)
	}
	return b.Mean(values, l.Axis)
}
