package metrics

import (
	"fmt"

	"github.com/hornml/horn/internal/naming"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

func addIou(r *layer.Registry) {
	for _, class := range []string{"IoU", "BinaryIoU", "MeanIoU", "OneHotIoU", "OneHotMeanIoU"} {
		register(r, class, func() layer.Configurable { return &IoU{class: class} })
	}
}

// IoU is the mean, over classes, of the intersection of targets and predictions divided by their union, from a confusion
// matrix (keras.metrics.IoU and, by their arguments, BinaryIoU, MeanIoU, OneHotIoU, OneHotMeanIoU).
type IoU struct {
	Base
	NumClasses               int
	TargetClassIDs           []int
	IgnoreClass              *int
	SparseYTrue, SparseYPred bool // class numbers, else scores along Axis
	Axis                     int
	Threshold                float64 // BinaryIoU only

	class string
}

// Config implements layer.Configurable.
func (m *IoU) Config(c *layer.Config) {
	m.config(c, naming.SnakeCase(m.class), tensor.Int32)
	one := m.class == "OneHotIoU" || m.class == "OneHotMeanIoU"
	chosen := m.class == "IoU" || m.class == "OneHotIoU"
	if m.class == "BinaryIoU" {
		c.Ints("target_class_ids", &m.TargetClassIDs, []int{0, 1})
		c.Float("threshold", &m.Threshold, 0.5)
		m.NumClasses, m.SparseYTrue, m.SparseYPred, m.Axis = 2, true, true, -1
	} else {
		c.Positive("num_classes", &m.NumClasses)
		if chosen {
			c.Ints("target_class_ids", &m.TargetClassIDs)
		}
		c.IntOrNone("ignore_class", &m.IgnoreClass)
		if one {
			m.SparseYTrue = false
		} else {
			c.Bool("sparse_y_true", &m.SparseYTrue, true)
		}
		c.Bool("sparse_y_pred", &m.SparseYPred, !one)
		c.Int("axis", &m.Axis, -1)
	}
	if m.NumClasses > 1<<12 {
		c.Errorf("num_classes", "a confusion matrix of %d classes is too large", m.NumClasses)
		m.NumClasses = 1
	}
	if m.class == "MeanIoU" || m.class == "OneHotMeanIoU" {
		m.TargetClassIDs = nil
		for i := range m.NumClasses {
			m.TargetClassIDs = append(m.TargetClassIDs, i)
		}
	}
	for _, id := range m.TargetClassIDs {
		if id < -m.NumClasses || id >= m.NumClasses {
			c.Errorf("target_class_ids", "class %d is none of 0..%d", id, m.NumClasses-1)
			m.TargetClassIDs = nil
			break
		}
	}
	if len(m.states) == 0 {
		m.add("total_confusion_matrix", m.DType, m.NumClasses, m.NumClasses)
	}
}

// UpdateState implements Metric.
func (m *IoU) UpdateState(yTrue, yPred, sampleWeight, mask tensor.Any) error {
	fail := func(err error) error { return fmt.Errorf("metric %q: %w", m.Name, err) }
	t, err := m.classes("targets", yTrue, m.SparseYTrue, nil)
	if err != nil {
		return fail(err)
	}
	var threshold *float64
	if m.class == "BinaryIoU" {
		threshold = &m.Threshold
	}
	p, err := m.classes("predictions", yPred, m.SparseYPred, threshold)
	if err != nil {
		return fail(err)
	}
	if len(t) != len(p) {
		return fail(fmt.Errorf("%d targets for %d predictions", len(t), len(p)))
	}
	weight := array{nil, []float64{1}}
	if sampleWeight != nil {
		if weight, err = numbers("sample weights", sampleWeight, m.DType); err != nil {
			return fail(err)
		}
		if n := len(weight.data); n != 1 && n != len(t) {
			return fail(fmt.Errorf("%d sample weights for %d targets", n, len(t)))
		}
	}
	n := float64(m.NumClasses)
	for i, x := range t {
		y := p[i]
		if !(x >= 0 && x < n && y >= 0 && y < n) || m.IgnoreClass != nil && x == float64(*m.IgnoreClass) {
			continue
		}
		m.states[0].data[int(x)*m.NumClasses+int(y)] += weight.data[i%len(weight.data)]
	}
	return nil
}

// classes reads class numbers, or finds the largest scores along the axis, or what is not below a threshold.
func (m *IoU) classes(what string, v tensor.Any, sparse bool, threshold *float64) ([]float64, error) {
	d := m.DType
	if !sparse || threshold != nil {
		d = tensor.Float32
		if v != nil && v.DType() == tensor.Float64 {
			d = tensor.Float64
		}
	}
	a, err := numbers(what, v, d)
	if err != nil {
		return nil, err
	}
	if threshold != nil {
		out := make([]float64, len(a.data))
		for i, x := range a.data {
			if float32(x) >= float32(*threshold) {
				out[i] = 1
			}
		}
		return out, nil
	}
	if sparse {
		return a.data, nil
	}
	axis := m.Axis
	if axis < 0 {
		axis += a.rank()
	}
	if axis < 0 || axis >= a.rank() || a.shape[axis] == 0 {
		return nil, fmt.Errorf("%s of shape %s have no axis %d of classes", what, tensor.FormatShape(a.shape), m.Axis)
	}
	inner := 1
	for _, k := range a.shape[axis+1:] {
		inner *= k
	}
	size := a.shape[axis]
	out := make([]float64, 0, len(a.data)/size)
	for at := 0; at < len(a.data); at += size * inner {
		for i := range inner {
			best := 0
			for k := 1; k < size; k++ {
				if a.data[at+k*inner+i] > a.data[at+best*inner+i] {
					best = k
				}
			}
			out = append(out, float64(best))
		}
	}
	return out, nil
}

// Result implements Metric.
func (m *IoU) Result() (*tensor.Of[float64], error) {
	n := m.NumClasses
	matrix := m.states[0].data
	sum, valid := 0.0, 0.0
	for _, id := range m.TargetClassIDs {
		if id < 0 {
			id += n
		}
		union := -matrix[id*n+id]
		for k := range n {
			union += matrix[id*n+k] + matrix[k*n+id]
		}
		if union > 1e-9 {
			sum += matrix[id*n+id] / (union + epsilon)
			valid++
		}
	}
	return scalar(sum / (valid + epsilon))
}
