package graph

import (
	"fmt"
	"slices"

	"github.com/hornml/horn/tensor"
)

// moveAll runs the instance of a generic function that fits the class of the buffers. Movement ops use it: they copy
// elements of any type.
func moveAll(in, out []Buf, f func(class Class)) {
	switch {
	case out[0].F != nil:
		f(ClassF)
	case out[0].D != nil:
		f(ClassD)
	case out[0].I != nil:
		f(ClassI)
	case out[0].B != nil:
		f(ClassB)
	case out[0].S != nil:
		f(ClassS)
	}
}

// Reshape gives the same elements another shape.
type Reshape struct{ Shape []int }

// Name implements Op.
func (Reshape) Name() string { return "reshape" }

// Infer implements Op.
func (op Reshape) Infer(n *Node) {
	shape := op.Shape
	if size, ok := sizeOf(shape); !ok || !Fits(size, n.In[0].Size()) {
		panic(&Error{Msg: fmt.Sprintf("reshape: %s does not reshape to %s", n.In[0], tensor.FormatShape(shape))})
	}
	n.SetOut(n.In[0].DType, shape...)
}

// Eval implements Op.
func (Reshape) Eval(_ *Node, in, out []Buf) error { out[0].Copy(in[0]); return nil }

// Reshape gives x another shape. One dimension may be -1: it is what the others leave of x. Others may be [Unknown].
func (b *Builder) Reshape(x *Value, shape ...int) *Value {
	shape = slices.Clone(shape)
	if i := slices.Index(shape, -1); i >= 0 {
		rest, ok := remaining(x.Shape, slices.Delete(slices.Clone(shape), i, i+1))
		if !ok {
			b.Fail("reshape: %s does not reshape to %s", x, tensor.FormatShape(shape))
		}
		shape[i] = rest
	}
	if slices.Equal(shape, x.Shape) {
		return x
	}
	return b.Emit1(Reshape{shape}, x)
}

// remaining returns the length that makes a shape, with the given other lengths, as large as `whole`; ok is false if there is
// none. Where both have as many unknown lengths, these are taken to be the same, and the rest tells the length.
func remaining(whole, others []int) (d int, ok bool) {
	split := func(shape []int) (known, unknown int) {
		known = 1
		for _, d := range shape {
			if d < 0 {
				unknown++
			} else {
				known = Times(known, d)
			}
		}
		return known, unknown
	}
	size, u := split(whole)
	rest, v := split(others)
	switch {
	case rest == 0:
		return 0, size == 0 || u > 0
	case u == 0 && v == 0:
		return size / rest, rest > 0 && size%rest == 0
	case u == v && size%rest == 0:
		return size / rest, true
	}
	return Unknown, true
}

// ExpandDims inserts an axis of length 1; axis counts in the result and may be negative.
func (b *Builder) ExpandDims(x *Value, axis int) *Value {
	axis = b.Axis(axis, x.Rank()+1)
	return b.Reshape(x, slices.Insert(slices.Clone(x.Shape), axis, 1)...)
}

// Squeeze removes an axis of length 1.
func (b *Builder) Squeeze(x *Value, axis int) *Value {
	axis = b.Axis(axis, x.Rank())
	if !Fits(x.Shape[axis], 1) {
		b.Fail("squeeze: axis %d of %s is not 1", axis, x)
	}
	return b.Reshape(x, slices.Delete(slices.Clone(x.Shape), axis, axis+1)...)
}

// Axis returns axis as a number from 0 for a tensor of the given rank, and fails if there is no such axis.
func (b *Builder) Axis(axis, rank int) int {
	if axis < -rank || axis >= rank {
		b.Fail("axis %d is out of range for a tensor of rank %d", axis, rank)
	}
	if axis < 0 {
		axis += rank
	}
	return axis
}

// Transpose reorders the axes: output axis i is input axis Axes[i].
type Transpose struct{ Axes []int }

