package graph

import (
	"slices"

	"github.com/hornml/horn/tensor"
)

// Gradient implements Differentiable: what an element has become in several places adds up.
func (op Take) Gradient(b *Backward, n *Node, dOut []*Value) []*Value {
	x, idx := n.In[0], n.In[1]
	// The indexed axis goes first, the axes of the indices become one.
	size, count := x.Shape[op.Axis], idx.Size()
	lead, rest := x.Shape[:op.Axis], x.Shape[op.Axis+1:]
	moved := b.MoveAxis(b.Reshape(dOut[0], slices.Concat(lead, []int{count}, rest)...), op.Axis, 0)
	zeros := b.Full(x.DType, 0, slices.Concat([]int{size}, lead, rest)...)
	sum := b.Scatter(zeros, b.Reshape(idx, count, 1), moved, "add")
	return []*Value{b.MoveAxis(sum, 0, op.Axis), nil}
}

// Gradient implements Differentiable.
func (op TakeAlong) Gradient(b *Backward, n *Node, dOut []*Value) []*Value {
	x, out := n.In[0], n.Out[0]
	// x as lines along the axis, all of them in a row, where line l begins at l*size.
	shape := slices.Clone(out.Shape)
	size := x.Shape[op.Axis]
	shape[op.Axis] = size // of x, once it is broadcast
	idx := b.Cast(b.BroadcastTo(n.In[1], out.Shape...), tensor.Int64)
	idx = b.Where(b.Compare(Less, idx, b.Int(tensor.Int64, 0)), b.Add(idx, b.Int(tensor.Int64, int64(size))), idx)
	idx = b.MoveAxis(idx, op.Axis, -1)
	lines, count := product(idx.Shape[:idx.Rank()-1]), out.Shape[op.Axis]
	starts := make([]int, lines)
	for i := range starts {
		starts[i] = i * size
	}
	flat := b.Add(b.Reshape(idx, lines, count), b.Reshape(b.Ints(tensor.Int64, starts...), lines, 1))
	d := b.Reshape(b.MoveAxis(dOut[0], op.Axis, -1), lines*count)
	sum := b.Scatter(b.Full(x.DType, 0, lines*size), b.Reshape(flat, lines*count, 1), d, "add")
	moved := slices.Concat(shape[:op.Axis], shape[op.Axis+1:], []int{size})
	return []*Value{b.SumTo(b.MoveAxis(b.Reshape(sum, moved...), -1, op.Axis), x.Shape...), nil}
}

// GatherND takes the slices of x that the index vectors in the last axis of indices point to: what [Scatter] changes.
func (b *Builder) GatherND(x, indices *Value) *Value {
	depth := indices.Shape[indices.Rank()-1]
	lead := indices.Shape[:indices.Rank()-1]
	flat := b.Full(tensor.Int64, 0, lead...)
	for k := range depth {
		size := int64(x.Shape[k])
		i := b.Cast(b.Reshape(b.Slice(indices, -1, k, k+1), lead...), tensor.Int64)
		i = b.Where(b.Compare(Less, i, b.Int(tensor.Int64, 0)), b.Add(i, b.Int(tensor.Int64, size)), i)
		flat = b.Add(b.Mul(flat, b.Int(tensor.Int64, size)), i)
	}
	rest := x.Shape[depth:]
	return b.Take(b.Reshape(x, append([]int{product(x.Shape[:depth])}, rest...)...), flat, 0)
}

// Gradient implements Differentiable. Of updates that replace one element the last has its gradient; those that tie for an
// extreme share it, as they do in JAX.
func (op Scatter) Gradient(b *Backward, n *Node, dOut []*Value) []*Value {
	x, idx, upd := n.In[0], n.In[1], n.In[2]
	d, out := dOut[0], n.Out[0]
	grads := make([]*Value, 3)
	switch op.How {
	case "add":
		grads[0] = d
		if b.Wants(2) {
			grads[2] = b.GatherND(d, idx)
		}
	case "":
		if b.Wants(0) {
			grads[0] = b.Scatter(d, idx, b.ZerosLike(upd), "")
		}
		if b.Wants(2) {
			// Each update writes its number; those whose number is there in the end have won.
			lead := idx.Shape[:idx.Rank()-1]
			numbers := b.Reshape(b.Ints(tensor.Int64, seq(product(lead))...), lead...)
			slots := b.Scatter(b.Full(tensor.Int64, -1, x.Shape[:idx.Shape[idx.Rank()-1]]...), idx, numbers, "")
			won := b.Compare(Equal, b.GatherND(slots, idx), numbers)
			won = b.Reshape(won, slices.Concat(lead, ones(upd.Rank()-len(lead)))...)
			grads[2] = b.Masked(won, b.GatherND(d, idx))
		}
	case "mul":
		if b.Wants(0) {
			grads[0] = b.Mul(d, b.Scatter(b.Full(x.DType, 1, x.Shape...), idx, upd, "mul"))
		}
		if b.Wants(2) {
			grads[2] = op.factors(b, n, d)
		}
	case "max", "min":
		tied := b.Cast(b.Compare(Equal, upd, b.GatherND(out, idx)), x.DType)
		own := b.Cast(b.Compare(Equal, x, out), x.DType)
		share := b.Div(d, b.Max(b.Scatter(own, idx, tied, "add"), b.Scalar(x.DType, 1)))
		if b.Wants(0) {
			grads[0] = b.Mul(own, share)
		}
		if b.Wants(2) {
			grads[2] = b.Mul(tied, b.GatherND(share, idx))
		}
	}
	return grads
}

// factors is the gradient of updates that multiply: each with the product of all other factors of its element, which a
// division by itself gives unless it is 0. Of zeros the product of the other factors counts only where there are no more.
func (Scatter) factors(b *Backward, n *Node, d *Value) *Value {
	x, idx, upd := n.In[0], n.In[1], n.In[2]
	zero, one := b.Scalar(x.DType, 0), b.Scalar(x.DType, 1)
	none := func(v *Value) *Value { return b.Compare(Equal, v, zero) }
	zeros := b.Scatter(b.Cast(none(x), x.DType), idx, b.Cast(none(upd), x.DType), "add")
	rest := b.Scatter(b.Where(none(x), one, x), idx, b.Where(none(upd), one, upd), "mul") // without the zeros
	others := b.GatherND(zeros, idx)
	others = b.Sub(others, b.Cast(none(upd), x.DType))
	product := b.Div(b.GatherND(rest, idx), b.Where(none(upd), one, upd))
	return b.Masked(b.Compare(Equal, others, zero), b.Mul(b.GatherND(d, idx), product))
}
