package graph

import "math"

// Slope says what the derivative of a function of one number is. It is an interface so that programs that take no gradients
// do not link derivatives.
type Slope interface {
	// Slope returns dy times the derivative of f at x, where y = f(x). Where f has a kink it takes the side that JAX takes.
	Slope(b *Builder, f *Unary, p Params, x, y, dy *Value) *Value
}

// Gradient implements Differentiable.
func (op Elementwise) Gradient(b *Backward, n *Node, dOut []*Value) []*Value {
	if op.Fn.D == nil || !n.In[0].Differentiable() {
		return []*Value{nil}
	}
	return []*Value{op.Fn.D.Slope(b.Builder, op.Fn, op.Params, n.In[0], n.Out[0], dOut[0])}
}

// unarySlopes are the derivatives of the functions of this package.
type unarySlopes struct{}

// Slope implements the interface of that name.
func (unarySlopes) Slope(b *Builder, f *Unary, p Params, x, y, dy *Value) *Value {
	one := func(a float64, x *Value, c float64) *Value { return b.UnaryP(Affine, Params{A: a, B: c}, x) } // a*x + c
	oneMinusSquare := func(x *Value) *Value { return b.Mul(one(-1, x, 1), one(1, x, 1)) }
	zero := b.Scalar(x.DType, 0)
	switch f {
	case Neg:
		return b.Neg(dy)
	case Abs:
		return b.Where(b.Compare(GreaterEqual, x, zero), dy, b.Neg(dy))
	case Square:
		return b.Mul(dy, b.MulS(x, 2))
	case Recip:
		return b.Neg(b.Mul(dy, b.Square(y)))
	case Sqrt:
		return b.Mul(dy, b.Div(b.Scalar(x.DType, 0.5), y))
	case Rsqrt:
		return b.Mul(dy, b.MulS(b.Div(y, x), -0.5))
	case Cbrt:
		return b.Div(dy, b.MulS(b.Square(y), 3))
	case Exp:
		return b.Mul(dy, y)
	case Exp2:
		return b.Mul(dy, b.MulS(y, math.Ln2))
	case Expm1:
		return b.Mul(dy, b.AddS(y, 1))
	case Log:
		return b.Div(dy, x)
	case Log1p:
		return b.Div(dy, b.AddS(x, 1))
	case Log2:
		return b.Div(dy, b.MulS(x, math.Ln2))
	case Log10:
		return b.Div(dy, b.MulS(x, math.Ln10))
	case Sin:
		return b.Mul(dy, b.Unary(Cos, x))
	case Cos:
		return b.Neg(b.Mul(dy, b.Unary(Sin, x)))
	case Tan:
		return b.Mul(dy, b.AddS(b.Square(y), 1))
	case Asin:
		return b.Mul(dy, b.Rsqrt(oneMinusSquare(x)))
	case Acos:
		return b.Neg(b.Mul(dy, b.Rsqrt(oneMinusSquare(x))))
	case Atan:
		return b.Div(dy, b.AddS(b.Square(x), 1))
	case Sinh:
		return b.Mul(dy, b.Unary(Cosh, x))
	case Cosh:
		return b.Mul(dy, b.Unary(Sinh, x))
	case Tanh:
		return b.Mul(dy, oneMinusSquare(y))
	case Asinh:
		return b.Mul(dy, b.Rsqrt(b.AddS(b.Square(x), 1)))
	case Acosh:
		return b.Mul(dy, b.Rsqrt(b.Mul(b.AddS(x, -1), b.AddS(x, 1))))
	case Atanh:
		return b.Div(dy, oneMinusSquare(x))
	case Erf:
		return b.Mul(dy, b.MulS(b.Exp(b.Neg(b.Square(x))), 2/math.SqrtPi))
	case Erfc:
		return b.Mul(dy, b.MulS(b.Exp(b.Neg(b.Square(x))), -2/math.SqrtPi))
	case Erfinv:
		return b.Mul(dy, b.MulS(b.Exp(b.Square(y)), math.SqrtPi/2))
	case Sigmoid:
		return b.Mul(dy, b.Mul(y, one(-1, y, 1)))
	case Relu:
		return b.Masked(b.Compare(Greater, x, zero), dy)
	case Silu:
		s := b.Sigmoid(x)
		return b.Mul(dy, b.Add(s, b.Mul(b.Mul(x, s), one(-1, s, 1))))
	case Gelu:
		density := b.MulS(b.Exp(b.MulS(b.Square(x), -0.5)), 1/math.Sqrt(2*math.Pi))
		share := b.MulS(b.Unary(Erfc, b.MulS(x, -1/math.Sqrt2)), 0.5)
		return b.Mul(dy, b.Add(share, b.Mul(x, density)))
	case GeluTanh:
		const c, cubic = 0.7978845608028654, 0.044715 // sqrt(2/pi)
		square := b.Square(x)
		t := b.Tanh(b.Mul(x, one(c*cubic, square, c)))
		inner := one(3*c*cubic, square, c)
		return b.Mul(dy, b.Add(one(0.5, t, 0.5), b.MulS(b.Mul(b.Mul(x, inner), oneMinusSquare(t)), 0.5)))
	case Softplus:
		return b.Mul(dy, b.Sigmoid(x))
	case Softsign:
		return b.Div(dy, b.Square(b.AddS(b.Abs(x), 1)))
	case Elu:
		return b.Where(b.Compare(Greater, x, zero), dy, b.Mul(dy, b.MulS(b.Exp(x), p.A)))
	case LeakyRelu:
		return b.Where(b.Compare(GreaterEqual, x, zero), dy, b.MulS(dy, p.A))
	case Clip:
		lo, hi := b.Scalar(x.DType, p.A), b.Scalar(x.DType, p.B)
		dx := b.Masked(b.And(b.Compare(Greater, x, lo), b.Compare(Less, x, hi)), dy)
		if p.AtA != 0 {
			dx = b.Where(b.Compare(Equal, x, lo), b.MulS(dy, p.AtA), dx)
		}
		if p.AtB != 0 {
			dx = b.Where(b.Compare(Equal, x, hi), b.MulS(dy, p.AtB), dx)
		}
		return dx
	case Affine:
		return b.MulS(dy, p.A)
	}
	return nil
}
