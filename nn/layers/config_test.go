package layers_test

import (
	"encoding/json"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn/layer"
)

// kerasConfigs are records of layers as Keras 3.15.1 writes them: each class with its default arguments, some with others.
func kerasConfigs(t *testing.T) []*pyjson.Object {
	t.Helper()
	data, err := os.ReadFile("testdata/configs.json")
	if err != nil {
		t.Fatal(err)
	}
	v, err := pyjson.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	var out []*pyjson.Object
	for _, r := range v.([]any) {
		out = append(out, r.(*pyjson.Object))
	}
	return out
}

// TestConfigs reads every layer of Keras from its config and writes it: all arguments are known, and none is changed.
func TestConfigs(t *testing.T) {
	seen := map[string]bool{}
	for _, record := range kerasConfigs(t) {
		class := record.String("class_name")
		seen[class] = true
		t.Run(class, func(t *testing.T) {
			d := layer.Decoder{Registry: registry}
			l := d.Layer(record, "")
			if err := d.Err(); err != nil {
				t.Fatal(err)
			}
			want, got := plain(t, record.Object("config")), plain(t, layer.ConfigOf(l))
			for k, v := range want {
				if w, ok := got[k]; !ok || !reflect.DeepEqual(v, w) {
					t.Errorf("%s: Keras wrote %v, the layer writes %v", k, v, w)
				}
			}
			for k, v := range got {
				if _, ok := want[k]; !ok && leftOut[class] != k {
					t.Errorf("%s: the layer writes %v, Keras nothing", k, v)
				}
			}
		})
	}
	for _, c := range registry.Classes() {
		if c.Module == "keras.layers" && !seen[c.Name] {
			t.Errorf("testdata/configs.json has no %s", c.Name)
		}
	}
}

// TestConstructed makes every layer in Go with the arguments that Keras wrote, and compares with the layer that is read.
func TestConstructed(t *testing.T) {
	for _, record := range kerasConfigs(t) {
		class, config := record.String("class_name"), record.Object("config")
		args := layer.Args{}
		for _, k := range config.Keys() {
			args[k] = config.Get(k)
		}
		l, err := registry.New(class, args)
		if err != nil {
			t.Errorf("%s: %v", class, err)
			continue
		}
		d := layer.Decoder{Registry: registry}
		if want, got := layer.ConfigOf(d.Layer(record, "")), layer.ConfigOf(l); !pyjson.Equal(want, got) {
			t.Errorf("%s: made in Go it is %s, read it is %s", class, pyjson.Marshal(got), pyjson.Marshal(want))
		}
	}
}

// TestDefaults leaves out each argument in turn: a layer that is read and one that is made in Go have the same default for it, or say
// both that it is missing.
func TestDefaults(t *testing.T) {
	for _, record := range kerasConfigs(t) {
		class := record.String("class_name")
		for _, left := range record.Object("config").Keys() {
			if left == "name" { // which is made up in Go
				continue
			}
			record := pyjson.Clone(record).(*pyjson.Object)
			config := record.Object("config")
			config.Delete(left)
			args := layer.Args{}
			for _, k := range config.Keys() {
				args[k] = config.Get(k)
			}
			made, err := registry.New(class, args)
			d := layer.Decoder{Registry: registry}
			read := d.Layer(record, "")
			switch {
			case (err == nil) != (d.Err() == nil):
				t.Errorf("%s without %s: made in Go %v, read %v", class, left, err, d.Err())
			case err == nil:
				if want, got := layer.ConfigOf(read), layer.ConfigOf(made); !pyjson.Equal(want, got) {
					t.Errorf("%s without %s: made in Go it is %s, read it is %s", class, left, pyjson.Marshal(got), pyjson.Marshal(want))
				}
			}
		}
	}
}

// leftOut are arguments that a constructor takes and that get_config of Keras forgets.
var leftOut = map[string]string{"RNN": "activity_regularizer", "RandomGrayscale": "seed", "SimpleRNN": "seed"}

// TestUnknownArguments gives each layer an argument that it does not have. InputLayer takes anything, in Keras, too.
func TestUnknownArguments(t *testing.T) {
	for _, record := range kerasConfigs(t) {
		if record.String("class_name") == "InputLayer" {
			continue
		}
		record.Object("config").Set("no_such_argument", true)
		d := layer.Decoder{Registry: registry}
		d.Layer(record, "")
		if err := d.Err(); err == nil || !strings.Contains(err.Error(), "no_such_argument") || !strings.Contains(err.Error(), `"x"`) {
			t.Errorf("%s: %v, where the argument and the layer should be named", record.String("class_name"), err)
		}
	}
}

// TestWrongTypes gives each argument of each layer values of types that it cannot have: an object without meaning, and a
// list of strings. Arguments of any form are left out.
func TestWrongTypes(t *testing.T) {
	for _, record := range kerasConfigs(t) {
		class := record.String("class_name")
		config := record.Object("config")
		for _, key := range slices.Clone(config.Keys()) {
			if anyForm[key] && !(key == "vocabulary_size" && class != "TextVectorization") {
				continue
			}
			old := config.Get(key)
			config.Set(key, pyjson.NewObject("a", "b"))
			d := layer.Decoder{Registry: registry}
			d.Layer(record, "")
			if err := d.Err(); err == nil || !strings.Contains(err.Error(), key) {
				t.Errorf("%s: %s takes an object: %v", class, key, err)
			}
			config.Set(key, old)
		}
	}
}

// anyForm are arguments that mean nothing at inference.
var anyForm = map[string]bool{"name": true, "seed": true, "vocabulary_size": true}

// plain turns a config into Go values that can be compared.
func plain(t *testing.T, o *pyjson.Object) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal(pyjson.Marshal(o), &m); err != nil {
		t.Fatal(err)
	}
	return m
}
