package layers_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/hornml/horn/internal/golden"
	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/kerasfile"
	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/nn/layers"
	"github.com/hornml/horn/tensor"
)

// stringCase is an entry of cases.json: what Keras's tests and documentation say about a text layer.
type stringCase struct {
	Layer          string
	Config         json.RawMessage
	Cite           string
	VocabularyFile *string `json:"vocabulary_file"`
	Adapt          json.RawMessage
	SetVocabulary  json.RawMessage `json:"set_vocabulary"`
	SetIDF         []float32       `json:"set_idf_weights"`
	Input          json.RawMessage
	Expected       json.RawMessage
	ExpectedShape  []int           `json:"expected_shape"`
	GetVocabulary  json.RawMessage `json:"get_vocabulary"`
}

// array turns JSON into a tensor; numbers are int64.
func array(t *testing.T, raw json.RawMessage) tensor.Any {
	t.Helper()
	v, err := pyjson.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	a, err := layer.ArrayOf(v, tensor.Invalid)
	if err != nil {
		t.Fatal(err)
	}
	if a.DType().IsInt() {
		if a, err = a.Convert(tensor.Int64); err != nil {
			t.Fatal(err)
		}
	}
	return a
}

// oneLayer makes a model of one layer for inputs like those given.
func oneLayer(class string, config json.RawMessage, setUp func(layer.Layer) error, inputs ...tensor.Any) (*nn.Model, error) {
	return oneLayerWith(nil, class, config, setUp, inputs...)
}

// oneLayerWith is oneLayer with Go forms of what is not Keras's.
func oneLayerWith(custom layer.CustomObjects, class string, config json.RawMessage, setUp func(layer.Layer) error,
	inputs ...tensor.Any) (*nn.Model, error) {
	dims := func(t tensor.Any) string {
		b, _ := json.Marshal(append([]int{}, t.Shape()...))
		return string(b)
	}
	settings := map[string]json.RawMessage{} // numbers keep all their digits
	if err := json.Unmarshal(config, &settings); err != nil {
		return nil, err
	}
	settings["name"] = json.RawMessage(`"layer"`)
	config, _ = json.Marshal(settings)
	records, args, ends := "", "", ""
	for i, x := range inputs {
		if i > 0 {
			args, ends = args+", ", ends+", "
		}
		records += fmt.Sprintf(`{"module": "keras.layers", "class_name": "InputLayer", "name": "x%d", "inbound_nodes": [],
			"config": {"name": "x%d", "batch_shape": %s, "dtype": %q}}, `, i, i, dims(x), x.DType())
		args += fmt.Sprintf(`{"class_name": "__keras_tensor__", "config": {"keras_history": ["x%d", 0, 0]}}`, i)
		ends += fmt.Sprintf(`["x%d", 0, 0]`, i)
	}
	if len(inputs) > 1 {
		args = "[" + args + "]"
	}
	record, err := pyjson.Parse([]byte(fmt.Sprintf(`{"module": "keras.src.models.functional", "class_name": "Functional",
		"config": {"name": "model",
		"layers": [%s {"module": "keras.layers", "class_name": %q, "config": %s, "name": "layer",
		"inbound_nodes": [{"args": [%s], "kwargs": {}}]}],
		"input_layers": [%s], "output_layers": [["layer", 0, 0]]}}`, records, class, config, args, ends)))
	if err != nil {
		return nil, err
	}
	d := &layer.Decoder{Registry: registry.With(custom)}
	l := d.Layer(record, "")
	if err := d.Err(); err != nil {
		return nil, err
	}
	m := l.(*nn.Model)
	if err := setUp(m.Layer("layer")); err != nil {
		return nil, err
	}
	return m, m.Build()
}

// same compares a result with what is expected, of which only the numbers count and not their type.
func same(got, want tensor.Any) error {
	if !slices.Equal(got.Shape(), want.Shape()) {
		return fmt.Errorf("the shape is %v, want %v: %v", got.Shape(), want.Shape(), got.Raw())
	}
	if g, ok := got.(*tensor.Of[string]); ok {
		if w, ok := want.(*tensor.Of[string]); !ok || !slices.Equal(g.Data(), w.Data()) {
			return fmt.Errorf("got %q, want %v", g.Data(), want.Raw())
		}
		return nil
	}
	a, b := make([]float64, got.Len()), make([]float64, want.Len())
	if err := got.Float64s(a); err != nil {
		return err
	}
	if err := want.Float64s(b); err != nil {
		return err
	}
	for i := range a {
		if math.Abs(a[i]-b[i]) > 1e-6 {
			return fmt.Errorf("got %v, want %v", a, b)
		}
	}
	return nil
}

// TestKerasStringCases runs what Keras's own tests and documentation state about text layers, compiled and interpreted.
func TestKerasStringCases(t *testing.T) {
	data, err := os.ReadFile("../../conformance/testdata/strings/cases.json")
	if err != nil {
		t.Fatal(err)
	}
	var table struct{ Cases []stringCase }
	if err := json.Unmarshal(data, &table); err != nil {
		t.Fatal(err)
	}
	if len(table.Cases) != 110 {
		t.Fatalf("%d cases", len(table.Cases))
	}
	for i, c := range table.Cases {
		t.Run(fmt.Sprintf("%d_%s", i, c.Layer), func(t *testing.T) {
			if err := runStringCase(t, c); err != nil {
				t.Errorf("%s %s (%s): %v", c.Layer, c.Config, c.Cite, err)
			}
		})
	}
}

