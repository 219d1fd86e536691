package graph

import (
	"fmt"
	"math"

	"github.com/hornml/horn/tensor"
)

// Params are the settings of an elementwise op, such as the slope of a leaky ReLU. AtA and AtB are for gradients alone: the
// derivatives of [Clip] at the limits A and B themselves, where the frameworks' functions differ.
type Params struct{ A, B, AtA, AtB float64 }

// Unary is a function of one number. Its name is its identity: no two have the same.
type Unary struct {
	Name string
	F    func(x float64, p Params) float64 // for floats, computed in float64 and rounded; nil: not for floats
	I    func(x int64) int64               // nil: not for integers
	D    Slope                             // its derivative; nil: 0 everywhere, or none
}

// Elementwise applies a function of one number to each element and keeps the type.
type Elementwise struct {
	Fn     *Unary
	Params Params
}

// Name implements Op.
func (op Elementwise) Name() string { return op.Fn.Name }

// Infer implements Op.
func (op Elementwise) Infer(n *Node) {
	x := n.In[0]
	if ok := op.Fn.F != nil && x.DType.IsFloat() || op.Fn.I != nil && x.DType.IsInt(); !ok {
		panic(&Error{Msg: fmt.Sprintf("%s is not defined for %s", op.Fn.Name, x.DType)})
	}
	n.SetOut(x.DType, x.Shape...)
}

// Eval implements Op.
func (op Elementwise) Eval(_ *Node, in, out []Buf) error {
	f, p := op.Fn, op.Params
	for k, x := range in[0].F {
		out[0].F[k] = float32(f.F(float64(x), p))
	}
	for k, x := range in[0].D {
		out[0].D[k] = f.F(x, p)
	}
	for k, x := range in[0].I {
		out[0].I[k] = f.I(x)
	}
	return nil
}

// ByElement implements the face of that name.
func (Elementwise) ByElement() {}

// UnaryOf returns the function that an op applies to each element, nil for ops that are no [Elementwise].
func UnaryOf(op Op) *Unary {
	e, _ := op.(Elementwise)
	return e.Fn
}

//go:noinline
func newUnary(name string, f func(float64) float64, i func(int64) int64) *Unary {
	var g func(float64, Params) float64
	if f != nil {
		g = func(x float64, _ Params) float64 { return f(x) }
	}
	return NewUnary(name, g, i, unarySlopes{})
}

// flat returns a function whose derivative is 0 wherever it has one.
//
//go:noinline
func flat(name string, f func(float64) float64, i func(int64) int64) *Unary {
	u := newUnary(name, f, i)
	u.D = nil
	return u
}

// NewUnary returns a function of one number: f for floats, i for integers; nil where it is not for them. Its derivative is d,
// nil if that is 0 or does not exist.
func NewUnary(name string, f func(x float64, p Params) float64, i func(int64) int64, d Slope) *Unary {
	return &Unary{Name: name, F: f, I: i, D: d}
}

func identityInt(x int64) int64 { return x }

