package ops

import (
	"math"

	"github.com/hornml/horn/nn/graph"
)

// slopes are the derivatives of the functions of one number of this package.
type slopes struct{}

// Slope implements graph.Slope.
func (slopes) Slope(b *graph.Builder, f *graph.Unary, p graph.Params, x, y, dy *value) *value {
	scalar := func(v float64) *value { return b.Scalar(x.DType, v) }
	switch f {
	case opLogSigmoid:
		return b.Mul(dy, b.Sigmoid(b.Neg(x)))
	case opTanhShrink:
		return b.Mul(dy, b.Square(b.Tanh(x)))
	case opSparsePlus:
		inner := b.Mul(dy, b.UnaryP(graph.Affine, graph.Params{A: 0.5, B: 0.5}, x))
		return b.Where(b.Compare(graph.Less, x, scalar(1)), b.Masked(b.Compare(graph.Greater, x, scalar(-1)), inner), dy)
	case opCelu:
		return b.Where(b.Compare(graph.Greater, x, scalar(0)), dy, b.Mul(dy, b.Exp(b.MulS(x, 1/p.A))))
	case opHardShrink, opSoftShrink:
		return b.Masked(b.Compare(graph.Greater, b.Abs(x), scalar(p.A)), dy)
	case opThreshold:
		return b.Masked(b.Compare(graph.Greater, x, scalar(p.A)), dy)
	case opLgamma:
		return b.Mul(dy, b.Unary(opDigamma, x))
	case opSinc:
		return b.Mul(dy, b.Unary(opSincSlope, x))
	case opI0:
		return b.Mul(dy, b.Unary(opI1, x))
	case opDeg2rad:
		return b.MulS(dy, math.Pi/180)
	case opRad2deg:
		return b.MulS(dy, 180/math.Pi)
	}
	return nil
}

// What derivatives need that is no function of keras.ops.
var (
	opSincSlope = graph.NewUnary("sinc_slope", func(x float64, _ graph.Params) float64 {
		t := math.Pi * x
		if math.Abs(t) < 0.05 { // (cos t - sin t/t)/t loses its digits
			return math.Pi * t * (-1.0/3 + t*t*(1.0/30-t*t/840))
		}
		return math.Pi * (math.Cos(t) - math.Sin(t)/t) / t
	}, nil, nil)
	opI1 = graph.NewUnary("i1", func(x float64, _ graph.Params) float64 { return besselI1(x) }, nil, nil)
)

// besselI1 is the modified Bessel function of order one, the derivative of that of order zero.
func besselI1(x float64) float64 {
	a := math.Abs(x)
	if a > 30 {
		sum, term := 1.0, 1.0
		for k := 1.0; k < 30; k++ {
			term *= ((2*k-1)*(2*k-1) - 4) / (8 * k * a)
			sum += term
			if math.Abs(term) < 1e-17 {
				break
			}
		}
		return math.Copysign(math.Exp(a-0.5*math.Log(2*math.Pi*a))*sum, x)
	}
	sum, term := x/2, x/2
	for k := 1.0; math.Abs(term) > math.Abs(sum)*1e-17; k++ {
		term *= x * x / (4 * k * (k + 1))
		sum += term
	}
	return sum
}

// pairSlopes are the derivatives of the functions of two numbers of this package.
type pairSlopes struct{}

// Slopes implements graph.PairSlope.
func (pairSlopes) Slopes(b *graph.Builder, f *graph.Binary, x, y, out, d *value, wantX, wantY bool) (dx, dy *value) {
	zero := b.Scalar(x.DType, 0)
	switch f {
	case opFmax, opFmin: // a tie is the second's, as jnp.fmax has it
		c := graph.Greater
		if f == opFmin {
			c = graph.Less
		}
		first := b.Or(b.Compare(c, x, y), b.Test(graph.IsNaN, y))
		return b.Where(first, d, zero), b.Where(first, zero, d)
	case opLogaddexp, opLogaddexp2:
		difference := b.Sub(x, y)
		if f == opLogaddexp2 {
			difference = b.MulS(difference, math.Ln2)
		}
		if wantX {
			dx = b.Mul(d, b.Sigmoid(difference))
		}
		if wantY {
			dy = b.Mul(d, b.Sigmoid(b.Neg(difference)))
		}
	case opCopysign: // towards the side on which x is, kept or turned
		if wantX {
			dx = b.Mul(d, b.Mul(b.Unary(graph.Sign, x), b.Binary(opCopysign, b.Full(x.DType, 1, x.Shape...), y)))
		}
	case opGammainc:
		if wantX {
			dx = b.Mul(d, b.Binary(opGammaincByA, x, y))
		}
		if wantY {
			dy = b.Mul(d, b.Binary(opGammaDensity, x, y))
		}
	case opHeaviside:
		if wantY {
			dy = b.Where(b.Compare(graph.Equal, x, zero), d, zero)
		}
	case opLdexp: // the exponent is an integer
		dx = b.Binary(opLdexp, d, y)
	}
	return dx, dy
}
