package graph

import (
	"math"
	"slices"
	"sort"

	"github.com/hornml/horn/tensor"
)

// along describes the lines of a tensor along one axis: line l starts at start(l) and its elements are step apart.
type along struct{ lines, size, step int }

func alongAxis(shape []int, axis int) along {
	return along{lines: product(shape[:axis]) * product(shape[axis+1:]), size: shape[axis], step: product(shape[axis+1:])}
}

func (a along) start(line int) int { return line/a.step*a.step*a.size + line%a.step }

// Float64 returns element i as float64; integers above 2^53 lose digits, so it serves floats and small numbers.
func (b Buf) Float64(i int) float64 {
	switch {
	case b.F != nil:
		return float64(b.F[i])
	case b.D != nil:
		return b.D[i]
	case b.I != nil:
		return float64(b.I[i])
	case b.B != nil && b.B[i]:
		return 1
	}
	return 0
}

// SetFloat64 stores v, rounded to the buffer's class, as element i of a buffer of floats.
func (b Buf) SetFloat64(i int, v float64) {
	if b.F != nil {
		b.F[i] = float32(v)
	} else {
		b.D[i] = v
	}
}

// less orders the elements i and j of a buffer; NaN comes last, as in NumPy.
func (b Buf) less(i, j int) bool {
	if b.I != nil {
		return b.I[i] < b.I[j]
	}
	if b.S != nil {
		return b.S[i] < b.S[j]
	}
	x, y := b.Float64(i), b.Float64(j)
	return x < y || math.IsNaN(y) && !math.IsNaN(x)
}

// Argsort returns, as int32, the indices that sort along an axis, equal elements in their order.
type Argsort struct{ Axis int }

// Name implements Op.
func (Argsort) Name() string { return "argsort" }

// Infer implements Op.
func (Argsort) Infer(n *Node) { n.SetOut(tensor.Int32, n.In[0].Shape...) }

// Eval implements Op.
func (op Argsort) Eval(n *Node, in, out []Buf) error {
	a := alongAxis(n.In[0].Shape, op.Axis)
	order := make([]int, a.size)
	for l := range a.lines {
		at := a.start(l)
		for i := range order {
			order[i] = i
		}
		sort.SliceStable(order, func(i, j int) bool { return in[0].less(at+order[i]*a.step, at+order[j]*a.step) })
		for i, j := range order {
			out[0].I[at+i*a.step] = int64(j)
		}
	}
	return nil
}

// Argsort returns the int32 indices that sort x along an axis, ascending and stable, NaN last.
func (b *Builder) Argsort(x *Value, axis int) *Value {
	return b.Emit1(Argsort{b.Axis(axis, x.Rank())}, x)
}

// Sort sorts x along an axis, ascending, NaN last.
func (b *Builder) Sort(x *Value, axis int) *Value { return b.TakeAlong(x, b.Argsort(x, axis), axis) }

// ArgExtreme returns the int32 index of the first largest (or smallest) element along an axis, which stays with length 1. A
// NaN counts as both.
type ArgExtreme struct {
	Axis     int
	Smallest bool
}

// Name implements Op.
func (op ArgExtreme) Name() string {
	if op.Smallest {
		return "argmin"
	}
	return "argmax"
}

// Infer implements Op.
func (op ArgExtreme) Infer(n *Node) {
	x := n.In[0]
	shape := slices.Clone(x.Shape)
	if shape[op.Axis] == 0 {
		panic(&Error{Msg: op.Name() + ": the axis is empty"})
	}
	shape[op.Axis] = 1
	n.SetOut(tensor.Int32, shape...)
}

// Eval implements Op.
func (op ArgExtreme) Eval(n *Node, in, out []Buf) error {
	a := alongAxis(n.In[0].Shape, op.Axis)
	for l := range a.lines {
		at := a.start(l)
		best := 0
		for i := 1; i < a.size; i++ {
			if op.better(in[0], at+i*a.step, at+best*a.step) {
				best = i
			}
		}
		out[0].I[l] = int64(best)
	}
	return nil
}

func (op ArgExtreme) better(b Buf, i, best int) bool {
	if b.I != nil {
		if op.Smallest {
			return b.I[i] < b.I[best]
		}
		return b.I[i] > b.I[best]
	}
	x, y := b.Float64(i), b.Float64(best)
	if op.Smallest {
		x, y = -x, -y
	}
	return !math.IsNaN(y) && (x > y || math.IsNaN(x))
}

// Argmax returns the int32 index of the first largest element along an axis, which stays with length 1.
func (b *Builder) Argmax(x *Value, axis int) *Value {
	return b.Emit1(ArgExtreme{Axis: b.Axis(axis, x.Rank())}, x)
}

// Argmin returns the int32 index of the first smallest element along an axis, which stays with length 1.
func (b *Builder) Argmin(x *Value, axis int) *Value {
	return b.Emit1(ArgExtreme{b.Axis(axis, x.Rank()), true}, x)
}

// Cumulative accumulates along an axis: sums, or products.
type Cumulative struct {
	Axis    int
	Product bool
}

// Name implements Op.
func (op Cumulative) Name() string {
	if op.Product {
		return "cumprod"
	}
	return "cumsum"
}

// Infer implements Op.
func (Cumulative) Infer(n *Node) { n.SetOut(n.In[0].DType, n.In[0].Shape...) }

// Eval implements Op.
func (op Cumulative) Eval(n *Node, in, out []Buf) error {
	a, f := alongAxis(n.In[0].Shape, op.Axis), Add
	if op.Product {
		f = Mul
	}
	for l := range a.lines {
		at := a.start(l)
		var sum float64
		var whole int64
		for k := range a.size {
			i := at + k*a.step
			switch {
			case in[0].I != nil && k == 0:
				whole = in[0].I[i]
			case in[0].I != nil:
				whole = f.I(whole, in[0].I[i])
			case k == 0:
				sum = in[0].Float64(i)
			default:
				sum = f.F(sum, in[0].Float64(i))
			}
			if in[0].I != nil {
				out[0].I[i] = whole
			} else {
				out[0].SetFloat64(i, sum)
			}
		}
	}
	return nil
}

// Cumsum adds up along an axis.
func (b *Builder) Cumsum(x *Value, axis int) *Value {
	return b.Emit1(Cumulative{Axis: b.Axis(axis, x.Rank())}, x)
}

// Cumprod multiplies along an axis.
func (b *Builder) Cumprod(x *Value, axis int) *Value {
	return b.Emit1(Cumulative{b.Axis(axis, x.Rank()), true}, x)
}
