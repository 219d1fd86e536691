package graph

import (
	"fmt"
	"math"
	"slices"
)

// Softmax is exp(x) / sum(exp(x)) along an axis or, with Log, its logarithm.
type Softmax struct {
	Axis int
	Log  bool
}

// Name implements Op.
func (op Softmax) Name() string {
	if op.Log {
		return "log_softmax"
	}
	return "softmax"
}

// Infer implements Op.
func (op Softmax) Infer(n *Node) {
	if !n.In[0].DType.IsFloat() {
		panic(&Error{Msg: fmt.Sprintf("%s is not defined for %s", op.Name(), n.In[0].DType)})
	}
	n.SetOut(n.In[0].DType, n.In[0].Shape...)
}

// Eval implements Op.
func (op Softmax) Eval(n *Node, in, out []Buf) error {
	a := alongAxis(n.In[0].Shape, op.Axis)
	for l := range a.lines {
		at := a.start(l)
		top, sum := math.Inf(-1), 0.0
		for i := range a.size {
			top = math.Max(top, in[0].Float64(at+i*a.step))
		}
		for i := range a.size {
			sum += math.Exp(in[0].Float64(at+i*a.step) - top)
		}
		for i := range a.size {
			v := in[0].Float64(at+i*a.step) - top
			if op.Log {
				v -= math.Log(sum)
			} else {
				v = math.Exp(v) / sum
			}
			out[0].SetFloat64(at+i*a.step, v)
		}
	}
	return nil
}

// Permute implements Permuter.
func (op Softmax) Permute(axes []int) Op { return Softmax{axes[op.Axis], op.Log} }

// Softmax normalises exponentials along an axis.
func (b *Builder) Softmax(x *Value, axis int) *Value {
	return b.Emit1(Softmax{Axis: b.Axis(axis, x.Rank())}, x)
}

// LogSoftmax is the logarithm of Softmax.
func (b *Builder) LogSoftmax(x *Value, axis int) *Value {
	return b.Emit1(Softmax{b.Axis(axis, x.Rank()), true}, x)
}

// LayerNorm normalises along the last axis: (x - mean) / sqrt(variance + epsilon) or, with RMS, x / sqrt(mean of
// squares + epsilon). It has no scale and offset: those are elementwise ops after it.
type LayerNorm struct {
	Epsilon float64
	RMS     bool // divide by the root of the mean square, without subtracting the mean
}

// Name implements Op.
func (LayerNorm) Name() string { return "layer_norm" }

// Infer implements Op.
func (LayerNorm) Infer(n *Node) {
	if x := n.In[0]; !x.DType.IsFloat() || x.Rank() == 0 {
		panic(&Error{Msg: fmt.Sprintf("layer_norm is not defined for %s", x)})
	}
	n.SetOut(n.In[0].DType, n.In[0].Shape...)
}

// Eval implements Op.
func (op LayerNorm) Eval(n *Node, in, out []Buf) error {
	shape := n.In[0].Shape
	size := shape[len(shape)-1]
	for at := 0; at < product(shape); at += size {
		var mean, variance float64
		for i := range size {
			mean += in[0].Float64(at + i)
		}
		mean /= float64(size)
		if op.RMS {
			mean = 0
		}
		for i := range size {
			d := in[0].Float64(at+i) - mean
			variance += d * d
		}
		scale := 1 / math.Sqrt(variance/float64(size)+op.Epsilon)
		for i := range size {
			v := (in[0].Float64(at+i) - mean) * scale
			if out[0].F != nil {
				out[0].F[at+i] = float32(v)
			} else {
				out[0].D[at+i] = v
			}
		}
	}
	return nil
}

// Normalize brings x to mean 0 and variance 1 (with rms: to mean square 1) over the given axes.
func (b *Builder) Normalize(x *Value, epsilon float64, rms bool, axes ...int) *Value {
	rank := x.Rank()
	order := make([]int, 0, rank)
	marked := make([]bool, rank)
	for _, a := range axes {
		marked[b.Axis(a, rank)] = true
	}
	for i, m := range marked {
		if !m {
			order = append(order, i)
		}
	}
	kept := len(order)
	size := 1
	for i, m := range marked {
		if m {
			order = append(order, i)
			size = Times(size, x.Shape[i])
		}
	}
	moved := b.Transpose(x, order...)
	flat := b.Reshape(moved, append(slices.Clone(moved.Shape[:kept]), size)...)
	y := b.Reshape(b.Emit1(LayerNorm{epsilon, rms}, flat), moved.Shape...)
	back := make([]int, rank)
	for i, a := range order {
		back[a] = i
	}
	return b.Transpose(y, back...)
}