// Name implements Op.
func (Transpose) Name() string { return "transpose" }

// Infer implements Op.
func (op Transpose) Infer(n *Node) {
	x, axes := n.In[0], op.Axes
	shape := make([]int, len(axes))
	seen := make([]bool, len(axes))
	for i, a := range axes {
		if len(axes) != x.Rank() || a < 0 || a >= x.Rank() || seen[a] {
			panic(&Error{Msg: fmt.Sprintf("transpose: axes %v do not permute %s", axes, x)})
		}
		seen[a] = true
		shape[i] = x.Shape[a]
	}
	n.SetOut(x.DType, shape...)
}

// Eval implements Op.
func (op Transpose) Eval(n *Node, in, out []Buf) error {
	moveAll(in, out, func(c Class) {
		switch c {
		case ClassF:
			transpose(n, op.Axes, out[0].F, in[0].F)
		case ClassD:
			transpose(n, op.Axes, out[0].D, in[0].D)
		case ClassI:
			transpose(n, op.Axes, out[0].I, in[0].I)
		case ClassB:
			transpose(n, op.Axes, out[0].B, in[0].B)
		case ClassS:
			transpose(n, op.Axes, out[0].S, in[0].S)
		}
	})
	return nil
}

func transpose[T any](n *Node, axes []int, out, in []T) {
	var own, from [MaxRank]int
	strides(&own, n.In[0].Shape)
	for i, a := range axes {
		from[i] = own[a]
	}
	gatherStrided(n.Out[0].Shape, from[:len(axes)], 0, out, in)
}

// gatherStrided fills out, in C order, with the elements of in at base plus strides.
func gatherStrided[T any](shape, from []int, base int, out, in []T) {
	var zero [MaxRank]int
	o := 0
	walk3(shape, from, zero[:len(shape)], zero[:len(shape)], func(i, _, _, n, d, _, _ int) {
		i += base
		if d == 1 {
			copy(out[o:o+n], in[i:i+n])
			o += n
			return
		}
		for range n {
			out[o] = in[i]
			o++
			i += d
		}
	})
}

// Transpose reorders the axes of x: output axis i is x's axis axes[i].
func (b *Builder) Transpose(x *Value, axes ...int) *Value {
	if slices.Equal(axes, seq(x.Rank())) {
		return x
	}
	return b.Emit1(Transpose{slices.Clone(axes)}, x)
}

// SwapAxes exchanges two axes, which may be negative.
func (b *Builder) SwapAxes(x *Value, i, j int) *Value {
	i, j = b.Axis(i, x.Rank()), b.Axis(j, x.Rank())
	axes := make([]int, x.Rank())
	for k := range axes {
		axes[k] = k
	}
	axes[i], axes[j] = j, i
	return b.Transpose(x, axes...)
}

// MoveAxis takes the axis `from` out and puts it at position `to`; both may be negative.
func (b *Builder) MoveAxis(x *Value, from, to int) *Value {
	from, to = b.Axis(from, x.Rank()), b.Axis(to, x.Rank())
	axes := make([]int, 0, x.Rank())
	for k := range x.Rank() {
		if k != from {
			axes = append(axes, k)
		}
	}
	return b.Transpose(x, slices.Insert(axes, to, from)...)
}

// Broadcast repeats elements to fill a shape.
type Broadcast struct{ Shape []int }

// Name implements Op.
func (Broadcast) Name() string { return "broadcast_to" }

// Infer implements Op.
func (op Broadcast) Infer(n *Node) {
	shape := op.Shape
	full, err := tensor.Broadcast(n.In[0].Shape, shape)
	if err != nil || !FitShapes(full, shape) {
		panic(&Error{Msg: fmt.Sprintf("broadcast_to: %s does not broadcast to %s", n.In[0], tensor.FormatShape(shape))})
	}
	n.SetOut(n.In[0].DType, shape...)
}

