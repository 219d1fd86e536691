package graph

import (
	"fmt"
	"slices"

	"github.com/hornml/horn/tensor"
)

// ChainOp is one elementwise op of a [Chain].
type ChainOp struct {
	Op     *Unary
	Params Params
}

// Chain is an activation as elementwise ops, applied one after the other; an empty chain is the linear activation.
type Chain []ChainOp

// Is reports whether the chain is just the given op, without settings.
func (c Chain) Is(op *Unary) bool { return len(c) == 1 && c[0].Op == op && c[0].Params == Params{} }

// Apply returns the chain's value at x.
func (c Chain) Apply(x float64) float64 {
	for _, o := range c {
		x = o.Op.F(x, o.Params)
	}
	return x
}

// ChainOf returns the chain that computes the output of a graph of one input, if the graph is nothing but a chain.
func ChainOf(g *Graph) (c Chain, ok bool) {
	if len(g.Inputs) != 1 || len(g.Outputs) != 1 {
		return nil, false
	}
	at := g.Inputs[0]
	for _, n := range g.Nodes {
		if Is[Input](n.Op) {
			continue
		}
		u := UnaryOf(n.Op)
		if u == nil || u.F == nil || !n.In[0].Same(at) {
			return nil, false
		}
		c, at = append(c, ChainOp{u, n.Op.(Elementwise).Params}), n.Out[0]
	}
	return c, g.Outputs[0].Same(at)
}

// Cell is a kind of recurrent cell.
type Cell uint8

// The cells.
const (
	LSTM Cell = iota
	GRU
	SimpleRNN
)

// String returns the cell's name.
func (c Cell) String() string { return [...]string{"lstm", "gru", "simple_rnn"}[c] }

// Gates returns how many gates a cell has.
func (c Cell) Gates() int { return [...]int{4, 3, 1}[c] }

// States returns how many states a cell has.
func (c Cell) States() int { return [...]int{2, 1, 1}[c] }

// Recurrent runs one layer of cells over a whole sequence. Its inputs are
//
//	x          (batch, time, gates*units)   the inputs' share of the gates: input · kernel + bias
//	recurrent  (units, gates*units)         the recurrent kernel
//	states     (batch, units)               h and, for lstm, c: as they are before the first step
//	bias       (units)                      gru with ResetAfter only: the recurrent bias of the candidate
//	mask       (batch, time), bool          if Masked
//
// and their outputs the outputs (batch, time, units), or (batch, units) without Sequences, then the states after the
// last step. Gates stand in Keras's order: i f c o for lstm, z r h for gru. With z(g) = x(g) + h · recurrent(g),
// act = Activation and gate = Gate one step is
//
//	lstm        c = gate(z(f))*c + gate(z(i))*act(z(c));  h = gate(z(o))*act(c)
//	gru         r = gate(z(r)); u = gate(z(z)); h = u*h + (1-u)*act(x(h) + (r*h) · recurrent(h))
//	            with ResetAfter: act(x(h) + r*(h · recurrent(h) + bias))
//	simple_rnn  h = act(z)
//
// Sums are accumulated in float64 by the reference evaluation; states of a 16-bit type are rounded after each step.
type Recurrent struct {
	Cell       Cell
	Activation Chain // of the candidate and the output
	Gate       Chain // of the gates ("recurrent_activation")
	ResetAfter bool  // GRU: the reset gate is applied after the product with the recurrent kernel
	Loop
}

// Loop says how a loop goes over the time axis of its input.
type Loop struct {
	Backwards  bool // from the last step to the first; outputs are in the order in which they are computed
	Sequences  bool // the output has all steps, else only the one computed last
	Masked     bool // the last input is a mask, bool (batch, time): where it is false, states stay as they are
	ZeroMasked bool // the outputs of masked steps are 0, else they repeat the output before (0 before the first)
}

// recurrence is what a step of a cell works on, for one sample.
type recurrence struct {
	units     int
	attrs     Recurrent
	recurrent []float64
	bias      []float64
	z         []float64   // in: the inputs' share of the gates of this step
	states    [][]float64 // in and out; the first is the output
	scratch   []float64   // units elements
}

