package conformance

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hornml/horn/internal/golden"
	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/kerasfile"
	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
	"github.com/hornml/horn/tensor/npy"
)

const unknown = "testdata/unknown"

// openCase is what Keras says of a golden whose input lengths are unknown as far as Keras lets them: the files are made by
// tools/goldens/unknown_dims.py.
type openCase struct {
	Name        string            `json:"name"`
	BatchShapes [][]*int          `json:"batch_shapes"`
	Layers      map[string]string `json:"layers"`  // what summary() shows
	Outputs     [][]*int          `json:"outputs"` // shapes
	Inputs      [][]int           `json:"inputs"`  // shapes for which there are answers, if any
	Answers     [][]int           `json:"answers"` // their shapes
}

// otherwise names the cases in which the shape that Keras says is not that of what it computes.
var otherwise = map[string]string{
	"core/dense_activation_glu":        "Dense.compute_output_shape does not know that the activation halves the units",
	"attention/mha_axes_scores":        "MultiHeadAttention says that scores over several axes have one axis for all of them",
	"ops/cross":                        "Cross takes vectors of unknown length to have two elements, and says that the product is a number",
	"ops/determinants":                 "SlogDet.compute_output_spec says that the signs of many matrices are one number",
	"ops/size_and_ndim":                "Ndim.compute_output_spec says that the number of axes is a vector of that length",
	"rnn/bidirectional_backward_layer": "Bidirectional.compute_output_shape takes the backward layer to be as wide as the forward layer",
}

// TestUnknownLengths makes every input length of every golden unknown that Keras lets be unknown: the model loads, is
// summarised as Keras does, answers the golden's inputs as before, and others of another length as Keras does.
func TestUnknownLengths(t *testing.T) {
	files, err := filepath.Glob(unknown + "/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	models, answers := 0, 0
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var cases []openCase
		if err := json.Unmarshal(data, &cases); err != nil {
			t.Fatal(file, err)
		}
		a, err := npy.OpenArchive(strings.TrimSuffix(file, ".json") + ".npz")
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range cases {
			models++
			if c.Inputs != nil {
				answers++
			}
			t.Run(c.Name, func(t *testing.T) { c.check(t, a) })
		}
	}
	if models < 860 || answers < 720 {
		t.Errorf("%d models and answers of %d: there should be about 860 and 727", models, answers)
	}
}

func (c *openCase) check(t *testing.T, a *npy.Archive) {
	g := golden.Case{Name: c.Name, Model: goldens + "/" + c.Name + ".keras", Golden: goldens + "/" + c.Name + ".npz"}
	data := c.open(t, g.Model)
	m, err := kerasfile.Read(bytes.NewReader(data), int64(len(data)), kerasfile.WithCompile(false))
	if err != nil {
		t.Fatal(err)
	}
	if otherwise[c.Name] == "" {
		c.checkShapes(t, m)
	}
	file := filepath.Join(t.TempDir(), "X.keras")
	if err := os.WriteFile(file, data, 0o644); err != nil {
		t.Fatal(err)
	}
	g.Model = file
	if r := g.Run(golden.Compiled); r.Status != "pass" {
		t.Errorf("the golden's own inputs: %s %s", r.Status, r.Message)
	}
	if c.Inputs == nil {
		return
	}
	_, inputs, err := g.Load()
	if err != nil {
		t.Fatal(err)
	}
	for i, shape := range c.Inputs {
		inputs[i] = repeated(inputs[i], shape)
	}
	outputs, err := m.PredictAll(inputs...)
	if err != nil {
		t.Fatal(err)
	}
	for i, y := range outputs {
		if !slices.Equal(y.Shape(), c.Answers[i]) {
			t.Errorf("output %d has the shape %v, Keras's %v", i, y.Shape(), c.Answers[i])
			continue
		}
		want, err := a.Read(fmt.Sprintf("%s/%d", c.Name, i))
		if err != nil {
			t.Fatal(err)
		}
		if d := golden.Compare(thinned(y, want.Len()), want, nil, golden.HalfPolicy(m)); d.Problem != "" {
			t.Errorf("output %d for inputs %v: %s", i, c.Inputs, d.Problem)
		}
	}
}

func (c *openCase) checkShapes(t *testing.T, m *nn.Model) {
	if got, want := shapesText(m.Outputs()), keyText(c.Outputs); got != want {
		t.Errorf("the outputs are %s, Keras says %s", got, want)
	}
	for _, l := range m.Layers() {
		if want, ok := c.Layers[l.Name()]; ok && want != "?" {
			if got := shownShape(l); got != want {
				t.Errorf("the summary of %s says %s, Keras's %s", l.Name(), got, want)
			}
		}
	}
}

