package nn_test

import (
	"strings"
	"testing"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/nn/layers"
	"github.com/hornml/horn/tensor"
)

func sequential(t *testing.T, list ...nn.Layer) *nn.Model {
	t.Helper()
	m, err := nn.NewSequential(list...)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestSequentialBuiltByItsFirstCall makes Sequential models that do not know their input: they have the shape of what they were given
// first in their config, and take other shapes all the same.
func TestSequentialBuiltByItsFirstCall(t *testing.T) {
	m := sequential(t, layers.NewLSTM(3, nn.Args{"return_sequences": true}), layers.NewDense(2))
	if _, has := layer.Record(m).Lookup("build_config"); has || m.Inputs() != nil {
		t.Error("a model that was never called has a shape")
	}
	for _, length := range []int{5, 7} {
		y, err := m.Predict(tensor.New(2, length, 4))
		if err != nil || tensor.FormatShape(y.Shape()) != tensor.FormatShape([]int{2, length, 2}) {
			t.Errorf("%d steps: %v, %v", length, y, err)
		}
	}
	record := layer.Record(m)
	for what, got := range map[string]any{"build_config": record.Object("build_config").Get("input_shape"),
		"build_input_shape": record.Object("config").Get("build_input_shape")} {
		if s := string(pyjson.Marshal(got)); s != "[null, 5, 4]" {
			t.Errorf("the %s is %s", what, s)
		}
	}
	if in, out := m.Inputs(), m.Outputs(); len(in) != 1 || len(out) != 1 || tensor.FormatShape(out[0].Shape) != "(None, 5, 2)" {
		t.Errorf("it takes %v and gives %v", in, out)
	}
	m = sequential(t, layers.NewDense(2), layers.NewConv2D(2, 3))
	if _, err := m.Predict(tensor.New(2, 3)); err == nil {
		t.Error("a convolution of vectors was made")
	}
	if m.IsBuilt() {
		t.Error("a model that could not be built says it is")
	}
	// Inside of other models the first call counts.
	inner := sequential(t, layers.NewDense(5), layers.NewSoftmax())
	x := nn.Input([]int{4})
	if _, err := nn.NewModel(x, inner.On(x)); err != nil {
		t.Fatal(err)
	}
	if s := string(pyjson.Marshal(layer.Record(inner).Object("config").Get("build_input_shape"))); s != "[null, 4]" {
		t.Errorf("inside of a model the shape is %s", s)
	}
}

// TestInputShape gives the first layer of a Sequential the shape of its input, as Keras's older examples do.
func TestInputShape(t *testing.T) {
	for _, c := range []struct {
		first nn.Layer
		want  string
	}{
		{layers.NewDense(5, nn.Args{"input_shape": []int{3}}), "(None, 3)"},
		{layers.NewDense(5, nn.Args{"input_shape": 3}), "(None, 3)"},
		{layers.NewDense(5, nn.Args{"input_dim": 3}), "(None, 3)"},
		{layers.NewLSTM(5, nn.Args{"input_shape": []any{nil, 3}}), "(None, None, 3)"},
		{layers.NewLSTM(5, nn.Args{"input_shape": []int{-1, 3}}), "(None, None, 3)"},
		{layers.NewEmbedding(9, 2, nn.Args{"input_shape": []int{4}}), "(None, 4)"},
	} {
		m := sequential(t, c.first, layers.NewReLU())
		if in := m.Inputs(); len(in) != 1 || tensor.FormatShape(in[0].Shape) != c.want || in[0].Name != "input_layer" {
			t.Errorf("the input is %v, not %s", in, c.want)
		}
		if list := layer.Record(m).Object("config").List("layers"); len(list) != 3 {
			t.Errorf("%d layers are written", len(list))
		}
	}
	// In a file, too.
	d := &layer.Decoder{Registry: registry}
	record, err := pyjson.Parse([]byte(`{"module": "keras", "class_name": "Sequential", "registered_name": null, "config":
	  {"name": "s", "layers": [{"module": "keras.layers", "class_name": "Dense", "registered_name": null,
	  "config": {"name": "d", "units": 2, "input_shape": [3]}}]}}`))
	if err != nil {
		t.Fatal(err)
	}
	m, ok := d.Layer(record, "").(*nn.Model)
	if !ok || d.Err() != nil {
		t.Fatal(d.Err())
	}
	if err := m.Build(); err != nil || len(m.Inputs()) != 1 {
		t.Errorf("from a file: %v, %v", m.Inputs(), err)
	}
}

// TestLayerTwice calls one layer twice in a Sequential, as Keras does: its weights are there once.
func TestLayerTwice(t *testing.T) {
	dense := layers.NewDense(3)
	m := sequential(t, nn.NewInputLayer([]int{3}), dense, layers.NewReLU(), dense)
	if dense.Name() != "dense" || len(m.Variables()) != 2 || len(m.Layers()) != 4 {
		t.Errorf("the layer is %q, and there are %d variables and %d layers", dense.Name(), len(m.Variables()), len(m.Layers()))
	}
	ids := map[any]int{}
	for _, l := range layer.Record(m).Object("config").List("layers") {
		if id := l.(*pyjson.Object).Get("shared_object_id"); id != nil {
			ids[id]++
		}
	}
	for _, n := range ids {
		if n != 2 {
			t.Errorf("the identities of the records are %v", ids)
		}
	}
	if len(ids) != 1 {
		t.Errorf("the identities of the records are %v", ids)
	}
}

// TestWrongSequential demands a sentence for what cannot be a Sequential.
func TestWrongSequential(t *testing.T) {
	in := func() nn.Layer { return nn.NewInputLayer([]int{3}) }
	shaped := func() nn.Layer { return layers.NewDense(2, nn.Args{"input_shape": []int{3}}) }
	var none *layers.Dense
	for _, c := range []struct {
		list []nn.Layer
		want string
	}{
		{[]nn.Layer{in(), in()}, "has its input shape (None, 3)"},
		{[]nn.Layer{in(), layers.NewDense(2), in()}, "leave out the other one"},
		{[]nn.Layer{layers.NewDense(2), in()}, "comes first"},
		{[]nn.Layer{shaped(), in()}, "leave out the other one"},
		{[]nn.Layer{layers.NewDense(2), shaped()}, "leave it out"},
		{[]nn.Layer{nn.NewInputLayer([]int{4}), shaped()}, "leave it out"},
		{[]nn.Layer{in(), nil}, "argument 2 is nil"},
		{[]nn.Layer{none}, "argument 1 is a nil *layers.Dense"},
		{[]nn.Layer{new(layers.Dense)}, "make it with its constructor"},
		{[]nn.Layer{layers.NewDense(2, nn.Args{"name": "d"}), layers.NewDense(2, nn.Args{"name": "d"})}, `the name "d" is used by two layers`},
	} {
		if _, err := nn.NewSequential(c.list...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("the error is %v, not one with %q", err, c.want)
		}
	}
	if _, err := nn.NewSequential(in(), shaped()); err != nil {
		t.Errorf("the same shape twice: %v", err)
	}
}
