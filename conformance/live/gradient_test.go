package live

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/hornml/horn/internal/golden"
	"github.com/hornml/horn/tensor/npy"
)

// gradientTask is a model for gradients.py.
type gradientTask struct {
	Name   string `json:"name"`
	Model  string `json:"model"`
	Inputs string `json:"inputs"`
	Out    string `json:"out"`
}

type gradientResult struct {
	Failed string // why Keras has no gradients
	Untrue string // why there are none in float64
}

// TestGradients compares the gradients of all goldens, of the sum of their outputs with respect to inputs and weights, with
// those of Keras on JAX, by the same rule as answers. With -short every tenth is done; HORN_LIVE_ONLY is a part of the
// names of those to do. JAX traces every model twice, so that all goldens take about an hour: it is run by hand, with
// HORN_GRADIENTS set.
func TestGradients(t *testing.T) {
	if os.Getenv("HORN_GRADIENTS") == "" {
		t.Skip("HORN_GRADIENTS is not set: gradients are not compared with Keras's")
	}
	python := pythonWithKeras(t)
	cases, err := golden.Find("../testdata/goldens")
	if err != nil {
		t.Fatal(err)
	}
	only, dir := os.Getenv("HORN_LIVE_ONLY"), t.TempDir()
	byName := map[string]golden.Case{}
	var tasks []gradientTask
	for i, c := range cases {
		if testing.Short() && i%10 != 0 || !strings.Contains(c.Name, only) || strings.HasSuffix(c.Name, "extras/custom") {
			continue
		}
		byName[c.Name] = c
		tasks = append(tasks, gradientTask{c.Name, c.Model, c.Golden, filepath.Join(dir, strings.ReplaceAll(c.Name, "/", "_")+".npz")})
	}
	var mu sync.Mutex
	equal, without := 0, 0
	inKeras(python, "gradients.py", tasks, func(task gradientTask, r gradientResult, err error) (string, struct{}) {
		if err != nil {
			t.Errorf("%s: %v", task.Name, err)
			return task.Name, struct{}{}
		}
		problem := ""
		if r.Failed == "" {
			problem = compareGradients(byName[task.Name], task.Out)
			_ = os.Remove(task.Out)
		}
		mu.Lock()
		defer mu.Unlock()
		switch {
		case r.Failed != "":
			without++
			t.Logf("%s: Keras has no gradients: %s", task.Name, r.Failed)
		case problem != "":
			t.Errorf("%s: %s (in float64: %q)", task.Name, problem, r.Untrue)
		default:
			equal++
		}
		return task.Name, struct{}{}
	})
	t.Logf("%d goldens have Keras's gradients, Keras has none for %d", equal, without)
}

// compareGradients compares our gradients of a golden with Keras's in a file.
func compareGradients(c golden.Case, path string) string {
	theirs, err := npy.OpenArchive(path)
	if err != nil {
		return err.Error()
	}
	return c.CompareGradients(theirs)
}
