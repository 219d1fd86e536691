package graph

import "slices"

// Gradient implements Differentiable. Elements that tie for an extreme share its gradient, as they do in JAX.
func (op Reduce) Gradient(b *Backward, n *Node, dOut []*Value) []*Value {
	x, y, d := n.In[0], n.Out[0], dOut[0]
	if !x.Differentiable() {
		return []*Value{nil}
	}
	switch op.Fn {
	case Sum:
		return []*Value{b.BroadcastTo(d, x.Shape...)}
	case Mean:
		return []*Value{b.BroadcastTo(b.MulS(d, 1/float64(max(x.Size()/max(y.Size(), 1), 1))), x.Shape...)}
	case Prod:
		return []*Value{b.Mul(d, b.otherFactors(x, op.Axes))}
	case ReduceMax, ReduceMin:
		top := b.Cast(b.Compare(Equal, x, y), x.DType)
		return []*Value{b.Mul(b.Div(d, b.Emit1(Reduce{Sum, op.Axes}, top)), top)}
	}
	return []*Value{nil}
}

// otherFactors returns, for each element, the product of the others along the axes. There is no division, so zeros do not
// matter.
func (b *Builder) otherFactors(x *Value, axes []int) *Value {
	order := make([]int, 0, x.Rank())
	for i := range x.Rank() {
		if !slices.Contains(axes, i) {
			order = append(order, i)
		}
	}
	kept := len(order)
	order = append(order, axes...)
	moved := b.Transpose(x, order...)
	flat := b.Reshape(moved, append(slices.Clone(moved.Shape[:kept]), product(moved.Shape[kept:]))...)
	before := b.productBefore(flat, kept)
	after := b.Flip(b.productBefore(b.Flip(flat, kept), kept), kept)
	return b.Transpose(b.Reshape(b.Mul(before, after), moved.Shape...), inverted(order)...)
}

// productBefore returns, for each element, the product of those before it along an axis.
func (b *Builder) productBefore(x *Value, axis int) *Value {
	if x.Shape[axis] == 0 {
		return x
	}
	return b.Slice(b.Cumprod(b.padOne(x, axis, 1), axis), axis, 0, x.Shape[axis])
}

// padOne puts one element before the others of an axis.
func (b *Builder) padOne(x *Value, axis int, v float64) *Value {
	lo := make([]int, x.Rank())
	lo[axis] = 1
	return b.Pad(x, lo, make([]int, x.Rank()), v)
}

// Gradient implements Differentiable.
func (op Softmax) Gradient(b *Backward, n *Node, dOut []*Value) []*Value {
	y, d := n.Out[0], dOut[0]
	if op.Log {
		return []*Value{b.Sub(d, b.Mul(b.Exp(y), b.SumKeep(d, op.Axis)))}
	}
	dy := b.Mul(d, y)
	return []*Value{b.Sub(dy, b.Mul(y, b.SumKeep(dy, op.Axis)))}
}

// Gradient implements Differentiable.
func (op LayerNorm) Gradient(b *Backward, n *Node, dOut []*Value) []*Value {
	x, y, d := n.In[0], n.Out[0], dOut[0]
	last := x.Rank() - 1
	centred := x
	if !op.RMS {
		centred = b.Sub(x, b.MeanKeep(x, last))
	}
	scale := b.Rsqrt(b.AddS(b.MeanKeep(b.Square(centred), last), op.Epsilon))
	dx := b.Sub(d, b.Mul(y, b.MeanKeep(b.Mul(d, y), last)))
	if !op.RMS {
		dx = b.Sub(dx, b.MeanKeep(d, last))
	}
	return []*Value{b.Mul(dx, scale)}
}

// Gradient implements Differentiable.
func (op Cumulative) Gradient(b *Backward, n *Node, dOut []*Value) []*Value {
	x, d := n.In[0], dOut[0]
	if !x.Differentiable() || x.Size() == 0 {
		return []*Value{nil}
	}
	if !op.Product {
		return []*Value{b.Flip(b.Cumsum(b.Flip(d, op.Axis), op.Axis), op.Axis)}
	}
	// With s[k] = d[k] + x[k+1] s[k+1], the gradient is s[k] times the product of what comes before k: no division.
	lines := func(v *Value) *Value {
		v = b.MoveAxis(v, op.Axis, -1)
		return b.Reshape(v, x.Size()/x.Shape[op.Axis], x.Shape[op.Axis])
	}
	size := x.Shape[op.Axis]
	next := b.padEnd(b.Slice(lines(x), 1, 1, size), 1)
	zero := b.Full(x.DType, 0, x.Size()/size)
	s, _ := b.Scan([]*Value{lines(d), next}, []*Value{zero}, Loop{Backwards: true, Sequences: true}, nil,
		func(b *Builder, xs, states []*Value) (*Value, []*Value) {
			s := b.Add(xs[0], b.Mul(xs[1], states[0]))
			return s, []*Value{s}
		})
	moved := slices.Concat(x.Shape[:op.Axis], x.Shape[op.Axis+1:], []int{size})
	sums := b.MoveAxis(b.Reshape(b.Flip(s, 1), moved...), -1, op.Axis)
	return []*Value{b.Mul(sums, b.productBefore(x, op.Axis))}
}

// padEnd puts a zero after the others of an axis.
func (b *Builder) padEnd(x *Value, axis int) *Value {
	hi := make([]int, x.Rank())
	hi[axis] = 1
	return b.Pad(x, make([]int, x.Rank()), hi, 0)
}

// Gradient implements Differentiable.
func (op MatMul) Gradient(b *Backward, n *Node, dOut []*Value) []*Value {
	x, y, d := n.In[0], n.In[1], dOut[0]
	grads := make([]*Value, 2)
	if !x.Differentiable() {
		return grads
	}
	if b.Wants(0) {
		if op.TransA {
			grads[0] = b.MatMulT(y, d, op.TransB, true)
		} else {
			grads[0] = b.MatMulT(d, y, false, !op.TransB)
		}
		grads[0] = b.SumTo(grads[0], x.Shape...)
	}
	if b.Wants(1) {
		if op.TransB {
			grads[1] = b.MatMulT(d, x, true, op.TransA)
		} else {
			grads[1] = b.MatMulT(x, d, !op.TransA, false)
		}
		grads[1] = b.SumTo(grads[1], y.Shape...)
	}
	return grads
}

// Gradient implements Differentiable: a scaled sum flows back as it is, by the weights turned around.
func (op Resample) Gradient(b *Backward, n *Node, dOut []*Value) []*Value {
	size := n.In[0].Shape[op.Axis]
	back := Taps{Start: make([]int, size), Weights: make([][]float64, size)}
	for i, weights := range op.Taps.Weights {
		for k, w := range weights {
			j := op.Taps.Start[i] + k
			if back.Weights[j] == nil {
				back.Start[j] = i
			}
			for back.Start[j]+len(back.Weights[j]) < i+1 { // the outputs between have no part of it
				back.Weights[j] = append(back.Weights[j], 0)
			}
			back.Weights[j][i-back.Start[j]] += w
		}
	}
	return []*Value{b.Resample(dOut[0], op.Axis, back)}
}
