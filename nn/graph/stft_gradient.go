package graph

import (
	"slices"

	"github.com/hornml/horn/nn/internal/signal"
)

// STFTGradient is the gradient of an [STFT] with respect to its input, given those with respect to both of its outputs.
type STFTGradient struct {
	STFT    STFT
	Samples int // of the input
}

// Name implements Op.
func (STFTGradient) Name() string { return "stft_gradient" }

// Infer implements Op.
func (op STFTGradient) Infer(n *Node) {
	d := n.In[0]
	n.SetOut(d.DType, append(slices.Clone(d.Shape[:d.Rank()-2]), op.Samples)...)
}

// Eval implements Op: the transform's transpose is the conjugate of the transform of the conjugate.
func (op STFTGradient) Eval(n *Node, in, out []Buf) error {
	shape := n.In[0].Shape
	frames, bins, length := shape[len(shape)-2], shape[len(shape)-1], len(op.STFT.Window)
	fft := signal.NewFFT(length)
	work := make([]complex128, length)
	sums := make([]float64, op.Samples)
	lead := 0
	if op.STFT.Center {
		lead = length / 2
	}
	for line := range product(shape[:len(shape)-2]) {
		clear(sums)
		for f := range frames {
			clear(work)
			for k := range bins {
				at := (line*frames+f)*bins + k
				work[k] = complex(in[0].Float64(at), -in[1].Float64(at))
			}
			fft.Transform(work)
			for i, w := range op.STFT.Window {
				sums[mirror(f*op.STFT.Stride+i-lead, op.Samples)] += real(work[i]) * w
			}
		}
		for i, v := range sums {
			out[0].SetFloat64(line*op.Samples+i, v)
		}
	}
	return nil
}

// Gradient implements Differentiable.
func (op STFT) Gradient(b *Backward, n *Node, dOut []*Value) []*Value {
	dOut = slices.Clone(dOut)
	for i, d := range dOut {
		if d == nil {
			dOut[i] = b.ZerosLike(n.Out[i])
		}
	}
	samples := n.In[0].Shape[n.In[0].Rank()-1]
	return []*Value{b.Emit1(STFTGradient{op, samples}, dOut...)}
}
