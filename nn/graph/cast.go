package graph

import (
	"math"

	"github.com/hornml/horn/tensor"
)

// Cast converts elements to another type as NumPy's astype does: towards zero from float to integer, wrapping between
// integers, "not zero" to bool.
type Cast struct{ To tensor.DType }

// Name implements Op.
func (Cast) Name() string { return "cast" }

// Infer implements Op.
func (op Cast) Infer(n *Node) {
	to := op.To
	if (to == tensor.String) != (n.In[0].DType == tensor.String) {
		panic(&Error{Msg: "cast: " + n.In[0].DType.String() + " cannot become " + to.String()})
	}
	n.SetOut(to, n.In[0].Shape...)
}

// Eval implements Op.
func (op Cast) Eval(n *Node, in, out []Buf) error {
	x, y := in[0], out[0]
	switch ClassOf(op.To) {
	case ClassF:
		castFloats(y.F, x)
		y.Finish(op.To)
	case ClassD:
		castFloats(y.D, x)
	case ClassI:
		castInts(y.I, x)
		y.Finish(op.To)
	case ClassB:
		castBools(y.B, x)
	case ClassS:
		copy(y.S, x.S)
	}
	return nil
}

// ByElement implements the face of that name.
func (Cast) ByElement() {}

func castFloats[T float32 | float64](out []T, x Buf) {
	for i, v := range x.F {
		out[i] = T(v)
	}
	for i, v := range x.D {
		out[i] = T(v)
	}
	for i, v := range x.I {
		out[i] = T(v)
	}
	for i, v := range x.B {
		out[i] = 0
		if v {
			out[i] = 1
		}
	}
}

func castInts(out []int64, x Buf) {
	for i, v := range x.F {
		out[i] = toInt(float64(v))
	}
	for i, v := range x.D {
		out[i] = toInt(v)
	}
	copy(out, x.I)
	for i, v := range x.B {
		out[i] = 0
		if v {
			out[i] = 1
		}
	}
}

// toInt truncates; Go leaves the conversion of NaN and of numbers out of range to the machine, so they are settled here.
func toInt(v float64) int64 {
	switch {
	case v != v:
		return math.MinInt64
	case v >= 0x1p63:
		return math.MaxInt64
	case v < -0x1p63:
		return math.MinInt64
	}
	return int64(v)
}

func castBools(out []bool, x Buf) {
	for i, v := range x.F {
		out[i] = v != 0
	}
	for i, v := range x.D {
		out[i] = v != 0
	}
	for i, v := range x.I {
		out[i] = v != 0
	}
	copy(out, x.B)
}

// Cast converts x to dtype d; x itself where it has that type.
//
//go:noinline
func (b *Builder) Cast(x *Value, d tensor.DType) *Value {
	if x.DType == d {
		return x
	}
	return b.Emit1(Cast{d}, x)
}
