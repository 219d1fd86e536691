package main

import (
	"math"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// v is a vector register.
type v = reg.Register

// The operations below take vectors and give a new one, so that a function can
// be written as a formula; a register allocator does the rest, avo's or that of
// neonBody. They are the same at every level.

func (g *gen) op(f func(...operand.Op), a, b v) v {
	d := g.vec()
	f(b, a, d)
	return d
}

// two is an operation of two vectors, by its NEON instruction or by avo's.
func (g *gen) two(n neonOp, f func(...operand.Op), a, b v) v {
	if g.arm != nil {
		return g.arm.two(g.vec(), n, a, b)
	}
	return g.op(f, a, b)
}

// one is an operation of one vector.
func (g *gen) one(n neonOp, f func(...operand.Op), a v) v {
	d := g.vec()
	if g.arm != nil {
		return g.arm.one(d, n, a)
	}
	f(a, d)
	return d
}

// twoC has a constant, given by its bits, as second operand.
func (g *gen) twoC(n neonOp, narrow, wide func(...operand.Op), a v, c uint32) v {
	if g.arm != nil {
		return g.arm.two(g.vec(), n, a, g.cBits(c))
	}
	d := g.vec()
	if g.wide() {
		wide(g.bits(c), a, d)
	} else {
		narrow(g.bits(c), a, d)
	}
	return d
}

func (g *gen) add(a, b v) v { return g.two(neonFadd, g.VADDPS, a, b) }
func (g *gen) sub(a, b v) v { return g.two(neonFsub, g.VSUBPS, a, b) }
func (g *gen) mul(a, b v) v { return g.two(neonFmul, g.VMULPS, a, b) }
func (g *gen) div(a, b v) v { return g.two(neonFdiv, g.VDIVPS, a, b) }
func (g *gen) or(a, b v) v  { return g.two(neonOrr, g.VORPS, a, b) }
func (g *gen) xor(a, b v) v { return g.two(neonEor, g.VXORPS, a, b) }

// max and min give b if either operand is NaN; on NEON they give NaN.
func (g *gen) max(a, b v) v { return g.two(neonFmax, g.VMAXPS, a, b) }
func (g *gen) min(a, b v) v { return g.two(neonFmin, g.VMINPS, a, b) }

func (g *gen) addC(a v, c float64) v {
	return g.twoC(neonFadd, g.VADDPS, g.VADDPS_BCST, a, bitsOf(c))
}
func (g *gen) subC(a v, c float64) v {
	return g.twoC(neonFsub, g.VSUBPS, g.VSUBPS_BCST, a, bitsOf(c))
}
func (g *gen) mulC(a v, c float64) v {
	return g.twoC(neonFmul, g.VMULPS, g.VMULPS_BCST, a, bitsOf(c))
}
func (g *gen) andBits(a v, b uint32) v { return g.twoC(neonAnd, g.VANDPS, g.VANDPS_BCST, a, b) }
func (g *gen) orBits(a v, b uint32) v  { return g.twoC(neonOrr, g.VORPS, g.VORPS_BCST, a, b) }
func (g *gen) xorBits(a v, b uint32) v { return g.twoC(neonEor, g.VXORPS, g.VXORPS_BCST, a, b) }
func (g *gen) addInt(a v, b uint32) v  { return g.twoC(neonAdd, g.VPADDD, g.VPADDD_BCST, a, b) }
func (g *gen) subInt(a v, b uint32) v  { return g.twoC(neonSub, g.VPSUBD, g.VPSUBD_BCST, a, b) }
func (g *gen) subInts(a, b v) v        { return g.two(neonSub, g.VPSUBD, a, b) }
func (g *gen) toFloat(a v) v           { return g.one(neonScvtf, g.VCVTDQ2PS, a) }
func (g *gen) toInt(a v) v             { return g.one(neonFcvtns, g.VCVTPS2DQ, a) }
func (g *gen) sqrt(a v) v              { return g.one(neonFsqrt, g.VSQRTPS, a) }
func (g *gen) abs(a v) v               { return g.andBits(a, 1<<31-1) }
func (g *gen) neg(a v) v               { return g.xorBits(a, 1<<31) }
func (g *gen) withSignOf(a, sign v) v  { return g.or(a, g.andBits(sign, 1<<31)) }
func (g *gen) nonNegative(a v) v       { return g.max(g.c(0), a) } // NaN stays

// minInt and maxInt limit a vector of integers.
func (g *gen) minInt(a v, limit int32) v {
	return g.twoC(neonSmin, g.VPMINSD, g.VPMINSD_BCST, a, uint32(limit))
}
func (g *gen) maxInt(a v, limit int32) v {
	return g.twoC(neonSmax, g.VPMAXSD, g.VPMAXSD_BCST, a, uint32(limit))
}

func (g *gen) shiftLeft(a v, n int) v {
	return g.one(neonShl(n), func(o ...operand.Op) { g.VPSLLD(operand.U8(n), o[0], o[1]) }, a)
}

func (g *gen) shiftArith(a v, n int) v {
	return g.one(neonSshr(n), func(o ...operand.Op) { g.VPSRAD(operand.U8(n), o[0], o[1]) }, a)
}

func (g *gen) copy(a v) v {
	d := g.vec()
	if g.arm != nil {
		return g.arm.move(d, a)
	}
	g.VMOVAPS(a, d)
	return d
}

// assign copies a vector to one that exists.
func (g *gen) assign(from, to v) {
	if g.arm != nil {
		g.arm.move(to, from)
		return
	}
	g.VMOVAPS(from, to)
}

// mulInto, sumInto and fmaInto change a vector that exists: x *= a, x += a and
// x += a*b.
func (g *gen) mulInto(x, a v) {
	if g.arm != nil {
		g.arm.into(x, neonFmul, x, a)
		return
	}
	g.VMULPS(a, x, x)
}

func (g *gen) sumInto(x, a v) {
	if g.arm != nil {
		g.arm.into(x, neonFadd, x, a)
		return
	}
	g.VADDPS(a, x, x)
}

func (g *gen) fmaInto(x, a, b v) {
	if g.arm != nil {
		g.arm.into(x, neonFmla, a, b)
		return
	}
	g.VFMADD231PS(b, a, x)
}

// c is a constant in a register.
func (g *gen) c(x float64) v { return g.cBits(bitsOf(x)) }

func (g *gen) cBits(b uint32) v {
	d := g.vec()
	switch m := g.bits(b); {
	case g.arm != nil:
		g.arm.load(g, d, m.Disp)
	case g.wide():
		g.VBROADCASTSS(m, d)
	default:
		g.VMOVUPS(m, d)
	}
	return d
}

func bitsOf(x float64) uint32 { return math.Float32bits(float32(x)) }

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
	return g.one(map[int]neonOp{nearest: neonFrintn, down: neonFrintm, up: neonFrintp}[mode], func(o ...operand.Op) {
		if g.wide() {
			g.VRNDSCALEPS(operand.U8(mode), o[0], o[1])
		} else {
			g.VROUNDPS(operand.U8(mode), o[0], o[1])
		}
	}, a)
}

