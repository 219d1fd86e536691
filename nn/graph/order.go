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

// OpArgsort returns, as int32, the indices that sort along an axis (int attrs), equal elements in their order.
var OpArgsort = &Op{Name: "argsort",
	Infer: func(n *Node) { n.SetOut(tensor.Int32, n.In[0].Shape...) },
	Eval: func(n *Node, in, out []Buf) error {
		a := alongAxis(n.In[0].Shape, n.Attrs.(int))
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
	}}

// Argsort returns the int32 indices that sort x along an axis, ascending and stable, NaN last.
func (b *Builder) Argsort(x *Value, axis int) *Value {
	return b.Emit1(OpArgsort, b.Axis(axis, x.Rank()), x)
}

// Sort sorts x along an axis, ascending, NaN last.
func (b *Builder) Sort(x *Value, axis int) *Value { return b.TakeAlong(x, b.Argsort(x, axis), axis) }

func argExtreme(name string, better func(b Buf, i, best int) bool) *Op {
	return &Op{Name: name,
		Infer: func(n *Node) {
			axis, x := n.Attrs.(int), n.In[0]
			shape := slices.Clone(x.Shape)
			if shape[axis] == 0 {
				panic(&Error{Msg: name + ": the axis is empty"})
			}
			shape[axis] = 1
			n.SetOut(tensor.Int32, shape...)
		},
		Eval: func(n *Node, in, out []Buf) error {
			a := alongAxis(n.In[0].Shape, n.Attrs.(int))
			for l := range a.lines {
				at := a.start(l)
				best := 0
				for i := 1; i < a.size; i++ {
					if better(in[0], at+i*a.step, at+best*a.step) {
						best = i
					}
				}
				out[0].I[l] = int64(best)
			}
			return nil
		}}
}

// OpArgmax and OpArgmin return the int32 index of the first largest or smallest element along an axis (int attrs), which
// stays with length 1. A NaN counts as both.
var (
	OpArgmax = argExtreme("argmax", func(b Buf, i, best int) bool {
		if b.I != nil {
			return b.I[i] > b.I[best]
		}
		x, y := b.Float64(i), b.Float64(best)
		return !math.IsNaN(y) && (x > y || math.IsNaN(x))
	})
	OpArgmin = argExtreme("argmin", func(b Buf, i, best int) bool {
		if b.I != nil {
			return b.I[i] < b.I[best]
		}
		x, y := b.Float64(i), b.Float64(best)
		return !math.IsNaN(y) && (x < y || math.IsNaN(x))
	})
)

// Arg appends OpArgmax or OpArgmin; the axis stays with length 1.
func (b *Builder) Arg(op *Op, x *Value, axis int) *Value {
	return b.Emit1(op, b.Axis(axis, x.Rank()), x)
}

func cumulative(name string, f func(x, y float64) float64, i func(x, y int64) int64) *Op {
	return &Op{Name: name,
		Infer: func(n *Node) { n.SetOut(n.In[0].DType, n.In[0].Shape...) },
		Eval: func(n *Node, in, out []Buf) error {
			a := alongAxis(n.In[0].Shape, n.Attrs.(int))
			for l := range a.lines {
				at := a.start(l)
				if in[0].I != nil {
					var sum int64
					for k := range a.size {
						v := in[0].I[at+k*a.step]
						if k > 0 {
							v = i(sum, v)
						}
						sum = v
						out[0].I[at+k*a.step] = sum
					}
					continue
				}
				var sum float64
				for k := range a.size {
					v := in[0].Float64(at + k*a.step)
					if k > 0 {
						v = f(sum, v)
					}
					sum = v
					if out[0].F != nil {
						out[0].F[at+k*a.step] = float32(sum)
					} else {
						out[0].D[at+k*a.step] = sum
					}
				}
			}
			return nil
		}}
}

// OpCumsum and OpCumprod accumulate along an axis (int attrs).
var (
	OpCumsum  = cumulative("cumsum", func(x, y float64) float64 { return x + y }, func(x, y int64) int64 { return x + y })
	OpCumprod = cumulative("cumprod", func(x, y float64) float64 { return x * y }, func(x, y int64) int64 { return x * y })
)

// Cumsum adds up along an axis.
func (b *Builder) Cumsum(x *Value, axis int) *Value {
	return b.Emit1(OpCumsum, b.Axis(axis, x.Rank()), x)
}