// Eval implements Op.
func (Broadcast) Eval(n *Node, in, out []Buf) error {
	var s [MaxRank]int
	shape := n.Out[0].Shape
	from := broadcastStrides(&s, n.In[0].Shape, shape)
	gatherAny(shape, from, 0, in, out)
	return nil
}

func gatherAny(shape, from []int, base int, in, out []Buf) {
	moveAll(in, out, func(c Class) {
		switch c {
		case ClassF:
			gatherStrided(shape, from, base, out[0].F, in[0].F)
		case ClassD:
			gatherStrided(shape, from, base, out[0].D, in[0].D)
		case ClassI:
			gatherStrided(shape, from, base, out[0].I, in[0].I)
		case ClassB:
			gatherStrided(shape, from, base, out[0].B, in[0].B)
		case ClassS:
			gatherStrided(shape, from, base, out[0].S, in[0].S)
		}
	})
}

// BroadcastTo repeats x to fill shape.
func (b *Builder) BroadcastTo(x *Value, shape ...int) *Value {
	if slices.Equal(shape, x.Shape) {
		return x
	}
	return b.Emit1(Broadcast{slices.Clone(shape)}, x)
}

// Slice takes a strided part: on each axis Count elements from Start on, Step apart. Step may be negative.
type Slice struct{ Start, Step, Count []int }

// Name implements Op.
func (Slice) Name() string { return "slice" }

// Infer implements Op.
func (op Slice) Infer(n *Node) {
	x := n.In[0]
	for i, d := range x.Shape {
		if op.Count[i] > 0 && Known(d) && Known(op.Start[i]) && !inside(op.Start[i], op.Step[i], op.Count[i], d) {
			panic(&Error{Msg: fmt.Sprintf("slice: %d elements from %d, %d apart, are outside axis %d of %s", op.Count[i], op.Start[i], op.Step[i],
				i, x)})
		}
	}
	n.SetOut(x.DType, op.Count...)
}

// inside reports whether count elements, one or more, from start on and step apart are within an axis of a known length.
func inside(start, step, count, length int) bool {
	switch {
	case start >= length:
		return false
	case step > 0:
		return count-1 <= (length-1-start)/step
	case step < 0:
		return count-1 <= -(start / step)
	}
	return true
}

// Eval implements Op.
func (op Slice) Eval(n *Node, in, out []Buf) error {
	var own, from [MaxRank]int
	base := 0
	for i, s := range strides(&own, n.In[0].Shape) {
		from[i] = s * op.Step[i]
		base += s * op.Start[i]
	}
	gatherAny(n.Out[0].Shape, from[:len(op.Start)], base, in, out)
	return nil
}

// Permute implements Permuter.
func (op Slice) Permute(axes []int) Op {
	return Slice{permuted(op.Start, axes), permuted(op.Step, axes), permuted(op.Count, axes)}
}

// permuted puts the setting of each axis i where axis axes[i] is.
func permuted(x, axes []int) []int {
	y := make([]int, len(x))
	for i, a := range axes {
		y[a] = x[i]
	}
	return y
}

// Slice takes the elements start..stop (stop excluded) along one axis.
//
//go:noinline
func (b *Builder) Slice(x *Value, axis, start, stop int) *Value {
	return b.SliceStep(x, axis, start, 1, stop-start)
}

// SliceStep takes count elements from start on, step apart, along one axis; step may be negative.
func (b *Builder) SliceStep(x *Value, axis, start, step, count int) *Value {
	axis = b.Axis(axis, x.Rank())
	a := Slice{Start: make([]int, x.Rank()), Step: make([]int, x.Rank()), Count: slices.Clone(x.Shape)}
	for i := range a.Step {
		a.Step[i] = 1
	}
	a.Start[axis], a.Step[axis], a.Count[axis] = start, step, count
	return b.SliceAll(x, a)
}

