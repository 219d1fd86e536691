package kernel

import "math"

// The constants of keras.activations.selu.
const (
	seluAlpha = 1.6732632423543772848170429916717
	seluScale = 1.0507009873554804934193349852946
)

// unaryGeneric is the plain twin of the vector loops. Transcendental functions
// go through float64, which makes them correctly rounded in all but rare cases.
func unaryGeneric(op UnaryOp, dst, a []float32, alpha, beta float32) {
	switch op {
	case ReLU:
		for i, x := range a {
			if x < 0 {
				x = 0
			}
			dst[i] = x
		}
	case LeakyReLU:
		for i, x := range a {
			if x < 0 {
				x *= alpha
			}
			dst[i] = x
		}
	case Clip:
		for i, x := range a {
			dst[i] = clampTo(x, alpha, beta)
		}
	case Affine:
		for i, x := range a {
			dst[i] = alpha*x + beta
		}
	case Absolute:
		for i, x := range a {
			dst[i] = math.Float32frombits(math.Float32bits(x) &^ (1 << 31))
		}
	case Negative:
		for i, x := range a {
			dst[i] = -x
		}
	case Square:
		for i, x := range a {
			dst[i] = x * x
		}
	case Reciprocal:
		for i, x := range a {
			dst[i] = 1 / x
		}
	case Softsign:
		for i, x := range a {
			dst[i] = float32(softsign(float64(x)))
		}
	case HardSigmoid:
		for i, x := range a {
			dst[i] = clampTo(x+3, 0, 6) * (1.0 / 6)
		}
	case HardSiLU:
		for i, x := range a {
			dst[i] = x * (clampTo(x+3, 0, 6) * (1.0 / 6))
		}
	default:
		for i, x := range a {
			dst[i] = float32(op.of(float64(x), float64(alpha)))
		}
	}
}

// of is the function in float64, for the functions that unaryGeneric does not
// do in float32. It is also the truth that tests compare with.
func (op UnaryOp) of(x, alpha float64) float64 {
	switch op {
	case Exp:
		return math.Exp(x)
	case Expm1:
		return math.Expm1(x)
	case Log:
		return math.Log(x)
	case Log1p:
		return math.Log1p(x)
	case Tanh:
		return math.Tanh(x)
	case Sigmoid:
		return sigmoid(x)
	case SiLU:
		if math.IsInf(x, -1) {
			return math.NaN() // -Inf * 0, as Keras has it
		}
		return x * sigmoid(x)
	case Mish:
		return x * math.Tanh(softplus(x))
	case GELU:
		return 0.5 * x * math.Erfc(-x*math.Sqrt2/2)
	case GELUTanh:
		// 0.5 (1 + tanh u) = sigmoid(2u), without the cancellation.
		return x * sigmoid(2*math.Sqrt(2/math.Pi)*(x+0.044715*x*x*x))
	case Erf:
		return math.Erf(x)
	case ELU:
		if x > 0 {
			return x
		}
		return alpha * math.Expm1(x)
	case SELU:
		if x > 0 {
			return seluScale * x
		}
		return seluScale * seluAlpha * math.Expm1(x)
	case Softplus:
		return softplus(x)
	case Sqrt:
		return math.Sqrt(x)
	case Rsqrt:
		return 1 / math.Sqrt(x)
	case Sign:
		switch {
		case x > 0:
			return 1
		case x < 0:
			return -1
		}
		return x
	case Floor:
		return math.Floor(x)
	case Ceil:
		return math.Ceil(x)
	case Round:
		return math.RoundToEven(x)
	case Sin:
		return math.Sin(x)
	case Cos:
		return math.Cos(x)
	}
	panic(badRange)
}

// sigmoid has full relative accuracy on both sides.
func sigmoid(x float64) float64 {
	if x < 0 {
		e := math.Exp(x)
		return e / (1 + e)
	}
	return 1 / (1 + math.Exp(-x))
}

func softplus(x float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }

func softsign(x float64) float64 { return x / (1 + math.Abs(x)) }
