package exec

import (
	"slices"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/tensor"
	"github.com/hornml/horn/tensor/kernel"
)

// program computes a tree of elementwise ops block by block, so that what one op writes is still in the first-level
// cache when the next reads it.
type program struct {
	size   int // elements of the result
	instrs []instr
	regs   int // blocks of scratch
	// Blocks are multiples of grain elements and do not cross multiples of span (0: no such limit).
	grain, span int
}

// instr is one op of a program; dst is a register, or -1 for the result.
type instr struct {
	dst    int
	x, y   operand
	unary  kernel.UnaryOp
	binary kernel.BinaryOp
	kind   instrKind
	p      graph.Params
	f1     func(x float64, p graph.Params) float64
	f2     func(x, y float64) float64
	half   tensor.DType // to which the result is rounded, Invalid for none
}

type instrKind uint8

const (
	instrUnary   instrKind = iota // kernel.UnaryOp
	instrBinary                   // kernel.BinaryOp
	instrUnaryF                   // f1
	instrBinaryF                  // f2
	instrCopy
)

// operand is where an instruction reads: a register, a number, or a value in memory. A value that is smaller than the
// result repeats: element i of the result meets element i/(mid*inner)*inner + i%inner of the value.
type operand struct {
	kind   operandKind
	reg    int
	scalar float32
	value  *graph.Value
	id     int
	inner  int
	mid    int
}

type operandKind uint8

const (
	operandReg    operandKind = iota
	operandScalar             // a number known when the plan is made
	operandFull               // as large as the result
	operandRow                // inner elements, again and again; inner small
	operandPart               // inner elements again and again, inner large: blocks stay within them
	operandOuter              // depends on i/(mid*inner), and on i%inner if inner > 1
)

// blockSize is about how many elements a block has: several blocks fit the first-level cache.
const blockSize = 1024

// longRow is the length from which on a repeating operand is cut into blocks.
const longRow = 512

// fusible reports whether a node is an elementwise op that a program can compute.
func fusible(n *graph.Node) bool {
	if len(n.Out) != 1 || !isFloat(n.Out[0]) {
		return false
	}
	for _, v := range n.In {
		if !isFloat(v) {
			return false
		}
	}
	if graph.UnaryOf(n.Op) != nil || n.Op == graph.OpCast {
		return true
	}
	return graph.BinaryOf(n.Op) != nil
}

// builder makes a program for results of the given shape.
type programBuilder struct {
	shape  []int
	prog   *program
	inputs []*graph.Value
	regOf  map[key]int
}

// classify finds out how a value is read at the positions of a result of the given shape; ok is false where the pattern
// is not one of the operand kinds.
func classify(shape []int, v *graph.Value) (o operand, ok bool) {
	o.value = v
	size, total := v.Size(), product(shape)
	if size == total {
		o.kind = operandFull
		return o, true
	}
	if size == 1 {
		if buf, isC := isConst(v); isC {
			return operand{kind: operandScalar, scalar: buf.F[0]}, true
		}
		return operand{kind: operandOuter, value: v, inner: 1, mid: total}, true
	}
	if len(v.Shape) > len(shape) {
		return o, false
	}
	// Which axes of the result does v have? It must be a block of leading ones, then missing ones, then trailing ones.
	lead := len(shape) - len(v.Shape)
	has := make([]bool, len(shape))
	for i, d := range v.Shape {
		has[lead+i] = d != 1 || shape[lead+i] == 1
	}
	end := len(shape)
	inner := 1
	for end > 0 && has[end-1] {
		end--
		inner *= shape[end]
	}
	mid := 1
	for end > 0 && (!has[end-1] || shape[end-1] == 1) {
		end--
		mid *= shape[end]
	}
	for i := range end {
		if !has[i] {
			// Leading axes that v lacks altogether only repeat everything.
			if outerHas(has[:end], shape) {
				return o, false
			}
			mid *= product(shape[:end])
			end = 0
			break
		}
	}
	o.inner, o.mid = inner, mid
	if end == 0 {
		o.kind = operandRow
		if inner > longRow {
			o.kind = operandPart
		}
		return o, true
	}
	o.kind = operandOuter
	return o, true
}

func outerHas(has []bool, shape []int) bool {
	for i, h := range has {
		if h && shape[i] != 1 {
			return true
		}
	}
	return false
}

func product(dims []int) int {
	p := 1
	for _, d := range dims {
		p *= d
	}
	return p
}

