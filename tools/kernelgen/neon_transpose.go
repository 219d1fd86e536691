package main

import "github.com/mmcloughlin/avo/reg"

// genNEONTranspose writes the transposition of blocks of 4x4.
func genNEONTranspose(g *gen) {
	g.function(neonISA, "transpose4NEON", "dst *float32, ldd int, a *float32, lda int, blocks int", "",
		"transposes blocks of 4 rows and 4 columns that follow each other along the rows of a; the strides are in bytes.")
	dst, ldd, a, lda, blocks := g.arg("dst"), g.arg("ldd"), g.arg("a"), g.arg("lda"), g.arg("blocks")
	rows := []reg.Register{a}
	for i := 1; i < 4; i++ {
		r := g.GP64()
		g.arm.step(r, []v{rows[i-1], lda}, "ADD R%d, R%d, R%d", lda, rows[i-1], r)
		rows = append(rows, r)
	}
	g.place("block")
	var x []v
	for _, r := range rows {
		x = append(x, access{g: g}.load(r))
		g.addInto(r, 16)
	}
	// Pairs of words change places, then pairs of double words.
	pair := func(instruction, form string, a, b v) v {
		d := g.vec()
		return g.arm.step(d, []v{a, b}, instruction+" V%d."+form+", V%d."+form+", V%d."+form, b, a, d)
	}
	even1, odd1 := pair("VTRN1", "S4", x[0], x[1]), pair("VTRN2", "S4", x[0], x[1])
	even2, odd2 := pair("VTRN1", "S4", x[2], x[3]), pair("VTRN2", "S4", x[2], x[3])
	for _, column := range []v{
		pair("VTRN1", "D2", even1, even2), pair("VTRN1", "D2", odd1, odd2),
		pair("VTRN2", "D2", even1, even2), pair("VTRN2", "D2", odd1, odd2),
	} {
		access{g: g}.store(column, dst)
		g.addReg(ldd, dst)
	}
	g.countDown(blocks, "block")
	g.end()
}
