package metrics

import (
	"fmt"
	"math"
	"slices"

	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

func addFScore(r *layer.Registry) {
	register(r, "FBetaScore", func() layer.Configurable { return &FBetaScore{name: "fbeta_score"} })
	register(r, "F1Score", func() layer.Configurable { return &FBetaScore{name: "f1_score"} })
}

// FBetaScore is (1+Beta²)*precision*recall / (Beta²*precision + recall) for each class, or an average of that
// (keras.metrics.FBetaScore and, with Beta 1, F1Score). Without a Threshold the largest prediction of a sample counts.
type FBetaScore struct {
	Base
	Average   string // "" for none, "micro", "macro" or "weighted"
	Beta      float64
	Threshold *float64

	name    string
	classes int
}

// Config implements layer.Configurable.
func (m *FBetaScore) Config(c *layer.Config) {
	m.config(c, m.name, tensor.Float32)
	c.StringOrNone("average", &m.Average)
	switch m.Average {
	case "", "micro", "macro", "weighted":
	default:
		c.Errorf("average", `null, "micro", "macro" or "weighted" is expected, not %q`, m.Average)
	}
	if m.name == "fbeta_score" {
		c.Float("beta", &m.Beta, 1)
	} else {
		m.Beta = 1
	}
	if !(m.Beta > 0) {
		c.Errorf("beta", "a positive number is expected, not %v", m.Beta)
	}
	c.FloatOrNone("threshold", &m.Threshold)
	if t := m.Threshold; t != nil && !(*t > 0 && *t <= 1) {
		c.Errorf("threshold", "a number above 0 and up to 1 is expected, not %v", *t)
	}
}

// UpdateState implements Metric.
func (m *FBetaScore) UpdateState(yTrue, yPred, sampleWeight, mask tensor.Any) error {
	fail := func(err error) error { return fmt.Errorf("metric %q: %w", m.Name, err) }
	t, err := numbers("targets", yTrue, m.DType)
	if err != nil {
		return fail(err)
	}
	p, err := numbers("predictions", yPred, m.DType)
	if err != nil {
		return fail(err)
	}
	if p.rank() != 2 || !slices.Equal(t.shape, p.shape) || m.classes != 0 && m.classes != p.shape[1] {
		return fail(fmt.Errorf("targets and predictions (samples, classes) are expected, not %s and %s", tensor.FormatShape(t.shape),
			tensor.FormatShape(p.shape)))
	}
	rows, classes := p.shape[0], p.shape[1]
	var w array
	if sampleWeight != nil {
		if w, err = numbers("sample weights", sampleWeight, m.DType); err != nil {
			return fail(err)
		}
		if w.rank() != 1 || w.shape[0] != rows {
			return fail(fmt.Errorf("a sample weight for each of %d samples is expected, not %s", rows, tensor.FormatShape(w.shape)))
		}
	}
	if m.classes == 0 {
		m.classes = classes
		var shape []int
		if m.Average != "micro" {
			shape = []int{classes}
		}
		for _, name := range []string{"true_positives", "false_positives", "false_negatives", "intermediate_weights"} {
			m.add(name, m.DType, shape...)
		}
	}
	for i := range rows {
		weight := 1.0
		if sampleWeight != nil {
			weight = w.data[i]
		}
		top := math.Inf(-1)
		row := p.data[i*classes : (i+1)*classes]
		for _, x := range row {
			top = math.Max(top, x)
		}
		for k, x := range row {
			pred := 0.0
			if m.Threshold == nil && x >= top && math.Abs(x) > 1e-9 || m.Threshold != nil && x > m.round(*m.Threshold) {
				pred = 1
			}
			truth := t.data[i*classes+k]
			at := k
			if m.Average == "micro" {
				at = 0
			}
			m.states[0].data[at] += weight * pred * truth
			m.states[1].data[at] += weight * pred * (1 - truth)
			m.states[2].data[at] += weight * (1 - pred) * truth
			m.states[3].data[at] += weight * truth
		}
	}
	return nil
}

// round gives a number the precision of the metric's type.
func (m *Base) round(v float64) float64 {
	if m.DType == tensor.Float64 {
		return v
	}
	return float64(float32(v))
}

// Result implements Metric.
func (m *FBetaScore) Result() (*tensor.Of[float64], error) {
	if m.classes == 0 {
		return nil, fmt.Errorf("metric %q has seen no batch", m.Name)
	}
	n := len(m.states[0].data)
	scores := make([]float64, n)
	square := m.Beta * m.Beta
	sum, weights := 0.0, 0.0
	for i := range scores {
		tp := m.states[0].data[i]
		precision := tp / (tp + m.states[1].data[i] + epsilon)
		recall := tp / (tp + m.states[2].data[i] + epsilon)
		scores[i] = (1 + square) * precision * recall / (square*precision + recall + epsilon)
		sum += scores[i]
		weights += m.states[3].data[i]
	}
	switch m.Average {
	case "":
		return tensor.FromSlice(scores, n), nil
	case "weighted":
		sum = 0
		for i, s := range scores {
			sum += s * m.states[3].data[i] / (weights + epsilon)
		}
		return scalar(sum)
	}
	return scalar(sum / float64(n))
}
