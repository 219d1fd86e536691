package main

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hornml/horn/tensor"
	"github.com/hornml/horn/tensor/npy"
)

// writeGolden writes an .npz beside a copy of wine.keras: Keras's answers, changed by a function.
func writeGolden(t *testing.T, dir, name string, change func(p []float32)) {
	t.Helper()
	x := archive(t, "wine_test.npz", "chemistry", "probabilities")
	p := append([]float32(nil), x[1].Raw().([]float32)...)
	change(p)
	var b bytes.Buffer
	if err := npy.EncodeArchive(&b, map[string]tensor.Any{"input_0": x[0], "output_0": tensor.FromSlice(p, 40, 3)}); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
		t.Fatal(err)
	}
	for file, data := range map[string][]byte{".npz": b.Bytes(), ".keras": readFile(t, examplesDir+"wine.keras")} {
		if err := os.WriteFile(filepath.Join(dir, name+file), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestVerify(t *testing.T) {
	dir := t.TempDir()
	writeGolden(t, dir, "a/right", func([]float32) {})
	if out := must(t, "verify", "--dir", dir); out != "1 passed, 0 failed, 0 errors\n" && !strings.HasPrefix(out, "pass   a/right") {
		t.Error(out)
	}
	out := must(t, "verify", filepath.Join(dir, "a/right.keras"), filepath.Join(dir, "a/right.npz"))
	if !strings.HasPrefix(out, "pass   right") {
		t.Error(out)
	}
	writeGolden(t, dir, "b/wrong", func(p []float32) { p[7] += 0.01 })
	writeGolden(t, dir, "b/nan", func(p []float32) { p[7] = float32(math.NaN()) })
	writeGolden(t, dir, "c/broken", func([]float32) {})
	if err := os.WriteFile(filepath.Join(dir, "c/broken.keras"), []byte("PK text"), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, errText := horn(t, "verify", "--dir", dir, "--json")
	var r verification
	parse(t, out, &r)
	if code != 1 || r.Passed != 1 || r.Failed != 2 || r.Errors != 1 || len(r.Cases) != 4 || strings.Count(errText, "\n") != 1 {
		t.Errorf("exit %d, %+v, %s", code, r, errText)
	}
	for i, want := range []string{"a/right pass", "b/nan fail", "b/wrong fail", "c/broken error"} {
		if got := r.Cases[i].Name + " " + r.Cases[i].Status; got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	refused(t, 1, "allowed is", "verify", filepath.Join(dir, "b/wrong.keras"), filepath.Join(dir, "b/wrong.npz"))
	refused(t, 1, "no output_0", "verify", examplesDir+"wine.keras", examplesDir+"wine_test.npz")
	refused(t, 1, "has no X.keras", "verify", "--dir", t.TempDir())
	refused(t, 1, "there is no such file", "verify", "--dir", filepath.Join(dir, "no"))
	refused(t, 1, "there is no such file", "verify", examplesDir+"wine.keras", "no.npz")
}

func TestBench(t *testing.T) {
	var b timing
	parse(t, must(t, "bench", examplesDir+"digits.keras", "--seconds", "0.05", "--batch", "4", "--threads", "1", "--json", "--profile"), &b)
	if b.Batch != 4 || b.Threads != 1 || b.Calls < 1 || b.Min <= 0 || b.Median < b.Min || b.P95 < b.Median || b.Load <= 0 ||
		b.FirstCall <= 0 || b.PerSecond <= 0 || b.Memory <= 0 || len(b.Profile) == 0 {
		t.Errorf("%+v", b)
	}
	if b.Allocs != 0 {
		t.Errorf("%d allocations per call", b.Allocs)
	}
	out := must(t, "bench", examplesDir+"wine.keras", "--seconds", "0.05", "--input", examplesDir+"wine_test.npz", "--profile")
	if !strings.Contains(out, "batch 40,") || !strings.Contains(out, "profile") {
		t.Error(out)
	}
	for _, name := range []string{"core/embedding_int32_sequence", "graph/functional_inputs_of_three_dtypes", "rnn/lstm_stateful"} {
		must(t, "bench", goldensDir+name+".keras", "--seconds", "0.01")
	}
	refused(t, 1, "--batch asks for 41", "bench", examplesDir+"wine.keras", "--input", examplesDir+"wine_test.npz", "--batch", "41")
}
