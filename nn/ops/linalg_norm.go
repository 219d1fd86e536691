package ops

import (
	"math"

	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/tensor"
)

// vectorNorm is the norm of some order of the elements along axes; order 0 counts those that are not 0.
func vectorNorm(o *nn.OpCall, x *value, order float64, r reducer) *value {
	switch {
	case math.IsInf(order, 1):
		return r.apply(o, graph.OpReduceMax, o.Abs(x))
	case math.IsInf(order, -1):
		return r.apply(o, graph.OpReduceMin, o.Abs(x))
	case order == 0:
		return r.apply(o, graph.OpSum, o.Cast(o.Cast(x, tensor.Bool), x.DType))
	case order == 1:
		return r.apply(o, graph.OpSum, o.Abs(x))
	case order == 2:
		return o.Sqrt(r.apply(o, graph.OpSum, o.Square(x)))
	}
	sum := r.apply(o, graph.OpSum, o.Pow(o.Abs(x), o.Scalar(x.DType, order)))
	return o.Pow(sum, o.Scalar(x.DType, 1/order))
}