// SliceAll takes a strided part on every axis at once.
func (b *Builder) SliceAll(x *Value, a Slice) *Value {
	whole := true
	for i, c := range a.Count {
		whole = whole && c == x.Shape[i] && a.Step[i] == 1 && (Known(c) || a.Start[i] == 0)
		if Negative(c) || c < 0 && !b.Unknowns {
			b.Fail("slice: axis %d of %s cannot give %d elements", i, x, c)
		}
	}
	if whole {
		return x
	}
	return b.Emit1(a, x)
}

// Flip reverses the order along an axis.
func (b *Builder) Flip(x *Value, axis int) *Value {
	axis = b.Axis(axis, x.Rank())
	return b.SliceStep(x, axis, AtLeast(x.Shape[axis]-1, 0), -1, x.Shape[axis])
}

// Concat joins along an axis.
type Concat struct{ Axis int }

// Name implements Op.
func (Concat) Name() string { return "concatenate" }

// Infer implements Op.
func (op Concat) Infer(n *Node) {
	axis, first := op.Axis, n.In[0]
	shape := slices.Clone(first.Shape)
	for _, v := range n.In[1:] {
		if v.DType != first.DType || v.Rank() != first.Rank() {
			panic(&Error{Msg: fmt.Sprintf("concatenate: %s and %s differ in type or rank", first, v)})
		}
		for i, d := range v.Shape {
			if i == axis {
				shape[i] = Plus(shape[i], d)
			} else if Fits(d, shape[i]) {
				shape[i] = Meet(shape[i], d)
			} else {
				panic(&Error{Msg: fmt.Sprintf("concatenate: %s and %s differ in axis %d", first, v, i)})
			}
		}
	}
	n.SetOut(first.DType, shape...)
}

// Eval implements Op.
func (op Concat) Eval(n *Node, in, out []Buf) error {
	axis, shape := op.Axis, n.Out[0].Shape
	outer, inner := product(shape[:axis]), product(shape[axis+1:])
	at, whole := 0, shape[axis]*inner
	for i, v := range n.In {
		part := v.Shape[axis] * inner
		x, y := in[i], out[0]
		for o := range outer {
			to := o*whole + at
			CopyRange(y, to, x, o*part, part)
		}
		at += part
	}
	return nil
}

// CopyRange copies n elements of src from position j on to dst's position i.
func CopyRange(dst Buf, i int, src Buf, j, n int) {
	switch {
	case dst.F != nil:
		copy(dst.F[i:i+n], src.F[j:])
	case dst.D != nil:
		copy(dst.D[i:i+n], src.D[j:])
	case dst.I != nil:
		copy(dst.I[i:i+n], src.I[j:])
	case dst.B != nil:
		copy(dst.B[i:i+n], src.B[j:])
	case dst.S != nil:
		copy(dst.S[i:i+n], src.S[j:])
	}
}

// Permute implements Permuter.
func (op Concat) Permute(axes []int) Op { return Concat{axes[op.Axis]} }

// Concat joins values of one type along an axis.
func (b *Builder) Concat(axis int, xs ...*Value) *Value {
	if len(xs) == 0 {
		b.Fail("concatenate: nothing to join")
	}
	axis = b.Axis(axis, xs[0].Rank())
	if len(xs) == 1 {
		return xs[0]
	}
	return b.Emit1(Concat{axis}, xs...)
}

// Stack joins values of one shape along a new axis.
func (b *Builder) Stack(axis int, xs ...*Value) *Value {
	expanded := make([]*Value, len(xs))
	for i, x := range xs {
		expanded[i] = b.ExpandDims(x, axis)
	}
	if len(xs) == 0 {
		b.Fail("stack: nothing to join")
	}
	return b.Concat(b.Axis(axis, xs[0].Rank()+1), expanded...)
}

