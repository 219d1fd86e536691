package train

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn/initializers"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/nn/losses"
	"github.com/hornml/horn/nn/metrics"
)

func parse(t *testing.T, s string) any {
	t.Helper()
	v, err := pyjson.Parse([]byte(s))
	if err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	return v
}

// outputsOf are a model's outputs: their structure, the layers that make them, and targets and predictions of n classes.
type outputsOf struct {
	tree    any
	names   []string
	targets [][]int
	out     [][]int
}

var (
	sequential = outputsOf{tree: 0, targets: [][]int{{4}}, out: [][]int{{4, 3}}}
	single     = outputsOf{tree: 0, names: []string{"probs"}, targets: [][]int{{4, 3}}, out: [][]int{{4, 3}}}
	pair       = outputsOf{tree: []any{0, 1}, names: []string{"a", "b"}, targets: [][]int{{4, 1}, {4, 3}}, out: [][]int{{4, 1}, {4, 3}}}
	dict       = outputsOf{tree: map[string]any{"x": 0, "y": 1}, names: []string{"a", "b"}, targets: [][]int{{4, 1}, {4, 3}},
		out: [][]int{{4, 1}, {4, 3}}}
	nested = outputsOf{tree: map[string]any{"p": []any{0, 1}, "q": 2}, names: []string{"a", "b", "c"},
		targets: [][]int{{4, 1}, {4, 1}, {4, 1}}, out: [][]int{{4, 1}, {4, 1}, {4, 1}}}
	unnamed = outputsOf{tree: []any{0, 1}, targets: [][]int{nil, {4, 1}}, out: [][]int{{4, 1}, {4, 1}}}
)

func (o outputsOf) compiler() *compiler {
	return &compiler{registry: layer.NewRegistry(losses.All, metrics.All), outputs: outputTree(o.tree),
		names: o.names, yTrue: o.targets, out: o.out}
}

// wrong is an expected message, among expected results.
const wrong = "error: "

func check(t *testing.T, what, got, want string, err error) {
	t.Helper()
	part, fails := strings.CutPrefix(want, wrong)
	switch {
	case fails && (err == nil || !strings.Contains(err.Error(), part)):
		t.Errorf("%s: %s (%v), where %q should be named", what, got, err, part)
	case !fails && (err != nil || got != want):
		t.Errorf("%s: %s, not %s (%v)", what, got, want, err)
	}
}

