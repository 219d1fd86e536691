package dialect

import (
	"strings"
	"testing"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/kerasfile/internal/release"
)

// known is a Names of a few classes.
type known struct{}

func (known) Layer(name string) (Class, bool) {
	switch name {
	case "Functional":
		return Class{Module: "keras.src.models.functional", Name: name}, true
	case "Sequential":
		return Class{Module: "keras", Name: name}, true
	case "GroupQueryAttention", "GroupedQueryAttention":
		return Class{"keras.layers", "GroupQueryAttention", "GroupedQueryAttention"}, true
	case "InputLayer", "Dense", "LSTM", "GRU", "Embedding", "BatchNormalization", "DepthwiseConv2D", "LeakyReLU", "Bidirectional", "Flatten",
		"TimeDistributed", "Add", "Conv2D", "RandomRotation", "Attention", "MaxPooling1D", "Conv1D":
		return Class{Module: "keras.layers", Name: name}, true
	}
	return Class{}, false
}

func (known) OpModule(class string) string {
	if class == "Add" || class == "GetItem" {
		return "keras.src.ops.numpy"
	}
	return ""
}

func parse(t testing.TB, text string) *pyjson.Object {
	t.Helper()
	v, err := pyjson.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return v.(*pyjson.Object)
}

// layer is the record of a Sequential of one layer, as its release wrote it; its result is the layer alone.
func layer(t *testing.T, from, record string) (upgraded string, notes []string) {
	t.Helper()
	module := ""
	if strings.Contains(record, `"module"`) {
		module = `"module": "keras", `
	}
	root := parse(t, `{`+module+`"class_name": "Sequential", "config": {"name": "s", "layers": [`+record+`]}}`)
	notes = Upgrade(root, OriginOf(root, release.Parse(from)), known{})
	return string(pyjson.Marshal(root.Object("config").List("layers")[0])), notes
}

