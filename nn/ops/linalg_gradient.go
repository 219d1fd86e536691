package ops

import (
	"slices"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/tensor"
)

// differentiable functions of matrices have a gradient, as graph.Differentiable ops have.
type differentiable interface {
	gradient(b calculus, n *graph.Node, dOut []*value) []*value
}

// Gradient implements graph.Differentiable.
func (op perMatrix) Gradient(b *graph.Backward, n *graph.Node, dOut []*value) []*value {
	f, ok := op.F.(differentiable)
	if !ok {
		b.Fail("%s has no gradient", op.Name())
	}
	return f.gradient(calculus{b}, n, dOut)
}

// calculus writes what the formulas of matrices are made of.
type calculus struct{ *graph.Backward }

//go:noinline
func (b calculus) apply(f matrixFunc, in ...*value) []*value { return b.Emit(perMatrix{f}, in...) }

// t is the transpose.
//
//go:noinline
func (b calculus) t(x *value) *value { return b.SwapAxes(x, -1, -2) }

// times is the product of some matrices.
//
//go:noinline
func (b calculus) times(x *value, others ...*value) *value {
	for _, y := range others {
		x = b.MatMul(x, y)
	}
	return x
}

// columns multiplies the columns of x by the elements of v.
func (b calculus) columns(x, v *value) *value { return b.Mul(x, b.ExpandDims(v, -2)) }

// band keeps the elements (i, j) of matrices for which keep is true.
func (b calculus) band(x *value, keep func(i, j int) bool) *value {
	rows, cols := x.Shape[x.Rank()-2], x.Shape[x.Rank()-1]
	mask := make([]bool, rows*cols)
	for i := range mask {
		mask[i] = keep(i/cols, i%cols)
	}
	return b.Masked(b.ConstBuf(graph.Buf{B: mask}, tensor.Bool, rows, cols), x)
}

func (b calculus) lower(x *value) *value { return b.band(x, func(i, j int) bool { return i >= j }) }
func (b calculus) upper(x *value) *value { return b.band(x, func(i, j int) bool { return i <= j }) }

func (b calculus) strictlyLower(x *value) *value {
	return b.band(x, func(i, j int) bool { return i > j })
}

// eye is the identity.
func (b calculus) eye(d tensor.DType, n int) *value {
	diagonal := make([]float64, n)
	for i := range diagonal {
		diagonal[i] = 1
	}
	return b.diagonal(b.Floats(d, diagonal...))
}

// diagonal makes diagonal matrices of vectors.
func (b calculus) diagonal(v *value) *value {
	n := v.Shape[v.Rank()-1]
	return b.band(b.BroadcastTo(b.ExpandDims(v, -2), append(slices.Clone(v.Shape), n)...), func(i, j int) bool { return i == j })
}

// difference is v[j] - v[i] in row i and column j, and 1 where that is 0 by necessity, on the diagonal.
func (b calculus) difference(v *value) *value {
	return b.Add(b.Sub(b.ExpandDims(v, -2), b.ExpandDims(v, -1)), b.eye(v.DType, v.Shape[v.Rank()-1]))
}

// or returns d, or zeros like v where it is nil.
func (b calculus) or(d, v *value) *value {
	if d == nil {
		return b.ZerosLike(v)
	}
	return d
}

// symmetric is what a gradient is when only the symmetric part of a matrix is read.
func (b calculus) symmetric(d *value) *value { return b.MulS(b.Add(d, b.t(d)), 0.5) }

func (f cholesky) gradient(b calculus, n *graph.Node, dOut []*value) []*value {
	l, d := n.Out[0], dOut[0]
	if f.Upper {
		l, d = b.t(l), b.t(d)
	}
	inner := b.lower(b.times(b.t(l), d))
	inner = b.Sub(inner, b.MulS(b.band(inner, func(i, j int) bool { return i == j }), 0.5))
	half := b.apply(solveTriangular{}, b.t(l), inner)[0]
	return []*value{b.symmetric(b.t(b.apply(solveTriangular{}, b.t(l), b.t(half))[0]))}
}

