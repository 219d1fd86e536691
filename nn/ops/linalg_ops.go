package ops

import (
	"errors"
	"fmt"
	"slices"

	"github.com/hornml/horn/nn/graph"
)

// matrixFunc is a function of matrices: a value that holds its settings.
type matrixFunc interface {
	// Name is what errors call the function.
	Name() string
	// Results returns the shapes of what is made of an m by n matrix and, where there is a second input, columns of it.
	Results(m, n, columns int) [][]int
	// Apply computes the results of one matrix, in C order.
	Apply(in, out [][]float64, m, n, columns int) error
}

// perMatrix applies a function to each of the matrices in the last two axes of its inputs, whose leading axes are the same.
type perMatrix struct{ F matrixFunc }

// Name implements graph.Op.
func (op perMatrix) Name() string { return op.F.Name() }

func (perMatrix) sizes(n *graph.Node) (lead []int, rows, cols, columns int) {
	x := n.In[0]
	r := x.Rank() - 2
	if len(n.In) > 1 {
		columns = n.In[1].Shape[n.In[1].Rank()-1]
	}
	return x.Shape[:r], x.Shape[r], x.Shape[r+1], columns
}

// Infer implements graph.Op.
func (op perMatrix) Infer(n *graph.Node) {
	lead, rows, cols, columns := op.sizes(n)
	for _, r := range op.F.Results(rows, cols, columns) {
		n.SetOut(n.In[0].DType, slices.Concat(lead, r)...)
	}
}

// Eval implements graph.Op.
func (op perMatrix) Eval(n *graph.Node, in, out []graph.Buf) error {
	lead, rows, cols, columns := op.sizes(n)
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
		if err := op.F.Apply(from, to, rows, cols, columns); err != nil {
			return fmt.Errorf("%s: %s: %w", n.Label, op.Name(), err)
		}
		for k := range out {
			for j, v := range to[k] {
				setFloat(out[k], i*len(to[k])+j, v)
			}
		}
	}
	return nil
}

var errSingular = errors.New("a matrix is singular")

// cholesky is the lower triangle L of L Lᵀ = x or, with Upper, its transpose.
type cholesky struct{ Upper bool }

func (cholesky) Name() string                { return "cholesky" }
func (cholesky) Results(_, n, _ int) [][]int { return [][]int{{n, n}} }

func (f cholesky) Apply(in, out [][]float64, _, n, _ int) error {
	l, ok := choleskyOf(in[0], n)
	if !ok {
		return errors.New("a matrix is not positive definite")
	}
	if f.Upper {
		l = transposed(l, n, n)
	}
	copy(out[0], l)
	return nil
}

// choleskyInverse is the inverse of L Lᵀ for a lower triangle L or, with Upper, its transpose.
type choleskyInverse struct{ Upper bool }

func (choleskyInverse) Name() string                { return "cholesky_inverse" }
func (choleskyInverse) Results(_, n, _ int) [][]int { return [][]int{{n, n}} }

func (f choleskyInverse) Apply(in, out [][]float64, _, n, _ int) error {
	l := slices.Clone(in[0])
	if f.Upper {
		l = transposed(l, n, n)
	}
	inverse := solveTriangle(l, identity(n), n, n, true)
	copy(out[0], multiplied(transposed(inverse, n, n), inverse, n, n, n))
	return nil
}

// inverse is that of a square matrix.
type inverse struct{}

func (inverse) Name() string                { return "inv" }
func (inverse) Results(_, n, _ int) [][]int { return [][]int{{n, n}} }

func (inverse) Apply(in, out [][]float64, _, n, _ int) error {
	f := factorLU(in[0], n)
	if f.singular() {
		return errSingular
	}
	copy(out[0], f.solve(identity(n), n))
	return nil
}

// determinant is that of a square matrix.
type determinant struct{}

func (determinant) Name() string                { return "det" }
func (determinant) Results(_, _, _ int) [][]int { return [][]int{{}} }

func (determinant) Apply(in, out [][]float64, _, n, _ int) error {
	f := factorLU(in[0], n)
	d := 1.0
	for i, p := range f.pivots {
		d *= f.a[i*n+i]
		if p != i {
			d = -d
		}
	}
	out[0][0] = d
	return nil
}

// logDeterminant is the sign of a determinant and the logarithm of its absolute value.
type logDeterminant struct{}

func (logDeterminant) Name() string                { return "slogdet" }
func (logDeterminant) Results(_, _, _ int) [][]int { return [][]int{{}, {}} }

func (logDeterminant) Apply(in, out [][]float64, _, n, _ int) error {
	out[0][0], out[1][0] = factorLU(in[0], n).determinant()
	return nil
}

// eigenH are the eigenvalues and eigenvectors of a symmetric matrix.
type eigenH struct{}