// TestUpgradeLayers has a row for each kind of repair.
func TestUpgradeLayers(t *testing.T) {
	const layers = `{"module": "keras.layers", "class_name": `
	for _, c := range []struct{ name, from, record, want string }{
		{"a record of today", "3.15.1", `{"module": "keras.layers", "class_name": "Dense", "config": {"units": 1, "implementation": 7}}`,
			`{"module": "keras.layers", "class_name": "Dense", "config": {"units": 1, "implementation": 7}}`},
		{"no module", "2.4.0", `{"class_name": "Dense", "config": {"units": 1}}`,
			layers + `"Dense", "config": {"units": 1}, "registered_name": null}`},
		{"tf_keras", "2.15.0", `{"module": "tf_keras.layers", "class_name": "Dense", "config": {"units": 1}, "registered_name": null}`,
			layers + `"Dense", "config": {"units": 1}, "registered_name": null}`},
		{"a registered class", "2.4.0", `{"class_name": "my>Attention", "config": {"causal": false}}`,
			`{"class_name": "Attention", "config": {"causal": false}, "registered_name": "my>Attention"}`},
		{"a Python name", "3.5.0", `{"class_name": "GroupedQueryAttention", "config": {"trainable": true}}`,
			layers + `"GroupQueryAttention", "config": {"trainable": true}, "registered_name": null}`},
		{"a class in a namespace", "2.4.0", `{"class_name": "experimental.preprocessing.Flatten", "config": {}}`,
			layers + `"Flatten", "config": {}, "registered_name": null}`},
		{"an operation without a module", "3.4.0", `{"class_name": "Add", "config": {"name": "add"}}`,
			`{"module": "keras.src.ops.numpy", "class_name": "Add", "config": {"name": "add"}, "registered_name": "Add"}`},
		{"a layer without a module", "3.4.0", `{"class_name": "Add", "config": {"name": "add", "trainable": true}}`,
			layers + `"Add", "config": {"name": "add", "trainable": true}, "registered_name": null}`},
		{"CuDNNGRU", "2.2.4-tf", `{"class_name": "CuDNNGRU", "config": {"units": 1}}`,
			layers + `"GRU", "config": {"units": 1, "activation": "tanh", "recurrent_activation": "sigmoid", "reset_after": true}, ` +
				`"registered_name": null}`},
		{"SyncBatchNormalization", "2.9.0", `{"class_name": "SyncBatchNormalization", "config": {"axis": [3], "renorm": false}}`,
			layers + `"BatchNormalization", "config": {"axis": 3, "synchronized": true}, "registered_name": null}`},
		{"GRU", "2.1.0", `{"class_name": "GRU", "config": {"time_major": false, "implementation": 1}}`,
			layers + `"GRU", "config": {"reset_after": false}, "registered_name": null}`},
		{"time_major", "2.4.0", `{"class_name": "LSTM", "config": {"time_major": true}}`,
			layers + `"LSTM", "config": {"time_major": true}, "registered_name": null}`},
		{"DepthwiseConv2D", "2.4.0", `{"class_name": "DepthwiseConv2D", "config": {"groups": 1, "kernel_initializer": null, "filters": null, ` +
			`"kernel_size": 3}}`,
			layers + `"DepthwiseConv2D", "config": {"kernel_size": 3}, "registered_name": null}`},
		{"LeakyReLU", "2.4.0", `{"class_name": "LeakyReLU", "config": {"alpha": {"class_name": "__numpy__", "config": {"value": [0.25]}}}}`,
			layers + `"LeakyReLU", "config": {"negative_slope": 0.25}, "registered_name": null}`},
		{"a tuple", "2.4.0", `{"class_name": "Dense", "config": {"x": {"class_name": "__tuple__", "items": [1, [2, {"class_name": ` +
			`"TensorShape", "items": [3]}]]}}}`,
			layers + `"Dense", "config": {"x": [1, [2, [3]]]}, "registered_name": null}`},
		{"a policy", "2.9.0", `{"class_name": "Dense", "config": {"dtype": {"class_name": "Policy", "config": {"name": "mixed_float16"}}}}`,
			layers + `"Dense", "config": {"dtype": {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "mixed_float16"}, ` +
				`"registered_name": null}}, "registered_name": null}`},
		{"an initializer", "2.4.0", `{"class_name": "Dense", "config": {"kernel_initializer": {"class_name": "Zeros", "config": {"dtype": ` +
			`"float32"}}}}`,
			layers + `"Dense", "config": {"kernel_initializer": {"module": "keras.initializers", "class_name": "Zeros", "config": {}, ` +
				`"registered_name": null}}, "registered_name": null}`},
		{"a layer in a layer", "2.4.0", `{"class_name": "TimeDistributed", "config": {"layer": {"class_name": "Embedding", "config": ` +
			`{"input_length": 3}}}}`,
			layers + `"TimeDistributed", "config": {"layer": ` + layers +
				`"Embedding", "config": {}, "registered_name": null}}, "registered_name": null}`},
		{"value_range before 3.6", "3.5.0", `{"module": "keras.layers", "class_name": "RandomRotation", "config": {"value_range": [0, 1]}}`,
			layers + `"RandomRotation", "config": {}}`},
		{"value_range later", "3.6.0", `{"module": "keras.layers", "class_name": "RandomRotation", "config": {"value_range": [0, 1]}}`,
			layers + `"RandomRotation", "config": {"value_range": [0, 1]}}`},
		{"Keras 1", "1.2.2", `{"class_name": "Dense", "config": {"output_dim": 3, "init": "zero", "W_regularizer": null, "bias": true, ` +
			`"input_dim": 2}}`,
			layers + `"Dense", "config": {"units": 3, "kernel_initializer": "zero", "kernel_regularizer": null, "use_bias": true}, ` +
				`"registered_name": null}`},
		{"Embedding of Keras 1", "1.2.2", `{"class_name": "Embedding", "config": {"output_dim": 3, "init": "zero"}}`,
			layers + `"Embedding", "config": {"output_dim": 3, "embeddings_initializer": "zero"}, "registered_name": null}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, _ := layer(t, c.from, c.record); got != c.want {
				t.Errorf("it became\n%s\nnot\n%s", got, c.want)
			}
		})
	}
}

// TestKeras1Strides gives one argument by both names that it had, many times: a map's order would show.
func TestKeras1Strides(t *testing.T) {
	for range 50 {
		got, _ := layer(t, "1.2.2", `{"class_name": "MaxPooling1D", "config": {"stride": 1, "subsample": [2, 2]}}`)
		if !strings.Contains(got, `"config": {"strides": [2, 2]}`) {
			t.Fatalf("subsample does not count: %s", got)
		}
	}
}

func TestNotesAreToldOnce(t *testing.T) {
	record := `{"class_name": "Embedding", "config": {"input_length": 3}}`
	_, notes := layer(t, "2.4.0", record+", "+record+`, {"class_name": "CuDNNLSTM", "config": {}}`)
	want := []string{"Embedding: the argument input_length is dropped", "CuDNNLSTM is read as LSTM"}
	if strings.Join(notes, "\n") != strings.Join(want, "\n") {
		t.Errorf("the notes are %q, not %q", notes, want)
	}
}

func TestSequentialGetsAnInput(t *testing.T) {
	root := parse(t, `{"class_name": "Sequential", "config": [{"class_name": "Dense", "config": {"name": "d", "batch_input_shape": [null, `+
		`2], "dtype": "mixed_float16"}}]}`)
	Upgrade(root, OriginOf(root, release.Parse("2.1.0")), known{})
	list := root.Object("config").List("layers")
	if len(list) != 2 {
		t.Fatalf("%d layers: %s", len(list), pyjson.Marshal(root))
	}
	input := list[0].(*pyjson.Object).Object("config")
	if got := string(pyjson.Marshal(input)); got != `{"batch_shape": [null, 2], "dtype": "float32", "sparse": false, "name": "d_input"}` {
		t.Error(got)
	}
	if has(list[1].(*pyjson.Object).Object("config"), "batch_input_shape") {
		t.Error("the layer keeps its shape")
	}
}

// TestFunctionalCalls rewrites calls: constants, keyword arguments with tensors, and numbers that count from 1.
func TestFunctionalCalls(t *testing.T) {
	root := parse(t, `{"class_name": "Model", "config": {"name": "m", "layers": [
	  {"class_name": "InputLayer", "name": "a", "config": {"name": "a", "batch_input_shape": [null, 2]}, "inbound_nodes": []},
	  {"class_name": "Dense", "name": "d", "config": {"name": "d"}, "inbound_nodes": [[["a", 0, 0, {"mask": ["a", 0, 0]}]]]},
	  {"class_name": "TFOpLambda", "name": "t", "config": {"name": "t", "function": "math.multiply"},
	   "inbound_nodes": [["d", 1, 0, {"y": 2.5}]]},
	  {"class_name": "SlicingOpLambda", "name": "g", "config": {"name": "g", "function": "__operators__.getitem"},
	   "inbound_nodes": [["t", 0, 0, {"slice_spec": [{"start": null, "stop": 1, "step": null}]}]]}],
	  "input_layers": [["a", 0, 0]], "output_layers": [["g", 0, 0]]}}`)
	notes := Upgrade(root, OriginOf(root, release.Parse("2.4.0")), known{})
	text := string(pyjson.Marshal(root))
	for _, want := range []string{
		`"class_name": "Functional"`, `"batch_shape": [null, 2]`,
		`{"args": [{"class_name": "__keras_tensor__", "config": {"shape": null, "dtype": "float32", "keras_history": ["a", 0, 0]}}], ` +
			`"kwargs": {"mask": {"class_name": "__keras_tensor__"`,
		`"keras_history": ["d", 0, 0]`, `"module": "keras.src.ops.numpy", "class_name": "Multiply", "config": {"name": "t"}`,
		`"kwargs": {"x2": 2.5}`,
		`"class_name": "GetItem"`, `[{"class_name": "__slice__", "config": {"start": null, "stop": 1, "step": null}}]`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is not in %s", want, text)
		}
	}
	if len(notes) != 3 {
		t.Errorf("notes: %q", notes)
	}
}

func TestOriginOf(t *testing.T) {
	for _, c := range []struct {
		record, from        string
		legacy, old, keras2 bool
	}{
		{`{"module": "keras", "config": {}}`, "3.15.1", false, false, false},
		{`{"module": "keras", "config": {}}`, "", false, false, false},
		{`{"module": "keras", "config": {"layers": [{"config": {"layers": [{"config": {"batch_input_shape": []}}]}}]}}`, "", false, true, true},
		{`{"module": "keras", "config": {"layers": [{"inbound_nodes": [[]]}]}}`, "", false, true, true},
		{`{"module": "keras", "config": {"layers": [{"inbound_nodes": [[]]}]}}`, "3.0.0", false, false, false},
		{`{"config": {}}`, "2.15.0", true, false, true},
		{`{"config": {}}`, "3.3.0", true, false, false},
		{`{"config": {}}`, "", true, false, true},
	} {
		o := OriginOf(parse(t, c.record), release.Parse(c.from))
		if o.Legacy != c.legacy || o.Old != c.old || o.Keras2() != c.keras2 {
			t.Errorf("%s from %q is %+v", c.record, c.from, o)
		}
	}
}

func TestCompileState(t *testing.T) {
	training := parse(t, `{"optimizer_config": {"class_name": "Custom>Adam", "config": {"lr": 0.1, "decay": 0.0, "jit_compile": true}},
	  "loss": {"out": {"class_name": "MeanSquaredError", "config": {"reduction": "auto", "fn": "mse"}}},
	  "metrics": ["mae"], "sample_weight_mode": null}`)
	root := parse(t, `{"class_name": "Sequential", "config": {"name": "s", "layers": []}}`)
	root.Set("compile_config", CompileConfig(training))
	Upgrade(root, OriginOf(root, release.Parse("2.4.0")), known{})
	want := `{"optimizer": {"module": "keras.optimizers", "class_name": "Adam", "config": {"learning_rate": 0.1}, "registered_name": null}, ` +
		`"loss": {"out": {"module": "keras.losses", "class_name": "MeanSquaredError", "config": {"reduction": "sum_over_batch_size"}, ` +
		`"registered_name": null}}, ` +
		`"loss_weights": null, "metrics": ["mae"], "weighted_metrics": null, "run_eagerly": false, "steps_per_execution": 1, "jit_compile": ` +
		`false}`
	if got := string(pyjson.Marshal(root.Get("compile_config"))); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	back := TrainingConfig(root.Object("compile_config"))
	want = `"metrics": [{"module": "keras.metrics", "class_name": "MeanAbsoluteError", "config": {"name": "mae"}, "registered_name": null}]`
	if got := string(pyjson.Marshal(back)); !strings.Contains(got, want) ||
		!strings.Contains(got, `"optimizer_config": {"class_name": "Adam"`) {
		t.Errorf("as a training_config it is %s", got)
	}
}
