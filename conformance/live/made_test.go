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
	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/nn/layers"
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

// TestRandomModelsMadeInGo makes random models in Go and has Keras load, run, summarise and save them again: most on its NumPy
// backend, which compiles nothing, some on JAX. HORN_LIVE_CASES and HORN_LIVE_SEED say how many, and which; failing ones are copied to
// the folder HORN_LIVE_KEEP, if it is set.
func TestRandomModelsMadeInGo(t *testing.T) {
	python := pythonWithKeras(t)
	number := func(name string, def int) int {
		if n, err := strconv.Atoi(os.Getenv(name)); err == nil && n > 0 {
			return n
		}
		return def
	}
	count, seed := number("HORN_LIVE_CASES", 300), number("HORN_LIVE_SEED", 1)
	onJAX := count / 10
	t.Run("numpy", func(t *testing.T) { madeOn(t, python, "numpy", seed, onJAX, count) })
	t.Run("jax", func(t *testing.T) { madeOn(t, python, "jax", seed, 0, onJAX) })
}

// madeOn makes the models of some numbers for a backend.
func madeOn(t *testing.T, python, backend string, seed, from, to int) {
	dir := t.TempDir()
	start := func() *kerasProcess { return startKeras(python, "made.py", []string{"KERAS_BACKEND=" + backend}) }
	k := start()
	defer func() { k.close() }()
	used := map[string]int{}
	good := 0
	for i := from; i < to; i++ {
		m := newMaker(uint64(seed)<<32 + uint64(i))
		m.used = used
		b := m.model()
		if k.err != nil {
			k = start()
		}
		problem := m.check(b, k, dir, i)
		if problem == "" {
			good++
			continue
		}
		t.Errorf("model %d: %s\n  %s", i, problem, strings.Join(b.args, "\n  "))
		if keep := os.Getenv("HORN_LIVE_KEEP"); keep != "" {
			for _, end := range []string{".keras", ".npz"} {
				if data, err := os.ReadFile(filepath.Join(dir, fmt.Sprint(i)+end)); err == nil {
					_ = os.WriteFile(filepath.Join(keep, fmt.Sprint(i)+end), data, 0o644)
				}
			}
		}
	}
	t.Logf("%d of %d models of %d classes are the same to Keras", good, to-from, len(used))
}

