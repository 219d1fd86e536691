package graph

import (
	"fmt"
	"math"

	"github.com/hornml/horn/tensor"
)

// Params are the settings of an elementwise op, such as the slope of a leaky ReLU.
type Params struct{ A, B float64 }

// Unary describes an op of one input that works element by element and keeps the type.
type Unary struct {
	Op
	F func(x float64, p Params) float64 // nil: not for floats
	I func(x int64) int64               // nil: not for integers
}

// unaryOps finds the description behind an op.
var unaryOps = map[*Op]*Unary{}

// UnaryOf returns the description of an elementwise op of one input, nil for other ops.
func UnaryOf(op *Op) *Unary { return unaryOps[op] }

func newUnary(name string, f func(float64) float64, i func(int64) int64) *Unary {
	var g func(float64, Params) float64
	if f != nil {
		g = func(x float64, _ Params) float64 { return f(x) }
	}
	return NewUnary(name, g, i)
}

// NewUnary makes an elementwise op of one input: f for floats (computed in float64 and rounded), i for integers.
func NewUnary(name string, f func(x float64, p Params) float64, i func(int64) int64) *Unary {
	u := &Unary{Op: Op{Name: name, Kind: KindUnary}, F: f, I: i}
	u.Infer = func(n *Node) {
		x := n.In[0]
		ok := u.F != nil && x.DType.IsFloat() || u.I != nil && x.DType.IsInt()
		if !ok {
			panic(&Error{Msg: fmt.Sprintf("%s is not defined for %s", name, x.DType)})
		}
		n.SetOut(x.DType, x.Shape...)
	}
	u.Eval = func(n *Node, in, out []Buf) error {
		p, _ := n.Attrs.(Params)
		for k, x := range in[0].F {
			out[0].F[k] = float32(u.F(float64(x), p))
		}
		for k, x := range in[0].D {
			out[0].D[k] = u.F(x, p)
		}
		for k, x := range in[0].I {
			out[0].I[k] = u.I(x)
		}
		return nil
	}
	unaryOps[&u.Op] = u
	return u
}

func identityInt(x int64) int64 { return x }

