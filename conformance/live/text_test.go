package live

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/hornml/horn/internal/golden"
	"github.com/hornml/horn/kerasfile"
	"github.com/hornml/horn/tensor"
)

// pythonWithTensorFlow returns an interpreter that has Keras and TensorFlow, or skips the test.
func pythonWithTensorFlow(t *testing.T) string {
	t.Helper()
	python := python()
	const have = "import importlib.util as u; assert u.find_spec('keras') and u.find_spec('tensorflow')"
	if err := exec.Command(python, "-c", have).Run(); err != nil {
		t.Skipf("%s has no Keras and TensorFlow (HORN_PYTHON names another): %v", python, err)
	}
	return python
}

// array is a tensor as text_cases.py writes it.
type array struct {
	DType string
	Shape []int
	Data  []json.RawMessage
}

func (a array) tensor() (tensor.Any, error) {
	n := len(a.Data)
	d, err := tensor.ParseDType(a.DType)
	if err != nil {
		return nil, err
	}
	var t tensor.Any
	switch {
	case d == tensor.String:
		s := make([]string, n)
		for i, raw := range a.Data {
			var text string
			if err := json.Unmarshal(raw, &text); err != nil {
				return nil, err
			}
			b, err := base64.StdEncoding.DecodeString(text)
			if err != nil {
				return nil, err
			}
			s[i] = string(b)
		}
		t, err = tensor.FromRaw(s, a.Shape)
	case d.IsFloat():
		f := make([]float64, n)
		for i, raw := range a.Data {
			if err := json.Unmarshal(raw, &f[i]); err != nil {
				return nil, err
			}
		}
		t, err = tensor.FromRaw(f, a.Shape)
	default:
		v := make([]int64, n)
		for i, raw := range a.Data {
			var text string
			if err := json.Unmarshal(raw, &text); err != nil {
				return nil, err
			}
			if v[i], err = strconv.ParseInt(text, 10, 64); err != nil {
				return nil, err
			}
		}
		t, err = tensor.FromRaw(v, a.Shape)
	}
	if err != nil {
		return nil, err
	}
	return t.Convert(d)
}

// TestPreprocessingLayers compares text, feature, image and audio preprocessing layers with Keras on TensorFlow, over random options and
// random inputs, and has Keras load what we save of them.
// HORN_LIVE_CASES and HORN_LIVE_SEED say how many cases, and which; HORN_LIVE_RELOADS how many files Keras loads.
func TestPreprocessingLayers(t *testing.T) {
	python := pythonWithTensorFlow(t)
	setting := func(name, def string) string {
		if v := os.Getenv(name); v != "" {
			return v
		}
		return def
	}
	dir := t.TempDir()
	count := setting("HORN_LIVE_CASES", "100")
	cmd := exec.Command(python, "text_cases.py", "draw", dir, count, setting("HORN_LIVE_SEED", "1"))
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("text_cases.py: %v", err)
	}
	t.Logf("%s", out)
	ran := map[string]int{}
	total, _ := strconv.Atoi(count)
	for i := range total {
		data, err := os.ReadFile(filepath.Join(dir, fmt.Sprintf("%d.json", i)))
		if err != nil {
			continue // Keras did not take it
		}
		var c struct {
			Kind            string
			Inputs, Outputs []array
		}
		if err := json.Unmarshal(data, &c); err != nil {
			t.Fatal(err)
		}
		ran[c.Kind]++
		if err := compareText(filepath.Join(dir, fmt.Sprintf("%d.keras", i)), c.Inputs, c.Outputs); err != nil {
			t.Errorf("case %d (%s): %v", i, c.Kind, err)
			if keep := os.Getenv("HORN_LIVE_KEEP"); keep != "" {
				_ = exec.Command("cp", filepath.Join(dir, fmt.Sprintf("%d.keras", i)), filepath.Join(dir, fmt.Sprintf("%d.json", i)), keep).Run()
			}
		}
	}
	if len(ran) == 0 {
		t.Error("no case ran")
	}
	t.Logf("ran %v", ran)
	cmd = exec.Command(python, "text_cases.py", "check", dir, setting("HORN_LIVE_RELOADS", "50"))
	cmd.Stderr = os.Stderr
	if out, err = cmd.Output(); err != nil {
		t.Fatalf("text_cases.py: %v", err)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	for _, line := range lines[:len(lines)-1] {
		t.Error(line)
	}
	t.Logf("files that we saved: %s", lines[len(lines)-1])
}

func compareText(path string, inputs, outputs []array) error {
	m, err := kerasfile.Load(path)
	if err != nil {
		return err
	}
	var xs []tensor.Any
	for _, a := range inputs {
		x, err := a.tensor()
		if err != nil {
			return err
		}
		xs = append(xs, x)
	}
	for name, run := range map[string]golden.Runner{"compiled": golden.Compiled, "interpreted": golden.Interpreted} {
		got, err := run(m, xs)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if len(got) != len(outputs) {
			return fmt.Errorf("%s: %d outputs, Keras has %d", name, len(got), len(outputs))
		}
		for i, a := range outputs {
			want, err := a.tensor()
			if err != nil {
				return err
			}
			if c := golden.Compare(got[i], want, nil, tensor.Invalid); c.Problem != "" {
				return fmt.Errorf("%s: output %d: %s (got %v, want %v)", name, i, c.Problem, got[i].Raw(), want.Raw())
			}
		}
	}
	return kerasfile.Save(m, strings.TrimSuffix(path, ".keras")+".saved.keras")
}
