package main

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"

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
