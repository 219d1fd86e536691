package kernel

// gemmGeneric is the plain twin of the micro-kernels: tiles of 2 rows and one
// panel of 4 columns. With 8 sums, 4 weights and 2 elements of A it fits the 16
// registers of amd64; with 3 rows the compiler spills, and it halves the speed.
func gemmGeneric(g *Gemm, segs []Seg, r0, r1, p0, p1 int) {
	b := g.B
	check(b.level == Generic, badPack)
	for p := p0; p < p1; p++ {
		col, _ := b.plan.panel(p)
		cols := min(4, b.n-col)
		w := b.data[col*b.k : (col+4)*b.k]
		r := r0
		for ; r+2 <= r1; r += 2 {
			x0, x1 := gemm2x4(g.A, g.ARows.At(r), g.ARows.At(r+1), segs, w)
			g.store(r, col, cols, &x0)
			g.store(r+1, col, cols, &x1)
		}
		if r < r1 {
			x := gemm1x4(g.A, g.ARows.At(r), segs, w)
			g.store(r, col, cols, &x)
		}
	}
}

func gemm2x4(a []float32, a0, a1 int, segs []Seg, w []float32) (x0, x1 [4]float32) {
	var s00, s01, s02, s03, s10, s11, s12, s13 float32
	for _, s := range segs {
		at, n := int(s.A), int(s.Len)
		p0 := a[a0+at:][:n]
		p1 := a[a1+at:][:n]
		q := w[4*int(s.B):][:4*n]
		for i, v0 := range p0 {
			b := q[4*i : 4*i+4 : 4*i+4]
			v1 := p1[i]
			b0, b1, b2, b3 := b[0], b[1], b[2], b[3]
			s00 += v0 * b0
			s01 += v0 * b1
			s02 += v0 * b2
			s03 += v0 * b3
			s10 += v1 * b0
			s11 += v1 * b1
			s12 += v1 * b2
			s13 += v1 * b3
		}
	}
	return [4]float32{s00, s01, s02, s03}, [4]float32{s10, s11, s12, s13}
}

func gemm1x4(a []float32, a0 int, segs []Seg, w []float32) [4]float32 {
	var s0, s1, s2, s3 float32
	for _, s := range segs {
		n := int(s.Len)
		p := a[a0+int(s.A):][:n]
		q := w[4*int(s.B):][:4*n]
		for i, v := range p {
			b := q[4*i : 4*i+4 : 4*i+4]
			s0 += v * b[0]
			s1 += v * b[1]
			s2 += v * b[2]
			s3 += v * b[3]
		}
	}
	return [4]float32{s0, s1, s2, s3}
}

// store takes the sums of one row and panel through the epilogue.
func (g *Gemm) store(row, col, cols int, sums *[4]float32) {
	at := g.CRows.At(row) + col
	c := g.C[at : at+cols]
	for j := range c {
		v := sums[j]
		if g.Bias != nil {
			v += g.Bias[col+j]
		}
		if g.Accumulate {
			v += c[j]
		}
		if g.Residual != nil {
			v += g.Residual[at+j]
		}
		if g.Clamp {
			v = clampTo(v, g.Lo, g.Hi)
		}
		c[j] = v
	}
}