// open returns the model's file with other shapes of its inputs.
func (c *openCase) open(t *testing.T, path string) []byte {
	r, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, f := range r.File {
		src, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(src)
		if err != nil {
			t.Fatal(err)
		}
		if f.Name == "config.json" {
			data = c.edit(t, data)
		}
		dst, err := w.CreateHeader(&zip.FileHeader{Name: f.Name, Method: zip.Store})
		if err == nil {
			_, err = dst.Write(data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// edit puts the batch shapes into a config.
func (c *openCase) edit(t *testing.T, data []byte) []byte {
	v, err := pyjson.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	root := v.(*pyjson.Object)
	config := root.Object("config")
	shape := func(dims []*int) any {
		list := make([]int, len(dims))
		for i, d := range dims {
			list[i] = -1
			if d != nil {
				list[i] = *d
			}
		}
		return pyjson.NewShape(list)
	}
	ins := map[string]*pyjson.Object{}
	var order []string
	for _, l := range config.List("layers") {
		if o, ok := l.(*pyjson.Object); ok && o.String("class_name") == "InputLayer" {
			name := o.Object("config").String("name")
			ins[name] = o.Object("config")
			order = append(order, name)
		}
	}
	if root.String("class_name") == "Sequential" {
		if b := root.Object("build_config"); b != nil {
			b.Set("input_shape", shape(c.BatchShapes[0]))
		}
		order = order[:1]
	} else {
		order = ends(config.Get("input_layers"))
	}
	for i, name := range order {
		ins[name].Set("batch_shape", shape(c.BatchShapes[i]))
	}
	return pyjson.Marshal(root)
}

// ends returns the names in a nest of [name, call, output], in Keras's order.
func ends(v any) []string {
	switch v := v.(type) {
	case []any:
		if len(v) == 3 {
			if name, ok := v[0].(string); ok {
				return []string{name}
			}
		}
		var out []string
		for _, x := range v {
			out = append(out, ends(x)...)
		}
		return out
	case *pyjson.Object:
		var out []string
		for _, k := range slices.Sorted(slices.Values(v.Keys())) {
			out = append(out, ends(v.Get(k))...)
		}
		return out
	}
	return nil
}

// repeated is a tensor of another shape that holds the elements of t, repeated from the start along each axis that is longer.
func repeated(t tensor.Any, shape []int) tensor.Any {
	size, _ := tensor.SizeOf(shape)
	from, to := golden.Floats(t), make([]float64, size)
	for i := range to {
		rest, at, step := i, 0, 1
		for k := len(shape) - 1; k >= 0; k-- {
			have := t.Shape()[k]
			at += rest % shape[k] % have * step
			rest /= shape[k]
			step *= have
		}
		to[i] = from[at]
	}
	return converted(tensor.FromSlice(to).Reshape(shape...), t.DType())
}

// thinned takes elements of y at equal distances, as many as were kept of Keras's.
func thinned(y tensor.Any, n int) tensor.Any {
	const kept = 2000
	step := (y.Len() + kept - 1) / kept
	from := golden.Floats(y)
	var to []float64
	for i := 0; i < len(from) && step > 0; i += step {
		to = append(to, from[i])
	}
	return converted(tensor.FromSlice(to), y.DType())
}

// converted is a tensor of numbers in another type; small integers and floats of the same type came from it.
func converted(t tensor.Any, d tensor.DType) tensor.Any {
	out, err := t.Convert(d)
	if err != nil {
		panic(err) // numbers convert
	}
	return out
}

func keyText(shapes [][]*int) string {
	var parts []string
	for _, s := range shapes {
		dims := make([]int, len(s))
		for i, d := range s {
			dims[i] = -1
			if d != nil {
				dims[i] = *d
			}
		}
		parts = append(parts, tensor.FormatShape(dims))
	}
	return strings.Join(parts, " ")
}

func shapesText(specs []nn.Spec) string {
	var parts []string
	for _, s := range specs {
		parts = append(parts, tensor.FormatShape(s.Shape))
	}
	return strings.Join(parts, " ")
}

// shownShape is the output shape of a layer as Keras's summary shows it: that of its last call, a list for several outputs.
func shownShape(l layer.Layer) string {
	calls := layer.OutputShapes(l)
	if len(calls) == 0 {
		return "?"
	}
	return nestText(calls[len(calls)-1])
}

func nestText(v any) string {
	var parts []string
	switch v := v.(type) {
	case []int:
		return strings.Replace(tensor.FormatShape(v), ",)", ")", 1)
	case []any:
		for _, x := range v {
			parts = append(parts, nestText(x))
		}
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			parts = append(parts, nestText(v[k]))
		}
	}
	return strings.Join(parts, ", ")
}
