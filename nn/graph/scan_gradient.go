package graph

import (
	"slices"

	"github.com/hornml/horn/tensor"
)

// Gradient implements Differentiable. The loop runs once more and keeps the states before each step; a second loop goes
// through the steps from the last to the first, computes each anew, and sends the gradients back through it.
func (a Scan) Gradient(b *Backward, n *Node, dOut []*Value) []*Value {
	return a.gradient(b, n.In, dOut)
}

// backLoop is the loop that sends gradients back through the steps of another. All of its sequences are in the order in
// which the steps were done.
type backLoop struct {
	op       Scan
	inputs   []*Value // of op: sequences, states, captured values
	mask     *Value
	wanted   []bool
	floats   []int // the states through which gradients flow
	captured []int // the inputs, captured values, whose gradients are wanted

	inner func(b *Builder, ys, dys, wrt []*Value) []*Value
}

func (a Scan) gradient(b *Backward, in, dOut []*Value) []*Value {
	l := &backLoop{op: a, inputs: slices.Clone(in), wanted: b.Wanted, inner: b.Differentiate}
	if a.Loop.Masked {
		l.mask = in[len(in)-1]
		l.inputs = l.inputs[:len(in)-1]
	}
	if a.Loop.Backwards {
		for i, x := range l.inputs[:a.Sequences] {
			l.inputs[i] = b.Flip(x, 1)
		}
		if l.mask != nil {
			l.mask = b.Flip(l.mask, 1)
		}
	}
	for i, v := range l.inputs[a.Sequences:] {
		switch i += a.Sequences; {
		case !v.Differentiable():
		case i < a.Sequences+a.States:
			l.floats = append(l.floats, i-a.Sequences)
		case b.Wants(i):
			l.captured = append(l.captured, i)
		}
	}
	return l.run(b.Builder, dOut)
}

// run writes both loops and returns the gradients of all inputs.
func (l *backLoop) run(b *Builder, dOut []*Value) []*Value {
	sequences, states := l.inputs[:l.op.Sequences], l.inputs[l.op.Sequences:][:l.op.States]
	batch := sequences[0].Shape[0]
	old := newBundle(batch, states)
	all := slices.Clone(sequences)
	add := func(v *Value) (position int) {
		all = append(all, v)
		return len(all) - 1
	}
	atOld, atOut, atMask := -1, -1, -1
	if len(states) > 0 {
		masked := sequences
		if l.mask != nil {
			masked = append(slices.Clone(sequences), l.mask)
		}
		kept, _ := b.Scan(masked, states, Loop{Sequences: true}, nil, func(b *Builder, xs, states []*Value) (*Value, []*Value) {
			next := l.step(b, xs[:len(sequences)], states, l.inputs)[1:]
			for i, s := range states {
				if l.mask != nil {
					next[i] = b.Where(alignedTo(b, xs[len(sequences)], s), next[i], s)
				}
			}
			return old.pack(b, states), next
		})
		atOld = add(kept)
	}
	out := l.op.Body.Outputs[0]
	d := dOut[0]
	sequential := d != nil && l.op.Loop.Sequences
	if sequential {
		atOut = add(d)
	}
	if l.mask != nil {
		atMask = add(l.mask)
	}
	// What the loop carries: gradients of the states, sums for the captured values, and the gradient of an output that
	// masked steps repeat.
	var carried []*Value
	for _, i := range l.floats {
		if g := dOut[1+i]; g != nil {
			carried = append(carried, g)
		} else {
			carried = append(carried, b.ZerosLike(states[i]))
		}
	}
	for _, i := range l.captured {
		carried = append(carried, b.ZerosLike(l.inputs[i]))
	}
	repeats := d != nil && (!sequential || l.mask != nil && !l.op.Loop.ZeroMasked)
	switch {
	case repeats && sequential:
		carried = append(carried, b.Full(out.DType, 0, out.Shape...))
	case repeats:
		carried = append(carried, d)
	}
	var results []*Value // the slices of sequences whose gradients the loop gives
	for i, v := range l.op.Body.Inputs[:len(sequences)] {
		if l.wanted[i] {
			results = append(results, v)
		}
	}
	shapes := newBundle(batch, results)

	back, last := b.Scan(all, carried, Loop{Backwards: true, Sequences: len(results) > 0}, nil,
		func(b *Builder, xs, carried []*Value) (*Value, []*Value) {
			var mask, dStep *Value
			if atMask >= 0 {
				mask = xs[atMask]
			}
			if atOut >= 0 {
				dStep = xs[atOut]
			}
			if repeats {
				total := carried[len(carried)-1]
				if dStep != nil {
					total = b.Add(total, dStep)
				}
				dStep = total
			}
			var befores []*Value
			if atOld >= 0 {
				befores = old.unpack(b, xs[atOld])
			}
			dxs, next := l.back(b, xs[:len(sequences)], befores, mask, dStep, carried)
			if repeats {
				rest := b.ZerosLike(out)
				if mask != nil && !l.op.Loop.ZeroMasked {
					rest = b.Where(alignedTo(b, mask, out), rest, dStep)
				}
				next = append(next, rest)
			}
			if len(dxs) == 0 {
				return b.Full(out.DType, 0, batch, 1), next
			}
			return shapes.pack(b, dxs), next
		})

	grads := make([]*Value, len(l.wanted))
	if len(results) > 0 {
		if !l.op.Loop.Backwards {
			back = b.Flip(back, 1)
		}
		parts := shapes.unpackSequence(b, back)
		for i := range sequences {
			if l.wanted[i] {
				grads[i], parts = parts[0], parts[1:]
			}
		}
	}
	for k, i := range l.floats {
		grads[l.op.Sequences+i] = last[k]
	}
	for k, i := range l.captured {
		grads[i] = last[len(l.floats)+k]
	}
	return grads
}

