package losses

import (
	"slices"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

// Loss is an object of keras.losses.
type Loss interface {
	layer.Configurable
	// LossName and SetLossName are the argument "name".
	LossName() string
	SetLossName(name string)
	// Call writes the loss of predictions against targets. sampleWeight, of the shape of the values or of their first axes,
	// and mask, the one that travels with the predictions, may be nil. The result is a scalar unless the reduction is none.
	Call(b *graph.Builder, yTrue, yPred, sampleWeight, mask *graph.Value) *graph.Value
}

// Function is a function of keras.losses with its arguments.
type Function interface {
	layer.Configurable
	// Values writes a value for each sample, as the function of Keras returns them: the last axis is gone in most. Targets
	// and predictions may be of any type. A mask that the function makes itself travels on the result.
	Values(b *graph.Builder, yTrue, yPred *graph.Value) *graph.Value
}

// Reduced is an object of keras.losses that Keras has: a function whose values are weighted and reduced.
type Reduced struct {
	Name      string
	Reduction string       // "sum_over_batch_size", "mean", "sum", "mean_with_sample_weight" or "none"
	DType     tensor.DType // in which it computes
	Function  Function

	defaultName string
}

// plain is a function of Keras that has no arguments.
type plain func(b *graph.Builder, yTrue, yPred *graph.Value) *graph.Value

func (plain) Config(*layer.Config) {}
func (f plain) Values(b *graph.Builder, yTrue, yPred *graph.Value) *graph.Value {
	return f(b, yTrue, yPred)
}

// register adds a class of keras.losses: name is the default of its argument "name", function that of its function,
// short are other names of the function.
func register(r *layer.Registry, class, name, function string, make func() Function, short ...string) {
	r.RegisterObject("losses", class, func() layer.Configurable { return &Reduced{Function: make(), defaultName: name} },
		append([]string{function}, short...)...)
}

// NewFunction returns the function of keras.losses of the given name, such as "mean_squared_error" or "mse", with its
// default arguments; nil if there is none.
func NewFunction(name string) Function { return FindFunction(layer.NewRegistry(All), name) }

// FindFunction is NewFunction among the functions of a registry.
func FindFunction(r *layer.Registry, name string) Function {
	o := r.Object("losses", name)
	if o == nil || o.Name == name { // a class, not the function of that name
		return nil
	}
	if l, ok := o.Impl.(*Reduced); ok {
		return l.Function
	}
	return nil
}

func addLoss(r *layer.Registry) {
	r.RegisterObject("losses", "LossFunctionWrapper", func() layer.Configurable { return new(wrapper) })
}

// wrapper is a loss whose function is named by the argument "fn" (LossFunctionWrapper).
type wrapper struct{ Reduced }

// Config implements layer.Configurable.
func (w *wrapper) Config(c *layer.Config) {
	if c.Reading() {
		w.Function = ReadFunction(c, "fn", FindFunction)
	}
	if w.Function == nil {
		w.Function = plain(MeanSquaredError) // reported, or a default that nobody runs
	}
	w.defaultName = "loss_function_wrapper"
	w.Reduced.Config(c)
}

// ReadFunction reads a function of Keras that an argument names, by its record or its name; find knows the functions. It
// reports one that is not known and returns nil.
func ReadFunction[F any](c *layer.Config, key string, find func(r *layer.Registry, name string) F) F {
	v, _ := c.Value(key)
	name, _ := v.(string)
	if record, ok := v.(*pyjson.Object); ok {
		name, _ = record.Get("config").(string)
		if name == "" {
			name = record.String("class_name")
		}
	}
	f := find(c.Registry(), name)
	if any(f) == nil {
		c.Unsupported(key, "the function %q is not known here; give the whole loss or metric as a custom object", name)
	}
	return f
}

// Config implements layer.Configurable.
func (l *Reduced) Config(c *layer.Config) {
	c.StringOrNone("name", &l.Name)
	if l.Name == "" {
		l.Name = l.defaultName
	}
	var reduction any = l.Reduction
	c.Raw("reduction", &reduction, "sum_over_batch_size")
	switch r := reduction.(type) {
	case nil:
		l.Reduction = "none"
	case string:
		l.Reduction = r
	}
	if !slices.Contains(Reductions, l.Reduction) {
		c.Errorf("reduction", "one of %q or null is expected, not %s", Reductions, pyjson.Describe(reduction))
	}
	layer.Unwritten(c, "dtype", &l.DType, tensor.Float32, c.DType) // written since Keras 3.16
	l.Function.Config(c)
}

// Reductions are the reductions of Keras; "none" stands for null, too.
var Reductions = []string{"sum_over_batch_size", "mean", "sum", "mean_with_sample_weight", "none"}

// LossName implements Loss.
func (l *Reduced) LossName() string { return l.Name }

// SetLossName changes the name: a model that names a function by a short name calls the loss so.
func (l *Reduced) SetLossName(name string) { l.Name = name }

// Call implements Loss.
func (l *Reduced) Call(b *graph.Builder, yTrue, yPred, sampleWeight, mask *graph.Value) *graph.Value {
	yTrue, yPred = SameRank(b, cast(b, yTrue, l.DType), cast(b, yPred, l.DType))
	values := l.Function.Values(b, yTrue, yPred)
	if own := values.Mask; own != nil {
		if mask != nil {
			own = b.And(cast(b, mask, tensor.Bool), own)
		}
		mask = own
	}
	return Reduce(b, cast(b, values.WithMask(nil), l.DType), sampleWeight, mask, l.Reduction)
}

// Reduce weights values with sample weights and a mask, of which each may be nil, and reduces them
// (reduce_weighted_values). With a mask a mean is that of the values that are not masked.
func Reduce(b *graph.Builder, values, sampleWeight, mask *graph.Value, reduction string) *graph.Value {
	weight := ApplyMask(b, sampleWeight, mask, values.DType, reduction)
	if weight != nil {
		values, weight = SameRank(b, values, weight)
		values = b.Mul(values, weight)
	}
	if reduction == "none" || values.Rank() == 0 || values.Rank() == 1 && values.Shape[0] == 0 {
		return values
	}
	sum := b.Sum(values)
	switch reduction {
	case "sum":
		return sum
	case "mean_with_sample_weight":
		if weight != nil {
			return DivideNoNaN(b, sum, b.Sum(weight))
		}
	}
	return DivideNoNaN(b, sum, b.Scalar(values.DType, float64(values.Size())))
}

// ApplyMask joins a mask and sample weights, of which each may be nil, in weights of a type. For a mean over all values the
// weights of what is not masked make up for the rest.
func ApplyMask(b *graph.Builder, sampleWeight, mask *graph.Value, d tensor.DType, reduction string) *graph.Value {
	if sampleWeight != nil {
		sampleWeight = cast(b, sampleWeight, d)
	}
	if mask == nil {
		return sampleWeight
	}
	m := cast(b, mask, d)
	if reduction == "mean" || reduction == "sum_over_batch_size" {
		m = b.Mul(m, DivideNoNaN(b, b.Scalar(d, float64(m.Size())), b.Sum(m)))
	}
	if sampleWeight == nil {
		return m
	}
	m, sampleWeight = SameRank(b, m, sampleWeight)
	return b.Mul(sampleWeight, m)
}

// SameRank brings two values whose ranks differ by 1 to one rank, if the last axis of the larger has length 1: a vector
// gains that axis, else it is dropped (squeeze_or_expand_to_same_rank).
func SameRank(b *graph.Builder, x, y *graph.Value) (*graph.Value, *graph.Value) {
	thin := func(v *graph.Value) bool { return v.Shape[v.Rank()-1] == 1 }
	switch {
	case x.Rank() == y.Rank()+1 && thin(x):
		if y.Rank() == 1 {
			return x, b.ExpandDims(y, -1)
		}
		return b.Squeeze(x, -1), y
	case y.Rank() == x.Rank()+1 && thin(y):
		if x.Rank() == 1 {
			return b.ExpandDims(x, -1), y
		}
		return x, b.Squeeze(y, -1)
	}
	return x, y
}

// DivideNoNaN is x/y, and 0 where y is 0.
func DivideNoNaN(b *graph.Builder, x, y *graph.Value) *graph.Value {
	zero := b.Scalar(y.DType, 0)
	none := b.Compare(graph.Equal, y, zero)
	return b.Where(none, zero, b.Div(x, b.Where(none, b.Scalar(y.DType, 1), y)))
}

// cast is Builder.Cast for values that may be of the type already; masks do not travel on.
func cast(b *graph.Builder, x *graph.Value, d tensor.DType) *graph.Value {
	if x.DType == d {
		return x.WithMask(nil)
	}
	if x.DType == tensor.String {
		b.Fail("numbers are expected as targets and predictions, not %s", x)
	}
	return b.Cast(x, d)
}

// pair brings predictions to a float type and targets to the type of the predictions.
func pair(b *graph.Builder, yTrue, yPred *graph.Value) (t, p *graph.Value) {
	p = floats(b, yPred)
	return cast(b, yTrue, p.DType), p
}

// samePair is pair for functions that also bring both to one rank.
func samePair(b *graph.Builder, yTrue, yPred *graph.Value) (t, p *graph.Value) {
	t, p = pair(b, yTrue, yPred)
	return SameRank(b, t, p)
}

func floats(b *graph.Builder, x *graph.Value) *graph.Value {
	if x.DType.IsFloat() {
		return x.WithMask(nil)
	}
	return cast(b, x, tensor.Float32)
}

// number is a constant of the type of x.
//
//go:noinline
func number(b *graph.Builder, x *graph.Value, v float64) *graph.Value { return b.Scalar(x.DType, v) }

// meanLast is the mean over the last axis, which there must be.
func meanLast(b *graph.Builder, x *graph.Value) *graph.Value { return b.Mean(x, last(b, x)) }

func last(b *graph.Builder, x *graph.Value) int {
	if x.Rank() == 0 {
		b.Fail("predictions with a last axis are expected, not a number")
	}
	return x.Rank() - 1
}

// oneMinus is 1 - x.
func oneMinus(b *graph.Builder, x *graph.Value) *graph.Value { return b.Sub(number(b, x, 1), x) }

const epsilon = 1e-7 // keras.config.epsilon()
