package graph

import (
	"fmt"
	"math"

	"github.com/hornml/horn/tensor"
)

// Binary is a function of two values of one type. Its name is its identity: no two have the same. A nil function means that
// it is not for that class of types.
type Binary struct {
	Name string
	F    func(x, y float64) float64 // computed in float64 and rounded
	I    func(x, y int64) int64
	B    func(x, y bool) bool
	D    PairSlope // its derivatives; nil: 0 everywhere, or none
}

// NewBinary returns a function of two values of one type: f for floats, i for integers, l for bools; nil where it is not for
// them. Its derivatives are d, nil if they are 0 or do not exist.
func NewBinary(name string, f func(x, y float64) float64, i func(x, y int64) int64, l func(x, y bool) bool, d PairSlope) *Binary {
	return &Binary{Name: name, F: f, I: i, B: l, D: d}
}

// Pairwise applies a function of two values to each pair of elements of two inputs of one type, which broadcast as in NumPy,
// and keeps the type.
type Pairwise struct{ Fn *Binary }

// Name implements Op.
func (op Pairwise) Name() string { return op.Fn.Name }

// Infer implements Op.
func (op Pairwise) Infer(n *Node) {
	d, f := inferPair(n), op.Fn
	if d.IsFloat() && f.F == nil || d.IsInt() && f.I == nil || d == tensor.Bool && f.B == nil || d == tensor.String {
		panic(&Error{Msg: fmt.Sprintf("%s is not defined for %s", f.Name, d)})
	}
	n.SetOut(d, pairShape(n)...)
}

// Eval implements Op.
func (op Pairwise) Eval(n *Node, in, out []Buf) error {
	f := op.Fn
	switch shape, x, y := n.Out[0].Shape, n.In[0].Shape, n.In[1].Shape; {
	case out[0].F != nil:
		zip(shape, x, y, out[0].F, in[0].F, in[1].F, func(a, b float32) float32 { return float32(f.F(float64(a), float64(b))) })
	case out[0].D != nil:
		zip(shape, x, y, out[0].D, in[0].D, in[1].D, f.F)
	case out[0].I != nil:
		zip(shape, x, y, out[0].I, in[0].I, in[1].I, f.I)
	case out[0].B != nil:
		zip(shape, x, y, out[0].B, in[0].B, in[1].B, f.B)
	}
	return nil
}

// ByElement implements the face of that name.
func (Pairwise) ByElement() {}

// BinaryOf returns the function that an op applies to pairs of elements, nil for ops that are no [Pairwise].
func BinaryOf(op Op) *Binary {
	p, _ := op.(Pairwise)
	return p.Fn
}

func inferPair(n *Node) tensor.DType {
	if n.In[0].DType != n.In[1].DType {
		panic(&Error{Msg: fmt.Sprintf("%s: operands of types %s and %s", n.Op.Name(), n.In[0].DType, n.In[1].DType)})
	}
	return n.In[0].DType
}

func pairShape(n *Node) []int {
	shape, err := tensor.Broadcast(n.In[0].Shape, n.In[1].Shape)
	if err != nil {
		panic(&Error{Msg: fmt.Sprintf("%s: %v", n.Op.Name(), err)})
	}
	return shape
}

// zip stores f(x, y) at each position of shape, to which the two operands broadcast.
func zip[T, R any](shape, xs, ys []int, out []R, x, y []T, f func(x, y T) R) {
	var so, sx, sy [MaxRank]int
	walk3(shape, strides(&so, shape), broadcastStrides(&sx, xs, shape), broadcastStrides(&sy, ys, shape),
		func(o, i, j, n, _, dx, dy int) {
			for k := range n {
				out[o+k] = f(x[i], y[j])
				i += dx
				j += dy
			}
		})
}

