package graph

import (
	"fmt"
	"math"
	"slices"

	"github.com/hornml/horn/tensor"
)

// Reduction says how the elements of a group become one. Its name is its identity: no two have the same.
type Reduction struct {
	Name    string
	start   func() acc
	allowed func(tensor.DType) bool
}

// acc takes the elements of one result in turn. Floats are accumulated in float64.
type acc interface {
	f(x float64)
	i(x int64)
	b(x bool)
	result() (f float64, i int64, b bool)
}

// Reduce combines the elements along some axes, given from 0 and in order; the axes stay, with length 1.
type Reduce struct {
	Fn   *Reduction
	Axes []int
}

// ReductionOf returns how a [Reduce] combines elements, nil for other ops.
func ReductionOf(op Op) *Reduction {
	r, _ := op.(Reduce)
	return r.Fn
}

// Name implements Op.
func (op Reduce) Name() string { return op.Fn.Name }

// Infer implements Op.
func (op Reduce) Infer(n *Node) {
	x := n.In[0]
	if !op.Fn.allowed(x.DType) {
		panic(&Error{Msg: fmt.Sprintf("%s is not defined for %s", op.Fn.Name, x.DType)})
	}
	shape := slices.Clone(x.Shape)
	for _, a := range op.Axes {
		shape[a] = 1
	}
	n.SetOut(x.DType, shape...)
}

// Eval implements Op.
func (op Reduce) Eval(n *Node, in, out []Buf) error {
	x := n.In[0]
	var own, outer, inner [MaxRank]int
	strides(&own, x.Shape)
	innerShape, outerShape := slices.Clone(x.Shape), slices.Clone(n.Out[0].Shape)
	for i := range x.Shape {
		outer[i], inner[i] = own[i], own[i]
		if !slices.Contains(op.Axes, i) {
			innerShape[i] = 1
		}
	}
	rank := len(x.Shape)
	o := 0
	walk3(outerShape, outer[:rank], outer[:rank], outer[:rank], func(base, _, _, count, step, _, _ int) {
		for range count {
			a := op.Fn.start()
			walk3(innerShape, inner[:rank], inner[:rank], inner[:rank], func(i, _, _, n, d, _, _ int) {
				i += base
				for range n {
					switch {
					case in[0].F != nil:
						a.f(float64(in[0].F[i]))
					case in[0].D != nil:
						a.f(in[0].D[i])
					case in[0].I != nil:
						a.i(in[0].I[i])
					case in[0].B != nil:
						a.b(in[0].B[i])
					}
					i += d
				}
			})
			f, i, b := a.result()
			switch {
			case out[0].F != nil:
				out[0].F[o] = float32(f)
			case out[0].D != nil:
				out[0].D[o] = f
			case out[0].I != nil:
				out[0].I[o] = i
			case out[0].B != nil:
				out[0].B[o] = b
			}
			o++
			base += step
		}
	})
	return nil
}

// Permute implements Permuter.
func (op Reduce) Permute(axes []int) Op {
	moved := make([]int, len(op.Axes))
	for i, a := range op.Axes {
		moved[i] = axes[a]
	}
	slices.Sort(moved)
	return Reduce{op.Fn, moved}
}

type sumAcc struct {
	s float64
	n int64
}

func (a *sumAcc) f(x float64)                    { a.s += x }
func (a *sumAcc) i(x int64)                      { a.n += x }
func (a *sumAcc) b(bool)                         {}
func (a *sumAcc) result() (float64, int64, bool) { return a.s, a.n, false }

type meanAcc struct {
	s float64
	n int
}

func (a *meanAcc) f(x float64)                    { a.s += x; a.n++ }
func (a *meanAcc) i(int64)                        {}
func (a *meanAcc) b(bool)                         {}
func (a *meanAcc) result() (float64, int64, bool) { return a.s / float64(a.n), 0, false }

type prodAcc struct {
	p float64
	n int64
}

