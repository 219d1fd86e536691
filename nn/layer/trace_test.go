package layer_test

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/nn/layers"
	"github.com/hornml/horn/tensor"
)

func vector(x ...float32) tensor.Any { return tensor.FromSlice(x, len(x)) }

// TestFailures tells mistakes of a model from mistakes of a layer's code, and names the innermost layer.
func TestFailures(t *testing.T) {
	inside := func(f func(c *layer.Call) any) *probe {
		inner := named(&probe{call: f}, "inner")
		return named(&probe{call: func(c *layer.Call) any { return c.Run(inner, c.X()) }, inner: []layer.Child{{Attr: "inner", Layer: inner}}},
			"outer")
	}
	var none *graph.Value
	zero, empty := 0, []int{}
	for _, c := range []struct {
		what     string
		call     func(c *layer.Call) any
		internal bool
		message  string
	}{
		{"a sentence", func(c *layer.Call) any { c.Fail("%d is too much", 3); return nil }, false, `layer "outer/inner" (Probe): 3 is too much`},
		{"shapes", func(c *layer.Call) any { return c.MatMul(c.X(), c.Floats(tensor.Float32, 1, 2, 3)) }, false, `layer "outer/inner" (Probe): `},
		{"an index", func(c *layer.Call) any { return empty[c.X().Rank()] }, true, "index out of range"},
		{"a length", func(c *layer.Call) any { return empty[:c.X().Rank()] }, true, "slice bounds out of range"},
		{"a nil pointer", func(c *layer.Call) any { return none.Shape }, true, "runtime error: invalid memory address"},
		{"a type assertion", func(c *layer.Call) any { return c.Arg(0, "x").([]any) }, true, "interface conversion"},
		{"a division", func(c *layer.Call) any { return 1 / zero }, true, "please report it"},
		{"a nil map", func(c *layer.Call) any { c.Kwargs["a"] = 1; return nil }, true, "assignment to entry in nil map"},
	} {
		_, _, err := run(inside(c.call), nil, vector(1, 2))
		fails(t, c.what, err, `layer "outer/inner" (Probe): `, c.message)
		var internal *layer.InternalError
		if errors.As(err, &internal) != c.internal {
			t.Errorf("%s: %v", c.what, err)
		}
		if c.internal {
			var r runtime.Error
			if !errors.As(err, &r) || !strings.Contains(string(internal.Stack), "trace_test.go") {
				t.Errorf("%s: the error of the runtime or the place is lost: %v", c.what, err)
			}
		}
	}
}

// TestForeignPanics makes an error of whatever a layer panics with.
func TestForeignPanics(t *testing.T) {
	_, _, err := run(named(&probe{call: func(*layer.Call) any { panic("mine") }}, "p"), nil, vector(1))
	var internal *layer.InternalError
	if fails(t, "a string", err, "a fault of horn", "mine"); !errors.As(err, &internal) {
		t.Errorf("%v", err)
	}
}

func TestDepth(t *testing.T) {
	p := &probe{}
	p.call = func(c *layer.Call) any { return c.Run(p, c.X()) }
	named(p, "p")
	_, _, err := run(p, nil, vector(1))
	fails(t, "a layer that calls itself", err, "more than 200 deep")
}