// The functions of one number.
var (
	Neg      = newUnary("neg", func(x float64) float64 { return -x }, func(x int64) int64 { return -x })
	Abs      = newUnary("abs", math.Abs, func(x int64) int64 { return max(x, -x) })
	Sign     = flat("sign", sign, func(x int64) int64 { return int64(sign(float64(x))) })
	Square   = newUnary("square", func(x float64) float64 { return x * x }, func(x int64) int64 { return x * x })
	Recip    = newUnary("reciprocal", func(x float64) float64 { return 1 / x }, nil)
	Sqrt     = newUnary("sqrt", math.Sqrt, nil)
	Rsqrt    = newUnary("rsqrt", func(x float64) float64 { return 1 / math.Sqrt(x) }, nil)
	Cbrt     = newUnary("cbrt", math.Cbrt, nil)
	Exp      = newUnary("exp", math.Exp, nil)
	Exp2     = newUnary("exp2", math.Exp2, nil)
	Expm1    = newUnary("expm1", math.Expm1, nil)
	Log      = newUnary("log", math.Log, nil)
	Log1p    = newUnary("log1p", math.Log1p, nil)
	Log2     = newUnary("log2", math.Log2, nil)
	Log10    = newUnary("log10", math.Log10, nil)
	Sin      = newUnary("sin", math.Sin, nil)
	Cos      = newUnary("cos", math.Cos, nil)
	Tan      = newUnary("tan", math.Tan, nil)
	Asin     = newUnary("arcsin", math.Asin, nil)
	Acos     = newUnary("arccos", math.Acos, nil)
	Atan     = newUnary("arctan", math.Atan, nil)
	Sinh     = newUnary("sinh", math.Sinh, nil)
	Cosh     = newUnary("cosh", math.Cosh, nil)
	Tanh     = newUnary("tanh", math.Tanh, nil)
	Asinh    = newUnary("arcsinh", math.Asinh, nil)
	Acosh    = newUnary("arccosh", math.Acosh, nil)
	Atanh    = newUnary("arctanh", math.Atanh, nil)
	Erf      = newUnary("erf", math.Erf, nil)
	Erfc     = newUnary("erfc", math.Erfc, nil)
	Erfinv   = newUnary("erfinv", math.Erfinv, nil)
	Floor    = flat("floor", math.Floor, identityInt)
	Ceil     = flat("ceil", math.Ceil, identityInt)
	Trunc    = flat("trunc", math.Trunc, identityInt)
	Round    = flat("round", math.RoundToEven, identityInt)
	Sigmoid  = newUnary("sigmoid", sigmoid, nil)
	Relu     = newUnary("relu", relu, func(x int64) int64 { return max(x, 0) })
	Silu     = newUnary("silu", func(x float64) float64 { return x * sigmoid(x) }, nil)
	Gelu     = newUnary("gelu", func(x float64) float64 { return 0.5 * x * math.Erfc(-x/math.Sqrt2) }, nil)
	GeluTanh = newUnary("gelu_tanh", geluTanh, nil)
	Softplus = newUnary("softplus", softplus, nil)
	Softsign = newUnary("softsign", func(x float64) float64 { return x / (1 + math.Abs(x)) }, nil)
	// Elu is x above 0, A*(exp(x)-1) below.
	Elu = NewUnary("elu", func(x float64, p Params) float64 {
		if x > 0 {
			return x
		}
		return p.A * math.Expm1(x)
	}, nil, unarySlopes{})
	// LeakyRelu is x above 0, A*x below.
	LeakyRelu = NewUnary("leaky_relu", func(x float64, p Params) float64 {
		if x >= 0 {
			return x
		}
		return p.A * x
	}, nil, unarySlopes{})
	// Clip limits x to A..B.
	Clip = NewUnary("clip", func(x float64, p Params) float64 {
		if x < p.A {
			return p.A
		}
		if x > p.B {
			return p.B
		}
		return x
	}, nil, unarySlopes{})
	// Affine is A*x + B. The product is rounded before the sum, on CPUs that would fuse them too: hard_sigmoid(-3) is 0, and its
	// slope there that of the flat side.
	Affine = NewUnary("affine", func(x float64, p Params) float64 { return float64(p.A*x) + p.B }, nil, unarySlopes{})

	BitwiseNot = flat("bitwise_not", nil, func(x int64) int64 { return ^x })
)

func sign(x float64) float64 {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return x // 0, -0, NaN
}

func relu(x float64) float64 {
	if x > 0 || math.IsNaN(x) {
		return x
	}
	return 0
}

func sigmoid(x float64) float64 {
	if x >= 0 {
		return 1 / (1 + math.Exp(-x))
	}
	e := math.Exp(x)
	return e / (1 + e)
}

func softplus(x float64) float64 { return math.Max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }

func geluTanh(x float64) float64 {
	return 0.5 * x * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(x+0.044715*x*x*x)))
}

// Unary appends an elementwise op of one input.
//
//go:noinline
func (b *Builder) Unary(op *Unary, x *Value) *Value { return b.Emit1(Elementwise{Fn: op}, x) }

// UnaryP appends an elementwise op of one input that has settings.
//
//go:noinline
func (b *Builder) UnaryP(op *Unary, p Params, x *Value) *Value { return b.Emit1(Elementwise{op, p}, x) }

// Neg and the methods after it append the elementwise op of their name.
//
//go:noinline
func (b *Builder) Neg(x *Value) *Value { return b.Unary(Neg, x) }

