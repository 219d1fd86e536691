package pass

import (
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/tensor"
)

// StridedProduct is a product of batches of Matrices of which neither is constant, with operands that are read, and a result
// that is written, at strides: the transposes around it are gone. Its inputs are the values in whose memory the operands
// lie.
type StridedProduct struct {
	A, B, C Matrices
	M, K, N int
	Trans   bool // B's rows are the columns of the product
	DType   tensor.DType
	Shape   []int // of the value in whose memory the result is
}

// Matrices says where the Matrices of a batch lie in the memory of a value.
type Matrices struct {
	At  []int // of each product of the batch
	Row int   // distance between rows
}

// Name implements graph.Op.
func (StridedProduct) Name() string { return "matmul" }

// Infer implements graph.Op.
func (op StridedProduct) Infer(n *graph.Node) { n.SetOut(op.DType, op.Shape...) }

// Eval implements graph.Op.
func (op StridedProduct) Eval(_ *graph.Node, in, out []graph.Buf) error {
	bk, bn := op.B.Row, 1
	if op.Trans {
		bk, bn = 1, op.B.Row
	}
	for u := range op.C.At {
		a, b, c := in[0].F[op.A.At[u]:], in[1].F[op.B.At[u]:], out[0].F[op.C.At[u]:]
		for i := range op.M {
			for j := range op.N {
				sum := 0.0
				for k := range op.K {
					sum += float64(a[i*op.A.Row+k]) * float64(b[k*bk+j*bn])
				}
				c[i*op.C.Row+j] = float32(sum)
			}
		}
	}
	return nil
}

// leftOperand finds the Matrices of A, [m, k] with contiguous rows, for the products of a batch.
func leftOperand(v *graph.Value, batch []int) (root *graph.Value, a Matrices) {
	if x, ok := repeated(v); ok {
		root, a = leftOperand(x, leading(x))
		a.repeat(v, batch)
		return root, a
	}
	w := viewOf(v)
	row, column := w.rows(v.LastDim())
	if column != 1 {
		w = plainView(v)
		row, _ = w.rows(v.LastDim())
	}
	return w.root, Matrices{w.offsets(batch), row}
}

// rightOperand finds the Matrices of B. They may be read transposed: trans says whether v is, and the result whether its
// memory is.
func rightOperand(v *graph.Value, trans bool, batch []int) (root *graph.Value, b Matrices, transposed bool) {
	if x, ok := repeated(v); ok {
		root, b, transposed = rightOperand(x, trans, leading(x))
		b.repeat(v, batch)
		return root, b, transposed
	}
	w := viewOf(v)
	r := len(w.shape)
	row, column := w.rows(w.shape[r-1])
	switch {
	case column == 1 && row >= w.shape[r-1]:
		return w.root, Matrices{w.offsets(batch), row}, trans
	case row == 1 && column >= w.shape[r-2]: // the other way round
		return w.root, Matrices{w.offsets(batch), column}, !trans
	}
	w = plainView(v)
	row, _ = w.rows(w.shape[r-1])
	return w.root, Matrices{w.offsets(batch), row}, trans
}

// leading are the axes of a value that count Matrices.
func leading(v *graph.Value) []int { return v.Shape[:v.Rank()-2] }

// repeated returns what v repeats along an axis that counts Matrices, such as the heads of K that several heads of Q share.
func repeated(v *graph.Value) (x *graph.Value, ok bool) {
	if r, ok := v.Node.Op.(Repeat); !ok || r.Axis >= v.Rank()-2 {
		return nil, false
	}
	return v.Node.In[0], true
}

// repeat turns the Matrices of what v repeats into those of v, which repeat to fill batch.
func (m *Matrices) repeat(v *graph.Value, batch []int) {
	a := v.Node.Op.(Repeat)
	shape := leading(v)
	inner := graph.Product(shape[a.Axis+1:])
	at := make([]int, 0, graph.Product(shape))
	for i := range graph.Product(shape) {
		at = append(at, m.At[i/inner/a.Count*inner+i%inner])
	}
	index := view{shape: shape, strides: graph.Strides(shape)}.positions(batch)
	for i, k := range index {
		index[i] = at[k]
	}
	m.At = index
}

// products turns the products of floats whose right operand is not constant into a StridedProduct.
func products(g *graph.Graph) {
	uses := graph.UsersOf(g)
	var nodes []*graph.Node
	for _, n := range g.Nodes {
		t, ok := n.Op.(graph.MatMul)
		if ok && n.Out[0].InFloat32() && !ConstantWeights(n) && n.In[0].Size() > 0 && n.In[1].Size() > 0 {
			a := n.In[0]
			if t.TransA { // the kernels read rows
				order := make([]int, a.Rank())
				for i := range order {
					order[i] = i
				}
				order[a.Rank()-2], order[a.Rank()-1] = a.Rank()-1, a.Rank()-2
				flip := graph.NewNode(graph.Transpose{Axes: order}, n.Label, n.In[0])
				nodes = append(nodes, flip)
				a = flip.Out[0]
			}
			out := n.Out[0]
			rank := out.Rank()
			batch := out.Shape[:rank-2]
			p := StridedProduct{M: out.Shape[rank-2], N: out.Shape[rank-1], K: a.LastDim(), DType: out.DType}
			in := make([]*graph.Value, 2)
			in[0], p.A = leftOperand(a, batch)
			in[1], p.B, p.Trans = rightOperand(n.In[1], t.TransB, batch)
			final, w := landing(uses, out)
			p.C.At = w.offsets(batch)
			p.C.Row, _ = w.rows(p.N)
			into := final.Node
			p.Shape = final.Shape
			into.Op, into.In = p, in
			into.Label = n.Label
		}
		nodes = append(nodes, n)
	}
	g.Nodes = nodes
}

// ConstantWeights reports whether the right operand of a product is one matrix that is known before a run, which is packed
// once.
func ConstantWeights(n *graph.Node) bool {
	return graph.IsFixed(n.In[1]) && n.In[1].Rank() == 2 && !n.Op.(graph.MatMul).TransA
}
