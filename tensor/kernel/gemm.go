package kernel

import "math"

// Gemm describes the product C = epilogue(A x B) of rows of A with a packed B.
// Dense layers, 1x1 and k x k convolutions are all of this form; see Rows, Segs
// and NewWindows. A plan keeps one for each step and sets A, C and Residual on
// its own copy when it runs.
//
// C and A must not overlap. Results do not depend on how the work is divided
// into blocks as long as rows are split at multiples of RowTile.
type Gemm struct {
	A     []float32
	ARows Rows // dense: Strided(lda)
	Segs  Segs // dense: the zero value
	B     *PackedB
	C     []float32
	CRows Rows // dense: Strided(ldc), ldc >= N
	Epilogue
}

// Run computes rows [0, m).
func (g *Gemm) Run(m int) { g.Block(0, m, 0, g.B.plan.count) }

// Block computes the rows [r0, r1) of the column panels [p0, p1). Blocks are
// independent of each other: goroutines may share the work, and a caller can
// work on the columns of a block while they are in the cache.
func (g *Gemm) Block(r0, r1, p0, p1 int) {
	b := g.B
	check(0 <= r0 && r0 <= r1 && 0 <= p0 && p0 <= p1 && p1 <= b.plan.count, badRange)
	if r0 == r1 || p0 == p1 {
		return
	}
	segs := g.Segs
	one := [1]Seg{{0, 0, int32(b.k)}}
	if !segs.present {
		segs = Segs{list: one[:], aEnd: b.k, bEnd: b.k}
	}
	check(segs.bEnd <= b.k && b.k <= math.MaxInt32, badPack)
	check(g.ARows.end(r1, segs.aEnd) <= len(g.A), badReach)
	end := g.CRows.end(r1, b.n)
	check(end <= len(g.C) && (g.CRows.off != nil || g.CRows.stride >= b.n || r1 == 1), badReach)
	check(g.Residual == nil || end <= len(g.Residual), badReach)
	check(g.Bias == nil || len(g.Bias) >= b.n, badShape)
	if b.n == 0 || gemmAsm(g, segs.list, r0, r1, p0, p1) {
		return
	}
	gemmGeneric(g, segs.list, r0, r1, p0, p1)
}

// clampTo limits v to [lo, hi]; NaN stays NaN.
func clampTo(v, lo, hi float32) float32 {
	if v < lo {
		return lo
	}
	if v > hi {
		return hi
	}
	return v
}
