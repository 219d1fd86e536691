package main

import "math"

var (
	// (sin(r) - r)/r^3 in r^2 for |r| <= 0.8, weighted for the sine: 4.6e-9.
	sinTerms = []float64{-0.166666538, 0.00833209511, -0.0001950554}
	// (cos(r) - 1 + r^2/2)/r^4 in r^2 for |r| <= 0.8, weighted for the cosine: 1.5e-10.
	cosTerms = []float64{0.0416666418, -0.00138871302, 2.44120856e-05}
)

// Half of pi in three parts of 24 bits, as Cody and Waite have it.
const (
	quarter1 = 1.5707963705062866211
	quarter2 = -4.37113882867379e-8
	quarter3 = -1.71512451000588e-15
)

// wholeBit is where the last bit of a float32 counts ones: adding it rounds to a
// whole number, which the last bits of the sum then hold.
const wholeBit = 3 << 22

// sin is the sine for |x| up to trigLimit of package kernel.
func (g *gen) sin(x v) v {
	r, t := g.quarters(x)
	return g.pick(equal, x, g.c(0), x, g.sinOrCos(r, t)) // for -0
}

// cos is the cosine for the same x: the sine of a quarter further.
func (g *gen) cos(x v) v {
	r, t := g.quarters(x)
	return g.sinOrCos(r, g.addInt(t, 1))
}

// quarters splits x into n*pi/2 + r with |r| <= 0.8; the last bits of t are n.
// The first part of n*pi/2 is subtracted without rounding: both are multiples of
// 2^-23, or 2^-24 for small x, and the rest is below 1. What the later parts
// round is a part of r.
func (g *gen) quarters(x v) (r, t v) {
	t = g.fma(x, g.c(2/math.Pi), g.c(wholeBit))
	n := g.subC(t, wholeBit)
	r = g.fmaC(n, -quarter1, x)
	r = g.fmaC(n, -quarter2, r)
	return g.fmaC(n, -quarter3, r), t
}

// sinOrCos is sin(r + n*pi/2) for the n that the last bits of t hold.
func (g *gen) sinOrCos(r, t v) v {
	s := g.mul(r, r)
	sin := g.fma(g.mul(r, s), g.horner(s, sinTerms...), r)
	cos := g.fma(g.mul(s, s), g.horner(s, cosTerms...), g.fmaC(s, -0.5, g.c(1)))
	// The bit of an odd n alone is a denormal number, which is not 0.
	y := g.pick(equal, g.andBits(t, 1), g.c(0), sin, cos)
	return g.xor(y, g.shiftLeft(g.andBits(t, 2), 30))
}
