package graph

import (
	"fmt"
	"math"
	"slices"
)

// Conv is a convolution (cross-correlation, as in Keras) of an input (batch, spatial..., channels) with a kernel
// (spatial..., channels/groups, filters), one to three spatial axes. The settings have one number for each spatial axis. InputDilation
// puts zeros between the input\'s elements: with it a convolution is the transpose of a strided one. The reference evaluation
// accumulates in float64.
type Conv struct {
	Strides, Dilation, InputDilation, PadLo, PadHi []int
	Groups                                         int
}

// Name implements Op.
func (Conv) Name() string { return "conv" }

// Infer implements Op.
func (op Conv) Infer(n *Node) {
	x, k := n.In[0], n.In[1]
	rank := x.Rank() - 2
	if rank < 1 || rank > 3 || k.Rank() != x.Rank() || x.DType != k.DType || !x.DType.IsFloat() {
		panic(&Error{Msg: fmt.Sprintf("convolution: an input %s does not fit a kernel %s", x, k)})
	}
	in, filters := k.Shape[rank], k.Shape[rank+1]
	if op.Groups < 1 || !Fits(x.Shape[rank+1], Times(in, op.Groups)) || Known(filters) && filters%op.Groups != 0 {
		panic(&Error{Msg: fmt.Sprintf("convolution: an input of %s channels does not fit a kernel %s in %d groups", dim(x.Shape[rank+1]), k,
			op.Groups)})
	}
	shape := []int{x.Shape[0]}
	for i := range rank {
		shape = append(shape, ConvOut(x.Shape[i+1], k.Shape[i], op, i))
	}
	n.SetOut(x.DType, append(shape, filters)...)
}

// Eval implements Op.
func (op Conv) Eval(n *Node, in, out []Buf) error {
	if out[0].F != nil {
		conv(n, op, out[0].F, in[0].F, in[1].F)
	} else {
		conv(n, op, out[0].D, in[0].D, in[1].D)
	}
	return nil
}

// Spread puts zeros between the elements of the spatial axes of (batch, spatial..., channels): factor-1 of them each.
// The compiler makes convolutions with InputDilation of it.
type Spread struct{ Factors []int }

// Name implements Op.
func (Spread) Name() string { return "spread" }

// Infer implements Op.
func (op Spread) Infer(n *Node) {
	shape := append([]int(nil), n.In[0].Shape...)
	for i, f := range op.Factors {
		shape[i+1] = spread(shape[i+1], f)
	}
	n.SetOut(n.In[0].DType, shape...)
}

// Eval implements Op.
func (op Spread) Eval(n *Node, in, out []Buf) error {
	var own, to, zero [MaxRank]int
	strides(&own, n.Out[0].Shape)
	shape := n.In[0].Shape
	copy(to[:], own[:len(shape)])
	for i, f := range op.Factors {
		to[i+1] *= f
	}
	clear(out[0].F)
	clear(out[0].D)
	k := 0
	walk3(shape, to[:len(shape)], zero[:len(shape)], zero[:len(shape)], func(o, _, _, n, _, _, _ int) {
		CopyRange(out[0], o, in[0], k, n) // the last axis is that of the channels, which stay together
		k += n
	})
	return nil
}

// spread returns the length of an axis with factor-1 zeros between its elements.
func spread(size, factor int) int {
	if size <= 0 {
		return size
	}
	return Span(size, factor)
}

// Span is the length over which a number of elements reach that are step apart.
func Span(count, step int) int {
	if count <= 0 {
		return count
	}
	return Plus(Times(count-1, step), 1)
}

// ConvOut returns the length of spatial axis i of a convolution's output.
func ConvOut(size, kernel int, a Conv, i int) int {
	if kernel == 0 || Negative(kernel) || a.Strides[i] < 1 || a.Dilation[i] < 1 || a.InputDilation[i] < 1 {
		panic(&Error{Msg: "convolution: kernel size, strides and dilation must be 1 or more"})
	}
	if !AllKnown(size, kernel) {
		return Unknown
	}
	size, span := spread(size, a.InputDilation[i]), Span(kernel, a.Dilation[i])
	// Steps and offsets along the axis are sums of a few of these; paddings may be negative.
	if max(size, span, a.PadLo[i], a.PadHi[i]) > maxReach || min(a.PadLo[i], a.PadHi[i]) < -maxReach {
		panic(&Error{Msg: fmt.Sprintf("convolution: a kernel of %d elements, %d apart, and a padding of %d and %d make an axis too long",
			kernel, a.Dilation[i], a.PadLo[i], a.PadHi[i])})
	}
	size += a.PadLo[i] + a.PadHi[i]
	if size < span {
		return 0
	}
	return (size-span)/a.Strides[i] + 1
}

// maxReach bounds what the elements of a window reach over.
const maxReach = math.MaxInt / 8

