package nn

import (
	"fmt"
	"runtime"
	"slices"
	"strings"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/tensor"
)

// Call is one call of a layer while a model is traced: the graph to write into, and the arguments. Arguments are
// *graph.Value, []any and map[string]any of them, and constants: nil, bool, string, pyjson.Number, [Slice], [Ellipsis].
type Call struct {
	*graph.Builder
	Args   []any
	Kwargs map[string]any

	tracer *tracer
	layer  Layer
	path   string
	asked  map[string]bool // the arguments that the layer looked at, by name
	maxArg int             // and by position: the last one, from 1
}

// Slice is Python's slice(start, stop, step); nil stands for None.
type Slice struct{ Start, Stop, Step any }

// Ellipsis is Python's "...".
type Ellipsis struct{}

// tracer is what the calls of one trace share.
type tracer struct {
	builder  *graph.Builder
	root     *graph.Builder // the first builder: inside of loops it is another
	symbolic bool           // shapes stand for others; see Model.Build
	standIn  int            // what unknown dimensions are in a symbolic trace
	measured []int          // the first numbers that Measure returns; see there
	measures int            // how often it was called
	// With penalize, what the outputs of layers add to the loss is collected in penalties.
	penalize  bool
	penalties []*graph.Value
	observe   func(l Layer, in, out any)
	depth     int
}

// maxCallDepth bounds layers that call layers: a model cannot hold itself, but a shared object may try.
const maxCallDepth = 200

// Arg returns an argument by position (0 is the first) or, if it was given so, by name; nil if it was not given.
func (c *Call) Arg(i int, name string) any {
	c.ask(i, name)
	if i >= 0 && i < len(c.Args) {
		return c.Args[i]
	}
	if v := c.Kwargs[name]; v != (noMask{}) {
		return v
	}
	return nil
}

// ask notes that the layer knows an argument.
func (c *Call) ask(i int, name string) {
	if c.asked == nil {
		c.asked = map[string]bool{}
	}
	c.asked[name] = true
	c.maxArg = max(c.maxArg, i+1)
}

// finish fails for arguments that the layer did not look at: it would not know what they ask for. Layers that are not
// Keras's may look at Args and Kwargs by themselves.
func (c *Call) finish() {
	_, isOp := c.layer.(*op) // they look after themselves
	if module := c.layer.base().class.Module; isOp || module != "keras" && !strings.HasPrefix(module, "keras.") {
		return
	}
	for _, k := range sortedKeys(c.Kwargs) {
		if v := c.Kwargs[k]; v != nil && !c.asked[k] && k != "training" && k != "mask" {
			c.Fail("the layer is called with an unknown argument %q", k)
		}
	}
	for i := c.maxArg; i < len(c.Args) && c.maxArg > 0; i++ {
		if c.Args[i] != nil {
			c.Fail("the layer is called with %d arguments; it takes %d", len(c.Args), c.maxArg)
		}
	}
}

// X returns the first argument, which must be one tensor.
func (c *Call) X() *graph.Value {
	v := c.first()
	if list, ok := v.([]any); ok && len(list) == 1 {
		v = list[0]
	}
	x, ok := v.(*graph.Value)
	if !ok || x == nil {
		c.Fail("one tensor is expected as input")
	}
	return x
}

// first is the first argument by position or, if all were given by name, the only tensor among them.
func (c *Call) first() any {
	c.ask(0, "inputs")
	if len(c.Args) > 0 {
		return c.Args[0]
	}
	for _, name := range []string{"inputs", "sequences", "sequence", "x", "query"} {
		if v, ok := c.Kwargs[name]; ok {
			c.ask(0, name)
			return v
		}
	}
	return nil
}

// Xs returns the tensors of the first argument, a list for merging layers.
func (c *Call) Xs() []*graph.Value { return Flatten(c.first()) }

// Tensor returns an argument that is one tensor or absent: nil then.
func (c *Call) Tensor(i int, name string) *graph.Value {
	v := c.Arg(i, name)
	if v == nil {
		return nil
	}
	x, ok := v.(*graph.Value)
	if !ok {
		c.Fail("the argument %q must be a tensor", name)
	}
	return x
}

// noMask is a null for the argument "mask" that is meant: Keras 3.16 records null where it ran a layer without one, earlier
// releases also where they found the mask themselves.
type noMask struct{}

// Mask returns the mask argument of a layer with one tensor argument: what was given as "mask" or, if nothing or null was,
// the mask that travels with the input.
func (c *Call) Mask() *graph.Value {
	switch m := c.Kwargs["mask"].(type) {
	case noMask:
		return nil
	case *graph.Value:
		return m
	case []any:
		if len(m) == 1 {
			if v, ok := m[0].(*graph.Value); ok {
				return v
			}
		}
		return nil
	}
	if c.tensorArguments() > 1 {
		return nil
	}
	if xs := c.Xs(); len(xs) > 0 {
		return xs[0].Mask
	}
	return nil
}

// tensorArguments counts the arguments that hold tensors, as Keras does to decide whether a mask is filled in.
func (c *Call) tensorArguments() int {
	n := 0
	for _, a := range c.Args {
		if len(Flatten(a)) > 0 {
			n++
		}
	}
	for k, a := range c.Kwargs {
		if k != "mask" && len(Flatten(a)) > 0 {
			n++
		}
	}
	return n
}

// Symbolic reports whether this trace only finds out shapes: unknown dimensions have stand-in lengths, and nothing will
// be computed.
func (c *Call) Symbolic() bool { return c.tracer.symbolic }

