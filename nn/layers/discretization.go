package layers

import (
	"errors"
	"math"
	"slices"
	"sort"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

// Discretization puts numbers into ranges (keras.layers.Discretization): a number's range is how many of BinBoundaries are
// not above it. It gives int32 of the input's shape or, with other output modes, vectors.
type Discretization struct {
	layer.Base
	BinBoundaries []float64 // ascending; nil until Adapt finds them
	NumBins       *int      // for Adapt
	Epsilon       float64   // the precision of Adapt
	OutputMode    string
	summary       *layer.SavedVariable // what Keras 2 wrote of Adapt's work; nil for none
}

// AddDiscretization adds Discretization to a registry.
func AddDiscretization(r *layer.Registry) {
	r.Register("keras.layers", "Discretization", func() layer.Layer { return new(Discretization) })
}

// Config implements layer.Layer.
func (l *Discretization) Config(c *layer.Config) {
	c.Omit("trainable")
	var raw any
	if l.BinBoundaries != nil {
		raw = rawFloats(l.BinBoundaries)
	}
	c.Raw("bin_boundaries", &raw, nil)
	c.IntOrNone("num_bins", &l.NumBins)
	c.Float("epsilon", &l.Epsilon, 0.01)
	outputMode(c, &l.OutputMode, "int", "one_hot", "multi_hot", "count")
	dense(c)
	if !c.Reading() {
		return
	}
	l.BinBoundaries = nil
	if list, ok := raw.([]any); ok {
		l.BinBoundaries = []float64{}
		for _, v := range list {
			n, ok := v.(pyjson.Number)
			if !ok {
				c.Errorf("bin_boundaries", "numbers are expected, not %s", pyjson.Describe(v))
				return
			}
			l.BinBoundaries = append(l.BinBoundaries, n.Float())
		}
	} else if raw != nil {
		c.Errorf("bin_boundaries", "a list of numbers or null is expected, not %s", pyjson.Describe(raw))
	}
	switch {
	case !slices.IsSorted(l.BinBoundaries):
		c.Errorf("bin_boundaries", "they must ascend")
	case l.BinBoundaries == nil && l.NumBins == nil:
		c.Errorf("bin_boundaries", "either these or num_bins are needed")
	}
}

// ReadSaved implements layer.SavedReader.
func (l *Discretization) ReadSaved(saved []layer.SavedVariable) {
	if len(saved) == 1 {
		l.summary = &saved[0]
	}
}

// Build implements layer.Builder.
func (l *Discretization) Build(c *layer.Call) {
	if s := l.summary; s != nil { // nothing reads it
		c.AddWeight("summary", nil, s.Shape, layer.NotTrainable, layer.OfType(s.DType))
	}
}

// Call implements layer.Layer.
func (l *Discretization) Call(c *layer.Call) any {
	if l.BinBoundaries == nil {
		c.Fail("it has no bin_boundaries: Adapt finds them")
	}
	x := c.X()
	if x.DType == tensor.String {
		c.Fail("numbers are expected, not strings")
	}
	d := l.ComputeDType()
	if l.OutputMode == "int" {
		d = tensor.Int32
	}
	ids := c.Emit1(opDigitize{slices.Clone(l.BinBoundaries)}, x)
	return encodeCategorical(c, ids, l.OutputMode, len(l.BinBoundaries)+1, d, nil)
}

// opDigitize counts for each element the boundaries that are not above it, int32; NaN is above all. As in Keras they are
// float32, whatever the type of the elements.
type opDigitize struct{ Boundaries []float64 }

// Name implements graph.Op.
func (opDigitize) Name() string { return "digitize" }

// Infer implements graph.Op.
func (opDigitize) Infer(n *graph.Node) { n.SetOut(tensor.Int32, n.In[0].Shape...) }

// Eval implements graph.Op.
func (op opDigitize) Eval(n *graph.Node, in, out []graph.Buf) error {
	edges := op.Boundaries
	for i := range out[0].I {
		v := in[0].Float64(i)
		out[0].I[i] = int64(sort.Search(len(edges), func(k int) bool { return float64(float32(edges[k])) > v || v != v && k == len(edges) }))
	}
	return nil
}

// Adapt finds NumBins ranges that hold about equally many of the numbers in batches of data, by quantiles that are right to
// about Epsilon (layer.adapt).
func (l *Discretization) Adapt(batches ...tensor.Any) error {
	if l.NumBins == nil {
		return errors.New("a Discretization with fixed bin_boundaries cannot adapt; give it num_bins instead")
	}
	if *l.NumBins < 1 || !(l.Epsilon > 1e-6 && l.Epsilon <= 1) {
		return errors.New("num_bins must be 1 or more and epsilon 1e-6 to 1")
	}
	var all summary
	for _, b := range batches {
		values := make([]float32, b.Len())
		if err := b.Float32s(values); err != nil {
			return err
		}
		if len(values) > 0 {
			all = summarize(values, l.Epsilon).merge(all, l.Epsilon)
		}
	}
	if len(all.values) == 0 {
		return errors.New("there are no numbers to make ranges of")
	}
	final := all.compress(1 / float64(*l.NumBins)).values
	l.BinBoundaries = make([]float64, len(final)-1)
	for i := range l.BinBoundaries {
		l.BinBoundaries[i] = float64(final[i])
	}
	if r := layer.FileRecord(l); r != nil {
		r.Object("config").Set("bin_boundaries", rawFloats(l.BinBoundaries))
	}
	return nil
}

// summary stands for many numbers: some of them in order, each with the number of those that it stands for.
type summary struct{ values, weights []float32 }

// summarize takes every so many of the sorted numbers.
func summarize(values []float32, epsilon float64) summary {
	slices.Sort(values)
	step := max(float64(len(values))*epsilon, 1)
	var s summary
	for i := int(step - 1); i < len(values); i += int(step) {
		s.values, s.weights = append(s.values, values[i]), append(s.weights, float32(step))
	}
	return s
}

func (s summary) merge(o summary, epsilon float64) summary {
	all := summary{append(slices.Clone(s.values), o.values...), append(slices.Clone(s.weights), o.weights...)}
	sort.Stable(byValue(all))
	return all.compress(epsilon)
}

type byValue summary

func (s byValue) Len() int           { return len(s.values) }
func (s byValue) Less(i, j int) bool { return s.values[i] < s.values[j] }
func (s byValue) Swap(i, j int) {
	s.values[i], s.values[j] = s.values[j], s.values[i]
	s.weights[i], s.weights[j] = s.weights[j], s.weights[i]
}

// compress keeps about 1/epsilon numbers, at equal steps of the weight below them.
func (s summary) compress(epsilon float64) summary {
	if float64(len(s.values))*epsilon < 1 {
		return s
	}
	below := make([]float64, len(s.values))
	sum := float32(0)
	for i, w := range s.weights {
		sum += w
		below[i] = float64(sum)
	}
	share := make([]float64, len(below))
	for i, v := range below {
		share[i] = float64(float32(v) / sum)
	}
	values := make([]float64, len(s.values))
	for i, v := range s.values {
		values[i] = float64(v)
	}
	var out summary
	last := 0.0
	for i := range int(math.Ceil(1 / epsilon)) {
		at := epsilon + float64(i)*epsilon
		out.values = append(out.values, float32(interpolate(at, share, values)))
		w := interpolate(at, share, below)
		out.weights = append(out.weights, float32(w-last))
		last = w
	}
	return out
}

// interpolate is numpy.interp: the height at x of the line through the points, level beyond its ends.
func interpolate(x float64, xs, ys []float64) float64 {
	n := len(xs)
	if x >= xs[n-1] {
		return ys[n-1]
	}
	if x < xs[0] {
		return ys[0]
	}
	j := sort.Search(n, func(i int) bool { return xs[i] > x }) - 1
	if x == xs[j] {
		return ys[j]
	}
	return ys[j] + (ys[j+1]-ys[j])/(xs[j+1]-xs[j])*(x-xs[j])
}