func (a *prodAcc) f(x float64)                    { a.p *= x }
func (a *prodAcc) i(x int64)                      { a.n *= x }
func (a *prodAcc) b(bool)                         {}
func (a *prodAcc) result() (float64, int64, bool) { return a.p, a.n, false }

type maxAcc struct {
	m float64
	n int64
	t bool
}

func (a *maxAcc) f(x float64)                    { a.m = max(a.m, x) }
func (a *maxAcc) i(x int64)                      { a.n = max(a.n, x) }
func (a *maxAcc) b(x bool)                       { a.t = a.t || x }
func (a *maxAcc) result() (float64, int64, bool) { return a.m, a.n, a.t }

type minAcc struct {
	m float64
	n int64
	t bool
}

func (a *minAcc) f(x float64)                    { a.m = min(a.m, x) }
func (a *minAcc) i(x int64)                      { a.n = min(a.n, x) }
func (a *minAcc) b(x bool)                       { a.t = a.t && x }
func (a *minAcc) result() (float64, int64, bool) { return a.m, a.n, a.t }

func isNumber(d tensor.DType) bool       { return d.IsFloat() || d.IsInt() }
func isNumberOrBool(d tensor.DType) bool { return isNumber(d) || d == tensor.Bool }

// The reductions. The maximum and minimum of bools are "any" and "all"; the maximum of nothing is -infinity.
var (
	Sum       = &Reduction{"sum", func() acc { return new(sumAcc) }, isNumber}
	Mean      = &Reduction{"mean", func() acc { return new(meanAcc) }, tensor.DType.IsFloat}
	Prod      = &Reduction{"prod", func() acc { return &prodAcc{1, 1} }, isNumber}
	ReduceMax = &Reduction{"max", func() acc { return &maxAcc{m: math.Inf(-1), n: math.MinInt64} }, isNumberOrBool}
	ReduceMin = &Reduction{"min", func() acc { return &minAcc{m: math.Inf(1), n: math.MaxInt64, t: true} }, isNumberOrBool}
)

// Reduce combines x along the axes, all if none is given; keep leaves them with length 1.
func (b *Builder) Reduce(r *Reduction, x *Value, keep bool, axes ...int) *Value {
	if len(axes) == 0 {
		axes = seq(x.Rank())
	}
	seen := make([]bool, x.Rank())
	for _, a := range axes {
		a = b.Axis(a, x.Rank())
		if seen[a] {
			b.Fail("%s: axis %d is named twice", r.Name, a)
		}
		seen[a] = true
	}
	sorted := make([]int, 0, len(axes))
	kept := make([]int, 0, x.Rank())
	for i := range seen {
		if seen[i] {
			sorted = append(sorted, i)
		} else {
			kept = append(kept, x.Shape[i])
		}
	}
	y := b.Emit1(Reduce{r, sorted}, x)
	if keep {
		return y
	}
	return b.Reshape(y, kept...)
}

// Sum adds along the axes, all if none is given, and drops them; SumKeep leaves them with length 1.
//
//go:noinline
func (b *Builder) Sum(x *Value, axes ...int) *Value { return b.Reduce(Sum, x, false, axes...) }

//go:noinline
func (b *Builder) SumKeep(x *Value, axes ...int) *Value { return b.Reduce(Sum, x, true, axes...) }

// Mean averages floats along the axes, all if none is given, and drops them; MeanKeep leaves them with length 1.
//
//go:noinline
func (b *Builder) Mean(x *Value, axes ...int) *Value { return b.Reduce(Mean, x, false, axes...) }

//go:noinline
func (b *Builder) MeanKeep(x *Value, axes ...int) *Value { return b.Reduce(Mean, x, true, axes...) }

// Any and All combine bools along the axes, all if none is given, and drop them.
//
//go:noinline
func (b *Builder) Any(x *Value, axes ...int) *Value { return b.Reduce(ReduceMax, x, false, axes...) }
func (b *Builder) All(x *Value, axes ...int) *Value { return b.Reduce(ReduceMin, x, false, axes...) }
