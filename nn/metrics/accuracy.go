package metrics

import (
	"slices"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/nn/losses"
	"github.com/hornml/horn/tensor"
)

func addAccuracy(r *layer.Registry) {
	add := func(class, name string, make func() losses.Function) { wrap(r, class, name, make) }
	add("Accuracy", "accuracy", func() losses.Function { return function(accuracy) })
	add("BinaryAccuracy", "binary_accuracy", func() losses.Function { return new(binaryAccuracy) })
	add("CategoricalAccuracy", "categorical_accuracy", func() losses.Function { return function(categoricalAccuracy) })
	add("SparseCategoricalAccuracy", "sparse_categorical_accuracy", func() losses.Function { return function(sparseCategoricalAccuracy) })
	add("TopKCategoricalAccuracy", "top_k_categorical_accuracy", func() losses.Function { return new(topKAccuracy) })
	add("SparseTopKCategoricalAccuracy", "sparse_top_k_categorical_accuracy", func() losses.Function { return &topKAccuracy{sparse: true} })
}

// floats brings predictions to float32 or float64 and targets to numbers.
func floats(b *graph.Builder, yTrue, yPred *graph.Value) (t, p *graph.Value) {
	t, p = yTrue.WithMask(nil), yPred.WithMask(nil)
	if t.DType == tensor.String || p.DType == tensor.String {
		b.Fail("numbers are expected as targets and predictions, not %s and %s", t, p)
	}
	if p.DType != tensor.Float64 {
		p = b.Cast(p, tensor.Float32)
	}
	if p.Rank() == 0 || t.Rank() == 0 {
		b.Fail("a batch of predictions is expected, not a number")
	}
	return t, p
}

// equal is 1 where two values are equal, else 0.
func equal(b *graph.Builder, x, y *graph.Value) *graph.Value {
	return b.Cast(b.Compare(graph.Equal, x, y), tensor.Float32)
}

// accuracy tells where predictions equal targets (keras.metrics.Accuracy).
func accuracy(b *graph.Builder, yTrue, yPred *graph.Value) *graph.Value {
	t, p := floats(b, yTrue, yPred)
	t, p = losses.SameRank(b, b.Cast(t, p.DType), p)
	return equal(b, t, p)
}

// binaryAccuracy tells where predictions above a threshold are 1 in the targets, and the others 0
// (keras.metrics.binary_accuracy).
type binaryAccuracy struct{ threshold float64 }

func (f *binaryAccuracy) Config(c *layer.Config) {
	c.Float("threshold", &f.threshold, 0.5)
	if f.threshold < 0 || f.threshold > 1 {
		c.Errorf("threshold", "a number from 0 to 1 is expected, not %v", f.threshold)
	}
}

func (f *binaryAccuracy) Values(b *graph.Builder, yTrue, yPred *graph.Value) *graph.Value {
	t, p := floats(b, yTrue, yPred)
	t, p = losses.SameRank(b, b.Cast(t, p.DType), p)
	return equal(b, t, b.Cast(b.Compare(graph.Greater, p, b.Scalar(p.DType, f.threshold)), p.DType))
}

// argmax is the class of the largest value along the last axis.
func argmax(b *graph.Builder, x *graph.Value) *graph.Value {
	return b.Cast(b.Squeeze(b.Argmax(x, -1), -1), tensor.Int64)
}

// categoricalAccuracy tells where the most probable class is that of the largest target
// (keras.metrics.categorical_accuracy).
func categoricalAccuracy(b *graph.Builder, yTrue, yPred *graph.Value) *graph.Value {
	t, p := floats(b, yTrue, yPred)
	t = argmax(b, numeric(b, t))
	if t.Rank() == p.Rank() {
		shape := t.Shape
		return b.Reshape(equal(b, squeeze(b, t), argmax(b, p)), shape...)
	}
	return equal(b, t, argmax(b, p))
}

// numeric makes integers of bools, which have no order.
func numeric(b *graph.Builder, x *graph.Value) *graph.Value {
	if x.DType == tensor.Bool {
		return b.Cast(x, tensor.Int64)
	}
	return x
}

func squeeze(b *graph.Builder, t *graph.Value) *graph.Value {
	if t.Shape[t.Rank()-1] != 1 {
		b.Fail("targets of shape %s have an axis too many", tensor.FormatShape(t.Shape))
	}
	return b.Squeeze(t, -1)
}

// sparseCategoricalAccuracy tells where the most probable class is the target, a class number
// (keras.metrics.sparse_categorical_accuracy).
func sparseCategoricalAccuracy(b *graph.Builder, yTrue, yPred *graph.Value) *graph.Value {
	t, p := floats(b, yTrue, yPred)
	shape := t.Shape
	if t.Rank() == p.Rank() && t.Shape[t.Rank()-1] == 1 {
		t = b.Squeeze(t, -1)
	}
	best := argmax(b, p)
	if !slices.Equal(t.Shape, best.Shape) {
		b.Fail("class numbers %s do not fit predictions %s", yTrue, yPred)
	}
	matches := b.Reshape(equal(b, b.Cast(t, p.DType), b.Cast(best, p.DType)), shape...)
	if matches.Rank() > 1 && matches.Shape[matches.Rank()-1] == 1 {
		matches = b.Squeeze(matches, -1)
	}
	return matches
}

// topKAccuracy tells where the target is among the k most probable classes, ties included
// (keras.metrics.top_k_categorical_accuracy, sparse_top_k_categorical_accuracy). With fromSortedIDs the predictions are
// class numbers, the most probable first.
type topKAccuracy struct {
	k                     int
	sparse, fromSortedIDs bool
}

func (f *topKAccuracy) Config(c *layer.Config) {
	c.Positive("k", &f.k, 5)
	if f.sparse {
		layer.Unwritten(c, "from_sorted_ids", &f.fromSortedIDs, false, c.Bool)
	}
}

func (f *topKAccuracy) Values(b *graph.Builder, yTrue, yPred *graph.Value) *graph.Value {
	t, p := floats(b, yTrue, yPred)
	if !f.sparse {
		t = argmax(b, numeric(b, t))
	}
	shape := t.Shape
	classes := p.Shape[p.Rank()-1]
	if p.Rank() < 2 || t.Size()*classes != p.Size() {
		b.Fail("targets %s do not fit predictions %s", yTrue, yPred)
	}
	n := t.Size()
	p = b.Reshape(p, n, classes)
	if f.fromSortedIDs {
		t = b.Reshape(b.Cast(t, p.DType), n, 1)
		first := b.Slice(p, 1, 0, min(f.k, classes))
		return b.Reshape(b.Cast(b.Any(b.Compare(graph.Equal, first, t), 1), tensor.Float32), shape...)
	}
	t = b.Reshape(b.Cast(t, tensor.Int64), n, 1)
	inRange := b.And(b.Compare(graph.GreaterEqual, t, b.Int(tensor.Int64, 0)), b.Compare(graph.Less, t, b.Int(tensor.Int64, int64(classes))))
	mine := b.TakeAlong(p, b.Where(inRange, t, b.Int(tensor.Int64, 0)), 1)
	larger := b.Sum(b.Cast(b.Compare(graph.Greater, p, mine), tensor.Int32), 1)
	within := b.And(b.Compare(graph.Less, larger, b.Int(tensor.Int32, int64(f.k))), b.Reshape(inRange, n))
	return b.Reshape(b.Cast(within, tensor.Float32), shape...)
}
