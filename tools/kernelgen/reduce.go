package main

import (
	"math"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// reduction is a way to join vectors into one, lane by lane.
type reduction struct {
	op    string // the constant of package kernel
	start float64
	add   func(g *gen, sum, x v) v // takes an element
	join  func(g *gen, a, b v) v   // joins two sums
}

var reductions = []reduction{
	{"Sum", 0, (*gen).add, (*gen).add},
	{"Max", math.Inf(-1), func(g *gen, s, x v) v { return g.maxOf(x, s) }, (*gen).maxOf},
	{"Min", math.Inf(1), func(g *gen, s, x v) v { return g.minOf(x, s) }, (*gen).minOf},
	{"SumSquares", 0, func(g *gen, s, x v) v { return g.fma(x, x, s) }, (*gen).add},
}

// accumulators is how many vectors a reduction over a row keeps.
const accumulators = 4

// fold writes a loop like loop that reduces what value gives for each vector
// into one vector, with several accumulators.
func (g *gen) fold(n reg.Register, pointers []reg.Register, r reduction, value func(at access) v) v {
	var sums [accumulators]v
	for i := range sums {
		sums[i] = g.c(r.start)
	}
	g.loop(n, pointers, accumulators, func(at access) {
		i := at.disp / g.bytes()
		x := value(at)
		next := r.add(g, sums[i], x)
		g.assign(at.keep(next, sums[i]), sums[i])
	})
	sums[0] = r.join(g, sums[0], sums[1])
	sums[2] = r.join(g, sums[2], sums[3])
	return r.join(g, sums[0], sums[2])
}

// across joins the lanes of a vector; all lanes of the result are equal.
func (g *gen) across(x v, r reduction) v {
	if g.arm != nil {
		d := g.vec()
		g.arm.step(d, []v{x}, "VEXT $8, V%d.B16, V%d.B16, V%d.B16", x, x, d) // halves
		x = r.join(g, x, d)
		d = g.vec()
		g.arm.step(d, []v{x}, "VREV64 V%d.S4, V%d.S4", x, d) // pairs
		return r.join(g, x, d)
	}
	if g.wide() {
		d := g.vec()
		g.VSHUFF32X4(operand.U8(0x4e), x, x, d) // halves
		x = r.join(g, x, d)
		d = g.vec()
		g.VSHUFF32X4(operand.U8(0xb1), x, x, d) // quarters
		x = r.join(g, x, d)
	} else {
		d := g.vec()
		g.VPERM2F128(operand.U8(1), x, x, d)
		x = r.join(g, x, d)
	}
	for _, order := range []uint8{0x4e, 0xb1} {
		d := g.vec()
		g.VSHUFPS(operand.U8(order), x, x, d)
		x = r.join(g, x, d)
	}
	return x
}

// low is the low part of a vector register, for scalar instructions.
func low(x v) reg.Register {
	switch x := x.(type) {
	case reg.VecVirtual:
		return x.AsX()
	case reg.VecPhysical:
		return x.AsX()
	}
	panic("not a vector register")
}

// genReduce writes the reductions of rows and columns.
func genReduce(g *gen) {
	for _, i := range g.levels {
		for _, r := range reductions {
			g.function(i, "reduce"+r.op+i.name, "a *float32, n int", " float32", "reduces n elements.")
			a, n := g.arg("a"), g.arg("n")
			s := g.across(g.fold(n, []reg.Register{a}, r, func(at access) v { return at.load(a) }), r)
			g.result(s)
			g.end()

			g.function(i, "columns"+r.op+i.name, "dst, a *float32, rows, cols int", "", "joins the reduction of the columns of a to dst.")
			g.columns(r)
			g.end()
		}
		g.function(i, "dot"+i.name, "a, b *float32, n int", " float32", "is the sum of a[i]*b[i].")
		a, b, n := g.arg("a"), g.arg("b"), g.arg("n")
		sum := reductions[0]
		dot := sum
		var y v
		dot.add = func(g *gen, s, x v) v { return g.fma(x, y, s) }
		s := g.across(g.fold(n, []reg.Register{a, b}, dot, func(at access) v {
			y = at.load(b)
			return at.load(a)
		}), sum)
		g.result(s)
		g.end()
	}
}

// columns reduces columns: down all rows for as many columns as fit registers.
func (g *gen) columns(r reduction) {
	dst, a, rows, cols := g.arg("dst"), g.arg("a"), g.arg("rows"), g.arg("cols")
	stride := g.GP64()
	g.moveReg(cols, stride)
	g.elementBytes(stride)
	at, left := g.GP64(), g.GP64()
	block := func(count int, x access) {
		row := g.label("row")
		var sums []v
		for range count {
			sums = append(sums, g.c(r.start))
		}
		g.moveReg(a, at)
		g.moveReg(rows, left)
		g.place(row)
		for i := range count {
			x.disp = i * g.bytes()
			g.assign(r.add(g, sums[i], x.load(at)), sums[i])
		}
		g.addReg(stride, at)
		g.countDown(left, row)
		for i := range count {
			x.disp = i * g.bytes()
			x.store(r.join(g, x.load(dst), sums[i]), dst)
		}
	}
	for _, count := range []int{4, 1} {
		again, test := g.label("again"), g.label("test")
		g.jump(test)
		g.place(again)
		block(count, access{g: g})
		g.addInto(a, count*g.bytes())
		g.addInto(dst, count*g.bytes())
		g.addInto(cols, -count*g.lanes)
		g.place(test)
		g.jumpIfNotLess(cols, count*g.lanes, again)
	}
	g.tails(cols, []reg.Register{a, dst}, "done", func(at access) { block(1, at) })
	g.place("done")
}
