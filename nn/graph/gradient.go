package graph

import "slices"

// Differentiable ops have a gradient, written in other ops.
type Differentiable interface {
	// Gradient returns, for each input of n, the gradient with respect to it of a number whose gradients with respect to n's
	// outputs are dOut; those of outputs on which the number does not depend are nil. A gradient has the shape and the type
	// of what it is of. It is nil where nothing flows back into an input, as into integers, and may be nil where
	// b.Wants says that it is of no use.
	Gradient(b *Backward, n *Node, dOut []*Value) []*Value
}

// Backward is the builder of a backward graph at one node.
type Backward struct {
	*Builder
	// Wanted says for which inputs of the node a gradient is of use.
	Wanted []bool
	// Differentiate writes the gradients of values with respect to others into a graph, given those with respect to the
	// first; what does not depend on one of the others is nil. Ops that hold a graph, as loops do, need it for that.
	Differentiate func(b *Builder, ys, dys, wrt []*Value) []*Value
}

// Wants reports whether the gradient with respect to input i is of use.
func (b *Backward) Wants(i int) bool { return b.Wanted[i] }

// Differentiable reports whether a gradient flows through values of v's type: those of floats.
func (v *Value) Differentiable() bool { return v.DType.IsFloat() }

// ZerosLike returns zeros of v's shape and type.
//
//go:noinline
func (b *Builder) ZerosLike(v *Value) *Value { return b.Full(v.DType, 0, v.Shape...) }

// Masked returns x where cond is true, and 0 elsewhere; they broadcast.
func (b *Builder) Masked(cond, x *Value) *Value { return b.Where(cond, x, b.Scalar(x.DType, 0)) }

// SumTo undoes a broadcast: it adds up what the elements of a value of the given shape have become in x.
func (b *Builder) SumTo(x *Value, shape ...int) *Value {
	if slices.Equal(x.Shape, shape) {
		return x
	}
	lead := x.Rank() - len(shape)
	axes := seq(lead)
	for i, d := range shape {
		if d == 1 && x.Shape[lead+i] != 1 {
			axes = append(axes, lead+i)
		}
	}
	if len(axes) > 0 {
		x = b.SumKeep(x, axes...)
	}
	return b.Reshape(x, shape...)
}

// StopGradient is its input, through which no gradient flows (keras.ops.stop_gradient).
type StopGradient struct{}

// Name implements Op.
func (StopGradient) Name() string { return "stop_gradient" }

// Infer implements Op.
func (StopGradient) Infer(n *Node) { n.SetOut(n.In[0].DType, n.In[0].Shape...) }

// Eval implements Op.
func (StopGradient) Eval(_ *Node, in, out []Buf) error { out[0].Copy(in[0]); return nil }

// Stands implements StandIn.
func (StopGradient) Stands() int { return 0 }

// StopGradient returns x, through which no gradient flows.
//
//go:noinline
func (b *Builder) StopGradient(x *Value) *Value { return b.Emit1(StopGradient{}, x) }

// StraightThrough is its first input, with the gradient of the second: what is rounded is trained as if it were not. Both have
// one shape and type. The compiler drops it, and with it what only the second input needs.
type StraightThrough struct{}

// Name implements Op.
func (StraightThrough) Name() string { return "straight_through" }

// Infer implements Op.
func (StraightThrough) Infer(n *Node) {
	if x, y := n.In[0], n.In[1]; x.DType != y.DType || !slices.Equal(x.Shape, y.Shape) {
		panic(&Error{Msg: "straight_through: " + x.String() + " with the gradient of " + y.String()})
	}
	n.SetOut(n.In[0].DType, n.In[0].Shape...)
}

// Eval implements Op.
func (StraightThrough) Eval(_ *Node, in, out []Buf) error { out[0].Copy(in[0]); return nil }

// Stands implements StandIn.
func (StraightThrough) Stands() int { return 0 }

// Gradient implements Differentiable.
func (StraightThrough) Gradient(_ *Backward, _ *Node, dOut []*Value) []*Value {
	return []*Value{nil, dOut[0]}
}

// StraightThrough returns x with the gradient of smooth.
func (b *Builder) StraightThrough(x, smooth *Value) *Value {
	return b.Emit1(StraightThrough{}, x, smooth)
}

// Through returns the gradients of the inputs of n by way of other ops that compute the same: f writes the outputs of n, made of
// its inputs, nil for those through which none flows.
func (b *Backward) Through(n *Node, dOut []*Value, f func(b *Builder, in []*Value) []*Value) []*Value {
	in := slices.Clone(n.In)
	var wrt, ys, dys []*Value
	for i, v := range in {
		if b.Wants(i) { // the way back ends here
			in[i] = b.StopGradient(v)
			wrt = append(wrt, in[i])
		}
	}
	for i, y := range f(b.Builder, in) {
		if y != nil && dOut[i] != nil {
			ys, dys = append(ys, y), append(dys, dOut[i])
		}
	}
	found := b.Differentiate(b.Builder, ys, dys, wrt)
	grads := make([]*Value, len(in))
	for i := range grads {
		if b.Wants(i) {
			grads[i], found = found[0], found[1:]
		}
	}
	return grads
}
