package live

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hornml/horn/internal/golden"
	"github.com/hornml/horn/kerasfile"
	"github.com/hornml/horn/nn/layer"
)

type submodelTask struct {
	Name     string `json:"name"`
	Original string `json:"original"`
	Part     string `json:"part"`
	Layer    string `json:"layer"`
	Inputs   string `json:"inputs"`
}

type submodelResult struct {
	Problem, Failed string
	err             error
}

// TestSubmodelsInKeras cuts goldens off at a layer, saves what is before it, and compares that with Keras's
// Model(model.inputs, model.get_layer(name).output): it loads, has the same layers and the same answers. Every seventh is done.
func TestSubmodelsInKeras(t *testing.T) {
	python := pythonWithKeras(t)
	cases, err := golden.Find("../testdata/goldens")
	if err != nil {
		t.Fatal(err)
	}
	cases = released(cases)
	dir := t.TempDir()
	var tasks []submodelTask
	for i, c := range cases {
		if i%7 != 3 || filepath.Ext(c.Model) != ".keras" || strings.HasPrefix(c.Name, "keras2/") {
			continue
		}
		m, err := kerasfile.Load(c.Model, kerasfile.WithCompile(false))
		if err != nil {
			continue
		}
		list := m.Operations()
		l := list[len(list)/2]
		if _, ok := l.(*layer.InputLayer); ok || strings.Contains(l.Name(), "/") {
			continue
		}
		part, err := m.Submodel(l.Name())
		if err != nil {
			t.Errorf("%s: %v", c.Name, err)
			continue
		}
		task := submodelTask{c.Name, c.Model, filepath.Join(dir, fmt.Sprintf("%d.keras", i)), l.Name(), c.Golden}
		if err := kerasfile.Save(part, task.Part); err != nil {
			t.Errorf("%s: %v", c.Name, err)
			continue
		}
		tasks = append(tasks, task)
	}
	same := 0
	for name, r := range inKeras(python, "submodels.py", tasks, func(task submodelTask, r submodelResult, err error) (string, submodelResult) {
		r.err = err
		return task.Name + " up to " + task.Layer, r
	}) {
		switch {
		case r.err != nil:
			t.Errorf("%s: %v", name, r.err)
		case r.Problem != "":
			t.Errorf("%s: %s", name, r.Problem)
		case r.Failed != "":
			t.Logf("%s: Keras does not make it: %s", name, r.Failed)
		default:
			same++
		}
	}
	t.Logf("%d of %d are Keras's", same, len(tasks))
}
