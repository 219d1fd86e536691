package main

import "math"

// The functions below are formulas over vectors. Polynomials are minimax fits
// by the Remez exchange in 40 digits, made for these ranges; each comment gives
// the range and the error of the polynomial itself, relative to the function.

var (
	// (e^r - 1 - r)/r^2 for |r| <= ln(2)/2, weighted for e^r: 3.1e-9.
	expTerms = []float64{0.49999994, 0.166665211, 0.041668389, 0.00836871658, 0.00138146069}
	// The same, weighted for e^r - 1: 1.3e-8.
	expm1Terms = []float64{0.5, 0.166665435, 0.0416662805, 0.00836658385, 0.00139464508}
	// (log(1+f) - f + f^2/2)/f^3 for -1/4 <= f <= 1/2: 4.8e-9.
	logTerms = []float64{0.333334476, -0.250001937, 0.199910909, -0.166437432, 0.144677043, -0.131868914, 0.105827764, -0.0461674556}
	// erf(x)/x - 1 in x^2 for |x| <= 1: 1.2e-9.
	erfTerms = []float64{0.12837911, -0.37612626, 0.112835854, -0.0268538129, 0.00518832775, -0.000801019429, 7.85386364e-05}
	// 2^(halfLog2E*a*a) Phi(-a) (1 + 3a/8) in u = a/(1 + 3a/8) for 0 <= a <= 14, where
	// Phi is the normal distribution: 1.1e-8. What halfLog2E lacks is in here.
	millsTerms = []float64{0.5, -0.211442098, 0.0211037789, 0.00633915374, -0.000302543776, -0.0003303228, -6.30502336e-06, -3.1612115e-05,
		2.24298401e-05, -3.1937227e-06}
	// 2^r for |r| <= 1/2: 1.9e-9.
	exp2Terms = []float64{1, 0.693147182, 0.240226462, 0.0555032864, 0.00961848907, 0.00133999321, 0.000153458197}
)

// halfLog2E is log2(e)/2 as a float32.
const halfLog2E = 0.721347510814666748

// ln(2) as a float32 and what is missing from it.
var (
	ln2Hi = float64(float32(math.Ln2))
	ln2Lo = math.Ln2 - ln2Hi
)

// reduce splits x into n*ln(2) + r with |r| <= ln(2)/2.
func (g *gen) reduce(x v) (n, r v) {
	n = g.roundTo(g.mulC(x, math.Log2E), nearest)
	r = g.fmaC(n, -ln2Hi, x)
	return n, g.fmaC(n, -ln2Lo, r)
}

// scale is p * 2^n for whole n in [-150, 129], rounded once.
func (g *gen) scale(p, n v) v {
	if g.wide() {
		d := g.vec()
		g.VSCALEFPS(n, p, d)
		return d
	}
	// 2^n may not be a normal number: multiply by two halves. The first product
	// is exact.
	i := g.toInt(n)
	half := g.shiftArith(i, 1)
	rest := g.subInts(i, half)
	p = g.mul(p, g.powerOfTwo(half))
	return g.mul(p, g.powerOfTwo(rest))
}

// powerOfTwo is 2^i for an integer vector in [-126, 127].
func (g *gen) powerOfTwo(i v) v { return g.shiftLeft(g.addInt(i, 127), 23) }

// expReduced is e^r * 2^n.
func (g *gen) expReduced(n, r v) v {
	p := g.fma(g.mul(r, r), g.horner(r, expTerms...), r)
	return g.scale(g.addC(p, 1), n)
}

// exp is e^x.
func (g *gen) exp(x v) v { return g.expReduced(g.reduce(g.minC(g.maxC(x, -104), 89))) }

// expDown is e^x for x <= 0.
func (g *gen) expDown(x v) v { return g.expReduced(g.reduce(g.maxC(x, -104))) }