func (eigenH) Name() string                { return "eigh" }
func (eigenH) Results(_, n, _ int) [][]int { return [][]int{{n}, {n, n}} }

func (eigenH) Apply(in, out [][]float64, _, n, _ int) error {
	values, vectors := eigh(in[0], n)
	copy(out[0], values)
	copy(out[1], vectors)
	return nil
}

// luFactor are both triangles of a pivoted LU factorization in one matrix, and the pivots.
type luFactor struct{}

func (luFactor) Name() string                { return "lu_factor" }
func (luFactor) Results(m, n, _ int) [][]int { return [][]int{{m, n}, {min(m, n)}} }

func (luFactor) Apply(in, out [][]float64, m, n, _ int) error {
	copy(out[0], in[0])
	for i, p := range pivotedLU(out[0], m, n) {
		out[1][i] = float64(p)
	}
	return nil
}

// qrFactor are Q and R; with Complete, Q is square.
type qrFactor struct{ Complete bool }

func (f qrFactor) inner(m, n int) int {
	if f.Complete {
		return m
	}
	return min(m, n)
}

func (qrFactor) Name() string { return "qr" }

func (f qrFactor) Results(m, n, _ int) [][]int {
	k := f.inner(m, n)
	return [][]int{{m, k}, {k, n}}
}

func (f qrFactor) Apply(in, out [][]float64, m, n, _ int) error {
	k := f.inner(m, n)
	q, r := qr(in[0], m, n)
	for i := range m {
		copy(out[0][i*k:(i+1)*k], q[i*m:])
	}
	copy(out[1], r)
	return nil
}

// svdFactor are U, the singular values, and Vᵀ; with Full, U and V are square.
type svdFactor struct{ Full bool }

func (svdFactor) Name() string { return "svd" }

func (f svdFactor) Results(m, n, _ int) [][]int {
	k := min(m, n)
	if f.Full {
		return [][]int{{m, m}, {k}, {n, n}}
	}
	return [][]int{{m, k}, {k}, {k, n}}
}

func (f svdFactor) Apply(in, out [][]float64, m, n, _ int) error {
	cols := m
	if !f.Full {
		cols = min(m, n)
	}
	u, s, vt := svd(in[0], m, n)
	for i := range m {
		copy(out[0][i*cols:(i+1)*cols], u[i*m:])
	}
	copy(out[1], s)
	copy(out[2], vt)
	return nil
}

// singularValues are those of a matrix, the largest first.
type singularValues struct{}

func (singularValues) Name() string                { return "svdvals" }
func (singularValues) Results(m, n, _ int) [][]int { return [][]int{{min(m, n)}} }

func (singularValues) Apply(in, out [][]float64, m, n, _ int) error {
	_, s, _ := svd(in[0], m, n)
	copy(out[0], s)
	return nil
}

// pseudo is the pseudo-inverse; singular values up to Cut times the largest count as 0.
type pseudo struct{ Cut float64 }

func (pseudo) Name() string                { return "pinv" }
func (pseudo) Results(m, n, _ int) [][]int { return [][]int{{n, m}} }

func (f pseudo) Apply(in, out [][]float64, m, n, _ int) error {
	copy(out[0], pseudoInverse(in[0], m, n, f.Cut))
	return nil
}

// solve is the x of a x = b.
type solve struct{}

func (solve) Name() string                      { return "solve" }
func (solve) Results(_, n, columns int) [][]int { return [][]int{{n, columns}} }

func (solve) Apply(in, out [][]float64, _, n, columns int) error {
	f := factorLU(in[0], n)
	if f.singular() {
		return errSingular
	}
	copy(out[0], f.solve(in[1], columns))
	return nil
}

// solveTriangular is the x of a x = b of which only the upper (with Lower: the lower) triangle of a is read.
type solveTriangular struct{ Lower bool }

func (solveTriangular) Name() string                      { return "solve_triangular" }
func (solveTriangular) Results(_, n, columns int) [][]int { return [][]int{{n, columns}} }

func (f solveTriangular) Apply(in, out [][]float64, _, n, columns int) error {
	copy(out[0], solveTriangle(in[0], in[1], n, columns, f.Lower))
	return nil
}

// leastSquares is the x of the smallest norm among those that make a x - b smallest; Cut as in pseudo.
type leastSquares struct{ Cut float64 }

func (leastSquares) Name() string                      { return "lstsq" }
func (leastSquares) Results(_, n, columns int) [][]int { return [][]int{{n, columns}} }

func (f leastSquares) Apply(in, out [][]float64, m, n, columns int) error {
	copy(out[0], multiplied(pseudoInverse(in[0], m, n, f.Cut), in[1], n, m, columns))
	return nil
}