// The functions of two numbers.
var (
	Add = NewBinary("add", func(x, y float64) float64 { return x + y }, func(x, y int64) int64 { return x + y },
		func(x, y bool) bool { return x || y }, pairSlopes{})
	Sub = NewBinary("subtract", func(x, y float64) float64 { return x - y }, func(x, y int64) int64 { return x - y }, nil, pairSlopes{})
	Mul = NewBinary("multiply", func(x, y float64) float64 { return x * y }, func(x, y int64) int64 { return x * y },
		func(x, y bool) bool { return x && y }, pairSlopes{})
	Div = NewBinary("divide", func(x, y float64) float64 { return x / y }, nil, nil, pairSlopes{})
	Max = NewBinary("maximum", maximum, func(x, y int64) int64 { return max(x, y) }, func(x, y bool) bool { return x || y }, pairSlopes{})
	Min = NewBinary("minimum", minimum, func(x, y int64) int64 { return min(x, y) }, func(x, y bool) bool { return x && y }, pairSlopes{})
	Pow = NewBinary("power", math.Pow, powInt, nil, pairSlopes{})
	// FloorDiv rounds to minus infinity, as Python's //; an integer divided by 0 gives 0.
	FloorDiv = NewBinary("floor_divide", floorDiv, floorDivInt, nil, nil)
	// Mod has the sign of the divisor, as Python's %; an integer modulo 0 gives 0.
	Mod        = NewBinary("mod", pythonMod, pythonModInt, nil, pairSlopes{})
	Fmod       = NewBinary("fmod", math.Mod, fmodInt, nil, pairSlopes{})
	Atan2      = NewBinary("arctan2", math.Atan2, nil, nil, pairSlopes{})
	Hypot      = NewBinary("hypot", math.Hypot, nil, nil, pairSlopes{})
	BitAnd     = NewBinary("bitwise_and", nil, func(x, y int64) int64 { return x & y }, func(x, y bool) bool { return x && y }, nil)
	BitOr      = NewBinary("bitwise_or", nil, func(x, y int64) int64 { return x | y }, func(x, y bool) bool { return x || y }, nil)
	BitXor     = NewBinary("bitwise_xor", nil, func(x, y int64) int64 { return x ^ y }, func(x, y bool) bool { return x != y }, nil)
	LShift     = NewBinary("left_shift", nil, func(x, y int64) int64 { return x << min(uint64(y), 64) }, nil, nil)
	RShift     = NewBinary("right_shift", nil, func(x, y int64) int64 { return x >> min(uint64(y), 63) }, nil, nil)
	LogicalAnd = NewBinary("logical_and", nil, nil, func(x, y bool) bool { return x && y }, nil)
	LogicalOr  = NewBinary("logical_or", nil, nil, func(x, y bool) bool { return x || y }, nil)
	LogicalXor = NewBinary("logical_xor", nil, nil, func(x, y bool) bool { return x != y }, nil)
)

// maximum and minimum are NaN where an operand is; math.Max and math.Min prefer infinities.
func maximum(x, y float64) float64 { return max(x, y) }
func minimum(x, y float64) float64 { return min(x, y) }

// floorDiv is exact where x/y would round up to a whole number: 1 // 0.1 is 9.
func floorDiv(x, y float64) float64 {
	if y == 0 {
		return x / y
	}
	m := math.Mod(x, y)
	q := (x - m) / y
	if m != 0 && (m < 0) != (y < 0) {
		q--
	}
	return math.Round(q)
}

func floorDivInt(x, y int64) int64 {
	if y == 0 {
		return 0
	}
	q := x / y
	if x%y != 0 && (x < 0) != (y < 0) {
		q--
	}
	return q
}

func pythonMod(x, y float64) float64 {
	m := math.Mod(x, y)
	if m != 0 && (m < 0) != (y < 0) {
		m += y
	}
	return m
}

func pythonModInt(x, y int64) int64 {
	if y == 0 {
		return 0
	}
	m := x % y
	if m != 0 && (m < 0) != (y < 0) {
		m += y
	}
	return m
}

func fmodInt(x, y int64) int64 {
	if y == 0 {
		return 0
	}
	return x % y
}

func powInt(x, y int64) int64 {
	if y < 0 {
		switch x {
		case 1:
			return 1
		case -1:
			return 1 - 2*(y&1)
		}
		return 0
	}
	r := int64(1)
	for ; y > 0; y >>= 1 {
		if y&1 != 0 {
			r *= x
		}
		x *= x
	}
	return r
}

// Comparison is a question about two elements of one type. Its name is its identity: no two have the same.
type Comparison struct {
	Name string
	F    func(x, y float64) bool
	I    func(x, y int64) bool // integers, and bools as 0 and 1
	S    func(x, y string) bool
}

// Compare asks a question about each pair of elements of two inputs of one type, which broadcast; the answers are bools.
type Compare struct{ Fn *Comparison }

// Name implements Op.
func (op Compare) Name() string { return op.Fn.Name }

// Infer implements Op.
func (op Compare) Infer(n *Node) {
	inferPair(n)
	n.SetOut(tensor.Bool, pairShape(n)...)
}

// Eval implements Op.
func (op Compare) Eval(n *Node, in, out []Buf) error {
	f := op.Fn
	switch o, shape, x, y := out[0].B, n.Out[0].Shape, n.In[0].Shape, n.In[1].Shape; {
	case in[0].F != nil:
		zip(shape, x, y, o, in[0].F, in[1].F, func(a, b float32) bool { return f.F(float64(a), float64(b)) })
	case in[0].D != nil:
		zip(shape, x, y, o, in[0].D, in[1].D, f.F)
	case in[0].I != nil:
		zip(shape, x, y, o, in[0].I, in[1].I, f.I)
	case in[0].B != nil:
		zip(shape, x, y, o, in[0].B, in[1].B, func(a, b bool) bool { return f.I(truth(a), truth(b)) })
	case in[0].S != nil:
		zip(shape, x, y, o, in[0].S, in[1].S, f.S)
	}
	return nil
}

// ByElement implements the face of that name.
func (Compare) ByElement() {}

func truth(x bool) int64 {
	if x {
		return 1
	}
	return 0
}

