package kerasfile_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hornml/horn/kerasfile"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

// shift is a layer of the caller's own.
type shift struct {
	layer.Base
	By float64
}

func (l *shift) Config(c *layer.Config) { c.Float("by", &l.By, 1) }
func (l *shift) Call(c *layer.Call) any { return c.AddS(c.X(), l.By) }
func newShift() *shift                  { return new(shift) }

// customModel is the architecture of a model of one layer, given by the rest of its record, which a writer of its own registered.
func customModel(record string) []byte {
	return []byte(`{"module": "keras", "class_name": "Sequential", "registered_name": null, "config": {"name": "s", "layers": [
	  {"module": "keras.layers", "class_name": "InputLayer", "registered_name": null, "config": {"batch_shape": [null, 2], "dtype": "float32",
	  "name": "x"}}, {` + record + `}]}}`)
}

const (
	shiftRecord = `"module": "acme.layers", "class_name": "Shift", "registered_name": "acme>Shift", "config":
	  {"name": "shift", "trainable": true, "dtype": "float32", "by": 2}`
	lambdaRecord = `"module": "keras.layers", "class_name": "Lambda", "registered_name": null, "config":
	  {"name": "half", "trainable": true, "dtype": "float32",
	  "function": {"class_name": "__lambda__", "config": {"code": "4wAA", "defaults": null, "closure": null}},
	  "arguments": {}}`
	functionRecord = `"module": "keras.layers", "class_name": "Lambda", "registered_name": null, "config":
	  {"name": "half", "trainable": true, "dtype": "float32",
	  "function": {"module": "builtins", "class_name": "function", "config": "acme>half", "registered_name": "function"},
	  "arguments": {}}`
	activationRecord = `"module": "keras.layers", "class_name": "Activation", "registered_name": null, "config":
	  {"name": "a", "trainable": true, "dtype": "float32",
	  "activation": {"module": "builtins", "class_name": "function", "config": "acme>half", "registered_name": "function"}}`
	initializerRecord = `"module": "keras.layers", "class_name": "Dense", "registered_name": null, "config":
	  {"name": "d", "trainable": true, "dtype": "float32", "units": 2,
	  "kernel_initializer": {"module": "acme", "class_name": "Init", "config": {}, "registered_name": "acme>Init"}}`
)

// TestCustomForms gives custom objects in every form that is taken.
func TestCustomForms(t *testing.T) {
	type maker func() layer.Layer
	half := func(c *layer.Call, x *graph.Value) *graph.Value { return c.MulS(x, 0.5) }
	for _, c := range []struct {
		record, name string
		form         any
		want         float32 // of 3
	}{
		{shiftRecord, "acme>Shift", func() layer.Layer { return new(shift) }, 5},
		{shiftRecord, "Shift", newShift, 5},
		{shiftRecord, "acme>Shift", maker(func() layer.Layer { return newShift() }), 5},
		{lambdaRecord, "Lambda:half", half, 1.5},
		{lambdaRecord, "Lambda:half", func(b *graph.Builder, x *graph.Value) *graph.Value { return b.MulS(x, 0.5) }, 1.5},
		{lambdaRecord, "Lambda:half", func(c *layer.Call) any { return c.MulS(c.X(), 0.5) }, 1.5},
		{functionRecord, "acme>half", half, 1.5},
		{functionRecord, "Lambda:half", half, 1.5},
		{activationRecord, "acme>half", func(b *graph.Builder, x *graph.Value) *graph.Value { return b.MulS(x, 0.5) }, 1.5},
	} {
		t.Run(fmt.Sprintf("%s as %T", c.name, c.form), func(t *testing.T) {
			m, err := kerasfile.FromJSON(customModel(c.record), kerasfile.WithCustomObjects(layer.CustomObjects{c.name: c.form}))
			if err != nil {
				t.Fatal(err)
			}
			y, err := m.Predict(tensor.FromSlice([]float32{3, 3}, 1, 2))
			if err != nil || y.At(0, 0) != c.want {
				t.Errorf("%v, %v", y, err)
			}
		})
	}
}

