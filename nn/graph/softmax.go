package graph

import (
	"fmt"
	"math"
	"slices"
)

func lines(name string, eval func(get func(i int) float64, set func(i int, v float64), size int)) *Op {
	return &Op{Name: name,
		Infer: func(n *Node) {
			if !n.In[0].DType.IsFloat() {
				panic(&Error{Msg: fmt.Sprintf("%s is not defined for %s", name, n.In[0].DType)})
			}
			n.SetOut(n.In[0].DType, n.In[0].Shape...)
		},
		Eval: func(n *Node, in, out []Buf) error {
			a := alongAxis(n.In[0].Shape, n.Attrs.(int))
			for l := range a.lines {
				at := a.start(l)
				eval(func(i int) float64 { return in[0].Float64(at + i*a.step) }, func(i int, v float64) {
					if out[0].F != nil {
						out[0].F[at+i*a.step] = float32(v)
					} else {
						out[0].D[at+i*a.step] = v
					}
				}, a.size)
			}
			return nil
		}}
}

// OpSoftmax is exp(x) / sum(exp(x)) along an axis (int attrs); OpLogSoftmax its logarithm.
var (
	OpSoftmax = lines("softmax", func(get func(int) float64, set func(int, float64), size int) {
		top, sum := math.Inf(-1), 0.0
		for i := range size {
			top = math.Max(top, get(i))
		}
		for i := range size {
			sum += math.Exp(get(i) - top)
		}
		for i := range size {
			set(i, math.Exp(get(i)-top)/sum)
		}
	})
	OpLogSoftmax = lines("log_softmax", func(get func(int) float64, set func(int, float64), size int) {
		top, sum := math.Inf(-1), 0.0
		for i := range size {
			top = math.Max(top, get(i))
		}
		for i := range size {
			sum += math.Exp(get(i) - top)
		}
		for i := range size {
			set(i, get(i)-top-math.Log(sum))
		}
	})
)

// Softmax normalises exponentials along an axis.
func (b *Builder) Softmax(x *Value, axis int) *Value {
	return b.Emit1(OpSoftmax, b.Axis(axis, x.Rank()), x)
}

// LogSoftmax is the logarithm of Softmax.
func (b *Builder) LogSoftmax(x *Value, axis int) *Value {
	return b.Emit1(OpLogSoftmax, b.Axis(axis, x.Rank()), x)
}

// NormAttrs are the settings of OpLayerNorm.
type NormAttrs struct {
	Epsilon float64
	RMS     bool // divide by the root of the mean square, without subtracting the mean
}

// OpLayerNorm normalises along the last axis: (x - mean) / sqrt(variance + epsilon) or, with RMS, x / sqrt(mean of
// squares + epsilon). It has no scale and offset: those are elementwise ops after it.
var OpLayerNorm = &Op{Name: "layer_norm",
	Infer: func(n *Node) {
		if x := n.In[0]; !x.DType.IsFloat() || x.Rank() == 0 {
			panic(&Error{Msg: fmt.Sprintf("layer_norm is not defined for %s", x)})
		}
		n.SetOut(n.In[0].DType, n.In[0].Shape...)
	},
	Eval: func(n *Node, in, out []Buf) error {
		a, shape := n.Attrs.(NormAttrs), n.In[0].Shape
		size := shape[len(shape)-1]
		for at := 0; at < product(shape); at += size {
			var mean, variance float64
			for i := range size {
				mean += in[0].Float64(at + i)
			}
			mean /= float64(size)
			if a.RMS {
				mean = 0
			}
			for i := range size {
				d := in[0].Float64(at+i) - mean
				variance += d * d
			}
			scale := 1 / math.Sqrt(variance/float64(size)+a.Epsilon)
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
	}}

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
			size *= x.Shape[i]
		}
	}
	moved := b.Transpose(x, order...)
	flat := b.Reshape(moved, append(slices.Clone(moved.Shape[:kept]), size)...)
	y := b.Reshape(b.Emit1(OpLayerNorm, NormAttrs{epsilon, rms}, flat), moved.Shape...)
	back := make([]int, rank)
	for i, a := range order {
		back[a] = i
	}
	return b.Transpose(y, back...)
}
