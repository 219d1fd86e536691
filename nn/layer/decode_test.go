package layer_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/hornml/horn/nn/layer"
)

func dense(name string) string {
	return fmt.Sprintf(`{"module": "keras.layers", "class_name": "Dense", "config": {"name": %q, "units": 3}, "registered_name": null}`, name)
}

// TestRecords reads records that are no layers, or none that can be used.
func TestRecords(t *testing.T) {
	for in, parts := range map[string][]string{
		`5`:                       {"/here: a layer is expected, not the number 5"},
		`{"class_name": "Dense"}`: {"a layer needs a class_name and a config"},
		`{"config": {}}`:          {"a layer needs a class_name and a config"},
		`{"module": "keras.layers", "class_name": "Dance", "config": {"name": "d"}}`: {`/here: keras.layers.Dance ` +
			`(layer "d")`, "custom object"},
		`{"module": "keras.layers", "class_name": "Lambda", "config": {"name": "l", "function": "x"}}`: {`(layer "l")`,
			"Python code, which is never run"},
		`{"module": "keras.src.ops.numpy", "class_name": "NoSuchOp", "config": {}}`: {"keras.src.ops.numpy.NoSuchOp",
			"not known here"},
		`{"module": 5, "class_name": "Dense", "config": {"units": 3}}`: {"/here/module",
			"the name of a module is expected for Dense"},
		`{"module": "keras.layers", "class_name": "Dense", "config": {"name": "d", "units": 3, "depth": 4}}`: {`/here/config/depth (layer "d")`,
			"unknown argument (depth)"},
	} {
		d := layer.Decoder{Registry: registry}
		if l := d.Layer(parse(t, in), "/here"); l != nil && !strings.Contains(in, "depth") {
			t.Errorf("%s: %v", in, l)
		}
		fails(t, in, d.Err(), parts...)
	}
	d := layer.Decoder{Registry: registry}
	if d.Err() != nil {
		t.Error("an error of nothing")
	}
}

// TestAutomaticNames numbers layers without names as Keras does.
func TestAutomaticNames(t *testing.T) {
	d := layer.Decoder{Registry: registry}
	var got []string
	for _, s := range []string{`{"class_name": "Dense", "config": {"units": 1}}`,
		`{"class_name": "Conv2D", "config": {"filters": 1, "kernel_size": 1}}`,
		`{"class_name": "Dense", "config": {"units": 1}}`, `{"class_name": "Dense", "config": {"name": "mine", "units": 1}}`,
		`{"class_name": "Dense", "config": {"units": 1}}`} {
		got = append(got, d.Layer(parse(t, s), "").Name())
	}
	if d.Err() != nil || fmt.Sprint(got) != "[dense conv2d dense_1 mine dense_2]" {
		t.Errorf("%v (%v)", got, d.Err())
	}
}

// TestSharedObjects gives one layer for one identity.
func TestSharedObjects(t *testing.T) {
	d := layer.Decoder{Registry: registry}
	shared := strings.Replace(dense("a"), `"module"`, `"shared_object_id": 17, "module"`, 1)
	a, b, c := d.Layer(parse(t, shared), ""), d.Layer(parse(t, shared), ""), d.Layer(parse(t, dense("a")), "")
	if a != b || a == c {
		t.Error("the identity is lost")
	}
}

// TestLimits bounds the number of objects and their nesting.
func TestLimits(t *testing.T) {
	d := layer.Decoder{Registry: registry, MaxObjects: 3}
	for range 5 {
		d.Layer(parse(t, dense("a")), "/x")
	}
	fails(t, "objects", d.Err(), "there are more than 3")
	var all layer.Errors
	if errors.As(d.Err(), &all); len(all) != 1 {
		t.Errorf("it is said %d times", len(all))
	}
	nested := dense("a")
	for range layer.MaxNesting {
		nested = `{"module": "keras.layers", "class_name": "TimeDistributed", "config": {"name": "t", "layer": ` + nested + `}}`
	}
	d = layer.Decoder{Registry: registry}
	d.Layer(parse(t, nested), "")
	fails(t, "nesting", d.Err(), "nested more than 64 deep")
}

// TestDecodedVariants reads a layer that a layer makes up itself.
func TestDecodedVariants(t *testing.T) {
	var made layer.Layer
	p := &probe{config: func(c *layer.Config) { made = c.Decode("inner", parse(t, dense("made"))) }}
	if err := read(t, p, `{}`); err != nil || made.Name() != "made" || layer.FileRecord(made) == nil {
		t.Errorf("%v (%v)", made, err)
	}
	p.config = func(c *layer.Config) { made = c.Decode("inner", parse(t, `{"class_name": "Dance", "config": {}}`)) }
	fails(t, "made up", read(t, p, `{}`), "/config/layers/3/config/inner")
	if made != nil {
		t.Errorf("%v", made)
	}
	// One that is written or constructed has no decoder of a file.
	p.config = func(c *layer.Config) { made = c.Decode("inner", parse(t, dense("made"))) }
	layer.ConfigOf(p)
	if made != nil {
		t.Errorf("%v", made)
	}
}

// TestErrors writes many problems as a message of bounded length.
func TestErrors(t *testing.T) {
	one := &layer.ConfigError{Path: "/a", Msg: "wrong"}
	if got := (layer.Errors{one}).Error(); got != "/a: wrong" {
		t.Error(got)
	}
	many := make(layer.Errors, 60)
	for i := range many {
		many[i] = one
	}
	many[59] = &layer.UnsupportedError{Path: "/b", Class: "X", Reason: "no"}
	s := many.Error()
	if !strings.HasPrefix(s, "60 problems:\n  /a: wrong\n") || !strings.HasSuffix(s, "\n  and 10 more") || strings.Count(s, "\n") != 51 {
		t.Error(s)
	}
	if !errors.Is(many, layer.ErrUnsupported) || errors.Is(many[:59], layer.ErrUnsupported) {
		t.Error("the last of the errors is not found")
	}
	unsupported := &layer.UnsupportedError{Path: "/b", Module: "keras.layers", Class: "X", Layer: "x", Reason: "no"}
	if got := unsupported.Error(); got != `/b: keras.layers.X (layer "x"): no` {
		t.Error(got)
	}
	internal := &layer.InternalError{Where: `layer "x"`, Err: one}
	if got := internal.Error(); got != `a fault of horn: layer "x": /a: wrong; please report it with the model's configuration` ||
		!errors.Is(internal, one) {
		t.Error(got)
	}
}
