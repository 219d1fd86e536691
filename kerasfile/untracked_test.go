package kerasfile_test

import (
	"path/filepath"
	"testing"

	"github.com/hornml/horn/h5lite"
	"github.com/hornml/horn/kerasfile"
	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/nn/layers"
	"github.com/hornml/horn/nn/report"
	"github.com/hornml/horn/tensor"
)

// TestUntrackedVariables saves lookups with weights of tf_idf, which Keras 3 does not list among a layer's weights: in files by
// layer they have no dataset, which Keras would take for that of another layer, and no summary counts them.
func TestUntrackedVariables(t *testing.T) {
	lookup := layers.NewStringLookup(layer.Args{"output_mode": "tf_idf", "vocabulary": []any{"cat", "bird"}, "idf_weights": []any{0.5, 2.0}})
	m, err := nn.NewSequential(nn.NewInputLayer([]int{2}, layer.Args{"dtype": "string"}), lookup, layers.NewDense(3))
	if err != nil {
		t.Fatal(err)
	}
	x := tensor.FromSlice([]string{"cat", "dog", "bird", "bird"}, 2, 2)
	want, err := m.Predict(x)
	if err != nil {
		t.Fatal(err)
	}
	dense, _ := report.CountParams(m)
	if _, fixed := report.CountParams(m); fixed.Params != 0 || dense.Params != 12 {
		t.Errorf("%v and %v parameters are counted", dense, fixed)
	}
	dir := t.TempDir()
	for _, name := range []string{"m.h5", "m.keras"} {
		path := filepath.Join(dir, name)
		if err := kerasfile.Save(m, path); err != nil {
			t.Fatal(err)
		}
		again, err := kerasfile.Load(path)
		if err != nil {
			t.Fatal(err)
		}
		got, err := again.Predict(x)
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range got.Data() {
			if v != want.Data()[i] {
				t.Errorf("%s: %v, not %v", name, got, want)
			}
		}
	}
	f, err := h5lite.Open(filepath.Join(dir, "m.h5"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	g, err := f.Root().Group("model_weights/" + lookup.Name())
	if err != nil {
		t.Fatal(err)
	}
	if links, err := g.Links(); err != nil || len(links) != 0 {
		t.Errorf("the group of the lookup has %v, %v", links, err)
	}
}