// fma is a*b + c.
func (g *gen) fma(a, b, c v) v {
	d := g.copy(c)
	if g.arm != nil {
		return g.arm.into(d, neonFmla, a, b)
	}
	g.VFMADD231PS(b, a, d)
	return d
}

// fnma is c - a*b.
func (g *gen) fnma(a, b, c v) v {
	d := g.copy(c)
	if g.arm != nil {
		return g.arm.into(d, neonFmls, a, b)
	}
	g.VFNMADD231PS(b, a, d)
	return d
}

// fms is a*b - c.
func (g *gen) fms(a, b, c v) v {
	if g.arm != nil {
		return g.arm.into(g.arm.one(g.vec(), neonFneg, c), neonFmla, a, b)
	}
	d := g.copy(c)
	g.VFMSUB231PS(b, a, d)
	return d
}

// fmaC is a*c + b for a constant c.
func (g *gen) fmaC(a v, c float64, b v) v {
	d := g.copy(b)
	switch {
	case g.arm != nil:
		g.arm.into(d, neonFmla, a, g.c(c))
	case g.wide():
		g.VFMADD231PS_BCST(g.constant(c), a, d)
	default:
		g.VFMADD231PS(g.constant(c), a, d)
	}
	return d
}

// horner is the polynomial c[0] + c[1]*x + c[2]*x*x + ...
func (g *gen) horner(x v, c ...float64) v {
	p := g.c(c[len(c)-1])
	for i := len(c) - 2; i >= 0; i-- {
		switch {
		case g.arm != nil:
			p = g.arm.into(g.c(c[i]), neonFmla, p, x)
		case g.wide():
			g.VFMADD213PS_BCST(g.constant(c[i]), x, p)
		default:
			g.VFMADD213PS(g.constant(c[i]), x, p)
		}
	}
	return p
}

// The comparisons of pick.
const (
	equal   = 0
	unord   = 3 // either is NaN; on NEON both must be the same vector
	less    = 17
	greater = 30
)

// pick is (a REL b) ? yes : no, lane by lane.
func (g *gen) pick(rel int, a, b, yes, no v) v {
	d := g.vec()
	switch {
	case g.arm != nil:
		switch rel {
		case less:
			g.arm.two(d, neonFcmgt, b, a)
		case greater:
			g.arm.two(d, neonFcmgt, a, b)
		case unord:
			yes, no = no, yes
			fallthrough
		default:
			g.arm.two(d, neonFcmeq, a, b)
		}
		return g.arm.into(d, neonBsl, yes, no)
	case g.wide():
		k := reg.K2
		g.VCMPPS(operand.U8(rel), b, a, k)
		g.VMOVAPS(no, d)
		g.VMOVAPS(yes, k, d)
	default:
		m := g.vec()
		g.VCMPPS(operand.U8(rel), b, a, m)
		g.VBLENDVPS(m, yes, no, d)
	}
	return d
}

// maxOf and minOf are NaN if either operand is.
func (g *gen) maxOf(a, b v) v {
	if g.arm != nil {
		return g.max(a, b)
	}
	return g.pick(unord, a, a, a, g.max(a, b))
}

func (g *gen) minOf(a, b v) v {
	if g.arm != nil {
		return g.min(a, b)
	}
	return g.pick(unord, a, a, a, g.min(a, b))
}
