package graph

import (
	"fmt"
	"slices"
)

// Taps say how each element of a resampled axis is made: element i is the sum of Weights[i][k] times element Start[i]+k
// of the input.
type Taps struct {
	Start   []int
	Weights [][]float64
}

// Resample makes an axis anew from weighted sums along it: one direction of resizing an image.
type Resample struct {
	Axis int
	Taps Taps
}

// Name implements Op.
func (Resample) Name() string { return "resample" }

// Infer implements Op.
func (op Resample) Infer(n *Node) {
	x := n.In[0]
	if !x.DType.IsFloat() || len(op.Taps.Start) != len(op.Taps.Weights) {
		panic(&Error{Msg: fmt.Sprintf("resample is not defined for %s", x)})
	}
	size := x.Shape[op.Axis]
	for i, w := range op.Taps.Weights {
		if s := op.Taps.Start[i]; s < 0 || Known(size) && s+len(w) > size {
			panic(&Error{Msg: fmt.Sprintf("resample: element %d is made of elements outside axis %d of %s", i, op.Axis, x)})
		}
	}
	shape := slices.Clone(x.Shape)
	shape[op.Axis] = len(op.Taps.Start)
	n.SetOut(x.DType, shape...)
}

// Eval implements Op.
func (op Resample) Eval(n *Node, in, out []Buf) error {
	if out[0].F != nil {
		resample(n, op, out[0].F, in[0].F)
	} else {
		resample(n, op, out[0].D, in[0].D)
	}
	return nil
}

// Permute implements Permuter.
func (op Resample) Permute(axes []int) Op { return Resample{axes[op.Axis], op.Taps} }

func resample[T float32 | float64](n *Node, a Resample, out, in []T) {
	shape := n.In[0].Shape
	outer, size, inner := product(shape[:a.Axis]), shape[a.Axis], product(shape[a.Axis+1:])
	row := make([]float64, inner)
	to := 0
	for o := range outer {
		for i, weights := range a.Taps.Weights {
			clear(row)
			from := (o*size + a.Taps.Start[i]) * inner
			for _, w := range weights {
				for k, v := range in[from : from+inner] {
					row[k] += w * float64(v)
				}
				from += inner
			}
			for k, v := range row {
				out[to+k] = T(v)
			}
			to += inner
		}
	}
}

// Resample makes an axis of a float value anew from weighted sums along it.
func (b *Builder) Resample(x *Value, axis int, taps Taps) *Value {
	return b.Emit1(Resample{b.Axis(axis, x.Rank()), taps}, x)
}
