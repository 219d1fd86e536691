package live

import (
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/hornml/horn/internal/golden"
	"github.com/hornml/horn/kerasfile"
	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/nn/layers"
	"github.com/hornml/horn/nn/ops"
	"github.com/hornml/horn/tensor"
	"github.com/hornml/horn/tensor/npy"
)

// TestSavedGoldens has Keras load all goldens and our copies of them and compare configs, variables, optimizers and
// answers; those that are compiled are trained one batch more. With -short every tenth is done;
// HORN_LIVE_ONLY is a part of the names of those to do.
func TestSavedGoldens(t *testing.T) {
	python := pythonWithKeras(t)
	tasks := copyGoldens(t)
	report(t, tasks, compareInKeras(t, python, tasks))
}

// TestSavedGoldensOnTorch is TestSavedGoldens on torch, from which most goldens are: it runs some operations that fail on
// JAX, and knows the optimizers by the names that they have in these files. HORN_TORCH_PYTHON names an interpreter that
// has Keras and torch.
func TestSavedGoldensOnTorch(t *testing.T) {
	python := os.Getenv("HORN_TORCH_PYTHON")
	if python == "" {
		t.Skip("HORN_TORCH_PYTHON names no interpreter that has Keras and torch")
	}
	tasks := copyGoldens(t)
	report(t, tasks, compareInKeras(t, python, tasks, "KERAS_BACKEND=torch"))
}

// TestSavedContainers is TestSavedGoldens for copies in the other forms that hold whole models; every thirtieth golden, or
// all of them if HORN_LIVE_ALL is set.
func TestSavedContainers(t *testing.T) {
	python := pythonWithKeras(t)
	var tasks []saveTask
	for i, task := range copyGoldens(t) {
		if os.Getenv("HORN_LIVE_ALL") == "" && i%30 != 0 {
			continue
		}
		m, err := kerasfile.Load(*task.Original)
		if err != nil {
			t.Fatal(err)
		}
		stem, name := strings.TrimSuffix(task.Copy, ".keras"), task.Name
		task.Copy, task.Name = stem+".dir", name+".dir"
		if err := kerasfile.Save(m, task.Copy+"/"); err != nil {
			t.Errorf("%s: %v", task.Name, err)
		}
		tasks = append(tasks, task)
		task.Copy, task.Name = stem+".h5", name+".h5"
		task.Compile, task.Train = false, false // Keras 3 does not restore optimizers from .h5 files
		switch err := kerasfile.Save(m, task.Copy); {
		case err == nil:
			tasks = append(tasks, task)
		case !strings.Contains(err.Error(), "kept in an .h5 file"):
			t.Errorf("%s: %v", task.Name, err)
		}
	}
	report(t, tasks, compareInKeras(t, python, tasks))
}

// copyGoldens saves copies of the goldens.
func copyGoldens(t *testing.T) []saveTask {
	t.Helper()
	root := "../testdata/goldens"
	if dir := os.Getenv("HORN_GOLDENS"); dir != "" {
		root = dir
	}
	cases, err := golden.Find(root)
	if err != nil {
		t.Fatal(err)
	}
	cases = released(cases)
	only := os.Getenv("HORN_LIVE_ONLY")
	dir := t.TempDir()
	var tasks []saveTask
	for i, c := range cases {
		if testing.Short() && i%10 != 0 || strings.HasSuffix(c.Name, "extras/custom") {
			continue
		}
		if only != "" && !strings.Contains(c.Name, only) {
			continue
		}
		m, err := kerasfile.Load(c.Model)
		if err != nil {
			t.Errorf("%s: %v", c.Name, err)
			continue
		}
		path := filepath.Join(dir, strings.ReplaceAll(c.Name, "/", "_")+".keras")
		if err := kerasfile.Save(m, path); err != nil {
			t.Errorf("%s: %v", c.Name, err)
			continue
		}
		compiled := m.CompileConfig() != nil
		tasks = append(tasks, saveTask{Name: c.Name, Original: &c.Model, Copy: path, Inputs: &c.Golden, Compile: compiled, Train: compiled})
	}
	return tasks
}

