package ops

import (
	"fmt"
	"slices"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/internal/signal"
	"github.com/hornml/horn/nn/layer"
)

func addFft(r *layer.Registry) {
	// Complex numbers are pairs of tensors: real and imaginary parts.
	r.RegisterOp("math", "FFT", func(o *layer.OpCall) any {
		re, im := complexArg(o)
		return many(fftAxis(o, re, im, o.Int(-1, "axis", -1), false)) // older files have an axis
	})
	plane := func(class string, inverse bool) {
		r.RegisterOp("math", class, func(o *layer.OpCall) any {
			re, im := complexArg(o)
			if re.Rank() < 2 {
				o.Fail("%s: tensors of rank 2 or more are expected, not %s", o, re)
			}
			parts := fftAxis(o, re, im, -1, inverse)
			return many(fftAxis(o, parts[0], parts[1], -2, inverse))
		})
	}
	plane("FFT2", false)
	plane("IFFT2", true)
	r.RegisterOp("math", "RFFT", func(o *layer.OpCall) any {
		x := asFloat(o, o.Tensor(0, "x"))
		return many(o.Emit(opRFFT{fftLength(o, x, x.Rank()-1)}, x))
	})
	r.RegisterOp("math", "IRFFT", func(o *layer.OpCall) any {
		re, im := complexArg(o)
		n := 2 * (re.Shape[re.Rank()-1] - 1)
		if v := o.IntOrNone(-1, "fft_length"); v != nil {
			n = *v
		}
		return irfft(o, re, im, n)
	})
	r.RegisterOp("math", "STFT", stft)
	r.RegisterOp("math", "ISTFT", istft)
	r.RegisterOp("math", "ExtractSequences", func(o *layer.OpCall) any {
		x := o.Tensor(0, "x")
		length, stride := o.Int(-1, "sequence_length"), o.Int(-1, "sequence_stride")
		if x.Rank() == 0 || length < 1 || stride < 1 || graph.Known(x.Shape[x.Rank()-1]) && length > x.Shape[x.Rank()-1] {
			o.Fail("%s: sequences of %d elements, %d apart, in %s", o, length, stride, x)
		}
		return framed(o, x, length, stride)
	})
}

// maxTransform bounds the length that a config can give a Fourier transform.
const maxTransform = 1 << 22

// complexArg reads the argument x: a pair of float tensors of one shape and type.
func complexArg(o *layer.OpCall) (re, im *value) {
	v, _ := o.Get(0, "x")
	var xs []*value
	if list, ok := v.([]any); ok {
		for _, item := range list {
			x, _ := o.AsTensor(item)
			xs = append(xs, x)
		}
	}
	if len(xs) != 2 || xs[0] == nil || xs[1] == nil {
		o.Fail("%s: a pair of tensors is expected, the real and the imaginary parts", o)
	}
	xs = sameType(o, xs)
	re, im = asFloat(o, xs[0]), asFloat(o, xs[1])
	if !graph.FitShapes(re.Shape, im.Shape) || re.Rank() == 0 {
		o.Fail("%s: real parts %s and imaginary parts %s differ in shape", o, re, im)
	}
	return re, im
}

// fftLength reads the argument fft_length; null is the length of the axis.
func fftLength(o *layer.OpCall, x *value, axis int) int {
	if x.Rank() == 0 {
		o.Fail("%s: a number cannot be transformed", o)
	}
	n := x.Shape[axis]
	if v := o.IntOrNone(-1, "fft_length"); v != nil {
		n = *v
	}
	return n
}

// fftAxis transforms complex numbers along an axis.
func fftAxis(o *layer.OpCall, re, im *value, axis int, inverse bool) []*value {
	outs := o.Emit(opFFT{inverse}, o.MoveAxis(re, axis, -1), o.MoveAxis(im, axis, -1))
	return []*value{o.MoveAxis(outs[0], -1, axis), o.MoveAxis(outs[1], -1, axis)}
}

func irfft(o *layer.OpCall, re, im *value, n int) *value { return o.Emit1(opIRFFT{n}, re, im) }

func checkLength(n *graph.Node, length int) {
	if length == 0 || graph.Negative(length) || length > max(maxTransform, 2*n.In[0].Shape[n.In[0].Rank()-1]) {
		panic(&graph.Error{Msg: fmt.Sprintf("%s: a Fourier transform of length %d, of %s", n.Op.Name(), length, n.In[0])})
	}
}

// replaced returns a shape with another last axis.
func replaced(shape []int, last int) []int {
	s := slices.Clone(shape)
	s[len(s)-1] = last
	return s
}

// opFFT is the Fourier transform of the last axis, complex to complex, computed in float64; or its inverse.
type opFFT struct{ Inverse bool }

// Name implements graph.Op.
func (opFFT) Name() string { return "fft" }