// The elementwise ops of one input.
var (
	OpNeg      = newUnary("neg", func(x float64) float64 { return -x }, func(x int64) int64 { return -x })
	OpAbs      = newUnary("abs", math.Abs, func(x int64) int64 { return max(x, -x) })
	OpSign     = newUnary("sign", sign, func(x int64) int64 { return int64(sign(float64(x))) })
	OpSquare   = newUnary("square", func(x float64) float64 { return x * x }, func(x int64) int64 { return x * x })
	OpRecip    = newUnary("reciprocal", func(x float64) float64 { return 1 / x }, nil)
	OpSqrt     = newUnary("sqrt", math.Sqrt, nil)
	OpRsqrt    = newUnary("rsqrt", func(x float64) float64 { return 1 / math.Sqrt(x) }, nil)
	OpCbrt     = newUnary("cbrt", math.Cbrt, nil)
	OpExp      = newUnary("exp", math.Exp, nil)
	OpExp2     = newUnary("exp2", math.Exp2, nil)
	OpExpm1    = newUnary("expm1", math.Expm1, nil)
	OpLog      = newUnary("log", math.Log, nil)
	OpLog1p    = newUnary("log1p", math.Log1p, nil)
	OpLog2     = newUnary("log2", math.Log2, nil)
	OpLog10    = newUnary("log10", math.Log10, nil)
	OpSin      = newUnary("sin", math.Sin, nil)
	OpCos      = newUnary("cos", math.Cos, nil)
	OpTan      = newUnary("tan", math.Tan, nil)
	OpAsin     = newUnary("arcsin", math.Asin, nil)
	OpAcos     = newUnary("arccos", math.Acos, nil)
	OpAtan     = newUnary("arctan", math.Atan, nil)
	OpSinh     = newUnary("sinh", math.Sinh, nil)
	OpCosh     = newUnary("cosh", math.Cosh, nil)
	OpTanh     = newUnary("tanh", math.Tanh, nil)
	OpAsinh    = newUnary("arcsinh", math.Asinh, nil)
	OpAcosh    = newUnary("arccosh", math.Acosh, nil)
	OpAtanh    = newUnary("arctanh", math.Atanh, nil)
	OpErf      = newUnary("erf", math.Erf, nil)
	OpErfc     = newUnary("erfc", math.Erfc, nil)
	OpErfinv   = newUnary("erfinv", math.Erfinv, nil)
	OpFloor    = newUnary("floor", math.Floor, identityInt)
	OpCeil     = newUnary("ceil", math.Ceil, identityInt)
	OpTrunc    = newUnary("trunc", math.Trunc, identityInt)
	OpRound    = newUnary("round", math.RoundToEven, identityInt)
	OpSigmoid  = newUnary("sigmoid", sigmoid, nil)
	OpRelu     = newUnary("relu", relu, func(x int64) int64 { return max(x, 0) })
	OpSilu     = newUnary("silu", func(x float64) float64 { return x * sigmoid(x) }, nil)
	OpGelu     = newUnary("gelu", func(x float64) float64 { return 0.5 * x * math.Erfc(-x/math.Sqrt2) }, nil)
	OpGeluTanh = newUnary("gelu_tanh", geluTanh, nil)
	OpSoftplus = newUnary("softplus", softplus, nil)
	OpSoftsign = newUnary("softsign", func(x float64) float64 { return x / (1 + math.Abs(x)) }, nil)
	// OpElu is x above 0, A*(exp(x)-1) below.
	OpElu = NewUnary("elu", func(x float64, p Params) float64 {
		if x > 0 {
			return x
		}
		return p.A * math.Expm1(x)
	}, nil)
	// OpLeakyRelu is x above 0, A*x below.
	OpLeakyRelu = NewUnary("leaky_relu", func(x float64, p Params) float64 {
		if x >= 0 {
			return x
		}
		return p.A * x
	}, nil)
	// OpClip limits x to A..B.
	OpClip = NewUnary("clip", func(x float64, p Params) float64 {
		if x < p.A {
			return p.A
		}
		if x > p.B {
			return p.B
		}
		return x
	}, nil)
	// OpAffine is A*x + B.
	OpAffine = NewUnary("affine", func(x float64, p Params) float64 { return p.A*x + p.B }, nil)

	OpBitwiseNot = newUnary("bitwise_not", nil, func(x int64) int64 { return ^x })
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
func (b *Builder) Unary(op *Unary, x *Value) *Value { return b.Emit1(&op.Op, nil, x) }

// UnaryP appends an elementwise op of one input that has settings.
func (b *Builder) UnaryP(op *Unary, p Params, x *Value) *Value { return b.Emit1(&op.Op, p, x) }

// Neg and the methods after it append the elementwise op of their name.
func (b *Builder) Neg(x *Value) *Value     { return b.Unary(OpNeg, x) }
func (b *Builder) Abs(x *Value) *Value     { return b.Unary(OpAbs, x) }
func (b *Builder) Exp(x *Value) *Value     { return b.Unary(OpExp, x) }
func (b *Builder) Log(x *Value) *Value     { return b.Unary(OpLog, x) }
func (b *Builder) Sqrt(x *Value) *Value    { return b.Unary(OpSqrt, x) }
func (b *Builder) Rsqrt(x *Value) *Value   { return b.Unary(OpRsqrt, x) }
func (b *Builder) Square(x *Value) *Value  { return b.Unary(OpSquare, x) }
func (b *Builder) Tanh(x *Value) *Value    { return b.Unary(OpTanh, x) }
func (b *Builder) Sigmoid(x *Value) *Value { return b.Unary(OpSigmoid, x) }
func (b *Builder) Relu(x *Value) *Value    { return b.Unary(OpRelu, x) }

// Clip limits floats to lo..hi; NaN stays.
func (b *Builder) Clip(x *Value, lo, hi float64) *Value {
	if x.DType.IsInt() {
		return b.Min(b.Max(x, b.Scalar(x.DType, lo)), b.Scalar(x.DType, hi))
	}
	return b.UnaryP(OpClip, Params{lo, hi}, x)
}

// predicate is an op of one input whose answer is a bool.
func predicate(name string, f func(float64) bool, i func(int64) bool, s func(bool) bool) *Op {
	return &Op{Name: name, Kind: KindUnary,
		Infer: func(n *Node) {
			x := n.In[0]
			if x.DType.IsFloat() && f == nil || x.DType.IsInt() && i == nil || x.DType == tensor.Bool && s == nil || x.DType == tensor.String {
				panic(&Error{Msg: fmt.Sprintf("%s is not defined for %s", name, x.DType)})
			}
			n.SetOut(tensor.Bool, x.Shape...)
		},
		Eval: func(_ *Node, in, out []Buf) error {
			for k, x := range in[0].F {
				out[0].B[k] = f(float64(x))
			}
			for k, x := range in[0].D {
				out[0].B[k] = f(x)
			}
			for k, x := range in[0].I {
				out[0].B[k] = i(x)
			}
			for k, x := range in[0].B {
				out[0].B[k] = s(x)
			}
			return nil
		}}
}

func never[T any](T) bool  { return false }
func always[T any](T) bool { return true }

// The tests of single elements.
var (
	OpLogicalNot = predicate("logical_not", nil, nil, func(x bool) bool { return !x })
	OpIsNaN      = predicate("isnan", math.IsNaN, never[int64], never[bool])
	OpIsInf      = predicate("isinf", func(x float64) bool { return math.IsInf(x, 0) }, never[int64], never[bool])
	OpIsPosInf   = predicate("isposinf", func(x float64) bool { return math.IsInf(x, 1) }, never[int64], never[bool])
	OpIsNegInf   = predicate("isneginf", func(x float64) bool { return math.IsInf(x, -1) }, never[int64], never[bool])
	OpIsFinite   = predicate("isfinite", func(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }, always[int64], always[bool])
	OpSignbit    = predicate("signbit", math.Signbit, func(x int64) bool { return x < 0 }, never[bool])
)

// Not inverts a bool value.
func (b *Builder) Not(x *Value) *Value { return b.Emit1(OpLogicalNot, nil, x) }
