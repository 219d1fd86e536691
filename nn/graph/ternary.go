package graph

import (
	"fmt"
	"slices"

	"github.com/hornml/horn/tensor"
)

// UnpackTernary takes the five digits in base 3 out of each byte along an axis, the lowest first, and gives them as -1, 0 and 1
// (keras.quantizers.unpack_ternary).
type UnpackTernary struct {
	Axis int
	Size int // the length of the axis when unpacked: one to five elements for each byte
}

// Name implements Op.
func (UnpackTernary) Name() string { return "unpack_ternary" }

// Infer implements Op.
func (op UnpackTernary) Infer(n *Node) {
	x := n.In[0]
	if x.DType != tensor.Uint8 || !Fits((op.Size+4)/5, x.Shape[op.Axis]) {
		panic(&Error{Msg: fmt.Sprintf("unpack_ternary: axis %d of %s does not hold %d numbers", op.Axis, x, op.Size)})
	}
	shape := slices.Clone(x.Shape)
	shape[op.Axis] = op.Size
	n.SetOut(tensor.Int8, shape...)
}

// Eval implements Op.
func (op UnpackTernary) Eval(n *Node, in, out []Buf) error {
	shape := n.Out[0].Shape
	outer, inner, bytes := product(shape[:op.Axis]), product(shape[op.Axis+1:]), n.In[0].Shape[op.Axis]
	places := [5]int64{1, 3, 9, 27, 81}
	to := 0
	for o := range outer {
		for k := range op.Size {
			from := (o*bytes + k/5) * inner
			for i := range inner {
				out[0].I[to] = in[0].I[from+i]/places[k%5]%3 - 1
				to++
			}
		}
	}
	return nil
}

// UnpackTernary takes the digits out of the bytes along an axis, size of them.
func (b *Builder) UnpackTernary(x *Value, axis, size int) *Value {
	return b.Emit1(UnpackTernary{b.Axis(axis, x.Rank()), size}, x)
}
