package ops

import (
	"math"
	"slices"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

func addDifference(r *layer.Registry) {
	one(r, "numpy", "Diff", "a", func(o *layer.OpCall, x *value) *value {
		n := o.Int(-1, "n", 1)
		axis := o.Axis(o.Int(-1, "axis", -1), x.Rank())
		if n < 0 {
			o.Fail("%s: n is %d", o, n)
		}
		for range min(n, x.Shape[axis]) {
			size := x.Shape[axis]
			if size == 0 {
				break
			}
			hi, lo := o.Slice(x, axis, 1, size), o.Slice(x, axis, 0, size-1)
			if x.DType == tensor.Bool {
				x = o.Compare(graph.NotEqual, hi, lo)
			} else {
				x = o.Sub(hi, lo)
			}
		}
		return x
	})
	r.RegisterOp("numpy", "Trapezoid", trapezoid)
	one(r, "numpy", "Corrcoef", "x", corrcoef)
	one(r, "numpy", "Cov", "x", covariance)
	r.RegisterOp("numpy", "Correlate", correlate)
}

// trapezoid is the integral along an axis by the trapezoidal rule, at places x or dx apart.
func trapezoid(o *layer.OpCall) any {
	y := asFloat(o, o.Tensor(0, "y"))
	x := o.TensorOrNone(-1, "x")
	dx := o.Float(-1, "dx", 1)
	axis := o.Axis(o.Int(-1, "axis", -1), y.Rank())
	size := y.Shape[axis]
	if size == 0 {
		o.Fail("%s: axis %d of %s is empty", o, axis, y)
	}
	means := o.MulS(o.Add(o.Slice(y, axis, 1, size), o.Slice(y, axis, 0, size-1)), 0.5)
	if x == nil {
		return o.Sum(o.MulS(means, dx), axis)
	}
	x = o.Cast(x, y.DType)
	at := axis
	if x.Rank() == 1 {
		at = 0
	}
	if x.Rank() != 1 && x.Rank() != y.Rank() || !graph.Fits(x.Shape[at], size) {
		o.Fail("%s: places %s do not fit %s", o, x, y)
	}
	widths := o.Sub(o.Slice(x, at, 1, size), o.Slice(x, at, 0, size-1))
	if x.Rank() == 1 {
		shape := slices.Repeat([]int{1}, y.Rank())
		shape[axis] = size - 1
		widths = o.Reshape(widths, shape...)
	}
	return o.Sum(o.Mul(means, widths), axis)
}

// corrcoef gives the correlations between the rows of a matrix.
func corrcoef(o *layer.OpCall, x *value) *value {
	x = asFloat(o, x)
	if x.Rank() > 2 {
		o.Fail("%s: a vector or a matrix is expected, not %s", o, x)
	}
	single := x.Rank() < 2
	if single {
		x = o.Reshape(x, 1, x.Size())
	}
	centered := o.Sub(x, o.MeanKeep(x, 1))
	cov := o.MatMulT(centered, centered, false, true)
	std := o.Sqrt(diagonal(o, cov, 0, 0, 1))
	n := std.Shape[0]
	y := o.Div(o.Div(cov, o.Reshape(std, n, 1)), std)
	y = o.Clip(y, -1, 1)
	if single {
		return o.Reshape(y)
	}
	return y
}

// covariance is that of the rows of a matrix, over the number of columns less one; for a single row it is one number.
func covariance(o *layer.OpCall, x *value) *value {
	x = asFloat(o, x)
	if x.Rank() > 2 {
		o.Fail("%s: a vector or a matrix is expected, not %s", o, x)
	}
	if x.Rank() == 0 {
		return o.Scalar(x.DType, math.NaN())
	}
	if x.Rank() == 1 {
		x = o.Reshape(x, 1, x.Size())
	}
	count := o.Scalar(x.DType, float64(x.Shape[1]-1))
	if !graph.Known(x.Shape[1]) {
		row := o.Slice(x, 0, 0, 1)
		count = o.AddS(o.Sum(o.Cast(o.Compare(graph.Equal, o.MulS(row, 0), o.MulS(row, 0)), x.DType)), -1)
	}
	centered := o.Sub(x, o.MeanKeep(x, 1))
	y := o.Div(o.MatMulT(centered, centered, false, true), count)
	if x.Shape[0] == 1 {
		return o.Reshape(y)
	}
	return y
}

// correlate slides one vector along another.
func correlate(o *layer.OpCall) any {
	x, y := narrowPair(o, "x1", "x2", layer.PyFloat)
	if x.Rank() != 1 || y.Rank() != 1 || x.Size() == 0 || y.Size() == 0 {
		o.Fail("%s: two vectors are expected, not %s and %s", o, x, y)
	}
	mode := o.Choice(-1, "mode", "valid", "same", "full")
	n, m := x.Size(), y.Size()
	if !graph.AllKnown(n, m) {
		return o.Opaque(x.DType, []int{graph.Unknown}, x, y)
	}
	pad := []int{m - 1}
	full := o.Reshape(o.Conv(o.Reshape(x, 1, n, 1), o.Reshape(y, m, 1, 1), graph.Conv{PadLo: pad, PadHi: pad}), n+m-1)
	size := n + m - 1
	switch mode {
	case "valid":
		size = max(n, m) - min(n, m) + 1
	case "same":
		size = n // of the first vector, also where it is the shorter one, as in Keras on torch
	}
	start := (n + m - 1 - size) / 2
	return o.Slice(full, 0, start, start+size)
}
