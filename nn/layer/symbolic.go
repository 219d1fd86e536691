package layer

import (
	"fmt"
	"sync/atomic"

	"github.com/hornml/horn/internal/naming"
	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn/internal/tree"
	"github.com/hornml/horn/tensor"
)

// KerasTensor stands for a tensor while a Functional model is built (keras.KerasTensor): an input, or an output of a
// layer that was called. It has no elements.
type KerasTensor struct {
	call *SymbolicCall
	out  int
}

// SymbolicCall is one call of a layer on tensors of a model that is being built.
type SymbolicCall struct {
	Layer  Layer
	Args   []any // with *KerasTensor in the place of tensors
	Kwargs map[string]any
	Order  uint64 // of the calls of a program
	// Shapes and Types are those of the outputs, in flat order, once a model that has the call is built.
	Shapes [][]int
	Types  []tensor.DType
}

// NewSymbolicCall returns a call of a layer with arguments as SymbolicArgument makes them.
func NewSymbolicCall(l Layer, args []any, kwargs map[string]any) *SymbolicCall {
	return &SymbolicCall{Layer: l, Args: args, Kwargs: kwargs, Order: symbolicCalls.Add(1)}
}

// Output returns an output of the call, in flat order.
func (c *SymbolicCall) Output(i int) *KerasTensor { return &KerasTensor{c, i} }

var symbolicCalls atomic.Uint64

// Source returns the call that made the tensor, and which of the call's outputs it is, in flat order.
func (t *KerasTensor) Source() (call *SymbolicCall, out int) { return t.call, t.out }

// On calls the layer on tensors of a model that is being built: layers.NewDense(64).On(x). Each argument is a
// *KerasTensor, a list or map of them, or a constant as in [Args]. The result is the layer's first output.
//
//go:noinline
func (b *Base) On(args ...any) *KerasTensor { return b.OnKw(args, nil)[0] }

// OnAll is On for a layer with n outputs.
func (b *Base) OnAll(n int, args ...any) []*KerasTensor {
	if n < 1 {
		panic(fmt.Sprintf("layer: OnAll: a layer has 1 output or more, not %d", n))
	}
	first := b.On(args...)
	out := []*KerasTensor{first}
	for i := 1; i < n; i++ {
		out = append(out, &KerasTensor{first.call, i})
	}
	return out
}

// OnKw is On with keyword arguments: lstm.OnKw([]any{x}, layer.Args{"initial_state": []any{h, c}}). Outputs after the first
// are had by Output.
func (b *Base) OnKw(args []any, kwargs Args) []*KerasTensor {
	if b.self == nil {
		panic("layer: On: the layer is not ready: make it with its constructor, such as layers.NewDense, or, if it is of your own, with " +
			`layers.Custom(l, "my_package>Name")`)
	}
	c := &SymbolicCall{Layer: b.self, Order: symbolicCalls.Add(1)}
	for _, a := range args {
		c.Args = append(c.Args, SymbolicArgument(a))
	}
	if len(kwargs) > 0 {
		c.Kwargs = map[string]any{}
		for k, v := range kwargs {
			c.Kwargs[k] = SymbolicArgument(v)
		}
	}
	if problem := c.problem(args); problem != "" {
		panic(fmt.Sprintf("layer: On: the layer %q is called %s", b.name, problem))
	}
	return []*KerasTensor{{call: c}}
}

// problem says what is wrong with the arguments of a call, "" for nothing.
func (c *SymbolicCall) problem(given []any) string {
	if _, ok := c.Layer.(*InputLayer); ok {
		return ""
	}
	found, problem := false, ""
	visit := func(leaf any) {
		switch v := leaf.(type) {
		case *KerasTensor:
			if found = true; v == nil || v.call == nil {
				problem = "on a *KerasTensor that is nil, or that neither nn.Input nor a layer has made"
			}
		case Layer:
			problem = fmt.Sprintf("on a %T: take what that layer gives when it is called itself, layer.On(x)", v)
		}
	}
	tree.Walk(c.Args, visit)
	for _, k := range tree.Keys(c.Kwargs) {
		tree.Walk(c.Kwargs[k], visit)
	}
	switch {
	case problem != "":
		return problem
	case found:
		return ""
	case len(given) > 0:
		if _, ok := given[0].(tensor.Any); ok {
			return "on a tensor of numbers, where a model is built of *KerasTensors, as nn.Input gives them; numbers are for Model.Predict"
		}
	}
	return "on no *KerasTensor: nn.Input gives the first, layers the others"
}

// Output returns another output of the call that made the tensor, in the flat order of the layer's outputs.
func (t *KerasTensor) Output(i int) *KerasTensor {
	if i < 0 {
		panic(fmt.Sprintf("layer: Output: the outputs of a call are numbered from 0, and %d is none", i))
	}
	return &KerasTensor{t.call, i}
}

// SymbolicArgument turns an argument into the form that calls have.
func SymbolicArgument(v any) any {
	switch v := v.(type) {
	case *KerasTensor:
		return v
	case []*KerasTensor:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = x
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = SymbolicArgument(x)
		}
		return out
	case map[string]*KerasTensor:
		out := map[string]any{}
		for k, x := range v {
			out[k] = x
		}
		return out
	case map[string]any:
		out := map[string]any{}
		for k, x := range v {
			out[k] = SymbolicArgument(x)
		}
		return out
	case Slice:
		return Slice{SymbolicArgument(v.Start), SymbolicArgument(v.Stop), SymbolicArgument(v.Step)}
	case tensor.Any:
		return Constant{v}
	}
	return fromGo(v)
}

// NewOp returns a keras.ops function as a layer: NewOp("numpy", "Add", nil). config has the arguments of the operation's
// constructor, such as Args{"axis": -1}.
func (r *Registry) NewOp(module, class string, config Args) (Layer, error) {
	d := &Decoder{Registry: r, objectOf: objectOf}
	module = opModule + "." + module
	l := d.Layer(pyjson.NewObject("module", module, "class_name", class, "config", fromGo(map[string]any(config)), "registered_name",
		class), "")
	if err := d.Err(); err != nil {
		return nil, err
	}
	b := l.base()
	b.record, b.automatic, b.order = nil, b.name == naming.SnakeCase(class), constructions.Add(1)
	return l, nil
}

// Apply calls a keras.ops function on tensors of a model that is being built; see NewOp.
func (r *Registry) Apply(module, class string, config Args, args ...any) (*KerasTensor, error) {
	op, err := r.NewOp(module, class, config)
	if err != nil {
		return nil, err
	}
	return op.On(args...), nil
}
