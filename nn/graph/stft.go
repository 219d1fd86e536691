package graph

import (
	"fmt"
	"slices"

	"github.com/hornml/horn/nn/internal/signal"
	"github.com/hornml/horn/tensor"
)

// STFT takes frames of the last axis, weighs them, and transforms them: (..., samples) becomes the real and the imaginary
// part, (..., frames, length/2+1) each (keras.ops.stft). What does not fill a frame at the end is left out.
type STFT struct {
	Window []float64 // weights of the samples of a frame; its length is that of the transform
	Stride int       // samples from the start of a frame to that of the next
	Center bool      // mirror half a frame at both ends, so that frames are centred on their samples
}

// Name implements Op.
func (STFT) Name() string { return "stft" }

// Infer implements Op.
func (op STFT) Infer(n *Node) {
	x, length := n.In[0], len(op.Window)
	shape := op.shape(x, length)
	n.SetOut(x.DType, shape...)
	n.SetOut(x.DType, shape...)
}

// shape is that of each part of the transform of x, for windows of some length.
func (op STFT) shape(x *Value, length int) []int {
	if x.Rank() == 0 || !x.DType.IsFloat() || length == 0 || op.Stride < 1 {
		panic(&Error{Msg: fmt.Sprintf("stft: frames of %d samples, %d apart, of %s", length, op.Stride, x)})
	}
	samples := x.Shape[x.Rank()-1]
	if op.Center {
		if samples == 0 {
			panic(&Error{Msg: "stft: there are no samples"})
		}
		samples = Plus(samples, length/2*2)
	}
	frames := 0
	if samples >= length {
		frames = 1 + (samples-length)/op.Stride
	} else if samples < 0 {
		frames = Unknown
	}
	return append(slices.Clone(x.Shape[:x.Rank()-1]), frames, length/2+1)
}

// Eval implements Op.
func (op STFT) Eval(n *Node, in, out []Buf) error {
	x := n.In[0]
	samples, length := x.Shape[x.Rank()-1], len(op.Window)
	shape := n.Out[0].Shape
	frames, bins := shape[len(shape)-2], shape[len(shape)-1]
	fft := signal.NewFFT(length)
	work := make([]complex128, length)
	lead := 0
	if op.Center {
		lead = length / 2
	}
	o := 0
	for line := range product(x.Shape[:x.Rank()-1]) {
		for f := range frames {
			for i, w := range op.Window {
				at := mirror(f*op.Stride+i-lead, samples)
				work[i] = complex(in[0].Float64(line*samples+at)*w, 0)
			}
			fft.Transform(work)
			for _, v := range work[:bins] {
				for part, buf := range out {
					y := real(v)
					if part == 1 {
						y = imag(v)
					}
					if buf.F != nil {
						buf.F[o] = float32(y)
					} else {
						buf.D[o] = y
					}
				}
				o++
			}
		}
	}
	return nil
}

// mirror is the place of position i on an axis that goes back and forth between its ends (numpy's "reflect").
func mirror(i, size int) int {
	if size == 1 {
		return 0
	}
	period := 2 * (size - 1)
	i = (i%period + period) % period
	return min(i, period-i)
}

// STFT returns the real and the imaginary part of the short-time Fourier transform of the last axis of x, see [STFT].
func (b *Builder) STFT(x *Value, a STFT) (re, im *Value) {
	out := b.Emit(a, x)
	return out[0], out[1]
}

// WindowedSTFT is STFT with a window of some length that is worked out, once the budget allows it, in a graph that will be run.
func (b *Builder) WindowedSTFT(x *Value, a STFT, length int, window func() []float64) (re, im *Value) {
	b.Reserve(tensor.Float64, length)
	if b.Unknowns {
		shape := a.shape(x, length)
		return b.Opaque(x.DType, shape, x), b.Opaque(x.DType, shape, x)
	}
	a.Window = window()
	return b.STFT(x, a)
}
