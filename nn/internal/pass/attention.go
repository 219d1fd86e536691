package pass

import (
	"math"
	"slices"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/tensor"
)

// Attention is softmax(Q·Kᵀ and what is done to these scores)·V for batches of Matrices, which are read and written at
// strides: M rows of Q of Dim elements, T rows of K and V, V's N elements long. Its inputs are the values in whose memory Q, K
// and V lie and those that its score ops read.
type Attention struct {
	Q, K, V, Out   Matrices
	M, Dim, T, N   int
	TransK, TransV bool // as PackBInto has it
	Before, After  []ScoreOp
	DType          tensor.DType
	Shape          []int // of the value in whose memory the result is
}

// ScoreOp is an op on scores. Its operand, if it has one, has the Matrices Of, whose elements are Step (0 or 1) apart.
type ScoreOp struct {
	Kind   ScoreKind
	Binary *graph.Binary
	Unary  *graph.Unary
	Params graph.Params
	Scalar float32
	Input  int // which of the node's inputs the operand is; 0 for none
	Of     Matrices
	Step   int
}

type ScoreKind uint8

const (
	ScoreUnary   ScoreKind = iota // unary(s)
	ScoreScalar                   // binary(s, scalar)
	ScoreBinary                   // binary(s, operand)
	ScoreFill                     // scalar where the operand, a mask, is false
	ScoreFillAdd                  // s + scalar where the mask is false
)

// Name implements graph.Op.
func (Attention) Name() string { return "attention" }

// Infer implements graph.Op.
func (op Attention) Infer(n *graph.Node) { n.SetOut(op.DType, op.Shape...) }

// Eval implements graph.Op.
func (op Attention) Eval(_ *graph.Node, in, out []graph.Buf) error {
	at := func(trans bool, row, i, j int) int {
		if trans {
			i, j = j, i
		}
		return i*row + j
	}
	scores := make([]float64, op.T)
	for u := range op.Out.At {
		q, k, v, y := in[0].F[op.Q.At[u]:], in[1].F[op.K.At[u]:], in[2].F[op.V.At[u]:], out[0].F[op.Out.At[u]:]
		for i := range op.M {
			for t := range scores {
				scores[t] = 0
				for d := range op.Dim {
					scores[t] += float64(q[i*op.Q.Row+d]) * float64(k[at(op.TransK, op.K.Row, d, t)])
				}
			}
			applyScores(op.Before, in, scores, u, i)
			top, sum := slices.Max(scores), 0.0
			for t, s := range scores {
				scores[t] = math.Exp(s - top)
				sum += scores[t]
			}
			for t := range scores {
				scores[t] /= sum
			}
			applyScores(op.After, in, scores, u, i)
			for j := range op.N {
				sum := 0.0
				for t, s := range scores {
					sum += s * float64(v[at(op.TransV, op.V.Row, t, j)])
				}
				y[i*op.Out.Row+j] = float32(sum)
			}
		}
	}
	return nil
}

// applyScores does ops to row i of the scores of product u of the batch.
func applyScores(ops []ScoreOp, in []graph.Buf, scores []float64, u, i int) {
	for _, op := range ops {
		for t, s := range scores {
			at := 0
			if op.Input > 0 {
				at = op.Of.At[u] + i*op.Of.Row + t*op.Step
			}
			switch op.Kind {
			case ScoreUnary:
				s = op.Unary.F(s, op.Params)
			case ScoreScalar:
				s = op.Binary.F(s, float64(op.Scalar))
			case ScoreBinary:
				s = op.Binary.F(s, float64(in[op.Input].F[at]))
			case ScoreFill:
				if !in[op.Input].B[at] {
					s = float64(op.Scalar)
				}
			case ScoreFillAdd:
				if !in[op.Input].B[at] {
					s += float64(op.Scalar)
				}
			}
			scores[t] = s
		}
	}
}

// attentionMatch is an attention that is being looked for.
type attentionMatch struct {
	Attention
	before, after    []matchedOp
	batch            []int
	matched          []*graph.Node
	root             *graph.Node // the product with V
	query, key, vals *graph.Value
}

// matchedOp is a score op with the value in whose memory its operand is, nil for none.
type matchedOp struct {
	ScoreOp
	value *graph.Value
}

