package layers_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/hornml/horn/internal/golden"
	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/kerasfile"
	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/nn/layers"
	"github.com/hornml/horn/tensor"
)

func nothing(layer.Layer) error { return nil }

// one makes a model of one layer and fails the test if that is not possible.
func one(t *testing.T, class, config string, setUp func(layer.Layer) error, inputs ...tensor.Any) *nn.Model {
	t.Helper()
	m, err := oneLayer(class, json.RawMessage(config), setUp, inputs...)
	if err != nil {
		t.Fatalf("%s %s: %v", class, config, err)
	}
	return m
}

func predict(t *testing.T, m *nn.Model, inputs ...tensor.Any) tensor.Any {
	t.Helper()
	outs, err := golden.Compiled(m, inputs)
	if err != nil {
		t.Fatal(err)
	}
	return outs[0]
}

// TestTextConfigErrors: options that are wrong, or that are not done, are named.
func TestTextConfigErrors(t *testing.T) {
	text := tensor.FromSlice([]string{"a"}, 1, 1)
	for _, c := range []struct{ class, config, want string }{
		{"StringLookup", `{"vocabulary": "/etc/passwd"}`, "never opened"},
		{"StringLookup", `{"vocabulary": ["a", 1]}`, "a token is expected"},
		{"StringLookup", `{"vocabulary": ["a", "a"]}`, "twice"},
		{"StringLookup", `{"vocabulary": []}`, "empty vocabulary"},
		{"StringLookup", `{"vocabulary": ["a", "b"], "max_tokens": 2}`, "max_tokens is 2"},
		{"StringLookup", `{"vocabulary": ["a", "m"], "mask_token": "m"}`, "special token \"m\""},
		{"StringLookup", `{"vocabulary": ["a", "[UNK]"], "invert": true}`, "special token \"[UNK]\""},
		{"StringLookup", `{"vocabulary": ["a"], "invert": true, "output_mode": "count"}`, "inverted"},
		{"StringLookup", `{"vocabulary": ["a"], "output_mode": "count", "sparse": true}`, "sparse=False"},
		{"StringLookup", `{"vocabulary": ["a"], "output_mode": "ragged"}`, "one of"},
		{"StringLookup", `{"vocabulary": ["a"], "output_mode": "tf_idf"}`, "needs a weight"},
		{"StringLookup", `{"vocabulary": ["a"], "num_oov_indices": -1}`, "0 or more"},
		{"StringLookup", `{"vocabulary": ["a"], "pad_to_max_tokens": true}`, "max_tokens"},
		{"StringLookup", `{"vocabulary": ["a"], "salt": [1, 2, 3]}`, "an integer, two of them"},
		{"StringLookup", `{"output_mode": "count"}`, "no vocabulary"},
		{"StringLookup", `{"vocabulary": ["a"], "colour": 1}`, "unknown argument"},
		{"IntegerLookup", `{"vocabulary": [1], "salt": 3}`, "farmhash"},
		{"IntegerLookup", `{"vocabulary": [1], "vocabulary_dtype": "int32"}`, "int64"},
		{"IntegerLookup", `{"vocabulary": [1]}`, "not strings"},
		{"TextVectorization", `{"vocabulary": ["a"], "ragged": true}`, "ragged=False"},
		{"TextVectorization", `{"vocabulary": ["a"], "output_mode": "one_hot"}`, "ragged"},
		{"TextVectorization", `{"vocabulary": ["a"], "standardize": {"module": "builtins", "class_name": "function", "config": "clean", ` +
			`"registered_name": "function"}}`, `custom object "clean"`},
		{"TextVectorization", `{"vocabulary": ["a"], "split": "by_comma"}`, `custom object "by_comma"`},
		{"TextVectorization", `{"vocabulary": ["a"], "ngrams": [0]}`, "widths"},
		{"TextVectorization", `{"vocabulary": ["a"], "output_mode": "count", "output_sequence_length": 3}`, "only for output_mode"},
		{"Hashing", `{"num_bins": 0}`, "positive"},
		{"Hashing", `{"num_bins": 3, "dtype": "float32"}`, "int32 or int64"},
		{"Hashing", `{"num_bins": 3, "mask_value": 1}`, "mask_value"},
		{"HashedCrossing", `{"num_bins": 3}`, "two or more inputs"},
		{"CategoryEncoding", `{"num_tokens": 3, "output_mode": "int"}`, "one of"},
		{"Discretization", `{"bin_boundaries": [1, 0]}`, "ascend"},
		{"Discretization", `{"num_bins": 3}`, "Adapt"},
		{"TFSMLayer", `{}`, "SavedModel"},
		{"TorchModuleWrapper", `{}`, "pickled"},
		{"JaxLayer", `{}`, "JAX"},
		{"FlaxLayer", `{}`, "Flax"},
	} {
		_, err := oneLayer(c.class, json.RawMessage(c.config), nothing, text)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %s: the error is %v; it should name %q", c.class, c.config, err, c.want)
		}
	}
}