// expm1 is e^x - 1, but +0 for -0.
func (g *gen) expm1(x v) v {
	n, r := g.reduce(g.minC(g.maxC(x, -18), 89))
	e := g.fma(g.mul(r, r), g.horner(r, expm1Terms...), r)
	// 2^n e + (2^n - 1), by halves: 2^128 is no float32.
	h := g.powerOfTwo(g.toInt(g.subC(n, 1)))
	y := g.fma(h, e, g.subC(h, 0.5))
	return g.add(y, y)
}

// logParts splits positive x into m*2^e, 3/4 <= m < 3/2. e is an integer vector.
func (g *gen) logParts(x v) (m, e v) {
	e = g.shiftArith(g.subInt(x, 0x3f400000), 23)
	return g.subInts(x, g.shiftLeft(e, 23)), e
}

// logOf is e*ln(2) + log(1+f).
func (g *gen) logOf(e, f v) v {
	e = g.toFloat(e)
	f2 := g.mul(f, f)
	p := g.mul(g.mul(f2, f), g.horner(f, logTerms...)) // f^3 P
	p = g.fmaC(e, ln2Lo, p)
	p = g.fmaC(f2, -0.5, p)
	return g.fmaC(e, ln2Hi, g.add(f, p))
}

// logEdges puts right what log(x) is at the ends, given y for positive finite x.
func (g *gen) logEdges(x, y v) v {
	zero, inf := g.c(0), g.c(math.Inf(1))
	y = g.pick(equal, x, inf, x, y)
	y = g.pick(equal, x, zero, g.c(math.Inf(-1)), y)
	y = g.pick(less, x, zero, g.c(math.NaN()), y)
	return g.pick(unord, x, x, x, y)
}

// log is the natural logarithm.
func (g *gen) log(x v) v {
	// Denormal numbers are scaled up by 2^23.
	small := g.c(0x1p-126)
	scaled := g.pick(less, x, small, g.mulC(x, 1<<23), x)
	m, e := g.logParts(scaled)
	shift := g.pick(less, x, small, g.cBits(23), g.c(0))
	return g.logEdges(x, g.logOf(g.subInts(e, shift), g.subC(m, 1)))
}

// log1pPositive is log(1+x) for finite x > -1, but +0 for -0.
func (g *gen) log1pFinite(x v) v {
	u := g.addC(x, 1)
	low := g.sub(x, g.subC(u, 1)) // what the sum rounded away
	m, e := g.logParts(u)
	// For large x nothing was rounded away that counts: no need of a 2^-e that
	// is no normal number.
	cut := g.minInt(e, 100)
	f := g.fma(low, g.powerOfTwo(g.subInts(g.c(0), cut)), g.subC(m, 1))
	return g.logOf(e, f)
}

// log1p is log(1+x).
func (g *gen) log1p(x v) v {
	y := g.withSignOf(g.abs(g.log1pFinite(x)), x)
	inf := g.c(math.Inf(1))
	y = g.pick(equal, x, inf, x, y)
	y = g.pick(equal, x, g.c(-1), g.c(math.Inf(-1)), y)
	y = g.pick(less, x, g.c(-1), g.c(math.NaN()), y)
	return g.pick(unord, x, x, x, y)
}

// tanh is (e^2t - 1)/(e^2t + 1) of t = |x|, with the sign of x.
func (g *gen) tanh(x v) v {
	t := g.minC(g.abs(x), 9.1)
	n, r := g.reduce(g.add(t, t))
	e := g.fma(g.mul(r, r), g.horner(r, expm1Terms...), r)
	s := g.powerOfTwo(g.toInt(n))
	y := g.fma(s, e, g.subC(s, 1))
	return g.withSignOf(g.div(y, g.addC(y, 2)), x)
}

// sigmoid is accurate relative to itself on both sides: with e = e^-|x| it is
// e/(1+e) or 1/(1+e).
func (g *gen) sigmoid(x v) v {
	e := g.expDown(g.orBits(x, 1<<31))
	return g.div(g.pick(less, x, g.c(0), e, g.c(1)), g.addC(e, 1))
}

