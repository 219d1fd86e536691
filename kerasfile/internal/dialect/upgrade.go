package dialect

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hornml/horn/internal/pyjson"
)

// Upgrade brings the config of a whole model, in place, into the form that Keras 3 writes and reads. Configs that Keras 3
// reads as they are stay untouched, so that saving a model gives its config back. What was changed is told in words, each
// kind of change once.
func Upgrade(root *pyjson.Object, from Origin, names Names) []string {
	u := &upgrader{Origin: from, names: names, told: map[string]bool{}}
	if from.Keras2() || from.Legacy {
		u.layer(root, 0)
	} else {
		u.recent(root, 0)
	}
	u.compile(root)
	return u.notes
}

type upgrader struct {
	Origin
	names Names
	notes []string
	told  map[string]bool
}

func (u *upgrader) note(format string, args ...any) {
	s := fmt.Sprintf(format, args...)
	if !u.told[s] {
		u.told[s] = true
		u.notes = append(u.notes, s)
	}
}

// recent repairs what releases of Keras 3 wrote and later ones do not read.
func (u *upgrader) recent(v any, depth int) {
	if depth > pyjson.MaxDepth {
		return
	}
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			u.recent(x, depth+1)
		}
	case *pyjson.Object:
		if config := v.Object("config"); config != nil {
			class := v.String("class_name")
			if repair := historyOf(v.String("module"), class).keras3; repair != nil {
				repair(u, class, config)
			}
		}
		for _, k := range v.Keys() {
			u.recent(v.Get(k), depth+1)
		}
	}
}

func (u *upgrader) drop(class string, config *pyjson.Object, keys ...string) {
	for _, k := range keys {
		if _, ok := config.Lookup(k); ok {
			config.Delete(k)
			u.note("%s: the argument %s is dropped", class, k)
		}
	}
}

// layer upgrades the record of a layer, a model or an op.
func (u *upgrader) layer(record *pyjson.Object, depth int) {
	if u.Release.Major() >= 3 && record.String("module") != "" {
		u.recent(record, depth)
		return
	}
	config := record.Object("config")
	if config == nil || depth > pyjson.MaxDepth {
		if list := record.List("config"); list != nil && record.String("class_name") == "Sequential" { // Keras 1
			config = pyjson.NewObject("name", "sequential", "layers", list)
			record.Set("config", config)
		} else {
			return
		}
	}
	u.class(record, config)
	class := record.String("class_name")
	plain(config, depth)
	if u.Release.Major() == 1 {
		keras1Arguments(class, config)
	}
	u.policy(config)
	if class == "Sequential" {
		u.sequential(config)
	}
	for _, k := range config.Keys() {
		u.argument(k, config, depth)
	}
	if class == "Functional" {
		u.functional(config)
	}
	if repair := historyOf(record.String("module"), class).keras2; repair != nil {
		repair(u, class, config)
	}
	if class != "InputLayer" {
		u.drop(class, config, "batch_input_shape")
	}
}

// renamed are classes that go by another name today, or that today's class does the work of.
var renamed = map[string]string{
	"Model":                  "Functional",
	"CuDNNLSTM":              "LSTM",
	"CuDNNGRU":               "GRU",
	"SyncBatchNormalization": "BatchNormalization",
	"BatchNormalizationV1":   "BatchNormalization",
	"BatchNormalizationV2":   "BatchNormalization",
	"LSTMV2":                 "LSTM",
	"GRUV2":                  "GRU",
}

// class gives a record the module and the class name of Keras 3.
func (u *upgrader) class(record, config *pyjson.Object) {
	class := record.String("class_name")
	module := record.String("module")
	if i := strings.LastIndex(class, ">"); i >= 0 && record.String("registered_name") == "" {
		record.Set("registered_name", class)
		record.Set("class_name", class[i+1:])
		return
	}
	if record.String("registered_name") != "" && strings.Contains(record.String("registered_name"), ">") {
		return
	}
	if i := strings.LastIndex(class, "."); i >= 0 { // "experimental.preprocessing.Rescaling"
		class = class[i+1:]
	}
	was := class
	if to := renamed[class]; to != "" {
		if strings.HasPrefix(class, "CuDNN") {
			cudnnArguments(class, config)
		}
		if class == "SyncBatchNormalization" {
			config.Set("synchronized", true)
		}
		class = to
	}
	_, trainable := config.Lookup("trainable")
	isLayer := trainable || class == "InputLayer" || class == "Sequential" || class == "Functional" || u.Release.Major() < 3
	if !isLayer && module == "" {
		if m := u.names.OpModule(class); m != "" {
			u.setClass(record, m, class, class)
			return
		}
	}
	known, ok := u.names.Layer(class)
	if !ok {
		if module == "" && u.Legacy {
			record.Set("module", "keras.layers")
		}
		return
	}
	if !isKeras(module) {
		return
	}
	if class == known.Python { // the class's own name, where Keras exports it by another
		class = known.Name
	}
	switch known.Name {
	case "Functional":
		u.setClass(record, known.Module, class, class)
	default:
		u.setClass(record, known.Module, class, nil)
	}
	if was != class {
		u.note("%s is read as %s", was, class)
	}
}

// isKeras reports whether a module is none or one of Keras, under any of the names that it had.
func isKeras(module string) bool {
	return module == "" || module == "keras" || strings.HasPrefix(module, "keras.") || strings.HasPrefix(module, "tf_keras.") ||
		strings.HasPrefix(module, "tensorflow.")
}

