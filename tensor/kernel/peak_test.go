package kernel

import (
	"fmt"
	"testing"
	"time"
)

// peak measures the multiply-add rate of one core at the current level, in
// GFLOP/s, with operands in registers and the first-level cache: what a tile of
// full size reaches on a k that stays there. It runs beside a benchmark so that
// figures can be compared on a machine that others use too.
func peak() float64 {
	rows := RowTile(level)
	s := shapeOf(level)
	n := s.lanes * s.vectors
	const k = 64
	b := PackB(level, make([]float32, k*n), k, n, n, false)
	g := Gemm{A: AlignedFloats(rows * k), ARows: Strided(k), B: b, C: AlignedFloats(rows * 32 * n), CRows: Strided(0)}
	g.ARows, g.CRows = Strided(0), Strided(n)
	m := rows * 32
	best := 0.0
	for range 20 {
		start := time.Now()
		for range 50 {
			g.Run(m)
		}
		best = max(best, float64(2*50*m*n*k)/float64(time.Since(start).Nanoseconds()))
	}
	return best
}

// benchGemm reports GFLOP/s and the share of the peak.
func benchGemm(b *testing.B, g *Gemm, m int) {
	p := peak()
	b.ReportAllocs()
	b.ResetTimer()
	for b.Loop() {
		g.Run(m)
	}
	rate := 2 * float64(m) * float64(g.B.n) * float64(g.B.k) * float64(b.N) / float64(b.Elapsed().Nanoseconds())
	b.ReportMetric(rate, "GFLOP/s")
	b.ReportMetric(100*rate/p, "%peak")
}

func BenchmarkGemm(b *testing.B) {
	for _, l := range Levels() {
		for _, s := range [][3]int{{512, 512, 512}, {1, 512, 512}, {2, 512, 512}, {4, 512, 512}, {8, 512, 512}, {16, 512, 512},
			{1, 128, 128}, {4, 128, 128}, {8, 128, 128}, {16, 128, 128}, {256, 784, 512}, {1, 1024, 1024}, {32, 32, 32}, {64, 64, 64}, {128, 128, 128}, {256, 256, 256}, {1024, 1024, 1024},
			{2304, 16, 96}, {576, 96, 24}, {64, 576, 64}, {1, 512, 10}, {128, 4608, 512}} {
			m, k, n := s[0], s[1], s[2]
			b.Run(fmt.Sprintf("%v/%dx%dx%d", l, m, k, n), func(b *testing.B) {
				defer SetLevel(l)()
				r := rng()
				g := Gemm{A: random(r, m*k), ARows: Strided(k), B: PackB(l, random(r, k*n), k, n, n, false), C: AlignedFloats(m * n), CRows: Strided(n)}
				benchGemm(b, &g, m)
			})
		}
	}
}

func BenchmarkUnary(b *testing.B) {
	for _, l := range Levels() {
		for _, op := range []UnaryOp{Exp, Expm1, Log, Log1p, Tanh, Sigmoid, SiLU, GELU, GELUTanh, Erf, ReLU, ELU, Softplus, Mish, Sqrt, Reciprocal, Clip} {
			b.Run(fmt.Sprintf("%v/%v", l, op), func(b *testing.B) {
				defer SetLevel(l)()
				const n = 4096
				x, y := AlignedFloats(n), AlignedFloats(n)
				copy(x, random(rng(), n))
				if op == Log || op == Sqrt {
					Absolute.Run(x, x)
				}
				b.ReportAllocs()
				for b.Loop() {
					op.RunWith(y, x, 0.5, 0.7)
				}
				b.ReportMetric(float64(n)*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "values/ns")
			})
		}
	}
}
