package layer

import (
	"context"
	"fmt"

	"github.com/hornml/horn/internal/fault"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/internal/tree"
	"github.com/hornml/horn/tensor"
)

// Trace is how a layer, mostly a model, is turned into a graph: what the calls of its layers share. Models make one; layers
// have it behind their [Call].
type Trace struct {
	// Symbolic says that only types and shapes are asked: lengths may be unknown, and nothing will be computed.
	Symbolic bool
	// Measured are the numbers that Call.Measure returns, in the order in which it is called; see [Traced].
	Measured []int
	// Penalize collects what the outputs of layers add to the loss, for Penalty.
	Penalize bool
	// Training says whether the layers are called as in training.
	Training Training
	// Context, if set, ends the trace between two calls of layers.
	Context context.Context
	// Observe, if set, is told of every call of a layer: its first argument and what it returned.
	Observe func(l Layer, in, out any)
	// Notes, if set, takes what Call.Note is given.
	Notes map[any]any
	// MaxBytes bounds the memory of the constants and tables that are made while the graph is written, as plan.Options.MaxBytes
	// bounds that of a run; 0 stands for graph.DefaultMaxBytes.
	MaxBytes int64

	builder   *graph.Builder
	root      *graph.Builder // the first builder: inside of loops it is another
	measures  int            // how often Measure was called
	penalties []*graph.Value
	depth     int
	calls     int
	training  *bool // what Keras's call context has under Training == AsCalled
	draws     map[*graph.Param]*graph.Value
	initial   map[*Variable]bool // variables without a value that the budget has met
}

// Traced is what a trace gives.
type Traced struct {
	Graph   *graph.Graph
	Outputs []*graph.Value // flat, with their masks
	// Measures says that the trace came to a shape that depends on what is in the inputs: the graph's one output is the
	// number, an integer, that Measured needs next. Outputs are nil then.
	Measures bool
}

// maxCallDepth bounds layers that call layers: a model cannot hold itself, but a shared object may try.
const maxCallDepth = 200

// maxCalls bounds the calls of one trace: a few kilobytes of models that call each other twice may ask for any number.
const maxCalls = 1 << 17

// Run writes the ops of one call of l into a new graph. inputs makes the values of the first argument, nil for one that is
// left out. A Trace runs once.
func (t *Trace) Run(l Layer, inputs func(b *graph.Builder) []*graph.Value) (traced Traced, err error) {
	b := graph.NewBuilder()
	b.Unknowns, b.Budget = t.Symbolic, graph.NewBudget(t.MaxBytes)
	t.builder, t.root = b, b
	defer func() {
		r := recover()
		if r == nil {
			return
		}
		traced = Traced{}
		if m, ok := r.(*measuring); ok {
			b.Graph.Outputs, b.Graph.Updates = []*graph.Value{m.v}, nil
			traced = Traced{Graph: b.Graph, Measures: true}
			return
		}
		if e, ok := r.(*ended); ok {
			err = e.cause
			return
		}
		if err = Failure(r, fmt.Sprintf("layer %q", l.Name())); err == nil {
			panic(r)
		}
	}()
	values := inputs(b)
	list := make([]any, len(values))
	for i, v := range values {
		if v != nil {
			list[i] = v
		}
	}
	c := &Call{Builder: b, trace: t, layer: l, Args: []any{list}}
	if len(list) == 1 {
		c.Args = list
	}
	b.Graph.Outputs = tree.Values(l.Call(c))
	return Traced{Graph: b.Graph, Outputs: b.Graph.Outputs}, nil
}

// Note keeps something about the trace for who runs it, if that wants notes.
func (c *Call) Note(key, value any) {
	if c.trace.Notes != nil {
		c.trace.Notes[key] = value
	}
}

// Symbolic reports whether this trace only finds out types and shapes: lengths may be graph.Unknown, and nothing will be
// computed.
func (c *Call) Symbolic() bool { return c.trace.Symbolic }