// TestMeasure goes back for the numbers that shapes depend on, one after the other.
func TestMeasure(t *testing.T) {
	p := named(&probe{call: func(c *layer.Call) any {
		x := c.X()
		n := c.Measure(c.Cast(c.Squeeze(c.Slice(x, 0, 0, 1), 0), tensor.Int32))
		k := c.Measure(c.Cast(c.Squeeze(c.Slice(x, 0, 1, 2), 0), tensor.Int64))
		return c.BroadcastTo(c.Floats(tensor.Float32, 7), n, k)
	}}, "p")
	var measured []int
	for _, want := range []int64{2, 3} {
		traced, out, err := run(p, &layer.Trace{Measured: measured}, vector(2, 3))
		if err != nil || !traced.Measures || traced.Outputs != nil || out[0].I[0] != want {
			t.Fatalf("%v: %+v, %v (%v)", measured, traced, out, err)
		}
		measured = append(measured, int(want))
	}
	traced, out, err := run(p, &layer.Trace{Measured: measured}, vector(2, 3))
	if err != nil || traced.Measures || !slices.Equal(traced.Outputs[0].Shape, []int{2, 3}) || len(out[0].F) != 6 {
		t.Errorf("%+v, %v (%v)", traced, out, err)
	}
	// In a symbolic trace the numbers are unknown, and nothing is computed.
	traced, err = (&layer.Trace{Symbolic: true}).Run(p, func(b *graph.Builder) []*graph.Value {
		return []*graph.Value{b.Input(tensor.Float32, 2)}
	})
	if err != nil || !slices.Equal(traced.Outputs[0].Shape, []int{graph.Unknown, graph.Unknown}) {
		t.Errorf("%+v (%v)", traced, err)
	}
	_, _, err = run(named(&probe{call: func(c *layer.Call) any { c.Measure(c.X()); return nil }}, "p"), nil, vector(1))
	fails(t, "a shape of floats", err, "which is no integer")
}

// TestObserve is told of every call, inner ones first.
func TestObserve(t *testing.T) {
	inner := named(&probe{call: func(c *layer.Call) any { return c.ExpandDims(c.X(), 0) }}, "inner")
	outer := named(&probe{call: func(c *layer.Call) any { return c.Run(inner, c.X()) }}, "outer")
	var seen []string
	tr := &layer.Trace{Observe: func(l layer.Layer, in, out any) {
		seen = append(seen, fmt.Sprint(l.Name(), in.(*graph.Value).Shape, out.(*graph.Value).Shape))
	}}
	if _, _, err := run(outer, tr, vector(1, 2)); err != nil {
		t.Fatal(err)
	}
	if want := []string{"inner[2] [1 2]", "outer[2] [1 2]"}; !slices.Equal(seen, want) {
		t.Errorf("%q, not %q", seen, want)
	}
}

// TestAutocast brings float inputs to the layer's compute type, wherever they stand, and nothing else.
func TestAutocast(t *testing.T) {
	var types []string
	look := func(c *layer.Call) any {
		types = nil
		for _, x := range layer.Flatten([]any{c.Args, c.Kwargs}) {
			types = append(types, x.DType.String())
		}
		return c.Xs()[0]
	}
	half := tensor.FromSlice([]float64{1, 2}, 2)
	whole := tensor.FromSlice([]int32{1, 2}, 2)
	for _, c := range []struct {
		dtype string
		base  layer.Base
		want  string
	}{
		{"float32", layer.Base{}, "[float32 int32]"},
		{"float16", layer.Base{}, "[float16 int32]"},
		{"int32", layer.Base{}, "[int32 int32]"},
		{"float32", layer.Base{NoAutocast: true}, "[float64 int32]"},
	} {
		p := layers.Custom(&probe{Base: c.base, call: look}, "test>P", layer.Args{"dtype": c.dtype})
		if _, _, err := run(p, nil, half, whole); err != nil || fmt.Sprint(types) != c.want {
			t.Errorf("%s: %v, not %s (%v)", c.dtype, types, c.want, err)
		}
	}
}