// admit adds the limits that an operand puts on blocks; false if they contradict those of others.
func (p *program) admit(o operand) bool {
	grain, span := p.grain, p.span
	fits := true
	join := func(limit int) {
		if span != 0 && max(limit, span)%min(limit, span) != 0 {
			fits = false
		}
		if span == 0 || limit < span {
			span = limit
		}
	}
	switch o.kind {
	case operandRow:
		if grain%o.inner != 0 {
			if o.inner%grain != 0 {
				return false
			}
			grain = o.inner
		}
	case operandPart:
		join(o.inner)
	case operandOuter:
		if o.inner > longRow {
			join(o.inner)
		} else {
			join(o.inner * o.mid)
			if grain%o.inner != 0 {
				if o.inner%grain != 0 {
					return false
				}
				grain = o.inner
			}
		}
	}
	if !fits || grain > 8*blockSize || span != 0 && span%grain != 0 {
		return false
	}
	p.grain, p.span = grain, span
	return true
}

// instruction translates a node whose operands are given.
func instruction(n *graph.Node, x, y operand) instr {
	in := instr{x: x, y: y}
	if d := n.Out[0].DType; d.IsHalf() {
		in.half = d
	}
	if n.Op == graph.OpCast {
		in.kind = instrCopy
		return in
	}
	if p, ok := n.Attrs.(graph.Params); ok {
		in.p = p
	}
	if u := graph.UnaryOf(n.Op); u != nil {
		if k, ok := unaryKernels[u]; ok {
			in.kind, in.unary = instrUnary, k
		} else {
			in.kind, in.f1 = instrUnaryF, u.F
		}
		return in
	}
	b := graph.BinaryOf(n.Op)
	if k, ok := binaryKernels[b]; ok {
		in.kind, in.binary = instrBinary, k
	} else {
		in.kind, in.f2 = instrBinaryF, b.F
	}
	return in
}

var unaryKernels = map[*graph.Unary]kernel.UnaryOp{
	graph.OpNeg: kernel.Negative, graph.OpAbs: kernel.Absolute, graph.OpSign: kernel.Sign, graph.OpSquare: kernel.Square,
	graph.OpRecip: kernel.Reciprocal, graph.OpSqrt: kernel.Sqrt, graph.OpRsqrt: kernel.Rsqrt, graph.OpExp: kernel.Exp,
	graph.OpExpm1: kernel.Expm1, graph.OpLog: kernel.Log, graph.OpLog1p: kernel.Log1p, graph.OpTanh: kernel.Tanh,
	graph.OpErf: kernel.Erf, graph.OpFloor: kernel.Floor, graph.OpCeil: kernel.Ceil, graph.OpRound: kernel.Round,
	graph.OpSigmoid: kernel.Sigmoid, graph.OpRelu: kernel.ReLU, graph.OpSilu: kernel.SiLU, graph.OpGelu: kernel.GELU,
	graph.OpGeluTanh: kernel.GELUTanh, graph.OpSoftplus: kernel.Softplus, graph.OpSoftsign: kernel.Softsign,
	graph.OpElu: kernel.ELU, graph.OpLeakyRelu: kernel.LeakyReLU, graph.OpClip: kernel.Clip, graph.OpAffine: kernel.Affine,
}

var binaryKernels = map[*graph.Binary]kernel.BinaryOp{
	graph.OpAdd: kernel.Add, graph.OpSub: kernel.Subtract, graph.OpMul: kernel.Multiply, graph.OpDiv: kernel.Divide,
	graph.OpMax: kernel.Maximum, graph.OpMin: kernel.Minimum,
}

// settle gives the operands their ids once values have places.
func (p *program) settle(pl *Plan) *program {
	q := *p
	q.instrs = slices.Clone(p.instrs)
	for i := range q.instrs {
		for _, o := range []*operand{&q.instrs[i].x, &q.instrs[i].y} {
			if o.value != nil {
				o.id = pl.id(o.value)
			}
		}
	}
	return &q
}

// block returns the number of elements of a block.
func (p *program) block() int {
	n := max(blockSize/p.grain, 1) * p.grain
	if p.span != 0 {
		n = min(n, p.span)
	}
	return n
}

// run computes the elements [from, to) of the result into out, whose first element is element `base` of the result;
// from must be at the start of a block or of out.
func (p *program) run(r *run, scratch []float32, out []float32, base, from, to int) {
	size := p.block()
	for at := from; at < to; {
		end := min(at+size, to)
		if p.span != 0 {
			end = min(end, (at/p.span+1)*p.span)
		}
		p.runBlock(r, scratch, out[at-base:end-base], at, end-at)
		at = end
	}
}

