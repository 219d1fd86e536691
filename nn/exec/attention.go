package exec

import (
	"slices"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/tensor/kernel"
)

// opAttention is softmax(Q·Kᵀ and what is done to these scores)·V for batches of matrices, which are read and written at
// strides. Its inputs are the values in whose memory Q, K and V lie and those that its score ops read.
var opAttention = &graph.Op{Name: "attention"}

// attentionAttrs are the settings of opAttention: m rows of Q of k elements, t rows of K and V, V's n elements long.
type attentionAttrs struct {
	q, k, v, out     matrices
	m, dim, t, n     int
	transK, transV   bool // as PackBInto has it
	before, after    []scoreOp
	batch            []int
	matched          []*graph.Node
	root             *graph.Node // the product with V
	query, key, vals *graph.Value
}

// scoreOp is an op on scores. Its operand, if it has one, has the matrices `of`, whose elements are `step` (0 or 1) apart.
type scoreOp struct {
	kind   scoreKind
	binary kernel.BinaryOp
	unary  kernel.UnaryOp
	params graph.Params
	scalar float32
	value  *graph.Value
	id     int // of the value
	of     matrices
	step   int
}

type scoreKind uint8

const (
	scoreUnary   scoreKind = iota // unary(s)
	scoreScalar                   // binary(s, scalar)
	scoreBinary                   // binary(s, operand)
	scoreFill                     // scalar where the operand, a mask, is false
	scoreFillAdd                  // s + scalar where the mask is false
)

// attentions finds the chains of ops that attention layers write, and puts one opAttention in the place of each: the
// scores are then never in memory as a whole. Chains whose scores are needed elsewhere stay as they are.
func attentions(g *graph.Graph) {
	uses := usersOf(g)
	for _, n := range g.Nodes {
		if n.Op != graph.OpMatMul || !isFloat(n.Out[0]) || n.Out[0].Size() == 0 || n.In[0].Size() == 0 {
			continue
		}
		a := &attentionAttrs{root: n}
		if a.match() && a.private(uses) {
			a.replace(uses)
		}
	}
}

// match goes from the product with V back to Q and K.
func (a *attentionAttrs) match() bool {
	n := a.root
	attrs := n.Attrs.(graph.MatMulAttrs)
	at := n.In[0]
	if attrs.TransA || constantWeights(n) {
		return false
	}
	a.batch = n.Out[0].Shape[:n.Out[0].Rank()-2]
	a.m, a.t, a.n = at.Shape[at.Rank()-2], lastDim(at), lastDim(n.Out[0])
	if at.Size() != product(a.batch)*a.m*a.t {
		return false // the scores serve several matrices V
	}
	ops := &a.after
	for range 24 {
		n := at.Node
		switch {
		case n.Op == graph.OpSoftmax:
			if ops == &a.before || n.Attrs.(int) != at.Rank()-1 || lastDim(at) != a.t {
				return false
			}
			ops = &a.before
			at = n.In[0]
		case n.Op == graph.OpReshape:
			at = n.In[0]
		case n.Op == graph.OpMatMul:
			if ops != &a.before {
				return false
			}
			slices.Reverse(a.before)
			slices.Reverse(a.after)
			return a.product(n)
		default:
			op, next := a.scoreOp(at)
			if next == nil {
				return false
			}
			*ops = append(*ops, op...)
			at = next
		}
		a.matched = append(a.matched, n)
	}
	return false
}

// product takes the product of Q and K.
func (a *attentionAttrs) product(n *graph.Node) bool {
	attrs := n.Attrs.(graph.MatMulAttrs)
	q, k, out := n.In[0], n.In[1], n.Out[0]
	r := out.Rank()
	if attrs.TransA || out.Shape[r-2] != a.m || out.Shape[r-1] != a.t || !slices.Equal(out.Shape[:r-2], a.batch) || constantWeights(n) {
		return false
	}
	a.dim = lastDim(q)
	a.matched = append(a.matched, n)
	a.query, a.q = leftOperand(q, a.batch)
	a.key, a.k, a.transK = rightOperand(k, attrs.TransB, a.batch)
	a.vals, a.v, a.transV = rightOperand(a.root.In[1], a.root.Attrs.(graph.MatMulAttrs).TransB, a.batch)
	return true
}