// attentions finds the chains of ops that attention layers write, and puts one attention in the place of each: the
// scores are then never in memory as a whole. Chains whose scores are needed elsewhere stay as they are.
func attentions(g *graph.Graph) {
	uses := graph.UsersOf(g)
	for _, n := range g.Nodes {
		if !graph.Is[graph.MatMul](n.Op) || !n.Out[0].InFloat32() || n.Out[0].Size() == 0 || n.In[0].Size() == 0 {
			continue
		}
		a := &attentionMatch{root: n}
		if a.match() && a.private(uses) {
			a.replace(uses)
		}
	}
}

// match goes from the product with V back to Q and K.
func (a *attentionMatch) match() bool {
	n := a.root
	attrs := n.Op.(graph.MatMul)
	at := n.In[0]
	if attrs.TransA || ConstantWeights(n) {
		return false
	}
	a.batch = n.Out[0].Shape[:n.Out[0].Rank()-2]
	a.M, a.T, a.N = at.Shape[at.Rank()-2], at.LastDim(), n.Out[0].LastDim()
	if at.Size() != graph.Product(a.batch)*a.M*a.T {
		return false // the scores serve several Matrices V
	}
	ops := &a.after
	for range 24 {
		n := at.Node
		switch {
		case graph.Is[graph.Softmax](n.Op):
			softmax := n.Op.(graph.Softmax)
			if softmax.Log || ops == &a.before || softmax.Axis != at.Rank()-1 || at.LastDim() != a.T {
				return false
			}
			ops = &a.before
			at = n.In[0]
		case graph.Is[graph.Reshape](n.Op):
			at = n.In[0]
		case graph.Is[graph.MatMul](n.Op):
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
func (a *attentionMatch) product(n *graph.Node) bool {
	attrs := n.Op.(graph.MatMul)
	q, k, out := n.In[0], n.In[1], n.Out[0]
	r := out.Rank()
	if attrs.TransA || out.Shape[r-2] != a.M || out.Shape[r-1] != a.T || !slices.Equal(out.Shape[:r-2], a.batch) || ConstantWeights(n) {
		return false
	}
	a.Dim = q.LastDim()
	a.matched = append(a.matched, n)
	a.query, a.Q = leftOperand(q, a.batch)
	a.key, a.K, a.TransK = rightOperand(k, attrs.TransB, a.batch)
	a.vals, a.V, a.TransV = rightOperand(a.root.In[1], a.root.Op.(graph.MatMul).TransB, a.batch)
	return true
}

// ScoreOp takes the op that made v of scores: in the order from last to first, and the scores before; nil if it is none that
// can be done block by block.
func (a *attentionMatch) scoreOp(v *graph.Value) ([]matchedOp, *graph.Value) {
	n := v.Node
	if !v.InFloat32() || len(n.In) == 0 {
		return nil, nil
	}
	if e, ok := n.Op.(graph.Elementwise); ok {
		return []matchedOp{{ScoreOp: ScoreOp{Kind: ScoreUnary, Unary: e.Fn, Params: e.Params}}}, n.In[0]
	}
	if b := graph.BinaryOf(n.Op); b != nil {
		x, y := n.In[0], n.In[1]
		if commutes := b == graph.Add || b == graph.Mul; commutes && !a.hasScores(x) {
			x, y = y, x
		}
		if !a.hasScores(x) || x.Size() != v.Size() {
			return nil, nil
		}
		if c, ok := graph.ConstScalar(y); ok {
			return []matchedOp{{ScoreOp: ScoreOp{Kind: ScoreScalar, Binary: b, Scalar: float32(c)}}}, x
		}
		op := matchedOp{ScoreOp: ScoreOp{Kind: ScoreBinary, Binary: b}}
		if !op.operand(a, viewOf(y).broadcast(v.Shape)) {
			return nil, nil
		}
		return []matchedOp{op}, x
	}
	if !graph.Is[graph.Where](n.Op) || n.In[1].Size() != v.Size() {
		return nil, nil
	}
	mask, x, y := viewOf(n.In[0]).broadcast(v.Shape), n.In[1], n.In[2]
	if c, ok := graph.ConstScalar(y); ok {
		return a.fills(ScoreFill, float32(c), mask), x
	}
	// where(mask, x, x + c)
	if graph.BinaryOf(y.Node.Op) == graph.Add && y.Node.In[0].Output() == x.Output() {
		if c, ok := graph.ConstScalar(y.Node.In[1]); ok {
			a.matched = append(a.matched, y.Node)
			op := matchedOp{ScoreOp: ScoreOp{Kind: ScoreFillAdd, Scalar: float32(c)}}
			if op.operand(a, mask) {
				return []matchedOp{op}, x
			}
		}
	}
	return nil, nil
}

// hasScores reports whether v is what becomes of a product with the shape of the scores, seen a few ops back.
func (a *attentionMatch) hasScores(v *graph.Value) bool {
	for range 12 {
		n := v.Node
		switch {
		case v.Size() != graph.Product(a.batch)*a.M*a.T || len(n.In) == 0:
			return false
		case graph.Is[graph.MatMul](n.Op) || graph.Is[graph.Softmax](n.Op):
			return true
		case graph.Is[graph.Where](n.Op):
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
func (a *attentionMatch) fills(kind ScoreKind, c float32, mask view) []matchedOp {
	if n := mask.root.Node; graph.BinaryOf(n.Op) == graph.LogicalAnd {
		x, okX := mask.through(n, n.In[0])
		y, okY := mask.through(n, n.In[1])
		if okX && okY {
			if xs, ys := a.fills(kind, c, x), a.fills(kind, c, y); xs != nil && ys != nil {
				return append(xs, ys...)
			}
		}
	}
	op := matchedOp{ScoreOp: ScoreOp{Kind: kind, Scalar: c}}
	if !op.operand(a, mask) {
		return nil
	}
	return []matchedOp{op}
}

// through reads an operand of an elementwise op where w reads the op's result.
func (w view) through(n *graph.Node, operand *graph.Value) (view, bool) {
	out := n.Out[0]
	if w.offset != 0 {
		return w, false
	}
	own := graph.Strides(out.Shape)
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

// operand finds the Matrices of an operand, which is seen in the shape of the scores.
func (op *matchedOp) operand(a *attentionMatch, w view) bool {
	r := len(w.shape)
	columns, rows := r, r
	for size := 1; columns > 0 && size < a.T; {
		columns--
		size *= w.shape[columns]
	}
	rows = columns
	for size := 1; rows > 0 && size < a.M; {
		rows--
		size *= w.shape[rows]
	}
	if graph.Product(w.shape[columns:]) != a.T || graph.Product(w.shape[rows:columns]) != a.M {
		return false
	}
	step, ok1 := w.join(columns, r)
	row, ok2 := w.join(rows, columns)
	if !ok1 || !ok2 || step > 1 || row < 0 {
		return false
	}
	lead := view{root: w.root, offset: w.offset, shape: append(slices.Clone(w.shape[:rows]), 1, 1),
		strides: append(slices.Clone(w.strides[:rows]), 0, 0)}
	op.value, op.Step, op.Of = w.root, step, Matrices{lead.offsets(w.shape[:rows]), row}
	return true
}

// private reports whether nobody else reads what the step does not write.
func (a *attentionMatch) private(uses graph.Users) bool {
	for _, n := range a.matched {
		for _, u := range uses[n.Out[0].Output()] {
			if u == nil || u != a.root && !slices.Contains(a.matched, u) {
				return false
			}
		}
	}
	return true
}

// replace puts the step where the result is written.
func (a *attentionMatch) replace(uses graph.Users) {
	out := a.root.Out[0]
	final, w := landing(uses, out)
	a.Out.At = w.offsets(a.batch)
	a.Out.Row, _ = w.rows(a.N)
	in := []*graph.Value{a.query, a.key, a.vals}
	settle := func(ops []matchedOp) (list []ScoreOp) {
		for _, op := range ops {
			if op.value != nil {
				op.Input = len(in)
				in = append(in, op.value)
			}
			list = append(list, op.ScoreOp)
		}
		return list
	}
	a.Before, a.After = settle(a.before), settle(a.after)
	a.DType, a.Shape = final.DType, final.Shape
	n := final.Node
	n.Op, n.In, n.Label = a.Attention, in, a.root.Label
}
