package ops

import (
	"fmt"
	"slices"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

func addImageScale(r *layer.Registry) { r.RegisterOp("image", "ScaleAndTranslate", scaleAndTranslate) }

var scaleKernels = map[string]scaleKernel{
	"linear": triangle, "bilinear": triangle, "trilinear": triangle, "triangle": triangle,
	"cubic": keys, "bicubic": keys, "tricubic": keys,
	"lanczos3": {lanczosKernel(3), lanczosSlope(3), 3}, "lanczos5": {lanczosKernel(5), lanczosSlope(5), 5},
}

var (
	triangle = scaleKernel{triangleKernel, triangleSlope, 1}
	keys     = scaleKernel{cubicKernel(-0.5), cubicSlope(-0.5), 2}
)

// scaleAndTranslate resamples some axes, each with its own scale and translation.
func scaleAndTranslate(o *layer.OpCall) any {
	x := o.Tensor(0, "images")
	v, _ := o.Get(1, "output_shape")
	shape := intList(o, v, "output_shape")
	scale, translation := o.Cast(o.Tensor(2, "scale"), tensor.Float64), o.Cast(o.Tensor(3, "translation"), tensor.Float64)
	axes := positive(o, o.Ints(-1, "spatial_dims"), x.Rank())
	method := o.Str(-1, "method")
	antialias := o.Bool(-1, "antialias", true)
	if _, known := scaleKernels[method]; !known {
		o.Fail("%s: the method %q does not exist", o, method)
	}
	if len(shape) != x.Rank() || !graph.Fits(scale.Size(), len(axes)) || !graph.Fits(translation.Size(), len(axes)) {
		o.Fail("%s: %d axes with %d scales and %d translations, for %s", o, len(axes), scale.Size(), translation.Size(), x)
	}
	if len(axes) == 0 {
		return x
	}
	for _, a := range axes {
		bounded(o, "an axis of output_shape", shape[a], 0, 1<<16)
	}
	y := x
	if !x.DType.IsFloat() {
		y = o.Cast(asInt(o, x), tensor.Float32)
	}
	for i, a := range axes {
		y = o.Emit1(opScaleAxis{Axis: a, Size: shape[a], Which: i, Method: method, Antialias: antialias}, y, scale, translation)
	}
	if !graph.AllKnown(x.Shape...) {
		y = o.Opaque(y.DType, shape, y)
	}
	if !x.DType.IsFloat() {
		whole := o.Cast(asInt(o, x), tensor.Float32)
		y = o.Unary(graph.Round, y)
		y = o.Max(o.Min(y, o.Reduce(graph.ReduceMax, whole, false)), o.Reduce(graph.ReduceMin, whole, false))
	}
	return o.Cast(y, x.DType)
}

// opScaleAxis resamples an axis by a scale and a translation that are elements of the second and third input.
type opScaleAxis struct {
	Axis, Size, Which int
	Method            string // one of scaleKernels
	Antialias         bool
}

// Name implements graph.Op.
func (opScaleAxis) Name() string { return "scale_and_translate" }

// Infer implements graph.Op.
func (op opScaleAxis) Infer(n *graph.Node) {
	a, x := op, n.In[0]
	shape := slices.Clone(x.Shape)
	if a.Size < 0 {
		panic(&graph.Error{Msg: fmt.Sprintf("scale_and_translate: axis %d of length %d", a.Axis, a.Size)})
	}
	shape[a.Axis] = a.Size
	n.SetOut(x.DType, shape...)
}

// Eval implements graph.Op.
func (op opScaleAxis) Eval(n *graph.Node, in, out []graph.Buf) error {
	a := op
	from := n.In[0].Shape[a.Axis]
	scale, translation := in[1].D[a.Which], in[2].D[a.Which]
	var weights []float64
	for i := range a.Size { // one at a time: the scale may be such that each has weights for the whole axis
		var first int
		first, weights = kernelTap(weights[:0], i, from, scale, translation, scaleKernels[a.Method], a.Antialias)
		eachLine(n.Out[0].Shape, a.Axis, func(at, step, size int) {
			start := at/(step*max(size, 1))*step*from + at%step
			sum := 0.0
			for k, w := range weights {
				if w != 0 {
					sum += w * in[0].Float64(start+(first+k)*step)
				}
			}
			setFloat(out[0], at+i*step, sum)
		})
	}
	return nil
}
