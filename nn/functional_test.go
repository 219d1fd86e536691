package nn_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/nn/layers"
	"github.com/hornml/horn/tensor"
)

// chain is x -> d (called twice) -> out, with places that tests replace.
const chain = `{"module": "keras.src.models.functional", "class_name": "Functional", "registered_name": "Functional",
 "config": {"name": "m", "layers": [
 {"module": "keras.layers", "class_name": "InputLayer", "name": "x",
  "config": {"name": "x", "batch_shape": [null, 2], "dtype": "float32"}, "inbound_nodes": []},
 {"module": "keras.layers", "class_name": "Activation", "name": "d", "config": {"name": "d", "activation": "relu"}, "inbound_nodes": [
  {"args": [T(x,0,0)], "kwargs": {}}, {"args": [T(d,0,0)], "kwargs": {}}]},
 {"module": "keras.src.ops.numpy", "class_name": "Add", "name": "out", "config": {"name": "out"}, "inbound_nodes": [
  {"args": [T(d,1,0), {"class_name": "__numpy__", "config": {"value": [1, 2], "dtype": "float32"}}], "kwargs": {}}]}],
 "input_layers": [["x", 0, 0]], "output_layers": [["out", 0, 0]]}}`

// expand writes T(layer,call,output) as a tensor in a call.
func expand(s string) string {
	for {
		i := strings.Index(s, "T(")
		if i < 0 {
			return s
		}
		j := i + strings.IndexByte(s[i:], ')')
		part := strings.Split(s[i+2:j], ",")
		s = s[:i] + fmt.Sprintf(`{"class_name": "__keras_tensor__", "config": {"shape": [null, 2], "dtype": "float32", `+
			`"keras_history": [%q, %s, %s]}}`, part[0], part[1], part[2]) + s[j+1:]
	}
}

func decode(t *testing.T, d *layer.Decoder, s string) (*nn.Model, error) {
	t.Helper()
	v, err := pyjson.Parse([]byte(expand(s)))
	if err != nil {
		t.Fatal(err)
	}
	m, _ := d.Layer(v, "").(*nn.Model)
	if err := d.Err(); err != nil {
		return nil, err
	}
	return m, m.Build()
}

func TestFunctional(t *testing.T) {
	m, err := decode(t, &layer.Decoder{Registry: registry}, chain)
	if err != nil {
		t.Fatal(err)
	}
	if y := must(m.Predict(row(-1, 3))); fmt.Sprint(y.Data()) != "[1 5]" {
		t.Errorf("%v", y.Data())
	}
	var calls []string
	for c := range m.Calls() {
		calls = append(calls, fmt.Sprint(c.Layer.Name(), c.Number, " ", len(c.From), " ", c.Depth))
		if c.Layer.Name() == "out" {
			break // a caller may stop
		}
	}
	if !slices.Equal(calls, []string{"x0 0 3", "d0 1 2", "d1 1 1", "out0 1 0"}) {
		t.Errorf("%q", calls)
	}
	in, out := m.Ends()
	if len(in) != 1 || in[0].Layer.Name() != "x" || len(out) != 1 || out[0].Layer.Name() != "out" || len(m.Layers()) != 2 ||
		len(m.Operations()) != 3 {
		t.Errorf("%v, %v", in, out)
	}
}

