package ops

import (
	"slices"

	"github.com/hornml/horn/nn/graph"
)

// Fourier transforms are sums: their gradients are the transposes, which are transforms again.

// parts returns the gradients of a real and an imaginary part, zeros where there is none.
func parts(b *graph.Backward, n *graph.Node, dOut []*value) (re, im *value) {
	both := slices.Clone(dOut)
	for i, d := range both {
		if d == nil {
			both[i] = b.ZerosLike(n.Out[i])
		}
	}
	return both[0], both[1]
}

// Gradient implements graph.Differentiable.
func (op opFFT) Gradient(b *graph.Backward, n *graph.Node, dOut []*value) []*value {
	re, im := parts(b, n, dOut)
	size := float64(re.Shape[re.Rank()-1])
	outs := b.Emit(opFFT{!op.Inverse}, re, im)
	scale := size // the inverse divides, its transpose does not
	if op.Inverse {
		scale = 1 / size
	}
	return []*value{b.MulS(outs[0], scale), b.MulS(outs[1], scale)}
}

// fitted cuts the last axis of x, or fills it up with zeros, to a length.
func fitted(b *graph.Builder, x *value, length int) *value {
	last := x.Rank() - 1
	if size := x.Shape[last]; size < length {
		hi := make([]int, x.Rank())
		hi[last] = length - size
		return b.Pad(x, make([]int, x.Rank()), hi, 0)
	}
	return b.Slice(x, last, 0, length)
}

// Gradient implements graph.Differentiable.
func (op opRFFT) Gradient(b *graph.Backward, n *graph.Node, dOut []*value) []*value {
	re, im := parts(b, n, dOut)
	back := b.Emit(opFFT{true}, fitted(b.Builder, re, op.Length), fitted(b.Builder, im, op.Length))
	x := n.In[0]
	return []*value{fitted(b.Builder, b.MulS(back[0], float64(op.Length)), x.Shape[x.Rank()-1])}
}

// Gradient implements graph.Differentiable. Numbers that stand for their conjugates, too, count twice.
func (op opIRFFT) Gradient(b *graph.Backward, n *graph.Node, dOut []*value) []*value {
	outs := b.Emit(opRFFT(op), dOut[0])
	weights := make([]float64, op.Length/2+1)
	for k := range weights {
		weights[k] = 2 / float64(op.Length)
		if k == 0 || 2*k == op.Length {
			weights[k] /= 2
		}
	}
	w := b.Floats(dOut[0].DType, weights...)
	grads := make([]*value, 2)
	for i, v := range outs {
		grads[i] = fitted(b.Builder, b.Mul(v, w), n.In[i].Shape[n.In[i].Rank()-1])
	}
	return grads
}

// Gradient implements graph.Differentiable: each frame takes its part.
func (op opOverlapAdd) Gradient(b *graph.Backward, n *graph.Node, dOut []*value) []*value {
	shape := n.In[0].Shape
	frames, length := shape[len(shape)-2], shape[len(shape)-1]
	places := b.Places([]int{frames, length}, func(at []int64) {
		for i := range at {
			at[i] = int64(i/length*op.Stride + i%length)
		}
	})
	return []*value{b.Take(dOut[0], places, -1)}
}