// back sends the gradients of one step's results back to what it reads: those of the wanted sequences, and what the loop
// carries on.
func (l *backLoop) back(b *Builder, xs, states []*Value, mask, dStep *Value, carried []*Value) (dxs, next []*Value) {
	inputs := slices.Clone(l.inputs)
	for _, i := range l.captured { // the way back ends here, whatever these are made of
		inputs[i] = b.StopGradient(inputs[i])
	}
	outs := l.step(b, xs, states, inputs)
	unmasked := func(v *Value) *Value {
		if mask == nil {
			return v
		}
		return b.Masked(alignedTo(b, mask, v), v)
	}
	var ys, dys, wrt []*Value
	if dStep != nil {
		ys, dys = append(ys, outs[0]), append(dys, unmasked(dStep))
	}
	for k, i := range l.floats {
		ys, dys = append(ys, outs[1+i]), append(dys, unmasked(carried[k]))
		wrt = append(wrt, states[i])
	}
	for _, i := range l.captured {
		wrt = append(wrt, inputs[i])
	}
	for i, x := range xs {
		if l.wanted[i] {
			wrt = append(wrt, x)
		}
	}
	grads := l.inner(b, ys, dys, wrt)
	for i, g := range grads {
		if g == nil {
			grads[i] = b.ZerosLike(wrt[i])
		}
	}
	for k := range l.floats {
		if mask != nil { // the state has stayed as it was
			grads[k] = b.Where(alignedTo(b, mask, grads[k]), grads[k], carried[k])
		}
		next = append(next, grads[k])
	}
	for k := range l.captured {
		k += len(l.floats)
		next = append(next, b.Add(carried[k], grads[k]))
	}
	return grads[len(l.floats)+len(l.captured):], next
}

// step writes the ops of one step of the loop and returns its output and the new states.
func (l *backLoop) step(b *Builder, xs, states, inputs []*Value) []*Value {
	body := l.op.Body
	made := map[Output]*Value{}
	for i, v := range body.Inputs {
		switch to := v.Output(); {
		case i < len(xs):
			made[to] = xs[i]
		case i < len(xs)+len(states):
			made[to] = states[i-len(xs)]
		default:
			made[to] = inputs[i]
		}
	}
	return b.copyOf(body, made)
}

// copyOf writes the nodes of a graph anew, given the values for its inputs, and returns its outputs.
func (b *Builder) copyOf(g *Graph, made map[Output]*Value) []*Value {
	at := func(vs []*Value) []*Value {
		out := make([]*Value, len(vs))
		for i, v := range vs {
			out[i] = made[v.Output()]
		}
		return out
	}
	for _, n := range g.Nodes {
		if Is[Input](n.Op) {
			continue
		}
		for i, v := range b.Emit(n.Op, at(n.In)...) {
			made[Output{n, i}] = v
		}
	}
	return at(g.Outputs)
}

// alignedTo gives a mask (batch) as many axes as v has.
func alignedTo(b *Builder, mask, v *Value) *Value {
	return b.Reshape(mask, append(slices.Clone(mask.Shape), ones(v.Rank()-1)...)...)
}

// bundle is how several values become one, of shape (batch, ...), as the output of a loop's step must be.
type bundle struct {
	batch int
	dtype tensor.DType
	parts []*Value // their shapes and types
}

func newBundle(batch int, parts []*Value) bundle {
	u := bundle{batch: batch, parts: parts}
	for i, v := range parts {
		if i == 0 {
			u.dtype = v.DType
		} else if v.DType != u.dtype {
			u.dtype = tensor.Float64 // holds all the others can, up to integers of 2^53
		}
	}
	return u
}

// batched reports whether a part has the batch as its first axis.
func (u bundle) batched(v *Value) bool { return v.Rank() > 0 && v.Shape[0] == u.batch }