func (p *program) runBlock(r *run, scratch []float32, out []float32, at, n int) {
	stride := p.block()
	for i := range p.instrs {
		in := &p.instrs[i]
		dst := out
		if in.dst >= 0 {
			dst = scratch[in.dst*stride:][:n]
		}
		switch in.kind {
		case instrUnary:
			in.unary.RunWith(dst, in.x.slice(r, scratch, dst, stride, at, n), float32(in.p.A), float32(in.p.B))
		case instrCopy:
			copy(dst, in.x.slice(r, scratch, dst, stride, at, n))
		case instrUnaryF:
			x := in.x.slice(r, scratch, dst, stride, at, n)
			for k, v := range x {
				dst[k] = float32(in.f1(float64(v), in.p))
			}
		case instrBinary:
			in.runBinary(r, scratch, dst, stride, at, n)
		case instrBinaryF:
			x, y := &in.x, &in.y
			for k := range dst {
				dst[k] = float32(in.f2(float64(x.element(r, scratch, stride, at, k)), float64(y.element(r, scratch, stride, at, k))))
			}
		}
		if in.half != tensor.Invalid {
			tensor.RoundHalf(dst, in.half)
		}
	}
}

// element reads one element of an operand.
func (o *operand) element(r *run, scratch []float32, stride, at, k int) float32 {
	switch o.kind {
	case operandReg:
		return scratch[o.reg*stride+k]
	case operandScalar:
		return o.scalar
	case operandFull:
		return r.bufs[o.id].F[at+k]
	case operandRow, operandPart:
		return r.bufs[o.id].F[(at+k)%o.inner]
	}
	i := at + k
	return r.bufs[o.id].F[i/(o.mid*o.inner)*o.inner+i%o.inner]
}

// slice returns n elements of an operand one after the other; those that repeat are written out in dst first.
func (o *operand) slice(r *run, scratch, dst []float32, stride, at, n int) []float32 {
	switch o.kind {
	case operandReg:
		return scratch[o.reg*stride:][:n]
	case operandFull:
		return r.bufs[o.id].F[at : at+n]
	case operandPart:
		i := at % o.inner
		return r.bufs[o.id].F[i : i+n]
	}
	if o.kind == operandOuter && o.inner > longRow {
		i := at/(o.mid*o.inner)*o.inner + at%o.inner
		return r.bufs[o.id].F[i : i+n]
	}
	for k := range n {
		dst[k] = o.element(r, scratch, stride, at, k)
	}
	return dst[:n]
}

// row returns the elements that repeat through a block: a vector, or a single number.
func (o *operand) row(r *run, at int) (row []float32, single bool) {
	switch o.kind {
	case operandRow:
		return r.bufs[o.id].F[:o.inner], o.inner == 1
	case operandOuter:
		if o.inner <= longRow {
			i := at / (o.mid * o.inner) * o.inner
			return r.bufs[o.id].F[i : i+o.inner], o.inner == 1
		}
	}
	return nil, false
}

func (in *instr) runBinary(r *run, scratch, dst []float32, stride, at, n int) {
	if in.y.kind == operandScalar {
		in.binary.RunScalar(dst, in.x.slice(r, scratch, dst, stride, at, n), in.y.scalar)
		return
	}
	if in.x.kind == operandScalar {
		in.binary.ScalarRun(dst, in.x.scalar, in.y.slice(r, scratch, dst, stride, at, n))
		return
	}
	if row, single := in.y.row(r, at); row != nil {
		x := in.x.slice(r, scratch, dst, stride, at, n)
		switch {
		case single:
			in.binary.RunScalar(dst, x, row[0])
		case n%len(row) == 0:
			in.binary.RunRow(dst, x, row)
		default:
			in.binary.Run(dst, x, row[:n])
		}
		return
	}
	if row, single := in.x.row(r, at); row != nil {
		y := in.y.slice(r, scratch, dst, stride, at, n)
		switch {
		case single:
			in.binary.ScalarRun(dst, row[0], y)
		case n%len(row) == 0:
			in.binary.RowRun(dst, row, y)
		default:
			in.binary.Run(dst, row[:n], y)
		}
		return
	}
	in.binary.Run(dst, in.x.slice(r, scratch, dst, stride, at, n), in.y.slice(r, scratch, dst, stride, at, n))
}