// check compares one model with what Keras makes of its file; it returns what differs.
func (*maker) check(b *madeModel, k *kerasProcess, dir string, i int) string {
	stem := filepath.Join(dir, fmt.Sprint(i))
	task := madeTask{Name: fmt.Sprint(i), Model: stem + ".keras", Inputs: stem + ".npz", Again: stem + "_again.keras",
		Out: stem + "_out.npz", Compiled: true}
	inputs, want := b.given, b.answers
	arrays := map[string]tensor.Any{}
	for i, x := range inputs {
		arrays[fmt.Sprintf("input_%d", i)] = x
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
	layer.Each(b.model, func(l layer.Layer) {
		if l.Policy().Compute != tensor.Float32 && l.Policy().Compute.IsFloat() {
			tolerance = 0.1
		}
	})
	if problem := near(want, got, tolerance); problem != "" {
		return "Keras answers otherwise: " + problem
	}
	var text strings.Builder
	options := summaries.SummaryOptions{LineLength: 120, Columns: 200, ExpandNested: true, ShowTrainable: true}
	if err := summaries.Summary(&text, b.model, options); err != nil {
		return err.Error()
	}
	// Where a layer takes a mask by an argument, Keras makes nodes of what makes the mask, when the model is called.
	masks := strings.Contains(a.Summary, "(NotEqual)") && !strings.Contains(text.String(), "(NotEqual)")
	if x, y := plainText(text.String()), plainText(a.Summary); x != y && !masks {
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
		if s := unlike(l.Class().Name, layer.ConfigOf(x), layer.ConfigOf(l), l.Name()); s != "" {
			return s
		}
	}
	return ""
}

// unlike compares arguments and returns the path of the first that differs, "" for none. Keras rounds the factors of regularizers to
// float32, writes policies by their names or as records, and factors as ranges; which initializers stand in several places does not
// matter, nor do values that it fills in for null.
func unlike(class string, p, q any, path string) string {
	differs := fmt.Sprintf("%s is %s, Keras saved %s", path, pyjson.Marshal(p), pyjson.Marshal(q))
	switch x := p.(type) {
	case nil:
		switch path[strings.LastIndex(path, "/")+1:] {
		case "seed", "value_dim", "attention_axes", "renorm_clipping":
			return ""
		}
	case *pyjson.Object:
		if name, ok := q.(string); ok && x.Object("config").String("name") == name {
			return ""
		}
		y, ok := q.(*pyjson.Object)
		if !ok || x == nil || y == nil {
			break
		}
		if x.Object("config") != nil {
			class = x.String("class_name")
		}
		for _, k := range x.Keys() {
			if k == "build_config" || k == "shared_object_id" || forgotten[class+"."+k] {
				continue
			}
			if s := unlike(class, x.Get(k), y.Get(k), path+"/"+k); s != "" {
				return s
			}
		}
		return ""
	case string:
		if y, ok := q.(*pyjson.Object); ok && y.Object("config").String("name") == x {
			return ""
		}
	case pyjson.Number:
		if list, ok := q.([]any); ok && (len(list) == 2 || len(list) == 1) { // a range, or a single axis
			return unlike(class, p, list[len(list)-1], path)
		}
		if y, ok := q.(pyjson.Number); ok && (x.Float() == y.Float() || float32(x.Float()) == float32(y.Float())) {
			return ""
		}
	case []any:
		y, ok := q.([]any)
		if !ok || len(x) != len(y) {
			break
		}
		for i := range x {
			if s := unlike(class, x[i], y[i], fmt.Sprintf("%s/%d", path, i)); s != "" {
				return s
			}
		}
		return ""
	}
	if pyjson.Equal(p, q) {
		return ""
	}
	return differs
}

// forgotten are arguments that Keras does not keep.
var forgotten = map[string]bool{"RandomGrayscale.seed": true, "SimpleRNN.activity_regularizer": true, "SimpleRNN.seed": true}

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

// TestMadeInGoForOlderReleases writes models with structures of inputs and outputs for older releases, and has these load them:
// structures of one level are what they were, others are lists before 3.4, which the note says. HORN_KERAS is as for
// TestForOlderReleases.
func TestMadeInGoForOlderReleases(t *testing.T) {
	list := os.Getenv("HORN_KERAS")
	if list == "" {
		t.Skip("HORN_KERAS names no older releases of Keras")
	}
	python := pythonWithKeras(t)
	for _, release := range strings.Split(list, ",") {
		version, path, _ := strings.Cut(release, "=")
		t.Run(version, func(t *testing.T) {
			k := startKeras(python, "made.py", []string{"PYTHONPATH=" + path})
			defer func() { k.close() }()
			old := strings.HasPrefix(version, "3.0") || strings.HasPrefix(version, "3.3")
			for name, c := range structuredModels(t) {
				stem := filepath.Join(t.TempDir(), "m")
				note := ""
				err := kerasfile.Save(c.model, stem+".keras", kerasfile.WithKeras(version), kerasfile.WithSaveNotes(func(s string) { note += s }))
				if err != nil {
					t.Fatal(name, err)
				}
				if said := strings.Contains(note, "structure"); said != (old && c.nested) {
					t.Errorf("%s: the note is %q", name, note)
				}
				arrays := map[string]tensor.Any{}
				for i, x := range c.given {
					arrays[fmt.Sprintf("input_%d", i)] = x
				}
				f, err := os.Create(stem + ".npz")
				if err != nil {
					t.Fatal(err)
				}
				if err := npy.EncodeArchive(f, arrays); err != nil {
					t.Fatal(err)
				}
				f.Close()
				var a madeAnswer
				task := madeTask{Name: name, Model: stem + ".keras", Inputs: stem + ".npz", Again: stem + "_again.keras", Out: stem + "_out.npz"}
				if err := k.do(task, &a); err != nil || a.Problem != "" {
					t.Errorf("%s: %v %s", name, err, a.Problem)
					continue
				}
				if !c.nested && (!reflect.DeepEqual(a.Inputs, c.inputs) || !reflect.DeepEqual(a.Outputs, c.outputs)) {
					t.Errorf("%s: Keras has inputs %v and outputs %v, here they are %v and %v", name, a.Inputs, a.Outputs, c.inputs, c.outputs)
				}
				out, err := npy.OpenArchive(task.Out)
				if err != nil {
					t.Fatal(err)
				}
				got, err := out.Numbered("output_")
				if err != nil {
					t.Fatal(err)
				}
				if problem := near(c.answers, got, 1e-5); problem != "" {
					t.Errorf("%s: %s", name, problem)
				}
			}
		})
	}
}

type structured struct {
	madeModel
	nested bool
}

// structuredModels are models with two inputs and two outputs in structures.
func structuredModels(t *testing.T) map[string]structured {
	models := map[string]structured{}
	for name, arrange := range map[string]func(x, y *nn.KerasTensor) (tensors, structure any){
		"dict": func(x, y *nn.KerasTensor) (any, any) {
			return map[string]*nn.KerasTensor{"b": x, "a": y}, map[string]any{"a": nil, "b": nil}
		},
		"list": func(x, y *nn.KerasTensor) (any, any) { return []*nn.KerasTensor{x, y}, []any{nil, nil} },
		"nested": func(x, y *nn.KerasTensor) (any, any) {
			return map[string]any{"b": x, "a": []any{y}}, map[string]any{"a": []any{nil}, "b": nil}
		},
	} {
		x, y := nn.Input([]int{3}, nn.Args{"name": "x"}), nn.Input([]int{4}, nn.Args{"name": "y"})
		joined := layers.NewConcatenate().On([]*nn.KerasTensor{x, y})
		in, inputs := arrange(x, y)
		out, outputs := arrange(layers.NewDense(2).On(joined), layers.NewDense(5).On(joined))
		model, err := nn.NewModel(in, out)
		if err != nil {
			t.Fatal(err)
		}
		s := structured{madeModel{model: model, inputs: inputs, outputs: outputs}, name == "nested"}
		m := newMaker(1)
		for _, spec := range model.Inputs() {
			s.given = append(s.given, m.array(spec.Shape, spec.DType))
		}
		if s.answers, err = model.PredictAll(s.given...); err != nil {
			t.Fatal(err)
		}
		models[name] = s
	}
	return models
}
