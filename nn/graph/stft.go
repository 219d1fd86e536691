package graph

import (
	"fmt"
	"slices"

	"github.com/hornml/horn/nn/internal/signal"
)

// STFTAttrs are the settings of a short-time Fourier transform.
type STFTAttrs struct {
	Window []float64 // weights of the samples of a frame; its length is that of the transform
	Stride int       // samples from the start of a frame to that of the next
	Center bool      // mirror half a frame at both ends, so that frames are centred on their samples
}

// OpSTFT takes frames of the last axis, weighs them, and transforms them: (..., samples) becomes the real and the imaginary
// part, (..., frames, length/2+1) each (keras.ops.stft). What does not fill a frame at the end is left out.
var OpSTFT = &Op{Name: "stft",
	Infer: func(n *Node) {
		a, x := n.Attrs.(*STFTAttrs), n.In[0]
		length := len(a.Window)
		if x.Rank() == 0 || !x.DType.IsFloat() || length == 0 || a.Stride < 1 {
			panic(&Error{Msg: fmt.Sprintf("stft: frames of %d samples, %d apart, of %s", length, a.Stride, x)})
		}
		samples := x.Shape[x.Rank()-1]
		if a.Center {
			if samples == 0 {
				panic(&Error{Msg: "stft: there are no samples"})
			}
			samples += length / 2 * 2
		}
		frames := 0
		if samples >= length {
			frames = 1 + (samples-length)/a.Stride
		}
		shape := append(slices.Clone(x.Shape[:x.Rank()-1]), frames, length/2+1)
		n.SetOut(x.DType, shape...)
		n.SetOut(x.DType, shape...)
	},
	Eval: func(n *Node, in, out []Buf) error {
		a, x := n.Attrs.(*STFTAttrs), n.In[0]
		samples, length := x.Shape[x.Rank()-1], len(a.Window)
		shape := n.Out[0].Shape
		frames, bins := shape[len(shape)-2], shape[len(shape)-1]
		fft := signal.NewFFT(length)
		work := make([]complex128, length)
		lead := 0
		if a.Center {
			lead = length / 2
		}
		o := 0
		for line := range product(x.Shape[:x.Rank()-1]) {
			for f := range frames {
				for i, w := range a.Window {
					at := reflect(f*a.Stride+i-lead, samples)
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
	}}

// reflect is the place of position i on an axis that goes back and forth between its ends (numpy's "reflect").
func reflect(i, size int) int {
	if size == 1 {
		return 0
	}
	period := 2 * (size - 1)
	i = (i%period + period) % period
	return min(i, period-i)
}

// STFT returns the real and the imaginary part of the short-time Fourier transform of the last axis of x, see OpSTFT.
func (b *Builder) STFT(x *Value, a STFTAttrs) (re, im *Value) {
	out := b.Emit(OpSTFT, &a, x)
	return out[0], out[1]
}
