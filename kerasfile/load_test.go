package kerasfile_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hornml/horn/kerasfile"
	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

const formats = "../conformance/testdata/goldens/format/"

// state describes all variables of a model and of its optimizers, in order.
func state(t *testing.T, m *nn.Model) []string {
	t.Helper()
	var out []string
	add := func(path string, list []*layer.Variable) {
		for i, v := range list {
			x, err := v.Value()
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, fmt.Sprintf("%s %d %v %v", path, i, x.Shape(), x.Raw()))
		}
	}
	add("model", m.Variables())
	for _, g := range m.Optimizer {
		add(g.Path, g.Variables)
	}
	return out
}

// TestLoadWeightsAsLoad gives a model that was loaded without its weights those in its own file, twice: it is then in the
// state in which Load makes it, the optimizer in today's order included.
func TestLoadWeightsAsLoad(t *testing.T) {
	for _, release := range []string{"keras-3.0.5", "keras-3.9.0", "keras-3.15.1"} {
		files, err := filepath.Glob(formats + release + "/*.keras")
		if err != nil || len(files) == 0 {
			t.Fatalf("no files of %s: %v", release, err)
		}
		files = slices.DeleteFunc(files, func(name string) bool { return strings.Contains(name, ".npzfmt.") }) // pickles
		legacy, err := filepath.Glob(formats + release + "/*.h5")
		if err != nil {
			t.Fatal(err)
		}
		legacy = slices.DeleteFunc(legacy, func(name string) bool { return strings.HasSuffix(name, ".weights.h5") })
		for _, file := range append(files, legacy...) {
			t.Run(release+"/"+filepath.Base(file), func(t *testing.T) {
				want, err := kerasfile.Load(file)
				if err != nil {
					t.Fatal(err)
				}
				m, err := kerasfile.Load(file, kerasfile.WithoutWeights())
				if err != nil {
					t.Fatal(err)
				}
				for range 2 {
					if err := kerasfile.LoadWeights(m, file); err != nil {
						t.Fatal(err)
					}
				}
				if got, want := state(t, m), state(t, want); !slices.Equal(got, want) {
					t.Errorf("%d variables differ from the %d of Load:\n%.300q\n%.300q", len(got), len(want), got, want)
				}
			})
		}
	}
}

// TestLoadWithoutCompileState reads no optimizer, and what it does not read is not missed when saving.
func TestLoadWithoutCompileState(t *testing.T) {
	m, err := kerasfile.Load(formats+"keras-3.15.1/mlp.keras", kerasfile.WithCompile(false))
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Optimizer) > 0 || m.CompileConfig() != nil {
		t.Error("there is a compile state")
	}
	path := filepath.Join(t.TempDir(), "m.keras")
	if err := kerasfile.Save(m, path); err != nil {
		t.Fatal(err)
	}
	if m, err = kerasfile.Load(path); err != nil || len(m.Optimizer) > 0 {
		t.Errorf("%v", err)
	}
}

// TestErrorsOfLoad has what is no model, or not there, in every way in.
func TestErrorsOfLoad(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"empty": "", "text": "no model", "zip": "PK\x03\x04", "hdf5": "\x89HDF\r\n\x1a\n"} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := kerasfile.Load(path)
		_, inspected := kerasfile.Inspect(path)
		loaded := kerasfile.LoadWeights(small(t, 1), path)
		for _, err := range []error{err, inspected, loaded} {
			var f *kerasfile.FormatError
			if !errors.As(err, &f) {
				t.Errorf("%s: %v is no FormatError", name, err)
			}
			if want := name == "empty" || name == "text"; errors.Is(err, kerasfile.ErrNotKeras) != want {
				t.Errorf("%s: %v is ErrNotKeras: %v", name, err, !want)
			}
		}
	}
	for _, err := range []error{
		second(kerasfile.Load(filepath.Join(dir, "nowhere"))), second(kerasfile.Inspect(filepath.Join(dir, "nowhere"))),
		second(kerasfile.LoadFS(os.DirFS(dir), "nowhere")), kerasfile.LoadWeights(small(t, 1), filepath.Join(dir, "nowhere")),
	} {
		if !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%v is not fs.ErrNotExist", err)
		}
	}
	if _, err := kerasfile.Load(dir); err == nil {
		t.Error("an empty directory is a model")
	}
}

func second[T any](_ T, err error) error { return err }

// TestLoadWeightsMismatch has a file for another model: an error names all that differs, or it is skipped with notes.
func TestLoadWeightsMismatch(t *testing.T) {
	for _, name := range []string{"w.weights.h5", "w.h5", "w.npz", "w.weights.json"} {
		path := filepath.Join(t.TempDir(), name)
		other := small(t, 3)
		if err := kerasfile.SaveWeights(other, path); err != nil {
			t.Fatal(err)
		}
		m, err := mlp()
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Build(); err != nil {
			t.Fatal(err)
		}
		before := state(t, m)
		var w *kerasfile.WeightError
		if err := kerasfile.LoadWeights(m, path); !errors.As(err, &w) || w.Variable == "" {
			t.Errorf("%s: %v", name, err)
		}
		var notes []string
		note := kerasfile.WithNotes(func(s string) { notes = append(notes, s) })
		if err := kerasfile.LoadWeights(m, path, kerasfile.WithSkipMismatch(true), note); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got := state(t, m); !slices.Equal(got, before) || len(notes) == 0 {
			t.Errorf("%s: changed, notes %q", name, notes)
		}
		err = kerasfile.LoadWeights(other, path, kerasfile.WithByName(true))
		if (err == nil) != (name == "w.h5") {
			t.Errorf("%s by name: %v", name, err)
		}
		again := small(t, 1)
		if err := kerasfile.LoadWeights(again, path); err != nil {
			t.Fatal(err)
		}
		if x, err := again.Variables()[0].Value(); err != nil || x.(*tensor.Tensor).Data()[0] != 3 {
			t.Errorf("%s: %v, %v", name, x, err)
		}
	}
}

// TestCacheLimitOfLoad bounds from the start what a model keeps for later calls.
func TestCacheLimitOfLoad(t *testing.T) {
	for _, limit := range []int64{0, 1} {
		m, err := kerasfile.Load("../examples/digits.keras", kerasfile.WithCacheLimit(limit))
		if err != nil {
			t.Fatal(err)
		}
		shape := slices.Clone(m.Inputs()[0].Shape)
		var last int64 // of one plan by itself
		for _, batch := range []int{1, 2, 1} {
			shape[0] = batch
			if _, err := m.Predict(tensor.New(shape...)); err != nil {
				t.Fatal(err)
			}
			if batch == 1 {
				if last > 0 && (m.CacheBytes() > last) != (limit == 0) {
					t.Errorf("with a limit of %d, %d bytes are kept, %d after the first call", limit, m.CacheBytes(), last)
				}
				last = m.CacheBytes()
			}
		}
	}
}
