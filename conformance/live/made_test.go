package live

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/kerasfile"
	"github.com/hornml/horn/nn/layer"
	summaries "github.com/hornml/horn/nn/report"
	"github.com/hornml/horn/tensor"
	"github.com/hornml/horn/tensor/npy"
)

type madeTask struct {
	Name     string `json:"name"`
	Model    string `json:"model"`
	Inputs   string `json:"inputs"`
	Again    string `json:"again"`
	Out      string `json:"out"`
	Compiled bool   `json:"compiled"`
}

type madeAnswer struct {
	Problem         string
	Inputs, Outputs any
	Paths           []string
	Summary         string
}

// TestRandomModelsMadeInGo makes random models in Go and has Keras load, run, summarise and save them again. HORN_LIVE_CASES and
// HORN_LIVE_SEED say how many, and which; failing ones are copied to the folder HORN_LIVE_KEEP, if it is set.
func TestRandomModelsMadeInGo(t *testing.T) {
	python := pythonWithKeras(t)
	number := func(name string, def int) int {
		if n, err := strconv.Atoi(os.Getenv(name)); err == nil && n > 0 {
			return n
		}
		return def
	}
	count, seed := number("HORN_LIVE_CASES", 300), number("HORN_LIVE_SEED", 1)
	dir := t.TempDir()
	k := startKeras(python, "made.py", nil)
	defer func() { k.close() }()
	used := map[string]int{}
	good := 0
	for i := range count {
		m := newMaker(uint64(seed)<<32 + uint64(i))
		m.used = used
		b := m.model()
		if k.err != nil {
			k = startKeras(python, "made.py", nil)
		}
		if problem := m.check(b, k, dir, i); problem != "" {
			t.Errorf("model %d: %s\n  %s", i, problem, strings.Join(b.args, "\n  "))
			if keep := os.Getenv("HORN_LIVE_KEEP"); keep != "" {
				for _, end := range []string{".keras", ".npz"} {
					data, _ := os.ReadFile(filepath.Join(dir, fmt.Sprint(i)+end))
					_ = os.WriteFile(filepath.Join(keep, fmt.Sprint(i)+end), data, 0o644)
				}
			}
			continue
		}
		good++
	}
	t.Logf("%d of %d models of %d classes are the same to Keras", good, count, len(used))
}

// check compares one model with what Keras makes of its file; it returns what differs.
func (m *maker) check(b *madeModel, k *kerasProcess, dir string, i int) string {
	stem := filepath.Join(dir, fmt.Sprint(i))
	task := madeTask{Name: fmt.Sprint(i), Model: stem + ".keras", Inputs: stem + ".npz", Again: stem + "_again.keras", Out: stem + "_out.npz",
		Compiled: true}
	var inputs []tensor.Any
	arrays := map[string]tensor.Any{}
	for i, s := range b.model.Inputs() {
		x := m.array(s.Shape, s.DType)
		inputs = append(inputs, x)
		arrays[fmt.Sprintf("input_%d", i)] = x
	}
	want, err := b.model.PredictAll(inputs...)
	if err != nil {
		return "it does not run: " + err.Error()
	}
	if err := kerasfile.Save(b.model, task.Model); err != nil {
		return "it is not saved: " + err.Error()
	}
	f, err := os.Create(task.Inputs)
	if err != nil {
		return err.Error()
	}
	if err := npy.EncodeArchive(f, arrays); err != nil {
		return err.Error()
	}
	f.Close()
	var a madeAnswer
	if err := k.do(task, &a); err != nil {
		return err.Error()
	}
	if a.Problem != "" {
		return "Keras: " + a.Problem
	}
	if !reflect.DeepEqual(a.Inputs, b.inputs) || !reflect.DeepEqual(a.Outputs, single(b.outputs)) {
		return fmt.Sprintf("Keras has inputs %v and outputs %v, here they are %v and %v", a.Inputs, a.Outputs, b.inputs, b.outputs)
	}
	out, err := npy.OpenArchive(task.Out)
	if err != nil {
		return err.Error()
	}
	if problem := b.weights(a, out); problem != "" {
		return problem
	}
	got, err := out.Numbered("output_")
	if err != nil {
		return err.Error()
	}
	tolerance := 1e-4
	if b.half {
		tolerance = 0.1
	}
	if problem := near(want, got, tolerance); problem != "" {
		return "Keras answers otherwise: " + problem
	}
	var text strings.Builder
	if err := summaries.Summary(&text, b.model, summaries.SummaryOptions{LineLength: 120, Columns: 200, ExpandNested: true, ShowTrainable: true}); err != nil {
		return err.Error()
	}
	if x, y := plainText(text.String()), plainText(a.Summary); x != y {
		return "the summary is\n" + x + "\nKeras's is\n" + y
	}
	if b.twice { // Keras saves such a Sequential with the layer in one place only
		return ""
	}
	again, err := kerasfile.Load(task.Again)
	if err != nil {
		return "what Keras saved does not load: " + err.Error()
	}
	if problem := configs(b, again); problem != "" {
		return problem
	}
	copied, err := again.PredictAll(inputs...)
	if err != nil {
		return "what Keras saved does not run: " + err.Error()
	}
	if problem := near(want, copied, 0); problem != "" {
		return "what Keras saved answers otherwise: " + problem
	}
	return ""
}