// Name implements Op.
func (op Recurrent) Name() string { return op.Cell.String() }

// Eval implements Op.
func (op Recurrent) Eval(n *Node, in, out []Buf) error {
	units, states := n.In[1].Shape[0], op.Cell.States()
	r := &recurrence{units: units, attrs: op, recurrent: in[1].Float64s(), scratch: make([]float64, units)}
	if op.ResetAfter {
		r.bias = in[2+states].Float64s()
	}
	step := [...]func(*recurrence){lstmStep, gruStep, simpleStep}[op.Cell]
	r.run(n, in, out, op.Cell.Gates(), states, step)
	return nil
}

// Infer implements Op.
func (op Recurrent) Infer(n *Node) {
	a, gates, states := op, op.Cell.Gates(), op.Cell.States()
	fail := func(format string, args ...any) {
		panic(&Error{Msg: op.Name() + ": " + fmt.Sprintf(format, args...)})
	}
	want := 2 + states
	if a.ResetAfter {
		want++
	}
	if a.Masked {
		want++
	}
	x, k := n.In[0], n.In[1]
	if len(n.In) != want || x.Rank() != 3 || k.Rank() != 2 || !x.DType.IsFloat() {
		fail("the inputs %s and %s, %d in all, do not fit", x, k, len(n.In))
	}
	units := k.Shape[0]
	if !AllKnown(k.Shape...) || k.Shape[1] != gates*units || !Fits(x.Shape[2], gates*units) {
		fail("an input %s does not fit a recurrent kernel %s of %d gates", x, k, gates)
	}
	batch, time := x.Shape[0], x.Shape[1]
	if time == 0 {
		fail("the sequence has no steps")
	}
	for _, s := range n.In[2 : 2+states] {
		if !FitShapes(s.Shape, []int{batch, units}) {
			fail("a state %s where (%s, %d) is needed", s, dim(batch), units)
		}
	}
	if a.ResetAfter && !slices.Equal(n.In[2+states].Shape, []int{units}) {
		fail("a recurrent bias %s for %d units", n.In[2+states], units)
	}
	for i, v := range n.In {
		switch mask := a.Masked && i == want-1; {
		case mask && (v.DType != tensor.Bool || !FitShapes(v.Shape, []int{batch, time})):
			fail("a mask %s where bool(%s, %s) is needed", v, dim(batch), dim(time))
		case !mask && v.DType != x.DType:
			fail("inputs of the types %s and %s", x.DType, v.DType)
		}
	}
	if a.Sequences {
		n.SetOut(x.DType, batch, time, units)
	} else {
		n.SetOut(x.DType, batch, units)
	}
	for range states {
		n.SetOut(x.DType, batch, units)
	}
}

// run loops over samples and steps.
func (r *recurrence) run(n *Node, in, out []Buf, gates, states int, step func(*recurrence)) {
	x, dtype := n.In[0], n.In[0].DType
	batch, time, width := x.Shape[0], x.Shape[1], gates*r.units
	r.z = make([]float64, width)
	r.states = make([][]float64, states)
	for i := range r.states {
		r.states[i] = make([]float64, r.units)
	}
	previous := make([]float64, r.units)
	for b := range batch {
		for i, s := range r.states {
			in[2+i].loadFloats(s, b*r.units)
		}
		clear(previous)
		for i := range time {
			t := i
			if r.attrs.Backwards {
				t = time - 1 - i
			}
			if r.attrs.Masked && !in[len(in)-1].B[b*time+t] {
				if r.attrs.ZeroMasked {
					clear(previous)
				}
			} else {
				in[0].loadFloats(r.z, (b*time+t)*width)
				step(r)
				for _, s := range r.states {
					roundTo(s, dtype)
				}
				copy(previous, r.states[0])
			}
			if r.attrs.Sequences {
				out[0].storeFloats((b*time+i)*r.units, previous)
			}
		}
		if !r.attrs.Sequences {
			out[0].storeFloats(b*r.units, previous)
		}
		for i, s := range r.states {
			out[1+i].storeFloats(b*r.units, s)
		}
	}
}

