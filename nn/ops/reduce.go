package ops

import (
	"slices"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

func addReduce(r *layer.Registry) {
	reduction(r, "Sum", func(o *layer.OpCall, x *value, r reducer) *value { return r.apply(o, graph.Sum, wideInt(o, x)) })
	reduction(r, "Mean", func(o *layer.OpCall, x *value, r reducer) *value { return r.apply(o, graph.Mean, asFloat(o, x)) })
	reduction(r, "Std", func(o *layer.OpCall, x *value, r reducer) *value { return o.Sqrt(variance(o, asFloat(o, x), r)) })
	reduction(r, "Var", func(o *layer.OpCall, x *value, r reducer) *value { return variance(o, asFloat(o, x), r) })
	reduction(r, "Amax", func(o *layer.OpCall, x *value, r reducer) *value {
		return extreme(o, x, r, graph.ReduceMax, graph.Max)
	})
	reduction(r, "Amin", func(o *layer.OpCall, x *value, r reducer) *value {
		return extreme(o, x, r, graph.ReduceMin, graph.Min)
	})
	reduction(r, "Max", func(o *layer.OpCall, x *value, r reducer) *value {
		return extreme(o, x, r, graph.ReduceMax, graph.Max)
	})
	reduction(r, "Min", func(o *layer.OpCall, x *value, r reducer) *value {
		return extreme(o, x, r, graph.ReduceMin, graph.Min)
	})
	reduction(r, "Ptp", func(o *layer.OpCall, x *value, r reducer) *value {
		x = asInt(o, x)
		r.notEmpty(o, x)
		return o.Sub(r.apply(o, graph.ReduceMax, x), r.apply(o, graph.ReduceMin, x))
	})
	reduction(r, "Any", func(o *layer.OpCall, x *value, r reducer) *value { return r.apply(o, graph.ReduceMax, asBool(o, x)) })
	reduction(r, "All", func(o *layer.OpCall, x *value, r reducer) *value { return r.apply(o, graph.ReduceMin, asBool(o, x)) })
	reduction(r, "Prod", func(o *layer.OpCall, x *value, r reducer) *value {
		return r.apply(o, graph.Prod, o.Cast(x, dtypeArg(o, -1, "dtype", wideInt(o, x).DType)))
	})
	r.RegisterOp("numpy", "CountNonzero", func(o *layer.OpCall) any {
		x := o.Tensor(0, "x")
		r := newReducer(o, x)
		y := r.apply(o, graph.Sum, o.Cast(asBool(o, x), tensor.Int32))
		if r.none {
			return y
		}
		// Keras on torch returns the result with its axes in reverse order.
		order := sequence(y.Rank())
		slices.Reverse(order)
		return o.Transpose(y, order...)
	})
	r.RegisterOp("math", "Logsumexp", func(o *layer.OpCall) any {
		x := asFloat(o, o.Tensor(0, "x"))
		return logSumExp(o, x, newReducer(o, x))
	})
	r.RegisterOp("numpy", "Average", average)
	r.RegisterOp("nn", "Moments", moments)
	cumulative := func(class string, product bool, nan float64, skip bool) {
		one(r, "numpy", class, "x", func(o *layer.OpCall, x *value) *value {
			if skip && x.DType.IsFloat() {
				x = replaceNonFinite(o, x, nan, largest(x.DType), -largest(x.DType))
			}
			return accumulate(o, x, product)
		})
	}
	cumulative("Cumsum", false, 0, false)
	cumulative("Cumprod", true, 0, false)
	// Keras replaces infinities by the largest numbers here, too.
	cumulative("Nancumsum", false, 0, true)
	cumulative("Nancumprod", true, 1, true)
}

// reducer holds the arguments axis and keepdims.
type reducer struct {
	axes []int // nil: all
	none bool  // no axis at all: nothing is combined
	keep bool
}

func newReducer(o *layer.OpCall, x *value) reducer {
	r := reducer{}
	r.axes, r.none = axesArg(o, "axis", x.Rank())
	r.keep = o.Bool(-1, "keepdims", false)
	return r
}

func (r reducer) apply(o *layer.OpCall, op *graph.Reduction, x *value) *value {
	if r.none || x.Rank() == 0 {
		return x
	}
	return o.Reduce(op, x, r.keep, r.axes...)
}

// notEmpty fails where a maximum of nothing would be taken.
func (r reducer) notEmpty(o *layer.OpCall, x *value) reducer {
	if x.Size() == 0 {
		o.Fail("%s: the tensor %s is empty", o, x)
	}
	return r
}

// over returns the axes from 0 on that are combined.
func (r reducer) over(x *value) []int {
	switch {
	case r.none:
		return nil
	case r.axes == nil:
		return sequence(x.Rank())
	}
	axes := slices.Clone(r.axes)
	slices.Sort(axes)
	return axes
}

// kept returns the same reducer with the axes kept.
func (r reducer) kept() reducer {
	r.keep = true
	return r
}

// count returns how many elements are combined into one.
func (r reducer) count(x *value) int {
	n := 1
	for _, a := range r.over(x) {
		n = graph.Times(n, x.Shape[a])
	}
	return n
}

// drop removes the combined axes of y, a result with kept axes, unless they are to be kept.
func (r reducer) drop(o *layer.OpCall, y *value) *value {
	if r.keep {
		return y
	}
	axes := r.over(y)
	var shape []int
	for i, d := range y.Shape {
		if !slices.Contains(axes, i) {
			shape = append(shape, d)
		}
	}
	return o.Reshape(y, shape...)
}

//go:noinline
func reduction(to *layer.Registry, class string, f func(o *layer.OpCall, x *value, r reducer) *value) {
	to.RegisterOp("numpy", class, func(o *layer.OpCall) any {
		x := stacked(o, 0, "x")
		return f(o, x, newReducer(o, x))
	})
}

// stacked reads a tensor or a list of tensors, which becomes one with a new first axis.
func stacked(o *layer.OpCall, i int, name string) *value {
	v, _ := o.Get(i, name)
	if _, ok := v.([]any); ok {
		if xs := sameType(o, o.Tensors(i, name)); len(xs) > 0 {
			return o.Stack(0, xs...)
		}
	}
	return o.Tensor(i, name)
}

// sameType casts tensors to the type that they have in common.
func sameType(o *layer.OpCall, xs []*value) []*value {
	if len(xs) == 0 {
		return nil
	}
	types := make([]tensor.DType, len(xs))
	for i, x := range xs {
		types[i] = x.DType
	}
	d := resultType(o, types...)
	out := make([]*value, len(xs))
	for i, x := range xs {
		out[i] = o.Cast(x, d)
	}
	return out
}

// wideInt brings bools and small integers to int32 (uint32), in which Keras adds and multiplies them.
func wideInt(o *layer.OpCall, x *value) *value {
	switch x.DType {
	case tensor.Bool, tensor.Int8, tensor.Int16:
		return o.Cast(x, tensor.Int32)
	case tensor.Uint8, tensor.Uint16:
		return o.Cast(x, tensor.Uint32)
	}
	return x
}

// variance is the mean of the squared differences from the mean.
func variance(o *layer.OpCall, x *value, r reducer) *value {
	if r.none {
		return o.Full(x.DType, 0, x.Shape...)
	}
	d := x.DType
	if d.IsHalf() {
		x = o.Cast(x, tensor.Float32)
	}
	centered := o.Sub(x, r.kept().apply(o, graph.Mean, x))
	return o.Cast(r.apply(o, graph.Mean, o.Square(centered)), d)
}

// extreme is a maximum or minimum; the argument initial takes part in it.
func extreme(o *layer.OpCall, x *value, r reducer, op *graph.Reduction, join *graph.Binary) *value {
	initial := o.FloatOrNone(-1, "initial")
	if initial == nil {
		return r.notEmpty(o, x).apply(o, op, x)
	}
	y := r.apply(o, op, x)
	return o.Binary(join, y, o.Scalar(y.DType, *initial))
}

// logSumExp is log(sum(exp(x))), without overflow.
func logSumExp(o *layer.OpCall, x *value, r reducer) *value {
	if r.none {
		return x
	}
	if r.count(x) == 0 {
		return o.Log(r.apply(o, graph.Sum, x))
	}
	top := r.kept().apply(o, graph.ReduceMax, x)
	// An infinite maximum must not be subtracted from itself.
	shift := o.Where(o.Test(graph.IsFinite, top), top, o.Scalar(x.DType, 0))
	sum := r.kept().apply(o, graph.Sum, o.Exp(o.Sub(x, shift)))
	return r.drop(o, o.Add(o.Log(sum), shift))
}

// average is a mean with weights, which have x's shape or, for one axis, its length.
func average(o *layer.OpCall) any {
	x := o.Tensor(0, "x")
	w := o.TensorOrNone(1, "weights")
	r := newReducer(o, x)
	if w == nil {
		return r.apply(o, graph.Mean, asFloat(o, x))
	}
	d := resultType(o, x.DType, w.DType, layer.PyFloat)
	x, w = o.Cast(x, d), o.Cast(w, d)
	if r.none {
		return x
	}
	if !graph.FitShapes(w.Shape, x.Shape) {
		if w.Rank() != 1 || len(r.axes) != 1 || !graph.Fits(w.Shape[0], x.Shape[r.axes[0]]) {
			o.Fail("%s: weights %s do not fit %s", o, w, x)
		}
		shape := make([]int, x.Rank())
		for i := range shape {
			shape[i] = 1
		}
		shape[r.axes[0]] = w.Shape[0]
		w = o.BroadcastTo(o.Reshape(w, shape...), x.Shape...)
	}
	return o.Div(r.apply(o, graph.Sum, o.Mul(x, w)), r.apply(o, graph.Sum, w))
}

// moments returns mean and variance (keras.ops.moments).
func moments(o *layer.OpCall) any {
	x := o.Tensor(0, "x")
	if o.Bool(-1, "synchronized", false) {
		o.Fail("%s: synchronized=True needs several devices", o)
	}
	r := reducer{keep: o.Bool(-1, "keepdims", false)}
	r.axes, r.none = axesArg(o, "axes", x.Rank())
	d := x.DType
	work := asFloat(o, x)
	if d == tensor.Float16 {
		work = o.Cast(x, tensor.Float32)
	}
	mean, v := r.apply(o, graph.Mean, work), variance(o, work, r)
	if d == tensor.Float16 { // Keras keeps the numbers finite
		mean, v = o.Clip(mean, -largest(d), largest(d)), o.Clip(v, -largest(d), largest(d))
	}
	return many([]*value{o.Cast(mean, resultType(o, d, layer.PyFloat)), o.Cast(v, resultType(o, d, layer.PyFloat))})
}

// accumulate is a running sum or product along an axis, or over all elements for none.
func accumulate(o *layer.OpCall, x *value, product bool) *value {
	axis := o.IntOrNone(-1, "axis")
	x = asInt(o, o.Cast(x, dtypeArg(o, -1, "dtype", layer.Narrow(x.DType))))
	if axis == nil {
		x, axis = o.Reshape(x, -1), new(int)
	}
	return o.Emit1(graph.Cumulative{Axis: o.Axis(*axis, x.Rank()), Product: product}, x)
}
