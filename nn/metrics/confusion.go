package metrics

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/hornml/horn/internal/naming"
	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

func addConfusion(r *layer.Registry) {
	count := func(class string, part int) {
		register(r, class, func() layer.Configurable { return &ConfusionCount{part: part, class: class} })
	}
	count("TruePositives", truePositives)
	count("FalsePositives", falsePositives)
	count("TrueNegatives", trueNegatives)
	count("FalseNegatives", falseNegatives)
	register(r, "Precision", func() layer.Configurable { return &PrecisionRecall{against: falsePositives} })
	register(r, "Recall", func() layer.Configurable { return &PrecisionRecall{against: falseNegatives} })
}

// The parts of a confusion matrix.
const (
	truePositives = iota
	falsePositives
	trueNegatives
	falseNegatives
)

var partNames = [4]string{"true_positives", "false_positives", "true_negatives", "false_negatives"}

// confusion counts, for each threshold, what is above it and what should be.
type confusion struct {
	thresholds []float64
	// even says that the thresholds are evenly spaced from 0 to 1, so that a prediction's place among them is computed;
	// wide, that the first one is below 0.
	even, wide   bool
	topK         *int
	classID      *int
	multiLabel   bool
	labelWeights []float64
}

// negInf is the threshold below all predictions, which Precision and Recall use with topK.
const negInf = -1e10

// evenly reports whether thresholds are evenly spaced from 0 to 1.
func evenly(thresholds []float64) bool {
	n := len(thresholds)
	if n < 3 {
		return false
	}
	for i, t := range thresholds {
		even := float64(float32(i) / float32(n-1))
		if !(math.Abs(t-even) <= epsilon+1e-5*even) {
			return false
		}
	}
	return true
}

// counts are the parts of a confusion matrix, each by threshold and label.
type counts [4][]float64

// count counts a batch. Predictions are compared as float32, as Keras does.
func (m *confusion) count(yTrue, yPred, sampleWeight tensor.Any) (c counts, labels int, err error) {
	t, err := numbers("targets", yTrue, tensor.Float32)
	if err != nil {
		return c, 0, err
	}
	p, err := numbers("predictions", yPred, tensor.Float32)
	if err != nil {
		return c, 0, err
	}
	if p.rank() == 0 || t.rank() == 0 {
		return c, 0, fmt.Errorf("a batch of predictions is expected, not a number")
	}
	p, t = sameRank(p, t, false)
	var w array
	if sampleWeight != nil {
		if w, err = numbers("sample weights", sampleWeight, tensor.Float32); err != nil {
			return c, 0, err
		}
		_, w = sameRank(t, array{append(slices.Clone(w.shape), 1), w.data}, true)
	}
	if m.topK != nil {
		if p, err = onlyTopK(p, *m.topK); err != nil {
			return c, 0, err
		}
	}
	if m.classID != nil {
		if t, err = column(t, *m.classID); err == nil {
			p, err = column(p, *m.classID)
		}
		if err != nil {
			return c, 0, err
		}
	}
	if !slices.Equal(t.shape, p.shape) {
		return c, 0, fmt.Errorf("targets of shape %s do not fit predictions of shape %s", tensor.FormatShape(t.shape),
			tensor.FormatShape(p.shape))
	}
	if sampleWeight != nil {
		if w, err = broadcast("sample weights", w, p.shape); err != nil {
			return c, 0, err
		}
	}
	last := p.shape[p.rank()-1]
	if m.labelWeights != nil && len(m.labelWeights) != last && len(m.labelWeights) != 1 {
		return c, 0, fmt.Errorf("%d label weights do not fit predictions of shape %s", len(m.labelWeights), tensor.FormatShape(p.shape))
	}
	labels = 1
	if m.multiLabel {
		labels = last
	}
	n := len(m.thresholds)
	for i := range c {
		c[i] = make([]float64, n*labels)
	}
	above := [2][]float64{c[falsePositives], c[truePositives]} // by whether the target is set
	all := [2][]float64{make([]float64, labels), make([]float64, labels)}
	for i, x := range p.data {
		weight := 1.0
		if sampleWeight != nil {
			weight = w.data[i]
		}
		if m.labelWeights != nil {
			weight *= m.labelWeights[i%last%len(m.labelWeights)]
		}
		set, label := 0, 0
		if t.data[i] != 0 {
			set = 1
		}
		if m.multiLabel {
			label = i % last
		}
		all[set][label] += weight
		if m.even {
			if k := m.bucket(x); k >= 0 {
				above[set][k*labels+label] += weight
			}
			continue
		}
		for k, threshold := range m.thresholds {
			if x > float64(float32(threshold)) {
				above[set][k*labels+label] += weight
			}
		}
	}
	for _, list := range above {
		if m.even { // what is above a threshold is above those below it
			for i := len(list) - 1 - labels; i >= 0; i-- {
				list[i] += list[i+labels]
			}
		}
	}
	for i := range c[0] {
		c[falseNegatives][i] = all[1][i%labels] - c[truePositives][i]
		c[trueNegatives][i] = all[0][i%labels] - c[falsePositives][i]
	}
	return c, labels, nil
}

// bucket is the index of the highest threshold below a prediction, -1 if there is none.
func (m *confusion) bucket(x float64) int {
	if x != x {
		return -1
	}
	k := int(math.Ceil(float64(float32(max(0, min(x, 1)))*float32(len(m.thresholds)-1)))) - 1
	if m.wide {
		k = max(k, 0)
	}
	return k
}

