package layers

import (
	"slices"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

type value = graph.Value

// toFloat returns x in the layer's compute type if it is an integer or a bool; floats have been cast before the call.
func toFloat(c *layer.Call, x *value, compute tensor.DType) *value {
	if x.DType == tensor.String {
		c.Fail("numbers are expected, not %s", x)
	}
	if x.DType.IsFloat() {
		return x
	}
	return c.Cast(x, compute)
}

// wide is the type in which Keras computes statistics of elements of type d: float32, or float64 for float64.
func wide(d tensor.DType) tensor.DType {
	if d == tensor.Float64 {
		return d
	}
	return tensor.Float32
}

// sameType brings values to the type in which Keras combines them.
func sameType(c *layer.Call, xs ...*value) []*value {
	types := make([]tensor.DType, len(xs))
	for i, x := range xs {
		types[i] = x.DType
	}
	d, ok := layer.ResultType(types...)
	if !ok {
		c.Fail("inputs of the types %v cannot be combined", types)
	}
	out := make([]*value, len(xs))
	for i, x := range xs {
		out[i] = c.Cast(x, d).WithMask(x.Mask)
	}
	return out
}

// along gives a vector the shape in which it broadcasts along one axis of a value of the given rank.
func along(c *layer.Call, v *value, axis, rank int) *value {
	if axis == rank-1 {
		return v
	}
	shape := slices.Repeat([]int{1}, rank)
	shape[axis] = v.Size()
	return c.Reshape(v, shape...)
}

// channelAxis is the axis of channels of a value of the given rank.
func channelAxis(dataFormat string, rank int) int {
	if dataFormat == layer.ChannelsFirst {
		return 1
	}
	return rank - 1
}

// spatialAxis is the first of the spatial axes.
func spatialAxis(dataFormat string) int {
	if dataFormat == layer.ChannelsFirst {
		return 2
	}
	return 1
}

// wantRank fails unless x has the rank.
//
//go:noinline
func wantRank(c *layer.Call, x *value, rank int) {
	if x.Rank() != rank {
		c.Fail("an input of rank %d is expected, not %s", rank, x)
	}
}

// compact leaves out variables that the layer does not have.
func compact(vs ...*layer.Variable) []*layer.Variable {
	return slices.DeleteFunc(vs, func(v *layer.Variable) bool { return v == nil })
}

// product multiplies the lengths of the axes of a value.
//
//go:noinline
func product(shape []int) int { return graph.Product(shape) }

// kerasEpsilon is keras.config.epsilon, which keeps divisors away from 0.
const kerasEpsilon = 1e-7
