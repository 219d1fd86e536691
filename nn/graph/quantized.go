package graph

import (
	"fmt"
	"math"
	"slices"

	"github.com/hornml/horn/tensor"
)

// MatMulInt8 is MatMul of two int8 values with an int32 result, exact for up to 2^17 products.
type MatMulInt8 struct{}

// Name implements Op.
func (MatMulInt8) Name() string { return "matmul_int8" }

// Infer implements Op.
func (MatMulInt8) Infer(n *Node) {
	if n.In[0].DType != tensor.Int8 || n.In[1].DType != tensor.Int8 {
		panic(&Error{Msg: fmt.Sprintf("matmul_int8: %s and %s are not both int8", n.In[0], n.In[1])})
	}
	MatMul{}.Infer(n)
	n.Out[0].DType = tensor.Int32
}

// Eval implements Op.
func (MatMulInt8) Eval(n *Node, in, out []Buf) error {
	matmul(n, MatMul{}, out[0].I, in[0].I, in[1].I, int64(0))
	out[0].Finish(tensor.Int32)
	return nil
}

// MatMulInt8 multiplies int8 matrices in the last two axes and gives int32; the leading axes broadcast.
func (b *Builder) MatMulInt8(x, y *Value) *Value { return b.Emit1(MatMulInt8{}, x, y) }

// UnpackInt4 takes the two 4-bit numbers out of each byte along an axis: the low half is the first.
type UnpackInt4 struct {
	Axis   int
	Size   int  // the length of the axis when unpacked: one or two elements for each byte
	Signed bool // -8..7, else 0..15
}

// Name implements Op.
func (UnpackInt4) Name() string { return "unpack_int4" }

// Infer implements Op.
func (op UnpackInt4) Infer(n *Node) {
	x := n.In[0]
	if x.DType != tensor.Int8 && x.DType != tensor.Uint8 || !Fits((op.Size+1)/2, x.Shape[op.Axis]) {
		panic(&Error{Msg: fmt.Sprintf("unpack_int4: axis %d of %s does not hold %d numbers", op.Axis, x, op.Size)})
	}
	shape := slices.Clone(x.Shape)
	shape[op.Axis] = op.Size
	d := tensor.Uint8
	if op.Signed {
		d = tensor.Int8
	}
	n.SetOut(d, shape...)
}

// Eval implements Op.
func (op UnpackInt4) Eval(n *Node, in, out []Buf) error {
	shape := n.Out[0].Shape
	outer, inner, bytes := product(shape[:op.Axis]), product(shape[op.Axis+1:]), n.In[0].Shape[op.Axis]
	to := 0
	for o := range outer {
		for k := range op.Size {
			from := (o*bytes + k/2) * inner
			shift := 4 * (k % 2)
			for i := range inner {
				v := in[0].I[from+i] >> shift & 15
				if op.Signed {
					v = (v ^ 8) - 8
				}
				out[0].I[to] = v
				to++
			}
		}
	}
	return nil
}

// UnpackInt4 takes the 4-bit numbers out of the bytes along an axis, size of them.
func (b *Builder) UnpackInt4(x *Value, axis, size int, signed bool) *Value {
	return b.Emit1(UnpackInt4{b.Axis(axis, x.Rank()), size, signed}, x)
}

// RoundE4M3 rounds to the nearest number that float8 (e4m3fn: 3 bits of fraction, exponents from -6 to 8, no infinity)
// can hold; numbers beyond 448 become NaN, as they have none.
var RoundE4M3 = flat("round_e4m3", func(x float64) float64 { return roundFloat8(x, 3, -6, 448, math.NaN()) }, nil)

// roundFloat8 rounds to a float of some bits of fraction and a least exponent; what is above top becomes beyond.
func roundFloat8(x float64, bits, least int, top, beyond float64) float64 {
	if x == 0 || math.IsNaN(x) {
		return x
	}
	_, e := math.Frexp(x)
	step := math.Ldexp(1, max(e-1, least)-bits)
	r := math.RoundToEven(x/step) * step
	if math.Abs(r) > top {
		return math.Copysign(beyond, x)
	}
	return r
}

// DenseInt8 multiplies rows of floats with an int8 matrix as Keras's int8 layers do. Inputs: x (rows, k) in float32, the
// matrix (k, n) in int8 and a scale (n) for its columns; Epsilon is the quantizer's. Each row of x is scaled so that
// its largest magnitude becomes 127, and rounded:
//
//	s = 127 / (max|x| + epsilon);  q = clip(round(x*s), -127, 127);  y = (q · matrix) / (scale*s)
//
// The product of integers is exact; the rest is computed in float32, as Keras does, since a number that lies between
// two integers must be rounded to the same one.
type DenseInt8 struct{ Epsilon float64 }

// Name implements Op.
func (DenseInt8) Name() string { return "dense_int8" }

// Infer implements Op.
func (DenseInt8) Infer(n *Node) {
	x, w, s := n.In[0], n.In[1], n.In[2]
	if x.Rank() != 2 || w.Rank() != 2 || x.DType != tensor.Float32 || w.DType != tensor.Int8 || s.DType != tensor.Float32 ||
		!Fits(x.Shape[1], w.Shape[0]) || !slices.Equal(s.Shape, w.Shape[1:]) || x.Shape[1] == 0 || x.Shape[1] > MaxInt8Sum {
		panic(&Error{Msg: fmt.Sprintf("dense_int8: the input %s, the matrix %s and its scale %s do not fit", x, w, s)})
	}
	n.SetOut(tensor.Float32, x.Shape[0], w.Shape[1])
}

// Eval implements Op.
func (op DenseInt8) Eval(n *Node, in, out []Buf) error {
	k, cols := n.In[1].Shape[0], n.In[1].Shape[1]
	epsilon := float32(op.Epsilon)
	q := make([]int64, k)
	for r := range n.In[0].Shape[0] {
		row := in[0].F[r*k : (r+1)*k]
		top := float32(0)
		for _, v := range row {
			if a := float32(math.Abs(float64(v))); a > top || a != a {
				top = a
			}
		}
		scale := 127 / (top + epsilon)
		for i, v := range row {
			q[i] = int64(min(max(math.RoundToEven(float64(v*scale)), -127), 127))
		}
		for j := range cols {
			sum := int64(0)
			for i, v := range q {
				sum += v * in[1].I[i*cols+j]
			}
			out[0].F[r*cols+j] = float32(sum) / (in[2].F[j] * scale)
		}
	}
	return nil
}

// MaxInt8Sum is the number of products of int8 whose sum surely fits an int32.
const MaxInt8Sum = 130_000

// DenseInt8 multiplies the last axis of x, float32, with an int8 matrix whose columns have the given scales, quantizing x on
// the way; see [DenseInt8].
func (b *Builder) DenseInt8(x, matrix, scale *Value, epsilon float64) *Value {
	if x.Rank() == 0 || matrix.Rank() != 2 {
		b.Fail("an input %s does not fit an int8 matrix %s", x, matrix)
	}
	lead := x.Shape[:x.Rank()-1]
	y := b.Emit1(DenseInt8{epsilon}, b.Reshape(x, product(lead), matrix.Shape[0]), matrix, scale)
	return b.Reshape(y, append(slices.Clone(lead), matrix.Shape[1])...)
}
