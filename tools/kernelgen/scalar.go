package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The operations of loops on general registers, which are pointers and counts.
// With those of vector.go they write a loop for every level at once.

// place puts a label here.
func (g *gen) place(label string) {
	if g.arm != nil {
		g.arm.place(label)
		return
	}
	g.Label(label)
}

func (g *gen) jump(label string) {
	if g.arm != nil {
		g.arm.jump(label, nil, "B %s", label)
		return
	}
	g.JMP(ref(label))
}

func (g *gen) jumpIfZero(r reg.Register, label string) {
	if g.arm != nil {
		g.arm.jump(label, []v{r}, "CBZ R%d, %s", r, label)
		return
	}
	g.TESTQ(r, r)
	g.JZ(ref(label))
}

// jumpIfLess jumps if n < limit.
func (g *gen) jumpIfLess(n reg.Register, limit int, label string) {
	if g.arm != nil {
		g.arm.step(nil, []v{n}, "CMP $%d, R%d", limit, n)
		g.arm.jump(label, nil, "BLT %s", label)
		return
	}
	g.CMPQ(n, operand.I32(limit))
	g.JL(ref(label))
}

// jumpIfNotLess jumps if n >= limit.
func (g *gen) jumpIfNotLess(n reg.Register, limit int, label string) {
	if g.arm != nil {
		g.arm.step(nil, []v{n}, "CMP $%d, R%d", limit, n)
		g.arm.jump(label, nil, "BGE %s", label)
		return
	}
	g.CMPQ(n, operand.I32(limit))
	g.JGE(ref(label))
}

// countDown takes 1 from n and jumps unless 0 is left.
func (g *gen) countDown(n reg.Register, label string) {
	if g.arm != nil {
		g.addInto(n, -1)
		g.arm.jump(label, []v{n}, "CBNZ R%d, %s", n, label)
		return
	}
	g.DECQ(n)
	g.JNZ(ref(label))
}

// addInto adds a constant to r.
func (g *gen) addInto(r reg.Register, c int) {
	switch {
	case g.arm != nil && c < 0:
		g.arm.step(r, []v{r}, "SUB $%d, R%d, R%d", -c, r, r)
	case g.arm != nil:
		g.arm.step(r, []v{r}, "ADD $%d, R%d, R%d", c, r, r)
	case c < 0:
		g.SUBQ(operand.I32(-c), r)
	default:
		g.ADDQ(operand.I32(c), r)
	}
}

// addReg adds one register to another.
func (g *gen) addReg(from, to reg.Register) {
	if g.arm != nil {
		g.arm.step(to, []v{from, to}, "ADD R%d, R%d, R%d", from, to, to)
		return
	}
	g.ADDQ(from, to)
}

// advance gives p moved by n elements, in to.
func (g *gen) advance(p, n, to reg.Register) {
	if g.arm != nil {
		g.arm.step(to, []v{p, n}, "ADD R%d<<2, R%d, R%d", n, p, to)
		return
	}
	g.LEAQ(memx(p, n, 4, 0), to)
}

// moveReg copies one register to another.
func (g *gen) moveReg(from, to reg.Register) {
	if g.arm != nil {
		g.arm.step(to, []v{from}, "MOVD R%d, R%d", from, to)
		return
	}
	g.MOVQ(from, to)
}

// elementBytes turns a number of elements in r into one of bytes.
func (g *gen) elementBytes(r reg.Register) {
	if g.arm != nil {
		g.arm.step(r, []v{r}, "LSL $2, R%d, R%d", r, r)
		return
	}
	g.SHLQ(operand.U8(2), r)
}

// zeroReg is a fresh general register that holds 0.
func (g *gen) zeroReg() reg.Register {
	r := g.GP64()
	if g.arm != nil {
		g.arm.step(r, nil, "MOVD $0, R%d", r)
		return r
	}
	g.XORQ(r, r)
	return r
}

// arg loads an integer or pointer argument.
func (g *gen) arg(name string) reg.Register {
	r := g.GP64()
	if g.arm != nil {
		g.arm.step(r, nil, "MOVD %s+%d(FP), R%d", name, g.arm.offsets[name], r)
		return r
	}
	return g.Load(g.Param(name), r)
}

// floatArg loads a float32 argument into all lanes.
func (g *gen) floatArg(name string) v {
	d := g.vec()
	if g.arm != nil {
		g.arm.step(d, nil, "FMOVS %s+%d(FP), F%d", name, g.arm.offsets[name], d)
		g.arm.step(d, []v{d}, "VDUP V%d.S[0], V%d.S4", d, d)
		return d
	}
	a, err := g.Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	g.VBROADCASTSS(a.Addr, d)
	return d
}

// result makes the first lane of a vector the result of the function.
func (g *gen) result(x v) {
	if g.arm != nil {
		g.arm.step(nil, []v{x}, "FMOVS F%d, ret+%d(FP)", x, g.arm.offsets["ret"])
		return
	}
	g.Store(low(x), g.ReturnIndex(0))
}