// The comparisons.
var (
	Equal = &Comparison{"equal", func(x, y float64) bool { return x == y }, func(x, y int64) bool { return x == y },
		func(x, y string) bool { return x == y }}
	NotEqual = &Comparison{"not_equal", func(x, y float64) bool { return x != y }, func(x, y int64) bool { return x != y },
		func(x, y string) bool { return x != y }}
	Less = &Comparison{"less", func(x, y float64) bool { return x < y }, func(x, y int64) bool { return x < y },
		func(x, y string) bool { return x < y }}
	LessEqual = &Comparison{"less_equal", func(x, y float64) bool { return x <= y }, func(x, y int64) bool { return x <= y },
		func(x, y string) bool { return x <= y }}
	Greater = &Comparison{"greater", func(x, y float64) bool { return x > y }, func(x, y int64) bool { return x > y },
		func(x, y string) bool { return x > y }}
	GreaterEqual = &Comparison{"greater_equal", func(x, y float64) bool { return x >= y }, func(x, y int64) bool { return x >= y },
		func(x, y string) bool { return x >= y }}
)

// Binary appends an elementwise op of two inputs of one type.
//
//go:noinline
func (b *Builder) Binary(op *Binary, x, y *Value) *Value { return b.Emit1(Pairwise{op}, x, y) }

// Add and the methods after it append the elementwise op of their name; the operands have one type and broadcast.
//
//go:noinline
func (b *Builder) Add(x, y *Value) *Value { return b.Binary(Add, x, y) }

//go:noinline
func (b *Builder) Sub(x, y *Value) *Value { return b.Binary(Sub, x, y) }

//go:noinline
func (b *Builder) Mul(x, y *Value) *Value { return b.Binary(Mul, x, y) }

//go:noinline
func (b *Builder) Div(x, y *Value) *Value { return b.Binary(Div, x, y) }
func (b *Builder) Max(x, y *Value) *Value { return b.Binary(Max, x, y) }
func (b *Builder) Min(x, y *Value) *Value { return b.Binary(Min, x, y) }
func (b *Builder) Pow(x, y *Value) *Value { return b.Binary(Pow, x, y) }
func (b *Builder) And(x, y *Value) *Value { return b.Binary(LogicalAnd, x, y) }
func (b *Builder) Or(x, y *Value) *Value  { return b.Binary(LogicalOr, x, y) }

// Compare appends one of the comparisons.
//
//go:noinline
func (b *Builder) Compare(f *Comparison, x, y *Value) *Value { return b.Emit1(Compare{f}, x, y) }

// AddS adds a number to every element.
func (b *Builder) AddS(x *Value, v float64) *Value { return b.Add(x, b.Scalar(x.DType, v)) }

// MulS multiplies every element by a number.
func (b *Builder) MulS(x *Value, v float64) *Value { return b.Mul(x, b.Scalar(x.DType, v)) }

// Where takes elements of the second input where the first, a bool, is true, else of the third; all broadcast.
type Where struct{}

// Name implements Op.
func (Where) Name() string { return "where" }

// Infer implements Op.
func (Where) Infer(n *Node) {
	c, x, y := n.In[0], n.In[1], n.In[2]
	if c.DType != tensor.Bool || x.DType != y.DType {
		panic(&Error{Msg: fmt.Sprintf("where: a condition of type %s for values of types %s and %s", c.DType, x.DType, y.DType)})
	}
	shape, err := tensor.Broadcast(x.Shape, y.Shape)
	if err == nil {
		shape, err = tensor.Broadcast(shape, c.Shape)
	}
	if err != nil {
		panic(&Error{Msg: "where: " + err.Error()})
	}
	n.SetOut(x.DType, shape...)
}

// Eval implements Op.
func (Where) Eval(n *Node, in, out []Buf) error {
	switch {
	case out[0].F != nil:
		where(n, out[0].F, in[0].B, in[1].F, in[2].F)
	case out[0].D != nil:
		where(n, out[0].D, in[0].B, in[1].D, in[2].D)
	case out[0].I != nil:
		where(n, out[0].I, in[0].B, in[1].I, in[2].I)
	case out[0].B != nil:
		where(n, out[0].B, in[0].B, in[1].B, in[2].B)
	case out[0].S != nil:
		where(n, out[0].S, in[0].B, in[1].S, in[2].S)
	}
	return nil
}

// ByElement implements the face of that name.
func (Where) ByElement() {}

func where[T any](n *Node, out []T, c []bool, x, y []T) {
	shape := n.Out[0].Shape
	var sc, sx, sy [MaxRank]int
	o := 0
	walk3(shape, broadcastStrides(&sc, n.In[0].Shape, shape), broadcastStrides(&sx, n.In[1].Shape, shape),
		broadcastStrides(&sy, n.In[2].Shape, shape),
		func(i, j, k, n, dc, dx, dy int) {
			for range n {
				if c[i] {
					out[o] = x[j]
				} else {
					out[o] = y[k]
				}
				o++
				i, j, k = i+dc, j+dx, k+dy
			}
		})
}

// Where returns x where cond is true, else y.
//
//go:noinline
func (b *Builder) Where(cond, x, y *Value) *Value { return b.Emit1(Where{}, cond, x, y) }
