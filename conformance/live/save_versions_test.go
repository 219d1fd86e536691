package live

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hornml/horn/conformance"
	"github.com/hornml/horn/kerasfile"
	"github.com/hornml/horn/tensor"
	"github.com/hornml/horn/tensor/npy"
)

// TestForOlderReleases writes goldens for older releases of Keras and has these load and run them. HORN_KERAS names the
// releases and the directories that "pip install --target" made, as in "3.3.3=/opt/keras-3.3.3,3.9.2=/opt/keras-3.9.2".
// With -short it is every fiftieth golden, and those of the files' forms.
func TestForOlderReleases(t *testing.T) {
	list := os.Getenv("HORN_KERAS")
	if list == "" {
		t.Skip("HORN_KERAS names no older releases of Keras")
	}
	python := pythonWithKeras(t)
	found, err := conformance.Find("../testdata/goldens")
	if err != nil {
		t.Fatal(err)
	}
	only := os.Getenv("HORN_LIVE_ONLY")
	var cases []conformance.Case
	for i, c := range found {
		form := strings.HasPrefix(c.Name, "format/keras-3.15.1") || strings.HasPrefix(c.Name, "format/extras")
		if strings.Contains(c.Name, only) && !strings.HasSuffix(c.Name, "extras/custom") && (!testing.Short() || form || i%50 == 0) {
			cases = append(cases, c)
		}
	}
	for _, release := range strings.Split(list, ",") {
		version, path, _ := strings.Cut(release, "=")
		t.Run(version, func(t *testing.T) { forRelease(t, python, cases, version, path) })
	}
}

func forRelease(t *testing.T, python string, cases []conformance.Case, version, path string) {
	dir := t.TempDir()
	var tasks []saveTask
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
		tasks = append(tasks, saveTask{Name: c.Name, Copy: name, Inputs: &golden, Compile: true})
	}
	results := compareInKeras(t, python, tasks, "PYTHONPATH="+path)
	ran := 0
	for _, task := range tasks {
		r := results[task.Name]
		switch {
		case r.Problem != "":
			t.Errorf("%s: %s", task.Name, r.Problem)
		case r.Failed != "":
			t.Logf("%s loads, but does not run there: %s", task.Name, r.Failed)
		default:
			ran++
			compareWithGolden(t, task, r)
		}
	}
	t.Logf("Keras %s: %d files load, %d of them run; %d cannot be expressed", version, len(tasks), ran, refused)
}

// compareWithGolden allows for other kernels: a release computes on another backend than the golden's.
func compareWithGolden(t *testing.T, task saveTask, r saveResult) {
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
		if err := tensor.Float64s(want, tensor.AnyData(w)); err != nil || len(got) != len(want) {
			continue // not numbers
		}
		for k := range want {
			if math.Abs(got[k]-want[k]) > 1e-3*math.Max(1, math.Abs(want[k])) {
				t.Errorf("%s: output %d is %v there, %v in the golden", task.Name, i, got[k], want[k])
				break
			}
		}
	}
}
