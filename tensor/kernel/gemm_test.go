package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// exactGemm is C in float64, from the unpacked weights, and the sum of
// magnitudes that bounds the rounding.
func exactGemm(g *Gemm, w []float32, row, col, ldw int) (value, magnitude float64) {
	segs := g.Segs.list
	if !g.Segs.present {
		segs = []Seg{{0, 0, int32(g.B.k)}}
	}
	for _, s := range segs {
		for i := range int(s.Len) {
			p := float64(g.A[g.ARows.At(row)+int(s.A)+i]) * float64(w[(int(s.B)+i)*ldw+col])
			value += p
			magnitude += math.Abs(p)
		}
	}
	at := g.CRows.At(row) + col
	if g.Bias != nil {
		value += float64(g.Bias[col])
	}
	if g.Accumulate {
		value += float64(g.C[at])
		magnitude += math.Abs(value)
	}
	if g.Residual != nil {
		value += float64(g.Residual[at])
	}
	if g.Clamp {
		value = min(max(value, float64(g.Lo)), float64(g.Hi))
	}
	return value, magnitude + 4
}

// checkGemm runs g, whose C is still fresh, and compares every element.
func checkGemm(t *testing.T, g *Gemm, w []float32, m, ldw int) {
	t.Helper()
	n := g.B.n
	want := make([]float64, m*n)
	bound := make([]float64, m*n)
	for i := range m {
		for j := range n {
			want[i*n+j], bound[i*n+j] = exactGemm(g, w, i, j, ldw)
		}
	}
	g.Run(m)
	for i := range m {
		for j := range n {
			got := float64(g.C[g.CRows.At(i)+j])
			if d := math.Abs(got - want[i*n+j]); !(d <= 4e-7*bound[i*n+j]) {
				t.Fatalf("m=%d n=%d k=%d: c[%d,%d] = %g, want %g", m, n, g.B.k, i, j, got, want[i*n+j])
			}
		}
	}
}

// epilogues are the combinations that products are tested with.
func epilogues(r *rand.Rand, n, c int) []Epilogue {
	bias, res := random(r, n), random(r, c)
	return []Epilogue{
		{},
		{Bias: bias},
		{Bias: bias, Residual: res},
		{Accumulate: true},
		{Bias: bias, Clamp: true, Lo: 0, Hi: float32(math.Inf(1))},
		{Bias: bias, Residual: res, Accumulate: true, Clamp: true, Lo: -0.5, Hi: 0.75},
	}
}

func TestGemmDense(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		r := rng()
		s := shapeOf(level)
		wide := s.lanes * s.vectors
		for _, n := range []int{1, 2, s.lanes - 1, s.lanes, s.lanes + 1, wide - 1, wide, wide + 1, wide + s.lanes, 2*wide + s.lanes + 3,
			3 * wide} {
			for m := 1; m <= 2*s.rows+1; m++ {
				for _, k := range []int{0, 1, 2, 3, 4, 5, 7, 8, 11, 33} {
					if (m > s.rows && k%4 != 1) || (testing.Short() && k > 8) {
						continue
					}
					lda, ldw, ldc := k+3, n+2, n+5
					a, w := random(r, m*lda), random(r, k*ldw+n)
					bp := PackB(level, w, k, n, ldw, false)
					c, intact := guarded(t, m*ldc)
					g := Gemm{A: a, ARows: Strided(lda), B: bp, C: c, CRows: Strided(ldc), Epilogue: epilogues(r, n, m*ldc)[(m+n+k)%6]}
					checkGemm(t, &g, w, m, ldw)
					intact()
					for i := range m {
						for j := n; j < ldc; j++ {
							if c[i*ldc+j] != guard {
								t.Fatalf("m=%d n=%d k=%d: column %d of row %d was written", m, n, k, j, i)
							}
						}
					}
				}
			}
		}
	})
}

