package ops

import (
	"math"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

func addElementwise(r *layer.Registry) {
	floats := func(module, class string, op *graph.Unary) {
		one(r, module, class, "x", func(o *layer.OpCall, x *value) *value { return o.Unary(op, asFloat(o, x)) })
	}
	for class, op := range map[string]*graph.Unary{
		"Arccos": graph.Acos, "Arccosh": graph.Acosh, "Arcsin": graph.Asin, "Arcsinh": graph.Asinh, "Arctan": graph.Atan,
		"Arctanh": graph.Atanh, "Cbrt": graph.Cbrt, "Cos": graph.Cos, "Cosh": graph.Cosh, "Exp": graph.Exp,
		"Exp2": graph.Exp2, "Expm1": graph.Expm1, "Fabs": graph.Abs, "I0": opI0, "Log": graph.Log, "Log10": graph.Log10,
		"Log1p": graph.Log1p, "Log2": graph.Log2, "Reciprocal": graph.Recip, "Sin": graph.Sin,
		"Sinh": graph.Sinh, "Sqrt": graph.Sqrt, "Tan": graph.Tan, "Tanh": graph.Tanh, "Ceil": graph.Ceil, "Floor": graph.Floor,
		"Deg2rad": opDeg2rad, "Rad2deg": opRad2deg,
	} {
		floats("numpy", class, op)
	}
	for class, op := range map[string]*graph.Unary{
		"Erf": graph.Erf, "Erfc": graph.Erfc, "Erfinv": graph.Erfinv, "Lgamma": opLgamma, "Rsqrt": graph.Rsqrt,
	} {
		floats("math", class, op)
	}
	one(r, "numpy", "Sinc", "x", func(o *layer.OpCall, x *value) *value {
		x = asFloat(o, x)
		// Keras computes sin(pi*x) of a pi*x in the type of x, which may be infinite.
		return o.Where(o.Test(graph.IsInf, o.MulS(x, math.Pi)), o.Scalar(x.DType, math.NaN()), o.Unary(opSinc, x))
	})
	numbers := func(class string, op *graph.Unary) {
		one(r, "numpy", class, "x", func(o *layer.OpCall, x *value) *value {
			if x.DType == tensor.Bool && op != graph.Neg { // |x|, sign, trunc of a bool are the bool
				return x
			}
			return o.Unary(op, asInt(o, x))
		})
	}
	numbers("Absolute", graph.Abs)
	numbers("Abs", graph.Abs)
	numbers("Negative", graph.Neg)
	numbers("Sign", graph.Sign)
	numbers("Trunc", graph.Trunc)
	one(r, "numpy", "Square", "x", func(o *layer.OpCall, x *value) *value { return o.Square(asInt(o, x)) })
	r.RegisterOp("numpy", "Round", round)
	r.RegisterOp("numpy", "Clip", clip)
	r.RegisterOp("numpy", "NanToNum", nanToNum)
	// Complex numbers never arise here, so these are of real ones.
	for _, class := range []string{"Conjugate", "Conj", "Real", "Copy"} {
		one(r, "numpy", class, "x", func(o *layer.OpCall, x *value) *value { return x })
	}
	one(r, "numpy", "Imag", "x", func(o *layer.OpCall, x *value) *value { return o.Full(x.DType, 0, x.Shape...) })
	one(r, "numpy", "Angle", "x", func(o *layer.OpCall, x *value) *value { return o.Unary(opAngle, asFloat(o, x)) })
}

var (
	opSinc = newUnary("sinc", func(x float64) float64 {
		if x == 0 {
			return 1
		}
		return math.Sin(math.Pi*x) / (math.Pi * x)
	})
	opDeg2rad = newUnary("deg2rad", func(x float64) float64 { return x * (math.Pi / 180) })
	opRad2deg = newUnary("rad2deg", func(x float64) float64 { return x * (180 / math.Pi) })
	opAngle   = graph.NewUnary("angle", func(x float64, _ graph.Params) float64 {
		switch {
		case x < 0:
			return math.Pi
		case x >= 0:
			return 0
		}
		return x
	}, nil, nil)
	opI0 = newUnary("i0", besselI0)
	// opRoundTo rounds to A decimals, halves to even.
	opRoundTo = graph.NewUnary("round_decimals", func(x float64, p graph.Params) float64 {
		if math.IsInf(x, 0) || math.IsNaN(x) {
			return x
		}
		scale := math.Pow(10, math.Abs(p.A))
		if p.A < 0 {
			return math.RoundToEven(x/scale) * scale
		}
		return math.RoundToEven(x*scale) / scale
	}, nil, nil)
)

func newUnary(name string, f func(float64) float64) *graph.Unary {
	return graph.NewUnary(name, func(x float64, _ graph.Params) float64 { return f(x) }, nil, slopes{})
}

// besselI0 is the modified Bessel function of order zero: its power series, or for large arguments the asymptotic one.
func besselI0(x float64) float64 {
	x = math.Abs(x)
	if x > 30 {
		sum, term := 1.0, 1.0
		for k := 1.0; k < 30; k++ {
			term *= (2*k - 1) * (2*k - 1) / (8 * k * x)
			sum += term
			if term < 1e-17 {
				break
			}
		}
		return math.Exp(x-0.5*math.Log(2*math.Pi*x)) * sum
	}
	sum, term := 1.0, 1.0
	for k := 1.0; term > sum*1e-17; k++ {
		term *= x * x / (4 * k * k)
		sum += term
	}
	return sum + (x - x) // NaN stays
}

// round rounds to a number of decimals, halves to even. Integers keep their type; to tens and hundreds they are rounded as float32.
func round(o *layer.OpCall) any {
	x, decimals := o.Tensor(0, "x"), o.Int(-1, "decimals", 0)
	if !x.DType.IsFloat() && decimals >= 0 {
		return asInt(o, x)
	}
	y := x
	if !x.DType.IsFloat() {
		y = o.Cast(x, tensor.Float32)
	}
	if decimals == 0 {
		y = o.Unary(graph.Round, y)
	} else {
		y = o.UnaryP(opRoundTo, graph.Params{A: float64(decimals)}, y)
	}
	return o.Cast(y, asInt(o, x).DType)
}

// clip limits x to x_min..x_max, which may be arrays.
func clip(o *layer.OpCall) any {
	x := asInt(o, o.Tensor(0, "x"))
	lo, hi := arg(o, -1, "x_min"), arg(o, -1, "x_max")
	d := resultType(o, x.DType, lo.dtype, hi.dtype)
	if lo.x == nil && hi.x == nil && d.IsFloat() && lo.num.Float() <= hi.num.Float() {
		return o.Clip(o.Cast(x, d), lo.num.Float(), hi.num.Float())
	}
	return o.Min(o.Max(o.Cast(x, d), lo.as(o, d)), hi.as(o, d))
}

// largest finite numbers of the floating-point types.
func largest(d tensor.DType) float64 {
	switch d {
	case tensor.Float16:
		return 65504
	case tensor.BFloat16:
		return 0x1.fep127
	case tensor.Float32:
		return math.MaxFloat32
	}
	return math.MaxFloat64
}

// nanToNum replaces NaN by nan and infinities by posinf and neginf or, where those are null, the largest numbers.
func nanToNum(o *layer.OpCall) any {
	x := o.Tensor(0, "x")
	nan := o.Float(-1, "nan", 0)
	pos, neg := o.FloatOrNone(-1, "posinf"), o.FloatOrNone(-1, "neginf")
	if !x.DType.IsFloat() {
		return x
	}
	hi, lo := largest(x.DType), -largest(x.DType)
	if pos != nil {
		hi = *pos
	}
	if neg != nil {
		lo = *neg
	}
	return replaceNonFinite(o, x, nan, hi, lo)
}

func replaceNonFinite(o *layer.OpCall, x *value, nan, hi, lo float64) *value {
	y := o.Where(o.Test(graph.IsNaN, x), o.Scalar(x.DType, nan), x)
	y = o.Where(o.Test(graph.IsPosInf, x), o.Scalar(x.DType, hi), y)
	return o.Where(o.Test(graph.IsNegInf, x), o.Scalar(x.DType, lo), y)
}