// TestWrongCustomObjects demands a sentence for every custom object with which nothing can be done, and the name to give it under
// where one is missing.
func TestWrongCustomObjects(t *testing.T) {
	once := new(shift)
	twice := shiftRecord + `}, {` + strings.Replace(shiftRecord, `"name": "shift"`, `"name": "again"`, 1)
	for _, c := range []struct {
		record string
		custom layer.CustomObjects
		want   string
	}{
		{shiftRecord, nil, `give its Go form, a func() layer.Layer, as the custom object "acme>Shift"`},
		{shiftRecord, layer.CustomObjects{"acme>Shifts": newShift}, `the one that was given is called "acme>Shifts"`},
		{shiftRecord, layer.CustomObjects{"acme>Shift": nil}, `the custom object "acme>Shift" is nil: a func() layer.Layer for a layer, `},
		{shiftRecord, layer.CustomObjects{"acme>Shift": shift{}}, "func() layer.Layer { return new(kerasfile_test.shift) }"},
		{shiftRecord, layer.CustomObjects{"acme>Shift": &shift{}}, "is a *kerasfile_test.shift; what makes a new one is expected"},
		{shiftRecord, layer.CustomObjects{"acme>Shift": 3}, "is a int"},
		{shiftRecord, layer.CustomObjects{"acme>Shift": func() int { return 3 }}, "is a func() int"},
		{shiftRecord, layer.CustomObjects{"acme>Shift": (func() layer.Layer)(nil)}, "is a nil func() layer.Layer"},
		{shiftRecord, layer.CustomObjects{"acme>Shift": func() layer.Layer { return nil }}, `the custom object "acme>Shift" returned nil`},
		{twice, layer.CustomObjects{"acme>Shift": func() layer.Layer { return once }}, "each call has to make a new one"},
		{shiftRecord, layer.CustomObjects{"acme>Shift": func(b *graph.Builder, x *graph.Value) *graph.Value { return x }},
			"for a layer a func() layer.Layer is expected"},
		{shiftRecord, layer.CustomObjects{"other": struct{}{}, "acme>Shift": newShift}, `the custom object "other" is a struct {}`},
		{lambdaRecord, nil, `give its Go form, a func(*layer.Call, *graph.Value) *graph.Value, as the custom object "Lambda:half"`},
		{lambdaRecord, layer.CustomObjects{"Lambda:half": func(s string) string { return s }}, "for a Lambda layer a func(*layer.Call"},
		{activationRecord, nil, `as the custom object "acme>half"`},
		{activationRecord, layer.CustomObjects{"acme>half": newShift}, `as the custom object "acme>half"`},
		{initializerRecord, nil, `give its Go form, a func() layer.Configurable, as the custom object "acme>Init"`},
		{initializerRecord, layer.CustomObjects{"acme>Init": newShift}, "for one of keras.initializers a func() layer.Configurable is expected"},
	} {
		_, err := kerasfile.FromJSON(customModel(c.record), kerasfile.WithCustomObjects(c.custom))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: the error is %v, not one with %q", c.custom, err, c.want)
		}
	}
	_, err := kerasfile.FromJSON(customModel(shiftRecord))
	if !errors.Is(err, layer.ErrUnsupported) {
		t.Errorf("%v is no ErrUnsupported", err)
	}
}

// TestInspectNamesCustomObjects looks into the file of a model with a layer of its writer's own.
func TestInspectNamesCustomObjects(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "model")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	m, err := kerasfile.FromJSON(customModel(shiftRecord), kerasfile.WithCustomObjects(layer.CustomObjects{"acme>Shift": newShift}))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "m.keras")
	if err := kerasfile.Save(m, path); err != nil {
		t.Fatal(err)
	}
	info, err := kerasfile.Inspect(path)
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, u := range info.Classes {
		found = found || u.Class == "Shift" && !u.Supported && strings.Contains(strings.Join(u.Reasons, ""), `"acme>Shift"`)
	}
	if !found || !strings.Contains(strings.Join(info.Problems, ""), `"acme>Shift"`) {
		t.Errorf("%+v, %q", info.Classes, info.Problems)
	}
}
