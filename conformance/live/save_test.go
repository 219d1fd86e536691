package live

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hornml/horn/conformance"
	"github.com/hornml/horn/kerasfile"
	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/layers"
	"github.com/hornml/horn/tensor"
	"github.com/hornml/horn/tensor/npy"
)

// pythonWithKeras returns an interpreter that has Keras and a backend, or skips the test.
func pythonWithKeras(t *testing.T) string {
	t.Helper()
	python := os.Getenv("HORN_PYTHON")
	if python == "" {
		python = "python3"
	}
	if err := exec.Command(python, "-c", "import importlib.util as u; assert u.find_spec('keras') and (u.find_spec('jax') or u.find_spec('tensorflow') or u.find_spec('torch'))").Run(); err != nil {
		t.Skipf("%s has no Keras (HORN_PYTHON names another): %v", python, err)
	}
	return python
}

// saveTask is one comparison of save_compare.py.
type saveTask struct {
	Name     string  `json:"name"`
	Original *string `json:"original"`
	Copy     string  `json:"copy"`
	Inputs   *string `json:"inputs"`
	Compile  bool    `json:"compile"`
	Train    bool    `json:"train"`
}

type saveResult struct {
	Name    string
	Problem string
	Failed  string // where the copy loads and does not run: the kind of the error
	Outputs []any
}

func compareInKeras(t *testing.T, tasks []saveTask, env ...string) map[string]saveResult {
	t.Helper()
	python := pythonWithKeras(t)
	dir := t.TempDir()
	in, out := filepath.Join(dir, "tasks.json"), filepath.Join(dir, "results.json")
	data, err := json.Marshal(tasks)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(in, data, 0o600); err != nil {
		t.Fatal(err)
	}
	script, err := filepath.Abs("save_compare.py")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(python, "-B", script, in, out)
	cmd.Env = append(os.Environ(), env...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	if data, err = os.ReadFile(out); err != nil {
		t.Fatal(err)
	}
	var results []saveResult
	if err := json.Unmarshal(data, &results); err != nil {
		t.Fatal(err)
	}
	byName := map[string]saveResult{}
	for _, r := range results {
		byName[r.Name] = r
	}
	return byName
}

// TestSavedGoldens has Keras load goldens and our copies of them and compare config, variables, optimizer, answers. The
// compile state is loaded where the file names no optimizer that only one backend has; then both are trained one batch more.
func TestSavedGoldens(t *testing.T) {
	pythonWithKeras(t)
	root := "../testdata/goldens"
	if dir := os.Getenv("HORN_GOLDENS"); dir != "" {
		root = dir
	}
	cases, err := conformance.Find(root)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	var tasks []saveTask
	for i, c := range cases {
		if strings.HasSuffix(c.Name, "extras/custom") || strings.HasPrefix(c.Name, "keras2/") && c.Name != "keras2/lstm_3.1.0" {
			continue
		}
		if testing.Short() && i%10 != 0 {
			continue
		}
		m, err := kerasfile.Load(c.Model)
		if err != nil {
			t.Errorf("%s: %v", c.Name, err)
			continue
		}
		path := filepath.Join(dir, strings.ReplaceAll(c.Name, "/", "_")+".keras")
		f, err := os.Create(path)
		if err == nil {
			if err = kerasfile.Write(f, m); err == nil {
				err = f.Close()
			}
		}
		if err != nil {
			t.Errorf("%s: %v", c.Name, err)
			continue
		}
		data, err := os.ReadFile(c.Model)
		if err != nil {
			t.Fatal(err)
		}
		original, inputs := c.Model, c.Golden
		portable := m.Compile != nil && !bytes.Contains(data, []byte(".torch.optimizers."))
		tasks = append(tasks, saveTask{Name: c.Name, Original: &original, Copy: path, Inputs: &inputs, Compile: portable, Train: portable})
	}
	results := compareInKeras(t, tasks)
	loaded := 0
	for _, task := range tasks {
		r := results[task.Name]
		if r.Problem != "" {
			t.Errorf("%s: %s", task.Name, r.Problem)
		} else {
			loaded++
		}
	}
	t.Logf("%d of %d copies are the same to Keras", loaded, len(tasks))
}

// goModels are models made in Go, with the inputs by which they are compared.
var goModels = map[string]func() (*nn.Model, error){
	"mlp": func() (*nn.Model, error) {
		return nn.NewSequential(nn.NewInputLayer([]int{6}), layers.NewDense(16, nn.Args{"activation": "relu"}), layers.NewDropout(0.3),
			layers.NewDense(3, nn.Args{"activation": "softmax"}))
	},
	"cnn": func() (*nn.Model, error) {
		return nn.NewSequential(nn.NewInputLayer([]int{12, 12, 3}), layers.NewConv2D(8, 3, nn.Args{"padding": "same", "activation": "relu"}),
			layers.NewBatchNormalization(), layers.NewMaxPooling2D(), layers.NewSeparableConv2D(6, []int{3, 3}), layers.NewFlatten(),
			layers.NewDense(2, nn.Args{"kernel_regularizer": "l2"}))
	},
	"lstm": func() (*nn.Model, error) {
		x := nn.Input([]int{-1, 6}, nn.Args{"name": "sequence"})
		y := layers.NewMasking().On(x)
		y = layers.NewBidirectional(layers.NewLSTM(5, nn.Args{"return_sequences": true})).On(y)
		return nn.NewModel(x, layers.NewDense(1, nn.Args{"activation": "sigmoid"}).On(layers.NewGRU(4).On(y)))
	},
	"transformer": func() (*nn.Model, error) {
		x := nn.Input([]int{7, 8})
		y := layers.NewMultiHeadAttention(2, 4).On(x, x)
		y = layers.NewLayerNormalization().On(layers.NewAdd().On([]*nn.KerasTensor{x, y}))
		z, err := nn.ApplyOp("numpy", "Add", nil, y, layers.NewDense(8).On(layers.NewDense(16, nn.Args{"activation": "gelu"}).On(y)))
		if err != nil {
			return nil, err
		}
		return nn.NewModel(x, layers.NewDense(2).On(layers.NewGlobalAveragePooling1D().On(z)))
	},
	"branches": func() (*nn.Model, error) {
		a, b := nn.Input([]int{4}, nn.Args{"name": "a"}), nn.Input([]int{4}, nn.Args{"name": "b"})
		shared := layers.NewDense(5, nn.Args{"activation": "tanh"})
		h := nn.Input([]int{5})
		inner, err := nn.NewModel(h, layers.NewDense(3).On(layers.NewDense(6, nn.Args{"activation": "relu"}).On(h)))
		if err != nil {
			return nil, err
		}
		p, q := inner.On(shared.On(a)), inner.On(shared.On(b))
		return nn.NewModel([]*nn.KerasTensor{a, b}, []*nn.KerasTensor{p, layers.NewDense(2).On(layers.NewConcatenate().On([]*nn.KerasTensor{p, q}))})
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
	pythonWithKeras(t)
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
	results := compareInKeras(t, tasks)
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
	}
}

// TestSharedLayers has Keras load copies of files that it wrote and cannot load.
func TestSharedLayers(t *testing.T) {
	pythonWithKeras(t)
	cases, err := conformance.Find("../../kerasfile/testdata")
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
	results := compareInKeras(t, tasks)
	for _, task := range tasks {
		if r := results[task.Name]; r.Problem+r.Failed != "" {
			t.Errorf("%s: %s", task.Name, r.Problem+r.Failed)
		} else {
			compareWithGolden(t, task, r)
		}
	}
}
