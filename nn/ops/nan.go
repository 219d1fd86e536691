package ops

import (
	"math"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

func addNan(r *layer.Registry) {
	sums := func(class string, op *graph.Reduction, neutral float64) {
		reduction(r, class, func(o *layer.OpCall, x *value, r reducer) *value {
			return r.apply(o, op, withoutNaN(o, wideInt(o, x), neutral))
		})
	}
	sums("Nansum", graph.Sum, 0)
	sums("Nanprod", graph.Prod, 1)
	extremes := func(class string, op *graph.Reduction, neutral float64) {
		reduction(r, class, func(o *layer.OpCall, x *value, r reducer) *value {
			r.notEmpty(o, x)
			if !x.DType.IsFloat() || r.none {
				return r.apply(o, op, x)
			}
			y := r.apply(o, op, withoutNaN(o, x, neutral))
			return o.Where(r.apply(o, graph.ReduceMin, isNaN(o, x)), o.Scalar(x.DType, math.NaN()), y)
		})
	}
	extremes("Nanmax", graph.ReduceMax, math.Inf(-1))
	extremes("Nanmin", graph.ReduceMin, math.Inf(1))
	reduction(r, "Nanmean", func(o *layer.OpCall, x *value, r reducer) *value { return nanMean(o, asFloat(o, x), r) })
	reduction(r, "Nanvar", func(o *layer.OpCall, x *value, r reducer) *value { return nanVariance(o, asFloat(o, x), r) })
	reduction(r, "Nanstd", func(o *layer.OpCall, x *value, r reducer) *value { return o.Sqrt(nanVariance(o, asFloat(o, x), r)) })
	places := func(class string, smallest bool, neutral float64) {
		one(r, "numpy", class, "x", func(o *layer.OpCall, x *value) *value {
			y := argExtreme(o, withoutNaN(o, x, neutral), smallest)
			if !x.DType.IsFloat() {
				return y
			}
			// -1 where there is nothing but NaN.
			r := newReducer(o, x)
			return o.Where(r.apply(o, graph.ReduceMin, isNaN(o, x)), o.Builder.Int(tensor.Int32, -1), y)
		})
	}
	places("Nanargmax", false, math.Inf(-1))
	places("Nanargmin", true, math.Inf(1))
}

func isNaN(o *layer.OpCall, x *value) *value { return o.Test(graph.IsNaN, x) }

// withoutNaN puts a number in the place of NaN.
func withoutNaN(o *layer.OpCall, x *value, v float64) *value {
	if !x.DType.IsFloat() {
		return x
	}
	return o.Where(isNaN(o, x), o.Scalar(x.DType, v), x)
}

// counted is the number of elements that are not NaN.
func counted(o *layer.OpCall, x *value, r reducer) *value {
	return r.apply(o, graph.Sum, o.Cast(o.Not(isNaN(o, x)), x.DType))
}

func nanMean(o *layer.OpCall, x *value, r reducer) *value {
	if r.none {
		return x
	}
	return o.Div(r.apply(o, graph.Sum, withoutNaN(o, x, 0)), counted(o, x, r))
}

func nanVariance(o *layer.OpCall, x *value, r reducer) *value {
	if r.none {
		return o.Where(isNaN(o, x), x, o.Scalar(x.DType, 0))
	}
	centered := withoutNaN(o, o.Sub(x, nanMean(o, x, r.kept())), 0)
	return o.Div(r.apply(o, graph.Sum, o.Square(centered)), counted(o, x, r))
}
