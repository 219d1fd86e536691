package metrics

import (
	"fmt"
	"math"
	"slices"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/internal/jit"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

func addAuc(r *layer.Registry) {
	register(r, "AUC", func() layer.Configurable { return new(AUC) })
}

// AUC is the area under a curve (ROC, PR or PRGAIN), as a Riemann sum over thresholds (keras.metrics.AUC). With MultiLabel
// each label has a curve of its own, and the areas are averaged.
type AUC struct {
	Base
	NumThresholds   int
	Curve           string // "ROC", "PR" or "PRGAIN"
	SummationMethod string // "interpolation", "minoring" or "majoring"
	MultiLabel      bool
	NumLabels       *int
	LabelWeights    []float64
	FromLogits      bool
	Thresholds      []float64 // between 0 and 1, instead of evenly spaced ones; nil for those

	confusion
	weights any // as the file has them
	labels  int
	sigmoid *jit.Function
}

// Config implements layer.Configurable.
func (m *AUC) Config(c *layer.Config) {
	m.config(c, "auc", tensor.Float32)
	c.Int("num_thresholds", &m.NumThresholds, 200)
	choice(c, "curve", &m.Curve, []string{"ROC", "PR", "PRGAIN"}, "roc", "pr", "prgain")
	choice(c, "summation_method", &m.SummationMethod, []string{"interpolation", "minoring", "majoring"}, "Interpolation", "Minoring",
		"Majoring")
	c.Bool("multi_label", &m.MultiLabel, false)
	c.IntOrNone("num_labels", &m.NumLabels)
	if m.weights == nil && m.LabelWeights != nil { // made in Go
		list := make([]any, len(m.LabelWeights))
		for i, w := range m.LabelWeights {
			list[i] = pyjson.Float(w)
		}
		m.weights = list
	}
	c.Raw("label_weights", &m.weights, nil)
	c.Bool("from_logits", &m.FromLogits, false)
	if _, given := c.Value("thresholds"); given || !c.Reading() && m.Thresholds != nil {
		c.Floats("thresholds", &m.Thresholds, m.Thresholds)
	}
	var err error
	if m.LabelWeights, err = weightsOf(m.weights); err != nil {
		c.Errorf("label_weights", "%v", err)
	}
	m.settle(c)
	if m.NumLabels != nil && !m.MultiLabel {
		c.Errorf("num_labels", "it is for multi_label only")
	}
	if !m.MultiLabel {
		m.build(1)
	} else if n := m.NumLabels; n != nil {
		if *n < 1 || *n > maxCells/len(m.thresholds) {
			c.Errorf("num_labels", "a positive integer is expected that fits %d thresholds, not %d", len(m.thresholds), *n)
			return
		}
		m.build(*n)
	}
	m.sigmoid = jit.NewFunction(func(b *graph.Builder, args []*graph.Value) []*graph.Value {
		if !args[0].DType.IsFloat() {
			args[0] = b.Cast(args[0], tensor.Float32)
		}
		return []*graph.Value{b.Sigmoid(args[0])}
	})
}

// choice visits a string that is one of a few, which Keras takes in another spelling, too.
func choice(c *layer.Config, key string, field *string, names []string, other ...string) {
	c.String(key, field, names[0])
	if i := slices.Index(other, *field); i >= 0 {
		*field = names[i]
	}
	if !slices.Contains(names, *field) {
		c.Errorf(key, "one of %q is expected, not %q", names, *field)
	}
}

// weightsOf reads numbers: a list, or the record of an array.
func weightsOf(v any) ([]float64, error) {
	if r, ok := v.(*pyjson.Object); ok {
		v = r.Object("config").Get("value")
	}
	if v == nil {
		return nil, nil
	}
	t, err := layer.ArrayOf(v, tensor.Float64)
	if err != nil {
		return nil, err
	}
	if t.Rank() > 1 || t.Len() == 0 {
		return nil, fmt.Errorf("a list of numbers is expected, not an array of shape %s", tensor.FormatShape(t.Shape()))
	}
	return t.(*tensor.Of[float64]).Data(), nil
}

// settle sets the thresholds: those between 0 and 1, with one below and one above.
func (m *AUC) settle(c *layer.Config) {
	m.multiLabel, m.labelWeights, m.even, m.wide = m.MultiLabel, nil, true, true
	if !m.MultiLabel {
		m.labelWeights = m.LabelWeights
	}
	n := m.NumThresholds
	if m.Thresholds != nil {
		n = len(m.Thresholds) + 2
		m.NumThresholds = n
	}
	if n < 2 || n > maxThresholds {
		c.Errorf("num_thresholds", "a number from 2 to %d is expected, not %d", maxThresholds, n)
		n = 2
	}
	m.thresholds = spread(n, 0, 1)
	if m.Thresholds != nil {
		inner := slices.Clone(m.Thresholds)
		slices.Sort(inner)
		copy(m.thresholds[1:], inner)
		m.even = evenly(m.thresholds)
	}
	m.thresholds[0], m.thresholds[n-1] = -epsilon, 1+epsilon
}

// build makes the variables for a number of labels.
func (m *AUC) build(labels int) {
	m.labels = labels
	if len(m.states) > 0 {
		return
	}
	for _, name := range partNames {
		if m.MultiLabel {
			m.add(name, tensor.Float32, len(m.thresholds), labels)
		} else {
			m.add(name, tensor.Float32, len(m.thresholds))
		}
	}
}

// UpdateState implements Metric.
func (m *AUC) UpdateState(yTrue, yPred, sampleWeight, mask tensor.Any) error {
	if m.FromLogits && yPred != nil && yPred.DType() != tensor.String {
		out, err := m.sigmoid.Run(yPred)
		if err != nil {
			return fmt.Errorf("metric %q: %w", m.Name, err)
		}
		yPred = out[0]
	}
	if m.MultiLabel && yPred != nil {
		if shape := yPred.Shape(); len(shape) != 2 || m.labels != 0 && shape[1] != m.labels {
			return fmt.Errorf("metric %q: predictions (samples, labels) of one number of labels are expected, not %s", m.Name,
				tensor.FormatShape(shape))
		} else if m.labels == 0 {
			if shape[1] > maxCells/len(m.thresholds) {
				return fmt.Errorf("metric %q: %d labels are too many for %d thresholds", m.Name, shape[1], len(m.thresholds))
			}
			m.build(shape[1])
		}
	}
	c, _, err := m.count(yTrue, yPred, sampleWeight)
	if err != nil {
		return fmt.Errorf("metric %q: %w", m.Name, err)
	}
	m.addCounts(c)
	return nil
}

// Result implements Metric.
func (m *AUC) Result() (*tensor.Of[float64], error) {
	if m.labels == 0 {
		return nil, fmt.Errorf("metric %q has seen no batch", m.Name)
	}
	sum, weight := 0.0, 0.0
	for label := range m.labels {
		w := 1.0
		if m.MultiLabel && m.LabelWeights != nil {
			w = m.LabelWeights[label%len(m.LabelWeights)]
		}
		sum += w * m.area(label)
		weight += w
	}
	return scalar(divideNoNaN(sum, weight))
}

// area is the area under the curve of one label.
func (m *AUC) area(label int) float64 {
	n := len(m.thresholds)
	part := func(p, i int) float64 { return m.states[p].data[i*m.labels+label] }
	tp := func(i int) float64 { return part(truePositives, i) }
	fp := func(i int) float64 { return part(falsePositives, i) }
	tn := func(i int) float64 { return part(trueNegatives, i) }
	fn := func(i int) float64 { return part(falseNegatives, i) }
	area := 0.0
	if m.Curve == "PR" && m.SummationMethod == "interpolation" {
		// Between two thresholds the true positives are a linear function of the positives (Davis & Goadrich 2006).
		for i := range n - 1 {
			p, next := tp(i)+fp(i), tp(i+1)+fp(i+1)
			gained := tp(i) - tp(i+1)
			slope := divideNoNaN(gained, math.Max(p-next, 0))
			intercept := tp(i+1) - slope*next
			ratio := 1.0
			if p > 0 && next > 0 {
				ratio = p / next
			}
			area += divideNoNaN(slope*(gained+intercept*math.Log(ratio)), math.Max(tp(i+1)+fn(i+1), 0))
		}
		return area
	}
	point := func(i int) (x, y float64) {
		recall := divideNoNaN(tp(i), tp(i)+fn(i))
		switch m.Curve {
		case "ROC":
			return divideNoNaN(fp(i), fp(i)+tn(i)), recall
		case "PR":
			return recall, divideNoNaN(tp(i), tp(i)+fp(i))
		}
		if tp(i) == 0 {
			return 0, 1
		}
		scale := divideNoNaN(tp(i)+fn(i), tn(i)+fp(i))
		return math.Max(1-scale*fn(i)/tp(i), 0), 1 - scale*fp(i)/tp(i)
	}
	for i := range n - 1 {
		x, y := point(i)
		x2, y2 := point(i + 1)
		height := (y + y2) / 2
		switch m.SummationMethod {
		case "minoring":
			height = math.Min(y, y2)
		case "majoring":
			height = math.Max(y, y2)
		}
		area += (x - x2) * height
	}
	return area
}
