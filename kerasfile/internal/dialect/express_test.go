package dialect

import (
	"slices"
	"strings"
	"testing"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/kerasfile/internal/release"
)

// TestExpress writes single records for a release: what is expected in the result, or in the only problem.
func TestExpress(t *testing.T) {
	const nested = `{"module": "keras.src.models.functional", "class_name": "Functional", "config": {"input_layers": {"z": ["z", 0, 0], ` +
		`"a": [["a", 0, 0]]}, "output_layers": [["a", 0, 0], ["z", 0, 0]]}}`
	dense := func(config string) string {
		return `{"module": "keras.layers", "class_name": "Dense", "config": {` + config + `}}`
	}
	op := func(class, config string) string {
		return `{"module": "keras.src.ops.numpy", "class_name": "` + class + `", "config": {` + config + `}}`
	}
	for _, c := range []struct{ name, record, to, want, problem string }{
		{"an argument with its default", dense(`"quantization_config": null`), "3.12", `"config": {}`, ""},
		{"an argument in time", dense(`"quantization_config": null`), "3.13", `"quantization_config": null`, ""},
		{"an argument with a value", dense(`"quantization_config": {"bits": 4}`), "3.12", "",
			`/config/quantization_config: Keras 3.12 cannot express it: the argument came with 3.13`},
		{"a patch release", dense(`"lora_rank": null`), "3.0.2", `"config": {}`, ""},
		{"a patch release in time", dense(`"lora_rank": 4`), "3.0.3", `"lora_rank": 4`, ""},
		{"lora_alpha that is lora_rank", dense(`"lora_rank": 4, "lora_alpha": 4.0`), "3.9", `"config": {"lora_rank": 4}`, ""},
		{"lora_alpha", dense(`"lora_rank": 4, "lora_alpha": 8`), "3.9", "", "/config/lora_alpha"},
		{"another package's class", strings.Replace(dense(`"lora_rank": 4`), "keras.layers", "my.layers", 1), "3.0", `"lora_rank": 4`, ""},
		{"a new class", `{"module": "keras.layers", "class_name": "RMSNormalization", "config": {}}`, "3.8", "",
			"RMSNormalization came with 3.9"},
		{"a new class in time", `{"module": "keras.layers", "class_name": "RMSNormalization", "config": {}}`, "3.9", "RMSNormalization", ""},
		{"a policy by name", dense(`"dtype": {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "float16"}}`), "3.3",
			`"dtype": "float16"`, ""},
		{"a policy's record", dense(`"dtype": {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "float16"}}`), "3.4",
			`"DTypePolicy"`, ""},
		{"a quantized policy", dense(`"dtype": {"class_name": "QuantizedDTypePolicy", "config": {"mode": "int8", "source_name": "float32"}}`),
			"3.3", `"int8_from_float32"`, ""},
		{"an initializer's former name", `{"module": "keras.initializers", "class_name": "Orthogonal", "config": {"input_axes": null}}`, "3.6",
			`"class_name": "OrthogonalInitializer", "config": {}`, ""},
		{"an initializer's name", `{"module": "keras.initializers", "class_name": "Orthogonal", "config": {}}`, "3.7", `"Orthogonal"`, ""},
		{"arguments of all initializers", `{"module": "keras.initializers", "class_name": "HeNormal", "config": {"output_axes": [1]}}`, "3.14",
			"", "/config/output_axes"},
		{"a loss and a metric of one name", `{"module": "keras.losses", "class_name": "SparseCategoricalCrossentropy", "config": {"axis": ` +
			`-1, "dtype": "float32"}}`, "3.3", `"config": {}`, ""},
		{"a metric of the name", `{"module": "keras.metrics", "class_name": "SparseCategoricalCrossentropy", "config": {"axis": -1, "dtype": ` +
			`"float32"}}`, "3.3", `"axis": -1, "dtype": "float32"`, ""},
		{"an activation by name", dense(`"activation": "celu"`), "3.6", "",
			"/config/activation: Keras 3.6 cannot express it: celu came with 3.7"},
		{"a layer as an activation", dense(`"activation": {"module": "keras.layers", "class_name": "ReLU", "config": {}}`), "3.9", "",
			"a layer as an activation"},
		{"an operation's name", op("Tril", `"k": 1, "name": "tril"`), "3.10", `"config": {"k": 1}`, ""},
		{"an operation's name in time", op("Tril", `"k": 1, "name": "tril"`), "3.11", `"name": "tril"`, ""},
		{"an operation without arguments", op("Sin", `"name": "sin"`), "3.10", `"name": "sin"`, ""},
		{"former arguments", op("Threshold", `"threshold": 1, "default_value": 2, "name": "t"`), "3.10",
			`"config": {"threshold_value": 1, "value": 2}`, ""},
		{"a new operation", op("Fmax", ``), "3.14", "", "the operation Fmax came with 3.15"},
		{"an argument of an operation", op("Argmax", `"axis": 1, "keepdims": true, "name": "a"`), "3.2", "", "/config/keepdims"},
		{"a gap", op("ExpandDims", `"axis": [0, 1]`), "3.0", "", "it cannot load several axes"},
		{"after the gap", op("ExpandDims", `"axis": [0, 1]`), "3.1", "[0, 1]", ""},
		{"build_config", `{"module": "keras.layers", "class_name": "Dot", "config": {}, "build_config": {}}`, "3.1", `"config": {}}`, ""},
		{"an empty compile_config", `{"module": "keras", "class_name": "Sequential", "config": {}, "compile_config": {}}`, "3.9",
			`"config": {}}`, ""},
		{"one input", `{"module": "keras.src.models.functional", "class_name": "Functional", "config": {"input_layers": ["a", 0, 0], ` +
			`"output_layers": ["a", 0, 0]}}`, "3.10", `"input_layers": [["a", 0, 0]]`, ""},
		{"inputs by name", `{"module": "keras.src.models.functional", "class_name": "Functional", "config": {"input_layers": {"z": ["z", 0, ` +
			`0], "a": ["a", 0, 0]},
		  "output_layers": [["a", 0, 0], ["z", 0, 0]]}}`, "3.3", `"input_layers": {"z": ["z", 0, 0], "a": ["a", 0, 0]}`, ""},
		{"nested inputs", nested, "3.4", `"input_layers": {"z": ["z", 0, 0], "a": [["a", 0, 0]]}`, ""},
		{"nested inputs as a list", nested, "3.3", `"input_layers": [["a", 0, 0], ["z", 0, 0]]`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			root := parse(t, c.record)
			before := string(pyjson.Marshal(root))
			target, err := release.ParseTarget(c.to)
			if err != nil {
				t.Fatal(err)
			}
			out, note, problems := Express(root, release.Written(), &Target{Release: target})
			if after := string(pyjson.Marshal(root)); after != before {
				t.Errorf("the original became %s", after)
			}
			if c.problem != "" {
				if len(problems) != 1 || out != nil || note != "" || !strings.Contains(problems[0].Path+": "+problems[0].Msg, c.problem) {
					t.Errorf("the problems are %q", problems)
				}
				lenient, _, problems := Express(root, release.Written(), &Target{Release: target, Lenient: true})
				if len(problems) > 0 || lenient == nil {
					t.Errorf("leniently: %q", problems)
				}
				return
			}
			if len(problems) > 0 || !strings.Contains(string(pyjson.Marshal(out)), c.want) {
				t.Errorf("%s, %q", pyjson.Marshal(out), problems)
			}
			if said := strings.Contains(note, "structure"); said != strings.HasSuffix(c.name, "as a list") {
				t.Errorf("the note is %q", note)
			}
		})
	}
}

