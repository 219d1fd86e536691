package ops

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

func init() {
	one("linalg", "Cholesky", "x", func(o *layer.OpCall, x *value) *value {
		upper := o.Bool(-1, "upper", false)
		return square(o, x).each(o, "cholesky", func(in, out [][]float64, n int) error {
			l, ok := cholesky(in[0], n)
			if !ok {
				return errors.New("a matrix is not positive definite")
			}
			if upper {
				l = transposed(l, n, n)
			}
			copy(out[0], l)
			return nil
		})
	})
	one("linalg", "CholeskyInverse", "x", func(o *layer.OpCall, x *value) *value {
		upper := o.Bool(-1, "upper", false)
		return square(o, x).each(o, "cholesky_inverse", func(in, out [][]float64, n int) error {
			l := slices.Clone(in[0])
			if upper {
				l = transposed(l, n, n)
			}
			inverse := solveTriangle(l, identity(n), n, n, true)
			copy(out[0], multiplied(transposed(inverse, n, n), inverse, n, n, n))
			return nil
		})
	})
	one("linalg", "Inv", "x", func(o *layer.OpCall, x *value) *value {
		return square(o, x).each(o, "inv", func(in, out [][]float64, n int) error {
			f := factorLU(in[0], n)
			if f.singular() {
				return errors.New("a matrix is singular")
			}
			copy(out[0], f.solve(identity(n), n))
			return nil
		})
	})
	determinant := func(o *layer.OpCall, x *value) []*value {
		m := square(o, x)
		return m.emit(o, "slogdet", [][]int{{}, {}}, func(in, out [][]float64) error {
			out[0][0], out[1][0] = factorLU(in[0], m.n).determinant()
			return nil
		})
	}
	one("linalg", "Det", "x", func(o *layer.OpCall, x *value) *value {
		m := square(o, x)
		return m.emit(o, "det", [][]int{{}}, func(in, out [][]float64) error {
			f := factorLU(in[0], m.n)
			d := 1.0
			for i, p := range f.pivots {
				d *= f.a[i*m.n+i]
				if p != i {
					d = -d
				}
			}
			out[0][0] = d
			return nil
		})[0]
	})
	layer.RegisterOp("numpy", "Slogdet", func(o *layer.OpCall) any { return many(determinant(o, o.Tensor(0, "x"))) })
	one("math", "Logdet", "x", func(o *layer.OpCall, x *value) *value {
		parts := determinant(o, x)
		negative := o.Compare(graph.OpLess, parts[0], o.Scalar(parts[0].DType, 0))
		return o.Where(negative, o.Scalar(parts[1].DType, math.NaN()), parts[1])
	})
	layer.RegisterOp("linalg", "Eigh", func(o *layer.OpCall) any {
		m := square(o, o.Tensor(0, "x"))
		return many(m.emit(o, "eigh", [][]int{{m.n}, {m.n, m.n}}, func(in, out [][]float64) error {
			values, vectors := eigh(in[0], m.n)
			copy(out[0], values)
			copy(out[1], vectors)
			return nil
		}))
	})
	layer.RegisterOp("linalg", "LuFactor", func(o *layer.OpCall) any {
		m := rectangular(o, o.Tensor(0, "x"))
		k := min(m.m, m.n)
		outs := m.emit(o, "lu_factor", [][]int{{m.m, m.n}, {k}}, func(in, out [][]float64) error {
			copy(out[0], in[0])
			for i, p := range pivotedLU(out[0], m.m, m.n) {
				out[1][i] = float64(p)
			}
			return nil
		})
		return many([]*value{outs[0], o.Cast(outs[1], tensor.Int32)})
	})
	layer.RegisterOp("linalg", "Qr", func(o *layer.OpCall) any {
		m := rectangular(o, o.Tensor(0, "x"))
		k := m.m
		if o.Choice(-1, "mode", "reduced", "complete") == "reduced" {
			k = min(m.m, m.n)
		}
		return many(m.emit(o, "qr", [][]int{{m.m, k}, {k, m.n}}, func(in, out [][]float64) error {
			q, r := qr(in[0], m.m, m.n)
			for i := range m.m {
				copy(out[0][i*k:(i+1)*k], q[i*m.m:])
			}
			copy(out[1], r)
			return nil
		}))
	})
	layer.RegisterOp("linalg", "SVD", func(o *layer.OpCall) any {
		m := rectangular(o, o.Tensor(0, "x"))
		full, vectors := o.Bool(-1, "full_matrices", true), o.Bool(-1, "compute_uv", true)
		k := min(m.m, m.n)
		if !vectors {
			return singularValues(o, m)
		}
		cols, rows := k, k
		if full {
			cols, rows = m.m, m.n
		}
		return many(m.emit(o, "svd", [][]int{{m.m, cols}, {k}, {rows, m.n}}, func(in, out [][]float64) error {
			u, s, vt := svd(in[0], m.m, m.n)
			for i := range m.m {
				copy(out[0][i*cols:(i+1)*cols], u[i*m.m:])
			}
			copy(out[1], s)
			copy(out[2], vt)
			return nil
		}))
	})
	one("linalg", "Pinv", "x", func(o *layer.OpCall, x *value) *value {
		m := rectangular(o, x)
		cut := m.cut(o, "rcond")
		return m.emit(o, "pinv", [][]int{{m.n, m.m}}, func(in, out [][]float64) error {
			copy(out[0], pseudoInverse(in[0], m.m, m.n, cut))
			return nil
		})[0]
	})
	one("linalg", "MatrixRank", "x", func(o *layer.OpCall, x *value) *value {
		m := rectangular(o, x)
		s := singularValues(o, m)
		least := o.MulS(o.Reduce(graph.OpReduceMax, s, true, -1), float64(max(m.m, m.n))*machineEpsilon(s.DType))
		if tol := o.FloatOrNone(-1, "tol"); tol != nil {
			least = o.Scalar(s.DType, *tol)
		}
		return o.Sum(o.Cast(o.Compare(graph.OpGreater, s, least), tensor.Int32), -1)
	})
	layer.RegisterOp("linalg", "Solve", func(o *layer.OpCall) any { return solveSystem(o, false) })
	layer.RegisterOp("linalg", "SolveTriangular", func(o *layer.OpCall) any { return solveSystem(o, true) })
	layer.RegisterOp("linalg", "Lstsq", lstsq)
	complexResult := "its result is complex; complex tensors are not supported"
	layer.RefuseOp("linalg", "Eig", complexResult)
	layer.RefuseOp("nn", "Polar", complexResult)
	layer.RefuseOp("math", "ViewAsComplex", complexResult)
	layer.RefuseOp("math", "ViewAsReal", "its argument is complex; complex tensors are not supported")
	layer.RefuseOp("linalg", "JVP", "it holds a Python function, which is never run; Keras cannot load such a file either")
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
	if m.m != m.n {
		o.Fail("%s: square matrices are expected, not %s", o, x)
	}
	return m
}

