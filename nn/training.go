package nn

import (
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/tensor"
)

// Loss is an object of keras.losses.
type Loss interface {
	Configurable
	// LossName is the argument "name".
	LossName() string
	// Call writes the loss of predictions against targets. sampleWeight, of the shape of the values or of their first axes,
	// and mask, the one that travels with the predictions, may be nil. The result is a scalar unless the reduction is none.
	Call(b *graph.Builder, yTrue, yPred, sampleWeight, mask *graph.Value) *graph.Value
}

// Metric is an object of keras.metrics: it takes batch after batch and tells the result for all of them. One metric serves
// one evaluation at a time.
type Metric interface {
	Configurable
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
	Variables() []*Variable
	// SetVariables replaces the state.
	SetVariables(values []tensor.Any) error
}

// Regularizer is an object of keras.regularizers, or a layer that has one built in.
type Regularizer interface {
	// Penalty writes what a tensor, a weight or the output of a layer, adds to the loss: a scalar.
	Penalty(b *graph.Builder, x *graph.Value) *graph.Value
}

// Regularized gives a variable the regularizer and the constraint of its layer's arguments; nil is none.
func Regularized(regularizer, constraint *Object) WeightOption {
	return func(v *Variable) { v.Regularizer, v.Constraint = regularizer, constraint }
}

// TrainableVariables returns the variables that training changes, in Keras's order: those of layers that are not frozen,
// without the ones that layers change themselves.
func (m *Model) TrainableVariables() []*Variable {
	frozen := map[*Variable]bool{}
	EachLayer(m, func(l Layer) {
		if !l.base().trainable {
			for _, v := range l.Variables() {
				frozen[v] = true
			}
		}
	})
	var out []*Variable
	for _, v := range m.Variables() {
		if v.Trainable && !frozen[v] {
			out = append(out, v)
		}
	}
	return out
}

// DType visits the argument "dtype" of a loss or a metric: a name, a policy, of which the compute type counts, or null for
// the default.
func (c *Config) DType(key string, field *tensor.DType, def ...tensor.DType) {
	visit(c, key, field, def, func(v any) (tensor.DType, string) {
		switch v {
		case nil:
			return def[0], ""
		case "int":
			return tensor.Int32, ""
		case "float":
			return tensor.Float32, ""
		}
		p, err := parsePolicy(v)
		if err != nil || p.Compute == tensor.String {
			return 0, "the name of a type of numbers is expected"
		}
		return p.Compute, ""
	}, func(d tensor.DType) any { return d.String() })
}

// Unwritten visits an argument that Keras takes but leaves out when it writes a config, so that a loaded object has the
// default. Here it is written where it is not the default, so that nothing is lost.
func Unwritten[T comparable](c *Config, key string, field *T, def T, visit func(key string, field *T, def ...T)) {
	if c.out == nil || *field != def {
		visit(key, field, def)
	}
}

// Optimizer is an object of keras.optimizers. It is used by one training at a time.
type Optimizer interface {
	Configurable
	// Build makes the optimizer's own variables for those that it is to change.
	Build(variables []*Variable) error
	// Variables returns the optimizer's own variables in Keras's order: the number of steps, the learning rate where that is
	// a number, then the slots. Before Build there are but the first two.
	Variables() []*Variable
	// Step changes the variables by their gradients, of which some may be nil.
	Step(gradients []tensor.Any) error
	// Rate is the learning rate of the next step.
	Rate() float64
	// LossScale is what the loss is to be multiplied with before gradients are taken; Step divides by it.
	LossScale() float64
	// Finalize ends a training: averages that were kept of the variables take their place.
	Finalize() error
}

// Constrainer is an object of keras.constraints.
type Constrainer interface {
	// Constrain writes the value that a weight takes on instead of w.
	Constrain(b *graph.Builder, w *graph.Value) *graph.Value
}

// ObjectIn reads an object of keras.<kind> that stands somewhere inside the value of a key; at is its place there, such as
// "optimizer_map/kernel". It reports what is wrong and returns nil then, and for null.
func (c *Config) ObjectIn(kind string, v any, at string) *Object {
	return c.decoder.Object(kind, v, c.path+"/"+at, c.layer)
}

// Objects returns the classes and functions of keras.<kind> that are known, such as those of "initializers", by all their
// names, sorted.
func Objects(kind string) []string { return sortedKeys(objects[kind]) }
