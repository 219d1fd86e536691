package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/hornml/horn/kerasfile"
	"github.com/hornml/horn/nn"
)

const formats = goldensDir + "format/keras-3.15.1/"

// variableValues are those of all variables, in order.
func variableValues(t *testing.T, m *nn.Model) []any {
	t.Helper()
	var out []any
	for _, v := range append(m.Variables(), m.OptimizerVariables()...) {
		value, err := v.Value()
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, value.Raw())
	}
	return out
}

func sameElements(t *testing.T, what string, a, b *nn.Model) {
	t.Helper()
	x, y := variableValues(t, a), variableValues(t, b)
	if len(x) != len(y) {
		t.Errorf("%s: %d variables, there were %d", what, len(y), len(x))
		return
	}
	for i := range x {
		f, isFloat := x[i].([]float32)
		g, _ := y[i].([]float32)
		if isFloat && len(f) != len(g) {
			t.Errorf("%s: variable %d has another size", what, i)
			continue
		}
		for k := range f {
			if f[k] != g[k] {
				t.Errorf("%s: variable %d differs", what, i)
				break
			}
		}
	}
}

func load(t *testing.T, path string) *nn.Model {
	t.Helper()
	m, err := kerasfile.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestConvertChain takes a model through all containers and compares weights and optimizer in the end.
func TestConvertChain(t *testing.T) {
	for _, name := range []string{"mlp", "cnn", "seq", "mha", "multi"} {
		dir := t.TempDir() + "/"
		src := formats + name + ".keras"
		want := load(t, src)
		for _, dst := range []string{"a.h5", "b.keras", "c/", "d.keras", "e.hdf5", "f.keras"} {
			must(t, "convert", src, dir+dst)
			src = dir + dst
			sameElements(t, name+" "+dst, want, load(t, src))
		}
		for _, dst := range []string{"w.weights.h5", "w.weights.json", "w.npz"} {
			must(t, "convert", "--max-shard-size", "5kB", src, dir+dst)
			must(t, "convert", "--overwrite", "--weights", dir+dst, formats+name+".keras", dir+"back.keras")
			back := load(t, dir+"back.keras")
			if dst == "w.npz" {
				want.DropCompileState()
				back.DropCompileState()
			}
			sameElements(t, name+" "+dst, want, back)
		}
	}
}

func TestConvertRefuses(t *testing.T) {
	dir := t.TempDir()
	dst := filepath.Join(dir, "model.keras")
	if err := os.WriteFile(dst, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	refused(t, 1, "--overwrite", "convert", formats+"mlp.keras", dst)
	if data, _ := os.ReadFile(dst); !bytes.Equal(data, []byte("precious")) {
		t.Error("the file was changed")
	}
	refused(t, 2, "the end of the name", "convert", formats+"mlp.keras", filepath.Join(dir, "model.onnx"))
	refused(t, 2, "--max-shard-size", "convert", "--max-shard-size", "much", formats+"mlp.keras", filepath.Join(dir, "x.weights.json"))
	refused(t, 1, "shard", "convert", "--max-shard-size", "10", formats+"mlp.keras", filepath.Join(dir, "x.weights.json"))
	refused(t, 1, "3.0 to 3.", "convert", "--for", "keras-2.15", formats+"mlp.keras", filepath.Join(dir, "x.keras"))
	refused(t, 1, "ReversibleEmbedding came with 3.12", "convert", "--for", "3.3", goldensDir+"format/extras/text.keras",
		filepath.Join(dir, "x.keras"))
	refused(t, 1, "no such file", "convert", filepath.Join(dir, "none.keras"), filepath.Join(dir, "x.keras"))
	refused(t, 1, "pickles", "convert", formats+"mlp.npzfmt.keras", filepath.Join(dir, "x.keras"))
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 1 {
		t.Errorf("something was left behind: %v", entries)
	}
	must(t, "convert", "--overwrite", formats+"mlp.keras", dst)
}

// TestConvertArchitecture joins an architecture and the weights of Keras 2 that are in two files.
func TestConvertArchitecture(t *testing.T) {
	dst := filepath.Join(t.TempDir(), "lstm.keras")
	must(t, "convert", "--weights", goldensDir+"keras2/lstm_2.4.0.weights-only.h5", goldensDir+"keras2/lstm_2.4.0.config.json", dst)
	must(t, "verify", dst, goldensDir+"keras2/lstm_2.4.0.npz")
}

func TestParseSize(t *testing.T) {
	for s, want := range map[string]int64{"500MB": 500e6, "1.5 KiB": 1536, "12": 12, "10GiB": 10 << 30} {
		if got, err := parseSize(s); err != nil || got != want {
			t.Errorf("%s is %d, %v", s, got, err)
		}
	}
	for _, s := range []string{"", "GB", "-1", "0", "5 apples", "1e99GB"} {
		if n, err := parseSize(s); err == nil {
			t.Errorf("%q is %d", s, n)
		}
	}
}
