package graph

import (
	"fmt"
	"slices"

	"github.com/hornml/horn/tensor"
)

// Scan runs a graph once for each step of the time axis (axis 1) of one or more sequences. Inputs: the sequences
// (batch, time, ...), the states before the first step, the captured values that the body reads at every step, and the mask
// if Loop.Masked. Outputs: the outputs of all steps with a time axis at position 1, or the last one, then the states after
// the last step. The size of the graph does not depend on the number of steps.
type Scan struct {
	// Body is one step. Its inputs are the slices of the sequences at the step, the states, and the captured values, in the
	// order of the node's inputs; its outputs are the step's output and the new states. It holds no constants: those are
	// captured values, so that they are seen (packed, folded, watched for changes) in the outer graph.
	Body      *Graph
	Sequences int // how many sequences there are
	States    int
	Loop      Loop
}

// Name implements Op.
func (Scan) Name() string { return "scan" }

// Infer implements Op.
func (a Scan) Infer(n *Node) {
	x := n.In[0]
	fail := func(format string, args ...any) {
		panic(&Error{Msg: "scan: " + fmt.Sprintf(format, args...)})
	}
	batch, time := x.Shape[0], x.Shape[1]
	if time == 0 {
		fail("the sequence has no steps")
	}
	for _, v := range n.In[:a.Sequences] {
		if v.Rank() < 2 || !Fits(v.Shape[0], batch) || !Fits(v.Shape[1], time) {
			fail("sequences %s and %s differ in batch or time", x, v)
		}
		batch, time = Meet(batch, v.Shape[0]), Meet(time, v.Shape[1])
	}
	out, next := a.Body.Outputs[0], a.Body.Outputs[1:]
	if len(next) != a.States {
		fail("%d states become %d", a.States, len(next))
	}
	for i, v := range next {
		if s := n.In[a.Sequences+i]; v.DType != s.DType || !FitShapes(v.Shape, s.Shape) {
			fail("state %d is %s before a step and %s after it", i, s, v)
		}
	}
	if out.Rank() == 0 || !Fits(out.Shape[0], batch) {
		fail("a step's output %s does not start with the batch of %s", out, dim(batch))
	}
	if a.Loop.Masked {
		if m := n.In[len(n.In)-1]; m.DType != tensor.Bool || !FitShapes(m.Shape, []int{batch, time}) {
			fail("a mask %s where bool(%s, %s) is needed", m, dim(batch), dim(time))
		}
		for _, v := range next {
			if v.Rank() == 0 || !Fits(v.Shape[0], batch) {
				fail("a state %s does not start with the batch of %s, which the mask is for", v, dim(batch))
			}
		}
	}
	if a.Loop.Sequences {
		n.SetOut(out.DType, slices.Insert(slices.Clone(out.Shape), 1, time)...)
	} else {
		n.SetOut(out.DType, out.Shape...)
	}
	for _, v := range next {
		n.SetOut(v.DType, v.Shape...)
	}
}

// Eval implements Op: it interprets the body, whose values keep their memory from step to step.
func (a Scan) Eval(n *Node, in, out []Buf) error {
	x := n.In[0]
	batch, time, loop := x.Shape[0], x.Shape[1], a.Loop
	body := a.Body
	values := make(map[*Node][]Buf, len(body.Nodes))
	for i, v := range body.Inputs {
		switch {
		case i < a.Sequences:
			values[v.Node] = []Buf{NewBuf(v.DType, v.Size())}
		case i < a.Sequences+a.States:
			s := NewBuf(v.DType, v.Size())
			s.Copy(in[i])
			values[v.Node] = []Buf{s}
		default:
			values[v.Node] = []Buf{in[i]}
		}
	}
	type call struct {
		node    *Node
		in, out []Buf
	}
	var calls []call
	for _, b := range body.Nodes {
		if Is[Input](b.Op) {
			continue
		}
		c := call{node: b}
		for _, v := range b.In {
			c.in = append(c.in, values[v.Node][v.Index])
		}
		for _, v := range b.Out {
			c.out = append(c.out, NewBuf(v.DType, v.Size()))
		}
		values[b] = c.out
		calls = append(calls, c)
	}
	states := make([]Buf, a.States)
	for i := range states {
		states[i] = values[body.Inputs[a.Sequences+i].Node][0]
	}
	result := body.Outputs[0]
	width := product(result.Shape[1:])
	output := values[result.Node][result.Index]
	previous := NewBuf(result.DType, result.Size())
	next := make([]Buf, a.States) // a copy: a state may be the old value of another
	for i, v := range body.Outputs[1:] {
		next[i] = NewBuf(v.DType, v.Size())
	}
	for i := range time {
		t := i
		if loop.Backwards {
			t = time - 1 - i
		}
		for k, v := range body.Inputs[:a.Sequences] {
			rest := product(v.Shape[1:])
			for b := range batch {
				CopyRange(values[v.Node][0], b*rest, in[k], (b*time+t)*rest, rest)
			}
		}
		for _, c := range calls {
			if err := Eval(c.node, c.in, c.out); err != nil {
				return err
			}
		}
		for k, v := range body.Outputs[1:] {
			next[k].Copy(values[v.Node][v.Index])
		}
		for b := range batch {
			if loop.Masked && !in[len(in)-1].B[b*time+t] {
				if loop.ZeroMasked {
					ClearRange(previous, b*width, width)
				}
				continue
			}
			CopyRange(previous, b*width, output, b*width, width)
			for k, s := range states {
				if loop.Masked {
					size := s.Len() / max(batch, 1)
					CopyRange(s, b*size, next[k], b*size, size)
				}
			}
		}
		if !loop.Masked {
			for k, s := range states {
				s.Copy(next[k])
			}
		}
		if loop.Sequences {
			for b := range batch {
				CopyRange(out[0], (b*time+i)*width, previous, b*width, width)
			}
		}
	}
	if !loop.Sequences {
		out[0].Copy(previous)
	}
	for k, s := range states {
		out[1+k].Copy(s)
	}
	return nil
}