// Measure returns the number that v, an integer scalar of the graph, has for the inputs of this run. It is for results
// whose shape depends on what is in the inputs and not only on their shape, such as the length of the longest text. What
// is traced then holds for this number, as it holds for the inputs' shapes: predicting finds the number first and then
// takes the plan for it. In a symbolic trace it is graph.Unknown.
func (c *Call) Measure(v *graph.Value) int {
	t := c.trace
	if t.Symbolic {
		return graph.Unknown
	}
	if c.Builder != t.root {
		c.Fail("a shape depends on data inside of a loop")
	}
	if t.measures == len(t.Measured) {
		if !v.DType.IsInt() || v.Rank() != 0 {
			c.Fail("a shape is asked of %s, which is no integer", v)
		}
		panic(&measuring{c.Cast(v, tensor.Int64)})
	}
	t.measures++
	return t.Measured[t.measures-1]
}

// measuring ends a trace at a number that must be found out first; Run turns it into a Traced.
type measuring struct{ v *graph.Value }

// ended ends a trace whose Context is done; Run returns the cause.
type ended struct{ cause error }

// unmade takes the first value of a variable from the budget.
func (t *Trace) unmade(v *Variable) {
	if t.initial[v] {
		return
	}
	if t.initial == nil {
		t.initial = map[*Variable]bool{}
	}
	t.initial[v] = true
	t.builder.Reserve(v.DType, v.Shape...)
}

func (t *Trace) call(l Layer, parent string, args []any, kwargs map[string]any) any {
	b := l.base()
	path := b.name
	if parent != "" {
		path = parent + "/" + b.name
	}
	defer func() {
		if r := recover(); r != nil {
			if err := Failure(r, fmt.Sprintf("layer %q (%s)", path, b.class.Name)); err != nil {
				panic(err)
			}
			panic(r)
		}
	}()
	if t.Context != nil && t.Context.Err() != nil {
		panic(&ended{context.Cause(t.Context)})
	}
	t.depth++
	defer func() { t.depth-- }()
	training := t.enter(l, kwargs)
	if t.depth > maxCallDepth {
		t.builder.Fail("layers call each other more than %d deep", maxCallDepth)
	}
	if t.calls++; t.calls > maxCalls {
		t.builder.FailTooLarge("layers call each other more than %d times", maxCalls)
	}
	if !b.NoAutocast {
		cast := func(leaf any) any {
			if x, ok := leaf.(*graph.Value); ok && x != nil && x.DType.IsFloat() && x.DType != b.policy.Compute {
				return t.builder.Cast(x, b.policy.Compute).WithMask(x.Mask)
			}
			return leaf
		}
		args = tree.Map(args, cast).([]any)
		if kwargs != nil {
			kwargs = tree.Map(kwargs, cast).(map[string]any)
		}
	}
	c := &Call{Builder: t.builder, Args: args, Kwargs: kwargs, trace: t, layer: l, path: path, training: training}
	label := t.builder.Label
	t.builder.Label = path
	defer func() { t.builder.Label = label }()
	if !b.built {
		if builder, ok := l.(Builder); ok {
			builder.Build(c.forBuild())
		}
		b.built = true
	}
	out := l.Call(c)
	c.finish()
	if list, ok := out.([]*graph.Value); ok {
		out = tree.Map(list, func(leaf any) any { return leaf })
	}
	out = c.setMasks(out)
	if t.Penalize {
		t.addPenalty(c, l, out)
	}
	if t.Observe != nil {
		t.Observe(l, c.First(), out)
	}
	return out
}

// Failure returns the error for what a function that writes ops panicked with: where is added unless an inner layer said already
// where it was. What is no *graph.Error (see Builder.Fail) is a mistake of the program, an *InternalError. It is nil for the ways in
// which a trace ends itself.
func Failure(recovered any, where string) error {
	switch e := recovered.(type) {
	case *graph.Error:
		if e.Where == "" {
			e.Where = where
		}
		return e
	case *measuring, *ended:
		return nil
	}
	return fault.Of(recovered, where)
}