// cut reads the share of the largest singular value up to which others count as 0.
func (m matrices) cut(o *layer.OpCall, name string) float64 {
	if v := o.FloatOrNone(-1, name); v != nil {
		return *v
	}
	return float64(max(m.m, m.n)) * machineEpsilon(m.x.DType)
}

// each applies a function that makes an n by n matrix of one.
func (m matrices) each(o *layer.OpCall, name string, f func(in, out [][]float64, n int) error) *value {
	return m.emit(o, name, [][]int{{m.n, m.n}}, func(in, out [][]float64) error { return f(in, out, m.n) })[0]
}

// emit applies a function to each matrix and the parts of the other inputs that belong to it; results are the shapes of
// what it makes, all of which have the type of x.
func (m matrices) emit(o *layer.OpCall, name string, results [][]int, f func(in, out [][]float64) error) []*value {
	lead := m.x.Shape[:m.x.Rank()-2]
	op := &graph.Op{Name: name,
		Infer: func(n *graph.Node) {
			for _, r := range results {
				n.SetOut(m.x.DType, slices.Concat(lead, r)...)
			}
		},
		Eval: func(n *graph.Node, in, out []graph.Buf) error {
			count := 1
			for _, d := range lead {
				count *= d
			}
			for i := range count {
				from, to := make([][]float64, len(in)), make([][]float64, len(out))
				for k := range in {
					size := n.In[k].Size() / count
					from[k] = make([]float64, size)
					for j := range size {
						from[k][j] = in[k].Float64(i*size + j)
					}
				}
				for k := range out {
					to[k] = make([]float64, n.Out[k].Size()/count)
				}
				if err := f(from, to); err != nil {
					return fmt.Errorf("%s: %s: %w", n.Label, name, err)
				}
				for k := range out {
					for j, v := range to[k] {
						setFloat(out[k], i*len(to[k])+j, v)
					}
				}
			}
			return nil
		}}
	// The settings are in the functions, so that two such nodes are never the same.
	return o.Emit(op, nil, append([]*value{m.x}, m.further...)...)
}