// TestExpressNote lists what is left out, sorted.
func TestExpressNote(t *testing.T) {
	root := parse(t, `{"module": "keras.layers", "class_name": "Dense", "config": {"quantization_config": null, "lora_rank": null}}`)
	_, note, _ := Express(root, release.Written(), &Target{Release: v{3}})
	if note != "for Keras 3.0 without Dense.lora_rank, Dense.quantization_config" {
		t.Error(note)
	}
	if _, note, _ := Express(root, release.Written(), &Target{Release: v{3}, Lenient: true}); note != "" {
		t.Errorf("leniently: %s", note)
	}
}

// TestGaps has a Functional model for each predicate over its calls.
func TestGaps(t *testing.T) {
	call := func(from string, call, output int) string {
		return `{"args": [{"class_name": "__keras_tensor__", "config": {"keras_history": ["` + from + `", ` + string(pyjson.Int(call)) + `, ` +
			string(pyjson.Int(output)) + `]}}], "kwargs": {}}`
	}
	l := func(module, class, name, nodes string) string {
		return `{"module": "` + module + `", "class_name": "` + class + `", "name": "` + name + `", "config": {"name": "` + name +
			`"}, "inbound_nodes": [` + nodes + `]}`
	}
	const layers, models, ops = "keras.layers", "keras.src.models.functional", "keras.src.ops.numpy"
	x := l(layers, "InputLayer", "x", "")
	for _, c := range []struct {
		what, list, end string
		inputs          string
		last            release.Release // that has the gap
	}{
		{"a Functional model as the last layer", x + "," + l(models, "Functional", "f", call("x", 0, 0)), `["f", 0, 0]`, `["x", 0, 0]`,
			v{3, 2}},
		{"called again on what comes of a later one", x + "," + l(layers, "Dense", "d", call("x", 0, 0)+","+call("e", 0, 0)) + "," +
			l(layers, "Dense", "e", call("d", 0, 0)), `["d", 1, 0]`, `["x", 0, 0]`, v{3, 6}},
		{"an input that nothing uses", x + "," + l(layers, "InputLayer", "y", ""), `["x", 0, 0]`, `["x", 0, 0], ["y", 0, 0]`, v{3, 13}},
		{"scores of a MultiHeadAttention", x + "," + l(layers, "MultiHeadAttention", "a", call("x", 0, 0)), `["a", 0, 1]`, `["x", 0, 0]`,
			v{3, 2}},
		{"scores of an Attention", x + "," + l(layers, "Attention", "a", call("x", 0, 0)), `["a", 0, 1]`, `["x", 0, 0]`, v{3, 7}},
		{"scores of a GroupQueryAttention", x + "," + l(layers, "GroupQueryAttention", "a", call("x", 0, 0)), `["a", 0, 1]`, `["x", 0, 0]`,
			v{3, 14}},
		{"automatic name", x + "," + l(layers, "Dense", "concatenate", call("x", 0, 0)) + "," +
			strings.Replace(l(ops, "Concatenate", "c", call("concatenate", 0, 0)), `{"name": "c"}`, `{"axis": -1, "name": "c"}`, 1), `["c", 0, 0]`,
			`["x", 0, 0]`, v{3, 10}},
	} {
		t.Run(c.what, func(t *testing.T) {
			root := parse(t, `{"module": "`+models+`", "class_name": "Functional", "config": {"name": "m", "layers": [`+c.list+
				`], "input_layers": [`+c.inputs+`], "output_layers": [`+c.end+`]}}`)
			has := func(to release.Release) bool {
				_, _, problems := Express(root, release.Written(), &Target{Release: to})
				return slices.ContainsFunc(problems, func(p Problem) bool { return strings.Contains(p.Msg, c.what) })
			}
			var last release.Release
			for minor := range 17 {
				if has(v{3, uint16(minor)}) {
					last = v{3, uint16(minor)}
				}
			}
			if last != c.last {
				t.Errorf("the last release with the gap is %q, not %q", last, c.last)
			}
		})
	}
}

