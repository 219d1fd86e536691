package main

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/tensor"
	"github.com/hornml/horn/tensor/npy"
)

// TestEvaluate compares the scores of the examples with what Keras answers for them.
func TestEvaluate(t *testing.T) {
	for _, c := range []struct {
		name           string
		examples       int
		loss, accuracy float64
	}{
		{"digits", 360, 0.03979600965976715, 0.9833333492279053},
		{"wine", 40, 0.2392278015613556, 0.925000011920929},
	} {
		out := must(t, "evaluate", examplesDir+c.name+".keras", examplesDir+c.name+"_test.npz", "--json")
		var got struct {
			Examples int
			Scores   map[string]float64
		}
		if err := json.Unmarshal([]byte(out), &got); err != nil {
			t.Fatalf("%v in\n%s", err, out)
		}
		if got.Examples != c.examples || math.Abs(got.Scores["loss"]-c.loss) > 1e-6 || math.Abs(got.Scores["accuracy"]-c.accuracy) > 1e-6 ||
			len(got.Scores) != 2 {
			t.Errorf("%s: %s, Keras has the loss %v and the accuracy %v", c.name, out, c.loss, c.accuracy)
		}
	}
	text := must(t, "evaluate", examplesDir+"digits.keras", examplesDir+"digits_test.npz", "--batch", "1000")
	if !strings.HasPrefix(text, "loss      0.0397") || !strings.Contains(text, "\naccuracy  0.98") {
		t.Errorf("the readable scores are\n%s", text)
	}
}

// TestAbsurdData has data with which Keras computes without a word: so do we, but say it.
func TestAbsurdData(t *testing.T) {
	x, y := tensor.New(3, 13), tensor.FromSlice([]int32{0, 1, 2}, 3)
	nan := tensor.New(3, 13)
	nan.Data()[20] = float32(math.NaN())
	for words, arrays := range map[string]map[string]tensor.Any{
		"":                                   {"input_0": x, "target_0": y},
		"has the label 3 at element 1":       {"input_0": x, "target_0": tensor.FromSlice([]int32{0, 3, 7}, 3)},
		"(2 such), which is no class":        {"input_0": x, "target_0": tensor.FromSlice([]int64{-1, 1, math.MaxInt64}, 3)},
		"has the label 0.5 at element 2":     {"input_0": x, "target_0": tensor.FromSlice([]float64{0, 1, 0.5}, 3, 1)},
		"the target 0 has NaN at element 0":  {"input_0": x, "target_0": tensor.FromSlice([]float32{float32(math.NaN()), 1, 2}, 3)},
		"the input 0 has NaN at element 20":  {"input_0": nan, "target_0": y},
		"the sample weights 0 has -Infinity": {"input_0": x, "target_0": y, "weight": tensor.FromSlice([]float64{1, math.Inf(-1), 1}, 3)},
	} {
		var b bytes.Buffer
		if err := npy.EncodeArchive(&b, arrays); err != nil {
			t.Fatal(err)
		}
		code, out, note := horn(t, "evaluate", examplesDir+"wine.keras", writeTemp(t, "data.npz", b.Bytes()), "--json")
		if code != 0 || !strings.Contains(out, `"loss"`) || !strings.Contains(note, words) || words == "" && note != "" {
			t.Errorf("%q: exit %d: %s%s", words, code, out, note)
		}
	}
	for loss, c := range map[string]struct {
		value float64
		odd   bool
	}{
		`"binary_crossentropy"`:                  {2, true},
		`"binary_crossentropy"` + " ":            {1, false},
		`["categorical_crossentropy"]`:           {-1, true},
		`{"answer": "categorical_crossentropy"}`: {2, true},
		`{"other": "categorical_crossentropy"}`:  {2, false},
		`"mse"`:                                  {2, false},
		`{"class_name": "SparseCategoricalCrossentropy", "config": {"ignore_class": 255}}`:  {255, false},
		`{"class_name": "SparseCategoricalCrossentropy", "config": {"ignore_class": null}}`: {255, true},
		`{"class_name": "function", "config": "sparse_categorical_crossentropy"}`:           {4, true},
		`{"class_name": "function", "config": "sparse_categorical_crossentropy"}` + " ":     {3, false},
		`{"class_name": "CategoricalCrossentropy", "config": {"label_smoothing": 0.1}}`:     {2, true},
		`{"class_name": "acme>Mine", "config": {}}`:                                         {2, false},
	} {
		config, err := pyjson.Parse([]byte(`{"loss": ` + loss + `}`))
		if err != nil {
			t.Fatal(err)
		}
		m := &nn.Model{}
		m.SetCompileConfig(config.(*pyjson.Object), nil)
		s := oddLabels("the target 0", tensor.Scalar(c.value), lossOf(m, 0, "answer"), nn.Spec{Name: "answer", Shape: []int{-1, 4}})
		if (s != "") != c.odd {
			t.Errorf("%s and %v: %q", loss, c.value, s)
		}
	}
}

func TestEvaluateRefuses(t *testing.T) {
	npz := func(arrays map[string]tensor.Any) string {
		var b bytes.Buffer
		if err := npy.EncodeArchive(&b, arrays); err != nil {
			t.Fatal(err)
		}
		return writeTemp(t, "data.npz", b.Bytes())
	}
	x := tensor.New(2, 13)
	digits, wine := examplesDir+"digits.keras", examplesDir+"wine.keras"
	refused(t, 2, "a .npz with inputs and targets is expected", "evaluate", wine, "data.csv")
	refused(t, 2, "--batch 0", "evaluate", wine, "data.npz", "--batch", "0")
	refused(t, 1, "no such file", "evaluate", wine, "absent.npz")
	refused(t, 1, `no array for the input`, "evaluate", digits, npz(map[string]tensor.Any{"label": x}))
	refused(t, 1, "no targets", "evaluate", wine, npz(map[string]tensor.Any{"input_0": x}))
	refused(t, 1, "no batch dimension", "evaluate", wine, npz(map[string]tensor.Any{"input_0": tensor.New(13), "target_0": tensor.New(1)}))
	refused(t, 1, "has 3 samples, others have 2", "evaluate", wine, npz(map[string]tensor.Any{"input_0": x, "target_0": tensor.New(3)}))
	refused(t, 1, "do not fit predictions", "evaluate", wine, npz(map[string]tensor.Any{"input_0": x, "target_0": tensor.New(2, 5)}))
	refused(t, 1, "but not those before it", "evaluate", goldensDir+"format/keras-3.15.1/multi.keras", npz(map[string]tensor.Any{
		"a": tensor.New(2, 4), "b": tensor.New(2, 5, 3), "target_0": tensor.New(2, 1), "weight_1": tensor.New(2)}))
	refused(t, 1, "not compiled", "evaluate", goldensDir+"core/dense_basic.keras",
		npz(map[string]tensor.Any{"input_0": tensor.New(2, 4), "target_0": tensor.New(2, 7)}))
}
