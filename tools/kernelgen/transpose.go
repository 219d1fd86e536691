package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// genTranspose writes the transposition of blocks of 8x8, with AVX2: shuffles
// within 128 bits are as fast as wider ones, and AVX-512 has no use for more.
func genTranspose(g *gen) {
	g.function(avx2, "transpose8"+avx2.name, "dst *float32, ldd int, a *float32, lda int, blocks int", "",
		"transposes blocks of 8 rows and 8 columns that follow each other along the rows of a; the strides are in bytes.")
	dst, ldd, a, lda, blocks := g.arg("dst"), g.arg("ldd"), g.arg("a"), g.arg("lda"), g.arg("blocks")
	pointers := func(p, ld reg.Register) (m func(i int) operand.Mem) {
		// p + i*ld for i < 8, from two pointers and 3*ld.
		three, four := g.GP64(), g.GP64()
		g.LEAQ(memx(ld, ld, 2, 0), three)
		g.LEAQ(memx(p, ld, 4, 0), four)
		return func(i int) operand.Mem {
			base := p
			if i >= 4 {
				base = four
			}
			switch i % 4 {
			case 0:
				return mem(base, 0)
			case 3:
				return memx(base, three, 1, 0)
			}
			return memx(base, ld, i%4, 0)
		}
	}
	g.Label("block")
	src := pointers(a, lda)
	// Rows 0..3 and 4..7, left half and right half, side by side: after that
	// only shuffles within 128 bits are left.
	half := func(disp int) (out []v) {
		var x []v
		for i := range 4 {
			d := g.YMM()
			m := src(i)
			m.Disp = disp
			g.VMOVUPS(m, d.AsX())
			m = src(i + 4)
			m.Disp = disp
			g.VINSERTF128(operand.U8(1), m, d, d)
			x = append(x, d)
		}
		t0, t1 := g.op(g.VUNPCKLPS, x[0], x[1]), g.op(g.VUNPCKHPS, x[0], x[1])
		t2, t3 := g.op(g.VUNPCKLPS, x[2], x[3]), g.op(g.VUNPCKHPS, x[2], x[3])
		return []v{
			g.op(g.VUNPCKLPD, t0, t2), g.op(g.VUNPCKHPD, t0, t2),
			g.op(g.VUNPCKLPD, t1, t3), g.op(g.VUNPCKHPD, t1, t3),
		}
	}
	dstAt := pointers(dst, ldd)
	for i, x := range half(0) {
		g.VMOVUPS(x, dstAt(i))
	}
	for i, x := range half(16) {
		g.VMOVUPS(x, dstAt(i+4))
	}
	g.ADDQ(operand.I8(32), a)
	g.LEAQ(memx(dst, ldd, 8, 0), dst)
	g.DECQ(blocks)
	g.JNZ(ref("block"))
	g.end()
}
