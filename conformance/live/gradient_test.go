package live

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hornml/horn/internal/golden"
	"github.com/hornml/horn/tensor/npy"
)

// gradientTask is a model for gradients.py.
type gradientTask struct {
	Name   string `json:"name"`
	Model  string `json:"model"`
	Inputs string `json:"inputs"`
	Out    string `json:"out"`
	Wide   bool   `json:"wide"`
}

type gradientResult struct {
	Failed   string // why Keras has no gradients
	problems []golden.GradientProblem
	err      error
}

// TestGradients compares the gradients of all goldens, of the sum of their outputs with respect to inputs and weights, with
// those of Keras on JAX, by the same rule as answers. Most are as near to what Keras has in float64 as float32 allows, which
// needs nothing else; where one is not, or there is no float64, what Keras has in its own types decides. What Keras has not, or
// has otherwise, is in gradientsApart with the reason. With -short every tenth is done; HORN_LIVE_ONLY is a part of the names
// of those to do.
func TestGradients(t *testing.T) {
	python := pythonWithKeras(t)
	cases, err := golden.Find("../testdata/goldens")
	if err != nil {
		t.Fatal(err)
	}
	only, dir := os.Getenv("HORN_LIVE_ONLY"), t.TempDir()
	byName := map[string]golden.Case{}
	var names []string
	for i, c := range cases {
		if testing.Short() && i%10 != 0 || !strings.Contains(c.Name, only) || strings.HasSuffix(c.Name, "extras/custom") {
			continue
		}
		byName[c.Name] = c
		names = append(names, c.Name)
	}
	path := func(name string, wide bool) string {
		return filepath.Join(dir, fmt.Sprintf("%s %v.npz", strings.ReplaceAll(name, "/", "_"), wide))
	}
	compare := func(names []string, wide bool) map[string]gradientResult {
		var tasks []gradientTask
		for _, name := range names {
			tasks = append(tasks, gradientTask{name, byName[name].Model, byName[name].Golden, path(name, wide), wide})
		}
		return inKeras(python, "gradients.py", tasks, func(task gradientTask, r gradientResult, err error) (string, gradientResult) {
			if r.err = err; err == nil && r.Failed == "" {
				r.problems, r.err = compareGradients(byName[task.Name], path(task.Name, false), path(task.Name, true))
			}
			return task.Name, r
		})
	}
	start := time.Now()
	results := compare(names, true)
	var again []string
	for _, name := range names {
		if r := results[name]; r.err != nil || r.Failed != "" || len(r.problems) > 0 {
			again = append(again, name)
		}
	}
	t.Logf("%d goldens in float64: %v", len(names), time.Since(start))
	for name, r := range compare(again, false) {
		results[name] = r
	}
	t.Logf("%d goldens besides in their own types: %v", len(again), time.Since(start))
	equal := 0
	for _, name := range names {
		if reportGradients(t, name, results[name]) {
			equal++
		}
	}
	t.Logf("%d goldens have Keras's gradients", equal)
}

// compareGradients compares our gradients of a golden with those in the files that there are.
func compareGradients(c golden.Case, theirs, truth string) ([]golden.GradientProblem, error) {
	var files [2]*npy.Archive
	for i, path := range []string{theirs, truth} {
		f, err := npy.OpenArchive(path)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		files[i] = f
	}
	return c.CompareGradients(files[0], files[1])
}

// reportGradients reports whether a golden has Keras's gradients, all of them, and complains of what gradientsApart does not
// explain.
func reportGradients(t *testing.T, name string, r gradientResult) bool {
	switch {
	case r.err != nil:
		t.Errorf("%s: %v", name, r.err)
	case r.Failed != "":
		t.Errorf("%s: Keras has no gradients: %s", name, r.Failed)
	}
	for _, p := range r.problems {
		t.Errorf("%s: %s: %s", name, p.Of, p.Problem)
	}
	return r.err == nil && r.Failed == "" && len(r.problems) == 0
}
