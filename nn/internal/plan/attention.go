package plan

import (
	"bytes"
	"slices"
	"unsafe"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/internal/pass"
	"github.com/hornml/horn/tensor"
	"github.com/hornml/horn/tensor/kernel"
)

// attentionStep goes through the products of the batch ("heads"). It packs K and V of one, then takes some rows of Q at a
// time: their scores stay in the worker's scratch, in the cache, from the first product to the second.
type attentionStep struct {
	pass.Attention
	before, after []scoreStep
	level         kernel.Level
	dtype         tensor.DType
	rows          int // of Q in a block
	parts         int // into which the rows of a head are divided
	partRows      int
	unit          int // parts in a unit
	packK, packV  int // elements of the packed operands
	skip          bool
	segs          []kernel.Segs // for each number of panels of K, as many rows of V
	in            [3]int
	to            int
}

const (
	attentionBlock = 1 << 15 // scores in a block: 128 KiB, which leaves room for a head's K and V in the second cache
	attentionUnit  = 10_000  // nanoseconds of work that are worth a unit of their own
)

// scoreStep is a pass.ScoreOp with its kernel and the id of its operand.
type scoreStep struct {
	pass.ScoreOp
	binary kernel.BinaryOp
	unary  kernel.UnaryOp
	fast   bool // there is a kernel
	id     int
}

func scoreSteps(ops []pass.ScoreOp) []scoreStep {
	steps := make([]scoreStep, len(ops))
	for i, op := range ops {
		steps[i] = scoreStep{ScoreOp: op}
		switch op.Kind {
		case pass.ScoreUnary:
			steps[i].unary, steps[i].fast = unaryKernels[op.Unary]
		case pass.ScoreScalar, pass.ScoreBinary:
			steps[i].binary, steps[i].fast = binaryKernels[op.Binary]
		}
	}
	return steps
}

// attention is the work of an attention.
func (l *lowering) attention(n *graph.Node, a pass.Attention) *work {
	s := &attentionStep{Attention: a, before: scoreSteps(a.Before), after: scoreSteps(a.After), level: kernel.Current(), dtype: n.Out[0].DType}
	tile := kernel.RowTile(s.level)
	s.rows = max(min(attentionBlock/a.T, a.M)/tile, 1) * tile
	s.packK, s.packV = kernel.PackSize(s.level, a.Dim, a.T), kernel.PackSize(s.level, a.T, a.N)
	if s.skip = s.skips(); s.skip {
		s.rows = min(s.rows, max(a.M/8/tile, 2)*tile) // what a few rows may not look at can be left out
		s.segs = append(s.segs, kernel.Segments(nil))
		shape := kernel.NewPackedB(s.level, 0, a.T)
		for i := range shape.Panels() {
			first, width := shape.Panel(i)
			s.segs = append(s.segs, kernel.Segments([]kernel.Seg{{Len: int32(first + width)}}))
		}
	}
	heads := len(a.Out.At)
	head := productCost(a.M, a.Dim+a.N, a.T) + packCost(a.T*(a.Dim+a.N)) + softmaxCost(a.M*a.T)
	// Every part packs K and V again: a head is only divided where heads alone keep the threads busy unevenly.
	grain := tile
	if s.skip { // blocks must not depend on the number of threads: what they leave out does not round
		grain = s.rows
	}
	grains := (a.M + grain - 1) / grain
	s.parts = 1
	for t := l.threads; t > 1 && heads*s.parts < 4*t && heads*s.parts%t != 0 && s.parts*2 <= grains; {
		s.parts++
	}
	s.partRows = (grains + s.parts - 1) / s.parts * grain
	s.parts = (a.M + s.partRows - 1) / s.partRows
	items := heads * s.parts
	s.unit = max(min(int(attentionUnit/(head/float64(s.parts))), items/(2*l.threads)), 1)
	w := &work{node: n, name: n.Op.Name(), in: n.In, out: n.Out, inPlace: -1, units: (items + s.unit - 1) / s.unit,
		cost: head * float64(heads)}
	if s.overwritesQuery(n) {
		w.inPlace = 0
	}
	w.scratch = s.packK + s.packV + min(s.rows, s.partRows)*a.T + 3*packAlign
	w.make = func(p *Plan) kernelFunc {
		for i := range s.in {
			s.in[i] = p.id(n.In[i])
		}
		s.to = p.id(n.Out[0])
		for _, ops := range [][]scoreStep{s.before, s.after} {
			for i := range ops {
				ops[i].id = p.id(n.In[ops[i].Input])
			}
		}
		return func(r *run, worker, lo, hi int) error {
			s.run(r, r.scratch[worker], lo*s.unit, min(hi*s.unit, items))
			return nil
		}
	}
	return w
}