// TestLosses pairs forms of the argument "loss" with forms of outputs. Each loss is output:line:weight:name.
func TestLosses(t *testing.T) {
	for _, c := range []struct {
		what          string
		o             outputsOf
		loss, weights string
		want          string
	}{
		{"none", pair, `null`, `null`, ""},
		{"one of a Sequential", sequential, `"mse"`, `null`, "0:mse:1:mse"},
		{"one of one output", single, `"mse"`, `null`, "0:probs:1:mse"},
		{"a weight", single, `"mse"`, `0.5`, "0:probs:0.5:mse"},
		{"a list of one", single, `["mae"]`, `[2]`, "0:probs:2:mae"},
		{"several of one output", single, `["mae", "mse"]`, `null`, "0:probs:1:mae 0:probs:1:mse"},
		{"a dict of one", single, `{"probs": "mae"}`, `{"probs": 3}`, "0:probs:3:mae"},
		{"a record", single, `{"module": "keras.losses", "class_name": "Huber", "config": {"name": "h", "delta": 2.0}}`, `null`, "0:probs:1:h"},
		{"a function", single, `{"module": "builtins", "class_name": "function", "config": "mean_squared_error"}`, `null`,
			"0:probs:1:mean_squared_error"},
		{"one for all", pair, `"mse"`, `null`, "0:a:1:mse 1:b:1:mse"},
		{"a list", pair, `["mse", "mae"]`, `[1, 0.5]`, "0:a:1:mse 1:b:0.5:mae"},
		{"a list with null", pair, `["mse", null]`, `null`, "0:a:1:mse"},
		{"a dict", pair, `{"b": "mae", "a": "mse"}`, `{"a": 1, "b": 4}`, "0:a:1:mse 1:b:4:mae"},
		{"outputs of a dict by key", dict, `{"x": "mse", "y": "mae"}`, `null`, "0:x:1:mse 1:y:1:mae"},
		{"one for all of a dict", dict, `"mse"`, `null`, "0:x:1:mse 1:y:1:mse"},
		{"a list for a dict", dict, `["mse", "mae"]`, `null`, "0:x:1:mse 1:y:1:mae"},
		{"some of a dict", dict, `{"y": "mae"}`, `null`, "1:y:1:mae"},
		{"several of one of a dict", dict, `{"x": ["mse", "mae"]}`, `null`, "0:x:1:mse 0:x:1:mae"},
		{"nested", nested, `{"p": ["mse", "mae"], "q": "mse"}`, `null`, "0:p/a:1:mse 1:p/b:1:mae 2:q:1:mse"},
		{"nested in flat order", nested, `["mse", "mae", "mse"]`, `null`, "0:p/a:1:mse 1:p/b:1:mae 2:q:1:mse"},
		{"crossentropy by the shapes", pair, `["crossentropy", "ce"]`, `null`, "0:a:1:binary_crossentropy 1:b:1:categorical_crossentropy"},
		{"crossentropy of numbers", sequential, `"crossentropy"`, `null`, "0:sparse_categorical_crossentropy:1:sparse_categorical_crossentropy"},
		{"crossentropy without a target", unnamed, `["crossentropy", null]`, `null`, wrong + "targets of a batch are needed"},
		{"other names", pair, `{"a": "mse", "c": "mae"}`, `null`, wrong + `the losses are for the outputs ["a" "c"]; the model has ["a" "b"]`},
		{"too many", pair, `["mse", "mse", "mse"]`, `null`, wrong + "an output that the model does not have"},
		{"a key that is not there", dict, `{"z": "mse"}`, `null`, wrong + "an output that the model does not have"},
		{"another structure", pair, `[["mse", {"k": "mae"}], "mse"]`, `null`, wrong + "of the model's outputs"},
		{"weights that are too few", pair, `["mse", "mae"]`, `[1]`, wrong + "there are 2 losses and 1 loss weights"},
		{"a weight that is none", pair, `["mse", "mae"]`, `[1, "x"]`, wrong + "a number is expected"},
		{"an unknown loss", single, `"mss"`, `null`, wrong + "mss"},
		{"a wrong argument", single, `{"class_name": "Huber", "config": {"delta": "x"}}`, `null`, wrong + "delta"},
		{"a number", single, `3`, `null`, wrong + "keras.losses"},
	} {
		list, err := c.o.compiler().losses(parse(t, c.loss), parse(t, c.weights))
		var got []string
		for _, l := range list {
			got = append(got, fmt.Sprintf("%d:%s:%v:%s", l.output, l.name, l.weight, l.loss.LossName()))
		}
		check(t, c.what, strings.Join(got, " "), c.want, err)
	}
}

// TestMetrics pairs forms of the argument "metrics" with forms of outputs. Each metric is output:line.
func TestMetrics(t *testing.T) {
	for _, c := range []struct {
		what     string
		o        outputsOf
		metrics  string
		weighted bool
		want     string
	}{
		{"none", pair, `null`, false, ""},
		{"an empty list", pair, `[]`, false, ""},
		{"one", single, `["mae"]`, false, "0:mae"},
		{"without a list", single, `"mae"`, false, "0:mae"},
		{"several", single, `["mae", "mse", "mae"]`, false, "0:mae 0:mse 0:mae_1"},
		{"a dict of one", single, `{"probs": ["mae"]}`, false, "0:mae"},
		{"accuracy of classes", single, `["accuracy"]`, false, "0:accuracy"},
		{"accuracy of numbers", sequential, `["acc"]`, false, "0:acc"},
		{"a record", single, `[{"module": "keras.metrics", "class_name": "MeanAbsoluteError", "config": {"name": "m"}}]`, false, "0:m"},
		{"a loss as a metric", single, `[{"module": "keras.losses", "class_name": "Huber", "config": {"name": "h"}}]`, false, "0:h"},
		{"a function", single, `[{"class_name": "function", "config": "mean_squared_error"}]`, false, "0:mean_squared_error"},
		{"of two outputs", pair, `["mae", ["mse", "mae"]]`, false, "0:a_mae 1:b_mse 1:b_mae"},
		{"some of two outputs", pair, `[null, "mse"]`, false, "1:b_mse"},
		{"by name", pair, `{"b": "mae"}`, false, "1:b_mae"},
		{"of a dict", dict, `{"y": ["mae"], "x": "mse"}`, false, "0:x_mse 1:y_mae"},
		{"nested", nested, `{"p": ["mae", ["mse"]], "q": null}`, false, "0:a_mae 1:b_mse"},
		{"nested without an entry", nested, `{"p": ["mae", "mse"], "r": null}`, false, wrong + `no entry for the output "q"`},
		{"one for two", pair, `["mae"]`, false, wrong + `the metrics must be for the outputs ["a" "b"]`},
		{"an unknown output", pair, `{"c": "mae"}`, false, wrong + `["a" "b"]`},
		{"too deep", pair, `["mae", [["mse"]]]`, false, wrong + "a list of metrics is expected for each output"},
		{"an unknown metric", single, `["mee"]`, false, wrong + "mee"},
		{"a null", single, `[null]`, false, ""},
		{"accuracy without a target", unnamed, `["accuracy", null]`, false, wrong + "targets of a batch are needed"},
	} {
		list, err := c.o.compiler().metrics(parse(t, c.metrics), c.weighted)
		var got []string
		for i, name := range metricNames(list) {
			got = append(got, fmt.Sprintf("%d:%s", list[i].output, name))
		}
		check(t, c.what, strings.Join(got, " "), c.want, err)
	}
}