func (f choleskyInverse) gradient(b calculus, n *graph.Node, dOut []*value) []*value {
	return b.Through(n, dOut, func(inner *graph.Builder, in []*value) []*value {
		l := in[0]
		if f.Upper {
			l = b.t(b.upper(l))
		} else {
			l = b.lower(l)
		}
		return []*value{b.apply(inverse{}, b.times(l, b.t(l)))[0]}
	})
}

func (inverse) gradient(b calculus, n *graph.Node, dOut []*value) []*value {
	y := b.t(n.Out[0])
	return []*value{b.Neg(b.times(y, dOut[0], y))}
}

// cofactors are the determinants of what is left of a square matrix without a row and a column, with their signs: the
// gradient of the determinant, also where that is 0.
type cofactors struct{}

func (cofactors) Name() string                { return "cofactors" }
func (cofactors) Results(_, n, _ int) [][]int { return [][]int{{n, n}} }

func (cofactors) Apply(in, out [][]float64, _, n, _ int) error {
	u, s, vt := svd(in[0], n, n)
	sign := sign1(factorLU(u, n)) * sign1(factorLU(vt, n))
	for k := range n {
		product := sign
		for i, v := range s {
			if i != k {
				product *= v
			}
		}
		for i := range n {
			for j := range n {
				out[0][i*n+j] += product * u[i*n+k] * vt[k*n+j]
			}
		}
	}
	return nil
}

func sign1(f lu) float64 {
	sign, _ := f.determinant()
	return sign
}

func (determinant) gradient(b calculus, n *graph.Node, dOut []*value) []*value {
	d := b.ExpandDims(b.ExpandDims(dOut[0], -1), -1)
	return []*value{b.Mul(d, b.apply(cofactors{}, n.In[0])[0])}
}

// gradient is that of the logarithm; a sign has none.
func (logDeterminant) gradient(b calculus, n *graph.Node, dOut []*value) []*value {
	if dOut[1] == nil {
		return []*value{nil}
	}
	d := b.ExpandDims(b.ExpandDims(dOut[1], -1), -1)
	return []*value{b.Mul(d, b.t(b.apply(inverse{}, n.In[0])[0]))}
}

func (eigenH) gradient(b calculus, n *graph.Node, dOut []*value) []*value {
	w, v := n.Out[0], n.Out[1]
	inner := b.diagonal(b.or(dOut[0], w))
	if dOut[1] != nil {
		mixed := b.Div(b.times(b.t(v), dOut[1]), b.difference(w))
		inner = b.Add(inner, b.band(mixed, func(i, j int) bool { return i != j }))
	}
	return []*value{b.symmetric(b.times(v, inner, b.t(v)))}
}

// permuteBack undoes the row exchanges of an LU factorization: its second input are the pivots.
type permuteBack struct{}

func (permuteBack) Name() string                { return "permute_back" }
func (permuteBack) Results(m, n, _ int) [][]int { return [][]int{{m, n}} }

func (permuteBack) Apply(in, out [][]float64, _, n, _ int) error {
	copy(out[0], in[0])
	for i := len(in[1]) - 1; i >= 0; i-- {
		if p := int(in[1][i]); p != i {
			for j := range n {
				out[0][i*n+j], out[0][p*n+j] = out[0][p*n+j], out[0][i*n+j]
			}
		}
	}
	return nil
}

