package ops

import (
	"math"
	"slices"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

func addLinalg(r *layer.Registry) {
	one(r, "linalg", "Cholesky", "x", func(o *layer.OpCall, x *value) *value {
		return square(o, x).each(o, cholesky{Upper: o.Bool(-1, "upper", false)})
	})
	one(r, "linalg", "CholeskyInverse", "x", func(o *layer.OpCall, x *value) *value {
		return square(o, x).each(o, choleskyInverse{Upper: o.Bool(-1, "upper", false)})
	})
	one(r, "linalg", "Inv", "x", func(o *layer.OpCall, x *value) *value { return square(o, x).each(o, inverse{}) })
	one(r, "linalg", "MatrixPower", "x", matrixPower)
	one(r, "linalg", "Det", "x", func(o *layer.OpCall, x *value) *value { return square(o, x).each(o, determinant{}) })
	r.RegisterOp("numpy", "Slogdet", func(o *layer.OpCall) any {
		return many(square(o, o.Tensor(0, "x")).emit(o, logDeterminant{}))
	})
	one(r, "math", "Logdet", "x", func(o *layer.OpCall, x *value) *value {
		parts := square(o, x).emit(o, logDeterminant{})
		negative := o.Compare(graph.Less, parts[0], o.Scalar(parts[0].DType, 0))
		return o.Where(negative, o.Scalar(parts[1].DType, math.NaN()), parts[1])
	})
	r.RegisterOp("linalg", "Eigh", func(o *layer.OpCall) any { return many(square(o, o.Tensor(0, "x")).emit(o, eigenH{})) })
	r.RegisterOp("linalg", "LuFactor", func(o *layer.OpCall) any {
		outs := rectangular(o, o.Tensor(0, "x")).emit(o, luFactor{})
		return many([]*value{outs[0], o.Cast(outs[1], tensor.Int32)})
	})
	r.RegisterOp("linalg", "Qr", func(o *layer.OpCall) any {
		m := rectangular(o, o.Tensor(0, "x"))
		return many(m.emit(o, qrFactor{Complete: o.Choice(-1, "mode", "reduced", "complete") == "complete"}))
	})
	r.RegisterOp("linalg", "SVD", func(o *layer.OpCall) any {
		m := rectangular(o, o.Tensor(0, "x"))
		full, vectors := o.Bool(-1, "full_matrices", true), o.Bool(-1, "compute_uv", true)
		if !vectors {
			return m.each(o, singularValues{})
		}
		return many(m.emit(o, svdFactor{Full: full}))
	})
	one(r, "linalg", "Pinv", "x", func(o *layer.OpCall, x *value) *value {
		m := rectangular(o, x)
		return m.each(o, pseudo{Cut: m.cut(o, "rcond")})
	})
	one(r, "linalg", "MatrixRank", "x", func(o *layer.OpCall, x *value) *value {
		m := rectangular(o, x)
		s := m.each(o, singularValues{})
		least := o.MulS(o.Reduce(graph.ReduceMax, s, true, -1), float64(max(m.m, m.n))*machineEpsilon(s.DType))
		if tol := o.FloatOrNone(-1, "tol"); tol != nil {
			least = o.Scalar(s.DType, *tol)
		}
		return o.Sum(o.Cast(o.Compare(graph.Greater, s, least), tensor.Int32), -1)
	})
	r.RegisterOp("linalg", "Solve", func(o *layer.OpCall) any { return solveSystem(o, solve{}) })
	r.RegisterOp("linalg", "SolveTriangular", func(o *layer.OpCall) any {
		return solveSystem(o, solveTriangular{Lower: o.Bool(-1, "lower", false)})
	})
	r.RegisterOp("linalg", "Lstsq", func(o *layer.OpCall) any {
		m, vector := rightSides(o, o.Tensor(0, "a"))
		return m.solution(o, leastSquares{Cut: m.cut(o, "rcond")}, vector)
	})
	complexResult := "its result is complex; complex tensors are not supported"
	r.RefuseOp("linalg", "Eig", complexResult)
	r.RefuseOp("nn", "Polar", complexResult)
	r.RefuseOp("math", "ViewAsComplex", complexResult)
	r.RefuseOp("math", "ViewAsReal", "its argument is complex; complex tensors are not supported")
	r.RefuseOp("linalg", "JVP", "it holds a Python function, which is never run; Keras cannot load such a file either")
}

// matrices are a tensor of m by n matrices in its last two axes.
type matrices struct {
	x       *value
	m, n    int
	further []*value // other inputs, whose leading axes are the same
}

func rectangular(o *layer.OpCall, x *value) matrices {
	x = asFloat(o, x)
	if x.Rank() < 2 {
		o.Fail("%s: matrices are expected, not %s", o, x)
	}
	return matrices{x: x, m: x.Shape[x.Rank()-2], n: x.Shape[x.Rank()-1]}
}

func square(o *layer.OpCall, x *value) matrices {
	m := rectangular(o, x)
	if !graph.Fits(m.m, m.n) {
		o.Fail("%s: square matrices are expected, not %s", o, x)
	}
	return m
}

// matrixPower multiplies matrices with themselves, or their inverses, by squaring. Integers stay integers unless they are inverted.
func matrixPower(o *layer.OpCall, x *value) *value {
	n := o.Int(-1, "n")
	m := square(o, x)
	if n >= 0 {
		m.x = asInt(o, x)
	}
	if n < -1<<20 || n > 1<<20 {
		o.Fail("%s: the power %d", o, n)
	}
	if n == 0 {
		if !graph.Known(m.n) {
			return o.Opaque(m.x.DType, m.x.Shape, m.x)
		}
		at := o.Iota(tensor.Int32, m.n)
		eye := o.Compare(graph.Equal, o.ExpandDims(at, 1), o.ExpandDims(at, 0))
		return o.BroadcastTo(o.Cast(eye, m.x.DType), m.x.Shape...)
	}
	base := m.x
	if n < 0 {
		base, n = m.each(o, inverse{}), -n
	}
	var out *value
	for ; n > 0; n >>= 1 {
		if n&1 != 0 {
			if out == nil {
				out = base
			} else {
				out = o.MatMul(out, base)
			}
		}
		if n > 1 {
			base = o.MatMul(base, base)
		}
	}
	return out
}

// cut reads the share of the largest singular value up to which others count as 0.
func (m matrices) cut(o *layer.OpCall, name string) float64 {
	if v := o.FloatOrNone(-1, name); v != nil {
		return *v
	}
	return float64(max(m.m, m.n)) * machineEpsilon(m.x.DType)
}

// each applies a function of one result to every matrix.
//
//go:noinline
func (m matrices) each(o *layer.OpCall, f matrixFunc) *value { return m.emit(o, f)[0] }

// emit applies a function to each matrix and the parts of the other inputs that belong to it.
//
//go:noinline
func (m matrices) emit(o *layer.OpCall, f matrixFunc) []*value {
	return o.Emit(perMatrix{f}, append([]*value{m.x}, m.further...)...)
}

// solveTriangle solves T x = y for an n by n triangle and y of some columns; what is beyond the triangle is not read.
func solveTriangle(t, y []float64, n, columns int, lower bool) []float64 {
	x := slices.Clone(y)
	for c := range columns {
		for step := range n {
			i := step
			from, to := 0, i
			if !lower {
				i = n - 1 - step
				from, to = i+1, n
			}
			for k := from; k < to; k++ {
				x[i*columns+c] -= t[i*n+k] * x[k*columns+c]
			}
			x[i*columns+c] /= t[i*n+i]
		}
	}
	return x
}

// rightSides reads the arguments of a system of m rows, a and b: b's vectors if it has one axis less than a, else matrices.
// Leading axes of both broadcast.
func rightSides(o *layer.OpCall, a *value) (m matrices, vector bool) {
	m = rectangular(o, a)
	d := resultType(o, m.x.DType, o.Tensor(1, "b").DType, layer.PyFloat)
	y := o.Cast(o.Tensor(1, "b"), d)
	m.x = o.Cast(m.x, d)
	vector = y.Rank() == m.x.Rank()-1
	if vector {
		y = o.ExpandDims(y, -1)
	}
	if y.Rank() < 2 || !graph.Fits(y.Shape[y.Rank()-2], m.m) {
		o.Fail("%s: right sides %s do not fit matrices %s", o, o.Tensor(1, "b"), a)
	}
	columns := y.Shape[y.Rank()-1]
	lead, err := tensor.Broadcast(m.x.Shape[:m.x.Rank()-2], y.Shape[:y.Rank()-2])
	if err != nil {
		o.Fail("%s: %v", o, err)
	}
	m.x = o.BroadcastTo(m.x, append(slices.Clone(lead), m.m, m.n)...)
	m.further = []*value{o.BroadcastTo(y, append(slices.Clone(lead), m.m, columns)...)}
	return m, vector
}

// solveSystem is the solution of a x = b for square matrices.
func solveSystem(o *layer.OpCall, f matrixFunc) any {
	a := o.Tensor(0, "a")
	m, vector := rightSides(o, a)
	if !graph.Fits(m.m, m.n) {
		o.Fail("%s: square matrices are expected, not %s", o, a)
	}
	return m.solution(o, f, vector)
}

// solution applies a function that solves a system.
func (m matrices) solution(o *layer.OpCall, f matrixFunc, vector bool) *value {
	y := m.each(o, f)
	if vector {
		return o.Squeeze(y, -1)
	}
	return y
}
