package main

import "github.com/mmcloughlin/avo/reg"

// genNorm writes softmax and layer normalization of one row.
func genNorm(g *gen) {
	for _, i := range g.levels {
		g.function(i, "softmax"+i.name, "dst, a *float32, rows, cols int", "", "is the softmax of rows: e^(a[i] - max) over their sum.")
		g.softmax()
		g.end()
		g.function(i, "sumExp"+i.name, "a *float32, n int, top float32", " float32", "is the sum of e^(a[i] - top), top >= a[i].")
		a, n := g.arg("a"), g.arg("n")
		top := g.floatArg("top")
		sum := reductions[0]
		s := g.across(g.fold(n, []reg.Register{a}, sum, func(at access) v {
			return g.expDown(g.sub(at.load(a), top))
		}), sum)
		g.result(s)
		g.end()
		g.function(i, "layerNorm"+i.name, "dst, a, gamma, beta *float32, rows, cols int, count, epsilon float32", "",
			"is (a - mean)/sqrt(variance + epsilon)*gamma + beta of rows; count is float32(cols), gamma and beta may be nil.")
		g.layerNorm()
		g.end()
		g.function(i, "rmsNorm"+i.name, "dst, a, gamma *float32, rows, cols int, count, epsilon float32", "",
			"is a/sqrt(mean(a*a) + epsilon)*gamma of rows; count is float32(cols), gamma may be nil.")
		g.rmsNorm()
		g.end()
	}
}

// rewind gives fresh copies of registers, for another pass over the row.
func (g *gen) rewind(rs ...reg.Register) []reg.Register {
	var copies []reg.Register
	for _, r := range rs {
		c := g.GP64()
		g.moveReg(r, c)
		copies = append(copies, c)
	}
	return copies
}

// eachRow writes the loop over the rows of dst and a. One call for many rows lets
// the processor work on the next row while it waits for the sums of this one.
func (g *gen) eachRow(body func(dst, a, n reg.Register)) {
	dst, a, rows, cols := g.arg("dst"), g.arg("a"), g.arg("rows"), g.arg("cols")
	g.place("row")
	p := g.rewind(dst, a, cols)
	body(p[0], p[1], p[2])
	g.advance(dst, cols, dst)
	g.advance(a, cols, a)
	g.countDown(rows, "row")
}

func (g *gen) softmax() {
	g.eachRow(func(dst, a, n reg.Register) {
		largest, sum := reductions[1], reductions[0]
		// A NaN that the maximum passes over turns up again in the sum.
		largest.add, largest.join = (*gen).max, (*gen).max
		p := g.rewind(a, n)
		top := g.across(g.fold(p[1], p[:1], largest, func(at access) v { return at.load(p[0]) }), largest)

		p = g.rewind(a, dst, n)
		total := g.across(g.fold(p[2], p[:2], sum, func(at access) v {
			e := g.expDown(g.sub(at.load(p[0]), top))
			at.store(e, p[1])
			return e
		}), sum)
		scale := g.div(g.c(1), total)
		g.loop(n, []reg.Register{dst}, 4, func(at access) { at.store(g.mul(at.load(dst), scale), dst) })
	})
}

// ifNot jumps over code if the pointer is nil.
func (g *gen) ifNot(p reg.Register, code func()) {
	skip := g.label("skip")
	g.jumpIfZero(p, skip)
	code()
	g.place(skip)
}

func (g *gen) layerNorm() {
	gamma, beta := g.arg("gamma"), g.arg("beta")
	count, epsilon := g.floatArg("count"), g.floatArg("epsilon")
	g.eachRow(func(dst, a, n reg.Register) {
		sum, squares := reductions[0], reductions[3]
		p := g.rewind(a, n)
		mean := g.div(g.across(g.fold(p[1], p[:1], sum, func(at access) v { return at.load(p[0]) }), sum), count)
		p = g.rewind(a, n)
		variance := g.div(g.across(g.fold(p[1], p[:1], squares, func(at access) v { return g.sub(at.load(p[0]), mean) }), sum), count)
		scale := g.div(g.c(1), g.sqrt(g.add(variance, epsilon)))
		off := g.zeroReg()
		g.loopAt(n, off, func(at access) {
			y := g.mul(g.sub(at.load(a), mean), scale)
			g.ifNot(gamma, func() { g.mulInto(y, at.load(gamma)) })
			g.ifNot(beta, func() { g.sumInto(y, at.load(beta)) })
			at.store(y, dst)
		})
	})
}

func (g *gen) rmsNorm() {
	gamma := g.arg("gamma")
	count, epsilon := g.floatArg("count"), g.floatArg("epsilon")
	g.eachRow(func(dst, a, n reg.Register) {
		sum, squares := reductions[0], reductions[3]
		p := g.rewind(a, n)
		mean := g.div(g.across(g.fold(p[1], p[:1], squares, func(at access) v { return at.load(p[0]) }), sum), count)
		scale := g.div(g.c(1), g.sqrt(g.add(mean, epsilon)))
		off := g.zeroReg()
		g.loopAt(n, off, func(at access) {
			y := g.mul(at.load(a), scale)
			g.ifNot(gamma, func() { g.mulInto(y, at.load(gamma)) })
			at.store(y, dst)
		})
	})
}
