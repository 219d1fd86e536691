package kerasfile

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/pyjson"
)

// origin says which writer a config is from, as far as it is known.
type origin struct {
	version [2]int // major and minor; zero if the file does not say
	legacy  bool   // from a whole-model HDF5 file: records without modules
	old     bool   // the version is not known, and the config has forms of Keras 2
}

// keras2 reports whether the config has to be taken for one of Keras 1 or 2.
func (o origin) keras2() bool {
	return o.old || o.version[0] > 0 && o.version[0] < 3 || o.version[0] == 0 && o.legacy
}

// originOf tells the origin of a model's record: records without a module come from whole-model HDF5 files.
func originOf(config *pyjson.Object, version string) origin {
	_, module := config.Lookup("module")
	o := origin{version: parseVersion(version), legacy: !module}
	if o.version[0] == 0 && module {
		o.old = looksOld(config.Object("config").Get("layers"), 0)
	}
	return o
}

// looksOld finds what only Keras 2 writes: batch_input_shape, and calls as lists.
func looksOld(layers any, depth int) bool {
	list, _ := layers.([]any)
	for _, l := range list {
		record, ok := l.(*pyjson.Object)
		if !ok || depth > maxWrappers {
			continue
		}
		config := record.Object("config")
		if _, ok := config.Lookup("batch_input_shape"); ok {
			return true
		}
		for _, call := range record.List("inbound_nodes") {
			if _, ok := call.([]any); ok {
				return true
			}
		}
		if looksOld(config.Get("layers"), depth+1) {
			return true
		}
	}
	return false
}

// parseVersion reads the first two numbers of a version such as "2.15.0"; what is no version gives zeros.
func parseVersion(s string) (v [2]int) {
	parts := strings.SplitN(s, ".", 3)
	for i := range min(len(parts), 2) {
		n, err := strconv.Atoi(strings.TrimRight(parts[i], "-abcdefrtv"))
		if err != nil || n < 0 || n > 1000 {
			return [2]int{}
		}
		v[i] = n
	}
	return v
}

// before reports whether the version is known and older than major.minor.
func (o origin) before(major, minor int) bool {
	v := o.version
	return v[0] > 0 && (v[0] < major || v[0] == major && v[1] < minor)
}

// upgrade brings the config of a whole model, in place, into the form that Keras 3 writes and reads. Configs that Keras 3
// reads as they are stay untouched, so that saving a model gives its config back. What was changed is told in words, each
// kind of change once.
func upgrade(root *pyjson.Object, o origin) []string {
	u := &upgrader{origin: o, told: map[string]bool{}}
	if o.keras2() || o.legacy {
		u.layer(root, 0)
	} else {
		u.recent(root, 0)
	}
	u.compile(root)
	return u.notes
}

type upgrader struct {
	origin
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
			if repair := recentRepairs[v.String("class_name")]; repair != nil && strings.HasPrefix(v.String("module"), "keras.") {
				repair(u, config)
			}
		}
		for _, k := range v.Keys() {
			u.recent(v.Get(k), depth+1)
		}
	}
}

// recentRepairs are arguments that some release of Keras 3 wrote and today's does not take.
var recentRepairs = map[string]func(*upgrader, *pyjson.Object){
	"RandomRotation": func(u *upgrader, c *pyjson.Object) {
		if u.before(3, 6) {
			u.drop("RandomRotation", c, "value_range")
		}
	},
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
	if u.version[0] >= 3 && record.String("module") != "" {
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
	if u.version[0] == 1 {
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
	if repair := argumentRepairs[class]; repair != nil {
		repair(u, config)
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
	isLayer := trainable || class == "InputLayer" || class == "Sequential" || class == "Functional" || u.version[0] < 3
	if !isLayer && module == "" {
		if m := nn.OpModule(class); m != "" {
			u.setClass(record, m, class, class)
			return
		}
	}
	known, ok := nn.FindClass("", class)
	if !ok {
		if module == "" && u.legacy {
			record.Set("module", "keras.layers")
		}
		return
	}
	if module != "" && !strings.HasPrefix(module, "keras.") && module != "keras" && !strings.HasPrefix(module, "tf_keras.") && !strings.HasPrefix(module, "tensorflow.") {
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
		config.Set("dtype", pyjson.NewObject("module", "keras", "class_name", "DTypePolicy", "config", pyjson.NewObject("name", name), "registered_name", nil))
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
	if kind == "initializers" && inner != nil && u.keras2() {
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
