package losses

import (
	"math"
	"slices"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

func addCategoricalCrossentropy(r *layer.Registry) {
	register(r, "CategoricalCrossentropy", "categorical_crossentropy", "categorical_crossentropy",
		func() Function { return new(CategoricalCrossentropy) })
	register(r, "CategoricalFocalCrossentropy", "categorical_focal_crossentropy", "categorical_focal_crossentropy",
		func() Function { return new(CategoricalFocalCrossentropy) })
	register(r, "SparseCategoricalCrossentropy", "sparse_categorical_crossentropy", "sparse_categorical_crossentropy",
		func() Function { return new(SparseCategoricalCrossentropy) })
	register(r, "SparseCategoricalFocalCrossentropy", "sparse_categorical_focal_crossentropy", "sparse_categorical_focal_crossentropy",
		func() Function { return new(SparseCategoricalFocalCrossentropy) })
	register(r, "CategoricalGeneralizedCrossEntropy", "categorical_generalized_cross_entropy", "categorical_generalized_cross_entropy",
		func() Function { return new(CategoricalGeneralizedCrossEntropy) })
}

// CategoricalCrossentropy is -sum(t*log(p)) over an axis of class probabilities, which are divided by their sum and kept
// within 1e-7..1-1e-7, or of logits (keras.losses.categorical_crossentropy). Label smoothing draws targets towards equal
// shares.
type CategoricalCrossentropy struct {
	FromLogits     bool
	LabelSmoothing float64
	Axis           int
}

// Config implements layer.Configurable.
func (l *CategoricalCrossentropy) Config(c *layer.Config) {
	c.Bool("from_logits", &l.FromLogits, false)
	c.Float("label_smoothing", &l.LabelSmoothing, 0)
	c.Int("axis", &l.Axis, -1)
}

// Values implements Function.
func (l *CategoricalCrossentropy) Values(b *graph.Builder, yTrue, yPred *graph.Value) *graph.Value {
	t, p := pair(b, yTrue, yPred)
	sameClasses(b, t, p)
	t = smooth(b, t, l.LabelSmoothing, t.Shape[t.Rank()-1])
	return b.Neg(b.Sum(b.Mul(t, logProbabilities(b, p, l.FromLogits, l.Axis)), l.Axis))
}

func sameClasses(b *graph.Builder, t, p *graph.Value) {
	if p.Rank() == 0 || !slices.Equal(t.Shape, p.Shape) {
		b.Fail("targets %s do not fit class probabilities %s; targets that are class numbers need a sparse loss", t, p)
	}
}

// logProbabilities are the logarithms of class probabilities along an axis.
func logProbabilities(b *graph.Builder, p *graph.Value, logits bool, axis int) *graph.Value {
	if logits {
		return b.LogSoftmax(p, axis)
	}
	return b.Log(probabilities(b, p, axis))
}

// probabilities divides by the sum and clips, as Keras does before it takes logarithms.
func probabilities(b *graph.Builder, p *graph.Value, axis int) *graph.Value {
	return b.Clip(b.Div(p, b.SumKeep(p, axis)), epsilon, 1-epsilon)
}

// CategoricalFocalCrossentropy is the sum over an axis of -Alpha*(1-p)^Gamma*t*log(p)
// (keras.losses.categorical_focal_crossentropy).
type CategoricalFocalCrossentropy struct {
	Alpha, Gamma   float64
	FromLogits     bool
	LabelSmoothing float64
	Axis           int
}

// Config implements layer.Configurable.
func (l *CategoricalFocalCrossentropy) Config(c *layer.Config) {
	c.Bool("from_logits", &l.FromLogits, false)
	c.Float("label_smoothing", &l.LabelSmoothing, 0)
	c.Int("axis", &l.Axis, -1)
	c.Float("alpha", &l.Alpha, 0.25)
	c.Float("gamma", &l.Gamma, 2)
}

// Values implements Function.
func (l *CategoricalFocalCrossentropy) Values(b *graph.Builder, yTrue, yPred *graph.Value) *graph.Value {
	t, p := pair(b, yTrue, yPred)
	sameClasses(b, t, p)
	t = smooth(b, t, l.LabelSmoothing, t.Shape[t.Rank()-1])
	if l.FromLogits {
		p = b.Softmax(p, l.Axis)
	}
	p = probabilities(b, p, l.Axis)
	crossentropy := b.Mul(b.Neg(t), b.Log(p))
	factor := b.MulS(b.Pow(oneMinus(b, p), number(b, p, l.Gamma)), l.Alpha)
	return b.Sum(b.Mul(factor, crossentropy), l.Axis)
}

// SparseCategoricalCrossentropy is -log of the probability of the target class along an axis; probabilities are those of
// CategoricalCrossentropy (keras.losses.sparse_categorical_crossentropy). Samples of the class to ignore count as masked;
// a class number that is out of range gives 0.
type SparseCategoricalCrossentropy struct {
	FromLogits     bool
	IgnoreClass    *int
	Axis           int
	LabelSmoothing float64 // of Keras 3.16
	// WriteAxis puts "axis" among the arguments that are written, as the metric of this name does; Keras's loss leaves it
	// out.
	WriteAxis bool
}

// Config implements layer.Configurable.
func (l *SparseCategoricalCrossentropy) Config(c *layer.Config) {
	c.Bool("from_logits", &l.FromLogits, false)
	c.IntOrNone("ignore_class", &l.IgnoreClass)
	layer.Unwritten(c, "label_smoothing", &l.LabelSmoothing, 0, c.Float)
	if l.WriteAxis {
		c.Int("axis", &l.Axis, -1)
		return
	}
	layer.Unwritten(c, "axis", &l.Axis, -1, c.Int)
}

// Values implements Function.
func (l *SparseCategoricalCrossentropy) Values(b *graph.Builder, yTrue, yPred *graph.Value) *graph.Value {
	t, p, axis := classNumbers(b, yTrue, yPred, l.Axis)
	classes := p.Shape[axis]
	zero := b.Int(tensor.Int64, 0)
	var valid *graph.Value
	if l.IgnoreClass != nil {
		valid = b.Compare(graph.NotEqual, t, b.Int(tensor.Int64, int64(*l.IgnoreClass)))
		t = b.Where(valid, t, zero)
		p = b.Where(b.ExpandDims(valid, axis), p, number(b, p, 0))
	}
	inRange := b.And(b.Compare(graph.GreaterEqual, t, zero), b.Compare(graph.Less, t, b.Int(tensor.Int64, int64(classes))))
	index := b.ExpandDims(b.Where(inRange, t, zero), axis)
	log := logProbabilities(b, p, l.FromLogits, axis)
	values := b.Neg(b.Squeeze(b.TakeAlong(log, index, axis), axis))
	keep := inRange
	if l.LabelSmoothing > 0 { // the rest of the target is the same for all classes
		values = b.Where(inRange, values, number(b, values, 0))
		values = b.Sub(b.MulS(values, 1-l.LabelSmoothing), b.MulS(b.Mean(log, axis), l.LabelSmoothing))
		keep = valid
	} else if valid != nil {
		keep = b.And(inRange, valid)
	}
	if keep != nil {
		values = b.Where(keep, values, number(b, values, 0))
	}
	return values.WithMask(valid)
}

// classNumbers reads targets that are numbers of classes along an axis of the predictions.
func classNumbers(b *graph.Builder, yTrue, yPred *graph.Value, at int) (t, p *graph.Value, axis int) {
	p = floats(b, yPred)
	axis = b.Axis(at, p.Rank())
	t = cast(b, yTrue, tensor.Int64)
	if t.Rank() == p.Rank() && t.Shape[axis] == 1 {
		t = b.Squeeze(t, axis)
	}
	if want := slices.Delete(slices.Clone(p.Shape), axis, axis+1); !slices.Equal(t.Shape, want) || p.Shape[axis] == 0 {
		b.Fail("class numbers %s do not fit predictions %s; targets that are probabilities need a loss that is not sparse", t, p)
	}
	return t, p, axis
}

// SparseCategoricalFocalCrossentropy is -Alpha*(1-p)^Gamma*log(p) of the probability p of the target class
// (keras.losses.sparse_categorical_focal_crossentropy, of Keras 3.16). Samples of the class to ignore count as masked; a class
// number that is out of range gives NaN.
type SparseCategoricalFocalCrossentropy struct {
	Alpha       []float64 // one number, or one for each class
	Gamma       float64
	FromLogits  bool
	IgnoreClass *int
	Axis        int
}

// Config implements layer.Configurable.
func (l *SparseCategoricalFocalCrossentropy) Config(c *layer.Config) {
	l.alpha(c)
	c.Float("gamma", &l.Gamma, 2)
	c.Bool("from_logits", &l.FromLogits, false)
	c.IntOrNone("ignore_class", &l.IgnoreClass)
	c.Int("axis", &l.Axis, -1)
}

// alpha visits a number, which is written as such, or a list of them.
func (l *SparseCategoricalFocalCrossentropy) alpha(c *layer.Config) {
	if c.Reading() || len(l.Alpha) != 1 {
		c.Floats("alpha", &l.Alpha, []float64{0.25})
		if len(l.Alpha) == 0 {
			c.Errorf("alpha", "a number or a list of numbers is expected")
			l.Alpha = []float64{0.25}
		}
		return
	}
	c.Float("alpha", &l.Alpha[0], 0.25)
}

// Values implements Function.
func (l *SparseCategoricalFocalCrossentropy) Values(b *graph.Builder, yTrue, yPred *graph.Value) *graph.Value {
	t, p, axis := classNumbers(b, yTrue, yPred, l.Axis)
	classes := p.Shape[axis]
	zero := b.Int(tensor.Int64, 0)
	inRange := b.And(b.Compare(graph.GreaterEqual, t, zero), b.Compare(graph.Less, t, b.Int(tensor.Int64, int64(classes))))
	index := b.Where(inRange, t, zero)
	if l.FromLogits {
		p = b.Softmax(p, axis)
	}
	p = b.Squeeze(b.TakeAlong(probabilities(b, p, axis), b.ExpandDims(index, axis), axis), axis)
	alpha := number(b, p, l.Alpha[0])
	if len(l.Alpha) > 1 {
		if len(l.Alpha) != classes {
			b.Fail("%d values of alpha for %d classes", len(l.Alpha), classes)
		}
		alpha = b.Sum(b.Mul(b.OneHot(index, classes, p.DType), b.Floats(p.DType, l.Alpha...)), -1)
	}
	values := b.Neg(b.Mul(alpha, b.Mul(b.Pow(oneMinus(b, p), number(b, p, l.Gamma)), b.Log(p))))
	values = b.Where(inRange, values, number(b, values, math.NaN()))
	if l.IgnoreClass == nil {
		return values
	}
	valid := b.Compare(graph.NotEqual, t, b.Int(tensor.Int64, int64(*l.IgnoreClass)))
	return b.Where(valid, values, number(b, values, 0)).WithMask(valid)
}

// CategoricalGeneralizedCrossEntropy is (1 - p^Q)/Q, where p is the probability of the target class along the last axis
// (keras.losses.categorical_generalized_cross_entropy).
type CategoricalGeneralizedCrossEntropy struct{ Q float64 }

// Config implements layer.Configurable.
func (l *CategoricalGeneralizedCrossEntropy) Config(c *layer.Config) {
	c.Float("q", &l.Q, 0.5)
	if l.Q <= 0 || l.Q >= 1 {
		c.Errorf("q", "a number between 0 and 1 is expected, not %v", l.Q)
	}
}

// Values implements Function.
func (l *CategoricalGeneralizedCrossEntropy) Values(b *graph.Builder, yTrue, yPred *graph.Value) *graph.Value {
	p := floats(b, yPred)
	hot := b.OneHot(cast(b, yTrue, tensor.Int64), p.Shape[last(b, p)], p.DType)
	p = b.Sum(b.Mul(p, hot), -1)
	return b.MulS(oneMinus(b, b.Pow(p, number(b, p, l.Q))), 1/l.Q)
}