// TestUnknownToken: num_oov_indices=0 leaves no place for it.
func TestUnknownToken(t *testing.T) {
	x := tensor.FromSlice([]string{"a", "zz"})
	m := one(t, "StringLookup", `{"vocabulary": ["a"], "num_oov_indices": 0}`, nothing, x)
	if _, err := m.PredictAll(x); err == nil || !strings.Contains(err.Error(), `"zz" is not in the vocabulary`) {
		t.Errorf("the error is %v", err)
	}
}

// TestNewVocabulary: it takes effect at once, and the size of vectors is fixed.
func TestNewVocabulary(t *testing.T) {
	x := tensor.FromSlice([]string{"a", "b"})
	m := one(t, "StringLookup", `{"vocabulary": ["a"]}`, nothing, x)
	l := m.Layer("layer").(*layers.StringLookup)
	if got := predict(t, m, x).(*tensor.Of[int64]).Data(); !slices.Equal(got, []int64{1, 0}) {
		t.Errorf("got %v", got)
	}
	if err := l.SetVocabulary([]string{"c", "b", "a"}); err != nil {
		t.Fatal(err)
	}
	if got := predict(t, m, x).(*tensor.Of[int64]).Data(); !slices.Equal(got, []int64{3, 2}) {
		t.Errorf("with another vocabulary: %v", got)
	}
	if err := l.Adapt(x); err == nil {
		t.Error("a layer with a fixed vocabulary adapted")
	}

	m = one(t, "StringLookup", `{"vocabulary": ["a"], "output_mode": "count"}`, nothing, x)
	if err := m.Layer("layer").(*layers.StringLookup).SetVocabulary([]string{"a", "b"}); err == nil ||
		!strings.Contains(err.Error(), "made for 2") {
		t.Errorf("a vocabulary of another size: %v", err)
	}
}

// TestSaveVocabulary: what was set after loading is in the saved file, in the config or in the assets.
func TestSaveVocabulary(t *testing.T) {
	texts := tensor.FromSlice([]string{"the cat", "a dog the"}, 2, 1)
	numbers := tensor.FromSlice([]float32{-3, 0.5, 7, 8}, 4)
	for _, c := range []struct {
		class, config string
		x             tensor.Any
		change        func(layer.Layer) error
	}{
		{"TextVectorization", `{"vocabulary": ["x", "y"]}`, texts, func(l layer.Layer) error {
			return l.(*layers.TextVectorization).SetVocabulary([]string{"dog", "cat", "the"})
		}},
		{"TextVectorization", `{"output_sequence_length": 3}`, texts, func(l layer.Layer) error {
			return l.(*layers.TextVectorization).Adapt("the dog", "the", "a")
		}},
		{"TextVectorization", `{"output_mode": "tf_idf", "vocabulary": ["x", "y"], "idf_weights": [1, 2]}`, texts,
			func(l layer.Layer) error {
				return l.(*layers.TextVectorization).SetVocabulary([]string{"the", "dog"}, 0.5, 3)
			}},
		{"TextVectorization", `{"output_mode": "tf_idf"}`, texts, func(l layer.Layer) error {
			return l.(*layers.TextVectorization).Adapt("the dog", "the cat", "a")
		}},
		{"StringLookup", `{"mask_token": ""}`, texts, func(l layer.Layer) error { return l.(*layers.StringLookup).Adapt(texts) }},
		{"Discretization", `{"num_bins": 2}`, numbers, func(l layer.Layer) error { return l.(*layers.Discretization).Adapt(numbers) }},
	} {
		fixed := strings.Contains(c.config, `"vocabulary"`)
		m := one(t, c.class, c.config, func(l layer.Layer) error {
			if fixed {
				return nil
			}
			return c.change(l)
		}, c.x)
		if fixed {
			if err := c.change(m.Layer("layer")); err != nil {
				t.Errorf("%s %s: %v", c.class, c.config, err)
				continue
			}
		}
		want := predict(t, m, c.x)
		var file bytes.Buffer
		if err := kerasfile.Write(&file, m); err != nil {
			t.Errorf("%s %s: %v", c.class, c.config, err)
			continue
		}
		again, err := kerasfile.Read(bytes.NewReader(file.Bytes()), int64(file.Len()))
		if err != nil {
			t.Errorf("%s %s: %v", c.class, c.config, err)
			continue
		}
		if err := same(predict(t, again, c.x), want); err != nil {
			t.Errorf("%s %s, saved and loaded: %v", c.class, c.config, err)
		}
	}
}

