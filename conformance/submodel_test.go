package conformance

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hornml/horn/internal/golden"
	"github.com/hornml/horn/kerasfile"
	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

// TestSubmodels cuts goldens in two at some of their layers: the part from the inputs to a layer, saved and loaded, and the part
// from there to the outputs give what the whole model gives. A layer that is no place to cut, as a way leads past it, has only the
// first part.
func TestSubmodels(t *testing.T) {
	cases, err := golden.Find(goldens)
	if err != nil {
		t.Fatal(err)
	}
	parts, cuts := 0, 0
	for i, c := range cases {
		if testing.Short() && i%10 != 0 {
			continue
		}
		m, inputs, err := c.Load(kerasfile.WithCompile(false))
		if err != nil {
			continue // another test's matter
		}
		if tensors, err := m.InputTensors(); err != nil || len(tensors) != len(inputs) {
			continue
		}
		list := m.Operations()
		for k := 1; k <= 2; k++ {
			l := list[(len(list)-1)*k/2]
			if _, ok := l.(*layer.InputLayer); ok || strings.Contains(l.Name(), "/") {
				continue
			}
			parts++
			if cut(t, c, m, inputs, l.Name()) {
				cuts++
			}
		}
	}
	t.Logf("%d parts, of which %d have another half", parts, cuts)
}

// cut compares a model with its parts before and after a layer.
func cut(t *testing.T, c golden.Case, m *nn.Model, inputs []tensor.Any, name string) bool {
	t.Helper()
	head, err := m.Submodel(name)
	if err != nil {
		t.Errorf("%s up to %q: %v", c.Name, name, err)
		return false
	}
	between, err := head.PredictContext(context.Background(), nn.CallOptions{}, inputs...)
	if err != nil {
		t.Errorf("%s up to %q: %v", c.Name, name, err)
		return false
	}
	compareSaved(t, c.Name+" up to "+name, head, inputs, between)
	if g, err := head.Graph(inputs...); err != nil || slices.ContainsFunc(g.Outputs, func(v *graph.Value) bool { return v.Mask != nil }) {
		return false // a mask does not go from one model to another
	}
	middle, err := m.LayerOutputs(name)
	if err != nil {
		t.Errorf("%s: %v", c.Name, err)
		return false
	}
	outputs, err := m.OutputTensors()
	if err != nil {
		t.Errorf("%s: %v", c.Name, err)
		return false
	}
	tail, err := nn.NewModel(middle, outputs)
	if err != nil {
		if !strings.Contains(err.Error(), "the outputs need the input") && !strings.Contains(err.Error(), "is not known") {
			t.Errorf("%s from %q: %v", c.Name, name, err)
		}
		return false
	}
	if strings.Contains(name, "random_crop") {
		return false // Keras says another shape than the layer gives
	}
	got, err := tail.PredictAll(between...)
	if err != nil {
		t.Errorf("%s from %q: %v", c.Name, name, err)
		return false
	}
	want, err := m.PredictAll(inputs...)
	if err != nil {
		t.Errorf("%s: %v", c.Name, err)
		return false
	}
	for i := range want {
		if r := golden.Compare(got[i], want[i], nil, golden.HalfPolicy(m)); r.Problem != "" {
			t.Errorf("%s from %q, output %d: %s", c.Name, name, i, r.Problem)
		}
	}
	return true
}

// compareSaved saves a model, loads it and compares its answers.
func compareSaved(t *testing.T, what string, m *nn.Model, inputs, want []tensor.Any) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "part.keras")
	if err := kerasfile.Save(m, path); err != nil {
		t.Errorf("%s: %v", what, err)
		return
	}
	again, err := kerasfile.Load(path)
	if err != nil {
		t.Errorf("%s, loaded: %v", what, err)
		return
	}
	got, err := again.PredictAll(inputs...)
	if err != nil {
		t.Errorf("%s, loaded: %v", what, err)
		return
	}
	for i := range want {
		if r := golden.Compare(got[i], want[i], nil, golden.HalfPolicy(m)); r.Problem != "" {
			t.Errorf("%s, loaded, output %d: %s", what, i, r.Problem)
		}
	}
}