// column takes one class out of the last axis.
func column(a array, class int) (array, error) {
	if a.rank() < 2 {
		return a, fmt.Errorf("class_id is for predictions (samples, classes), not %s", tensor.FormatShape(a.shape))
	}
	n := a.shape[a.rank()-1]
	if class < 0 {
		class += n
	}
	if class < 0 || class >= n {
		return a, fmt.Errorf("class_id %d is none of the %d classes", class, n)
	}
	shape := slices.Clone(a.shape)
	shape[len(shape)-1] = 1
	out := array{shape, make([]float64, 0, len(a.data)/n)}
	for i := class; i < len(a.data); i += n {
		out.data = append(out.data, a.data[i])
	}
	return out, nil
}

// onlyTopK keeps the k largest along the last axis, of equal ones the first, and puts the others below every threshold.
func onlyTopK(a array, k int) (array, error) {
	n := a.shape[a.rank()-1]
	if k > n {
		return a, fmt.Errorf("top_k is %d for %d classes", k, n)
	}
	out := array{a.shape, make([]float64, len(a.data))}
	order := make([]int, n)
	for at := 0; at < len(a.data); at += n {
		row := a.data[at : at+n]
		for i := range order {
			order[i] = i
		}
		slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(row[j], row[i]) })
		for i, j := range order {
			out.data[at+j] = negInf
			if i < k {
				out.data[at+j] = row[j]
			}
		}
	}
	return out, nil
}

// thresholdsArgument visits a number, a list of numbers or null, within 0..1.
func thresholdsArgument(c *layer.Config, field *any) []float64 {
	c.Raw("thresholds", field, nil)
	if *field == nil {
		return nil
	}
	list, ok := (*field).([]any)
	if !ok {
		list = []any{*field}
	}
	out := make([]float64, len(list))
	for i, v := range list {
		n, ok := v.(pyjson.Number)
		if out[i] = n.Float(); !ok || !(out[i] >= 0 && out[i] <= 1) {
			c.Errorf("thresholds", "numbers from 0 to 1 are expected, not %s", pyjson.Describe(v))
			return nil
		}
	}
	if len(list) == 0 {
		c.Errorf("thresholds", "at least one is expected")
	}
	return out
}

// settle sets the thresholds of Precision, Recall and the counts.
func (m *confusion) settle(given []float64) {
	m.thresholds = given
	if len(given) == 0 {
		m.thresholds = []float64{0.5}
		if m.topK != nil {
			m.thresholds[0] = negInf
		}
	}
	m.even = evenly(m.thresholds)
}

// addParts makes variables for parts of the confusion matrix.
func (m *Base) addParts(n int, parts ...int) {
	if len(m.states) == 0 {
		for _, p := range parts {
			m.add(partNames[p], tensor.Float32, n)
		}
	}
}

// ConfusionCount is the weighted number of true or false positives or negatives, for each threshold
// (keras.metrics.TruePositives, FalsePositives, TrueNegatives, FalseNegatives).
type ConfusionCount struct {
	Base
	Thresholds any // as Keras takes them: a number, a list, or nil for 0.5

	confusion
	part  int
	class string
}

// Config implements layer.Configurable.
func (m *ConfusionCount) Config(c *layer.Config) {
	m.config(c, naming.SnakeCase(m.class), tensor.Float32)
	m.settle(thresholdsArgument(c, &m.Thresholds))
	if len(m.states) == 0 {
		m.add("accumulator", tensor.Float32, len(m.thresholds))
	}
}

// UpdateState implements Metric.
func (m *ConfusionCount) UpdateState(yTrue, yPred, sampleWeight, mask tensor.Any) error {
	c, _, err := m.count(yTrue, yPred, sampleWeight)
	if err != nil {
		return fmt.Errorf("metric %q: %w", m.Name, err)
	}
	for i, v := range c[m.part] {
		m.states[0].data[i] += v
	}
	return nil
}

// Result implements Metric.
func (m *ConfusionCount) Result() (*tensor.Of[float64], error) {
	return vector(slices.Clone(m.states[0].data))
}

// PrecisionRecall is the share of true positives among all that is predicted (keras.metrics.Precision) or among all that
// should be (keras.metrics.Recall), for each threshold; 0/0 is 0.
type PrecisionRecall struct {
	Base
	Thresholds any // as Keras takes them: a number, a list, or nil for 0.5
	TopK       *int
	ClassID    *int

	confusion
	against int
}

// Config implements layer.Configurable.
func (m *PrecisionRecall) Config(c *layer.Config) {
	name := "precision"
	if m.against == falseNegatives {
		name = "recall"
	}
	m.config(c, name, tensor.Float32)
	given := thresholdsArgument(c, &m.Thresholds)
	c.IntOrNone("top_k", &m.TopK)
	c.IntOrNone("class_id", &m.ClassID)
	if m.TopK != nil && *m.TopK < 1 {
		c.Errorf("top_k", "a positive integer is expected, not %d", *m.TopK)
	}
	m.topK, m.classID = m.TopK, m.ClassID
	m.settle(given)
	m.addParts(len(m.thresholds), truePositives, m.against)
}

// UpdateState implements Metric.
func (m *PrecisionRecall) UpdateState(yTrue, yPred, sampleWeight, mask tensor.Any) error {
	c, _, err := m.count(yTrue, yPred, sampleWeight)
	if err != nil {
		return fmt.Errorf("metric %q: %w", m.Name, err)
	}
	for i := range m.thresholds {
		m.states[0].data[i] += c[truePositives][i]
		m.states[1].data[i] += c[m.against][i]
	}
	return nil
}

// Result implements Metric.
func (m *PrecisionRecall) Result() (*tensor.Of[float64], error) {
	out := make([]float64, len(m.thresholds))
	for i := range out {
		tp := m.states[0].data[i]
		out[i] = divideNoNaN(tp, tp+m.states[1].data[i])
	}
	return vector(out)
}
