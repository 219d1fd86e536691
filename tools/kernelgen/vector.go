package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// v is a vector register.
type v = reg.Register

// The operations below take vectors and give a new one, so that a function can
// be written as a formula; the register allocator of avo does the rest. They
// are the same at both levels.

func (g *gen) op(f func(...operand.Op), a, b v) v {
	d := g.vec()
	f(b, a, d)
	return d
}

func (g *gen) add(a, b v) v { return g.op(g.VADDPS, a, b) }
func (g *gen) sub(a, b v) v { return g.op(g.VSUBPS, a, b) }
func (g *gen) mul(a, b v) v { return g.op(g.VMULPS, a, b) }
func (g *gen) div(a, b v) v { return g.op(g.VDIVPS, a, b) }
func (g *gen) or(a, b v) v  { return g.op(g.VORPS, a, b) }

// max and min give b if either operand is NaN.
func (g *gen) max(a, b v) v { return g.op(g.VMAXPS, a, b) }
func (g *gen) min(a, b v) v { return g.op(g.VMINPS, a, b) }

// opC has a constant as second operand.
func (g *gen) opC(narrow, wide func(...operand.Op), a v, c operand.Mem) v {
	d := g.vec()
	if g.wide() {
		wide(c, a, d)
	} else {
		narrow(c, a, d)
	}
	return d
}

func (g *gen) addC(a v, c float64) v { return g.opC(g.VADDPS, g.VADDPS_BCST, a, g.constant(c)) }
func (g *gen) subC(a v, c float64) v { return g.opC(g.VSUBPS, g.VSUBPS_BCST, a, g.constant(c)) }
func (g *gen) mulC(a v, c float64) v { return g.opC(g.VMULPS, g.VMULPS_BCST, a, g.constant(c)) }
func (g *gen) andBits(a v, b uint32) v {
	return g.opC(g.VANDPS, g.VANDPS_BCST, a, g.bits(b))
}
func (g *gen) orBits(a v, b uint32) v  { return g.opC(g.VORPS, g.VORPS_BCST, a, g.bits(b)) }
func (g *gen) xorBits(a v, b uint32) v { return g.opC(g.VXORPS, g.VXORPS_BCST, a, g.bits(b)) }
func (g *gen) addInt(a v, b uint32) v  { return g.opC(g.VPADDD, g.VPADDD_BCST, a, g.bits(b)) }
func (g *gen) subInt(a v, b uint32) v  { return g.opC(g.VPSUBD, g.VPSUBD_BCST, a, g.bits(b)) }
func (g *gen) shiftLeft(a v, n int) v  { return g.shift(g.VPSLLD, a, n) }
func (g *gen) shiftArith(a v, n int) v { return g.shift(g.VPSRAD, a, n) }
func (g *gen) subInts(a, b v) v        { return g.op(g.VPSUBD, a, b) }
func (g *gen) toFloat(a v) v           { d := g.vec(); g.VCVTDQ2PS(a, d); return d }
func (g *gen) toInt(a v) v             { d := g.vec(); g.VCVTPS2DQ(a, d); return d }
func (g *gen) sqrt(a v) v              { d := g.vec(); g.VSQRTPS(a, d); return d }
func (g *gen) copy(a v) v              { d := g.vec(); g.VMOVAPS(a, d); return d }
func (g *gen) abs(a v) v               { return g.andBits(a, 1<<31-1) }
func (g *gen) neg(a v) v               { return g.xorBits(a, 1<<31) }
func (g *gen) withSignOf(a, sign v) v  { return g.or(a, g.andBits(sign, 1<<31)) }
func (g *gen) nonNegative(a v) v       { return g.max(g.c(0), a) } // NaN stays

func (g *gen) shift(f func(...operand.Op), a v, n int) v {
	d := g.vec()
	f(operand.U8(n), a, d)
	return d
}

// c is a constant in a register.
func (g *gen) c(x float64) v { return g.cBits(g.constant(x)) }

func (g *gen) cBits(m operand.Mem) v {
	d := g.vec()
	if g.wide() {
		g.VBROADCASTSS(m, d)
	} else {
		g.VMOVUPS(m, d)
	}
	return d
}

// maxC and minC limit a; NaN stays NaN.
func (g *gen) maxC(a v, c float64) v { return g.max(g.c(c), a) }
func (g *gen) minC(a v, c float64) v { return g.min(g.c(c), a) }

// Rounding modes of roundTo.
const (
	nearest = 8
	down    = 9
	up      = 10
)

func (g *gen) roundTo(a v, mode int) v {
	d := g.vec()
	if g.wide() {
		g.VRNDSCALEPS(operand.U8(mode), a, d)
	} else {
		g.VROUNDPS(operand.U8(mode), a, d)
	}
	return d
}

// fma is a*b + c.
func (g *gen) fma(a, b, c v) v {
	d := g.copy(c)
	g.VFMADD231PS(b, a, d)
	return d
}

// fmaC is a*c + b for a constant c.
func (g *gen) fmaC(a v, c float64, b v) v {
	d := g.copy(b)
	if g.wide() {
		g.VFMADD231PS_BCST(g.constant(c), a, d)
	} else {
		g.VFMADD231PS(g.constant(c), a, d)
	}
	return d
}

// horner is the polynomial c[0] + c[1]*x + c[2]*x*x + ...
func (g *gen) horner(x v, c ...float64) v {
	p := g.c(c[len(c)-1])
	for i := len(c) - 2; i >= 0; i-- {
		if g.wide() {
			g.VFMADD213PS_BCST(g.constant(c[i]), x, p)
		} else {
			g.VFMADD213PS(g.constant(c[i]), x, p)
		}
	}
	return p
}

// The comparisons of pick.
const (
	equal   = 0
	less    = 17
	lessEq  = 18
	unord   = 3
	greater = 30
)

// pick is (a REL b) ? yes : no, lane by lane.
func (g *gen) pick(rel int, a, b, yes, no v) v {
	d := g.vec()
	if g.wide() {
		k := reg.K2
		g.VCMPPS(operand.U8(rel), b, a, k)
		g.VMOVAPS(no, d)
		g.VMOVAPS(yes, k, d)
		return d
	}
	m := g.vec()
	g.VCMPPS(operand.U8(rel), b, a, m)
	g.VBLENDVPS(m, yes, no, d)
	return d
}

// maxOf and minOf are NaN if either operand is.
func (g *gen) maxOf(a, b v) v { return g.pick(unord, a, a, a, g.max(a, b)) }
func (g *gen) minOf(a, b v) v { return g.pick(unord, a, a, a, g.min(a, b)) }
