package exec

import (
	"math"
	"slices"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/tensor/kernel"
)

// epilogue is what a product or convolution does to its results beyond multiplying: first in registers (scale folded
// into the weights, bias, residual, clamp), then, block by block, whatever elementwise ops follow.
type epilogue struct {
	out      *graph.Value // what the step writes in the end
	last     *graph.Node
	nodes    []*graph.Node // absorbed
	simple   bool          // no residual in registers: the kernel has none
	scale    []float32     // of each column; folded into the weights
	scaleKey string
	bias     []float32
	residual *graph.Value
	clamp    bool
	lo, hi   float32
	post     *program
	inputs   []*graph.Value // read by post, and the residual
}

// follow collects the ops after a product whose result v has n columns. foldScale says whether a factor for each column
// can go into the weights.
func (l *lowering) follow(v *graph.Value, n int, foldScale bool) *epilogue {
	return l.followInto(&epilogue{out: v, last: v.Node}, n, foldScale)
}

func (l *lowering) followInto(e *epilogue, n int, foldScale bool) *epilogue {
	v := e.out
	half := v.DType.IsHalf() // results of 16-bit types are rounded after every op: nothing happens in registers
	for !half {
		u := l.onlyUser(e.out)
		if u == nil || l.done[u] {
			break
		}
		if graph.Is[graph.Reshape](u.Op) && lastDim(u.Out[0]) == n && lastDim(e.out) == n {
			if next := l.onlyUser(u.Out[0]); next == nil || !fusible(next) {
				break
			}
			e.take(u)
			continue
		}
		if !fusible(u) || u.Out[0].Size() != e.out.Size() || lastDim(u.Out[0]) != n || !e.register(u, n, foldScale) {
			break
		}
		e.take(u)
	}
	l.followPost(e, n)
	for _, u := range e.nodes {
		l.done[u] = true
	}
	return e
}

func lastDim(v *graph.Value) int {
	if len(v.Shape) == 0 {
		return 1
	}
	return v.Shape[len(v.Shape)-1]
}

func (e *epilogue) take(n *graph.Node) {
	e.nodes = append(e.nodes, n)
	e.out, e.last = n.Out[0], n
}

// register takes an op into the part that happens in registers, if it fits there.
func (e *epilogue) register(u *graph.Node, n int, foldScale bool) bool {
	if un, ok := u.Op.(graph.Elementwise); ok {
		p := un.Params
		switch un.Fn {
		case graph.Relu:
			return e.limit(0, math.Inf(1))
		case graph.Clip:
			return e.limit(p.A, p.B)
		}
		return false
	}
	bin := graph.BinaryOf(u.Op)
	if bin == nil {
		return false
	}
	x, y := u.In[0], u.In[1]
	own := x
	other := y
	if keyOf(own) != keyOf(e.out) {
		own, other = y, x
	}
	if keyOf(own) != keyOf(e.out) || keyOf(other) == keyOf(e.out) {
		return false
	}
	if c, ok := constScalar(other); ok && bin == graph.Max {
		return e.limit(c, math.Inf(1))
	} else if ok && bin == graph.Min {
		return e.limit(math.Inf(-1), c)
	}
	if e.clamp {
		return false
	}
	row, isRow := constRow(other, n)
	first := own == x
	switch {
	case bin == graph.Add && isRow && e.residual == nil:
		e.addBias(row, 1)
	case bin == graph.Sub && isRow && first && e.residual == nil:
		e.addBias(row, -1)
	case bin == graph.Mul && isRow && foldScale && e.residual == nil:
		e.multiply(row, other)
	case bin == graph.Add && !isRow && e.residual == nil && !e.simple && other.Size() == e.out.Size() && slices.Equal(other.Shape, u.Out[0].Shape):
		e.residual = other
		e.inputs = append(e.inputs, other)
	default:
		return false
	}
	return true
}

// limit clamps the result to lo..hi, after what it is clamped to already.
func (e *epilogue) limit(lo, hi float64) bool {
	if !(lo <= hi) {
		return false
	}
	l, h := float32(lo), float32(hi)
	if e.clamp {
		l, h = min(max(e.lo, l), h), min(max(e.hi, l), h)
	}
	e.clamp, e.lo, e.hi = true, l, h
	return true
}

