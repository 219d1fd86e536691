package ops

import "math"

// lu is a square matrix as a product of a permutation, a lower triangle with ones on the diagonal, and an upper one.
type lu struct {
	n      int
	a      []float64 // both triangles, row by row
	pivots []int     // row i was exchanged with row pivots[i], in this order
}

// factorLU decomposes an n by n matrix, with row exchanges for the largest pivot. A singular matrix leaves a 0 on the diagonal of the
// upper triangle.
func factorLU(matrix []float64, n int) lu {
	f := lu{n: n, a: append([]float64(nil), matrix...), pivots: make([]int, n)}
	f.pivots = pivotedLU(f.a, n, n)
	return f
}

// pivotedLU decomposes an m by n matrix in place and returns the row exchanges.
func pivotedLU(a []float64, m, n int) []int {
	pivots := make([]int, min(m, n))
	for k := range pivots {
		best := k
		for i := k + 1; i < m; i++ {
			if math.Abs(a[i*n+k]) > math.Abs(a[best*n+k]) {
				best = i
			}
		}
		pivots[k] = best
		if best != k {
			for j := range n {
				a[k*n+j], a[best*n+j] = a[best*n+j], a[k*n+j]
			}
		}
		if a[k*n+k] == 0 {
			continue
		}
		for i := k + 1; i < m; i++ {
			a[i*n+k] /= a[k*n+k]
			factor := a[i*n+k]
			if factor == 0 {
				continue
			}
			for j := k + 1; j < n; j++ {
				a[i*n+j] -= factor * a[k*n+j]
			}
		}
	}
	return pivots
}

// solve returns x of A x = y for y of the given number of columns. A singular matrix gives infinities or NaN.
func (f lu) solve(y []float64, columns int) []float64 {
	x := append([]float64(nil), y...)
	for i, p := range f.pivots {
		if p != i {
			for c := range columns {
				x[i*columns+c], x[p*columns+c] = x[p*columns+c], x[i*columns+c]
			}
		}
	}
	for c := range columns {
		for i := range f.n {
			for k := range i {
				x[i*columns+c] -= f.a[i*f.n+k] * x[k*columns+c]
			}
		}
		for i := f.n - 1; i >= 0; i-- {
			for k := i + 1; k < f.n; k++ {
				x[i*columns+c] -= f.a[i*f.n+k] * x[k*columns+c]
			}
			x[i*columns+c] /= f.a[i*f.n+i]
		}
	}
	return x
}

// singular reports whether the matrix has no inverse.
func (f lu) singular() bool {
	for i := range f.n {
		if d := f.a[i*f.n+i]; d == 0 {
			return true
		}
	}
	return false
}

// determinant returns the sign and the logarithm of the determinant's magnitude.
func (f lu) determinant() (sign, log float64) {
	sign = 1
	for i, p := range f.pivots {
		if p != i {
			sign = -sign
		}
		d := f.a[i*f.n+i]
		switch {
		case d == 0:
			return 0, math.Inf(-1)
		case d < 0:
			sign = -sign
		case d != d:
			sign = math.NaN()
		}
		log += math.Log(math.Abs(d))
	}
	return sign, log
}