// gradient is that of both triangles in one matrix; the triangles are filled up to square ones with the identity.
func (luFactor) gradient(b calculus, n *graph.Node, dOut []*value) []*value {
	both, d := n.Out[0], dOut[0]
	if d == nil {
		return []*value{nil}
	}
	rank := both.Rank()
	m, cols := both.Shape[rank-2], both.Shape[rank-1]
	k := min(m, cols)
	filled := func(x *value, size int) *value {
		hi := make([]int, rank)
		hi[rank-2], hi[rank-1] = size-x.Shape[rank-2], size-x.Shape[rank-1]
		rest := make([]float64, size)
		for i := k; i < size; i++ {
			rest[i] = 1
		}
		return b.Add(b.Pad(x, make([]int, rank), hi, 0), b.diagonal(b.Floats(x.DType, rest...)))
	}
	l := b.strictlyLower(b.Slice(both, -1, 0, k))
	l = b.Add(filled(l, m), b.band(b.eye(l.DType, m), func(i, _ int) bool { return i < k }))
	u := filled(b.upper(b.Slice(both, -2, 0, k)), cols)
	inner := b.Add(b.strictlyLower(b.times(b.t(l), d)), b.upper(b.times(d, b.t(u))))
	left := b.apply(solveTriangular{}, b.t(l), inner)[0]
	right := b.t(b.apply(solveTriangular{}, u, b.t(left))[0])
	return []*value{b.apply(permuteBack{}, right, n.Out[1])[0]}
}

func (f qrFactor) gradient(b calculus, n *graph.Node, dOut []*value) []*value {
	q, r := n.Out[0], n.Out[1]
	rank := r.Rank()
	m, cols := q.Shape[rank-2], r.Shape[rank-1]
	dq, dr := b.or(dOut[0], q), b.or(dOut[1], r)
	if q.Shape[rank-1] > cols { // a tall matrix with a square Q
		dq = b.completed(q, dq, cols)
		q, r, dr = b.Slice(q, -1, 0, cols), b.Slice(r, -2, 0, cols), b.Slice(dr, -2, 0, cols)
	}
	if m >= cols {
		return []*value{b.qr(q, r, dq, dr)}
	}
	// Of a wide matrix the first columns give Q; the others are turned by it.
	rest, dRest := b.Slice(r, -1, m, cols), b.Slice(dr, -1, m, cols)
	wide := b.times(q, dRest)
	dq = b.Add(dq, b.times(b.times(q, rest), b.t(dRest)))
	return []*value{b.Concat(rank-1, b.qr(q, b.Slice(r, -1, 0, m), dq, b.Slice(dr, -1, 0, m)), wide)}
}

// completed adds to the gradient of the first n columns of a square Q that of the others, which reflections have made of
// them: see Roberts and Roberts, "QR and LQ decomposition matrix backpropagation algorithms for square, wide, and deep
// matrices", and its correction, arXiv 2409.13374, equations 32 and 33. As products of n reflections Q = I - V S V', of
// which the first n columns say all.
func (b calculus) completed(q, dq *value, n int) *value {
	m := q.Shape[q.Rank()-1]
	first, rest := b.Slice(q, -1, 0, n), b.Slice(q, -1, n, m)
	top, below := b.Slice(first, -2, 0, n), b.Slice(first, -2, n, m)
	zt := b.apply(solve{}, b.t(b.Sub(top, b.eye(q.DType, n))), b.t(below))[0]
	z := b.t(zt)
	dFirst, dRest := b.Slice(dq, -1, 0, n), b.Slice(dq, -1, n, m)
	dBelow := b.Neg(b.times(b.t(dRest), b.Add(first, b.times(rest, z))))
	dTop := b.Neg(b.times(zt, dBelow))
	return b.Add(b.Add(dFirst, b.times(dRest, z)), b.Concat(q.Rank()-2, dTop, dBelow))
}

// qr is the gradient of a matrix q r with a square r.
func (b calculus) qr(q, r, dq, dr *value) *value {
	m := b.Sub(b.times(r, b.t(dr)), b.times(b.t(dq), q))
	sym := b.Add(b.lower(m), b.t(b.strictlyLower(m)))
	d := b.Add(dq, b.times(q, sym))
	return b.t(b.apply(solveTriangular{}, r, b.t(d))[0]) // d r^-T
}

