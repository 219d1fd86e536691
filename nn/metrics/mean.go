package metrics

import (
	"fmt"
	"math"

	"github.com/hornml/horn/internal/naming"
	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/internal/jit"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/nn/losses"
	"github.com/hornml/horn/tensor"
)

func addMean(r *layer.Registry) {
	register(r, "Mean", func() layer.Configurable { return new(Mean) })
	register(r, "Sum", func() layer.Configurable { return new(Sum) })
	register(r, "MeanMetricWrapper", func() layer.Configurable { return &MeanMetricWrapper{named: true} })
	register(r, "RootMeanSquaredError", func() layer.Configurable { return new(RootMeanSquaredError) })

	of := func(class string, make func() losses.Function, short ...string) {
		wrap(r, class, naming.SnakeCase(class), make, short...)
	}
	plain := func(f function) func() losses.Function { return func() losses.Function { return f } }
	of("MeanSquaredError", plain(losses.MeanSquaredError), "mse", "MSE")
	of("MeanAbsoluteError", plain(losses.MeanAbsoluteError), "mae", "MAE")
	of("MeanAbsolutePercentageError", plain(losses.MeanAbsolutePercentageError), "mape", "MAPE")
	of("MeanSquaredLogarithmicError", plain(losses.MeanSquaredLogarithmicError), "msle", "MSLE")
	of("KLDivergence", plain(losses.KLDivergence), "kld", "KLD", "kullback_leibler_divergence")
	of("Poisson", plain(losses.Poisson))
	of("Hinge", plain(losses.Hinge))
	of("SquaredHinge", plain(losses.SquaredHinge))
	of("CategoricalHinge", plain(losses.CategoricalHinge))
	of("CategoricalCrossentropy", func() losses.Function { return new(losses.CategoricalCrossentropy) })
	of("BinaryCrossentropy", func() losses.Function { return &losses.BinaryCrossentropy{NoAxis: true} }, "bce", "BCE")
	of("SparseCategoricalCrossentropy", func() losses.Function { return &losses.SparseCategoricalCrossentropy{WriteAxis: true} })
	of("CosineSimilarity", func() losses.Function { return new(cosineSimilarity) })
	wrap(r, "LogCoshError", "logcosh", plain(losses.LogCosh), "logcosh", "log_cosh")
}

// wrap adds a class that is the mean of a function's values.
//
//go:noinline
func wrap(r *layer.Registry, class, name string, make func() losses.Function, short ...string) {
	register(r, class, func() layer.Configurable { return &MeanMetricWrapper{Function: make(), defaultName: name} }, short...)
}

// Mean is the weighted mean of values (keras.metrics.Mean). Its UpdateState takes them as the first argument; there are no
// predictions.
type Mean struct {
	Base
	total, count *state
	run          *jit.Function
}

// Config implements layer.Configurable.
func (m *Mean) Config(c *layer.Config) { m.configure(c, "mean", nil) }

// configure visits the arguments and sets up the function that gives the sum and the number of a batch's values.
func (m *Mean) configure(c *layer.Config, name string, values losses.Function) {
	m.config(c, name, tensor.Float32)
	if m.total == nil {
		m.total, m.count = m.add("total", m.DType), m.add("count", m.DType)
	}
	m.total.dtype, m.count.dtype = m.DType, m.DType
	m.run = jit.NewFunction(func(b *graph.Builder, args []*graph.Value) []*graph.Value {
		x, weight := args[0], args[2]
		if values != nil {
			x = values.Values(b, args[0], args[1])
			weight = losses.ApplyMask(b, weight, args[3], m.DType, "sum")
		}
		if weight != nil && x.Mask != nil {
			weight = losses.ApplyMask(b, weight, x.Mask, m.DType, "sum")
		}
		x, weight = samplewise(b, graph.Mean, x, weight, m.DType)
		var count *graph.Value
		switch {
		case weight != nil:
			count = b.Sum(weight)
		case x.Rank() > 0:
			count = b.Scalar(m.DType, float64(x.Shape[0]))
		default:
			count = b.Scalar(m.DType, 1)
		}
		return []*graph.Value{b.Sum(x), count}
	})
}

