package metrics

import (
	"fmt"

	"github.com/hornml/horn/internal/naming"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

func addSensitivity(r *layer.Registry) {
	// A rate is one part of the confusion matrix divided by the sum of it and another.
	sensitivity, specificity := rate{truePositives, falseNegatives}, rate{trueNegatives, falsePositives}
	precision := rate{truePositives, falsePositives}
	add := func(class, argument string, held, best rate) {
		register(r, class, func() layer.Configurable {
			return &RateAtRate{class: class, argument: argument, held: held, best: best}
		})
	}
	add("SensitivityAtSpecificity", "specificity", specificity, sensitivity)
	add("SpecificityAtSensitivity", "sensitivity", sensitivity, specificity)
	add("PrecisionAtRecall", "recall", sensitivity, precision)
	add("RecallAtPrecision", "precision", precision, sensitivity)
}

type rate struct{ part, other int }

// RateAtRate is the best of one rate over all thresholds at which another is at least Value
// (keras.metrics.SensitivityAtSpecificity, SpecificityAtSensitivity, PrecisionAtRecall, RecallAtPrecision).
type RateAtRate struct {
	Base
	Value         float64
	NumThresholds int
	ClassID       *int

	confusion
	class, argument string
	held, best      rate
}

// Config implements layer.Configurable.
func (m *RateAtRate) Config(c *layer.Config) {
	m.config(c, naming.SnakeCase(m.class), tensor.Float32)
	c.IntOrNone("class_id", &m.ClassID)
	c.Positive("num_thresholds", &m.NumThresholds, 200)
	c.Float(m.argument, &m.Value)
	if !(m.Value >= 0 && m.Value <= 1) {
		c.Errorf(m.argument, "a number from 0 to 1 is expected, not %v", m.Value)
	}
	if m.NumThresholds > maxThresholds {
		c.Errorf("num_thresholds", "at most %d are supported, not %d", maxThresholds, m.NumThresholds)
		return
	}
	m.classID = m.ClassID
	m.thresholds, m.even = []float64{0.5}, false
	if n := m.NumThresholds; n > 1 {
		m.thresholds, m.even = spread(n, 0, 1), true
	}
	m.addParts(len(m.thresholds), truePositives, falsePositives, trueNegatives, falseNegatives)
}

// These bound what a file may ask for: thresholds, and elements of a variable.
const (
	maxThresholds = 1 << 20
	maxCells      = 1 << 24
)

// spread returns n thresholds: lo, those that divide 0..1 evenly, hi.
func spread(n int, lo, hi float64) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = float64(i) / float64(n-1)
	}
	out[0], out[n-1] = lo, hi
	return out
}

// UpdateState implements Metric.
func (m *RateAtRate) UpdateState(yTrue, yPred, sampleWeight, mask tensor.Any) error {
	c, _, err := m.count(yTrue, yPred, sampleWeight)
	if err != nil {
		return fmt.Errorf("metric %q: %w", m.Name, err)
	}
	m.addCounts(c)
	return nil
}

// addCounts adds the counts of a batch to the four variables.
func (m *Base) addCounts(c counts) {
	for part, list := range c {
		for i, v := range list {
			m.states[part].data[i] += v
		}
	}
}

// Result implements Metric.
func (m *RateAtRate) Result() (*tensor.Of[float64], error) {
	of := func(r rate, i int) float64 {
		x := m.states[r.part].data[i]
		return divideNoNaN(x, x+m.states[r.other].data[i])
	}
	best := 0.0
	for i := range m.thresholds {
		if of(m.held, i) >= m.Value {
			best = max(best, of(m.best, i))
		}
	}
	return scalar(best)
}