// setClass writes the identity of a record in Keras's order of keys.
func (u *upgrader) setClass(record *pyjson.Object, module, class string, registered any) {
	if record.String("module") == module && record.String("class_name") == class {
		return
	}
	old := *record
	*record = pyjson.Object{}
	record.Set("module", module)
	record.Set("class_name", class)
	record.Set("config", old.Get("config"))
	record.Set("registered_name", registered)
	for _, k := range old.Keys() {
		if _, ok := record.Lookup(k); !ok {
			record.Set(k, old.Get(k))
		}
	}
}

// plain turns the JSON forms that Keras 2 had for tuples, shapes and such into plain lists and strings.
func plain(o *pyjson.Object, depth int) {
	for _, k := range slices.Clone(o.Keys()) {
		if v, ok := plainValue(o.Get(k), depth+1); ok {
			o.Set(k, v)
		}
	}
}

func plainValue(v any, depth int) (any, bool) {
	if depth > pyjson.MaxDepth {
		return nil, false
	}
	switch v := v.(type) {
	case []any:
		for i, x := range v {
			if y, ok := plainValue(x, depth+1); ok {
				v[i] = y
			}
		}
	case *pyjson.Object:
		v.Delete("__passive_serialization__")
		switch v.String("class_name") {
		case "__tuple__", "TensorShape":
			if items, ok := v.Get("items").([]any); ok {
				x, _ := plainValue(items, depth+1)
				if x == nil {
					x = items
				}
				return x, true
			}
		case "__bytes__":
			if s, ok := v.Get("value").(string); ok {
				return pyjson.NewObject("class_name", "__bytes__", "config", pyjson.NewObject("value", s)), true
			}
		case "__ellipsis__":
			if v.Get("config") == nil {
				return pyjson.NewObject("class_name", "__ellipsis__", "config", new(pyjson.Object)), true
			}
		}
		plain(v, depth)
	}
	return nil, false
}

// policy replaces the dtype policies of Keras 2.
func (u *upgrader) policy(config *pyjson.Object) {
	record, ok := config.Get("dtype").(*pyjson.Object)
	if !ok || record.String("class_name") != "Policy" && record.String("class_name") != "PolicyV1" {
		return
	}
	if name := record.Object("config").String("name"); name != "" {
		config.Set("dtype", pyjson.NewObject("module", "keras", "class_name", "DTypePolicy",
			"config", pyjson.NewObject("name", name), "registered_name", nil))
		u.note("dtype policies are written as keras.DTypePolicy")
	}
}

// argument upgrades what stands under a key of a layer's config: layers, initializers and so on.
func (u *upgrader) argument(key string, config *pyjson.Object, depth int) {
	switch key {
	case "layers", "cells":
		for _, l := range config.List(key) {
			if record, ok := l.(*pyjson.Object); ok {
				u.layer(record, depth+1)
			}
		}
	case "layer", "backward_layer", "cell", "activation", "recurrent_activation":
		if record := config.Object(key); record != nil && record.String("class_name") != "function" {
			u.layer(record, depth+1)
		}
	}
	kind := ""
	switch {
	case strings.HasSuffix(key, "_initializer"):
		kind = "initializers"
	case strings.HasSuffix(key, "_regularizer"):
		kind = "regularizers"
	case strings.HasSuffix(key, "_constraint"):
		kind = "constraints"
	default:
		return
	}
	record := config.Object(key)
	if record == nil {
		return
	}
	if record.String("module") == "" && !strings.Contains(record.String("class_name"), ">") && record.String("class_name") != "function" {
		u.setClass(record, "keras."+kind, record.String("class_name"), nil)
	}
	inner := record.Object("config")
	if kind == "initializers" && inner != nil && u.Keras2() {
		inner.Delete("dtype")
	}
}

// sequential puts an InputLayer before layers that name their input shape themselves.
func (u *upgrader) sequential(config *pyjson.Object) {
	if _, ok := config.Lookup("name"); !ok {
		config.Set("name", "sequential")
	}
	if v, ok := config.Get("build_input_shape").([]any); !ok && v == nil {
		config.Delete("build_input_shape")
	}
	layers := config.List("layers")
	if len(layers) == 0 {
		return
	}
	first, ok := layers[0].(*pyjson.Object)
	if !ok || first.String("class_name") == "InputLayer" {
		return
	}
	shape, dtype, name := inputShape(first)
	if shape == nil {
		return
	}
	input := pyjson.NewObject("module", "keras.layers", "class_name", "InputLayer", "config",
		pyjson.NewObject("batch_shape", shape, "dtype", dtype, "sparse", false, "name", name+"_input"), "registered_name", nil)
	config.Set("layers", append([]any{input}, layers...))
	u.note("an InputLayer is put before %s", name)
}

// inputShape finds the shape of the input that the first layer of a Sequential names.
func inputShape(first *pyjson.Object) (shape []any, dtype, name string) {
	config := first.Object("config")
	name = config.String("name")
	for depth := 0; config != nil && depth < maxWrappers; depth++ {
		if shape, ok := config.Get("batch_input_shape").([]any); ok {
			dtype, _ := config.Get("dtype").(string)
			if dtype == "" || strings.HasPrefix(dtype, "mixed_") {
				dtype = "float32"
			}
			return shape, dtype, name
		}
		config = config.Object("layer").Object("config") // of a wrapper
	}
	return nil, "", ""
}

// maxWrappers bounds wrappers in wrappers.
const maxWrappers = 100