// pack joins values of the parts' shapes.
func (u bundle) pack(b *Builder, vs []*Value) *Value {
	if len(vs) == 1 && u.batched(vs[0]) {
		return vs[0]
	}
	flat := make([]*Value, len(vs))
	for i, v := range vs {
		v = b.Cast(v, u.dtype)
		if u.batched(v) {
			flat[i] = b.Reshape(v, u.batch, product(v.Shape[1:]))
		} else {
			flat[i] = b.BroadcastTo(b.Reshape(v, 1, v.Size()), u.batch, v.Size())
		}
	}
	return b.Concat(1, flat...)
}

// unpack takes the parts out of a joined value.
func (u bundle) unpack(b *Builder, joined *Value) []*Value {
	if len(u.parts) == 1 && u.batched(u.parts[0]) {
		return []*Value{joined}
	}
	out := make([]*Value, len(u.parts))
	at := 0
	for i, v := range u.parts {
		size := v.Size()
		if u.batched(v) {
			size = product(v.Shape[1:])
		}
		part := b.Slice(joined, 1, at, at+size)
		if !u.batched(v) {
			part = b.Slice(part, 0, 0, 1)
		}
		out[i] = b.Cast(b.Reshape(part, v.Shape...), v.DType)
		at += size
	}
	return out
}

// unpackSequence takes the parts, all with a batch, out of the joined values (batch, time, ...) of all steps.
func (u bundle) unpackSequence(b *Builder, joined *Value) []*Value {
	if len(u.parts) == 1 {
		return []*Value{joined}
	}
	out := make([]*Value, len(u.parts))
	at := 0
	for i, v := range u.parts {
		size := product(v.Shape[1:])
		part := b.Slice(joined, 2, at, at+size)
		out[i] = b.Cast(b.Reshape(part, slices.Insert(slices.Clone(v.Shape), 1, joined.Shape[1])...), v.DType)
		at += size
	}
	return out
}

// Gradient implements Differentiable: the cells as a loop of plain ops, and its gradient.
func (op Recurrent) Gradient(b *Backward, n *Node, dOut []*Value) []*Value {
	states := op.Cell.States()
	units := n.In[1].Shape[0]
	var mask *Value
	if op.Masked {
		mask = n.In[len(n.In)-1]
	}
	loop, in := b.loop(n.In[:1], n.In[2:2+states], op.Loop, mask, func(b *Builder, xs, states []*Value) (*Value, []*Value) {
		next := op.step(b, units, xs[0], states, n.In)
		return next[0], next
	})
	// What the loop captures is made of the recurrent kernel and the bias.
	wanted := make([]bool, len(in))
	wanted[0] = b.Wants(0)
	for i := 1; i < len(in); i++ {
		wanted[i] = in[i].Differentiable()
	}
	inner := &Backward{Builder: b.Builder, Wanted: wanted, Differentiate: b.Differentiate}
	found := loop.gradient(inner, in, dOut)
	grads := make([]*Value, len(n.In))
	grads[0] = found[0]
	copy(grads[2:], found[1:1+states])
	first := 1 + states
	last := first
	for last < len(in) && wanted[last] {
		last++
	}
	weights := append([]*Value{n.In[1]}, n.In[2+states:len(n.In)]...)
	for i, g := range b.Differentiate(b.Builder, in[first:last], found[first:last], weights) {
		if i == 0 {
			grads[1] = g
		} else {
			grads[1+states+i] = g
		}
	}
	return grads
}

// step writes one step of a cell and returns the new states, the output first.
func (op Recurrent) step(b *Builder, units int, x *Value, states, in []*Value) []*Value {
	h := states[0]
	part := func(v *Value, i int) *Value { return b.Slice(v, -1, i*units, (i+1)*units) }
	act := func(v *Value) *Value { return op.Activation.write(b, v) }
	gate := func(v *Value) *Value { return op.Gate.write(b, v) }
	z := b.MatMul(h, in[1])
	switch op.Cell {
	case LSTM:
		z = b.Add(x, z)
		c := b.Add(b.Mul(gate(part(z, 1)), states[1]), b.Mul(gate(part(z, 0)), act(part(z, 2))))
		return []*Value{b.Mul(gate(part(z, 3)), act(c)), c}
	case GRU:
		update, reset := gate(b.Add(part(x, 0), part(z, 0))), gate(b.Add(part(x, 1), part(z, 1)))
		var inner *Value
		if op.ResetAfter {
			inner = b.Mul(reset, b.Add(part(z, 2), in[3]))
		} else {
			inner = b.MatMul(b.Mul(reset, h), part(in[1], 2))
		}
		candidate := act(b.Add(part(x, 2), inner))
		rest := b.UnaryP(Affine, Params{A: -1, B: 1}, update)
		return []*Value{b.Add(b.Mul(update, h), b.Mul(rest, candidate))}
	}
	return []*Value{act(b.Add(x, z))}
}

// write writes the chain's ops.
func (c Chain) write(b *Builder, x *Value) *Value {
	for _, o := range c {
		x = b.UnaryP(o.Op, o.Params, x)
	}
	return x
}