// gradient leaves out the vectors that make U and V square: they are not unique.
func (svdFactor) gradient(b calculus, n *graph.Node, dOut []*value) []*value {
	k := n.Out[1].Shape[n.Out[1].Rank()-1]
	u, s, vt := b.Slice(n.Out[0], -1, 0, k), n.Out[1], b.Slice(n.Out[2], -2, 0, k)
	var du, dvt *value
	if dOut[0] != nil {
		du = b.Slice(dOut[0], -1, 0, k)
	}
	if dOut[2] != nil {
		dvt = b.Slice(dOut[2], -2, 0, k)
	}
	return []*value{b.svd(u, s, vt, du, b.or(dOut[1], s), dvt)}
}

func (singularValues) gradient(b calculus, n *graph.Node, dOut []*value) []*value {
	outs := b.apply(svdFactor{}, n.In[0])
	return []*value{b.svd(outs[0], outs[1], outs[2], nil, dOut[0], nil)}
}

// svd is the gradient of u diag(s) vt.
func (b calculus) svd(u, s, vt, du, ds, dvt *value) *value {
	inner := b.diagonal(ds)
	apart := b.difference(b.Square(s))
	skew := func(x *value) *value { return b.Div(b.Sub(x, b.t(x)), apart) }
	if du != nil {
		inner = b.Add(inner, b.columns(skew(b.times(b.t(u), du)), s))
	}
	if dvt != nil {
		inner = b.Add(inner, b.Mul(b.ExpandDims(s, -1), skew(b.times(vt, b.t(dvt)))))
	}
	d := b.times(u, inner, vt)
	inverse := b.Unary(graph.Recip, s)
	if du != nil && u.Shape[u.Rank()-2] > s.Shape[s.Rank()-1] { // what lies outside of the columns of u
		outside := b.Sub(du, b.times(u, b.t(u), du))
		d = b.Add(d, b.times(b.columns(outside, inverse), vt))
	}
	if dvt != nil && vt.Shape[vt.Rank()-1] > s.Shape[s.Rank()-1] {
		outside := b.Sub(dvt, b.times(dvt, b.t(vt), vt))
		d = b.Add(d, b.times(b.columns(u, inverse), outside))
	}
	return d
}

func (pseudo) gradient(b calculus, n *graph.Node, dOut []*value) []*value {
	return []*value{b.pseudo(n.In[0], n.Out[0], dOut[0])}
}

// pseudo is the gradient of the pseudo-inverse p of a.
func (b calculus) pseudo(a, p, d *value) *value {
	m, n := a.Shape[a.Rank()-2], a.Shape[a.Rank()-1]
	pt, dt := b.t(p), b.t(d)
	left := b.times(b.Sub(b.eye(a.DType, m), b.times(a, p)), dt, p, pt)
	right := b.times(pt, p, dt, b.Sub(b.eye(a.DType, n), b.times(p, a)))
	return b.Add(b.Sub(left, b.times(pt, d, pt)), right)
}

func (solve) gradient(b calculus, n *graph.Node, dOut []*value) []*value {
	dy := b.apply(solve{}, b.t(n.In[0]), dOut[0])[0]
	return []*value{b.Neg(b.times(dy, b.t(n.Out[0]))), dy}
}

func (f solveTriangular) gradient(b calculus, n *graph.Node, dOut []*value) []*value {
	dy := b.apply(solveTriangular{!f.Lower}, b.t(n.In[0]), dOut[0])[0]
	da := b.Neg(b.times(dy, b.t(n.Out[0])))
	if f.Lower {
		return []*value{b.lower(da), dy}
	}
	return []*value{b.upper(da), dy}
}

func (f leastSquares) gradient(b calculus, n *graph.Node, dOut []*value) []*value {
	p := b.apply(pseudo(f), n.In[0])[0]
	return []*value{b.pseudo(n.In[0], p, b.times(dOut[0], b.t(n.In[1]))), b.times(b.t(p), dOut[0])}
}