// TestVocabularyFileForms: Windows writes CR LF and its own code page; an empty first line may be lost.
func TestVocabularyFileForms(t *testing.T) {
	x := tensor.FromSlice([]string{"", "café", "naïve", "zz"})
	for _, file := range []string{
		"\n[UNK]\ncafé\nnaïve",
		"\r\n[UNK]\r\ncafé\r\nnaïve\r\n\r\n",
		"\n[UNK]\ncaf\xe9\nna\xefve",
		"[UNK]\ncafé\nnaïve",
		"café\nnaïve",
		"\n[UNK]\u2028café\x0bnaïve",
	} {
		m := one(t, "StringLookup", `{"mask_token": ""}`, func(l layer.Layer) error {
			return l.(layer.AssetLoader).LoadAssets(func(name string) ([]byte, error) { return []byte(file), nil })
		}, x)
		if got := predict(t, m, x).(*tensor.Of[int64]).Data(); !slices.Equal(got, []int64{0, 2, 3, 1}) {
			t.Errorf("%q: %v", file, got)
		}
	}
	_, err := oneLayer("IntegerLookup", json.RawMessage(`{}`), func(l layer.Layer) error {
		return l.(layer.AssetLoader).LoadAssets(func(name string) ([]byte, error) { return []byte("-1\nseven"), nil })
	}, tensor.FromSlice([]int64{1}))
	if err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("a word in a vocabulary of integers: %v", err)
	}
	_, err = oneLayer("IntegerLookup", json.RawMessage(`{}`), func(l layer.Layer) error {
		return l.(layer.AssetLoader).LoadAssets(func(name string) ([]byte, error) { return nil, fs.ErrNotExist })
	}, tensor.FromSlice([]int64{1}))
	if err != nil {
		t.Errorf("a vocabulary that comes later: %v", err)
	}
	// A token with a line end does not survive such a file.
	m := one(t, "StringLookup", `{}`, func(l layer.Layer) error { return l.(*layers.StringLookup).SetVocabulary([]string{"a\nb"}) }, x)
	if err := kerasfile.Write(new(bytes.Buffer), m); err == nil || !strings.Contains(err.Error(), "line end") {
		t.Errorf("saving a token with a line end: %v", err)
	}
}

// TestExactIntegers: every int64 is itself.
func TestExactIntegers(t *testing.T) {
	all := []int64{math.MinInt64, math.MinInt64 + 1, -1 << 53, 1<<53 + 1, math.MaxInt64 - 1, math.MaxInt64}
	x := tensor.FromSlice(append(slices.Clone(all), math.MaxInt64-2))
	m := one(t, "IntegerLookup", `{"vocabulary": [-9223372036854775808, -9223372036854775807, -9007199254740992, 9007199254740993, `+
		`9223372036854775806, 9223372036854775807]}`, nothing, x)
	ids := predict(t, m, x).(*tensor.Of[int64])
	if !slices.Equal(ids.Data(), []int64{1, 2, 3, 4, 5, 6, 0}) {
		t.Errorf("ids %v", ids.Data())
	}
	back := one(t, "IntegerLookup", `{"invert": true, "vocabulary": [-9223372036854775808, -9223372036854775807, -9007199254740992, `+
		`9007199254740993, 9223372036854775806, 9223372036854775807]}`, nothing, ids)
	if got := predict(t, back, ids).(*tensor.Of[int64]).Data(); !slices.Equal(got, append(all, -1)) {
		t.Errorf("back %v", got)
	}
}

