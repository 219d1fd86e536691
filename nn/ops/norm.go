package ops

import (
	"slices"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

func addNorm(r *layer.Registry) {
	r.RegisterOp("nn", "LayerNorm", layerNorm)
	r.RegisterOp("nn", "RMSNorm", rmsNorm)
	r.RegisterOp("nn", "BatchNorm", batchNorm)
	r.RegisterOp("nn", "Normalize", normalize)
}

// alongLast gives a scale or offset, whose axes are the normalized ones of x, x's rank.
func alongLast(o *layer.OpCall, x, scale *value, axes []int) *value {
	shape := slices.Repeat([]int{1}, x.Rank())
	size := 1
	for _, a := range axes {
		shape[a] = x.Shape[a]
		size = graph.Times(size, x.Shape[a])
	}
	if graph.Fits(scale.Size(), size) {
		return o.Reshape(scale, shape...)
	}
	return scale // broadcasts, or fails where it is used
}

func normAxes(o *layer.OpCall, x *value) []int {
	axes, _ := axesArg(o, "axis", x.Rank())
	if v, ok := o.Get(-1, "axis"); !ok || v == nil {
		axes = []int{x.Rank() - 1}
	}
	slices.Sort(axes)
	return axes
}

func epsilonArg(o *layer.OpCall) float64 {
	if e := o.FloatOrNone(-1, "epsilon"); e != nil {
		return *e
	}
	return 1e-7 // keras.config.epsilon()
}

// layerNorm is keras.ops.layer_normalization. Whatever the type of x, it is normalized in float32 or wider, and the result
// brought back to it, integers included.
func layerNorm(o *layer.OpCall) any {
	x := o.Tensor(0, "x")
	gamma, beta := o.TensorOrNone(1, "gamma"), o.TensorOrNone(2, "beta")
	axes := normAxes(o, x)
	d := x.DType
	work := resultType(o, d, tensor.Float32)
	x = o.Cast(x, work)
	y := o.Normalize(x, epsilonArg(o), o.Bool(-1, "rms_scaling", false), axes...)
	if gamma != nil {
		y = o.Mul(y, alongLast(o, x, o.Cast(gamma, work), axes))
	}
	if beta != nil {
		y = o.Add(y, alongLast(o, x, o.Cast(beta, work), axes))
	}
	return o.Cast(y, d)
}

// rmsNorm is x / sqrt(mean(x^2) + epsilon) * scale, in types as [layerNorm].
func rmsNorm(o *layer.OpCall) any {
	x := o.Tensor(0, "x")
	scale := o.TensorOrNone(1, "scale")
	axes := normAxes(o, x)
	d := x.DType
	work := resultType(o, d, tensor.Float32)
	x = o.Cast(x, work)
	y := o.Normalize(x, epsilonArg(o), true, axes...)
	if scale != nil {
		y = o.Mul(y, alongLast(o, x, o.Cast(scale, work), axes))
	}
	return o.Cast(y, d)
}

// batchNorm is (x - mean) / sqrt(variance + epsilon) * scale + offset along an axis.
func batchNorm(o *layer.OpCall) any {
	x := asFloat(o, o.Tensor(0, "x"))
	axis := o.Axis(o.Int(-1, "axis"), x.Rank())
	shape := slices.Repeat([]int{1}, x.Rank())
	shape[axis] = x.Shape[axis]
	d := x.DType
	if d.IsHalf() {
		x = o.Cast(x, tensor.Float32)
	}
	vector := func(v *value) *value { return o.Reshape(o.Cast(v, x.DType), shape...) }
	mean, variance := o.Tensor(1, "mean"), o.Tensor(2, "variance")
	offset, scale := o.TensorOrNone(3, "offset"), o.TensorOrNone(4, "scale")
	factor := o.Rsqrt(o.AddS(vector(variance), o.Float(-1, "epsilon", 1e-3)))
	if scale != nil {
		factor = o.Mul(factor, vector(scale))
	}
	shift := o.Neg(o.Mul(vector(mean), factor))
	if offset != nil {
		shift = o.Add(shift, vector(offset))
	}
	return o.Cast(o.Add(o.Mul(x, factor), shift), d)
}

// normalize divides by the norm of some order along an axis, which is at least epsilon (keras.ops.normalize).
func normalize(o *layer.OpCall) any {
	x := asFloat(o, o.Tensor(0, "x"))
	order := o.Float(-1, "order", 2)
	axes := normAxes(o, x)
	epsilon := epsilonArg(o)
	if order == 2 {
		sum := o.SumKeep(o.Square(x), axes...)
		return o.Mul(x, o.Rsqrt(o.Max(sum, o.Scalar(x.DType, epsilon*epsilon))))
	}
	norm := vectorNorm(o, x, order, reducer{axes: axes, keep: true})
	return o.Div(x, o.Max(norm, o.Scalar(x.DType, epsilon)))
}