// report says what Keras found.
func report(t *testing.T, tasks []saveTask, results map[string]saveResult) {
	t.Helper()
	equal, repaired, compiled, ran, trained := 0, 0, 0, 0, 0
	for _, task := range tasks {
		r := results[task.Name]
		if task.Compile {
			compiled++
		}
		switch {
		case r.Problem != "":
			t.Errorf("%s: %s", task.Name, r.Problem)
			continue
		case r.Unloaded != "" && r.Outputs == nil:
			t.Logf("Keras loads neither %s nor its copy: %s", task.Name, r.Unloaded)
			continue
		case r.Unloaded != "" && r.Failed == "":
			t.Logf("Keras loads the copy of %s, but not the original: %s", task.Name, r.Unloaded)
			compareWithGolden(t, task, r)
			repaired++
			continue
		case r.Failed != "":
			t.Logf("%s and its copy do not run: %s", task.Name, r.Failed)
		default:
			ran++
		}
		if r.Untrained != "" {
			t.Logf("%s and its copy cannot be trained: %s", task.Name, r.Untrained)
		}
		if r.Trained {
			trained++
		}
		equal++
	}
	t.Logf("%d of %d copies are the same to Keras, %d of them ran; %d load of which the originals do not; "+
		"%d are compiled, %d of these trained",
		equal, len(tasks), ran, repaired, compiled, trained)
}

// goModels are models made in Go, with the inputs by which they are compared.
var goModels = map[string]func() (*nn.Model, error){
	"mlp": func() (*nn.Model, error) {
		return nn.NewSequential(nn.NewInputLayer([]int{6}), layers.NewDense(16, layer.Args{"activation": "relu"}), layers.NewDropout(0.3),
			layers.NewDense(3, layer.Args{"activation": "softmax"}))
	},
	"cnn": func() (*nn.Model, error) {
		return nn.NewSequential(nn.NewInputLayer([]int{12, 12, 3}), layers.NewConv2D(8, 3, layer.Args{"padding": "same", "activation": "relu"}),
			layers.NewBatchNormalization(), layers.NewMaxPooling2D(), layers.NewSeparableConv2D(6, []int{3, 3}), layers.NewFlatten(),
			layers.NewDense(2, layer.Args{"kernel_regularizer": "l2"}))
	},
	"lstm": func() (*nn.Model, error) {
		x := nn.Input([]int{-1, 6}, layer.Args{"name": "sequence"})
		y := layers.NewMasking().On(x)
		y = layers.NewBidirectional(layers.NewLSTM(5, layer.Args{"return_sequences": true})).On(y)
		return nn.NewModel(x, layers.NewDense(1, layer.Args{"activation": "sigmoid"}).On(layers.NewGRU(4).On(y)))
	},
	"transformer": func() (*nn.Model, error) {
		x := nn.Input([]int{7, 8})
		y := layers.NewMultiHeadAttention(2, 4).On(x, x)
		y = layers.NewLayerNormalization().On(layers.NewAdd().On([]*layer.KerasTensor{x, y}))
		z, err := ops.Apply("numpy", "Add", nil, y, layers.NewDense(8).On(layers.NewDense(16, layer.Args{"activation": "gelu"}).On(y)))
		if err != nil {
			return nil, err
		}
		return nn.NewModel(x, layers.NewDense(2).On(layers.NewGlobalAveragePooling1D().On(z)))
	},
	"branches": func() (*nn.Model, error) {
		a, b := nn.Input([]int{4}, layer.Args{"name": "a"}), nn.Input([]int{4}, layer.Args{"name": "b"})
		shared := layers.NewDense(5, layer.Args{"activation": "tanh"})
		h := nn.Input([]int{5})
		inner, err := nn.NewModel(h, layers.NewDense(3).On(layers.NewDense(6, layer.Args{"activation": "relu"}).On(h)))
		if err != nil {
			return nil, err
		}
		p, q := inner.On(shared.On(a)), inner.On(shared.On(b))
		return nn.NewModel([]*layer.KerasTensor{a, b}, []*layer.KerasTensor{p,
			layers.NewDense(2).On(layers.NewConcatenate().On([]*layer.KerasTensor{p, q}))})
	},
	"sequential in functional": func() (*nn.Model, error) {
		block, err := nn.NewSequential(nn.NewInputLayer([]int{6}), layers.NewDense(4), layers.NewReLU())
		if err != nil {
			return nil, err
		}
		x := nn.Input([]int{6})
		return nn.NewModel(x, layers.NewDense(2).On(block.On(x)))
	},
}