// TestFunctionalProblems changes one place of the record and demands an error that names it.
func TestFunctionalProblems(t *testing.T) {
	for _, c := range []struct{ what, old, new, part string }{
		{"no layers", `"layers": [`, `"layers": [], "old": [`, `/config/layers (layer "m"): a list of layers is expected`},
		{"a layer that is none", `{"module": "keras.layers", "class_name": "InputLayer"`,
			`5, {"module": "keras.layers", "class_name": "InputLayer"`, `/config/layers/0 (layer "m"): a layer is expected, not the number 5`},
		{"two names", `"name": "d", "config": {"name": "d"`, `"name": "d", "config": {"name": "e"`,
			`/config/layers/1/name (layer "m"): the layer has two names`},
		{"one name twice", `"class_name": "Add", "name": "out", "config": {"name": "out"}`,
			`"class_name": "Add", "name": "d", "config": {"name": "d"}`, `the name "d" is used by two layers`},
		{"an unknown class", `"class_name": "Activation"`, `"class_name": "Activate"`, "keras.layers.Activate"},
		{"no calls", `"inbound_nodes": []}`, `"inbound_nodes": 3}`, `/config/layers/0/inbound_nodes (layer "m"): a list of calls`},
		{"a call that is none", `{"args": [T(x,0,0)], "kwargs": {}}`, `7`,
			`/config/layers/1/inbound_nodes/0 (layer "m"): a call with args and kwargs`},
		{"args that are none", `{"args": [T(x,0,0)]`, `{"args": {}`, "a list of args is expected"},
		{"kwargs that are none", `[T(x,0,0)], "kwargs": {}`, `[T(x,0,0)], "kwargs": 5`, "kwargs are an object"},
		{"an unknown layer", `T(x,0,0)`, `T(z,0,0)`, `/config/layers/1/inbound_nodes/0 (layer "m"): the layer "z" does not exist`},
		{"an unknown call", `T(d,1,0)`, `T(d,2,0)`,
			`/config/layers/2/inbound_nodes/0 (layer "m"): call 2 of the layer "d" does not exist; it has 2`},
		{"an unknown output", `T(d,1,0)`, `T(d,1,1)`, `output 1 of the layer "d" does not exist; it has 1`},
		{"a negative call", `T(d,1,0)`, `T(d,-1,0)`, `call -1, output 0 of the layer "d" cannot exist`},
		{"a cycle", `T(x,0,0)`, `T(d,1,0)`, "depends on itself: the graph has a cycle"},
		{"a history that is none", `T(x,0,0)`, `{"class_name": "__keras_tensor__", "config": {"keras_history": [1]}}`,
			"a tensor without a keras_history"},
		{"a history of other types", `T(x,0,0)`, `{"class_name": "__keras_tensor__", "config": {"keras_history": [1, 2, 3]}}`,
			"a tensor is named by [layer name, call, output]"},
		{"Python code", `T(x,0,0)`, `{"class_name": "__lambda__", "config": {}}`, "Python code, which is never run"},
		{"an object", `T(x,0,0)`, `{"module": "a", "class_name": "B", "config": {}}`, "a.B: such an object cannot be an argument"},
		{"an array that is none", `[1, 2], "dtype"`, `[1, [2]], "dtype"`, "a constant array: "},
		{"no inputs", `"input_layers": [["x", 0, 0]]`, `"input_layers": []`, `/config/input_layers (layer "m"): at least one is expected`},
		{"no key of inputs", `"input_layers"`, `"inputs"`, `/config/input_layers (layer "m"): the key is missing`},
		{"an input that is none", `[["x", 0, 0]]`, `[["d", 0, 0]]`, `/config/input_layers (layer "m"): "d" is no InputLayer`},
		{"outputs that are none", `[["out", 0, 0]]`, `5`,
			`/config/output_layers (layer "m"): [layer name, call, output] is expected, not the number 5`},
		{"an output that is not there", `[["out", 0, 0]]`, `[["out", 1, 0]]`, `/config/output_layers (layer "m"): call 1`},
	} {
		s := strings.Replace(chain, c.old, c.new, 1)
		if s == chain {
			t.Errorf("%s: nothing is changed", c.what)
		}
		_, err := decode(t, &layer.Decoder{Registry: registry}, s)
		fails(t, c.what, err, c.part)
	}
}

