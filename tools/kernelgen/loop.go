package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// loop writes the loop over a vector of n elements: unroll vectors at a time,
// then one, then the tail. body gets the byte displacement of its vector from the
// pointers and how to load and store there.
//
// n is counted down and pointers are advanced to the last elements of the tail.
func (g *gen) loop(n reg.Register, pointers []reg.Register, unroll int, body func(at access)) {
	many, one, tail, done := g.label("many"), g.label("one"), g.label("tail"), g.label("done")
	step := func(label, out string, count int) {
		g.place(label)
		g.jumpIfLess(n, count*g.lanes, out)
		for u := range count {
			body(access{g: g, disp: u * g.bytes()})
		}
		for _, p := range pointers {
			g.addInto(p, count*g.bytes())
		}
		g.addInto(n, -count*g.lanes)
		g.jump(label)
	}
	if unroll > 1 {
		step(many, one, unroll)
	}
	step(one, tail, 1)
	g.place(tail)
	g.tails(n, pointers, done, body)
	g.place(done)
}

// tails writes the work on the n < lanes elements that are left: with a mask, or
// with NEON on two elements and on one, after the first of which n and pointers
// move on. It jumps to done if nothing is left.
func (g *gen) tails(n reg.Register, pointers []reg.Register, done string, body func(at access)) {
	if g.arm == nil {
		g.jumpIfZero(n, done)
		body(g.tailAccess(n))
		return
	}
	single := g.label("single")
	g.arm.jump(single, []v{n}, "TBZ $1, R%d, %s", n, single)
	body(access{g: g, tail: true, few: 2})
	for _, p := range pointers {
		g.addInto(p, 8)
	}
	g.addInto(n, -2)
	g.place(single)
	g.jumpIfZero(n, done)
	body(access{g: g, tail: true, few: 1})
}

// tailAccess sets the mask for the n < lanes elements that are left.
func (g *gen) tailAccess(n reg.Register) access {
	at := access{g: g, tail: true}
	if g.wide() {
		bits := g.GP64()
		g.XORQ(bits, bits)
		g.BTSQ(n, bits)
		g.DECQ(bits)
		at.mask = reg.K1
		g.KMOVW(bits.As32(), at.mask)
		return at
	}
	// The table has eight words of ones, then eight of zeros.
	g.tailMasks = true
	table, at8 := g.GP64(), g.GP64()
	g.LEAQ(operand.NewDataAddr(operand.NewStaticSymbol(tailName), 32), table)
	g.MOVQ(n, at8)
	g.NEGQ(at8)
	at.mask = g.vec()
	g.VMOVUPS(memx(table, at8, 4, 0), at.mask)
	return at
}

// access is how a loop's body reaches its vector.
type access struct {
	g    *gen
	off  reg.Register // added to the pointer, or nil
	disp int
	tail bool
	mask reg.Register
	few  int // elements of a NEON tail, 2 or 1
}

// neonBase is the register from which NEON reaches the vector, and the letter of
// its size.
func (at access) neonBase(p reg.Register) (base reg.Register, size string) {
	base, size = p, "Q"
	if at.off != nil {
		base = at.g.GP64()
		at.g.arm.step(base, []v{p, at.off}, "ADD R%d, R%d, R%d", at.off, p, base)
	}
	if at.tail {
		size = map[int]string{2: "D", 1: "S"}[at.few]
	}
	return base, size
}

// at is the memory of the vector.
func (at access) at(p reg.Register) operand.Mem {
	if at.off != nil {
		return memx(p, at.off, 1, at.disp)
	}
	return mem(p, at.disp)
}

// load loads the vector; lanes beyond the tail are zero.
func (at access) load(p reg.Register) v {
	g := at.g
	d := g.vec()
	if g.arm != nil {
		base, size := at.neonBase(p)
		return g.arm.step(d, []v{base}, "FMOV"+size+" %d(R%d), F%d", at.disp, base, d)
	}
	m := at.at(p)
	switch {
	case !at.tail:
		g.VMOVUPS(m, d)
	case g.wide():
		g.VMOVUPS_Z(m, at.mask, d)
	default:
		g.VMASKMOVPS(m, at.mask, d)
	}
	return d
}

// store stores the lanes of the vector that exist.
func (at access) store(x v, p reg.Register) {
	g := at.g
	if g.arm != nil {
		base, size := at.neonBase(p)
		g.arm.step(nil, []v{x, base}, "FMOV"+size+" F%d, %d(R%d)", x, at.disp, base)
		return
	}
	m := at.at(p)
	switch {
	case !at.tail:
		g.VMOVUPS(x, m)
	case g.wide():
		g.VMOVUPS(x, at.mask, m)
	default:
		g.VMASKMOVPS(x, at.mask, m)
	}
}

// keep is x in the lanes that exist and other beyond the tail.
func (at access) keep(x, other v) v {
	g := at.g
	if !at.tail {
		return x
	}
	if g.arm != nil {
		d := g.copy(other)
		part := map[int]string{2: "D", 1: "S"}[at.few]
		return g.arm.step(d, []v{x, d}, "VMOV V%d."+part+"[0], V%d."+part+"[0]", x, d)
	}
	d := g.vec()
	if g.wide() {
		g.VMOVAPS(other, d)
		g.VMOVAPS(x, at.mask, d)
	} else {
		g.VBLENDVPS(at.mask, x, other, d)
	}
	return d
}

// loopAt is loop, one vector at a time, with one offset for all pointers; it
// leaves them alone, so that some may be nil.
func (g *gen) loopAt(n, off reg.Register, body func(at access)) {
	one, tail, done := g.label("one"), g.label("tail"), g.label("done")
	g.place(one)
	g.jumpIfLess(n, g.lanes, tail)
	body(access{g: g, off: off})
	g.addInto(off, g.bytes())
	g.addInto(n, -g.lanes)
	g.jump(one)
	g.place(tail)
	g.tails(n, []reg.Register{off}, done, func(at access) {
		at.off = off
		body(at)
	})
	g.place(done)
}

// rows writes the loop over the rows of a matrix a, each with the same operand
// rows, into dst.
func (g *gen) rows(names []string, unroll int, f func(x v, rows []v) v) {
	dst, a, count, cols := g.arg("dst"), g.arg("a"), g.arg("rows"), g.arg("cols")
	pointers := []reg.Register{dst, a}
	var starts []reg.Register
	for _, name := range names {
		starts = append(starts, g.arg(name))
	}
	var moving []reg.Register
	for range names {
		r := g.GP64()
		moving = append(moving, r)
		pointers = append(pointers, r)
	}
	n := g.GP64()
	g.place("row")
	for i := range names {
		g.moveReg(starts[i], moving[i])
	}
	g.moveReg(cols, n)
	g.loop(n, pointers, unroll, func(at access) {
		var rows []v
		for _, p := range moving {
			rows = append(rows, at.load(p))
		}
		at.store(f(at.load(a), rows), dst)
	})
	// The tail did not move the pointers.
	g.advance(dst, n, dst)
	g.advance(a, n, a)
	g.countDown(count, "row")
}