// Infer implements graph.Op.
func (opFFT) Infer(n *graph.Node) {
	x := n.In[0]
	checkLength(n, x.Shape[x.Rank()-1])
	n.SetOut(x.DType, x.Shape...)
	n.SetOut(x.DType, x.Shape...)
}

// Eval implements graph.Op.
func (op opFFT) Eval(n *graph.Node, in, out []graph.Buf) error {
	size := n.In[0].Shape[n.In[0].Rank()-1]
	inverse := op.Inverse
	eachTransform(n, size, func(line int, work []complex128, transform func([]complex128)) {
		for i := range work {
			re, im := in[0].Float64(line*size+i), in[1].Float64(line*size+i)
			if inverse { // the conjugate of the transform of the conjugate
				im = -im
			}
			work[i] = complex(re, im)
		}
		transform(work)
		for i, v := range work {
			re, im := real(v), imag(v)
			if inverse {
				re, im = re/float64(size), -im/float64(size)
			}
			setFloat(out[0], line*size+i, re)
			setFloat(out[1], line*size+i, im)
		}
	})
	return nil
}

// opRFFT is real to complex of length n = Length: shorter lines are filled up with zeros, longer ones cut off. It
// gives the n/2+1 numbers that are not the conjugates of others.
type opRFFT struct{ Length int }

// Name implements graph.Op.
func (opRFFT) Name() string { return "rfft" }

// Infer implements graph.Op.
func (op opRFFT) Infer(n *graph.Node) {
	checkLength(n, op.Length)
	shape := replaced(n.In[0].Shape, op.Length/2+1)
	n.SetOut(n.In[0].DType, shape...)
	n.SetOut(n.In[0].DType, shape...)
}

// Eval implements graph.Op.
func (op opRFFT) Eval(n *graph.Node, in, out []graph.Buf) error {
	length, size, bins := op.Length, n.In[0].Shape[n.In[0].Rank()-1], op.Length/2+1
	eachTransform(n, length, func(line int, work []complex128, transform func([]complex128)) {
		clear(work)
		for i := range min(size, length) {
			work[i] = complex(in[0].Float64(line*size+i), 0)
		}
		transform(work)
		for i, v := range work[:bins] {
			setFloat(out[0], line*bins+i, real(v))
			setFloat(out[1], line*bins+i, imag(v))
		}
	})
	return nil
}

// opIRFFT is the inverse of opRFFT: complex to real of length Length.
type opIRFFT struct{ Length int }

// Name implements graph.Op.
func (opIRFFT) Name() string { return "irfft" }

// Infer implements graph.Op.
func (op opIRFFT) Infer(n *graph.Node) {
	checkLength(n, op.Length)
	n.SetOut(n.In[0].DType, replaced(n.In[0].Shape, op.Length)...)
}

// Eval implements graph.Op.
func (op opIRFFT) Eval(n *graph.Node, in, out []graph.Buf) error {
	length, size := op.Length, n.In[0].Shape[n.In[0].Rank()-1]
	eachTransform(n, length, func(line int, work []complex128, transform func([]complex128)) {
		clear(work)
		for i := range min(size, length/2+1) {
			re, im := in[0].Float64(line*size+i), in[1].Float64(line*size+i)
			if i == 0 || 2*i == length { // these stand for themselves: their imaginary parts do not count
				work[i] = complex(re, 0)
				continue
			}
			// The transform of the conjugate, and real results, leave the conjugation at the end out.
			work[i], work[length-i] = complex(re, -im), complex(re, im)
		}
		transform(work)
		for i, v := range work {
			setFloat(out[0], line*length+i, real(v)/float64(length))
		}
	})
	return nil
}

// eachTransform calls f for each line of the first input, with room for its transform.
func eachTransform(n *graph.Node, length int, f func(line int, work []complex128, transform func([]complex128))) {
	fft := signal.NewFFT(length)
	work := make([]complex128, length)
	lines := 1
	for _, d := range n.In[0].Shape[:n.In[0].Rank()-1] {
		lines *= d
	}
	for line := range lines {
		f(line, work, fft.Transform)
	}
}

// framed cuts the last axis into sequences, stride apart, which become the axis before it.
func framed(o *layer.OpCall, x *value, length, stride int) *value {
	size := x.Shape[x.Rank()-1]
	if size < 0 {
		return o.Opaque(x.DType, append(slices.Clone(x.Shape[:x.Rank()-1]), graph.Unknown, length), x)
	}
	count := (size-length)/stride + 1
	if count > maxTable/length {
		o.Fail("%s: the result would be too large", o)
	}
	at := o.Places([]int{count, length}, func(at []int64) {
		for i := range at {
			at[i] = int64(i/length*stride + i%length)
		}
	})
	return o.Take(x, at, -1)
}
