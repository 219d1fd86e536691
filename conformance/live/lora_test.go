package live

import (
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/hornml/horn/kerasfile"
	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
	"github.com/hornml/horn/tensor/npy"
)

// TestMergedLoRA compares what is saved of models with trained LoRA, bit for bit, with what Keras saved of them.
func TestMergedLoRA(t *testing.T) { compareMerged(t, "testdata/lora") }

// TestMergedLoRAInKeras is TestMergedLoRA for models that Keras makes now, of each kind of layer and kernel.
func TestMergedLoRAInKeras(t *testing.T) {
	dir := t.TempDir()
	if out, err := exec.Command(pythonWithKeras(t), "-B", "lora_cases.py", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	compareMerged(t, dir)
}

func compareMerged(t *testing.T, dir string) {
	names, err := filepath.Glob(filepath.Join(dir, "*.factors.npz"))
	if err != nil || len(names) == 0 {
		t.Fatal(err, names)
	}
	for _, name := range names {
		stem := strings.TrimSuffix(name, ".factors.npz")
		t.Run(filepath.Base(stem), func(t *testing.T) {
			m, err := kerasfile.Load(stem + ".keras")
			if err != nil {
				t.Fatal(err)
			}
			factors, err := npy.OpenArchive(name)
			if err != nil {
				t.Fatal(err)
			}
			for i, v := range factorsOf(m) {
				x, err := factors.Read([]string{"a", "b"}[i])
				if err == nil {
					err = v.Assign(x)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			path := filepath.Join(t.TempDir(), "merged.keras")
			if err := kerasfile.Save(m, path); err != nil {
				t.Fatal(err)
			}
			got, want := saved(t, path), saved(t, stem+".merged.keras")
			if len(got) != len(want) || len(got) == 0 {
				t.Fatalf("%d variables, Keras has %d", len(got), len(want))
			}
			for i := range want {
				if got[i].DType() != want[i].DType() || !slices.Equal(got[i].Shape(), want[i].Shape()) ||
					!reflect.DeepEqual(got[i].Raw(), want[i].Raw()) {
					t.Errorf("variable %d is %v, Keras has %v", i, got[i].Raw(), want[i].Raw())
				}
			}
		})
	}
}

// factorsOf lists A and B.
func factorsOf(m *nn.Model) []*layer.Variable {
	return slices.DeleteFunc(slices.Clone(m.Variables()), func(v *layer.Variable) bool { return !strings.Contains(v.Path, "lora_") })
}

// saved reads the variables of a file, but A and B, which it does not have.
func saved(t *testing.T, path string) (values []tensor.Any) {
	t.Helper()
	m, err := kerasfile.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range m.Variables() {
		if strings.Contains(v.Path, "lora_") {
			continue
		}
		value, err := v.Value()
		if err != nil {
			t.Fatal(err)
		}
		values = append(values, value)
	}
	return values
}