func conv[T float32 | float64](n *Node, a Conv, out, x, k []T) {
	rank := n.In[0].Rank() - 2
	// Fewer than three spatial axes are three with leading ones of length 1.
	xs, ks, os := [3]int{1, 1, 1}, [3]int{1, 1, 1}, [3]int{1, 1, 1}
	stride, dilation, spread, lo := [3]int{1, 1, 1}, [3]int{1, 1, 1}, [3]int{1, 1, 1}, [3]int{}
	for i := range rank {
		j := 3 - rank + i
		xs[j], ks[j], os[j] = n.In[0].Shape[i+1], n.In[1].Shape[i], n.Out[0].Shape[i+1]
		stride[j], dilation[j], spread[j], lo[j] = a.Strides[i], a.Dilation[i], a.InputDilation[i], a.PadLo[i]
	}
	batch, channels, filters := n.In[0].Shape[0], n.In[0].Shape[rank+1], n.Out[0].Shape[rank+1]
	perIn, perOut := channels/a.Groups, filters/a.Groups
	source := func(axis, o, tap int) int {
		p := o*stride[axis] + tap*dilation[axis] - lo[axis]
		if p < 0 || p%spread[axis] != 0 || p/spread[axis] >= xs[axis] {
			return -1
		}
		return p / spread[axis]
	}
	// The taps of an output that may lie on the input: a kernel may be much longer than that.
	taps := func(axis, o int) (first, end int) {
		before := lo[axis] - o*stride[axis]
		first = max(0, (before+dilation[axis]-1)/dilation[axis])
		last := before + (xs[axis]-1)*spread[axis]
		if last < 0 {
			return 0, 0
		}
		return first, min(ks[axis], last/dilation[axis]+1)
	}
	o := 0
	for bt := range batch {
		for o0 := range os[0] {
			first0, end0 := taps(0, o0)
			for o1 := range os[1] {
				first1, end1 := taps(1, o1)
				for o2 := range os[2] {
					first2, end2 := taps(2, o2)
					for f := range filters {
						g := f / perOut
						var sum float64
						for k0 := first0; k0 < end0; k0++ {
							i0 := source(0, o0, k0)
							for k1 := first1; k1 < end1 && i0 >= 0; k1++ {
								i1 := source(1, o1, k1)
								for k2 := first2; k2 < end2 && i1 >= 0; k2++ {
									i2 := source(2, o2, k2)
									if i2 < 0 {
										continue
									}
									p := (((bt*xs[0]+i0)*xs[1]+i1)*xs[2]+i2)*channels + g*perIn
									q := ((k0*ks[1]+k1)*ks[2]+k2)*perIn*filters + f
									for range perIn {
										sum += float64(x[p]) * float64(k[q])
										p++
										q += filters
									}
								}
							}
						}
						out[o] = T(sum)
						o++
					}
				}
			}
		}
	}
}

// Conv convolves x (batch, spatial..., channels) with a kernel (spatial..., channels/groups, filters).
func (b *Builder) Conv(x, kernel *Value, a Conv) *Value {
	rank := x.Rank() - 2
	for _, s := range []*[]int{&a.Strides, &a.Dilation, &a.InputDilation} {
		if *s == nil {
			*s = ones(rank)
		}
	}
	for _, s := range []*[]int{&a.PadLo, &a.PadHi} {
		if *s == nil {
			*s = make([]int, max(rank, 0))
		}
	}
	if a.Groups == 0 {
		a.Groups = 1
	}
	for _, s := range [][]int{a.Strides, a.Dilation, a.InputDilation, a.PadLo, a.PadHi} {
		if len(s) != rank {
			b.Fail("convolution: %d settings for the %d spatial axes of %s", len(s), rank, x)
		}
	}
	return b.Emit1(a, x, kernel)
}

func ones(n int) []int {
	s := make([]int, max(n, 0))
	for i := range s {
		s[i] = 1
	}
	return s
}

// SamePadding returns how much Keras's padding "same" adds before and after an axis: the output has ceil(size/stride)
// elements, and an odd rest goes to the end. It is unknown for an unknown size.
func SamePadding(size, kernel, stride, dilation int) (lo, hi int) {
	if size < 0 {
		return Unknown, Unknown
	}
	out := CeilDiv(size, stride)
	total := max(Plus(max(out-1, 0)*stride, Span(kernel, dilation))-size, 0)
	return total / 2, total - total/2
}

// Pool takes the maximum or average over windows of an input (batch, spatial..., channels), one to three spatial axes; the
// settings have one number for each.
type Pool struct {
	Window, Strides, PadLo, PadHi []int
	Average                       bool // of the elements inside the input; else the maximum
}

// Name implements Op.
func (Pool) Name() string { return "pool" }