// TestTextLength: without output_sequence_length the longest text of a batch decides, from call to call.
func TestTextLength(t *testing.T) {
	shape := tensor.FromSlice([]string{"", ""}, 2, 1)
	m := one(t, "TextVectorization", `{"vocabulary": ["a", "b"]}`, nothing, shape)
	if got := m.Outputs()[0].Shape; !slices.Equal(got, []int{2, -1}) {
		t.Errorf("the output's shape is %v", got)
	}
	for _, c := range []struct {
		texts []string
		want  []int64
		width int
	}{
		{[]string{"a b a", "b"}, []int64{2, 3, 2, 3, 0, 0}, 3},
		{[]string{"a", "c"}, []int64{2, 1}, 1},
		{[]string{"", " !"}, nil, 0},
		{[]string{"b b", "a b"}, []int64{3, 3, 2, 3}, 2},
		{[]string{"b a", ""}, []int64{3, 2, 0, 0}, 2},
	} {
		got := predict(t, m, tensor.FromSlice(c.texts, 2, 1))
		if !slices.Equal(got.Shape(), []int{2, c.width}) || !slices.Equal(got.(*tensor.Of[int64]).Data(), c.want) {
			t.Errorf("%q: %v %v", c.texts, got.Shape(), got.(*tensor.Of[int64]).Data())
		}
	}
}

// TestCustomStandardize: Go forms of Python functions.
func TestCustomStandardize(t *testing.T) {
	x := tensor.FromSlice([]string{"A,B", "b,,c"}, 2)
	config := `{"vocabulary": ["a", "b"], "standardize": {"module": "builtins", "class_name": "function", "config": "clean", ` +
		`"registered_name": "pkg>clean"}, "split": "by_comma"}`
	custom := layer.CustomObjects{
		"pkg>clean": strings.ToLower,
		"by_comma":  func(s string) []string { return strings.Split(s, ",") },
	}
	m, err := oneLayerWith(custom, "TextVectorization", json.RawMessage(config), nothing, x)
	if err != nil {
		t.Fatal(err)
	}
	if got := predict(t, m, x).(*tensor.Of[int64]).Data(); !slices.Equal(got, []int64{2, 3, 0, 3, 0, 1}) {
		t.Errorf("got %v", got)
	}
	var unsupported *layer.UnsupportedError
	if _, err := oneLayer("TextVectorization", json.RawMessage(config), nothing, x); !errors.As(err, &unsupported) {
		t.Errorf("without the Go forms: %v", err)
	}
}

// TestImageCasts: layers that leave images alone differ in whether they cast them.
func TestImageCasts(t *testing.T) {
	x := tensor.FromSlice([]uint8{1, 2, 3, 4, 5, 6}, 1, 1, 2, 3)
	for class, want := range map[string]tensor.DType{"RandomFlip": tensor.Float32, "RandAugment": tensor.Float32, "MixUp": tensor.Uint8,
		"RandomInvert": tensor.Uint8, "Equalization": tensor.Uint8} {
		m := one(t, class, `{}`, nothing, x)
		if y := predict(t, m, x); y.DType() != want {
			t.Errorf("%s gives %s, want %s", class, y.DType(), want)
		}
	}
	for _, c := range []struct{ class, config, want string }{
		{"RandomFlip", `{"mode": "diagonal"}`, "mode"},
		{"RandomRotation", `{}`, "missing"},
		{"RandomRotation", `{"factor": "much"}`, "a number or two numbers"},
		{"RandomZoom", `{"height_factor": 0.1, "colour": 1}`, "unknown argument"},
		{"Resizing", `{"height": 0, "width": 1}`, "positive"},
		{"Resizing", `{"height": 2, "width": 1, "fill_mode": "reflect"}`, "constant"},
		{"ContrastLimitedAdaptiveHistogramEqualization", `{"value_range": [1]}`, "two numbers"},
	} {
		if _, err := oneLayer(c.class, json.RawMessage(c.config), nothing, x); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %s: the error is %v; it should name %q", c.class, c.config, err, c.want)
		}
	}
}

// TestWeightsWithoutVocabulary keeps weights that a file has for no tokens, as Keras does, and can write the layer.
func TestWeightsWithoutVocabulary(t *testing.T) {
	for _, class := range []string{"TextVectorization", "StringLookup", "IntegerLookup"} {
		l, err := layers.New(class, layer.Args{"output_mode": "tf_idf", "idf_weights": []float64{0.5, 0.25}, "name": "x"})
		if err != nil {
			t.Fatal(err)
		}
		config := layer.ConfigOf(l)
		if got := string(pyjson.Marshal(config.Get("idf_weights"))); got != "[0.5, 0.25]" || config.Get("vocabulary") != nil {
			t.Errorf("%s: weights %s of %v", class, got, config.Get("vocabulary"))
		}
	}
}
