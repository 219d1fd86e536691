package ops

import (
	"slices"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

func addConv(r *layer.Registry) {
	r.RegisterOp("nn", "Conv", func(o *layer.OpCall) any {
		x, k := convPair(o)
		w := newWindows(o, x, k.Shape[:k.Rank()-2])
		x = w.in(o, x)
		in := k.Shape[k.Rank()-2]
		channels, groups := x.Shape[x.Rank()-1], 1
		if graph.AllKnown(channels, in) {
			if in == 0 || channels%in != 0 {
				o.Fail("%s: %d input channels cannot be divided by the kernel's %d", o, channels, in)
			}
			groups = channels / in
		}
		return w.out(o, convolve(o, x, k, w, groups))
	})
	r.RegisterOp("nn", "DepthwiseConv", func(o *layer.OpCall) any {
		x, k := convPair(o)
		w := newWindows(o, x, k.Shape[:k.Rank()-2])
		return w.out(o, depthwise(o, w.in(o, x), k, w))
	})
	r.RegisterOp("nn", "SeparableConv", func(o *layer.OpCall) any {
		x, k := convPair(o)
		w := newWindows(o, x, k.Shape[:k.Rank()-2])
		y := depthwise(o, w.in(o, x), k, w)
		point := o.Cast(o.Tensor(2, "pointwise_kernel"), y.DType)
		return w.out(o, convolve(o, y, point, onePixel(y.Rank()-2), 1))
	})
	r.RefuseOp("nn", "ConvTranspose", "Keras itself cannot run it in a graph (its call exchanges padding and output_padding); "+
		"use the layer Conv2DTranspose")
	pool := func(class string, average bool) {
		r.RegisterOp("nn", class, func(o *layer.OpCall) any {
			x := o.Tensor(0, "inputs")
			if average {
				x = asFloat(o, x)
			}
			size := spatial(o, "pool_size", x.Rank()-2, nil)
			w := newWindows(o, x, size)
			x = w.in(o, x)
			lo, hi := w.padding(x)
			if average && !slices.Equal(lo, hi) {
				// Keras on torch, before 3.16, repeats the border where the padding is not the same on both sides, and averages
				// that too. The layers leave out what is beyond the border, as every other Keras does.
				x = repeatBorder(o, x, lo, hi)
				lo, hi = make([]int, len(size)), make([]int, len(size))
			}
			return w.out(o, o.Pool(x, graph.Pool{Window: size, Strides: w.strides, PadLo: lo, PadHi: hi, Average: average}))
		})
	}
	pool("MaxPool", false)
	pool("AveragePool", true)
	r.RegisterOp("nn", "AdaptiveAveragePool", func(o *layer.OpCall) any { return adaptivePool(o, true) })
	r.RegisterOp("nn", "AdaptiveMaxPool", func(o *layer.OpCall) any { return adaptivePool(o, false) })
}

// convPair reads input and kernel in one float type.
func convPair(o *layer.OpCall) (x, k *value) {
	x = o.Tensor(0, "inputs")
	name := "kernel"
	if v, ok := o.Get(1, name); !ok || v == nil {
		name = "depthwise_kernel"
	}
	k = o.Tensor(1, name)
	d := resultType(o, x.DType, k.DType, layer.PyFloat)
	if x.Rank() < 3 || x.Rank() > 5 || k.Rank() != x.Rank() {
		o.Fail("%s: a kernel %s does not fit an input %s of rank 3, 4 or 5", o, k, x)
	}
	return o.Cast(x, d), o.Cast(k, d)
}

// windows are the settings that convolutions, pooling and patches have in common.
type windows struct {
	first                   bool // channels_first
	same                    bool // padding
	size, strides, dilation []int
}

// newWindows reads strides, padding, data_format and dilation_rate.
func newWindows(o *layer.OpCall, x *value, size []int) windows {
	rank := x.Rank() - 2
	if rank < 1 || rank > 3 {
		o.Fail("%s: an input of rank 3, 4 or 5 is expected, not %s", o, x)
	}
	w := windows{first: channelsFirst(o), size: size}
	w.same = o.Choice(-1, "padding", "valid", "same") == "same"
	one := slices.Repeat([]int{1}, rank)
	def := one
	if v, ok := o.Get(-1, "pool_size"); ok && v != nil {
		def = size
	}
	w.strides = spatial(o, "strides", rank, def)
	w.dilation = spatial(o, "dilation_rate", rank, one)
	return w
}

func onePixel(rank int) windows {
	one := slices.Repeat([]int{1}, rank)
	return windows{size: one, strides: one, dilation: one}
}

// spatial reads a number for each spatial axis, or one for all; nil means that there is no default.
func spatial(o *layer.OpCall, name string, rank int, def []int) []int {
	if rank < 0 {
		o.Fail("%s: the tensors have no spatial axes", o)
	}
	v, ok := o.Get(-1, name)
	if !ok || v == nil {
		if def == nil {
			o.Fail("%s: the argument %q is missing", o, name)
		}
		return def
	}
	n := o.Ints(-1, name)
	if len(n) == 1 {
		n = slices.Repeat(n, rank)
	}
	if len(n) != rank {
		o.Fail("%s: the argument %q must be a number or %d of them", o, name, rank)
	}
	for _, v := range n {
		bounded(o, name, v, 1, 1<<16)
	}
	return n
}

// in brings an input to channels-last.
//
//go:noinline
func (w windows) in(o *layer.OpCall, x *value) *value {
	if w.first {
		return o.ToChannelsLast(x)
	}
	return x
}

// out brings a result to the layout that was asked for.
//
//go:noinline
func (w windows) out(o *layer.OpCall, x *value) *value {
	if w.first {
		return o.ToChannelsFirst(x)
	}
	return x
}

// padding returns what "same" adds before and after the spatial axes of x, whose channels are last.
func (w windows) padding(x *value) (lo, hi []int) {
	lo, hi = make([]int, len(w.size)), make([]int, len(w.size))
	if w.same {
		for i, k := range w.size {
			lo[i], hi[i] = graph.SamePadding(x.Shape[i+1], k, w.strides[i], w.dilation[i])
		}
	}
	return lo, hi
}

func convolve(o *layer.OpCall, x, k *value, w windows, groups int) *value {
	lo, hi := w.padding(x)
	return o.Conv(x, k, graph.Conv{Strides: w.strides, Dilation: w.dilation, PadLo: lo, PadHi: hi, Groups: groups})
}

// depthwise convolves each channel with its own filters: the kernel (..., channels, multiplier) is one of as many groups.
func depthwise(o *layer.OpCall, x, k *value, w windows) *value {
	channels, multiplier := k.Shape[k.Rank()-2], k.Shape[k.Rank()-1]
	if !graph.Fits(x.Shape[x.Rank()-1], channels) {
		o.Fail("%s: a kernel %s does not fit the channels of %s", o, k, x)
	}
	channels = graph.Meet(channels, x.Shape[x.Rank()-1])
	shape := append(slices.Clone(k.Shape[:k.Rank()-2]), 1, graph.Times(channels, multiplier))
	return convolve(o, x, o.Reshape(k, shape...), w, max(channels, 1))
}

// repeatBorder pads the spatial axes with the elements at their ends.
func repeatBorder(o *layer.OpCall, x *value, lo, hi []int) *value {
	for i := range lo {
		if x.Shape[i+1] > 0 {
			x = padAxis(o, x, i+1, lo[i], hi[i], nearestIndex)
		}
	}
	return x
}

// adaptivePool divides each spatial axis into a number of windows, which overlap where it does not come out even.
func adaptivePool(o *layer.OpCall, average bool) *value {
	x := o.Tensor(0, "inputs")
	rank := x.Rank() - 2
	if rank < 1 || rank > 3 {
		o.Fail("%s: an input of rank 3, 4 or 5 is expected, not %s", o, x)
	}
	size := spatial(o, "output_size", rank, nil)
	w := windows{first: channelsFirst(o)}
	if average {
		x = asFloat(o, x)
	}
	x = w.in(o, x)
	for i, n := range size {
		x = adaptiveAxis(o, x, i+1, n, average)
	}
	return w.out(o, x)
}

// replacedAxis is the shape of x with another length of an axis.
func replacedAxis(x *value, axis, length int) []int {
	shape := slices.Clone(x.Shape)
	shape[axis] = length
	return shape
}

func adaptiveAxis(o *layer.OpCall, x *value, axis, n int, average bool) *value {
	length := x.Shape[axis]
	if length == 0 {
		o.Fail("%s: axis %d of %s is empty", o, axis, x)
	}
	if length < 0 {
		return o.Opaque(x.DType, replacedAxis(x, axis, n), x)
	}
	if average {
		o.Reserve(tensor.Float64, graph.Plus(length, graph.Times(n, 5))) // weights, and where they are
	} else {
		o.Room(2 * n)
	}
	if o.Unknowns {
		return o.Opaque(x.DType, replacedAxis(x, axis, n), x)
	}
	var taps graph.Taps
	var parts []*value
	for i := range n {
		from, to := graph.Share(i, n, length), graph.ShareEnd(i, n, length)
		if average {
			taps.Start = append(taps.Start, from)
			taps.Weights = append(taps.Weights, slices.Repeat([]float64{1 / float64(to-from)}, to-from))
			continue
		}
		parts = append(parts, o.Reduce(graph.ReduceMax, o.Slice(x, axis, from, to), true, axis))
	}
	if average {
		return o.Resample(x, axis, taps)
	}
	return o.Concat(axis, parts...)
}