// Infer implements Op.
func (op Pool) Infer(n *Node) {
	x := n.In[0]
	rank := x.Rank() - 2
	if rank < 1 || rank > 3 || !isNumber(x.DType) || op.Average && !x.DType.IsFloat() {
		panic(&Error{Msg: fmt.Sprintf("pooling: not defined for %s", x)})
	}
	shape := []int{x.Shape[0]}
	c := Conv{Strides: op.Strides, Dilation: ones(rank), InputDilation: ones(rank), PadLo: op.PadLo, PadHi: op.PadHi}
	for i := range rank {
		shape = append(shape, ConvOut(x.Shape[i+1], op.Window[i], c, i))
	}
	n.SetOut(x.DType, append(shape, x.Shape[rank+1])...)
}

// Eval implements Op.
func (op Pool) Eval(n *Node, in, out []Buf) error {
	switch {
	case out[0].F != nil:
		pool(n, op, out[0].F, in[0].F)
	case out[0].D != nil:
		pool(n, op, out[0].D, in[0].D)
	default:
		pool(n, op, out[0].I, in[0].I)
	}
	return nil
}

func pool[T float32 | float64 | int64](n *Node, a Pool, out, x []T) {
	rank := n.In[0].Rank() - 2
	xs, os := [3]int{1, 1, 1}, [3]int{1, 1, 1}
	window, stride, lo := [3]int{1, 1, 1}, [3]int{1, 1, 1}, [3]int{}
	for i := range rank {
		j := 3 - rank + i
		xs[j], os[j] = n.In[0].Shape[i+1], n.Out[0].Shape[i+1]
		window[j], stride[j], lo[j] = a.Window[i], a.Strides[i], a.PadLo[i]
	}
	channels := n.In[0].Shape[rank+1]
	span := func(axis, o int) (from, to int) {
		from = o*stride[axis] - lo[axis]
		return max(from, 0), min(from+window[axis], xs[axis])
	}
	o := 0
	for bt := range n.In[0].Shape[0] {
		for o0 := range os[0] {
			f0, t0 := span(0, o0)
			for o1 := range os[1] {
				f1, t1 := span(1, o1)
				for o2 := range os[2] {
					f2, t2 := span(2, o2)
					for c := range channels {
						best, sum, count := T(0), float64(0), 0
						for i0 := f0; i0 < t0; i0++ {
							for i1 := f1; i1 < t1; i1++ {
								p := (((bt*xs[0]+i0)*xs[1]+i1)*xs[2]+f2)*channels + c
								for i2 := f2; i2 < t2; i2++ {
									v := x[p]
									if count == 0 || v > best || v != v {
										best = v
									}
									sum += float64(v)
									count++
									p += channels
								}
							}
						}
						if a.Average {
							best = T(sum / float64(count))
						}
						out[o] = best
						o++
					}
				}
			}
		}
	}
}

// Pool takes the maximum or average over windows of x (batch, spatial..., channels).
func (b *Builder) Pool(x *Value, a Pool) *Value {
	rank := x.Rank() - 2
	for _, s := range [][]int{a.Window, a.Strides, a.PadLo, a.PadHi} {
		if len(s) != rank {
			b.Fail("pooling: %d settings for the %d spatial axes of %s", len(s), rank, x)
		}
	}
	return b.Emit1(a.clipped(x), x)
}

// clipped cuts off what no window sees of x: windows may be as long as they like, the work is that of the input.
func (op Pool) clipped(x *Value) Pool {
	own := false
	for i, w := range op.Window {
		size, stride, lo, hi := x.Shape[i+1], op.Strides[i], op.PadLo[i], op.PadHi[i]
		if !AllKnown(size, lo, hi) || stride < 1 || w < 1 || max(size, lo, hi) > maxReach || w > size+lo+hi {
			continue // it will be refused
		}
		last := (size + lo + hi - w) / stride * stride // where the last window begins, from the first
		// Before the input: as much as all windows have there.
		before := max(min(lo-last, w-1), 0)
		w, lo = w-before, lo-before
		// After it: as much as the first window has there.
		after := max(min(w-lo-size, hi, w-1), 0)
		if before+after == 0 {
			continue
		}
		if !own {
			own = true
			op.Window, op.PadLo, op.PadHi = slices.Clone(op.Window), slices.Clone(op.PadLo), slices.Clone(op.PadHi)
		}
		op.Window[i], op.PadLo[i], op.PadHi[i] = w-after, lo, hi-after
	}
	return op
}

// ToChannelsLast moves the channel axis of a "channels_first" value (batch, channels, spatial...) to the end.
//
//go:noinline
func (b *Builder) ToChannelsLast(x *Value) *Value { return b.MoveAxis(x, 1, -1) }

// ToChannelsFirst moves the channel axis of (batch, spatial..., channels) to position 1.
//
//go:noinline
func (b *Builder) ToChannelsFirst(x *Value) *Value { return b.MoveAxis(x, -1, 1) }