// addProduct adds x times columns from..to of the recurrent kernel to dst.
func (r *recurrence) addProduct(dst, x []float64, from, to int) {
	width := len(r.z)
	for i, v := range x {
		row := r.recurrent[i*width+from : i*width+to]
		for j, w := range row {
			dst[j] += v * w
		}
	}
}

func lstmStep(r *recurrence) {
	u, a := r.units, r.attrs
	h, c := r.states[0], r.states[1]
	r.addProduct(r.z, h, 0, 4*u)
	for j := range u {
		i, f, g, o := r.z[j], r.z[u+j], r.z[2*u+j], r.z[3*u+j]
		c[j] = a.Gate.Apply(f)*c[j] + a.Gate.Apply(i)*a.Activation.Apply(g)
		h[j] = a.Gate.Apply(o) * a.Activation.Apply(c[j])
	}
}

func gruStep(r *recurrence) {
	u, a, h := r.units, r.attrs, r.states[0]
	r.addProduct(r.z[:2*u], h, 0, 2*u)
	for j, v := range r.z[:2*u] {
		r.z[j] = a.Gate.Apply(v)
	}
	update, reset, candidate := r.z[:u], r.z[u:2*u], r.z[2*u:]
	if a.ResetAfter {
		copy(r.scratch, r.bias)
		r.addProduct(r.scratch, h, 2*u, 3*u)
		for j := range candidate {
			candidate[j] += reset[j] * r.scratch[j]
		}
	} else {
		for j := range r.scratch {
			r.scratch[j] = reset[j] * h[j]
		}
		r.addProduct(candidate, r.scratch, 2*u, 3*u)
	}
	for j := range h {
		h[j] = update[j]*h[j] + (1-update[j])*a.Activation.Apply(candidate[j])
	}
}

func simpleStep(r *recurrence) {
	h := r.states[0]
	r.addProduct(r.z, h, 0, r.units)
	for j, v := range r.z {
		h[j] = r.attrs.Activation.Apply(v)
	}
}

// Float64s returns the elements of a float buffer in float64; they may be the buffer's own.
func (b Buf) Float64s() []float64 {
	if b.D != nil {
		return b.D
	}
	out := make([]float64, len(b.F))
	b.loadFloats(out, 0)
	return out
}

// loadFloats reads len(dst) elements of a float buffer from position i on.
func (b Buf) loadFloats(dst []float64, i int) {
	if b.D != nil {
		copy(dst, b.D[i:])
		return
	}
	if b.F != nil {
		for j, v := range b.F[i : i+len(dst)] {
			dst[j] = float64(v)
		}
	}
}

// storeFloats writes src into a float buffer from position i on.
func (b Buf) storeFloats(i int, src []float64) {
	if b.D != nil {
		copy(b.D[i:], src)
		return
	}
	if b.F != nil {
		for j, v := range src {
			b.F[i+j] = float32(v)
		}
	}
}

// roundTo rounds to the values that a 16-bit type can hold.
func roundTo(x []float64, d tensor.DType) {
	switch d {
	case tensor.Float16:
		for i, v := range x {
			x[i] = float64(tensor.HalfFrom(float32(v)).Float32())
		}
	case tensor.BFloat16:
		for i, v := range x {
			x[i] = float64(tensor.BHalfFrom(float32(v)).Float32())
		}
	}
}

// Recurrent appends one layer of cells over projected inputs x, with the operands that [Recurrent] names in their order. The
// mask may be nil.
func (b *Builder) Recurrent(op Recurrent, mask *Value, operands ...*Value) (out *Value, states []*Value) {
	if op.Masked = mask != nil; op.Masked {
		operands = append(operands, mask)
	}
	outs := b.Emit(op, operands...)
	return outs[0], outs[1:]
}
