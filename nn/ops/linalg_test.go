package ops

import (
	"math"
	"math/rand/v2"
	"testing"
)

func randomMatrix(r *rand.Rand, m, n, rank int) []float64 {
	a, b := make([]float64, m*rank), make([]float64, rank*n)
	for _, x := range [][]float64{a, b} {
		for i := range x {
			x[i] = r.NormFloat64()
		}
	}
	return multiplied(a, b, m, rank, n)
}

func distance(a, b []float64) float64 {
	d := 0.0
	for i := range a {
		d = math.Max(d, math.Abs(a[i]-b[i]))
	}
	return d
}

func isOrthogonal(q []float64, n int) bool {
	return distance(multiplied(transposed(q, n, n), q, n, n, n), identity(n)) < 1e-12
}

// The factors of a matrix multiply to it again, also where its rank is short.
func TestDecompositions(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 200 {
		m, n := 1+r.IntN(7), 1+r.IntN(7)
		a := randomMatrix(r, m, n, 1+r.IntN(min(m, n)))
		u, s, vt := svd(a, m, n)
		if !isOrthogonal(u, m) || !isOrthogonal(vt, n) {
			t.Fatalf("svd of %d x %d: the vectors are not orthogonal", m, n)
		}
		scaled := make([]float64, m*n)
		for i := range min(m, n) {
			if s[i] < 0 || i > 0 && s[i] > s[i-1] {
				t.Fatalf("svd of %d x %d: singular values %v", m, n, s)
			}
			for j := range n {
				scaled[i*n+j] = s[i] * vt[i*n+j]
			}
		}
		if d := distance(multiplied(u, scaled, m, m, n), a); d > 1e-12*(1+s[0]) {
			t.Fatalf("svd of %d x %d is wrong by %g", m, n, d)
		}
		q, rr := qr(a, m, n)
		if d := distance(multiplied(q, rr, m, m, n), a); d > 1e-12*(1+s[0]) || !isOrthogonal(q, m) {
			t.Fatalf("qr of %d x %d is wrong by %g", m, n, d)
		}
		inverse := pseudoInverse(a, m, n, 1e-12)
		back := multiplied(multiplied(a, inverse, m, n, m), a, m, m, n)
		if d := distance(back, a); d > 1e-9*(1+s[0]) {
			t.Fatalf("the pseudoinverse of %d x %d is wrong by %g", m, n, d)
		}
		sym := multiplied(a, transposed(a, m, n), m, n, m)
		values, vectors := eigh(sym, m)
		right := multiplied(sym, vectors, m, m, m)
		for i := range m {
			for j := range m {
				if math.Abs(right[i*m+j]-values[j]*vectors[i*m+j]) > 1e-11*(1+s[0]*s[0]) {
					t.Fatalf("eigh of %d x %d: column %d is no eigenvector", m, m, j)
				}
			}
		}
		full := randomMatrix(r, m, m, m)
		f := factorLU(full, m)
		x := f.solve(identity(m), m)
		if d := distance(multiplied(full, x, m, m, m), identity(m)); d > 1e-6 {
			t.Fatalf("solving %d x %d is wrong by %g", m, m, d)
		}
		for i := range m {
			sym[i*m+i] += 1
		}
		l, ok := choleskyOf(sym, m)
		if d := distance(multiplied(l, transposed(l, m, m), m, m, m), sym); !ok || d > 1e-11*(1+s[0]*s[0]) {
			t.Fatalf("cholesky of %d x %d: %v, wrong by %g", m, m, ok, d)
		}
	}
}

// Matrices that are empty, zero, or not of finite numbers end as well.
func TestDecompositionsOfOddMatrices(t *testing.T) {
	for _, v := range []float64{0, math.NaN(), math.Inf(1), 1e200, 1e-200} {
		for n := range 4 {
			a := make([]float64, n*n)
			for i := range a {
				a[i] = v
			}
			svd(a, n, n)
			qr(a, n, n)
			eigh(a, n)
			choleskyOf(a, n)
			f := factorLU(a, n)
			f.determinant()
			f.solve(identity(n), n)
			pseudoInverse(a, n, n, 0)
		}
	}
	svd(nil, 0, 3)
	qr(nil, 0, 3)
	qr(nil, 3, 0)
	pseudoInverse(nil, 3, 0, 0)
}