// samplewise weights values and reduces them to one for each sample (reduce_to_samplewise_values).
func samplewise(b *graph.Builder, reduce *graph.Reduction, x, weight *graph.Value, d tensor.DType) (values, weights *graph.Value) {
	rest := func(v *graph.Value, from int) *graph.Value {
		var axes []int
		for i := from; i < v.Rank(); i++ {
			axes = append(axes, i)
		}
		if len(axes) == 0 {
			return v
		}
		return b.Reduce(reduce, v, false, axes...)
	}
	x = b.Cast(x.WithMask(nil), d)
	if weight != nil {
		x, weight = losses.SameRank(b, x, b.Cast(weight, d))
		rank := weight.Rank()
		x = rest(x, rank)
		weight = b.BroadcastTo(weight, x.Shape...)
		x = b.Mul(x, weight)
		weight = rest(weight, 1)
	}
	return rest(x, 1), weight
}

// UpdateState implements Metric.
func (m *Mean) UpdateState(values, yPred, sampleWeight, mask tensor.Any) error {
	if yPred != nil {
		return fmt.Errorf("metric %q is a mean of values; it does not compare targets and predictions", m.Name)
	}
	return m.update(values, nil, sampleWeight, nil)
}

func (m *Mean) update(args ...tensor.Any) error {
	out, err := m.run.Run(args...)
	if err != nil {
		return fmt.Errorf("metric %q: %w", m.Name, err)
	}
	var batch [2]float64
	for i := range batch {
		_ = out[i].Float64s(batch[i : i+1]) // of the metric's type: numeric
	}
	m.total.data[0] += batch[0]
	m.count.data[0] += batch[1]
	return nil
}

// Result implements Metric.
func (m *Mean) Result() (*tensor.Of[float64], error) {
	return scalar(divideNoNaN(m.total.data[0], m.count.data[0]))
}

// Sum is the weighted sum of values (keras.metrics.Sum), which it takes as Mean does.
type Sum struct {
	Base
	total *state
	run   *jit.Function
}

// Config implements layer.Configurable.
func (m *Sum) Config(c *layer.Config) {
	m.config(c, "sum", tensor.Float32)
	if m.total == nil {
		m.total = m.add("total", m.DType)
	}
	m.total.dtype = m.DType
	m.run = jit.NewFunction(func(b *graph.Builder, args []*graph.Value) []*graph.Value {
		x, _ := samplewise(b, graph.Sum, args[0], args[1], m.DType)
		return []*graph.Value{b.Sum(x)}
	})
}

// UpdateState implements Metric.
func (m *Sum) UpdateState(values, yPred, sampleWeight, mask tensor.Any) error {
	if yPred != nil {
		return fmt.Errorf("metric %q is a sum of values; it does not compare targets and predictions", m.Name)
	}
	out, err := m.run.Run(values, sampleWeight)
	if err != nil {
		return fmt.Errorf("metric %q: %w", m.Name, err)
	}
	var batch [1]float64
	_ = out[0].Float64s(batch[:]) // of the metric's type: numeric
	m.total.data[0] += batch[0]
	return nil
}

// Result implements Metric.
func (m *Sum) Result() (*tensor.Of[float64], error) { return scalar(m.total.data[0]) }

// MeanMetricWrapper is the mean of a function's values (keras.metrics.MeanMetricWrapper), which most metrics are.
type MeanMetricWrapper struct {
	Mean
	Function losses.Function

	defaultName string
	named       bool // the function is the argument "fn"
}