// TestModelsMadeInGo has Keras load models that were made in Go, in every form that holds whole models, and compares the
// answers.
func TestModelsMadeInGo(t *testing.T) {
	python := pythonWithKeras(t)
	dir := t.TempDir()
	var tasks []saveTask
	want := map[string][]tensor.Any{}
	for name, build := range goModels {
		m, err := build()
		if err != nil {
			t.Fatal(name, err)
		}
		arrays := map[string]tensor.Any{}
		var inputs []tensor.Any
		for i, s := range m.Inputs() {
			shape := []int{3}
			for _, d := range s.Shape[1:] {
				if d < 0 {
					d = 5
				}
				shape = append(shape, d)
			}
			x := tensor.New(shape...)
			for k := range x.Data() {
				x.Data()[k] = float32(math.Sin(float64(k)))
			}
			inputs = append(inputs, x)
			arrays["input_"+string(rune('0'+i))] = x
		}
		if want[name], err = m.PredictAll(inputs...); err != nil {
			t.Fatal(name, err)
		}
		golden := filepath.Join(dir, name+".npz")
		f, err := os.Create(golden)
		if err == nil {
			if err = npy.EncodeArchive(f, arrays); err == nil {
				err = f.Close()
			}
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, ending := range []string{".keras", ".h5", ".dir/"} {
			path := filepath.Join(dir, name) + ending
			if err := kerasfile.Save(m, path); err != nil {
				t.Fatal(name, err)
			}
			tasks = append(tasks, saveTask{Name: name + ending, Copy: strings.TrimSuffix(path, "/"), Inputs: &golden})
		}
	}
	results := compareInKeras(t, python, tasks)
	for _, task := range tasks {
		r := results[task.Name]
		if r.Problem+r.Failed != "" {
			t.Errorf("%s: %s", task.Name, r.Problem+r.Failed)
			continue
		}
		name, _, _ := strings.Cut(task.Name, ".")
		for i, w := range want[name] {
			var got []float64
			flatten(r.Outputs[i], &got)
			for k, v := range w.(*tensor.Tensor).Data() {
				if math.Abs(float64(v)-got[k]) > 1e-5 {
					t.Errorf("%s: output %d is %v here and %v in Keras", task.Name, i, w.(*tensor.Tensor).Data(), got)
					break
				}
			}
		}
	}
}

func flatten(v any, out *[]float64) {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			flatten(x, out)
		}
	case float64:
		*out = append(*out, v)
	case string: // not finite
		if x, err := strconv.ParseFloat(v, 64); err == nil {
			*out = append(*out, x)
		}
	}
}

// TestSharedLayers has Keras load copies of files that it wrote and cannot load.
func TestSharedLayers(t *testing.T) {
	python := pythonWithKeras(t)
	cases, err := golden.Find("../../kerasfile/testdata")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	var tasks []saveTask
	for _, c := range cases {
		m, err := kerasfile.Load(c.Model)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, c.Name+".keras")
		if err := kerasfile.Save(m, path); err != nil {
			t.Fatal(err)
		}
		golden := c.Golden
		tasks = append(tasks, saveTask{Name: c.Name, Copy: path, Inputs: &golden})
	}
	results := compareInKeras(t, python, tasks)
	for _, task := range tasks {
		if r := results[task.Name]; r.Problem+r.Failed != "" {
			t.Errorf("%s: %s", task.Name, r.Problem+r.Failed)
		} else {
			compareWithGolden(t, task, r)
		}
	}
}