// ClearRange zeroes n elements of a buffer from position i on.
func ClearRange(b Buf, i, n int) {
	switch {
	case b.F != nil:
		clear(b.F[i : i+n])
	case b.D != nil:
		clear(b.D[i : i+n])
	case b.I != nil:
		clear(b.I[i : i+n])
	case b.B != nil:
		clear(b.B[i : i+n])
	case b.S != nil:
		clear(b.S[i : i+n])
	}
}

// Scan appends a loop over the time axis (axis 1) of sequences. It calls step once, with a builder for the body, the
// slices of the sequences at one step and the states; step writes the ops of one step and returns its output and the new
// states, which have the shapes and types of the old ones. Values of the graph around it may be used in the body as they are; what does not
// depend on the step is computed once, outside. The mask, bool (batch, time), may be nil.
func (b *Builder) Scan(sequences, states []*Value, a Loop, mask *Value,
	step func(b *Builder, xs, states []*Value) (out *Value, next []*Value)) (out *Value, last []*Value) {
	op, in := b.loop(sequences, states, a, mask, step)
	outs := b.Emit(op, in...)
	return outs[0], outs[1:]
}

// loop returns the op and the inputs of a [Builder.Scan].
func (b *Builder) loop(sequences, states []*Value, a Loop, mask *Value,
	step func(b *Builder, xs, states []*Value) (out *Value, next []*Value)) (op Scan, in []*Value) {
	body := &Builder{Graph: new(Graph), Label: b.Label, Unknowns: b.Unknowns, Budget: b.Budget}
	parts := make([]*Value, len(sequences))
	for i, x := range sequences {
		if x.Rank() < 2 {
			b.Fail("scan: %s has no time axis", x)
		}
		parts[i] = body.Input(x.DType, slices.Concat(x.Shape[:1], x.Shape[2:])...)
	}
	olds := make([]*Value, len(states))
	for i, s := range states {
		olds[i] = body.Input(s.DType, s.Shape...)
	}
	output, next := step(body, parts, olds)
	body.Graph.Outputs = append([]*Value{output}, next...)
	if len(body.Graph.Updates) > 0 {
		b.Fail("a layer inside of a loop over time cannot be stateful")
	}
	captured := b.close(body.Graph)
	a.Masked = mask != nil
	in = slices.Concat(sequences, states, captured)
	if a.Masked {
		in = append(in, mask)
	}
	return Scan{Body: body.Graph, Sequences: len(sequences), States: len(states), Loop: a}, in
}

// close makes a body independent of everything outside: nodes that depend on none of its inputs move into b's graph, and
// what the others need of them, or of values outside, becomes inputs of the body. It returns the values for these.
func (b *Builder) close(body *Graph) []*Value {
	inside := map[*Node]bool{} // nodes that stay: they depend on the body's inputs
	moved := map[Output]*Value{}
	inputs := map[Output]*Value{}
	var captured []*Value
	var kept []*Node
	varies := func(v *Value) bool { return inside[v.Node] }
	outside := func(v *Value) *Value {
		if m, ok := moved[v.Output()]; ok {
			return m
		}
		return v
	}
	capture := func(v *Value) *Value {
		v = outside(v)
		key := v.Output()
		if in, ok := inputs[key]; ok {
			return in
		}
		n := newNode(Input{v.DType, v.Shape}, b.Label, b.Unknowns, nil)
		inputs[key] = n.Out[0]
		captured = append(captured, v)
		body.Inputs = append(body.Inputs, n.Out[0])
		return n.Out[0]
	}
	for _, n := range body.Nodes {
		switch {
		case Is[Input](n.Op):
			inside[n] = true
			continue
		case Is[ReadParam](n.Op) && IsImpure(n.Op):
			b.Fail("a layer inside of a loop over time cannot be stateful")
		case Is[Const](n.Op), Is[ReadParam](n.Op):
			moved[Output{n, 0}] = b.Emit1(n.Op)
			continue
		case !IsImpure(n.Op) && !slices.ContainsFunc(n.In, varies):
			in := make([]*Value, len(n.In))
			for i, v := range n.In {
				in[i] = outside(v)
			}
			for i, v := range b.Emit(n.Op, in...) {
				moved[Output{n, i}] = v
			}
			continue
		}
		for i, v := range n.In {
			if !varies(v) {
				n.In[i] = capture(v)
			}
		}
		inside[n] = true
		kept = append(kept, n)
	}
	for i, v := range body.Outputs {
		if !varies(v) {
			body.Outputs[i] = capture(v)
		}
	}
	nodes := make([]*Node, 0, len(body.Inputs)+len(kept))
	for _, v := range body.Inputs {
		nodes = append(nodes, v.Node)
	}
	body.Nodes = append(nodes, kept...)
	for i, n := range body.Nodes {
		n.ID = i
	}
	return captured
}