// TestHistory checks the tables themselves: releases are of Keras 3, arguments are not older than their class, defaults are
// JSON, gaps end after they begin.
func TestHistory(t *testing.T) {
	inside := func(r release.Release) bool {
		return r.Compare(release.Oldest()) >= 0 && r.Compare(release.Newest()) <= 0
	}
	count := 0
	for table, entries := range map[string]map[string]history{"layers": layers, "objects": objects, "operations": operations} {
		for class, h := range entries {
			count++
			fail := func(what string) { t.Errorf("%s: %s: %s", table, class, what) }
			if h.since.Known() && !inside(h.since) || (h.former == "") == h.renamed.Known() {
				fail("since or renamed")
			}
			if h.nameless && table != "operations" || h.keras2 != nil && table != "layers" {
				fail("a field of another table")
			}
			for _, a := range h.arguments {
				if _, err := pyjson.Parse([]byte(a.def)); err != nil || !inside(a.since) || h.since.Known() && a.since.Compare(h.since) < 0 {
					fail("the argument " + a.key)
				}
			}
			for _, g := range h.gaps {
				if g.what == "" || g.has == nil || !inside(g.until) || g.from.Known() && g.from.Compare(g.until) >= 0 {
					fail("the gap " + g.what)
				}
			}
		}
	}
	if count < 300 {
		t.Errorf("only %d classes have a history", count)
	}
	operations := map[string]tfOperation{}
	for line := range strings.Lines(tfTable) {
		for _, f := range strings.Fields(line[strings.LastIndex(line, ": ")+1:]) {
			op, ok := tfOperationOf(f)
			if _, twice := operations[f]; !ok || twice || strings.Count(line, ": ") != 2 {
				t.Errorf("%q: %s cannot be found, or twice", line, f)
			}
			operations[f] = op
		}
	}
	if len(operations) < 90 {
		t.Errorf("only %d TensorFlow functions", len(operations))
	}
	for f, op := range operations {
		for _, a := range op.args {
			if _, def, ok := strings.Cut(a, ":"); ok {
				if _, err := pyjson.Parse([]byte(def)); err != nil {
					t.Errorf("%s: the default of %s: %v", f, a, err)
				}
			}
		}
	}
}
