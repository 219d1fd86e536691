package metrics

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hornml/horn/internal/naming"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

// Metric is an object of keras.metrics: it takes batch after batch and tells the result for all of them. One metric serves
// one evaluation at a time.
type Metric interface {
	layer.Configurable
	// MetricName and SetMetricName are the argument "name".
	MetricName() string
	SetMetricName(name string)
	// UpdateState takes a batch. sampleWeight and mask, the one that travels with the predictions, may be nil.
	UpdateState(yTrue, yPred, sampleWeight, mask tensor.Any) error
	// Result is the metric of all batches since the start or the last ResetState: a scalar, or one number for each class or
	// threshold.
	Result() (*tensor.Of[float64], error)
	// ResetState starts anew.
	ResetState()
	// Variables returns the state as Keras keeps it, with its names, types and order. Some metrics have none before the first
	// batch. The variables are copies; SetVariables puts values back.
	Variables() []*layer.Variable
	// SetVariables replaces the state.
	SetVariables(values []tensor.Any) error
}

// Base is what all metrics have in common: a name, a type and a state.
type Base struct {
	Name  string
	DType tensor.DType // in which Keras computes; the state is rounded to it where it is shown

	states []*state
}

// state is one of a metric's variables.
type state struct {
	name  string
	dtype tensor.DType
	shape []int
	data  []float64
}

// register adds a class of keras.metrics under its name, the name in snake case, and others.
func register(r *layer.Registry, class string, make func() layer.Configurable, short ...string) {
	names := short
	if snake := naming.SnakeCase(class); !slices.Contains(short, snake) {
		names = append([]string{snake}, short...)
	}
	r.RegisterObject("metrics", class, make, names...)
}

// config visits the arguments that all metrics have.
func (m *Base) config(c *layer.Config, name string, dtype tensor.DType) {
	c.StringOrNone("name", &m.Name)
	if m.Name == "" {
		m.Name = name
	}
	c.DType("dtype", &m.DType, dtype)
}

// MetricName implements Metric.
func (m *Base) MetricName() string { return m.Name }

// SetMetricName implements Metric.
func (m *Base) SetMetricName(name string) { m.Name = name }

// add makes a variable of zeros.
func (m *Base) add(name string, d tensor.DType, shape ...int) *state {
	n, _ := tensor.SizeOf(shape) // of arguments that were checked, or of a batch in memory
	s := &state{name, d, shape, make([]float64, n)}
	m.states = append(m.states, s)
	return s
}

// ResetState implements Metric.
func (m *Base) ResetState() {
	for _, s := range m.states {
		clear(s.data)
	}
}

// Variables implements Metric.
func (m *Base) Variables() []*layer.Variable {
	out := make([]*layer.Variable, len(m.states))
	for i, s := range m.states {
		data := tensor.Zeros[float64](s.shape...)
		copy(data.Data(), s.data)
		t, _ := data.Convert(s.dtype) // numeric: cannot fail
		out[i] = layer.NewVariable(s.name, strings.ReplaceAll(m.Name, "/", ">")+"/"+s.name, t)
	}
	return out
}

// SetVariables implements Metric.
func (m *Base) SetVariables(values []tensor.Any) error {
	if len(values) != len(m.states) {
		return fmt.Errorf("metric %q has %d variables, %d were given", m.Name, len(m.states), len(values))
	}
	for i, s := range m.states {
		if t := values[i]; !slices.Equal(t.Shape(), s.shape) || t.DType() == tensor.String {
			return fmt.Errorf("the variable %q of metric %q has shape %s, not %s", s.name, m.Name, tensor.FormatShape(s.shape),
				tensor.FormatShape(t.Shape()))
		}
	}
	for i, s := range m.states {
		_ = values[i].Float64s(s.data) // numeric: checked above
	}
	return nil
}

// array is a tensor of numbers.
type array struct {
	shape []int
	data  []float64
}

// numbers reads the elements of an argument, rounded to a type.
func numbers(what string, t tensor.Any, d tensor.DType) (array, error) {
	if t == nil || t.DType() == tensor.String {
		return array{}, fmt.Errorf("numbers are expected as %s", what)
	}
	if t.DType() != d {
		var err error
		if t, err = t.Convert(d); err != nil {
			return array{}, err
		}
	}
	a := array{t.Shape(), make([]float64, t.Len())}
	return a, t.Float64s(a.data)
}

func (a array) rank() int { return len(a.shape) }

// sameRank is losses.SameRank for arrays; with keepVectors a vector does not gain an axis.
func sameRank(x, y array, keepVectors bool) (array, array) {
	thin := func(v array) bool { return v.shape[v.rank()-1] == 1 }
	squeeze := func(v array) array { return array{v.shape[:v.rank()-1], v.data} }
	expand := func(v array) array { return array{append(slices.Clone(v.shape), 1), v.data} }
	switch {
	case x.rank() == y.rank()+1 && thin(x):
		if y.rank() == 1 && !keepVectors {
			return x, expand(y)
		}
		return squeeze(x), y
	case y.rank() == x.rank()+1 && thin(y):
		if x.rank() == 1 && !keepVectors {
			return expand(x), y
		}
		return x, squeeze(y)
	}
	return x, y
}

// broadcast repeats an array to a shape, as NumPy does.
func broadcast(what string, a array, shape []int) (array, error) {
	if slices.Equal(a.shape, shape) {
		return a, nil
	}
	bad := len(a.shape) > len(shape)
	skip := len(shape) - len(a.shape)
	strides := make([]int, len(shape))
	for i, step := len(a.shape)-1, 1; i >= 0 && !bad; i-- {
		switch a.shape[i] {
		case shape[skip+i]:
			strides[skip+i] = step
		case 1:
		default:
			bad = true
		}
		step *= a.shape[i]
	}
	if bad {
		return a, fmt.Errorf("%s of shape %s do not fit shape %s", what, tensor.FormatShape(a.shape), tensor.FormatShape(shape))
	}
	n, _ := tensor.SizeOf(shape) // the shape of an array in memory
	out := array{shape, make([]float64, n)}
	index := make([]int, len(shape))
	at := 0
	for i := range out.data {
		out.data[i] = a.data[at]
		for k := len(shape) - 1; k >= 0; k-- {
			index[k]++
			at += strides[k]
			if index[k] < shape[k] {
				break
			}
			at -= strides[k] * shape[k]
			index[k] = 0
		}
	}
	return out, nil
}

// divideNoNaN is x/y, and 0 where y is 0.
func divideNoNaN(x, y float64) float64 {
	if y == 0 {
		return 0
	}
	return x / y
}

func scalar(v float64) (*tensor.Of[float64], error) { return tensor.Scalar(v), nil }

// vector is the result of a metric that has several numbers, or the one of it where it has one.
func vector(v []float64) (*tensor.Of[float64], error) {
	if len(v) == 1 {
		return tensor.Scalar(v[0]), nil
	}
	return tensor.FromSlice(v, len(v)), nil
}

const epsilon = 1e-7 // keras.config.epsilon()
