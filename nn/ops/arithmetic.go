package ops

import (
	"math"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

func addArithmetic(r *layer.Registry) {
	r.RegisterOp("numpy", "Add", func(o *layer.OpCall) any { return o.Add(pair(o, "x1", "x2")) })
	r.RegisterOp("numpy", "Multiply", func(o *layer.OpCall) any { return o.Mul(pair(o, "x1", "x2")) })
	r.RegisterOp("numpy", "Subtract", func(o *layer.OpCall) any { return o.Sub(pair(o, "x1", "x2")) })
	for _, class := range []string{"Divide", "TrueDivide"} {
		r.RegisterOp("numpy", class, func(o *layer.OpCall) any { return o.Div(pair(o, "x1", "x2", layer.PyFloat)) })
	}
	r.RegisterOp("numpy", "DivideNoNan", divideNoNan)
	r.RegisterOp("numpy", "FloorDivide", func(o *layer.OpCall) any {
		x, y := narrowPair(o, "x1", "x2")
		return o.Binary(graph.FloorDiv, asInt(o, x), asInt(o, y))
	})
	remainder := func(class string, op *graph.Binary) {
		r.RegisterOp("numpy", class, func(o *layer.OpCall) any {
			x, y := pair(o, "x1", "x2")
			return o.Binary(op, asInt(o, x), asInt(o, y))
		})
	}
	remainder("Mod", graph.Mod)
	remainder("Fmod", graph.Fmod)
	remainder("Power", graph.Pow)
	narrow := func(class string, op *graph.Binary) {
		r.RegisterOp("numpy", class, func(o *layer.OpCall) any {
			x, y := narrowPair(o, "x1", "x2")
			return o.Binary(op, x, y)
		})
	}
	narrow("Maximum", graph.Max)
	narrow("Minimum", graph.Min)
	narrow("Fmax", opFmax)
	narrow("Fmin", opFmin)
	floats := func(class string, op *graph.Binary) {
		r.RegisterOp("numpy", class, func(o *layer.OpCall) any {
			x, y := narrowPair(o, "x1", "x2", layer.PyFloat)
			return o.Binary(op, x, y)
		})
	}
	floats("Arctan2", graph.Atan2)
	floats("Logaddexp", opLogaddexp)
	floats("Logaddexp2", opLogaddexp2)
	floats("Hypot", graph.Hypot)
	floats("Heaviside", opHeaviside)
	floats("Copysign", opCopysign)
	floats("FloatPower", graph.Pow)
	r.RegisterOp("math", "Gammainc", func(o *layer.OpCall) any {
		a, x := narrowPair(o, "x1", "x2", layer.PyFloat)
		return o.Binary(opGammainc, a, x)
	})
	r.RegisterOp("numpy", "Nextafter", nextafter)
	r.RegisterOp("numpy", "Ldexp", ldexp)
	whole := func(class string, op *graph.Binary, first, second string) {
		r.RegisterOp("numpy", class, func(o *layer.OpCall) any {
			x, y := pair(o, first, second)
			if x.DType.IsFloat() {
				o.Fail("%s: the operands must be integers, not %s", o, x.DType)
			}
			return o.Binary(op, x, y)
		})
	}
	whole("Gcd", opGcd, "x1", "x2")
	whole("Lcm", opLcm, "x1", "x2")
	whole("BitwiseAnd", graph.BitAnd, "x", "y")
	whole("BitwiseOr", graph.BitOr, "x", "y")
	whole("BitwiseXor", graph.BitXor, "x", "y")
	for _, class := range []string{"LeftShift", "BitwiseLeftShift"} {
		whole(class, graph.LShift, "x", "y")
	}
	for _, class := range []string{"RightShift", "BitwiseRightShift"} {
		whole(class, graph.RShift, "x", "y")
	}
	for _, class := range []string{"BitwiseInvert", "BitwiseNot"} {
		one(r, "numpy", class, "x", func(o *layer.OpCall, x *value) *value {
			if x.DType == tensor.Bool {
				return o.Not(x)
			}
			return o.Unary(graph.BitwiseNot, x)
		})
	}
}

// Elementwise ops of two inputs that only keras.ops needs.
var (
	opFmax = graph.NewBinary("fmax", func(x, y float64) float64 {
		switch {
		case math.IsNaN(x):
			return y
		case math.IsNaN(y):
			return x
		}
		return math.Max(x, y)
	}, func(x, y int64) int64 { return max(x, y) }, func(x, y bool) bool { return x || y }, pairSlopes{})
	opFmin = graph.NewBinary("fmin", func(x, y float64) float64 {
		switch {
		case math.IsNaN(x):
			return y
		case math.IsNaN(y):
			return x
		}
		return math.Min(x, y)
	}, func(x, y int64) int64 { return min(x, y) }, func(x, y bool) bool { return x && y }, pairSlopes{})
	opLogaddexp = graph.NewBinary("logaddexp", func(x, y float64) float64 {
		return logSum(x, y, math.Exp, math.Log1p)
	}, nil, nil, pairSlopes{})
	opLogaddexp2 = graph.NewBinary("logaddexp2", func(x, y float64) float64 {
		return logSum(x, y, math.Exp2, func(v float64) float64 { return math.Log1p(v) / math.Ln2 })
	}, nil, nil, pairSlopes{})
	opCopysign  = graph.NewBinary("copysign", math.Copysign, nil, nil, pairSlopes{})
	opHeaviside = graph.NewBinary("heaviside", func(x, y float64) float64 {
		switch {
		case x < 0:
			return 0
		case x > 0:
			return 1
		case x == 0:
			return y
		}
		return x
	}, nil, nil, pairSlopes{})
	opGcd = graph.NewBinary("gcd", nil, gcd, nil, nil)
	opLcm = graph.NewBinary("lcm", nil, func(x, y int64) int64 {
		g := gcd(x, y)
		if g == 0 {
			return 0
		}
		m := x / g * y
		return max(m, -m)
	}, nil, nil)
	opNextafter = graph.NewBinary("nextafter", math.Nextafter, nil, nil, nil)
	opLdexp     = graph.NewBinary("ldexp", func(x, y float64) float64 {
		return math.Ldexp(x, int(max(min(y, 1<<20), -1<<20)))
	}, nil, nil, pairSlopes{})
)

// logSum is log(exp(x) + exp(y)) for any base, without overflow.
func logSum(x, y float64, exp, log1p func(float64) float64) float64 {
	if x == y { // equal infinities, too
		return x + log1p(1)
	}
	return math.Max(x, y) + log1p(exp(-math.Abs(x-y)))
}

func gcd(x, y int64) int64 {
	for y != 0 {
		x, y = y, x%y
	}
	return max(x, -x)
}

// divideNoNan is x1/x2, and 0 where x2 is 0.
func divideNoNan(o *layer.OpCall) any {
	x, y := narrowPair(o, "x1", "x2", layer.PyFloat)
	none := o.Compare(graph.Equal, y, o.Scalar(y.DType, 0))
	// Nothing is divided by 0, so that the gradient is 0 there, not NaN.
	return o.Where(none, o.Scalar(x.DType, 0), o.Div(x, o.Where(none, o.Scalar(y.DType, 1), y)))
}

// nextafter steps in float64 and rounds afterwards, as Keras on torch does.
func nextafter(o *layer.OpCall) any {
	x, y := narrowPair(o, "x1", "x2", layer.PyFloat)
	return o.Cast(o.Binary(opNextafter, o.Cast(x, tensor.Float64), o.Cast(y, tensor.Float64)), x.DType)
}

// ldexp is x1 * 2**x2 with an integer x2.
func ldexp(o *layer.OpCall) any {
	x, e := arg(o, 0, "x1"), arg(o, 1, "x2")
	if e.x != nil && !e.dtype.IsInt() || e.dtype == layer.PyFloat {
		o.Fail("%s: the exponent must be an integer", o)
	}
	d := resultType(o, x.dtype, e.dtype, layer.PyFloat)
	return o.Binary(opLdexp, x.as(o, d), e.as(o, d))
}
