package live

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
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
	Whole  bool   `json:"whole"`
}

type gradientResult struct {
	Failed   string // why Keras has no gradients
	problems []golden.GradientProblem
	err      error
}

// TestGradients compares the gradients of all goldens, of the sum of their outputs with respect to inputs and weights, with
// those of Keras on JAX, by the same rule as answers. Most are as near to what Keras has in float64 as float32 allows, which
// needs nothing else. XLA, which compiles a model as one to save time, computes some sums twice, and not alike: where gradients
// differ, they are compared with those that are computed op by op, and last with those of Keras's own types. What Keras has not,
// or has otherwise, is in gradientsApart with the reason. With -short every tenth is done; HORN_LIVE_ONLY is a part of the names
// of those to do.
func TestGradients(t *testing.T) {
	python := pythonWithKeras(t)
	cases, err := golden.Find("../testdata/goldens")
	if err != nil {
		t.Fatal(err)
	}
	cases = released(cases)
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
	results := map[string]gradientResult{}
	todo := names
	for _, way := range []struct {
		name        string
		wide, whole bool
	}{{"in float64", true, true}, {"in float64, op by op", true, false}, {"in their own types, op by op", false, false}} {
		start := time.Now()
		for name, r := range gradientsInKeras(python, dir, todo, byName, way.wide, way.whole) {
			results[name] = r
		}
		t.Logf("%d goldens %s: %v", len(todo), way.name, time.Since(start).Round(time.Second))
		todo = slices.DeleteFunc(slices.Clone(todo), func(name string) bool { return results[name].equal() })
	}
	used := map[gradientApart]bool{}
	for _, name := range names {
		for _, problem := range results[name].all() {
			if why, ok := explained(name, problem.Of); ok {
				used[why] = true
			} else {
				t.Errorf("%s: %s: %s", name, problem.Of, problem.Problem)
			}
		}
	}
	t.Logf("%d goldens have Keras's gradients, %d have not all of them", len(names)-len(todo), len(todo))
	for _, why := range gradientsApart {
		if !used[why] && !testing.Short() && only == "" {
			t.Errorf("%s, %s: there is nothing to explain by %q", why.golden, why.of, why.why)
		}
	}
}

// gradientsInKeras has Keras compute gradients, and compares them.
func gradientsInKeras(python, dir string, names []string, byName map[string]golden.Case, wide, whole bool) map[string]gradientResult {
	path := func(name string, wide bool) string {
		return filepath.Join(dir, fmt.Sprintf("%s %v.npz", strings.ReplaceAll(name, "/", "_"), wide))
	}
	var tasks []gradientTask
	for _, name := range names {
		tasks = append(tasks, gradientTask{name, byName[name].Model, byName[name].Golden, path(name, wide), wide, whole})
	}
	return inKeras(python, "gradients.py", tasks, func(task gradientTask, r gradientResult, err error) (string, gradientResult) {
		if r.err = err; err == nil && r.Failed == "" {
			r.problems, r.err = compareGradients(byName[task.Name], path(task.Name, false), path(task.Name, true))
		}
		return task.Name, r
	})
}

// equal reports whether a golden has Keras's gradients, all of them.
func (r gradientResult) equal() bool { return r.err == nil && r.Failed == "" && len(r.problems) == 0 }

// all returns what is to be explained.
func (r gradientResult) all() []golden.GradientProblem {
	switch {
	case r.err != nil:
		return []golden.GradientProblem{{Of: "ours", Problem: r.err.Error()}}
	case r.Failed != "":
		return []golden.GradientProblem{{Of: "Keras's", Problem: r.Failed}}
	}
	return r.problems
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