// single is a structure as Keras's call returns it: a list of one output as that output.
func single(structure any) any {
	if list, ok := structure.([]any); ok && len(list) == 1 {
		return list[0]
	}
	return structure
}

// weights compares the weights that Keras has.
func (b *madeModel) weights(a madeAnswer, out *npy.Archive) string {
	list := b.model.Variables()
	if len(list) != len(a.Paths) {
		return fmt.Sprintf("Keras has %d weights %q, here there are %d", len(a.Paths), a.Paths, len(list))
	}
	for i, v := range list {
		x, err := v.Value()
		if err != nil {
			return err.Error()
		}
		y, err := out.Read(fmt.Sprintf("weight_%d", i))
		if err != nil {
			return err.Error()
		}
		if problem := near([]tensor.Any{x}, []tensor.Any{y}, 0); problem != "" {
			return fmt.Sprintf("weight %d is %s here and %s in Keras: %s", i, v.Path, a.Paths[i], problem)
		}
	}
	return ""
}

// configs compares the arguments of the layers with those in the file that Keras wrote.
func configs(b *madeModel, again interface{ Layers() []layer.Layer }) string {
	mine := map[string]layer.Layer{}
	for _, l := range b.model.Layers() {
		mine[l.Name()] = l
	}
	for _, l := range again.Layers() {
		x := mine[l.Name()]
		if x == nil {
			if _, ok := l.(*layer.InputLayer); ok {
				continue
			}
			return fmt.Sprintf("Keras saved the layer %q, which is not there", l.Name())
		}
		if _, model := l.(interface{ Operations() []layer.Layer }); model {
			continue
		}
		was, is := layer.ConfigOf(x), layer.ConfigOf(l)
		for _, key := range was.Keys() {
			if l.Class().Name == "RandomGrayscale" && key == "seed" {
				continue // which Keras forgets
			}
			if p, q := was.Get(key), is.Get(key); !alike(p, q) {
				return fmt.Sprintf("the argument %s of %q is %s, Keras saved %s", key, l.Name(), pyjson.Marshal(p), pyjson.Marshal(q))
			}
		}
	}
	return ""
}

// alike compares arguments: Keras rounds the factors of regularizers to float32, and writes some policies by their names.
func alike(p, q any) bool {
	switch x := p.(type) {
	case *pyjson.Object:
		if name, ok := q.(string); ok {
			return x.Object("config").String("name") == name
		}
		y, ok := q.(*pyjson.Object)
		if !ok || x == nil || y == nil || x.Len() != y.Len() {
			return pyjson.Equal(p, q)
		}
		for _, k := range x.Keys() {
			if !alike(x.Get(k), y.Get(k)) {
				return false
			}
		}
		return true
	case pyjson.Number:
		y, ok := q.(pyjson.Number)
		return ok && (x.Float() == y.Float() || float32(x.Float()) == float32(y.Float()))
	case []any:
		y, ok := q.([]any)
		if !ok || len(x) != len(y) {
			return false
		}
		for i := range x {
			if !alike(x[i], y[i]) {
				return false
			}
		}
		return true
	}
	return pyjson.Equal(p, q)
}

func plainText(s string) string {
	var lines []string
	for line := range strings.Lines(s) {
		lines = append(lines, strings.TrimRight(line, " \n"))
	}
	return strings.Trim(strings.Join(lines, "\n"), "\n")
}

// near compares tensors; what is not finite is equal to whatever is not finite.
func near(want, got []tensor.Any, tolerance float64) string {
	if len(want) != len(got) {
		return fmt.Sprintf("%d tensors, not %d", len(got), len(want))
	}
	for i := range want {
		if !reflect.DeepEqual(want[i].Shape(), got[i].Shape()) && want[i].Rank()+got[i].Rank() > 0 {
			return fmt.Sprintf("tensor %d has shape %v, not %v", i, got[i].Shape(), want[i].Shape())
		}
		x, y := make([]float64, want[i].Len()), make([]float64, got[i].Len())
		if want[i].Float64s(x) != nil || got[i].Float64s(y) != nil {
			continue
		}
		scale := 1.0
		for k := range x {
			if !math.IsInf(x[k], 0) && !math.IsNaN(x[k]) {
				scale = max(scale, math.Abs(x[k]))
			}
		}
		for k := range x {
			if x[k] == y[k] || math.IsNaN(x[k]-x[k]) && math.IsNaN(y[k]-y[k]) || math.Abs(x[k]-y[k]) <= tolerance*scale {
				continue
			}
			return fmt.Sprintf("element %d of tensor %d, %v, is %v, not %v", k, i, want[i].Shape(), y[k], x[k])
		}
	}
	return ""
}