// Split cuts x along an axis into parts of the given sizes.
func (b *Builder) Split(x *Value, axis int, sizes ...int) []*Value {
	parts := make([]*Value, len(sizes))
	at := 0
	for i, s := range sizes {
		parts[i] = b.Slice(x, axis, at, at+s)
		at += s
	}
	return parts
}

// Pad surrounds a tensor with Value: Lo elements before and Hi after each axis.
type Pad struct {
	Lo, Hi []int
	Value  float64
}

// Name implements Op.
func (Pad) Name() string { return "pad" }

// Infer implements Op.
func (op Pad) Infer(n *Node) {
	x := n.In[0]
	shape := slices.Clone(x.Shape)
	for i := range shape {
		if Negative(op.Lo[i]) || Negative(op.Hi[i]) {
			panic(&Error{Msg: fmt.Sprintf("pad: negative padding of axis %d", i)})
		}
		shape[i] = Plus(Plus(shape[i], op.Lo[i]), op.Hi[i])
	}
	n.SetOut(x.DType, shape...)
}

// Eval implements Op.
func (op Pad) Eval(n *Node, in, out []Buf) error {
	switch {
	case out[0].F != nil:
		pad(n, op.Lo, out[0].F, in[0].F, float32(op.Value))
	case out[0].D != nil:
		pad(n, op.Lo, out[0].D, in[0].D, op.Value)
	case out[0].I != nil:
		pad(n, op.Lo, out[0].I, in[0].I, int64(op.Value))
	case out[0].B != nil:
		pad(n, op.Lo, out[0].B, in[0].B, op.Value != 0)
	case out[0].S != nil:
		pad(n, op.Lo, out[0].S, in[0].S, "")
	}
	out[0].Finish(n.Out[0].DType)
	return nil
}

// Permute implements Permuter.
func (op Pad) Permute(axes []int) Op {
	return Pad{permuted(op.Lo, axes), permuted(op.Hi, axes), op.Value}
}

func pad[T any](n *Node, lo []int, out, in []T, v T) {
	for i := range out {
		out[i] = v
	}
	var so, si, zero [MaxRank]int
	base := 0
	for i, s := range strides(&so, n.Out[0].Shape) {
		base += lo[i] * s
	}
	shape := n.In[0].Shape
	walk3(shape, so[:len(shape)], strides(&si, shape), zero[:len(shape)], func(o, i, _, n, _, _, _ int) {
		copy(out[base+o:base+o+n], in[i:i+n])
	})
}

// Pad adds lo[i] elements before and hi[i] after axis i, all of the given value.
func (b *Builder) Pad(x *Value, lo, hi []int, value float64) *Value {
	if len(lo) != x.Rank() || len(hi) != x.Rank() {
		b.Fail("pad: %d paddings for %s", len(lo), x)
	}
	for i := range lo {
		if lo[i] != 0 || hi[i] != 0 {
			return b.Emit1(Pad{slices.Clone(lo), slices.Clone(hi), value}, x)
		}
	}
	return x
}

// Repeat repeats each element count times along an axis, as numpy.repeat does.
func (b *Builder) Repeat(x *Value, axis, count int) *Value {
	axis = b.Axis(axis, x.Rank())
	wide := slices.Insert(slices.Clone(x.Shape), axis+1, count)
	shape := slices.Clone(x.Shape)
	shape[axis] = Times(shape[axis], count)
	return b.Reshape(b.BroadcastTo(b.ExpandDims(x, axis+1), wide...), shape...)
}

// Tile repeats the whole of x along an axis, as numpy.tile does.
func (b *Builder) Tile(x *Value, axis, count int) *Value {
	axis = b.Axis(axis, x.Rank())
	wide := slices.Insert(slices.Clone(x.Shape), axis, count)
	shape := slices.Clone(x.Shape)
	shape[axis] = Times(shape[axis], count)
	return b.Reshape(b.BroadcastTo(b.ExpandDims(x, axis), wide...), shape...)
}