// constScalar returns the value of a constant of one element.
func constScalar(v *graph.Value) (float64, bool) {
	if v.Size() != 1 || !isFloat(v) {
		return 0, false
	}
	buf, ok := isConst(v)
	if !ok {
		return 0, false
	}
	return float64(buf.F[0]), true
}

func (e *epilogue) addBias(row []float32, sign float32) {
	sum := make([]float32, len(row))
	copy(sum, e.bias)
	for i, v := range row {
		sum[i] += sign * v
	}
	e.bias = sum
}

func (e *epilogue) multiply(row []float32, v *graph.Value) {
	scale := slices.Clone(row)
	for i := range e.bias {
		e.bias[i] *= row[i]
	}
	if e.scale != nil {
		for i := range scale {
			scale[i] *= e.scale[i]
		}
	}
	e.scale = scale
	e.scaleKey += "*" + graph.SourceOf(v).Key()
}

// followPost collects elementwise ops that follow and need nothing but the result and values that repeat or lie beside
// it; they run over each block right after it is made.
func (l *lowering) followPost(e *epilogue, n int) {
	var nodes []*graph.Node
	shape := e.out.Shape
	at := e.out
	for len(nodes) < 32 {
		u := l.onlyUser(at)
		if u == nil || l.done[u] || !fusible(u) || !slices.Equal(u.Out[0].Shape, shape) {
			break
		}
		nodes = append(nodes, u)
		at = u.Out[0]
	}
	for ; len(nodes) > 0; nodes = nodes[:len(nodes)-1] {
		b := &programBuilder{shape: shape, prog: &program{size: product(shape), grain: 1}, regOf: map[key]int{}}
		if !b.compile(nodes) || b.prog.grain != 1 && n%b.prog.grain != 0 || b.prog.span != 0 && b.prog.span%n != 0 {
			continue
		}
		e.post = b.prog
		if b.prog.grain < n { // blocks are whole rows
			b.prog.grain = n
		}
		start := keyOf(e.out)
		for _, in := range b.inputs {
			if keyOf(in) != start {
				e.inputs = append(e.inputs, in)
			}
		}
		result := nodes[len(nodes)-1].Out[0]
		// What the program reads as the product's result is in the step's own output by then.
		for i := range b.prog.instrs {
			for _, o := range []*operand{&b.prog.instrs[i].x, &b.prog.instrs[i].y, &b.prog.instrs[i].z} {
				if o.value != nil && keyOf(o.value) == start {
					o.value = result
				}
			}
		}
		for _, u := range nodes {
			e.take(u)
		}
		return
	}
}

// kernel returns the part in registers in the kernels' form, without the residual's memory.
func (e *epilogue) kernel() kernel.Epilogue {
	return kernel.Epilogue{Bias: e.bias, Clamp: e.clamp, Lo: e.lo, Hi: e.hi}
}

// cost of the post program in nanoseconds.
func (e *epilogue) cost() float64 {
	if e.post == nil {
		return 0
	}
	return e.post.cost()
}

func (e *epilogue) scratch() int {
	if e.post == nil {
		return 0
	}
	return e.post.regs * e.post.block()
}

func (e *epilogue) name(first string) string {
	for _, n := range e.nodes {
		if !graph.Is[graph.Reshape](n.Op) && len(first) < 60 {
			first += "+" + n.Op.Name()
		}
	}
	return first
}

// ending is an epilogue as part of a step.
type ending struct {
	e        *epilogue
	post     *program
	residual int // its id, or -1
}

// wholeRows reports whether something follows that needs all columns of a row.
func (t *ending) wholeRows() bool { return t.e.post != nil || t.e.out.DType.IsHalf() }

// settle looks up where a plan has the values that the epilogue reads.
func (t *ending) settle(p *Plan) {
	t.residual = -1
	if t.e.residual != nil {
		t.residual = p.id(t.e.residual)
	}
	if t.e.post != nil {
		t.post = t.e.post.settle(p)
	}
}
