package exec

import (
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/tensor"
	"github.com/hornml/horn/tensor/kernel"
)

// stridedProduct is a product of batches of matrices of which neither is constant, with operands that are read, and a result
// that is written, at strides: the transposes around it are gone. Its inputs are the values in whose memory the operands
// lie.
type stridedProduct struct {
	A, B, C matrices
	M, K, N int
	Trans   bool // B's rows are the columns of the product
	DType   tensor.DType
	Shape   []int // of the value in whose memory the result is
}

// matrices says where the matrices of a batch lie in the memory of a value.
type matrices struct {
	At  []int // of each product of the batch
	Row int   // distance between rows
}

// Name implements graph.Op.
func (stridedProduct) Name() string { return "matmul" }

// Infer implements graph.Op.
func (op stridedProduct) Infer(n *graph.Node) { n.SetOut(op.DType, op.Shape...) }

// Eval implements graph.Op.
func (op stridedProduct) Eval(_ *graph.Node, in, out []graph.Buf) error {
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

// leftOperand finds the matrices of A, [m, k] with contiguous rows, for the products of a batch.
func leftOperand(v *graph.Value, batch []int) (root *graph.Value, a matrices) {
	if x, ok := repeated(v); ok {
		root, a = leftOperand(x, leading(x))
		a.repeat(v, batch)
		return root, a
	}
	w := viewOf(v)
	row, column := w.rows(lastDim(v))
	if column != 1 {
		w = plainView(v)
		row, _ = w.rows(lastDim(v))
	}
	return w.root, matrices{w.offsets(batch), row}
}

// rightOperand finds the matrices of B. They may be read transposed: trans says whether v is, and the result whether its
// memory is.
func rightOperand(v *graph.Value, trans bool, batch []int) (root *graph.Value, b matrices, transposed bool) {
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
		return w.root, matrices{w.offsets(batch), row}, trans
	case row == 1 && column >= w.shape[r-2]: // the other way round
		return w.root, matrices{w.offsets(batch), column}, !trans
	}
	w = plainView(v)
	row, _ = w.rows(w.shape[r-1])
	return w.root, matrices{w.offsets(batch), row}, trans
}

// leading are the axes of a value that count matrices.
func leading(v *graph.Value) []int { return v.Shape[:v.Rank()-2] }

// repeated returns what v repeats along an axis that counts matrices, such as the heads of K that several heads of Q share.
func repeated(v *graph.Value) (x *graph.Value, ok bool) {
	if r, ok := v.Node.Op.(repeat); !ok || r.Axis >= v.Rank()-2 {
		return nil, false
	}
	return v.Node.In[0], true
}

// repeat turns the matrices of what v repeats into those of v, which repeat to fill batch.
func (m *matrices) repeat(v *graph.Value, batch []int) {
	a := v.Node.Op.(repeat)
	shape := leading(v)
	inner := product(shape[a.Axis+1:])
	at := make([]int, 0, product(shape))
	for i := range product(shape) {
		at = append(at, m.At[i/inner/a.Count*inner+i%inner])
	}
	index := view{shape: shape, strides: rowMajor(shape)}.positions(batch)
	for i, k := range index {
		index[i] = at[k]
	}
	m.At = index
}

// products turns the products of floats whose right operand is not constant into a stridedProduct.
func products(g *graph.Graph) {
	uses := usersOf(g)
	var nodes []*graph.Node
	for _, n := range g.Nodes {
		t, ok := n.Op.(graph.MatMul)
		if ok && isFloat(n.Out[0]) && !constantWeights(n) && n.In[0].Size() > 0 && n.In[1].Size() > 0 {
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
			p := stridedProduct{M: out.Shape[rank-2], N: out.Shape[rank-1], K: lastDim(a), DType: out.DType}
			in := make([]*graph.Value, 2)
			in[0], p.A = leftOperand(a, batch)
			in[1], p.B, p.Trans = rightOperand(n.In[1], t.TransB, batch)
			final, w := uses.landing(out)
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

// product is the work of a stridedProduct: the right operand of each product is packed in the worker's scratch.
func (l *lowering) product(n *graph.Node, t stridedProduct) *work {
	out := n.Out[0]
	a, b := n.In[0], n.In[1]
	e := &epilogue{out: out, last: n}
	if plain := t.C.Row == t.N && lastDim(out) == t.N; plain { // else the rows of the result are not those of the product
		e = l.follow(out, t.N, false)
	}
	level := kernel.Current()
	pack := kernel.PackSize(level, t.K, t.N)
	w := &work{node: n, name: e.name("matmul"), in: append([]*graph.Value{a, b}, e.inputs...), out: []*graph.Value{e.out}, inPlace: -1,
		scratch: pack + e.scratch() + packAlign, units: len(t.C.At)}
	w.cost = float64(w.units)*(productCost(t.M, t.K, t.N)+packCost(t.K*t.N)) + e.cost()
	w.make = func(p *Plan) kernelFunc {
		aid, bid, oid, residual := p.id(a), p.id(b), p.id(e.out), -1
		if e.residual != nil {
			residual = p.id(e.residual)
		}
		var post *program
		if e.post != nil {
			post = e.post.settle(p)
		}
		return func(r *run, worker, lo, hi int) error {
			scratch := r.scratch[worker]
			var packed kernel.PackedB
			last := -1
			for u := lo; u < hi; u++ {
				if t.B.At[u] != last {
					kernel.PackBInto(&packed, scratch[:pack], level, r.bufs[bid].F[t.B.At[u]:], t.K, t.N, t.B.Row, t.Trans)
					last = t.B.At[u]
				}
				c := r.bufs[oid].F[t.C.At[u]:]
				g := kernel.Gemm{A: r.bufs[aid].F[t.A.At[u]:], ARows: kernel.Strided(t.A.Row), B: &packed, C: c, CRows: kernel.Strided(t.C.Row), Epilogue: e.kernel()}
				if residual >= 0 {
					g.Residual = r.bufs[residual].F[t.C.At[u]:]
				}
				g.Run(t.M)
				if post != nil {
					post.run(r, scratch[pack:], r.bufs[oid].F, 0, t.C.At[u], t.C.At[u]+t.M*t.N)
				}
				for i := 0; e.out.DType.IsHalf() && i < t.M; i++ {
					finish(e.out.DType, c[i*t.C.Row:i*t.C.Row+t.N])
				}
			}
			return nil
		}
	}
	return w
}

// packAlign is room to begin packed operands at a cache line.
const packAlign = 16