func TestGemmEpilogues(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		r := rng()
		const n, k = 70, 19
		for m := 1; m <= RowTile(level)+1; m++ {
			for i, e := range epilogues(r, n, m*n) {
				a, w := random(r, m*k), random(r, k*n)
				c := random(r, m*n)
				g := Gemm{A: a, ARows: Strided(k), B: PackB(level, w, k, n, n, false), C: c, CRows: Strided(n), Epilogue: e}
				t.Run(fmt.Sprintf("m%d/%d", m, i), func(t *testing.T) { checkGemm(t, &g, w, m, n) })
			}
		}
	})
}

func TestGemmKeepsNaN(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		nan := float32(math.NaN())
		for m := 1; m <= RowTile(level); m++ {
			a := make([]float32, m*2)
			a[0] = nan
			w := make([]float32, 2*20)
			c := make([]float32, m*20)
			g := Gemm{A: a, ARows: Strided(2), B: PackB(level, w, 2, 20, 20, false), C: c, CRows: Strided(20),
				Epilogue: Epilogue{Clamp: true, Lo: 0, Hi: 6}}
			g.Run(m)
			for j, v := range c {
				if isNaN := v != v; isNaN != (j < 20) {
					t.Fatalf("m=%d: c[%d,%d] = %g", m, j/20, j%20, v)
				}
			}
		}
	})
}

func TestPackTransposed(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		r := rng()
		for _, n := range []int{1, 3, 15, 16, 17, 33, 48, 50, 97, 130} {
			for _, k := range []int{1, 2, 7, 8, 15, 16, 17, 31, 64, 70} {
				w := random(r, k*n)
				wt := make([]float32, n*(k+1))
				for i := range k {
					for j := range n {
						wt[j*(k+1)+i] = w[i*n+j]
					}
				}
				p, q := PackB(level, w, k, n, n, false), PackB(level, wt, k, n, k+1, true)
				for i := range p.data {
					if p.data[i] != q.data[i] {
						t.Fatalf("n=%d k=%d: packed element %d is %g transposed, %g straight", n, k, i, q.data[i], p.data[i])
					}
				}
			}
		}
	})
}

// TestGemmBlocks divides a product in every way that the contract allows and
// wants the same bits.
func TestGemmBlocks(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		r := rng()
		tile := RowTile(level)
		m, n, k := 3*tile+2, 130, 50
		a, w := random(r, m*k), random(r, k*n)
		g := Gemm{A: a, ARows: Strided(k), B: PackB(level, w, k, n, n, false), C: make([]float32, m*n), CRows: Strided(n)}
		g.Run(m)
		h := g
		h.C = make([]float32, m*n)
		for r0 := 0; r0 < m; r0 += tile {
			for p := range g.B.Panels() {
				h.Block(r0, min(r0+tile, m), p, p+1)
			}
		}
		for i := range g.C {
			if g.C[i] != h.C[i] {
				t.Fatalf("element %d is %g in blocks, %g at once", i, h.C[i], g.C[i])
			}
		}
	})
}

func TestGemmPanics(t *testing.T) {
	good := func() *Gemm {
		return &Gemm{A: make([]float32, 12), ARows: Strided(4), B: PackB(level, make([]float32, 20), 4, 5, 5, false),
			C: make([]float32, 15), CRows: Strided(5)}
	}
	good().Run(3)
	for name, spoil := range map[string]func(*Gemm){
		"short A":      func(g *Gemm) { g.A = g.A[:11] },
		"short C":      func(g *Gemm) { g.C = g.C[:14] },
		"short bias":   func(g *Gemm) { g.Bias = make([]float32, 4) },
		"residual":     func(g *Gemm) { g.Residual = make([]float32, 14) },
		"segments":     func(g *Gemm) { g.Segs = Segments([]Seg{{0, 1, 4}}) },
		"segment of A": func(g *Gemm) { g.Segs = Segments([]Seg{{1, 0, 4}}) },
		"table of A":   func(g *Gemm) { g.ARows = Table([]int32{0, 4, 9}) },
		"table of C":   func(g *Gemm) { g.CRows = Table([]int32{0, 5, 11}) },
		"short table":  func(g *Gemm) { g.ARows = Table([]int32{0, 4}) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			g := good()
			spoil(g)
			g.Run(3)
		})
	}
}