// Config implements layer.Configurable.
func (m *MeanMetricWrapper) Config(c *layer.Config) {
	if m.named && c.Reading() {
		m.Function = readFunction(c)
	}
	if m.Function == nil { // reported, or a default that nobody runs
		m.Function = function(losses.MeanSquaredError)
	}
	if m.defaultName == "" {
		m.defaultName = "mean_metric_wrapper"
	}
	m.configure(c, m.defaultName, m.Function)
	m.Function.Config(c)
}

// readFunction reads the argument "fn": a function of keras.losses or keras.metrics, or a loss.
func readFunction(c *layer.Config) losses.Function {
	if v, _ := c.Value("fn"); v != nil {
		if r, ok := v.(*pyjson.Object); ok && r.String("class_name") != "function" {
			var o *layer.Object
			c.Object("losses", "fn", &o, "")
			if o == nil {
				return nil
			}
			loss, ok := o.Impl.(losses.Loss)
			if !ok {
				c.Unsupported("fn", "%s is no loss", o.Name)
				return nil
			}
			return lossFunction{loss}
		}
	}
	return losses.ReadFunction(c, "fn", newFunction)
}

// lossFunction has the values of a loss, reduced as it says.
type lossFunction struct{ loss losses.Loss }

func (lossFunction) Config(*layer.Config) {}
func (f lossFunction) Values(b *graph.Builder, yTrue, yPred *graph.Value) *graph.Value {
	return f.loss.Call(b, yTrue, yPred, nil, nil)
}

// newFunction finds a function by its name: Keras looks among those of keras.losses first.
func newFunction(r *layer.Registry, name string) losses.Function {
	if f := losses.FindFunction(r, name); f != nil {
		return f
	}
	if o := r.Object("metrics", name); o != nil && o.Name != name {
		if m, ok := o.Impl.(*MeanMetricWrapper); ok {
			return m.Function
		}
	}
	return nil
}

// function is a function without arguments.
type function func(b *graph.Builder, yTrue, yPred *graph.Value) *graph.Value

func (function) Config(*layer.Config) {}
func (f function) Values(b *graph.Builder, yTrue, yPred *graph.Value) *graph.Value {
	return f(b, yTrue, yPred)
}

// UpdateState implements Metric.
func (m *MeanMetricWrapper) UpdateState(yTrue, yPred, sampleWeight, mask tensor.Any) error {
	return m.update(yTrue, yPred, sampleWeight, mask)
}

// RootMeanSquaredError is the square root of the mean of all (p-t)² (keras.metrics.RootMeanSquaredError). As in Keras it
// takes no notice of masks.
type RootMeanSquaredError struct{ Mean }

// Config implements layer.Configurable.
func (m *RootMeanSquaredError) Config(c *layer.Config) {
	m.configure(c, "root_mean_squared_error", function(func(b *graph.Builder, yTrue, yPred *graph.Value) *graph.Value {
		t, p := losses.SameRank(b, b.Cast(yTrue, m.DType), b.Cast(yPred.WithMask(nil), m.DType))
		return b.Square(b.Sub(p, t))
	}))
}

// UpdateState implements Metric.
func (m *RootMeanSquaredError) UpdateState(yTrue, yPred, sampleWeight, mask tensor.Any) error {
	return m.update(yTrue, yPred, sampleWeight, nil)
}

// Result implements Metric.
func (m *RootMeanSquaredError) Result() (*tensor.Of[float64], error) {
	return scalar(math.Sqrt(divideNoNaN(m.total.data[0], m.count.data[0])))
}

// cosineSimilarity is the function of keras.metrics.CosineSimilarity: that of keras.losses without the minus.
type cosineSimilarity struct{ axis int }

func (f *cosineSimilarity) Config(c *layer.Config) { layer.Unwritten(c, "axis", &f.axis, -1, c.Int) }
func (f *cosineSimilarity) Values(b *graph.Builder, yTrue, yPred *graph.Value) *graph.Value {
	return losses.Cosine(b, yTrue, yPred, f.axis)
}
