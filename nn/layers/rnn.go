package layers

import (
	"fmt"
	"slices"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

// Cell is a layer that computes one step of a recurrence. It is called with the input of the step (batch, ...) and a list
// of its states, and returns []any{output, states}. A type of the caller's that is registered as a custom object may be the
// cell of an RNN, too.
type Cell interface {
	layer.Layer
	// States returns the shapes of the states, without the batch axis, for step inputs of the given shape, which has the
	// batch axis: a []any of []int, or of such lists where cells are stacked. The first state has the shape of the output.
	States(c *layer.Call, step []int) []any
}

// projecting is a cell whose share of the inputs can be computed for all steps at once.
type projecting interface {
	Cell
	// project returns the inputs' share of the gates for inputs (n, ...), where n may be batch times steps.
	project(c *layer.Call, x *value) *value
	// step takes what project returned for one step.
	step(c *layer.Call, z *value, states []*value) (out *value, next []*value)
}

// fused is a cell that has an op for a whole sequence; ok is false where its settings are beyond the op.
type fused interface {
	projecting
	sequence(c *layer.Call, z *value, states []*value, a graph.Loop, mask *value) (out *value, last []*value, ok bool)
}

// recurrent is a layer that embeds RNN.
type recurrent interface {
	layer.Layer
	rnn() *RNN
}

func (l *RNN) rnn() *RNN { return l }

// RNN loops over the time axis of its input (batch, time, ...) with a cell (keras.layers.RNN). The output is the last one
// (batch, units) or all (batch, time, units), followed by the last states with ReturnState. Where the mask is false a step
// is skipped: the states stay, and the output repeats the one before or, with ZeroOutputForMask, is zero (unrolled or not).
type RNN struct {
	layer.Base
	Cell                                                                           layer.Layer
	ReturnSequences, ReturnState, GoBackwards, Stateful, Unroll, ZeroOutputForMask bool

	ownCell bool // the cell has its arguments from this layer
	states  []*graph.Param
}

// AddRNN adds RNN to a registry.
func AddRNN(r *layer.Registry) {
	r.Register("keras.layers", "RNN", func() layer.Layer { return new(RNN) })
}

// Config implements layer.Layer.
func (l *RNN) Config(c *layer.Config) {
	l.loopConfig(c)
	c.Layer("cell", &l.Cell)
	if _, ok := l.Cell.(Cell); l.Cell != nil && !ok {
		c.Errorf("cell", "a recurrent cell such as LSTMCell is expected, not a %T", l.Cell)
	}
}

// loopConfig visits what all recurrent layers have.
func (l *RNN) loopConfig(c *layer.Config) {
	c.Bool("return_sequences", &l.ReturnSequences, false)
	c.Bool("return_state", &l.ReturnState, false)
	c.Bool("go_backwards", &l.GoBackwards, false)
	c.Bool("stateful", &l.Stateful, false)
	c.Bool("unroll", &l.Unroll, false) // the graph has one op either way
	c.Bool("zero_output_for_mask", &l.ZeroOutputForMask, false)
	l.SupportsMasking = true
}

// Children implements layer.Container.
func (l *RNN) Children() []layer.Child {
	if l.Cell == nil {
		return nil
	}
	children := []layer.Child{{Attr: "cell", Layer: l.Cell}}
	if c, ok := l.Cell.(layer.Container); ok && l.ownCell {
		// Activations that are layers: Python finds them as attributes of an LSTM before it looks into the cell.
		children = append(children, c.Children()...)
	}
	return children
}

// Build implements layer.Builder.
func (l *RNN) Build(c *layer.Call) {
	x := c.X()
	if x.Rank() < 2 {
		c.Fail("a sequence (batch, time, ...) is expected, not %s", x)
	}
	c.Enter(l.Cell, oneStep(x))
}

// oneStep stands for the input of one step while a cell is built: only its shape and type are looked at.
func oneStep(x *value) *value {
	return &graph.Value{DType: x.DType, Shape: slices.Concat(x.Shape[:1], x.Shape[2:])}
}

// Call implements layer.Layer.
func (l *RNN) Call(c *layer.Call) any {
	x := c.X()
	cell := l.Cell.(Cell)
	if x.Rank() < 2 {
		c.Fail("a sequence (batch, time, ...) is expected, not %s", x)
	}
	inner := c.Enter(cell, oneStep(x))
	dtype := cell.Policy().Compute
	x = c.Cast(x, dtype)
	kinds := cell.States(inner, oneStep(x).Shape)
	states := l.initialStates(c, kinds, x)
	for i, s := range states {
		states[i] = c.Cast(s, dtype)
	}
	mask := timeMask(c, x)
	attrs := graph.Loop{Backwards: l.GoBackwards, Sequences: l.ReturnSequences, ZeroMasked: l.ZeroOutputForMask}
	// Unrolled, TensorFlow and torch apply the mask to the finished sequence, which begins with the last step when the layer goes
	// backwards; the mask does not. (JAX leaves the outputs as they are.)
	late := l.Unroll && l.ZeroOutputForMask && l.GoBackwards && l.ReturnSequences && mask != nil
	attrs.ZeroMasked = attrs.ZeroMasked && !late
	out, last := loop(c, inner, cell, x, states, kinds, attrs, mask)
	if late {
		wide := mask
		for wide.Rank() < out.Rank() {
			wide = c.ExpandDims(wide, wide.Rank())
		}
		out = c.Where(wide, out, c.Scalar(out.DType, 0))
	}
	if l.Stateful {
		for i, s := range last {
			c.SetParam(l.state(c, i), s)
		}
	}
	out = c.Cast(out, l.ComputeDType())
	if !l.ReturnState {
		return out
	}
	for i, s := range last {
		last[i] = c.Cast(s, l.ComputeDType())
	}
	packed, _ := pack(kinds, last)
	return slices.Concat([]any{out}, packed)
}

// ComputeMask implements layer.Masker: the mask goes on with a sequence.
func (l *RNN) ComputeMask(_ *layer.Call, previous any) any {
	if !l.ReturnSequences {
		return nil
	}
	return firstLeaf(previous)
}

// firstLeaf returns the first leaf of a nested list.
func firstLeaf(v any) any {
	for {
		list, ok := v.([]any)
		if !ok {
			return v
		}
		if len(list) == 0 {
			return nil
		}
		v = list[0]
	}
}

// loop runs a cell over a sequence: by one op, by a scan over inputs that were projected at once, or by a plain scan.
func loop(c, inner *layer.Call, cell Cell, x *value, states []*value, kinds []any, attrs graph.Loop, mask *value) (*value, []*value) {
	p, ok := cell.(projecting)
	if !ok {
		return c.Scan([]*value{x}, states, attrs, mask, func(c *layer.Call, xs, states []*value) (*value, []*value) {
			packed, _ := pack(kinds, states)
			return callCell(c, cell, xs[0], packed)
		})
	}
	batch, time := x.Shape[0], x.Shape[1]
	flat := inner.Reshape(x, append([]int{graph.Times(batch, time)}, x.Shape[2:]...)...)
	z := p.project(inner, flat)
	z = inner.Reshape(z, append([]int{batch, time}, z.Shape[1:]...)...)
	if f, ok := cell.(fused); ok {
		if out, last, ok := f.sequence(inner, z, states, attrs, mask); ok {
			return out, last
		}
	}
	return inner.Scan([]*value{z}, states, attrs, mask, func(c *layer.Call, xs, states []*value) (*value, []*value) {
		return p.step(c, xs[0], states)
	})
}

// callCell calls a cell as a layer.
func callCell(c *layer.Call, cell layer.Layer, x *value, states []any) (*value, []*value) {
	list, _ := c.Run(cell, x, states).([]any)
	if len(list) == 2 {
		if out, ok := list[0].(*value); ok {
			return out, layer.Flatten(list[1])
		}
	}
	c.Fail("the cell %q must return [output, states]", cell.Name())
	return nil, nil
}

// initialStates returns the states before the first step: those that were given, those that the session remembers, or
// zeros.
func (l *RNN) initialStates(c *layer.Call, kinds []any, x *value) []*value {
	shapes := leafShapes(kinds)
	states := make([]*value, len(shapes))
	given := layer.Flatten(c.Arg(1, "initial_state"))
	if len(given) > 0 && len(given) != len(shapes) {
		c.Fail("%d initial states were given, the cell has %d", len(given), len(shapes))
	}
	dtype := l.Cell.Policy().Compute
	for i, s := range shapes {
		shape := append([]int{x.Shape[0]}, s...)
		switch {
		case len(given) > 0:
			if !graph.FitShapes(given[i].Shape, shape) {
				c.Fail("initial state %d is %s, its shape must be %s", i, given[i], tensor.FormatShape(shape))
			}
			states[i] = given[i]
		case l.Stateful:
			states[i] = readState(c, l.state(c, i), dtype, shape)
		default:
			states[i] = c.Full(dtype, 0, shape...)
		}
	}
	return states
}

// leafShapes returns the shapes in a nest of them, in order.
func leafShapes(kinds []any) [][]int {
	var out [][]int
	for _, k := range kinds {
		switch k := k.(type) {
		case []int:
			out = append(out, k)
		case []any:
			out = append(out, leafShapes(k)...)
		}
	}
	return out
}

// pack gives values the structure of a nest of shapes; it returns those left over.
func pack(kinds []any, values []*value) ([]any, []*value) {
	out := make([]any, len(kinds))
	for i, k := range kinds {
		if list, ok := k.([]any); ok {
			out[i], values = pack(list, values)
		} else {
			out[i], values = values[0], values[1:]
		}
	}
	return out, values
}

// timeMask returns the mask of a layer that loops over time as bool (batch, time), nil if there is none.
func timeMask(c *layer.Call, x *value) *value {
	mask, _ := firstLeaf(c.Arg(2, "mask")).(*value)
	if mask == nil {
		mask = c.Mask()
	}
	if mask == nil {
		return nil
	}
	mask = c.Cast(mask, boolean)
	if mask.Rank() == 3 && graph.Fits(mask.Shape[2], 1) {
		mask = c.Squeeze(mask, 2)
	}
	if mask.Rank() != 2 {
		c.Fail("a mask (batch, time) is expected, not %s", mask)
	}
	return c.BroadcastTo(mask, x.Shape[:2]...)
}

// state is what the layer remembers of its cell's state i.
func (l *RNN) state(c *layer.Call, i int) *graph.Param {
	for len(l.states) <= i {
		l.states = append(l.states, graph.NewState(fmt.Sprintf("%s/states/%d", c.Path(), len(l.states))))
	}
	return l.states[i]
}