// TestAccuracy takes the metric that targets and predictions ask for.
func TestAccuracy(t *testing.T) {
	for _, c := range []struct {
		target, out []int
		want        string
	}{
		{[]int{4, 1}, []int{4, 1}, "binary"}, {[]int{4}, []int{4, 1}, "binary"},
		{[]int{4}, []int{4, 3}, "sparse"}, {[]int{4, 1}, []int{4, 3}, "sparse"}, {[]int{4, 3}, []int{4, 3}, "categorical"},
		{[]int{4, 5}, []int{4, 5, 3}, "sparse"},
	} {
		r := outputsOf{tree: 0, targets: [][]int{c.target}, out: [][]int{c.out}}.compiler()
		binary, sparse, err := r.kindOf(0)
		got := "categorical"
		switch {
		case binary:
			got = "binary"
		case sparse:
			got = "sparse"
		}
		if err != nil || got != c.want {
			t.Errorf("%v, %v: %s, not %s (%v)", c.target, c.out, got, c.want, err)
		}
	}
}

// TestWeightedNames tells the lines of metrics and weighted metrics apart.
func TestWeightedNames(t *testing.T) {
	r := pair.compiler()
	plain, err := r.metrics(parse(t, `["mae", "mae"]`), false)
	if err != nil {
		t.Fatal(err)
	}
	weighted, err := r.metrics(parse(t, `["mae", "mse"]`), true)
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(metricNames(append(plain, weighted...))); got != "[a_mae b_mae a_weighted_mae b_mse]" {
		t.Error(got)
	}
}

// TestCustomLoss takes the caller's Go form of a class.
func TestCustomLoss(t *testing.T) {
	r := single.compiler()
	o := layer.NewRegistry(losses.All).Object("losses", "mse")
	r.registry = r.registry.With(layer.CustomObjects{"my>L": func() layer.Configurable { return o.Impl },
		"notloss": func() layer.Configurable { return new(initializers.Zeros) }})
	if l, err := r.newLoss(parse(t, `{"class_name": "L", "config": {"name": "mine"}, "registered_name": "my>L"}`), 0); err != nil ||
		l.LossName() != "mine" {
		t.Errorf("%v (%v)", l, err)
	}
	_, err := r.newLoss("notloss", 0)
	check(t, "no loss", "", wrong+"notloss is no loss", err)
	_, err = r.newMetric("notloss", 0)
	check(t, "no metric", "", wrong+"notloss is no metric", err)
	_, err = r.newLoss(nil, 0)
	check(t, "null", "", wrong+"one of keras.losses is null", err)
}

// TestStructure takes arguments apart: records are leaves, dicts are in the order of their keys.
func TestStructure(t *testing.T) {
	s := treeOf(parse(t, `{"b": [1, {"class_name": "L", "config": {}}], "a": 2}`))
	if s.kind != 'd' || s.flat() || s.empty() || len(s.leaves()) != 3 || s.leaves()[0].leaf != pyjson.Number("2") || s.get("c") != nil {
		t.Errorf("%+v", s)
	}
	for in, want := range map[string]bool{`[]`: true, `{}`: true, `null`: true, `0`: false, `[null]`: false} {
		if treeOf(parse(t, in)).empty() != want {
			t.Errorf("%s is empty: %v", in, !want)
		}
	}
	if !sameNames([]string{"a", "b"}, []string{"b", "a", "a"}) || sameNames([]string{"a"}, []string{"a", "b"}) {
		t.Error("names are compared wrongly")
	}
}
