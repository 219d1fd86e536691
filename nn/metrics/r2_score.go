package metrics

import (
	"fmt"
	"math"
	"slices"

	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

func addR2Score(r *layer.Registry) {
	register(r, "R2Score", func() layer.Configurable { return new(R2Score) })
}

// R2Score is the coefficient of determination 1 - sum((t-p)²)/sum((t-mean(t))²) of each output, or an average of them;
// with NumRegressors it is adjusted for their number (keras.metrics.R2Score).
type R2Score struct {
	Base
	ClassAggregation string // "" for none, "uniform_average" or "variance_weighted_average"
	NumRegressors    int

	outputs int
}

// Config implements layer.Configurable.
func (m *R2Score) Config(c *layer.Config) {
	m.config(c, "r2_score", tensor.Float32)
	var v any
	if m.ClassAggregation != "" {
		v = m.ClassAggregation
	}
	c.Raw("class_aggregation", &v, "uniform_average")
	m.ClassAggregation, _ = v.(string)
	switch v {
	case nil, "uniform_average", "variance_weighted_average":
	default:
		c.Errorf("class_aggregation", `null, "uniform_average" or "variance_weighted_average" is expected`)
	}
	c.Int("num_regressors", &m.NumRegressors, 0)
	if m.NumRegressors < 0 {
		c.Errorf("num_regressors", "0 or a positive integer is expected, not %d", m.NumRegressors)
	}
	if len(m.states) == 0 {
		m.add("num_samples", tensor.Float32)
	}
}

// The variables after num_samples, which is the first.
const (
	r2SquaredSum = 1 + iota
	r2Sum
	r2Residual
	r2Count
)

// UpdateState implements Metric.
func (m *R2Score) UpdateState(yTrue, yPred, sampleWeight, mask tensor.Any) error {
	fail := func(err error) error { return fmt.Errorf("metric %q: %w", m.Name, err) }
	t, err := numbers("targets", yTrue, m.DType)
	if err != nil {
		return fail(err)
	}
	p, err := numbers("predictions", yPred, m.DType)
	if err != nil {
		return fail(err)
	}
	if t.rank() > 0 && p.rank() > 0 {
		t, p = sameRank(t, p, false)
	}
	if p.rank() != 2 || !slices.Equal(t.shape, p.shape) || m.outputs != 0 && m.outputs != p.shape[1] {
		return fail(fmt.Errorf("targets and predictions (samples, outputs) are expected, not %s and %s", tensor.FormatShape(t.shape),
			tensor.FormatShape(p.shape)))
	}
	w := array{nil, []float64{1}}
	if sampleWeight != nil {
		if w, err = numbers("sample weights", sampleWeight, m.DType); err != nil {
			return fail(err)
		}
		if w.rank() == 1 {
			w.shape = []int{w.shape[0], 1}
		}
	}
	if w, err = broadcast("sample weights", w, p.shape); err != nil {
		return fail(err)
	}
	n := p.shape[1]
	if m.outputs == 0 {
		m.outputs = n
		for _, name := range []string{"squared_sum", "sum", "residual", "count"} {
			m.add(name, tensor.Float32, n)
		}
	}
	for i, y := range t.data {
		k := i % n
		d := y - p.data[i]
		m.states[r2SquaredSum].data[k] += y * y * w.data[i]
		m.states[r2Sum].data[k] += y * w.data[i]
		m.states[r2Residual].data[k] += d * d * w.data[i]
		m.states[r2Count].data[k] += w.data[i]
	}
	m.states[0].data[0] += float64(len(t.data))
	return nil
}

// Result implements Metric.
func (m *R2Score) Result() (*tensor.Of[float64], error) {
	if m.outputs == 0 {
		return nil, fmt.Errorf("metric %q has seen no batch", m.Name)
	}
	scores := make([]float64, m.outputs)
	mean, weighted, total := 0.0, 0.0, 0.0
	for k := range scores {
		sum := m.states[r2Sum].data[k]
		variance := m.states[r2SquaredSum].data[k] - sum*sum/m.states[r2Count].data[k]
		scores[k] = 1 - m.states[r2Residual].data[k]/variance
		if math.IsInf(scores[k], 0) {
			scores[k] = 0
		}
		mean += scores[k] / float64(len(scores))
		weighted += variance * scores[k]
		total += variance
	}
	switch m.ClassAggregation {
	case "uniform_average":
		scores = []float64{mean}
	case "variance_weighted_average":
		scores = []float64{weighted / total}
	}
	// With as many regressors as samples or more there is nothing to adjust.
	if n, p := m.states[0].data[0], float64(m.NumRegressors); p != 0 && p < n-1 {
		for k, s := range scores {
			scores[k] = 1 - (1-s)*(n-1)/(n-p-1)
		}
	}
	if m.ClassAggregation == "" {
		return tensor.FromSlice(scores, len(scores)), nil
	}
	return scalar(scores[0])
}