func singularValues(o *layer.OpCall, m matrices) *value {
	return m.emit(o, "svdvals", [][]int{{min(m.m, m.n)}}, func(in, out [][]float64) error {
		_, s, _ := svd(in[0], m.m, m.n)
		copy(out[0], s)
		return nil
	})[0]
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

// rightSides reads the argument b of a system of m rows: vectors if it has one axis less than a, else matrices. Leading
// axes of both broadcast.
func rightSides(o *layer.OpCall, a *value) (m matrices, columns int, vector bool) {
	m = rectangular(o, a)
	d := resultType(o, m.x.DType, o.Tensor(1, "b").DType, layer.PyFloat)
	y := o.Cast(o.Tensor(1, "b"), d)
	m.x = o.Cast(m.x, d)
	vector = y.Rank() == m.x.Rank()-1
	if vector {
		y = o.ExpandDims(y, -1)
	}
	if y.Rank() < 2 || y.Shape[y.Rank()-2] != m.m {
		o.Fail("%s: right sides %s do not fit matrices %s", o, o.Tensor(1, "b"), a)
	}
	columns = y.Shape[y.Rank()-1]
	lead, err := tensor.Broadcast(m.x.Shape[:m.x.Rank()-2], y.Shape[:y.Rank()-2])
	if err != nil {
		o.Fail("%s: %v", o, err)
	}
	m.x = o.BroadcastTo(m.x, append(slices.Clone(lead), m.m, m.n)...)
	m.further = []*value{o.BroadcastTo(y, append(slices.Clone(lead), m.m, columns)...)}
	return m, columns, vector
}

// solveSystem is the solution of a x = b; of a triangle, only that is read.
func solveSystem(o *layer.OpCall, triangle bool) any {
	a := o.Tensor(0, "a")
	m, columns, vector := rightSides(o, a)
	if m.m != m.n {
		o.Fail("%s: square matrices are expected, not %s", o, a)
	}
	lower := triangle && o.Bool(-1, "lower", false)
	y := m.emit(o, "solve", [][]int{{m.n, columns}}, func(in, out [][]float64) error {
		if triangle {
			copy(out[0], solveTriangle(in[0], in[1], m.n, columns, lower))
			return nil
		}
		f := factorLU(in[0], m.n)
		if f.singular() {
			return errors.New("a matrix is singular")
		}
		copy(out[0], f.solve(in[1], columns))
		return nil
	})[0]
	if vector {
		return o.Squeeze(y, -1)
	}
	return y
}

// lstsq is the x of the smallest norm among those that make a x - b smallest.
func lstsq(o *layer.OpCall) any {
	a := o.Tensor(0, "a")
	m, columns, vector := rightSides(o, a)
	cut := m.cut(o, "rcond")
	y := m.emit(o, "lstsq", [][]int{{m.n, columns}}, func(in, out [][]float64) error {
		copy(out[0], multiplied(pseudoInverse(in[0], m.m, m.n, cut), in[1], m.n, m.m, columns))
		return nil
	})[0]
	if vector {
		return o.Squeeze(y, -1)
	}
	return y
}
