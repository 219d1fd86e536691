package conformance

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hornml/horn/internal/golden"
	"github.com/hornml/horn/kerasfile"
	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/tensor"
	"github.com/hornml/horn/tensor/npy"
)

// TestCalled compares the ways of calling a model (made by tools/goldens/called.py): predict, which is never training, whatever
// the calls in the file say; model(x), which draws Keras's random numbers and moves statistics; model(x, training=True).
func TestCalled(t *testing.T) {
	files, err := filepath.Glob("testdata/called/*.keras")
	if err != nil || len(files) == 0 {
		t.Fatal(err, "no models")
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".keras"), func(t *testing.T) {
			m, err := kerasfile.Load(file)
			if err != nil {
				t.Fatal(err)
			}
			arrays, err := npy.OpenArchive(strings.TrimSuffix(file, ".keras") + ".npz")
			if err != nil {
				t.Fatal(err)
			}
			read := func(name string) tensor.Any {
				a, err := arrays.Read(name)
				if err != nil {
					t.Fatal(err)
				}
				return a
			}
			x := read("input_0")
			for _, c := range []struct {
				name     string
				training nn.Training
			}{{"predicted", nn.Inference}, {"called_0", nn.AsCalled}, {"called_1", nn.AsCalled}, {"trained", nn.InTraining}} {
				got, err := m.PredictContext(context.Background(), nn.CallOptions{Training: c.training}, x)
				if err != nil {
					t.Fatalf("%s: %v", c.name, err)
				}
				ours, err := got[0].Convert(tensor.Float32)
				if err != nil {
					t.Fatal(err)
				}
				if r := golden.Compare(ours, read(c.name), nil, golden.HalfPolicy(m)); r.Problem != "" {
					t.Errorf("%s: %s", c.name, r.Problem)
				}
			}
			for i, v := range m.Variables() {
				now, err := v.Value()
				if err != nil {
					t.Fatal(err)
				}
				ours, err := now.Convert(tensor.Float32)
				if err != nil {
					t.Fatal(err)
				}
				if r := golden.Compare(ours, read(fmt.Sprintf("variable_%d", i)), nil, golden.HalfPolicy(m)); r.Problem != "" {
					t.Errorf("%s: %s", v.Path, r.Problem)
				}
			}
		})
	}
}
