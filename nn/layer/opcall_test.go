package layer_test

import (
	"fmt"
	"testing"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

// operation is a keras.ops node of a function of the test, with the arguments of its constructor.
func operation(t *testing.T, config string, f layer.OpFunc) layer.Layer {
	t.Helper()
	d := &layer.Decoder{Registry: registry.With(layer.CustomObjects{"Probe": f})}
	l := d.Layer(pyjson.NewObject("module", "keras.src.ops.numpy", "class_name", "Probe", "config", parse(t, config)), "")
	if d.Err() != nil {
		t.Fatal(d.Err())
	}
	return l
}

// applied calls an operation with positional and named arguments, where "x" stands for a tensor.
func applied(l layer.Layer, args []any, kwargs map[string]any) error {
	outer := &probe{call: func(c *layer.Call) any {
		list := append([]any{}, args...)
		for i := range list {
			if list[i] == "x" {
				list[i] = c.X()
			}
		}
		return c.RunKw(l, list, kwargs)
	}}
	_, _, err := run(named(outer, "outer"), nil, vector(1, 2))
	return err
}

// TestOpArguments looks for arguments in the call, by position and name, and then in the constructor's config.
func TestOpArguments(t *testing.T) {
	for _, c := range []struct {
		what, config string
		args         []any
		kwargs       map[string]any
		want         string
	}{
		{"defaults", `{}`, []any{"x"}, nil, "1 <nil> [] 0.5 true a sum"},
		{"the constructor", `{"axis": 3, "n": 4, "shape": [1, 2], "f": 2, "flag": false, "s": "b", "mode": "mean"}`, []any{"x"}, nil,
			"3 4 [1 2] 2 false b mean"},
		{"the call by name", `{"axis": 3}`, []any{"x"}, map[string]any{"axis": pyjson.Int(5), "s": nil}, "5 <nil> [] 0.5 true  sum"},
		{"the call by position", `{"axis": 3}`, []any{"x", pyjson.Int(7), nil, pyjson.Int(9)}, nil, "7 <nil> [9] 0.5 true a sum"},
		{"nulls", `{"n": null, "shape": null}`, []any{"x"}, nil, "1 <nil> [] 0.5 true a sum"},
	} {
		got := ""
		f := func(o *layer.OpCall) any {
			x := o.Tensor(0, "x")
			axis, n, shape := o.Int(1, "axis", 1), o.IntOrNone(2, "n"), o.Ints(3, "shape")
			number := "<nil>"
			if n != nil {
				number = fmt.Sprint(*n)
			}
			got = fmt.Sprint(axis, " ", number, " ", shape, " ", o.Float(-1, "f", 0.5), " ", o.Bool(-1, "flag", true), " ", o.Str(-1, "s", "a"), " ",
				o.Choice(-1, "mode", "sum", "mean"))
			o.Inert("ignored")
			return x
		}
		if err := applied(operation(t, c.config, f), c.args, c.kwargs); err != nil || got != c.want {
			t.Errorf("%s: %s, not %s (%v)", c.what, got, c.want, err)
		}
	}
}

// TestOpProblems demands of every argument that the operation knows it and that it fits.
func TestOpProblems(t *testing.T) {
	for _, c := range []struct {
		what   string
		f      layer.OpFunc
		config string
		args   []any
		kwargs map[string]any
		part   string
	}{
		{"no tensor", func(o *layer.OpCall) any { return o.Tensor(1, "y") }, `{}`, []any{"x"}, nil, `numpy.Probe: the tensor "y" is missing`},
		{"a string", func(o *layer.OpCall) any { return o.Tensors(0, "x") }, `{}`, []any{map[string]any{}}, nil,
			`the argument "x" must be a list of tensors`},
		{"an object", func(o *layer.OpCall) any { return o.Tensor(0, "x") }, `{}`, []any{map[string]any{}}, nil,
			`the argument "x" must be a tensor`},
		{"an integer", func(o *layer.OpCall) any { return o.Int(1, "n") }, `{}`, []any{"x", "x"}, nil,
			`the argument "n": an integer is expected, not the tensor`},
		{"required", func(o *layer.OpCall) any { return o.Int(1, "n") }, `{}`, []any{"x"}, nil, `the argument "n" is missing`},
		{"a bool", func(o *layer.OpCall) any { return o.Bool(-1, "b") }, `{"b": 1}`, []any{"x"}, nil,
			"true or false is expected, not the number 1"},
		{"a float", func(o *layer.OpCall) any { return o.FloatOrNone(-1, "f") }, `{"f": "1"}`, []any{"x"}, nil, "a number is expected"},
		{"text", func(o *layer.OpCall) any { return o.Str(-1, "s") }, `{"s": 1}`, []any{"x"}, nil, "a string is expected"},
		{"a choice", func(o *layer.OpCall) any { return o.Choice(-1, "m", "a", "b") }, `{"m": "c"}`, []any{"x"}, nil,
			`the argument "m" is "c"; supported are ["a" "b"]`},
		{"not supported", func(o *layer.OpCall) any {
			o.Absent(-1, "out", "results are new")
			return o.Tensor(0, "x")
		}, `{"out": 1}`, []any{"x"}, nil,
			`the argument "out" is not supported: results are new`},
		{"unknown in the constructor", func(o *layer.OpCall) any { return o.Tensor(0, "x") }, `{"k": 1}`, []any{"x"}, nil,
			`unknown argument "k"`},
		{"unknown in the call", func(o *layer.OpCall) any { return o.Tensor(0, "x") }, `{}`, []any{"x"}, map[string]any{"k": nil},
			`unknown argument "k"`},
		{"too many", func(o *layer.OpCall) any { return o.Tensor(0, "x") }, `{}`, []any{"x", "x"}, nil,
			"2 arguments where at most 1 are expected"},
	} {
		fails(t, c.what, applied(operation(t, c.config, c.f), c.args, c.kwargs), `"outer/probe"`, c.part)
	}
}

// TestOpTensors makes constants of numbers and lists, and leaves out what is null.
func TestOpTensors(t *testing.T) {
	got := ""
	f := func(o *layer.OpCall) any {
		for _, x := range o.Tensors(0, "xs") {
			got += fmt.Sprint(x.DType, x.Shape, " ")
		}
		if o.TensorOrNone(1, "none") != nil || o.FloatOrNone(2, "f") == nil {
			o.Fail("none")
		}
		got += o.String()
		return o.Scalar(tensor.Float32, 1)
	}
	if err := applied(operation(t, `{"f": 2}`, f), []any{[]any{pyjson.Int(1), []any{pyjson.Float(0.5)}}, nil}, nil); err != nil ||
		got != "int32 [] float32 [1] keras.src.ops.numpy.Probe" {
		t.Errorf("%s (%v)", got, err)
	}
}

// TestOpAsLayer checks what an operation is as a layer: it neither casts nor builds, and its config is what the file has.
func TestOpAsLayer(t *testing.T) {
	l := operation(t, `{"name": "p", "axis": 1}`, func(o *layer.OpCall) any { return o.Tensor(0, "x") })
	if !layer.IsOp(l) || l.Name() != "p" || !layer.IsBuilt(l) || l.Class().Registered != "Probe" {
		t.Errorf("%+v", l.Class())
	}
	if got := string(pyjson.Marshal(layer.FreshRecord(l))); got != `{"module": "keras.src.ops.numpy", "class_name": "Probe", "config": `+
		`{"name": "p", "axis": 1}, "registered_name": "Probe"}` {
		t.Error(got)
	}
	made, err := registry.NewOp("numpy", "Add", nil)
	if err != nil || made.Name() != "add" || layer.FileRecord(made) != nil {
		t.Errorf("%v (%v)", made, err)
	}
	if named, err := registry.NewOp("numpy", "Sum", layer.Args{"name": "total", "axis": []int{0}}); err != nil || named.Name() != "total" {
		t.Errorf("%v (%v)", named, err)
	}
	_, err = registry.NewOp("numpy", "NoSuchOp", nil)
	fails(t, "unknown", err, "keras.src.ops.numpy.NoSuchOp")
}

// TestSymbolicArguments turns what Go has as arguments of a call into what a file has.
func TestSymbolicArguments(t *testing.T) {
	p := named(&probe{}, "p")
	first := p.On(nn.Input([]int{1}), vector(1))
	second := p.OnAll(3, first, []*layer.KerasTensor{first}, map[string]*layer.KerasTensor{"k": first}, layer.Slice{Start: 1}, 2.5)
	call, out := second[2].Source()
	if call.Layer != layer.Layer(p) || out != 2 || len(call.Args) != 5 {
		t.Fatalf("%+v, %d", call, out)
	}
	if call.Args[0] != any(first) || call.Args[1].([]any)[0] != any(first) || call.Args[2].(map[string]any)["k"] != any(first) {
		t.Errorf("%v", call.Args)
	}
	if s := call.Args[3].(layer.Slice); s.Start != any(pyjson.Int(1)) || call.Args[4] != any(pyjson.Float(2.5)) {
		t.Errorf("%v", call.Args)
	}
	earlier, _ := first.Source()
	if _, ok := earlier.Args[1].(layer.Constant); !ok || earlier.Order >= call.Order {
		t.Errorf("%+v", earlier)
	}
	named := p.OnKw([]any{first}, layer.Args{"initial_state": []any{first, nil}})
	if call, _ := named[0].Source(); len(call.Kwargs["initial_state"].([]any)) != 2 {
		t.Errorf("%+v", call)
	}
	if c, out := named[0].Output(1).Source(); out != 1 || c.Layer != layer.Layer(p) {
		t.Error("the second output is of another call")
	}
}

// TestEnterAndScan writes a loop with the ops of an inner layer, which Enter builds and does not call.
func TestEnterAndScan(t *testing.T) {
	cell := &probe{build: func(c *layer.Call) { c.AddWeight("w", ones, []int{1}) }}
	outer := &probe{inner: []layer.Child{{Attr: "cell", Layer: cell}}}
	outer.config = func(*layer.Config) { layer.Adopt(outer, cell, "Cell", "cell") }
	outer.call = func(c *layer.Call) any {
		if inner := c.Enter(cell, c.X()); inner.X() != c.X() || cell.Variable("w").Path != "outer/cell/w" {
			c.Fail("entered as %s", cell.Variable("w").Path)
		}
		x := c.ExpandDims(c.X(), 0) // (1, steps)
		x = c.ExpandDims(x, 2)
		out, last := c.Scan([]*graph.Value{x}, []*graph.Value{c.Full(x.DType, 0, 1, 1)}, graph.Loop{}, nil,
			func(c *layer.Call, xs, states []*graph.Value) (*graph.Value, []*graph.Value) {
				sum := c.Add(xs[0], states[0])
				return sum, []*graph.Value{sum}
			})
		return []any{out, last[0]}
	}
	named(outer, "outer")
	_, out, err := run(outer, nil, vector(1, 2, 3))
	if err != nil || out[1].F[0] != 6 {
		t.Errorf("%v (%v)", out, err)
	}
}

// TestChain takes an activation apart into elementwise ops.
func TestChain(t *testing.T) {
	for name, want := range map[string]bool{"relu": true, "hard_sigmoid": true, "linear": true, "softmax": false} {
		var ok bool
		p := named(&probe{call: func(c *layer.Call) any {
			a, _ := registry.Activation(name)
			_, ok = c.Chain(a, c.X())
			return a.Apply(c, c.X())
		}}, "p")
		if _, _, err := run(p, nil, vector(1, 2)); err != nil || ok != want {
			t.Errorf("%s is a chain: %v (%v)", name, ok, err)
		}
	}
}
