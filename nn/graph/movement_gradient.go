package graph

import "slices"

// The gradients of ops that move elements move them back.

// Gradient implements Differentiable.
func (Reshape) Gradient(b *Backward, n *Node, dOut []*Value) []*Value {
	return []*Value{b.Reshape(dOut[0], n.In[0].Shape...)}
}

// Gradient implements Differentiable.
func (op Transpose) Gradient(b *Backward, _ *Node, dOut []*Value) []*Value {
	return []*Value{b.Transpose(dOut[0], inverted(op.Axes)...)}
}

// inverted returns the permutation that undoes another.
func inverted(axes []int) []int {
	back := make([]int, len(axes))
	for i, a := range axes {
		back[a] = i
	}
	return back
}

// Gradient implements Differentiable.
func (Broadcast) Gradient(b *Backward, n *Node, dOut []*Value) []*Value {
	return []*Value{b.SumTo(dOut[0], n.In[0].Shape...)}
}

// Gradient implements Differentiable: elements that the slice leaves out have none.
func (op Slice) Gradient(b *Backward, n *Node, dOut []*Value) []*Value {
	dx, shape := dOut[0], n.In[0].Shape
	if dx.Size() == 0 {
		return []*Value{b.ZerosLike(n.In[0])}
	}
	rank := len(shape)
	lo, hi := make([]int, rank), make([]int, rank)
	for i, step := range op.Step {
		start := op.Start[i]
		if count := op.Count[i]; count == 1 {
			step = 1
		} else if step < 0 { // the same elements, the last one first
			start, step = start+(count-1)*step, -step
			dx = b.Flip(dx, i)
		}
		dx = b.apart(dx, i, step)
		lo[i], hi[i] = start, shape[i]-start-dx.Shape[i]
	}
	return []*Value{b.Pad(dx, lo, hi, 0)}
}

// apart puts step-1 zeros between the elements along an axis.
func (b *Builder) apart(x *Value, axis, step int) *Value {
	if step == 1 {
		return x
	}
	count := x.Shape[axis]
	wide := b.ExpandDims(x, axis+1)
	hi := make([]int, wide.Rank())
	hi[axis+1] = step - 1
	shape := slices.Clone(x.Shape)
	shape[axis] = count * step
	return b.Slice(b.Reshape(b.Pad(wide, make([]int, wide.Rank()), hi, 0), shape...), axis, 0, (count-1)*step+1)
}

// Gradient implements Differentiable.
func (op Concat) Gradient(b *Backward, n *Node, dOut []*Value) []*Value {
	grads := make([]*Value, len(n.In))
	at := 0
	for i, v := range n.In {
		if size := v.Shape[op.Axis]; b.Wants(i) {
			grads[i] = b.Slice(dOut[0], op.Axis, at, at+size)
		}
		at += v.Shape[op.Axis]
	}
	return grads
}

// Gradient implements Differentiable.
func (op Pad) Gradient(b *Backward, n *Node, dOut []*Value) []*Value {
	return []*Value{b.SliceAll(dOut[0], Slice{Start: op.Lo, Step: ones(len(op.Lo)), Count: n.In[0].Shape})}
}

// Gradient implements Differentiable.
func (op Spread) Gradient(b *Backward, n *Node, dOut []*Value) []*Value {
	step := ones(n.In[0].Rank())
	copy(step[1:], op.Factors)
	return []*Value{b.SliceAll(dOut[0], Slice{Start: make([]int, len(step)), Step: step, Count: n.In[0].Shape})}
}