// halfSquare is e^(-a*a/2) for 0 <= a <= 15 in the form that millsTerms assumes: as
// a power of 2, with what rounding took from the square.
func (g *gen) halfSquare(a v) v {
	s := g.mul(a, a)
	n := g.roundTo(g.mulC(s, -halfLog2E), nearest)
	r := g.fms(s, g.c(-halfLog2E), n)
	r = g.fmaC(g.fms(a, a, s), -halfLog2E, r)
	return g.scale(g.horner(r, exp2Terms...), n)
}

// gelu is x*Phi(x) = max(x, 0) - a*Phi(-a) for a = |x|. The fraction u stands
// beside the polynomial, which then hardly cancels. The maximum is the
// difference x - min(x, 0), which for -Inf is NaN, as -Inf*0 is.
func (g *gen) gelu(x v) v {
	a := g.minC(g.abs(x), 15)
	u := g.div(a, g.fmaC(a, 0.375, g.c(1)))
	return g.fnma(g.mul(u, g.horner(u, millsTerms...)), g.halfSquare(a), g.sub(x, g.minC(x, 0)))
}

// geluTanh is x*sigmoid(u) for u = x(c + d*x*x), which equals 0.5x(1 + tanh(u/2))
// but does not cancel. c and d turn e^-|u| into a power of 2; the exponent is in
// two parts, since e^-|u| multiplies its error by |u|.
func (g *gen) geluTanh(x v) v {
	const c, d, dLow = -2.30220818519592285, -0.102943241596221924, 2.016198436e-9
	a := g.minC(g.abs(x), 11)
	s := g.mul(a, a)
	t := g.fmaC(s, d, g.c(c))
	tLow := g.fmaC(s, d, g.sub(g.c(c), t))
	tLow = g.fmaC(s, dLow, tLow)
	tLow = g.fmaC(g.fms(a, a, s), d, tLow)
	n := g.roundTo(g.mul(a, t), nearest)
	e := g.scale(g.horner(g.fma(a, tLow, g.fms(a, t, n)), exp2Terms...), n)
	return g.mul(x, g.div(g.pick(less, x, g.c(0), e, g.c(1)), g.addC(e, 1)))
}

// erf is a polynomial up to 1 and 1 - 2 Phi(-a), a = sqrt(2)|x|, beyond.
func (g *gen) erf(x v) v {
	small := g.fma(x, g.horner(g.mul(x, x), erfTerms...), x)
	a := g.minC(g.abs(g.mulC(x, math.Sqrt2)), 15)
	t := g.div(g.c(1), g.fmaC(a, 0.375, g.c(1)))
	q := g.mul(g.mul(t, g.horner(g.mul(a, t), millsTerms...)), g.halfSquare(a))
	large := g.withSignOf(g.sub(g.c(1), g.add(q, q)), x)
	return g.pick(less, g.abs(x), g.c(1), small, large)
}

// elu is x or alpha*(e^x - 1).
func (g *gen) elu(x, alpha v) v {
	y := g.withSignOf(g.abs(g.expm1(g.minC(x, 0))), x)
	return g.pick(greater, x, g.c(0), x, g.mul(y, alpha))
}

// softplus is max(x, 0) + log(1 + e^-|x|).
func (g *gen) softplus(x v) v {
	e := g.expDown(g.orBits(x, 1<<31))
	return g.add(g.nonNegative(x), g.log1pFinite(e))
}

// mish is x*tanh(softplus(x)) = x*w/(w+2) with w = e^x(e^x + 2).
func (g *gen) mish(x v) v {
	n := g.exp(g.minC(x, 20))
	w := g.mul(n, g.addC(n, 2))
	return g.mul(x, g.div(w, g.addC(w, 2)))
}

// hardSigmoid is relu6(x+3)/6, which does not cancel near -3.
func (g *gen) hardSigmoid(x v) v {
	return g.mulC(g.minC(g.maxC(g.addC(x, 3), 0), 6), 1.0/6)
}