// TestBuild makes variables once, at the first call, with paths, in the types of the policy.
func TestBuild(t *testing.T) {
	builds := 0
	p := layers.Custom(&probe{build: func(c *layer.Call) {
		builds++
		c.AddWeight("kernel", ones, []int{c.X().Shape[0]})
		c.AddWeight("count", ones, nil, layer.NotTrainable, layer.OfType(tensor.Int32))
		c.AddWeight("late", ones, []int{1}, layer.NotSaved)
	}, call: nil}, "test>P", layer.Args{"name": "p", "dtype": "mixed_float16"})
	p.call = func(c *layer.Call) any {
		v := p.Variable("kernel")
		if raw := c.Raw(v); raw.DType != tensor.Float32 {
			c.Fail("the raw variable is %s", raw.DType)
		}
		return c.Mul(c.X(), c.Var(v)) // cast to float16
	}
	if layer.IsBuilt(p) || len(p.Variables()) != 0 {
		t.Error("built before the first call")
	}
	for range 2 {
		traced, _, err := run(p, nil, vector(1, 2, 3))
		if err != nil || traced.Outputs[0].DType != tensor.Float16 {
			t.Fatal(traced, err)
		}
	}
	if builds != 1 || !layer.IsBuilt(p) {
		t.Errorf("built %d times", builds)
	}
	var got []string
	for _, v := range layer.OwnVariables(p) {
		got = append(got, fmt.Sprint(v.Path, v.Shape, v.DType, v.Trainable))
	}
	if want := "[p/kernel[3] float32 true p/late[1] float32 true p/count[] int32 false]"; fmt.Sprint(got) != want {
		t.Errorf("%v, not %s", got, want)
	}
	var saved []string
	for _, v := range layer.SavedVariables(p) {
		saved = append(saved, v.Name)
	}
	if fmt.Sprint(saved) != "[kernel count]" {
		t.Errorf("saved are %v", saved)
	}
	_, _, err := run(named(&probe{build: func(c *layer.Call) { c.AddWeight("w", ones, []int{-1}) }}, "p"), nil, vector(1))
	fails(t, "an impossible shape", err, `the variable "w" would have the impossible shape`)
	layer.Unbuild([]layer.Layer{p})
	if layer.IsBuilt(p) || len(p.Variables()) != 0 {
		t.Error("still built")
	}
}

// ones is an initializer.
var ones = initializer(func(shape []int, d tensor.DType) (tensor.Any, error) {
	x := tensor.NewAny(d, shape...)
	b := graph.BufOf(x)
	for i := range b.F {
		b.F[i] = 1
	}
	return x, nil
})

type initializer func(shape []int, d tensor.DType) (tensor.Any, error)

func (f initializer) Make(shape []int, d tensor.DType) (tensor.Any, error) { return f(shape, d) }

// TestArguments checks that Keras's own layers know what they are called with.
func TestArguments(t *testing.T) {
	p := &probe{call: func(c *layer.Call) any {
		c.Tensor(1, "value")
		return c.X()
	}}
	layer.Construct(nil, p, layer.Class{Module: "keras.layers", Name: "P"})
	call := func(args []any, kwargs map[string]any) error {
		outer := &probe{call: func(c *layer.Call) any {
			x := c.X()
			for i := range args {
				if args[i] == "x" {
					args[i] = x
				}
			}
			return c.RunKw(p, args, kwargs)
		}}
		_, _, err := run(named(outer, "outer"), nil, vector(1))
		return err
	}
	if err := call([]any{"x", "x"}, map[string]any{"training": true, "mask": nil}); err != nil {
		t.Error(err)
	}
	fails(t, "a third", call([]any{"x", nil, "x"}, nil), "called with 3 arguments; it takes 2")
	fails(t, "a name", call([]any{"x"}, map[string]any{"values": true}), `unknown argument "values"`)
	fails(t, "a number", call([]any{"x", true}, nil), `the argument "value" must be a tensor`)
	fails(t, "two tensors", call([]any{[]any{}}, nil), "one tensor is expected as input")
}

// TestOutputs runs a layer where one output is demanded.
func TestOutputs(t *testing.T) {
	two := named(&probe{call: func(c *layer.Call) any { return []*graph.Value{c.X(), c.X()} }}, "two")
	outer := named(&probe{call: func(c *layer.Call) any { return c.Run1(two, c.X()) }}, "outer")
	_, _, err := run(outer, nil, vector(1))
	fails(t, "two outputs", err, `the layer "two" must have one output here`)
	if traced, _, err := run(two, nil, vector(1)); err != nil || len(traced.Outputs) != 2 {
		t.Errorf("%v, %v", traced, err)
	}
}
