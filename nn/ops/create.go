package ops

import (
	"slices"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

func addCreate(r *layer.Registry) {
	like := func(class string, v float64) {
		one(r, "numpy", class, "x", func(o *layer.OpCall, x *value) *value {
			return o.Full(dtypeArg(o, 1, "dtype", x.DType), v, x.Shape...)
		})
	}
	like("ZerosLike", 0)
	like("OnesLike", 1)
	r.RefuseOp("numpy", "EmptyLike", "the values of its result are undefined")
	// Some of these classes are gone in newer releases.
	for _, class := range []string{"Arange", "Bartlett", "Blackman", "Empty", "Eye", "Hamming", "Hanning", "Identity", "Kaiser", "Ones", "Tri",
		"Zeros"} {
		r.RefuseOp("numpy", class, "it takes no tensor of a model, so that no file can hold it")
	}
	r.RegisterOp("numpy", "FullLike", func(o *layer.OpCall) any {
		x, fill := o.Tensor(0, "x"), arg(o, 1, "fill_value")
		return fillShape(o, fill.as(o, dtypeArg(o, 2, "dtype", x.DType)), x.Shape)
	})
	r.RegisterOp("numpy", "Full", func(o *layer.OpCall) any {
		shape, fill, dtype := -1, 0, -1
		if v, ok := o.Get(-1, "shape"); !ok || v == nil { // before Keras 3.12 all three were arguments of the call
			shape, fill, dtype = 0, 1, 2
		}
		v := arg(o, fill, "fill_value")
		return fillShape(o, v.as(o, dtypeArg(o, dtype, "dtype", resultType(o, v.dtype))), shapeArg(o, shape, "shape"))
	})
	r.RegisterOp("numpy", "Linspace", func(o *layer.OpCall) any {
		start, stop, d := spacedEnds(o)
		if o.Bool(-1, "retstep", false) {
			o.Fail("%s: retstep=True is not supported; no file that Keras writes has it", o)
		}
		return spacedAxis(o, o.Cast(spaced(o, start, stop), d))
	})
	r.RegisterOp("numpy", "Logspace", func(o *layer.OpCall) any {
		start, stop, d := spacedEnds(o)
		y := spaced(o, start, stop)
		return spacedAxis(o, o.Cast(o.Pow(o.Scalar(y.DType, o.Float(-1, "base", 10)), y), d))
	})
	r.RegisterOp("numpy", "Geomspace", func(o *layer.OpCall) any {
		start, stop, d := spacedEnds(o)
		logs := func(v *value) *value { return o.Unary(graph.Log10, o.Abs(v)) }
		y := o.Pow(o.Scalar(start.DType, 10), spaced(o, logs(start), logs(stop)))
		return spacedAxis(o, o.Cast(o.Mul(y, o.Unary(graph.Sign, start)), d))
	})
	one(r, "numpy", "Vander", "x", vander)
}

// fillShape repeats a value to fill a shape; as numpy.tile does, not only along axes of length 1.
func fillShape(o *layer.OpCall, v *value, shape []int) *value { return o.BroadcastTo(v, shape...) }

// spacedEnds reads start and stop; d is the type of the result.
func spacedEnds(o *layer.OpCall) (start, stop *value, d tensor.DType) {
	a, b := arg(o, 0, "start"), arg(o, 1, "stop")
	d = dtypeArg(o, -1, "dtype", resultType(o, a.dtype, b.dtype, layer.PyFloat))
	work := d
	if !d.IsFloat() {
		work = tensor.Float32
	}
	start, stop = a.as(o, work), b.as(o, work)
	return start, stop, d
}

// spaced returns num values from start to stop along a new first axis.
func spaced(o *layer.OpCall, start, stop *value) *value {
	num := bounded(o, "num", o.Int(-1, "num", 50), 0, maxTable)
	steps := num
	if o.Bool(-1, "endpoint", true) {
		steps = num - 1
	}
	shares := o.Weights(start.DType, []int{num}, func(w []float64) {
		for i := range w {
			w[i] = float64(i) / float64(max(steps, 1))
		}
	})
	span := o.Sub(stop, start)
	column := o.Reshape(shares, append([]int{num}, slices.Repeat([]int{1}, span.Rank())...)...)
	return o.Add(start, o.Mul(column, span))
}

// spacedAxis moves the new axis to where the argument axis says.
func spacedAxis(o *layer.OpCall, x *value) *value { return o.MoveAxis(x, 0, o.Int(-1, "axis", 0)) }

// vander returns the powers of the elements of a vector as rows.
func vander(o *layer.OpCall, x *value) *value {
	if x.Rank() != 1 {
		o.Fail("%s: a vector is expected, not %s", o, x)
	}
	n := x.Shape[0]
	if v := o.IntOrNone(-1, "N"); v != nil {
		n = *v
	}
	increasing, d := o.Bool(-1, "increasing", false), layer.Narrow(asInt(o, x).DType)
	if n < 0 && !graph.Negative(n) {
		return o.Opaque(d, []int{x.Shape[0], n}, x)
	}
	powers := o.Iota(tensor.Int32, bounded(o, "N", n, 0, maxTable))
	if !increasing {
		powers = o.Flip(powers, 0)
	}
	return o.Pow(o.Reshape(o.Cast(x, d), x.Shape[0], 1), o.Cast(powers, d))
}
