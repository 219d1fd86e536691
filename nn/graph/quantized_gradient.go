package graph

import (
	"math"

	"github.com/hornml/horn/tensor"
)

// Gradient implements Differentiable. As in Keras, the input has the gradient of a product with the matrix that the integers
// stand for, and its rounding none.
func (DenseInt8) Gradient(b *Backward, n *Node, dOut []*Value) []*Value {
	matrix, scale := b.Cast(n.In[1], tensor.Float32), n.In[2]
	return []*Value{b.MatMulT(dOut[0], b.Div(matrix, scale), false, true), nil, nil}
}

// RoundE5M2 rounds to the nearest number that float8 (e5m2: 2 bits of fraction, exponents from -14 to 15) can hold; numbers
// beyond its range become infinite.
var RoundE5M2 = flat("round_e5m2", func(x float64) float64 { return roundFloat8(x, 2, -14, 57344, math.Inf(1)) }, nil)

// Float8Gradient is its first input, of whose gradient float8 (e5m2) holds what it can at the scale of the second input, a
// number: the way back through a layer in float8. The third is the history of the largest magnitudes of that gradient, a vector.
// The compiler drops it.
type Float8Gradient struct{}

// Name implements Op.
func (Float8Gradient) Name() string { return "float8_gradient" }

// Infer implements Op.
func (Float8Gradient) Infer(n *Node) { n.SetOut(n.In[0].DType, n.In[0].Shape...) }

// Eval implements Op.
func (Float8Gradient) Eval(_ *Node, in, out []Buf) error { out[0].Copy(in[0]); return nil }

// Stands implements StandIn.
func (Float8Gradient) Stands() int { return 0 }

// largestE5M2 is the largest number of float8 (e5m2).
const largestE5M2 = 57344

// Gradient implements Differentiable. As in Keras, those of the scale and of the history are no gradients but what training puts
// in their places: the scale at which the history's largest magnitude just fits, and the history turned by one with the newest in front.
func (Float8Gradient) Gradient(b *Backward, n *Node, dOut []*Value) []*Value {
	scale, history := n.In[1], n.In[2]
	s := b.Cast(scale, n.In[0].DType)
	d := b.Clip(b.Div(dOut[0], s), -largestE5M2, largestE5M2)
	grads := []*Value{b.Mul(b.Unary(RoundE5M2, d), s), nil, nil}
	number := func(v float64) *Value { return b.Scalar(scale.DType, v) }
	if b.Wants(1) {
		top := b.Reduce(ReduceMax, history, false, 0)
		fits := b.And(b.Compare(Greater, top, number(0)), b.Compare(Less, top, number(math.Inf(1))))
		grads[1] = b.Where(fits, b.Unary(Recip, b.Div(number(largestE5M2), top)), scale)
	}
	if b.Wants(2) {
		newest := b.Reduce(ReduceMax, b.Abs(b.Reshape(dOut[0], dOut[0].Size())), false, 0)
		older := b.Slice(b.Concat(0, history, history), 0, 2, history.Size()+1) // turned by one, without the first
		grads[2] = b.Concat(0, b.Reshape(b.Cast(newest, history.DType), 1), older)
	}
	return grads
}

// Float8Gradient returns x, whose gradient goes through float8 at the given scale.
func (b *Builder) Float8Gradient(x, scale, history *Value) *Value {
	return b.Emit1(Float8Gradient{}, x, scale, history)
}
