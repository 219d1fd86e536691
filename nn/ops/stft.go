package ops

import (
	"slices"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/internal/signal"
	"github.com/hornml/horn/nn/layer"
)

// frameArgs are the arguments that stft and istft have in common.
type frameArgs struct {
	length, stride, fft int
	window              func() []float64 // of the FFT's length, with zeros around it; nil for none
	center              bool
}

func newFrameArgs(o *layer.OpCall) frameArgs {
	a := frameArgs{
		length: o.Int(-1, "sequence_length"), stride: o.Int(-1, "sequence_stride"), fft: o.Int(-1, "fft_length"),
		center: o.Bool(-1, "center", true),
	}
	if a.length < 1 || a.fft < a.length || a.fft > maxTransform {
		o.Fail("%s: sequences of %d elements for a transform of length %d", o, a.length, a.fft)
	}
	bounded(o, "sequence_stride", a.stride, 1, maxTransform)
	v, ok := o.Get(-1, "window")
	if !ok {
		v = "hann"
	}
	var weights func() []float64
	switch v := v.(type) {
	case nil:
		return a
	case string:
		if v != "hann" && v != "hamming" {
			o.Fail("%s: the window %q; \"hann\" and \"hamming\" exist", o, v)
		}
		weights = func() []float64 { w, _ := signal.Window(v, a.length, true); return w }
	case []any:
		if len(v) != a.length {
			o.Fail("%s: a window of %d weights for sequences of %d elements", o, len(v), a.length)
		}
		weights = func() (w []float64) {
			for _, item := range v {
				n, _ := item.(pyjson.Number)
				w = append(w, n.Float())
			}
			return w
		}
	default:
		o.Fail("%s: the window must be a name or a list of numbers", o)
	}
	a.window = func() []float64 { return a.middle(weights()) }
	return a
}

// middle puts the weights of a sequence into the middle of a transform, with zeros on both sides.
func (a frameArgs) middle(weights []float64) []float64 {
	w := make([]float64, a.fft)
	copy(w[(a.fft-a.length)/2:], weights)
	return w
}

// stft transforms frames of the last axis.
func stft(o *layer.OpCall) any {
	x := o.Tensor(0, "x")
	a := newFrameArgs(o)
	if !x.DType.IsFloat() || x.Rank() == 0 {
		o.Fail("%s: a float signal is expected, not %s", o, x)
	}
	if size := x.Shape[x.Rank()-1]; graph.Known(size) && (a.center && size <= a.fft/2 || !a.center && size < a.fft) {
		o.Fail("%s: %s is too short for a transform of length %d", o, x, a.fft)
	}
	re, im := o.WindowedSTFT(x, graph.STFT{Stride: a.stride, Center: a.center}, a.fft, func() []float64 {
		if a.window == nil { // all of the sequence
			return a.middle(slices.Repeat([]float64{1}, a.length))
		}
		return a.window()
	})
	return many([]*value{re, im})
}

// istft puts a signal together from the transforms of its frames. As Keras on torch does, it divides by the squares of the
// windows that overlap at each place if the window fills the transform, and else by what they are in the middle of
// a long signal.
func istft(o *layer.OpCall) any {
	re, im := complexArg(o)
	a := newFrameArgs(o)
	length := o.IntOrNone(-1, "length")
	if re.Rank() < 2 || re.Shape[re.Rank()-2] == 0 {
		o.Fail("%s: frames are expected, not %s", o, re)
	}
	frames := re.Shape[re.Rank()-2]
	if frames < 0 {
		size := graph.Unknown
		if length != nil {
			size = bounded(o, "length", *length, 0, 1<<30)
		}
		return o.Opaque(re.DType, append(slices.Clone(re.Shape[:re.Rank()-2]), size), re, im)
	}
	if graph.Times(frames, a.stride) > maxTable {
		o.Fail("%s: %d frames, %d apart, are too long a signal", o, frames, a.stride)
	}
	total := a.fft + a.stride*(frames-1)
	start, end := 0, total
	if a.center {
		start, end = a.fft/2, total-a.fft/2
	}
	if length != nil {
		end = start + bounded(o, "length", *length, 0, 1<<30)
	}
	end = max(end, start)
	x := irfft(o, re, im, a.fft)
	if a.window == nil {
		return cutOrPad(o, o.Emit1(opOverlapAdd{a.stride}, x), start, end, false)
	}
	if a.length == a.fft && a.center {
		weights := o.Weights(x.DType, []int{a.fft}, func(w []float64) { copy(w, a.window()) })
		x = o.Emit1(opOverlapAdd{a.stride}, o.Mul(x, weights))
		stop := min(end, total)
		start := min(start, stop)
		sums := o.Weights(x.DType, []int{stop - start}, func(sums []float64) {
			window := a.window()
			for f := range frames {
				for i, w := range window {
					if at := f*a.stride + i - start; at >= 0 && at < len(sums) {
						sums[at] += w * w
					}
				}
			}
			for _, s := range sums {
				if s < 1e-11 {
					o.Fail("%s: the windows leave gaps, so that the signal cannot be put together", o)
				}
			}
		})
		x = o.Div(o.Slice(x, -1, start, stop), sums)
		return cutOrPad(o, x, 0, end-start, true)
	}
	weights := o.Weights(x.DType, []int{a.fft}, func(weights []float64) {
		window := a.window()
		period := make([]float64, a.stride)
		for i, w := range window {
			period[i%a.stride] += w * w
		}
		for i, w := range window {
			weights[i] = w / period[i%a.stride]
		}
	})
	x = o.Emit1(opOverlapAdd{a.stride}, o.Mul(x, weights))
	return cutOrPad(o, x, start, end, false)
}

// cutOrPad takes the elements start..end of the last axis; those beyond it are left out, or zeros.
func cutOrPad(o *layer.OpCall, x *value, start, end int, zeros bool) *value {
	size := x.Shape[x.Rank()-1]
	y := o.Slice(x, -1, min(start, size), min(end, size))
	if missing := end - start - y.Shape[y.Rank()-1]; zeros && missing > 0 {
		hi := make([]int, x.Rank())
		hi[x.Rank()-1] = missing
		y = o.Pad(y, make([]int, x.Rank()), hi, 0)
	}
	return y
}

// opOverlapAdd adds up frames (..., frames, length) at places that are some stride (int attrs) apart.
type opOverlapAdd struct{ Stride int }

// Name implements graph.Op.
func (opOverlapAdd) Name() string { return "overlap_add" }

// Infer implements graph.Op.
func (op opOverlapAdd) Infer(n *graph.Node) {
	s := n.In[0].Shape
	rank := len(s)
	n.SetOut(n.In[0].DType, append(slices.Clone(s[:rank-2]), graph.Plus(s[rank-1], graph.Times(op.Stride, graph.AtLeast(s[rank-2]-1, 0))))...)
}

// Eval implements graph.Op.
func (op opOverlapAdd) Eval(n *graph.Node, in, out []graph.Buf) error {
	shape, stride := n.In[0].Shape, op.Stride
	frames, length := shape[len(shape)-2], shape[len(shape)-1]
	total := n.Out[0].Shape[n.Out[0].Rank()-1]
	if total == 0 {
		return nil
	}
	sums := make([]float64, total)
	for line := range n.Out[0].Size() / total {
		clear(sums)
		for f := range frames {
			for i := range length {
				sums[f*stride+i] += in[0].Float64((line*frames+f)*length + i)
			}
		}
		for i, v := range sums {
			setFloat(out[0], line*total+i, v)
		}
	}
	return nil
}