// overwritesQuery reports whether the results can take the place of the rows of Q that they are made of.
func (s *attentionStep) overwritesQuery(n *graph.Node) bool {
	a := s.Attention
	if a.Dim != a.N || a.Q.Row != a.Out.Row || !slices.Equal(a.Q.At, a.Out.At) {
		return false
	}
	memory := func(v *graph.Value) *graph.Node {
		for graph.Is[graph.Reshape](v.Node.Op) {
			v = v.Node.In[0]
		}
		return v.Node
	}
	for _, v := range n.In[1:] {
		if memory(v) == memory(n.In[0]) {
			return false
		}
	}
	return true
}

// run does the parts [lo, hi), counted through all heads.
func (s *attentionStep) run(r *run, scratch []float32, lo, hi int) {
	q, k, v, out := r.bufs[s.in[0]].F, r.bufs[s.in[1]].F, r.bufs[s.in[2]].F, r.bufs[s.to].F
	align := func(n int) int { return (n + packAlign - 1) / packAlign * packAlign }
	spaceV := scratch[align(s.packK):]
	scores := spaceV[align(s.packV):]
	var keys, values kernel.PackedB
	lastK, lastV := -1, -1
	for i := lo; i < hi; i++ {
		head := i / s.parts
		if s.K.At[head] != lastK { // several heads may share K and V
			lastK = s.K.At[head]
			kernel.PackBInto(&keys, scratch[:s.packK], s.level, k[lastK:], s.Dim, s.T, s.K.Row, s.TransK)
		}
		if s.V.At[head] != lastV {
			lastV = s.V.At[head]
			kernel.PackBInto(&values, spaceV[:s.packV], s.level, v[lastV:], s.T, s.N, s.V.Row, s.TransV)
		}
		from := i % s.parts * s.partRows
		for end := min(from+s.partRows, s.M); from < end; from += s.rows {
			rows := min(s.rows, end-from)
			block := scores[:rows*s.T]
			panels := keys.Panels()
			if s.skip {
				panels = s.visible(r, &keys, head, from, rows)
			}
			a := q[s.Q.At[head]+from*s.Q.Row:]
			if !s.weights(r, a, &keys, panels, block, head, from) {
				panels = keys.Panels()
				s.weights(r, a, &keys, panels, block, head, from)
			}
			c := out[s.Out.At[head]+from*s.Out.Row:]
			product := kernel.Gemm{A: block, ARows: kernel.Strided(s.T), B: &values, C: c, CRows: kernel.Strided(s.Out.Row)}
			if panels < keys.Panels() {
				product.Segs = s.segs[panels]
			}
			product.Run(rows)
			for i := 0; s.dtype.IsHalf() && i < rows; i++ {
				finish(s.dtype, c[i*s.Out.Row:i*s.Out.Row+s.N])
			}
		}
	}
}

// weights makes the weights of the first panels of keys for a block of rows; those of the others are 0. It reports false if
// they are not: where a query may look at no key, or at bad ones only.
func (s *attentionStep) weights(r *run, a []float32, keys *kernel.PackedB, panels int, block []float32, head, from int) bool {
	rows := len(block) / s.T
	product := kernel.Gemm{A: a, ARows: kernel.Strided(s.Q.Row), B: keys, C: block, CRows: kernel.Strided(s.T)}
	product.Block(0, rows, 0, panels)
	if panels == keys.Panels() {
		finish(s.dtype, block)
		s.apply(r, s.before, block, head, from)
		kernel.Softmax(block, block, s.T)
		finish(s.dtype, block)
		s.apply(r, s.after, block, head, from)
		return true
	}
	first, width := keys.Panel(panels - 1)
	for i := range rows {
		row := block[i*s.T:][:first+width]
		finish(s.dtype, row)
		s.apply(r, s.before, row, head, from+i)
		if top := kernel.Max.Of(row); !(top > s.before[len(s.before)-1].Scalar+vanishes) {
			return false
		}
		kernel.Softmax(row, row, len(row))
		finish(s.dtype, row)
		s.apply(r, s.after, row, head, from+i)
	}
	return true
}

// vanishes is a difference of scores whose exponential is 0 as a float32.
const vanishes = 120

