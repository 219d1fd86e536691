package plan

import (
	"fmt"
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
	rows     []rowTerm     // what happens to each column: bias and scale are made of these
	scale    *item         // of each column; folded into the weights
	bias     []float32
	residual *graph.Value
	clamp    bool
	lo, hi   float32
	post     *program
	inputs   []*graph.Value // read by post, and the residual
}

// follow collects the ops after a product whose result v has n columns. foldScale says whether a factor for each column
// can go into the weights.
func (l *lowering) follow(v *graph.Value, n int, foldScale bool) (*epilogue, error) {
	return l.followInto(&epilogue{out: v, last: v.Node}, n, foldScale)
}

func (l *lowering) followInto(e *epilogue, n int, foldScale bool) (*epilogue, error) {
	v := e.out
	half := v.DType.IsHalf() // results of 16-bit types are rounded after every op: nothing happens in registers
	for !half {
		u := l.uses.Only(e.out)
		if u == nil || l.done[u] {
			break
		}
		if graph.Is[graph.Reshape](u.Op) && u.Out[0].LastDim() == n && e.out.LastDim() == n {
			if next := l.uses.Only(u.Out[0]); next == nil || !fusible(next) {
				break
			}
			e.take(u)
			continue
		}
		if !fusible(u) || u.Out[0].Size() != e.out.Size() || u.Out[0].LastDim() != n || !e.register(u, n, foldScale) {
			break
		}
		e.take(u)
	}
	l.followPost(e, n)
	for _, u := range e.nodes {
		l.done[u] = true
	}
	return e, l.settleRows(e, n)
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
	if own.Output() != e.out.Output() {
		own, other = y, x
	}
	if own.Output() != e.out.Output() || other.Output() == e.out.Output() {
		return false
	}
	if c, ok := graph.ConstScalar(other); ok && bin == graph.Max {
		return e.limit(c, math.Inf(1))
	} else if ok && bin == graph.Min {
		return e.limit(math.Inf(-1), c)
	}
	if e.clamp {
		return false
	}
	isRow := isRow(other, n)
	first := own == x
	switch {
	case bin == graph.Add && isRow && e.residual == nil:
		e.rows = append(e.rows, rowTerm{other, 1})
	case bin == graph.Sub && isRow && first && e.residual == nil:
		e.rows = append(e.rows, rowTerm{other, -1})
	case bin == graph.Mul && isRow && foldScale && e.residual == nil:
		e.rows = append(e.rows, rowTerm{other, 0})
	case bin == graph.Add && !isRow && e.residual == nil && !e.simple && other.Size() == e.out.Size() &&
		slices.Equal(other.Shape, u.Out[0].Shape):
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

// rowTerm is a row that is added to all rows (sign 1 or -1), or multiplies them (0).
type rowTerm struct {
	row  *graph.Value
	sign float32
}

// settleRows makes the bias and the scale of the terms.
func (l *lowering) settleRows(e *epilogue, n int) error {
	key := fmt.Sprintf("%d", n)
	var from []*graph.Value
	added, multiplied := false, false
	for _, t := range e.rows {
		key += fmt.Sprintf(" %v %q", t.sign, keyOf(t.row))
		from = append(from, t.row)
		added, multiplied = added || t.sign != 0, multiplied || t.sign == 0
	}
	form := func(name string, f func(s *snapshot, value any) error) (*item, error) {
		return l.forms.use(recipe{key: name + key, from: from, value: func() any { return make([]float32, n) }, fill: f}, false)
	}
	terms := e.rows
	if added {
		it, err := form("bias ", func(s *snapshot, value any) error { return biasOf(s, terms, value.([]float32)) })
		if err != nil {
			return err
		}
		e.bias = it.value.([]float32)
	}
	if multiplied {
		var err error
		e.scale, err = form("scale ", func(s *snapshot, value any) error { return scaleOf(s, terms, value.([]float32)) })
		return err
	}
	return nil
}

// biasOf writes what the terms add, with what is multiplied later.
func biasOf(s *snapshot, terms []rowTerm, bias []float32) error {
	clear(bias)
	row := make([]float32, len(bias))
	for _, t := range terms {
		if err := readRow(s, t.row, row); err != nil {
			return err
		}
		for i, v := range row {
			if t.sign == 0 {
				bias[i] *= v
			} else {
				bias[i] += t.sign * v
			}
		}
	}
	return nil
}

// scaleOf writes what the terms multiply with.
func scaleOf(s *snapshot, terms []rowTerm, scale []float32) error {
	fill(scale, 1)
	row := make([]float32, len(scale))
	for _, t := range terms {
		if t.sign != 0 {
			continue
		}
		if err := readRow(s, t.row, row); err != nil {
			return err
		}
		for i, v := range row {
			scale[i] *= v
		}
	}
	return nil
}

// followPost collects elementwise ops that follow and need nothing but the result and values that repeat or lie beside
// it; they run over each block right after it is made.
func (l *lowering) followPost(e *epilogue, n int) {
	var nodes []*graph.Node
	shape := e.out.Shape
	at := e.out
	for len(nodes) < 32 {
		u := l.uses.Only(at)
		if u == nil || l.done[u] || !fusible(u) || !slices.Equal(u.Out[0].Shape, shape) {
			break
		}
		nodes = append(nodes, u)
		at = u.Out[0]
	}
	for ; len(nodes) > 0; nodes = nodes[:len(nodes)-1] {
		b := &programBuilder{shape: shape, prog: &program{size: graph.Product(shape), grain: 1}, regOf: map[graph.Output]int{}}
		if !b.compile(nodes) || b.prog.grain != 1 && n%b.prog.grain != 0 || b.prog.span != 0 && b.prog.span%n != 0 {
			continue
		}
		e.post = b.prog
		if b.prog.grain < n { // blocks are whole rows
			b.prog.grain = n
		}
		start := e.out.Output()
		for _, in := range b.inputs {
			if in.Output() != start {
				e.inputs = append(e.inputs, in)
			}
		}
		result := nodes[len(nodes)-1].Out[0]
		// What the program reads as the product's result is in the step's own output by then.
		for i := range b.prog.instrs {
			for _, o := range []*operand{&b.prog.instrs[i].x, &b.prog.instrs[i].y, &b.prog.instrs[i].z} {
				if o.value != nil && o.value.Output() == start {
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
