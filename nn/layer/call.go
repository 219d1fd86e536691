package layer

import (
	"strings"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/internal/tree"
	"github.com/hornml/horn/tensor"
)

// Call is one call of a layer while a model is traced: the graph to write into, and the arguments. Arguments are
// *graph.Value, []any and map[string]any of them, and constants: nil, bool, string, [Number], [Slice], [Ellipsis].
type Call struct {
	*graph.Builder
	Args   []any
	Kwargs map[string]any

	trace    *Trace
	layer    Layer
	path     string
	training *bool           // see Call.Training
	asked    map[string]bool // the arguments that the layer looked at, by name
	maxArg   int             // and by position: the last one, from 1
}

// Number and Dict are numbers and dicts of Python as a file has them, in the arguments of calls and the raw values of a
// Config. A Number has the methods Int, Int64, Float and IsInt, a Dict has Keys, Get, Lookup and others.
type (
	Number = pyjson.Number
	Dict   = pyjson.Object
)

// Slice is Python's slice(start, stop, step); nil stands for None.
type Slice struct{ Start, Stop, Step any }

// Ellipsis is Python's "...".
type Ellipsis struct{}

// Constant is an array that stands among the arguments of a call of a model's layer.
type Constant struct{ Value tensor.Any }

// Flatten returns the values of a nested structure ([]any, map[string]any) in Keras's order: lists in order, dicts by
// sorted key. Parts that are no values (numbers, nil) are left out.
//
//go:noinline
func Flatten(v any) []*graph.Value { return tree.Values(v) }

// Path is the layer's place in the model: the names of the layers around it and its own, such as "encoder/lstm".
func (c *Call) Path() string { return c.path }

// Arg returns an argument by position (0 is the first) or, if it was given so, by name; nil if it was not given.
//
//go:noinline
func (c *Call) Arg(i int, name string) any {
	c.ask(i, name)
	if i >= 0 && i < len(c.Args) {
		return c.Args[i]
	}
	if v := c.Kwargs[name]; v != (NoMask{}) {
		return v
	}
	return nil
}

// ask notes that the layer knows an argument.
//
//go:noinline
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
	for _, k := range tree.Keys(c.Kwargs) {
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
	v := c.First()
	if list, ok := v.([]any); ok && len(list) == 1 {
		v = list[0]
	}
	x, ok := v.(*graph.Value)
	if !ok || x == nil {
		c.Fail("one tensor is expected as input")
	}
	return x
}

// First is the first argument by position or, if all were given by name, the only tensor among them.
func (c *Call) First() any {
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
func (c *Call) Xs() []*graph.Value { return Flatten(c.First()) }

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

// Run calls a layer with the given positional arguments.
//
//go:noinline
func (c *Call) Run(l Layer, args ...any) any { return c.RunKw(l, args, nil) }

// Run1 calls a layer that takes and gives one tensor.
func (c *Call) Run1(l Layer, x *graph.Value) *graph.Value {
	y, ok := c.Run(l, x).(*graph.Value)
	if !ok {
		c.Fail("the layer %q must have one output here", l.Name())
	}
	return y
}

// RunKw calls a layer as Layer.__call__ does: float inputs are cast to the layer's type (even to an integer one), the layer
// is built if it is not, masks are found for it, and the mask of its output is set.
//
//go:noinline
func (c *Call) RunKw(l Layer, args []any, kwargs map[string]any) any {
	return c.trace.call(l, c.path, args, kwargs)
}