// Measure returns the number that v, an integer scalar of the graph, has for the inputs of this run. It is for results
// whose shape depends on what is in the inputs and not only on their shape, such as the length of the longest text. What
// is traced then holds for this number, as it holds for the inputs' shapes: predicting finds the number first and then
// takes the plan for it. A symbolic trace gets a stand-in, 1 or more.
func (c *Call) Measure(v *graph.Value) int {
	t := c.tracer
	if t.symbolic {
		return t.standIn
	}
	if c.Builder != t.root {
		c.Fail("a shape depends on data inside of a loop")
	}
	if t.measures == len(t.measured) {
		if !v.DType.IsInt() || v.Rank() != 0 {
			c.Fail("a shape is asked of %s, which is no integer", v)
		}
		panic(&measuring{c.Cast(v, tensor.Int64)})
	}
	t.measures++
	return t.measured[t.measures-1]
}

// measuring ends a trace at a number that must be found out first.
type measuring struct{ v *graph.Value }

// Run calls a layer with the given positional arguments.
func (c *Call) Run(l Layer, args ...any) any { return c.RunKw(l, args, nil) }

// Run1 calls a layer that takes and gives one tensor.
func (c *Call) Run1(l Layer, x *graph.Value) *graph.Value {
	y, ok := c.Run(l, x).(*graph.Value)
	if !ok {
		c.Fail("the layer %q must have one output here", l.Name())
	}
	return y
}

// RunKw calls a layer as Layer.__call__ does: float inputs are cast to the layer's type (even to an integer one), the layer is built if it is
// not, masks are found for it, and the mask of its output is set.
func (c *Call) RunKw(l Layer, args []any, kwargs map[string]any) any {
	return c.tracer.call(l, c.path, args, kwargs)
}

func (t *tracer) call(l Layer, parent string, args []any, kwargs map[string]any) any {
	b := l.base()
	path := b.name
	if parent != "" {
		path = parent + "/" + b.name
	}
	defer func() {
		if r := recover(); r != nil {
			panic(located(r, path, b.class.Name))
		}
	}()
	t.depth++
	defer func() { t.depth-- }()
	if t.depth > maxCallDepth {
		panic(&graph.Error{Msg: fmt.Sprintf("layers call each other more than %d deep", maxCallDepth)})
	}
	if !b.NoAutocast {
		cast := func(leaf any) any {
			if x, ok := leaf.(*graph.Value); ok && x != nil && x.DType.IsFloat() && x.DType != b.policy.Compute {
				return t.builder.Cast(x, b.policy.Compute).WithMask(x.Mask)
			}
			return leaf
		}
		args = mapTree(args, cast).([]any)
		if kwargs != nil {
			kwargs = mapTree(kwargs, cast).(map[string]any)
		}
	}
	c := &Call{Builder: t.builder, Args: args, Kwargs: kwargs, tracer: t, layer: l, path: path}
	label := t.builder.Label
	t.builder.Label = path
	defer func() { t.builder.Label = label }()
	if !b.built {
		if builder, ok := l.(LayerBuilder); ok {
			builder.Build(c)
		}
		b.built = true
	}
	out := l.Call(c)
	c.finish()
	if list, ok := out.([]*graph.Value); ok {
		out = mapTree(list, func(leaf any) any { return leaf })
	}
	out = c.setMasks(out)
	if t.penalize {
		t.addPenalty(c, l, out)
	}
	if t.observe != nil {
		t.observe(l, c.first(), out)
	}
	return out
}

// located adds the layer to an error on its way out; the innermost layer stays.
func located(r any, path, class string) any {
	where := fmt.Sprintf("layer %q", path)
	if class != "" {
		where += " (" + class + ")"
	}
	switch e := r.(type) {
	case *graph.Error:
		if e.Where == "" {
			e.Where = where
		}
		return e
	case runtime.Error:
		return &graph.Error{Where: where, Msg: fmt.Sprintf("its configuration or inputs are not consistent (%v)", e)}
	}
	return r
}

// dropMasks takes the masks off outputs that are inputs as they came: a layer that does not support masks ends them even
// where it has nothing to do, such as a padding of 0. What models and keras.ops nodes return keeps its mask.
func (c *Call) dropMasks(out any) any {
	switch c.layer.(type) {
	case *Model, *op:
		return out
	}
	in := Flatten(c.Args)
	return mapTree(out, func(leaf any) any {
		x, ok := leaf.(*graph.Value)
		if ok && x != nil && x.Mask != nil && slices.ContainsFunc(in, x.Same) {
			return x.WithMask(nil)
		}
		return leaf
	})
}

// setMasks gives the outputs the layer's mask, unless the layer has set one itself.
func (c *Call) setMasks(out any) any {
	b := c.layer.base()
	if !b.SupportsMasking {
		return c.dropMasks(out)
	}
	var previous any
	if m := c.Kwargs["mask"]; m != nil && m != (noMask{}) {
		previous = m
	} else {
		previous = mapTree(c.first(), func(leaf any) any {
			if x, ok := leaf.(*graph.Value); ok && x != nil && x.Mask != nil {
				return x.Mask
			}
			return nil
		})
	}
	if m, ok := c.layer.(Masker); ok {
		previous = m.ComputeMask(c, previous)
	}
	var masks []any
	walkTree(previous, func(leaf any) { masks = append(masks, leaf) })
	if !slices.ContainsFunc(masks, func(m any) bool { v, ok := m.(*graph.Value); return ok && v != nil }) {
		return out
	}
	i := 0
	return mapTree(out, func(leaf any) any {
		x, ok := leaf.(*graph.Value)
		if !ok || x == nil {
			return leaf
		}
		if i < len(masks) {
			if m, ok := masks[i].(*graph.Value); ok && m != nil && x.Mask == nil {
				x = x.WithMask(m)
			}
		}
		i++
		return x
	})
}
