package ops

import (
	"math"
	"slices"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

func addLinalgNorm(r *layer.Registry) { r.RegisterOp("linalg", "Norm", norm) }

// norm is a norm of vectors along one axis, of matrices in two, or of all elements.
func norm(o *layer.OpCall) any {
	x := asFloat(o, o.Tensor(0, "x"))
	r := newReducer(o, x)
	order, name := 2.0, ""
	v, ok := o.Get(-1, "ord")
	given := ok && v != nil
	if s, isString := v.(string); isString {
		name = s
	} else if given {
		order = o.Float(-1, "ord")
	}
	axes := r.over(x)
	if r.axes != nil {
		axes = r.axes // in the order in which they stand: rows first
	}
	switch {
	case !given: // all elements as one vector
		return vectorNorm(o, x, 2, r)
	case len(axes) == 1 && name == "":
		return vectorNorm(o, x, order, r)
	case len(axes) == 2:
		return matrixNorm(o, x, order, name, axes, r)
	}
	o.Fail("%s: the order %v for %d axes of %s", o, v, len(axes), x)
	return nil
}

// matrixNorm is a norm of the matrices in two axes, rows and columns.
func matrixNorm(o *layer.OpCall, x *value, order float64, name string, axes []int, r reducer) *value {
	sums := func(along int, op *graph.Reduction) *value { // the extreme of the sums of magnitudes along one axis
		sum := o.Reduce(graph.Sum, o.Abs(x), true, axes[along])
		return r.drop(o, o.Reduce(op, sum, true, axes[1-along]))
	}
	if name == "fro" {
		return vectorNorm(o, x, 2, r)
	}
	switch {
	case name == "" && order == 1:
		return sums(0, graph.ReduceMax)
	case name == "" && order == -1:
		return sums(0, graph.ReduceMin)
	case name == "" && math.IsInf(order, 1):
		return sums(1, graph.ReduceMax)
	case name == "" && math.IsInf(order, -1):
		return sums(1, graph.ReduceMin)
	}
	rest := []int{}
	for i := range x.Rank() {
		if !slices.Contains(axes, i) {
			rest = append(rest, i)
		}
	}
	s := rectangular(o, o.Transpose(x, append(rest, axes...)...)).each(o, singularValues{})
	var y *value
	switch {
	case name == "nuc":
		y = o.Sum(s, -1)
	case name == "" && order == 2:
		y = o.Reduce(graph.ReduceMax, s, false, -1)
	case name == "" && order == -2:
		y = o.Reduce(graph.ReduceMin, s, false, -1)
	default:
		o.Fail("%s: the order %q (%g) of a matrix norm does not exist", o, name, order)
	}
	if r.keep {
		shape := slices.Clone(x.Shape)
		shape[axes[0]], shape[axes[1]] = 1, 1
		return o.Reshape(y, shape...)
	}
	return y
}

// vectorNorm is the norm of some order of the elements along axes; order 0 counts those that are not 0.
func vectorNorm(o *layer.OpCall, x *value, order float64, r reducer) *value {
	switch {
	case math.IsInf(order, 1):
		return r.apply(o, graph.ReduceMax, o.Abs(x))
	case math.IsInf(order, -1):
		return r.apply(o, graph.ReduceMin, o.Abs(x))
	case order == 0:
		return r.apply(o, graph.Sum, o.Cast(o.Cast(x, tensor.Bool), x.DType))
	case order == 1:
		return r.apply(o, graph.Sum, o.Abs(x))
	case order == 2:
		return o.Sqrt(r.apply(o, graph.Sum, o.Square(x)))
	}
	sum := r.apply(o, graph.Sum, o.Pow(o.Abs(x), o.Scalar(x.DType, order)))
	return o.Pow(sum, o.Scalar(x.DType, 1/order))
}
