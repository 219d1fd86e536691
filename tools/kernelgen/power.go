package main

import "math"

// (atanh(s)/s - 1)/s^2 in s^2 for |s| <= 0.0865: 3.9e-12 relative to atanh(s)/s.
var atanhTerms = []float64{0.333333343, 0.199992314, 0.144544467}

// log2Of is the logarithm to base 2 of a >= 0 in two parts, near enough that y
// times it, up to 150, is good for float32. Where a is 0, infinite or NaN the
// first part is what the logarithm is.
func (g *gen) log2Of(a v) (hi, lo v) {
	small := g.c(0x1p-126)
	scaled := g.pick(less, a, small, g.mulC(a, 1<<23), a)
	// m*2^e with 2^-1/4 <= m < 2^3/4, and m around c = 1 or around c = 2^1/2.
	e := g.shiftArith(g.subInt(scaled, 0x3f5744fd), 23)
	m := g.subInts(scaled, g.shiftLeft(e, 23))
	whole := g.sub(g.toFloat(e), g.pick(less, a, small, g.c(23), g.c(0)))
	const root, rootLog = 1.4142135381698608398, -2.46906741631e-8 // its float32, and how much the logarithm of that lacks of 1/2
	bound := g.c(1.1892071)
	half := g.pick(less, m, bound, g.c(0), g.c(0.5))
	c := g.pick(less, m, bound, g.c(1), g.c(root))
	whole = g.add(whole, half)

	// log(m/c) = 2 atanh(s) for s = (m-c)/(m+c). The sum d and the quotient s are
	// rounded; left is what s lacks.
	f, d := g.sub(m, c), g.add(m, c)
	low := g.sub(m, g.sub(d, c))
	inverse := g.div(g.c(1), d)
	s := g.mul(f, inverse)
	left := g.mul(g.fnma(s, low, g.fnma(s, d, f)), inverse)
	u := g.mul(s, s)
	more := g.fma(g.mul(s, u), g.horner(u, atanhTerms...), left) // atanh(s) - s
	// times 2/log(2), with what its float32 lacks
	const hiFactor, loFactor = 2.88539004325866699, 3.851925982e-8
	h := g.mulC(s, hiFactor)
	l := g.fms(s, g.c(hiFactor), h)
	l = g.fmaC(s, loFactor, l)
	l = g.fmaC(half, 2*rootLog, l)
	l = g.fmaC(more, hiFactor, l)
	hi = g.add(whole, h)
	lo = g.add(g.add(g.sub(whole, hi), h), l)

	hi = g.pick(less, a, g.c(math.Inf(1)), hi, a)
	return g.pick(equal, a, g.c(0), g.c(math.Inf(-1)), hi), lo
}

// pow is x^y, with the special cases of IEEE 754.
func (g *gen) pow(x, y v) v {
	a := g.abs(x)
	hi, lo := g.log2Of(a)
	z := g.mul(y, hi)
	rest := g.fma(y, lo, g.fms(y, hi, z))
	// An infinite z has no rest.
	sum := g.pick(less, g.abs(z), g.c(1000), g.add(z, rest), z)
	limited := g.minC(g.maxC(sum, -152), 129)
	n := g.roundTo(limited, nearest)
	// Beyond the limits the power of two alone overflows or vanishes; n-n keeps NaN.
	r := g.pick(equal, limited, sum, g.add(g.sub(z, n), rest), g.sub(n, n))
	p := g.scale(g.horner(r, exp2Terms...), n)

	// 0*inf came from a = 1 or y = 0, where the power is 1 whatever the other is.
	one, zero := g.c(1), g.c(0)
	p = g.pick(equal, a, one, one, p)
	p = g.pick(equal, y, zero, one, p)
	// Negative x: the sign stays for odd y, and nothing is right for broken y. The
	// pattern of y is whole, odd or neither; 2^24 and more is even.
	half := g.mulC(y, 0.5)
	sign := g.pick(equal, g.roundTo(half, nearest), half, zero, g.andBits(x, 1<<31))
	broken := g.pick(less, x, zero, g.pick(equal, a, g.c(math.Inf(1)), p, g.c(math.NaN())), p)
	p = g.pick(equal, g.roundTo(y, nearest), y, g.or(p, sign), broken)
	return g.pick(equal, x, one, one, p)
}
