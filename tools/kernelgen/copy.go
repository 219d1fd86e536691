package main

import "github.com/mmcloughlin/avo/reg"

// genCopy writes the copy of rows between matrices of different strides.
func genCopy(g *gen) {
	for _, i := range g.levels {
		g.function(i, "copyRows"+i.name, "dst *float32, ldd int, a *float32, lda, rows, cols int", "",
			"copies rows of cols elements; the strides are in bytes.")
		dst, ldd, a, lda, rows, cols := g.arg("dst"), g.arg("ldd"), g.arg("a"), g.arg("lda"), g.arg("rows"), g.arg("cols")
		to, from, n := g.GP64(), g.GP64(), g.GP64()
		g.place("row")
		g.moveReg(dst, to)
		g.moveReg(a, from)
		g.moveReg(cols, n)
		g.loop(n, []reg.Register{to, from}, 2, func(at access) { at.store(at.load(from), to) })
		g.addReg(ldd, dst)
		g.addReg(lda, a)
		g.countDown(rows, "row")
		g.end()
	}
}

// peakChains is the number of multiply-adds that do not wait for each other.
const peakChains = 12

// genPeak writes a loop of nothing but independent multiply-adds, the measure
// of what a core can do.
func genPeak(g *gen) {
	for _, i := range g.levels {
		g.function(i, "peak"+i.name, "rounds int", "", "does 12 independent vector multiply-adds in each round.")
		n := g.arg("rounds")
		var x [peakChains]v
		for c := range x {
			x[c] = g.c(0)
		}
		zero := g.c(0)
		g.place("round")
		for _, v := range x {
			g.fmaInto(v, zero, zero)
		}
		g.countDown(n, "round")
		g.end()
	}
}
