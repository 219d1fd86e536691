package plan

import (
	"slices"
	"sort"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/tensor"
	"github.com/hornml/horn/tensor/kernel"
)

// fusible reports whether a node is an elementwise op that a program can compute.
func fusible(n *graph.Node) bool {
	if len(n.Out) != 1 || !n.Out[0].InFloat32() {
		return false
	}
	for i, v := range n.In {
		if mask := graph.Is[graph.Where](n.Op) && i == 0; !mask && !v.InFloat32() {
			return false
		}
	}
	return graph.IsByElement(n.Op)
}

// builder makes a program for results of the given shape.
type programBuilder struct {
	shape  []int
	prog   *program
	inputs []*graph.Value
	regOf  map[graph.Output]int
}

// instruction translates a node whose operands are given.
func instruction(n *graph.Node, x, y, z operand) instr {
	in := instr{x: x, y: y, z: z}
	if d := n.Out[0].DType; d.IsHalf() {
		in.half = d
	}
	if graph.Is[graph.Cast](n.Op) {
		in.kind = instrCopy
		return in
	}
	if graph.Is[graph.Where](n.Op) {
		in.kind = instrWhere
		return in
	}
	if e, ok := n.Op.(graph.Elementwise); ok {
		u := e.Fn
		in.p = e.Params
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
	graph.Neg: kernel.Negative, graph.Abs: kernel.Absolute, graph.Sign: kernel.Sign, graph.Square: kernel.Square,
	graph.Recip: kernel.Reciprocal, graph.Sqrt: kernel.Sqrt, graph.Rsqrt: kernel.Rsqrt, graph.Exp: kernel.Exp,
	graph.Expm1: kernel.Expm1, graph.Log: kernel.Log, graph.Log1p: kernel.Log1p, graph.Tanh: kernel.Tanh,
	graph.Erf: kernel.Erf, graph.Floor: kernel.Floor, graph.Ceil: kernel.Ceil, graph.Round: kernel.Round,
	graph.Sigmoid: kernel.Sigmoid, graph.Relu: kernel.ReLU, graph.Silu: kernel.SiLU, graph.Gelu: kernel.GELU,
	graph.GeluTanh: kernel.GELUTanh, graph.Softplus: kernel.Softplus, graph.Softsign: kernel.Softsign,
	graph.Elu: kernel.ELU, graph.LeakyRelu: kernel.LeakyReLU, graph.Clip: kernel.Clip, graph.Affine: kernel.Affine,
	graph.Sin: kernel.Sin, graph.Cos: kernel.Cos,
}

var binaryKernels = map[*graph.Binary]kernel.BinaryOp{
	graph.Add: kernel.Add, graph.Sub: kernel.Subtract, graph.Mul: kernel.Multiply, graph.Div: kernel.Divide,
	graph.Max: kernel.Maximum, graph.Min: kernel.Minimum, graph.Pow: kernel.Power,
}

// elementwise makes one step of a node and of the elementwise ops that only it needs.
func (l *lowering) elementwise(root *graph.Node) {
	shape := root.Out[0].Shape
	total := graph.Product(shape)
	members := map[*graph.Node]bool{root: true}
	order := []*graph.Node{root} // consumers before producers
	for i := 0; i < len(order); i++ {
		for _, v := range order[i].In {
			n := v.Node
			if members[n] || l.done[n] || !fusible(n) || v.Size() != total || !slices.Equal(v.Shape, shape) || len(order) > 64 {
				continue
			}
			if slices.ContainsFunc(l.uses[v.Output()], func(u *graph.Node) bool { return u == nil || !members[u] }) {
				continue
			}
			members[n] = true
			order = append(order, n)
		}
	}
	// A producer may have been looked at before all its users were in: that only means less fusion, never a wrong order.
	nodes := slices.Clone(order)
	sort.Slice(nodes, func(i, j int) bool { return nodes[i].ID < nodes[j].ID })
	for len(nodes) > 0 {
		b := &programBuilder{shape: shape, prog: &program{size: total, grain: 1}, regOf: map[graph.Output]int{}}
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
	last := map[graph.Output]int{} // the last instruction that reads a result
	for i, n := range nodes {
		for _, v := range n.In {
			last[v.Output()] = i
		}
	}
	var free []int
	for i, n := range nodes {
		ops := make([]operand, 3)
		for k, v := range n.In {
			if reg, ok := b.regOf[v.Output()]; ok {
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
		in := instruction(n, ops[0], ops[1], ops[2])
		in.dst = -1
		if i < len(nodes)-1 {
			if len(free) > 0 {
				in.dst = free[len(free)-1]
				free = free[:len(free)-1]
			} else {
				in.dst = b.prog.regs
				b.prog.regs++
			}
			b.regOf[n.Out[0].Output()] = in.dst
		}
		b.prog.instrs = append(b.prog.instrs, in)
		for k, v := range n.In {
			if reg, ok := b.regOf[v.Output()]; ok && last[v.Output()] == i &&
				!slices.ContainsFunc(n.In[:k], func(u *graph.Value) bool { return u.Output() == v.Output() }) {
				free = append(free, reg)
			}
		}
	}
	b.prog.joinMulAdd()
	return true
}

// joinMulAdd turns a product with a row followed by the addition of a row, which is what is left of a batch normalization that could not be
// folded, into one instruction.
func (p *program) joinMulAdd() {
	for i := 0; i+1 < len(p.instrs); i++ {
		m, a := p.instrs[i], p.instrs[i+1]
		switch {
		case m.kind != instrBinary || a.kind != instrBinary || m.binary != kernel.Multiply || a.binary != kernel.Add,
			m.half != tensor.Invalid || m.y.kind != operandRow || a.y.kind != operandRow || m.y.inner != a.y.inner || m.y.inner == 1,
			m.x.kind != operandFull && m.x.kind != operandReg, a.x.kind != operandReg || m.dst < 0 || a.x.reg != m.dst, p.readsLater(m.dst, i+2):
			continue
		}
		m.kind, m.z, m.dst, m.half = instrMulAddRow, a.y, a.dst, a.half
		p.instrs = slices.Concat(p.instrs[:i], []instr{m}, p.instrs[i+2:])
	}
}

// readsLater reports whether an instruction from position `from` on reads a register before it is written again.
func (p *program) readsLater(reg, from int) bool {
	for _, in := range p.instrs[from:] {
		if in.x.kind == operandReg && in.x.reg == reg {
			return true
		}
		if binary := in.kind == instrBinary || in.kind == instrBinaryF || in.kind == instrWhere; binary && in.y.kind == operandReg &&
			in.y.reg == reg {
			return true
		}
		if in.kind == instrWhere && in.z.kind == operandReg && in.z.reg == reg {
			return true
		}
		if in.dst == reg {
			return false
		}
	}
	return false
}

func (l *lowering) emitProgram(root *graph.Node, nodes []*graph.Node, b *programBuilder) {
	for _, n := range nodes {
		l.done[n] = true
	}
	prog := b.prog
	w := &work{node: root, name: programName(nodes), in: b.inputs, out: root.Out, inPlace: -1, scratch: prog.regs * prog.block()}
	for i, v := range b.inputs {
		if v.Size() == prog.size && v.InFloat32() && !graph.Is[graph.Const](v.Node.Op) {
			w.inPlace = i
			break
		}
	}
	// Units are pieces of several blocks.
	block := prog.block()
	s := share((prog.size+block-1)/block, max(8*blockSize/block, 1), l.threads)
	w.units = s.count
	w.cost = movedCost(prog.size) + prog.cost()
	w.make = func(p *Plan) kernelFunc {
		prog := prog.settle(p)
		out := p.id(root.Out[0])
		return func(r *run, worker, lo, hi int) error {
			prog.run(r, r.scratch[worker], r.bufs[out].F, 0, s.from(lo)*block, min(s.from(hi)*block, prog.size))
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
		name += n.Op.Name()
	}
	return name
}
