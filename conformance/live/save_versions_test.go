package live

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hornml/horn/internal/golden"
	"github.com/hornml/horn/kerasfile"
	"github.com/hornml/horn/tensor/npy"
)

// TestForOlderReleases writes goldens for older releases of Keras and has these load and run them. HORN_KERAS names the
// releases and the directories that "pip install --target" made, as in "3.3.3=/opt/keras-3.3.3,3.9.2=/opt/keras-3.9.2".
// It is every fiftieth golden and those of the files' forms, or all of them if HORN_LIVE_ALL is set.
func TestForOlderReleases(t *testing.T) {
	list := os.Getenv("HORN_KERAS")
	if list == "" {
		t.Skip("HORN_KERAS names no older releases of Keras")
	}
	python := pythonWithKeras(t)
	found, err := golden.Find("../testdata/goldens")
	if err != nil {
		t.Fatal(err)
	}
	only, all := os.Getenv("HORN_LIVE_ONLY"), os.Getenv("HORN_LIVE_ALL") != ""
	var cases []golden.Case
	for i, c := range released(found) {
		form := strings.HasPrefix(c.Name, "format/keras-3.15.1") || strings.HasPrefix(c.Name, "format/extras")
		if strings.Contains(c.Name, only) && !strings.HasSuffix(c.Name, "extras/custom") && (all || form || i%50 == 0) {
			cases = append(cases, c)
		}
	}
	for _, release := range strings.Split(list, ",") {
		version, path, _ := strings.Cut(release, "=")
		t.Run(version, func(t *testing.T) { forRelease(t, python, cases, version, path) })
	}
}

func forRelease(t *testing.T, python string, cases []golden.Case, version, path string) {
	dir := t.TempDir()
	var tasks []saveTask
	originals := map[string]string{}
	refused := 0
	for _, c := range cases {
		m, err := kerasfile.Load(c.Model)
		if err != nil {
			t.Errorf("%s: %v", c.Name, err)
			continue
		}
		name := filepath.Join(dir, strings.ReplaceAll(c.Name, "/", "_")+".keras")
		if err := kerasfile.Save(m, name, kerasfile.WithKeras(version)); err != nil {
			if !strings.Contains(err.Error(), "cannot express") {
				t.Errorf("%s: %v", c.Name, err)
			}
			refused++
			continue
		}
		golden := c.Golden
		originals[c.Name] = c.Model
		tasks = append(tasks, saveTask{Name: c.Name, Copy: name, Inputs: &golden, Compile: true})
	}
	results := compareInKeras(t, python, tasks, "PYTHONPATH="+path)
	loaded, ran := 0, 0
	var again []saveTask
	for _, task := range tasks {
		r := results[task.Name]
		switch {
		case r.Problem != "":
			t.Errorf("%s: %s", task.Name, r.Problem)
			continue
		case r.Failed != "":
			t.Logf("%s loads, but does not run there: %s", task.Name, r.Failed)
		case differs(t, task, r) != "":
			again = append(again, task, saveTask{Name: task.Name + ".original", Copy: originals[task.Name], Inputs: task.Inputs})
			ran++
		default:
			ran++
		}
		loaded++
	}
	// Releases compute some things in another way. Then the newest one answers the same to the copy as to the original.
	newest := compareInKeras(t, python, again)
	for _, task := range again {
		before, ok := newest[task.Name+".original"]
		if !ok {
			continue
		}
		problem := differs(t, task, results[task.Name])
		if now := newest[task.Name]; now.Problem+now.Failed+before.Problem+before.Failed != "" || !sameOutputs(now.Outputs, before.Outputs) {
			t.Errorf("%s: %s; %s", task.Name, problem, now.Problem+now.Failed)
		} else {
			t.Logf("%s: the release computes something else: %s", task.Name, problem)
		}
	}
	t.Logf("Keras %s: %d files load, %d of them run, %d answer as the golden; %d cannot be expressed", version, loaded, ran, ran-len(again)/2,
		refused)
}

func sameOutputs(a, b []any) bool {
	var x, y []float64
	flatten(a, &x)
	flatten(b, &y)
	return slices.EqualFunc(x, y, func(p, q float64) bool {
		return p == q || math.Abs(p-q) <= 1e-6*math.Max(1, math.Abs(q)) || p != p && q != q
	})
}

// compareWithGolden allows for other kernels: a release computes on another backend than the golden's.
func compareWithGolden(t *testing.T, task saveTask, r saveResult) {
	t.Helper()
	if problem := differs(t, task, r); problem != "" {
		t.Errorf("%s: %s", task.Name, problem)
	}
}

// differs compares the answers of a copy with the golden's.
func differs(t *testing.T, task saveTask, r saveResult) string {
	t.Helper()
	a, err := npy.OpenArchive(*task.Inputs)
	if err != nil {
		t.Fatal(err)
	}
	outputs, err := a.Numbered("output_")
	if err != nil {
		t.Fatal(err)
	}
	for i, w := range outputs {
		var got []float64
		flatten(r.Outputs[i], &got)
		want := make([]float64, w.Len())
		if err := w.Float64s(want); err != nil {
			continue // not numbers
		}
		if len(got) != len(want) {
			return fmt.Sprintf("output %d has %d elements there, %d in the golden", i, len(got), len(want))
		}
		for k := range want {
			if got[k] == want[k] || math.IsNaN(got[k]) && math.IsNaN(want[k]) {
				continue
			}
			if !(math.Abs(got[k]-want[k]) <= 1e-3*math.Max(1, math.Abs(want[k]))) {
				return fmt.Sprintf("output %d is %v there, %v in the golden", i, got[k], want[k])
			}
		}
	}
	return ""
}