func runStringCase(t *testing.T, c stringCase) error {
	var settings map[string]any
	if err := json.Unmarshal(c.Config, &settings); err != nil {
		return err
	}
	ragged := settings["ragged"] == true
	if ragged {
		delete(settings, "ragged")
		c.Config, _ = json.Marshal(settings)
	}
	var inputs []tensor.Any
	switch {
	case c.Input == nil:
		inputs = []tensor.Any{array(t, json.RawMessage(`[[1]]`))}
		if c.Layer != "IntegerLookup" {
			inputs = []tensor.Any{array(t, json.RawMessage(`[["x"]]`))}
		}
	case c.Layer == "HashedCrossing":
		var parts []json.RawMessage
		if err := json.Unmarshal(c.Input, &parts); err != nil {
			return err
		}
		for _, p := range parts {
			inputs = append(inputs, array(t, p))
		}
	default:
		inputs = []tensor.Any{array(t, c.Input)}
	}
	var inner layer.Layer
	m, err := oneLayer(c.Layer, c.Config, func(l layer.Layer) error {
		inner = l
		return setUpLookup(t, l, c)
	}, inputs...)
	if err != nil {
		return err
	}
	if c.GetVocabulary != nil {
		if err := same(vocabularyOf(inner), array(t, c.GetVocabulary)); err != nil {
			return fmt.Errorf("vocabulary: %w", err)
		}
	}
	if c.Input == nil {
		return nil
	}
	if ragged {
		return sameRows(inner.(*layers.TextVectorization), inputs[0].(*tensor.Of[string]).Data(), c.Expected)
	}
	for name, run := range map[string]golden.Runner{"compiled": golden.Compiled, "interpreted": golden.Interpreted} {
		outs, err := run(m, inputs)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if c.ExpectedShape != nil {
			if !slices.Equal(outs[0].Shape(), c.ExpectedShape) {
				return fmt.Errorf("%s: the shape is %v, want %v", name, outs[0].Shape(), c.ExpectedShape)
			}
			continue
		}
		if err := same(outs[0], array(t, c.Expected)); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func setUpLookup(t *testing.T, l layer.Layer, c stringCase) error {
	if c.VocabularyFile != nil {
		return l.(layer.AssetLoader).LoadAssets(func(name string) ([]byte, error) {
			if name != "vocabulary.txt" {
				return nil, fs.ErrNotExist
			}
			return []byte(*c.VocabularyFile), nil
		})
	}
	if c.Adapt != nil {
		data := array(t, c.Adapt)
		switch l := l.(type) {
		case *layers.StringLookup:
			return l.Adapt(data)
		case *layers.IntegerLookup:
			return l.Adapt(data)
		case *layers.TextVectorization:
			return l.Adapt(data.(*tensor.Of[string]).Data()...)
		}
	}
	if c.SetVocabulary != nil {
		data := array(t, c.SetVocabulary)
		switch l := l.(type) {
		case *layers.StringLookup:
			return l.SetVocabulary(data.(*tensor.Of[string]).Data(), c.SetIDF...)
		case *layers.IntegerLookup:
			return l.SetVocabulary(data.(*tensor.Of[int64]).Data(), c.SetIDF...)
		case *layers.TextVectorization:
			return l.SetVocabulary(data.(*tensor.Of[string]).Data(), c.SetIDF...)
		}
	}
	return nil
}

func vocabularyOf(l layer.Layer) tensor.Any {
	switch l := l.(type) {
	case *layers.StringLookup:
		return tensor.FromSlice(l.Vocabulary())
	case *layers.IntegerLookup:
		return tensor.FromSlice(l.Vocabulary())
	case *layers.TextVectorization:
		return tensor.FromSlice(l.Vocabulary())
	}
	return nil
}

// sameRows compares the rows of a ragged result, which Encode gives one by one.
func sameRows(l *layers.TextVectorization, texts []string, expected json.RawMessage) error {
	var want [][]int64
	if err := json.Unmarshal(expected, &want); err != nil {
		return err
	}
	for i, s := range texts {
		got, err := l.Encode(s)
		if err != nil {
			return err
		}
		if !slices.Equal(got, want[i]) {
			return fmt.Errorf("%q gives %v, want %v", s, got, want[i])
		}
	}
	return nil
}

// goldens is where the large test files are, if they are on this machine.
const goldens = "../../../shared/goldens"

// TestVocabularyFiles loads files whose vocabularies are in their assets.
func TestVocabularyFiles(t *testing.T) {
	dir := filepath.Join(goldens, "format", "vocab")
	data, err := os.ReadFile(filepath.Join(dir, "cases.json"))
	if err != nil {
		t.Skipf("the goldens are not on this machine: %v", err)
	}
	var cases []struct {
		File string
		X, Y json.RawMessage
	}
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		m, err := kerasfile.Load(filepath.Join(dir, c.File))
		if err != nil {
			t.Errorf("%s: %v", c.File, err)
			continue
		}
		for name, run := range map[string]golden.Runner{"compiled": golden.Compiled, "interpreted": golden.Interpreted} {
			outs, err := run(m, []tensor.Any{array(t, c.X)})
			if err == nil {
				err = same(outs[0], array(t, c.Y))
			}
			if err != nil {
				t.Errorf("%s, %s: %v", c.File, name, err)
			}
		}
	}
}