//go:noinline
func (b *Builder) Abs(x *Value) *Value   { return b.Unary(Abs, x) }
func (b *Builder) Exp(x *Value) *Value   { return b.Unary(Exp, x) }
func (b *Builder) Log(x *Value) *Value   { return b.Unary(Log, x) }
func (b *Builder) Sqrt(x *Value) *Value  { return b.Unary(Sqrt, x) }
func (b *Builder) Rsqrt(x *Value) *Value { return b.Unary(Rsqrt, x) }

//go:noinline
func (b *Builder) Square(x *Value) *Value  { return b.Unary(Square, x) }
func (b *Builder) Tanh(x *Value) *Value    { return b.Unary(Tanh, x) }
func (b *Builder) Sigmoid(x *Value) *Value { return b.Unary(Sigmoid, x) }
func (b *Builder) Relu(x *Value) *Value    { return b.Unary(Relu, x) }

// Clip limits floats to lo..hi; NaN stays. At the limits it has half the slope, as the minimum of a maximum.
//
//go:noinline
func (b *Builder) Clip(x *Value, lo, hi float64) *Value { return b.ClipSlopes(x, lo, hi, 0.5, 0.5) }

// ClipSlopes is Clip with the given slopes at the limits: 0 or 1 is what Keras's activations have there.
func (b *Builder) ClipSlopes(x *Value, lo, hi, atLo, atHi float64) *Value {
	if x.DType.IsInt() {
		return b.Min(b.Max(x, b.Scalar(x.DType, lo)), b.Scalar(x.DType, hi))
	}
	return b.UnaryP(Clip, Params{lo, hi, atLo, atHi}, x)
}

// Predicate is a question about one element. Its name is its identity: no two have the same.
type Predicate struct {
	Name string
	F    func(float64) bool // for floats; nil: not for floats
	I    func(int64) bool   // nil: not for integers
	B    func(bool) bool    // nil: not for bools
}

// Test asks a question about each element; the answers are bools.
type Test struct{ Fn *Predicate }

// Name implements Op.
func (op Test) Name() string { return op.Fn.Name }

// Infer implements Op.
func (op Test) Infer(n *Node) {
	x, f := n.In[0], op.Fn
	if x.DType.IsFloat() && f.F == nil || x.DType.IsInt() && f.I == nil || x.DType == tensor.Bool && f.B == nil || x.DType == tensor.String {
		panic(&Error{Msg: fmt.Sprintf("%s is not defined for %s", f.Name, x.DType)})
	}
	n.SetOut(tensor.Bool, x.Shape...)
}

// Eval implements Op.
func (op Test) Eval(_ *Node, in, out []Buf) error {
	f := op.Fn
	for k, x := range in[0].F {
		out[0].B[k] = f.F(float64(x))
	}
	for k, x := range in[0].D {
		out[0].B[k] = f.F(x)
	}
	for k, x := range in[0].I {
		out[0].B[k] = f.I(x)
	}
	for k, x := range in[0].B {
		out[0].B[k] = f.B(x)
	}
	return nil
}

// ByElement implements the face of that name.
func (Test) ByElement() {}

func never[T any](T) bool  { return false }
func always[T any](T) bool { return true }

// The tests of single elements.
var (
	LogicalNot = &Predicate{"logical_not", nil, nil, func(x bool) bool { return !x }}
	IsNaN      = &Predicate{"isnan", math.IsNaN, never[int64], never[bool]}
	IsInf      = &Predicate{"isinf", func(x float64) bool { return math.IsInf(x, 0) }, never[int64], never[bool]}
	IsPosInf   = &Predicate{"isposinf", func(x float64) bool { return math.IsInf(x, 1) }, never[int64], never[bool]}
	IsNegInf   = &Predicate{"isneginf", func(x float64) bool { return math.IsInf(x, -1) }, never[int64], never[bool]}
	IsFinite   = &Predicate{"isfinite", func(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }, always[int64], always[bool]}
	Signbit    = &Predicate{"signbit", math.Signbit, func(x int64) bool { return x < 0 }, never[bool]}
)

// Test asks a question about each element of x.
//
//go:noinline
func (b *Builder) Test(f *Predicate, x *Value) *Value { return b.Emit1(Test{f}, x) }

// Not inverts a bool value.
func (b *Builder) Not(x *Value) *Value { return b.Emit1(Test{LogicalNot}, x) }
