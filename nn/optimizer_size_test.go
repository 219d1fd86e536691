package nn_test

import (
	"strings"
	"testing"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

// TestSizeOfOptimizer counts what Keras 3.15.1 makes for a model that was compiled, saved, never trained, and loaded: two dense
// layers with a normalization between them.
func TestSizeOfOptimizer(t *testing.T) {
	var variables []*layer.Variable
	for name, shape := range map[string][]int{"dense/kernel": {4, 8}, "dense/bias": {8}, "norm/gamma": {8}, "norm/beta": {8},
		"dense_1/kernel": {8, 3}, "dense_1/bias": {3}} {
		variables = append(variables, &layer.Variable{Name: name[strings.Index(name, "/")+1:], Path: name, Shape: shape, DType: tensor.Float32})
	}
	const schedule = `{"class_name": "ExponentialDecay", "config": {}}`
	for record, want := range map[string]int64{
		`{"class_name": "Adam", "config": {"learning_rate": 0.1}}`:                                    168,
		`{"class_name": "adam"}`:                                                                      168,
		`{"class_name": "Adam", "config": {"amsgrad": true}}`:                                         251,
		`{"class_name": "Adam", "config": {"use_ema": true}}`:                                         251,
		`{"class_name": "Adam", "config": {"gradient_accumulation_steps": 2}}`:                        251,
		`{"class_name": "Adam", "config": {"learning_rate": ` + schedule + `}}`:                       167,
		`{"class_name": "SGD", "config": {"momentum": 0.0}}`:                                          2,
		`{"class_name": "SGD", "config": {"momentum": 0.9}}`:                                          85,
		`{"class_name": "RMSprop", "config": {"momentum": 0.1, "centered": true}}`:                    251,
		`{"class_name": "Lion", "config": {}}`:                                                        85,
		`{"class_name": "Adafactor", "config": {}}`:                                                   116,
		`{"class_name": "Nadam", "config": {}}`:                                                       169,
		`{"class_name": "Muon", "config": {}}`:                                                        112,
		`{"class_name": "Muon", "config": {"exclude_layers": ["dense_1"]}}`:                           136,
		`{"class_name": "Lamb", "config": {}}`:                                                        168,
		`{"class_name": "LossScaleOptimizer", "config": {"inner_optimizer": {"class_name": "Adam"}}}`: 172,
		`{"class_name": "LossScaleOptimizer", "config": {"inner_optimizer": {"class_name": "SGD"}}}`:  6,
	} {
		r, err := pyjson.Parse([]byte(record))
		if err != nil {
			t.Fatal(err)
		}
		if got, bytes, ok := nn.SizeOfOptimizer(r.(*pyjson.Object), variables); !ok || got != want || bytes != float64(4*want) {
			t.Errorf("%s: %d in %v bytes, Keras has %d", record, got, bytes, want)
		}
		if got, _, ok := nn.SizeOfOptimizer(r.(*pyjson.Object), nil); !ok || got > 6 {
			t.Errorf("%s: %d for no variables", record, got)
		}
	}
	if _, _, ok := nn.SizeOfOptimizer(pyjson.NewObject("class_name", "Mine"), variables); ok {
		t.Error("an optimizer that nobody knows")
	}
}