// scoreOp takes the op that made v of scores: in the order from last to first, and the scores before; nil if it is none that
// can be done block by block.
func (a *attentionAttrs) scoreOp(v *graph.Value) ([]scoreOp, *graph.Value) {
	n := v.Node
	if !isFloat(v) || len(n.In) == 0 {
		return nil, nil
	}
	if u := graph.UnaryOf(n.Op); u != nil {
		k, ok := unaryKernels[u]
		if !ok {
			return nil, nil
		}
		p, _ := n.Attrs.(graph.Params)
		return []scoreOp{{kind: scoreUnary, unary: k, params: p}}, n.In[0]
	}
	if b := graph.BinaryOf(n.Op); b != nil {
		k, ok := binaryKernels[b]
		if !ok {
			return nil, nil
		}
		x, y := n.In[0], n.In[1]
		if commutes := b == graph.OpAdd || b == graph.OpMul; commutes && !a.hasScores(x) {
			x, y = y, x
		}
		if !a.hasScores(x) || x.Size() != v.Size() {
			return nil, nil
		}
		if c, ok := constScalar(y); ok {
			return []scoreOp{{kind: scoreScalar, binary: k, scalar: float32(c)}}, x
		}
		op := scoreOp{kind: scoreBinary, binary: k}
		if !op.operand(a, viewOf(y).broadcast(v.Shape)) {
			return nil, nil
		}
		return []scoreOp{op}, x
	}
	if n.Op != graph.OpWhere || n.In[1].Size() != v.Size() {
		return nil, nil
	}
	mask, x, y := viewOf(n.In[0]).broadcast(v.Shape), n.In[1], n.In[2]
	if c, ok := constScalar(y); ok {
		return a.fills(scoreFill, float32(c), mask), x
	}
	// where(mask, x, x + c)
	if y.Node.Op == &graph.OpAdd.Op && keyOf(y.Node.In[0]) == keyOf(x) {
		if c, ok := constScalar(y.Node.In[1]); ok {
			a.matched = append(a.matched, y.Node)
			op := scoreOp{kind: scoreFillAdd, scalar: float32(c)}
			if op.operand(a, mask) {
				return []scoreOp{op}, x
			}
		}
	}
	return nil, nil
}

// hasScores reports whether v is what becomes of a product with the shape of the scores, seen a few ops back.
func (a *attentionAttrs) hasScores(v *graph.Value) bool {
	for range 12 {
		n := v.Node
		switch {
		case v.Size() != product(a.batch)*a.m*a.t || len(n.In) == 0:
			return false
		case n.Op == graph.OpMatMul || n.Op == graph.OpSoftmax:
			return true
		case n.Op == graph.OpWhere:
			v = n.In[1]
		case graph.BinaryOf(n.Op) != nil && n.In[0].Size() != v.Size():
			v = n.In[1]
		default:
			v = n.In[0]
		}
	}
	return false
}

// fills splits a mask that several masks make up, as in mask and causal mask: a score is filled where one of them is false.
func (a *attentionAttrs) fills(kind scoreKind, c float32, mask view) []scoreOp {
	if n := mask.root.Node; n.Op == &graph.OpLogical["and"].Op {
		x, okX := mask.through(n, n.In[0])
		y, okY := mask.through(n, n.In[1])
		if okX && okY {
			if xs, ys := a.fills(kind, c, x), a.fills(kind, c, y); xs != nil && ys != nil {
				return append(xs, ys...)
			}
		}
	}
	op := scoreOp{kind: kind, scalar: c}
	if !op.operand(a, mask) {
		return nil
	}
	return []scoreOp{op}
}

// through reads an operand of an elementwise op where w reads the op's result.
func (w view) through(n *graph.Node, operand *graph.Value) (view, bool) {
	out := n.Out[0]
	if w.offset != 0 {
		return w, false
	}
	own := rowMajor(out.Shape)
	wide := viewOf(operand).broadcast(out.Shape)
	x := view{root: wide.root, offset: wide.offset, shape: w.shape, strides: make([]int, len(w.shape))}
	for i, s := range w.strides {
		if s == 0 || w.shape[i] == 1 {
			continue
		}
		found := false
		for k := range own {
			if own[k] == s && out.Shape[k] == w.shape[i] {
				x.strides[i], found = wide.strides[k], true
			}
		}
		if !found {
			return w, false
		}
	}
	return x, true
}

// operand finds the matrices of an operand, which is seen in the shape of the scores.
func (op *scoreOp) operand(a *attentionAttrs, w view) bool {
	r := len(w.shape)
	columns, rows := r, r
	for size := 1; columns > 0 && size < a.t; {
		columns--
		size *= w.shape[columns]
	}
	rows = columns
	for size := 1; rows > 0 && size < a.m; {
		rows--
		size *= w.shape[rows]
	}
	if product(w.shape[columns:]) != a.t || product(w.shape[rows:columns]) != a.m {
		return false
	}
	step, ok1 := w.join(columns, r)
	row, ok2 := w.join(rows, columns)
	if !ok1 || !ok2 || step > 1 || row < 0 {
		return false
	}
	lead := view{root: w.root, offset: w.offset, shape: append(slices.Clone(w.shape[:rows]), 1, 1), strides: append(slices.Clone(w.strides[:rows]), 0, 0)}
	op.value, op.step, op.of = w.root, step, matrices{lead.offsets(w.shape[:rows]), row}
	return true
}

// private reports whether nobody else reads what the step does not write.
func (a *attentionAttrs) private(uses userMap) bool {
	for _, n := range a.matched {
		for _, u := range uses[keyOf(n.Out[0])] {
			if u == nil || u != a.root && !slices.Contains(a.matched, u) {
				return false
			}
		}
	}
	return true
}

// replace puts the step where the result is written.
func (a *attentionAttrs) replace(uses userMap) {
	out := a.root.Out[0]
	final, w := uses.landing(out)
	a.out.at = w.offsets(a.batch)
	a.out.row, _ = w.rows(a.n)
	in := []*graph.Value{a.query, a.key, a.vals}
	for _, ops := range [][]scoreOp{a.before, a.after} {
		for _, op := range ops {
			if op.value != nil {
				in = append(in, op.value)
			}
		}
	}
	label := a.root.Label
	n := final.Node
	n.Op, n.Attrs, n.In, n.Label = opAttention, a, in, label
}