// TestArgumentForms reads what may stand in a call besides tensors.
func TestArgumentForms(t *testing.T) {
	for in, want := range map[string]string{
		`5`: "5", `"s"`: "s", `null`: "<nil>", `[1, {"k": true}]`: "[1 map[k:true]]",
		`{"class_name": "__bytes__", "config": {"value": "b"}}`:                           "b",
		`{"class_name": "__ellipsis__", "config": {}}`:                                    "{}",
		`{"class_name": "__slice__", "config": {"start": null, "stop": 2, "step": null}}`: "{<nil> 2 <nil>}",
		`{"module": "keras", "class_name": "DTypePolicy", "config": {"name": "float16"}}`: "float16",
		`{"class_name": "function", "config": "relu"}`:                                    "relu",
	} {
		got := ""
		d := &layer.Decoder{Registry: registry.With(layer.CustomObjects{"Add": layer.OpFunc(func(o *layer.OpCall) any {
			v, _ := o.Get(1, "y")
			got = fmt.Sprint(v)
			return o.Tensor(0, "x")
		})})}
		s := strings.Replace(chain, `{"class_name": "__numpy__", "config": {"value": [1, 2], "dtype": "float32"}}`, in, 1)
		s = strings.Replace(s, `"module": "keras.src.ops.numpy"`, `"module": "keras.src.ops.mine"`, 1)
		if _, err := decode(t, d, s); err != nil || got != want {
			t.Errorf("%s: %s, not %s (%v)", in, got, want, err)
		}
	}
}

// TestCallNumbers brings calls that other models count, too, to those that this model has.
func TestCallNumbers(t *testing.T) {
	s := strings.NewReplacer("T(d,0,0)", "T(d,4,0)", "T(d,1,0)", "T(d,5,0)").Replace(chain)
	if _, err := decode(t, &layer.Decoder{Registry: registry}, s); err == nil {
		t.Error("calls that do not exist")
	}
	for what, m := range map[string]*nn.Model{
		"old releases": must(decode(t, &layer.Decoder{Registry: registry, UnreducedCalls: true}, s)),
		"shared": must(decode(t, &layer.Decoder{Registry: registry},
			strings.Replace(s, `"class_name": "Activation"`, `"shared_object_id": 3, "class_name": "Activation"`, 1))),
	} {
		if y := must(m.Predict(row(-1, 3))); fmt.Sprint(y.Data()) != "[1 5]" {
			t.Errorf("%s: %v", what, y.Data())
		}
	}
}

// TestLiteralMasks tells a null for a mask that is meant from one that is not.
func TestLiteralMasks(t *testing.T) {
	x := nn.Input([]int{3, 1}, nn.Args{"name": "x"})
	y := layers.NewGlobalAveragePooling1D().OnKw([]any{layers.NewMasking().On(x)}, nn.Args{"mask": layer.NoMask{}})[0]
	record := layer.Record(must(nn.NewModel(x, y)))
	in := tensor.FromSlice([]float32{3, 0, 0}, 1, 3, 1)
	for literal, want := range map[bool]float32{false: 3, true: 1} {
		d := &layer.Decoder{Registry: registry, LiteralMasks: literal}
		m, ok := d.Layer(pyjson.Clone(record), "").(*nn.Model)
		if !ok {
			t.Fatal(d.Err())
		}
		if y := must(m.Predict(in)); y.Data()[0] != want {
			t.Errorf("literal %v: %v, not %v", literal, y.Data(), want)
		}
	}
}

// TestRewriteCalls writes the shapes of tensors into records that have none.
func TestRewriteCalls(t *testing.T) {
	m := must(decode(t, &layer.Decoder{Registry: registry},
		strings.ReplaceAll(expand(chain), `"shape": [null, 2], "dtype": "float32", "keras_history"`, `"keras_history"`)))
	if text := string(pyjson.Marshal(layer.Record(m))); strings.Contains(text, `"shape": [null, 2]`) {
		t.Fatal("the shapes are there already")
	}
	layer.RewriteCalls(m)
	text := string(pyjson.Marshal(layer.Record(m)))
	if n := strings.Count(text, `"shape": [null, 2], "dtype": "float32", "keras_history"`); n != 3 {
		t.Errorf("%d shapes in %s", n, text)
	}
	if _, err := decode(t, &layer.Decoder{Registry: registry}, text); err != nil {
		t.Error(err)
	}
}
