package ops

import (
	"math"

	"github.com/hornml/horn/nn/graph"
)

// opGammainc is the regularized lower incomplete gamma function: the integral of t^(a-1) e^-t from 0 to x, over gamma(a). Its
// derivative by a is opGammaincByA; that by x is what stands under the integral.
var (
	opGammainc = graph.NewBinary("gammainc", func(a, x float64) float64 {
		p, _ := incompleteGamma(a, x)
		return p
	}, nil, nil, pairSlopes{})
	opGammaincByA = graph.NewBinary("gammainc_by_a", func(a, x float64) float64 {
		_, slope := incompleteGamma(a, x)
		return slope
	}, nil, nil, nil)
	opGammaDensity = graph.NewBinary("gamma_density", gammaDensity, nil, nil, nil)
)

// opLgamma is the logarithm of the magnitude of the gamma function, opDigamma its derivative.
var (
	opLgamma = newUnary("lgamma", func(x float64) float64 {
		if math.IsInf(x, -1) {
			return math.Inf(1)
		}
		y, _ := math.Lgamma(x)
		return y
	})
	opDigamma = graph.NewUnary("digamma", func(x float64, _ graph.Params) float64 {
		if x > 0 {
			return digamma(x)
		}
		if x == math.Trunc(x) {
			return math.NaN() // a pole
		}
		return digamma(1-x) - math.Pi/math.Tan(math.Pi*x)
	}, nil, nil)
)

// gammaDensity is the derivative of gammainc by x.
func gammaDensity(a, x float64) float64 {
	switch {
	case !(a > 0) || !(x >= 0) || math.IsInf(a, 0):
		return math.NaN()
	case math.IsInf(x, 1):
		return 0
	}
	log, _ := math.Lgamma(a)
	return math.Exp((a-1)*math.Log(x) - x - log)
}

// incompleteGamma returns P(a, x) and its derivative by a. Up to x = a + 1 it adds up the power series, beyond it the continued
// fraction of 1 - P (Abramowitz and Stegun 6.5.29 and 6.5.31), each with its derivative beside it.
func incompleteGamma(a, x float64) (p, slope float64) {
	switch {
	case math.IsNaN(a) || math.IsNaN(x) || a <= 0 || x < 0 || math.IsInf(a, 0) && math.IsInf(x, 0):
		return math.NaN(), math.NaN()
	case x == 0 || math.IsInf(a, 0):
		return 0, 0
	case math.IsInf(x, 0):
		return 1, 0
	}
	if a > 1e5 { // the sums are too long; the normal distribution is near (Wilson and Hilferty)
		return wilsonHilferty(a, x)
	}
	log, _ := math.Lgamma(a)
	front := dual{math.Exp(a*math.Log(x) - x - log), 0}
	front.d = front.v * (math.Log(x) - digamma(a))
	if x <= a+1 {
		// sum of x^n / (a (a+1) .. (a+n))
		term := dual{1 / a, -1 / (a * a)}
		sum := term
		for n := 1.0; n < 1e6 && math.Abs(term.v) > 1e-17*math.Abs(sum.v); n++ {
			term = term.mul(dual{x, 0}).div(dual{a + n, 1})
			sum = dual{sum.v + term.v, sum.d + term.d}
		}
		out := front.mul(sum)
		return out.v, out.d
	}
	// Lentz's method for 1/(x+1-a- 1(1-a)/(x+3-a- 2(2-a)/(x+5-a- ...)))
	b := dual{x + 1 - a, -1}
	c, d := dual{1e300, 0}, dual{1, 0}.div(b)
	h := d
	for n := 1.0; n < 1e6; n++ {
		an := dual{-n * (n - a), n}
		b.v += 2
		d = dual{1, 0}.div(an.mul(d).add(b))
		c = an.div(c).add(b)
		step := c.mul(d)
		h = h.mul(step)
		if math.Abs(step.v-1) < 1e-16 && math.Abs(step.d) < 1e-16 {
			break
		}
	}
	q := front.mul(h)
	return 1 - q.v, -q.d
}

// dual is a number with its derivative.
type dual struct{ v, d float64 }

func (x dual) add(y dual) dual { return dual{x.v + y.v, x.d + y.d} }
func (x dual) mul(y dual) dual { return dual{x.v * y.v, x.d*y.v + x.v*y.d} }
func (x dual) div(y dual) dual { return dual{x.v / y.v, (x.d - x.v/y.v*y.d) / y.v} }

// wilsonHilferty takes the cube root of x/a for normally distributed, with mean 1 - 1/(9a) and variance 1/(9a).
func wilsonHilferty(a, x float64) (p, slope float64) {
	root := math.Cbrt(x / a)
	z := (root - 1 + 1/(9*a)) * 3 * math.Sqrt(a)
	byA := 3*math.Sqrt(a)*(-root/(3*a)-1/(9*a*a)) + z/(2*a)
	return 0.5 * math.Erfc(-z/math.Sqrt2), math.Exp(-z*z/2) / math.Sqrt(2*math.Pi) * byA
}

// digamma is the derivative of the logarithm of the gamma function at positive x: its asymptotic series, from 10 on.
func digamma(x float64) float64 {
	y := 0.0
	for ; x < 10; x++ {
		y -= 1 / x
	}
	r := 1 / (x * x)
	return y + math.Log(x) - 0.5/x - r*(1.0/12-r*(1.0/120-r*(1.0/252-r*(1.0/240-r*(1.0/132)))))
}
