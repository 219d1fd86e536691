package graph

import (
	"fmt"
	"slices"
)

// Gradient implements Differentiable: both gradients are convolutions themselves.
func (op Conv) Gradient(b *Backward, n *Node, dOut []*Value) []*Value {
	grads := make([]*Value, 2)
	empty := n.Out[0].Size() == 0 || n.In[0].Size() == 0 || n.In[1].Size() == 0
	if b.Wants(0) {
		if grads[0] = b.ZerosLike(n.In[0]); !empty {
			grads[0] = op.inputGradient(b.Builder, n.In[0], n.In[1], dOut[0])
		}
	}
	if b.Wants(1) {
		if grads[1] = b.ZerosLike(n.In[1]); !empty {
			grads[1] = op.kernelGradient(b.Builder, n.In[0], n.In[1], dOut[0])
		}
	}
	return grads
}

// inputGradient convolves the outputs' gradient, spread by the strides, with the kernel turned around.
func (op Conv) inputGradient(b *Builder, x, k, d *Value) *Value {
	rank := x.Rank() - 2
	in, filters, groups := k.Shape[rank], k.Shape[rank+1], op.Groups
	for i := range rank {
		k = b.Flip(k, i)
	}
	// (spatial..., in, filters) of each group becomes (spatial..., filters, in).
	axes := append(seq(rank), rank+2, rank+1, rank)
	k = b.Transpose(b.Reshape(k, slices.Concat(k.Shape[:rank], []int{in, groups, filters / groups})...), axes...)
	k = b.Reshape(k, slices.Concat(k.Shape[:rank], []int{filters / groups, groups * in})...)

	a := Conv{Dilation: op.Dilation, InputDilation: op.Strides, Groups: groups,
		Strides: slices.Clone(op.InputDilation), PadLo: make([]int, rank), PadHi: make([]int, rank)}
	part := wholeOf(x)
	for i := range rank {
		span := (k.Shape[i] - 1) * op.Dilation[i]
		places := (x.Shape[i+1]-1)*op.InputDilation[i] + 1 // of the input, spread
		lo := span - op.PadLo[i]
		if lo < 0 { // outputs that lie in the padding alone: computed, and cut off
			part.Start[i+1], part.Step[i+1] = -lo, a.Strides[i]
			a.Strides[i], places, lo = 1, places-lo, 0
		}
		a.PadLo[i], a.PadHi[i] = lo, max(places+span-((d.Shape[i+1]-1)*op.Strides[i]+1)-lo, 0)
	}
	return b.SliceAll(b.Conv(d, k, a), part)
}

// wholeOf is the slice that takes as much as v has from the beginning of each axis.
func wholeOf(v *Value) Slice {
	return Slice{Start: make([]int, v.Rank()), Step: ones(v.Rank()), Count: slices.Clone(v.Shape)}
}

// kernelGradient convolves the input with the outputs' gradient, over the batch: dilation and strides change their places.
func (op Conv) kernelGradient(b *Builder, x, k, d *Value) *Value {
	rank := x.Rank() - 2
	batch, in, groups := x.Shape[0], k.Shape[rank], op.Groups
	spatial := x.Shape[1 : rank+1]
	middle := make([]int, rank)
	for i := range middle {
		middle[i] = i + 1
	}
	x = b.Reshape(x, slices.Concat([]int{batch}, spatial, []int{groups, in})...)
	x = b.Transpose(x, slices.Concat([]int{rank + 2}, middle, []int{rank + 1, 0})...)
	x = b.Reshape(x, slices.Concat([]int{in}, spatial, []int{groups * batch})...)
	d = b.Transpose(d, slices.Concat(middle, []int{0, rank + 1})...)

	a := Conv{Strides: op.Dilation, Dilation: op.Strides, InputDilation: op.InputDilation, Groups: groups,
		PadLo: op.PadLo, PadHi: make([]int, rank)}
	for i := range rank {
		length := (spatial[i]-1)*op.InputDilation[i] + 1 + op.PadLo[i]
		a.PadHi[i] = max((k.Shape[i]-1)*op.Dilation[i]+(d.Shape[i]-1)*op.Strides[i]+1-length, 0)
	}
	y := b.Transpose(b.Conv(x, d, a), slices.Concat(middle, []int{0, rank + 1})...)
	return b.SliceAll(y, wholeOf(k))
}

// PoolGradient is the gradient of a [Pool] with respect to its input, given that with respect to its output and, for the
// maximum, the input. Of equal maxima the first has it all.
type PoolGradient struct {
	Pool    Pool
	Spatial []int // lengths of the input's spatial axes
}

// Name implements Op.
func (PoolGradient) Name() string { return "pool_gradient" }

// Infer implements Op.
func (op PoolGradient) Infer(n *Node) {
	d := n.In[0]
	shape := slices.Concat(d.Shape[:1], op.Spatial, d.Shape[d.Rank()-1:])
	if !op.Pool.Average && (n.In[1].DType != d.DType || !slices.Equal(n.In[1].Shape, shape)) || !d.DType.IsFloat() {
		panic(&Error{Msg: fmt.Sprintf("pool_gradient: %s does not fit", d)})
	}
	n.SetOut(d.DType, shape...)
}

// Eval implements Op.
func (op PoolGradient) Eval(n *Node, in, out []Buf) error {
	a, d := op.Pool, n.In[0]
	rank, channels := d.Rank()-2, d.Shape[d.Rank()-1]
	xs, os := [3]int{1, 1, 1}, [3]int{1, 1, 1}
	window, stride, lo := [3]int{1, 1, 1}, [3]int{1, 1, 1}, [3]int{}
	for i := range rank {
		j := 3 - rank + i
		xs[j], os[j] = op.Spatial[i], d.Shape[i+1]
		window[j], stride[j], lo[j] = a.Window[i], a.Strides[i], a.PadLo[i]
	}
	span := func(axis, o int) (from, to int) {
		from = o*stride[axis] - lo[axis]
		return max(from, 0), min(from+window[axis], xs[axis])
	}
	sums := make([]float64, n.Out[0].Size())
	o := 0
	for bt := range d.Shape[0] {
		for o0 := range os[0] {
			f0, t0 := span(0, o0)
			for o1 := range os[1] {
				f1, t1 := span(1, o1)
				for o2 := range os[2] {
					f2, t2 := span(2, o2)
					count := max(t0-f0, 0) * max(t1-f1, 0) * max(t2-f2, 0)
					for c := range channels {
						g, best := in[0].Float64(o), -1
						o++
						for i0 := f0; i0 < t0; i0++ {
							for i1 := f1; i1 < t1; i1++ {
								p := (((bt*xs[0]+i0)*xs[1]+i1)*xs[2]+f2)*channels + c
								for i2 := f2; i2 < t2; i2++ {
									if a.Average {
										sums[p] += g / float64(count)
									} else if v := in[1].Float64(p); best < 0 || v > in[1].Float64(best) || v != v {
										best = p
									}
									p += channels
								}
							}
						}
						if best >= 0 {
							sums[best] += g
						}
					}
				}
			}
		}
	}
	for i, v := range sums {
		out[0].SetFloat64(i, v)
	}
	return nil
}

// Gradient implements Differentiable.
func (op Pool) Gradient(b *Backward, n *Node, dOut []*Value) []*Value {
	x := n.In[0]
	if !x.Differentiable() {
		return []*Value{nil}
	}
	in := []*Value{dOut[0]}
	if !op.Average {
		in = append(in, x)
	}
	return []*Value{b.Emit1(PoolGradient{op, slices.Clone(x.Shape[1 : x.Rank()-1])}, in...)}
}
