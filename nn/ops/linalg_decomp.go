package ops

import (
	"math"
	"slices"
	"sort"
)

// The decompositions of matrices, in float64, row by row. Matrices with NaN give NaN and end as others do.

// choleskyOf returns the lower triangle L of L L^T for a symmetric matrix, of which it reads the lower triangle; ok is false
// if the matrix is not positive definite.
func choleskyOf(a []float64, n int) (l []float64, ok bool) {
	l = make([]float64, n*n)
	for i := range n {
		for j := range i + 1 {
			sum := a[i*n+j]
			for k := range j {
				sum -= l[i*n+k] * l[j*n+k]
			}
			switch {
			case i != j:
				l[i*n+j] = sum / l[j*n+j]
			case sum <= 0:
				return l, false
			default:
				l[i*n+i] = math.Sqrt(sum)
			}
		}
	}
	return l, true
}

// transposed returns the transpose of an m by n matrix.
func transposed(a []float64, m, n int) []float64 {
	t := make([]float64, m*n)
	for i := range m {
		for j := range n {
			t[j*m+i] = a[i*n+j]
		}
	}
	return t
}

// multiplied returns the product of an m by k and a k by n matrix.
func multiplied(a, b []float64, m, k, n int) []float64 {
	c := make([]float64, m*n)
	for i := range m {
		for p := range k {
			v := a[i*k+p]
			for j := range n {
				c[i*n+j] += v * b[p*n+j]
			}
		}
	}
	return c
}

func identity(n int) []float64 {
	a := make([]float64, n*n)
	for i := range n {
		a[i*n+i] = 1
	}
	return a
}

// qr decomposes an m by n matrix into an m by m orthogonal Q and an m by n upper triangle R by Householder reflections
// whose signs are LAPACK's: the diagonal of R is against the sign of what it was made from.
func qr(matrix []float64, m, n int) (q, r []float64) {
	r = slices.Clone(matrix)
	q = identity(m)
	v := make([]float64, m)
	for k := range min(m, n) {
		rest := 0.0
		for i := k + 1; i < m; i++ {
			rest = math.Hypot(rest, r[i*n+k])
		}
		if rest == 0 {
			continue
		}
		alpha := r[k*n+k]
		beta := -math.Copysign(math.Hypot(alpha, rest), alpha)
		norm := 0.0
		for i := k; i < m; i++ {
			v[i] = r[i*n+k]
			if i == k {
				v[i] = alpha - beta
			}
			norm += v[i] * v[i]
		}
		for j := k; j < n; j++ {
			reflect(r, v, norm, k, m, j, n)
		}
		for i := range m {
			reflect(q, v, norm, k, m, i*m, 1)
		}
		for i := k + 1; i < m; i++ {
			r[i*n+k] = 0
		}
	}
	return q, r
}

// reflect mirrors the vector a[at + i*step], for i from k to m, at the plane across v, whose square is norm.
func reflect(a, v []float64, norm float64, k, m, at, step int) {
	dot := 0.0
	for i := k; i < m; i++ {
		dot += v[i] * a[at+i*step]
	}
	dot *= 2 / norm
	for i := k; i < m; i++ {
		a[at+i*step] -= dot * v[i]
	}
}

const maxSweeps = 60

// eigh returns the eigenvalues of a symmetric matrix, of which it reads the lower triangle, in ascending order, and the
// eigenvectors as columns, by Jacobi rotations.
func eigh(matrix []float64, n int) (values, vectors []float64) {
	a := slices.Clone(matrix)
	for i := range n {
		for j := range i {
			a[j*n+i] = a[i*n+j]
		}
	}
	v := identity(n)
	for range maxSweeps {
		off, diagonal := 0.0, 0.0
		for i := range n {
			diagonal += a[i*n+i] * a[i*n+i]
			for j := range i {
				off += a[i*n+j] * a[i*n+j]
			}
		}
		if !(off > 1e-34*diagonal) || math.IsNaN(off) {
			break
		}
		for p := range n {
			for q := p + 1; q < n; q++ {
				if a[p*n+q] == 0 {
					continue
				}
				c, s := rotation(a[p*n+p], a[q*n+q], a[p*n+q])
				for k := range n {
					a[k*n+p], a[k*n+q] = c*a[k*n+p]-s*a[k*n+q], s*a[k*n+p]+c*a[k*n+q]
				}
				for k := range n {
					a[p*n+k], a[q*n+k] = c*a[p*n+k]-s*a[q*n+k], s*a[p*n+k]+c*a[q*n+k]
					v[k*n+p], v[k*n+q] = c*v[k*n+p]-s*v[k*n+q], s*v[k*n+p]+c*v[k*n+q]
				}
			}
		}
	}
	order := sequence(n)
	sort.SliceStable(order, func(i, j int) bool { return a[order[i]*n+order[i]] < a[order[j]*n+order[j]] })
	values, vectors = make([]float64, n), make([]float64, n*n)
	for to, from := range order {
		values[to] = a[from*n+from]
		// The sign is free; the last component is made positive here, as LAPACK's tridiagonal solvers tend to.
		sign := 1.0
		if n > 0 && v[(n-1)*n+from] < 0 {
			sign = -1
		}
		for k := range n {
			vectors[k*n+to] = sign * v[k*n+from]
		}
	}
	return values, vectors
}

