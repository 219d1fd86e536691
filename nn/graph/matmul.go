package graph

import (
	"fmt"

	"github.com/hornml/horn/tensor"
)

// MatMul multiplies matrices in the last two axes; the leading axes broadcast. TransA and TransB
// say which operand is read transposed in its last two axes. Floats are accumulated in float64 by the
// reference evaluation.
type MatMul struct{ TransA, TransB bool }

// Name implements Op.
func (MatMul) Name() string { return "matmul" }

// Infer implements Op.
func (op MatMul) Infer(n *Node) {
	a, b := n.In[0], n.In[1]
	if a.Rank() < 2 || b.Rank() < 2 || a.DType != b.DType || !isNumber(a.DType) {
		panic(&Error{Msg: fmt.Sprintf("matmul: %s and %s cannot be multiplied", a, b)})
	}
	m, k := matrixOf(a, op.TransA)
	k2, cols := matrixOf(b, op.TransB)
	batch, err := tensor.Broadcast(a.Shape[:a.Rank()-2], b.Shape[:b.Rank()-2])
	if err != nil || !Fits(k, k2) {
		panic(&Error{Msg: fmt.Sprintf("matmul: the inner sizes %s and %s of %s and %s, or their leading axes, do not fit", dim(k), dim(k2),
			a, b)})
	}
	n.SetOut(a.DType, append(batch, m, cols)...)
}

// Eval implements Op.
func (op MatMul) Eval(n *Node, in, out []Buf) error {
	switch {
	case out[0].F != nil:
		matmul(n, op, out[0].F, in[0].F, in[1].F, float64(0))
	case out[0].D != nil:
		matmul(n, op, out[0].D, in[0].D, in[1].D, float64(0))
	default:
		matmul(n, op, out[0].I, in[0].I, in[1].I, int64(0))
	}
	return nil
}

func matrixOf(v *Value, trans bool) (rows, cols int) {
	rows, cols = v.Shape[v.Rank()-2], v.Shape[v.Rank()-1]
	if trans {
		return cols, rows
	}
	return rows, cols
}

func matmul[T float32 | float64 | int64, A float64 | int64](n *Node, t MatMul, out, a, b []T, _ A) {
	m, k := matrixOf(n.In[0], t.TransA)
	_, cols := matrixOf(n.In[1], t.TransB)
	ai, ak, bk, bj := k, 1, cols, 1
	if t.TransA {
		ai, ak = 1, m
	}
	if t.TransB {
		bk, bj = 1, k
	}
	EachBatch(n, func(o, x, y int) {
		x, y = x*m*k, y*k*cols
		for i := range m {
			for j := range cols {
				var sum A
				p, q := x+i*ai, y+j*bj
				for range k {
					sum += A(a[p]) * A(b[q])
					p += ak
					q += bk
				}
				out[(o*m+i)*cols+j] = T(sum)
			}
		}
	})
}

// EachBatch calls f for each matrix product of a MatMul node with the numbers of the matrices in its output and inputs.
func EachBatch(n *Node, f func(out, a, b int)) {
	batch := n.Out[0].Shape[:n.Out[0].Rank()-2]
	var sa, sb [MaxRank]int
	o := 0
	walk3(batch, broadcastStrides(&sa, n.In[0].Shape[:n.In[0].Rank()-2], batch),
		broadcastStrides(&sb, n.In[1].Shape[:n.In[1].Rank()-2], batch), sa[:len(batch)],
		func(i, j, _, n, di, dj, _ int) {
			for range n {
				f(o, i, j)
				o, i, j = o+1, i+di, j+dj
			}
		})
}

// MatMul multiplies matrices in the last two axes of two values of rank 2 or more; the leading axes broadcast.
//
//go:noinline
func (b *Builder) MatMul(x, y *Value) *Value { return b.MatMulT(x, y, false, false) }

// MatMulT is MatMul with either operand read transposed in its last two axes.
//
//go:noinline
func (b *Builder) MatMulT(x, y *Value, transX, transY bool) *Value {
	return b.Emit1(MatMul{transX, transY}, x, y)
}

// Dense multiplies the last axis of x with a kernel of shape (in, out): a matmul over all leading axes at once.
func (b *Builder) Dense(x, kernel *Value) *Value {
	if kernel.Rank() != 2 || x.Rank() == 0 || !Fits(x.Shape[x.Rank()-1], kernel.Shape[0]) {
		b.Fail("an input %s does not fit a kernel %s: its last axis must be %d", x, kernel, kernel.Shape[0])
	}
	lead := x.Shape[:x.Rank()-1]
	flat := b.Reshape(x, product(lead), kernel.Shape[0])
	return b.Reshape(b.MatMul(flat, kernel), append(append([]int(nil), lead...), kernel.Shape[1])...)
}