// skips reports whether weights that a mask makes 0 need not be computed: the last ops before the softmax fill with the same
// low number, and what follows leaves 0 as it is.
func (s *attentionStep) skips() bool {
	fills := s.trailing()
	return len(fills) > 0 && fills[0].Scalar < -vanishes && !slices.ContainsFunc(fills,
		func(op pass.ScoreOp) bool { return op.Scalar != fills[0].Scalar }) &&
		!slices.ContainsFunc(s.After, func(op pass.ScoreOp) bool { return op.Kind != pass.ScoreFill || op.Scalar != 0 })
}

// trailing returns the fills that end the ops before the softmax.
func (s *attentionStep) trailing() []pass.ScoreOp {
	n := len(s.Before)
	for n > 0 && s.Before[n-1].Kind == pass.ScoreFill {
		n--
	}
	return s.Before[n:]
}

// visible returns the number of panels of keys that hold all that some rows may look at; all panels if that is nothing.
func (s *attentionStep) visible(r *run, keys *kernel.PackedB, head, from, rows int) int {
	limit := s.T
	for _, op := range s.before[len(s.before)-len(s.trailing()):] {
		if op.Step == 0 {
			continue
		}
		last := 0
		for i := rows - 1; i >= 0; i-- { // the last row first: with a causal mask it sees most
			at := op.Of.At[head] + (from+i)*op.Of.Row
			m := asBytes(r.bufs[op.id].B[at : at+limit])
			if bytes.IndexByte(m[min(last, limit):], 1) >= 0 {
				last = bytes.LastIndexByte(m, 1) + 1
			}
			if op.Of.Row == 0 {
				break
			}
		}
		limit = last
	}
	for i := range keys.Panels() {
		if first, width := keys.Panel(i); limit > 0 && first+width >= limit {
			return i + 1
		}
	}
	return keys.Panels()
}

// apply does ops to the scores of some rows of a head, from row `from` on, or of the first keys of one row.
func (s *attentionStep) apply(r *run, ops []scoreStep, block []float32, head, from int) {
	cols := min(s.T, len(block))
	for i := range ops {
		op := &ops[i]
		switch op.Kind {
		case pass.ScoreUnary:
			if !op.fast {
				for k, v := range block {
					block[k] = float32(op.Unary.F(float64(v), op.Params))
				}
				break
			}
			op.unary.RunWith(block, block, float32(op.Params.A), float32(op.Params.B))
		case pass.ScoreScalar:
			op.withScalar(block, op.Scalar)
		default:
			at := op.Of.At[head] + from*op.Of.Row
			for row := 0; row < len(block); row += cols {
				op.row(r, block[row:row+cols], at)
				at += op.Of.Row
			}
		}
		finish(s.dtype, block)
	}
}

// row does an op to one row of scores, whose operand begins at element `at`.
func (op *scoreStep) row(r *run, scores []float32, at int) {
	if op.Kind == pass.ScoreBinary {
		x := r.bufs[op.id].F[at:]
		switch {
		case op.Step == 0:
			op.withScalar(scores, x[0])
		case op.fast:
			op.binary.Run(scores, scores, x[:len(scores)])
		default:
			for k, v := range scores {
				scores[k] = float32(op.Binary.F(float64(v), float64(x[k])))
			}
		}
		return
	}
	mask := r.bufs[op.id].B[at:]
	if op.Step == 0 {
		if !mask[0] {
			op.fill(scores)
		}
		return
	}
	// Masks have few changes in a row: they are searched for, not looked at one by one.
	m := asBytes(mask[:len(scores)])
	for from := 0; ; {
		next := bytes.IndexByte(m[from:], 0)
		if next < 0 {
			return
		}
		from += next
		n := bytes.IndexByte(m[from:], 1)
		if n < 0 {
			n = len(m) - from
		}
		op.fill(scores[from : from+n])
		if from += n; from == len(m) {
			return
		}
	}
}

// withScalar applies a function of two numbers to scores and one number.
func (op *scoreStep) withScalar(scores []float32, x float32) {
	if op.fast {
		op.binary.RunScalar(scores, scores, x)
		return
	}
	for k, v := range scores {
		scores[k] = float32(op.Binary.F(float64(v), float64(x)))
	}
}

// fill treats scores whose mask is false.
func (op *scoreStep) fill(scores []float32) {
	if op.Kind == pass.ScoreFillAdd {
		kernel.Add.RunScalar(scores, scores, op.Scalar)
		return
	}
	fill(scores, op.Scalar)
}

// asBytes shows bools as the bytes that they are in memory, 0 and 1, for the searches of package bytes.
func asBytes(b []bool) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(b))), len(b))
}