// rotation returns cosine and sine that make the off-diagonal element b of a symmetric 2 by 2 matrix 0.
func rotation(a, d, b float64) (c, s float64) {
	theta := (d - a) / (2 * b)
	t := 1 / (math.Abs(theta) + math.Hypot(theta, 1))
	if theta < 0 {
		t = -t
	}
	c = 1 / math.Hypot(t, 1)
	return c, t * c
}

// svd returns the singular value decomposition U diag(s) V^T of an m by n matrix: u is m by m, s descends, vt is n by n,
// by one-sided Jacobi rotations.
func svd(matrix []float64, m, n int) (u, s, vt []float64) {
	if m < n {
		v, s, ut := svd(transposed(matrix, m, n), n, m)
		return transposed(ut, m, m), s, transposed(v, n, n)
	}
	a, v := slices.Clone(matrix), identity(n)
	for range maxSweeps {
		rotated := false
		for p := range n {
			for q := p + 1; q < n; q++ {
				pp, qq, pq := 0.0, 0.0, 0.0
				for k := range m {
					pp += a[k*n+p] * a[k*n+p]
					qq += a[k*n+q] * a[k*n+q]
					pq += a[k*n+p] * a[k*n+q]
				}
				if !(math.Abs(pq) > 1e-16*math.Sqrt(pp*qq)) {
					continue
				}
				rotated = true
				c, s := rotation(pp, qq, pq)
				for k := range m {
					a[k*n+p], a[k*n+q] = c*a[k*n+p]-s*a[k*n+q], s*a[k*n+p]+c*a[k*n+q]
				}
				for k := range n {
					v[k*n+p], v[k*n+q] = c*v[k*n+p]-s*v[k*n+q], s*v[k*n+p]+c*v[k*n+q]
				}
			}
		}
		if !rotated {
			break
		}
	}
	norms := make([]float64, n)
	for j := range n {
		for k := range m {
			norms[j] = math.Hypot(norms[j], a[k*n+j])
		}
	}
	order := sequence(n)
	sort.SliceStable(order, func(i, j int) bool { return norms[order[i]] > norms[order[j]] })
	u, s, vt = make([]float64, m*m), make([]float64, n), make([]float64, n*n)
	var columns [][]float64
	for to, from := range order {
		s[to] = norms[from]
		column := make([]float64, m)
		if norms[from] > norms[order[0]]*1e-300 {
			for k := range column {
				column[k] = a[k*n+from] / norms[from]
			}
		} else {
			column = nil
		}
		columns = append(columns, column)
		for k := range n {
			vt[to*n+k] = v[k*n+from]
		}
	}
	complete(&columns, m)
	for j, column := range columns {
		for k, x := range column {
			u[k*m+j] = x
		}
	}
	return u, s, vt
}

// complete fills in missing columns (nil, or fewer than m), so that all are orthogonal and of length 1.
func complete(columns *[][]float64, m int) {
	for len(*columns) < m {
		*columns = append(*columns, nil)
	}
	next := 0
	for j := range *columns {
		if (*columns)[j] != nil {
			continue
		}
		for ; next < m; next++ {
			c := make([]float64, m)
			c[next] = 1
			for range 2 { // twice, for the digits that the first time loses
				for _, other := range *columns {
					dot := 0.0
					for k, x := range other {
						dot += x * c[k]
					}
					for k, x := range other {
						c[k] -= dot * x
					}
				}
			}
			norm := 0.0
			for _, x := range c {
				norm = math.Hypot(norm, x)
			}
			if norm > 0.5/math.Sqrt(float64(m)) {
				for k := range c {
					c[k] /= norm
				}
				(*columns)[j] = c
				next++
				break
			}
		}
	}
}

// pseudoInverse returns the n by m inverse of an m by n matrix with singular values up to cut times the largest left out.
func pseudoInverse(matrix []float64, m, n int, cut float64) []float64 {
	u, s, vt := svd(matrix, m, n)
	out := make([]float64, n*m)
	for k, v := range s {
		if v <= cut*s[0] || v == 0 {
			continue
		}
		for i := range n {
			for j := range m {
				out[i*m+j] += vt[k*n+i] * u[j*m+k] / v
			}
		}
	}
	return out
}
