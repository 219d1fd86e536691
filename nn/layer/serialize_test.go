package layer_test

import (
	"strings"
	"testing"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/nn/layers"
)

func marshal(v any) string { return string(pyjson.Marshal(v)) }

// TestRecordAsRead gives the record of a layer that nobody changed as the file has it, keys that mean nothing included.
func TestRecordAsRead(t *testing.T) {
	const in = `{"build_config": {"input_shape": [null, 4]}, "module": "keras.layers", "class_name": "Dense", "config": {"units": 3, ` +
		`"name": "d", "trainable": true, "dtype": "float32", "quantization_config": null}, "registered_name": null}`
	d := layer.Decoder{Registry: registry}
	l := d.Layer(parse(t, in), "")
	if d.Err() != nil {
		t.Fatal(d.Err())
	}
	if got := marshal(layer.Record(l)); got != in {
		t.Error(got)
	}
	if layer.Record(l) != layer.FileRecord(l) {
		t.Error("what did not change is not copied")
	}
}

// TestRecordOfChanges writes what was changed into a copy, and leaves the record alone from which the layer was read.
func TestRecordOfChanges(t *testing.T) {
	const in = `{"module": "keras.layers", "class_name": "TimeDistributed", "config": {"name": "t", "layer": {"module": "keras.layers", ` +
		`"class_name": "Dropout", "config": {"name": "d", "rate": 0.5}}}, "registered_name": null}`
	d := layer.Decoder{Registry: registry}
	l := d.Layer(parse(t, in), "")
	if d.Err() != nil {
		t.Fatal(d.Err())
	}
	outer := l.(*layers.TimeDistributed)
	outer.Layer.(*layers.Dropout).Rate = 0.25
	outer.SetTrainable(false)
	got := marshal(layer.Record(l))
	for _, part := range []string{`"rate": 0.25`, `"name": "d", "rate": 0.25, "trainable": false`, `"trainable": false`} {
		if !strings.Contains(got, part) {
			t.Errorf("%s is not in %s", part, got)
		}
	}
	if marshal(layer.FileRecord(l)) != in {
		t.Errorf("the record has changed: %s", marshal(layer.FileRecord(l)))
	}
	again := layer.Decoder{Registry: registry}
	copied := again.Layer(layer.Record(l), "")
	if again.Err() != nil || copied.Trainable() || copied.(*layers.TimeDistributed).Layer.(*layers.Dropout).Rate != 0.25 {
		t.Errorf("%v", again.Err())
	}
}

// TestFreshRecord writes the record of a layer that was made in Go, with the shape that it was built for.
func TestFreshRecord(t *testing.T) {
	l := layers.NewDense(2, layer.Args{"name": "d"})
	if record := layer.Record(l); record.Get("build_config") != nil || record.String("class_name") != "Dense" ||
		record.Get("registered_name") != nil {
		t.Error(marshal(record))
	}
	if _, _, err := run(l, nil, vector(1, 2, 3)); err == nil {
		t.Error("a Dense of a vector")
	}
	p := layers.Custom(&probe{build: func(c *layer.Call) { c.AddWeight("w", ones, []int{1}) }}, "shop>Scale", layer.Args{"name": "s"})
	if _, _, err := run(p, nil, vector(1, 2)); err != nil {
		t.Fatal(err)
	}
	layer.SetCalls(p, []any{[]int{-1, 2}}, nil, nil)
	if got, want := marshal(layer.Record(p)), `{"module": null, "class_name": "Scale", "config": {"name": "s", "trainable": true, `+
		`"dtype": {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "float32"}, "registered_name": null}}, `+
		`"registered_name": "shop>Scale", "build_config": {"input_shape": [null, 2]}}`; got != want {
		t.Errorf("%s, not %s", got, want)
	}
}
