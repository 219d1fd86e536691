package conformance

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/hornml/horn/internal/golden"
	"github.com/hornml/horn/kerasfile"
	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/tensor"
)

// formRecord is a model in the manifest of format/keras-<version>.
type formRecord struct {
	Name     string
	Files    map[string]string
	Arrays   string
	Datasets map[string]map[string][3]any
}

func readFormats(t *testing.T) map[string][]formRecord {
	t.Helper()
	out := map[string][]formRecord{}
	manifests, _ := filepath.Glob(goldens + "/format/keras-*/manifest.json")
	for _, m := range manifests {
		data, err := os.ReadFile(m)
		if err != nil {
			t.Fatal(err)
		}
		var records []formRecord
		if err := json.Unmarshal(data, &records); err != nil {
			t.Fatal(m, err)
		}
		out[filepath.Dir(m)] = records
	}
	if len(out) != 8 {
		t.Fatalf("%d manifests, there should be 8", len(out))
	}
	return out
}

// digest is the first half of the sha256 of the elements, as the goldens' README defines it.
func digest(t tensor.Any) string {
	h := sha256.New()
	if err := binary.Write(h, binary.LittleEndian, t.Raw()); err != nil {
		panic(err)
	}
	return hex.EncodeToString(h.Sum(nil))[:16]
}

// digests are those of all variables of a model, and of its optimizer, sorted.
func digests(t *testing.T, m *nn.Model) []string {
	t.Helper()
	var out []string
	for _, v := range append(m.Variables(), m.OptimizerVariables()...) {
		value, err := v.Value()
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, fmt.Sprintf("%v %v %v", value.DType(), value.Shape(), digest(value)))
	}
	slices.Sort(out)
	return out
}

// TestContainers loads five models as eight releases of Keras saved them, in every container, and compares their weights
// and optimizers bit for bit.
func TestContainers(t *testing.T) {
	for dir, records := range readFormats(t) {
		for _, r := range records {
			t.Run(filepath.Base(dir)+"/"+r.Name, func(t *testing.T) {
				m, err := kerasfile.Load(filepath.Join(dir, r.Files["keras"]))
				if err != nil {
					t.Fatal(err)
				}
				want := digests(t, m)
				if len(m.OptimizerVariables()) == 0 {
					t.Error("the optimizer has no variables")
				}
				checkManifest(t, want, r.Datasets["keras"])
				for form, file := range r.Files {
					checkForm(t, dir, form, file, filepath.Join(dir, r.Files["keras"]), want)
				}
			})
		}
	}
}

// checkManifest compares with what h5py found in the file.
func checkManifest(t *testing.T, got []string, datasets map[string][3]any) {
	t.Helper()
	var want []string
	for _, d := range datasets {
		want = append(want, fmt.Sprintf("%v %v %v", d[0], d[1], d[2]))
	}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("the variables are\n%q\nthe file has\n%q", got, want)
	}
}

func checkForm(t *testing.T, dir, form, file, keras string, want []string) {
	path := filepath.Join(dir, file)
	var m *nn.Model
	var err error
	switch form {
	case "npz":
		if _, err := kerasfile.Load(path); err == nil {
			t.Error("a file with pickles was loaded")
		}
		return
	case "weights", "shards":
		if m, err = kerasfile.Load(keras, kerasfile.WithoutWeights()); err == nil {
			err = kerasfile.LoadWeights(m, path)
		}
	default:
		m, err = kerasfile.Load(path)
	}
	if err != nil {
		t.Errorf("%s: %v", form, err)
		return
	}
	if got := digests(t, m); !slices.Equal(got, want) {
		t.Errorf("%s: the variables are\n%q\nthose of the .keras file are\n%q", form, got, want)
	}
	c := golden.Case{Name: form, Model: path, Golden: keras[:len(keras)-len(".keras")] + ".npz"}
	if form == "legacy_h5" || form == "directory" {
		if r := c.Run(golden.Compiled); r.Status != "pass" {
			t.Errorf("%s: %s", form, r.Message)
		}
	}
}

// TestKeras2 loads real files of tf.keras 2.4 to 2.15 that Keras 3 takes only after repairs, or not at all.
func TestKeras2(t *testing.T) {
	data, err := os.ReadFile(goldens + "/keras2/manifest.json")
	if err != nil {
		t.Fatal(err)
	}
	var records []struct{ File, Arrays, Config string }
	if err := json.Unmarshal(data, &records); err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		t.Run(r.File, func(t *testing.T) {
			c := golden.Case{Name: r.File, Model: filepath.Join(goldens, "keras2", r.File), Golden: filepath.Join(goldens, "keras2", r.Arrays)}
			if r.Config != "" { // weights only: the architecture is in a file of its own
				weights := c.Model
				c.Model = filepath.Join(t.TempDir(), "model.keras")
				config, err := os.ReadFile(filepath.Join(goldens, "keras2", r.Config))
				if err != nil {
					t.Fatal(err)
				}
				m, err := kerasfile.FromJSON(config)
				if err != nil {
					t.Fatal(err)
				}
				if err := kerasfile.LoadWeights(m, weights); err != nil {
					t.Fatal(err)
				}
				if err := kerasfile.Save(m, c.Model); err != nil {
					t.Fatal(err)
				}
			}
			if res := c.Run(golden.Compiled); res.Status != "pass" {
				t.Error(res.Message)
			}
		})
	}
}