// elementwise makes one step of a node and of the elementwise ops that only it needs.
func (l *lowering) elementwise(root *graph.Node) {
	shape := root.Out[0].Shape
	total := product(shape)
	members := map[*graph.Node]bool{root: true}
	order := []*graph.Node{root} // consumers before producers
	for i := 0; i < len(order); i++ {
		for _, v := range order[i].In {
			n := v.Node
			if members[n] || l.done[n] || !fusible(n) || v.Size() != total || !tensor.SameShape(v.Shape, shape) || len(order) > 64 {
				continue
			}
			if slices.ContainsFunc(l.uses[keyOf(v)], func(u *graph.Node) bool { return u == nil || !members[u] }) {
				continue
			}
			members[n] = true
			order = append(order, n)
		}
	}
	// A producer may have been looked at before all its users were in: that only means less fusion, never a wrong order.
	nodes := slices.Clone(order)
	slices.SortFunc(nodes, func(a, b *graph.Node) int { return a.ID - b.ID })
	for len(nodes) > 0 {
		b := &programBuilder{shape: shape, prog: &program{size: total, grain: 1}, regOf: map[key]int{}}
		if b.compile(nodes) {
			l.emitProgram(root, nodes, b)
			return
		}
		if len(nodes) == 1 {
			return // the reference evaluation does it
		}
		nodes = nodes[len(nodes)-1:] // the root alone; the others get their turn
	}
}

// compile translates nodes, given in an order in which they can be computed; the last is the result.
func (b *programBuilder) compile(nodes []*graph.Node) bool {
	last := map[key]int{} // the last instruction that reads a result
	for i, n := range nodes {
		for _, v := range n.In {
			last[keyOf(v)] = i
		}
	}
	var free []int
	for i, n := range nodes {
		ops := make([]operand, 2)
		for k, v := range n.In {
			if reg, ok := b.regOf[keyOf(v)]; ok {
				ops[k] = operand{kind: operandReg, reg: reg}
				continue
			}
			o, ok := classify(b.shape, v)
			if !ok || !b.prog.admit(o) {
				return false
			}
			if o.value != nil {
				b.inputs = append(b.inputs, v)
			}
			ops[k] = o
		}
		in := instruction(n, ops[0], ops[1])
		in.dst = -1
		if i < len(nodes)-1 {
			if len(free) > 0 {
				in.dst = free[len(free)-1]
				free = free[:len(free)-1]
			} else {
				in.dst = b.prog.regs
				b.prog.regs++
			}
			b.regOf[keyOf(n.Out[0])] = in.dst
		}
		b.prog.instrs = append(b.prog.instrs, in)
		for k, v := range n.In {
			if reg, ok := b.regOf[keyOf(v)]; ok && last[keyOf(v)] == i && !(k == 1 && keyOf(v) == keyOf(n.In[0])) {
				free = append(free, reg)
			}
		}
	}
	return true
}

func (l *lowering) emitProgram(root *graph.Node, nodes []*graph.Node, b *programBuilder) {
	for _, n := range nodes {
		l.done[n] = true
	}
	prog := b.prog
	w := &work{node: root, name: programName(nodes), in: b.inputs, out: root.Out, inPlace: -1, scratch: prog.regs * prog.block()}
	for i, v := range b.inputs {
		if v.Size() == prog.size && v.Node.Op != graph.OpConst {
			w.inPlace = i
			break
		}
	}
	// Units are pieces of several blocks.
	unit := max(prog.block(), 8*blockSize/prog.block()*prog.block())
	if prog.span != 0 && unit > prog.span {
		unit = unit / prog.span * prog.span
	}
	w.units = (prog.size + unit - 1) / unit
	w.cost = float64(prog.size) * 0.12 * float64(len(prog.instrs))
	w.make = func(p *Plan) kernelFunc {
		prog := prog.settle(p)
		out := p.id(root.Out[0])
		return func(r *run, worker, lo, hi int) error {
			prog.run(r, r.scratch[worker], r.bufs[out].F, 0, lo*unit, min(hi*unit, prog.size))
			return nil
		}
	}
	l.at[root] = w
}

func programName(nodes []*graph.Node) string {
	name := ""
	for i, n := range nodes {
		if i == 4 {
			return name + "+..."
		}
		if i > 0 {
			name += "+"
		}
		name += n.Op.Name
	}
	return name
}
