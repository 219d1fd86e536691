package kerasfile

import (
	"fmt"
	"sort"
	"strconv"
	"strings"

	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/pyjson"
)

// newest is the latest release whose form is known.
const newest = 16

// parseTarget reads a release such as "3.3", "3.12.1" or "keras-3.3".
func parseTarget(s string) (v [3]int, err error) {
	parts := strings.Split(strings.TrimPrefix(s, "keras-"), ".")
	for i := range min(len(parts), 3) {
		n, convErr := strconv.Atoi(parts[i])
		if convErr != nil || n < 0 {
			return v, fmt.Errorf("%q is no release of Keras; such are 3.0 and 3.12.1", s)
		}
		v[i] = n
	}
	if len(parts) < 2 || v[0] != 3 || v[1] > newest {
		return v, fmt.Errorf("files can be written for Keras 3.0 to 3.%d, not for %q", newest, s)
	}
	return v, nil
}

// formerInt4 refuses int4 kernels as Keras 3.11 to 3.13 pack them for later releases, which cannot load them.
func formerInt4(m *nn.Model, target string) error {
	v, err := parseTarget(target)
	if err != nil || v[1] < 14 {
		return err
	}
	var errs Errors
	nn.EachLayer(m, func(l nn.Layer) {
		if k, ok := l.(interface{ FormerInt4() bool }); ok && k.FormerInt4() {
			errs = append(errs, fmt.Errorf("the layer %q: Keras %d.%d cannot express it: its int4 kernel is packed as 3.11 to 3.13 have it; quantize the model anew", l.Name(), v[0], v[1]))
		}
	})
	if len(errs) > 0 {
		return errs
	}
	return nil
}

// fullVersion gives a release three numbers, as metadata.json has it.
func fullVersion(s string) string {
	v, err := parseTarget(s)
	if err != nil {
		return s
	}
	return fmt.Sprintf("%d.%d.%d", v[0], v[1], v[2])
}

// express writes a config, which may be from another release of Keras, for one. With strict it is an error if that cannot say what the config says;
// without, what only a newer one can say stays, and the file needs that.
func express(root *pyjson.Object, from, target string, strict bool, note func(string)) (*pyjson.Object, error) {
	v, err := parseTarget(target)
	if err != nil {
		return nil, err
	}
	root = pyjson.Clone(root).(*pyjson.Object)
	source := parseVersion(from)
	e := &expresser{target: v, strict: strict, dropped: map[string]bool{}, literalMasks: source[0] == 3 && source[1] >= 16}
	e.value(root, "", 0)
	if len(e.errs) > 0 {
		return nil, e.errs
	}
	if len(e.dropped) > 0 && strict {
		var keys []string
		for k := range e.dropped {
			keys = append(keys, k)
		}
		sort.Strings(keys)
		note(fmt.Sprintf("for Keras %d.%d without %s", v[0], v[1], strings.Join(keys, ", ")))
	}
	return root, nil
}

type expresser struct {
	target       [3]int
	strict       bool
	literalMasks bool // the config is one of 3.16 or later
	errs         Errors
	dropped      map[string]bool
}

func (e *expresser) older(than ...int) bool {
	v := [3]int{}
	copy(v[:], than)
	for i := range v {
		if e.target[i] != v[i] {
			return e.target[i] < v[i]
		}
	}
	return false
}

func (e *expresser) value(v any, path string, depth int) {
	if depth > pyjson.MaxDepth {
		return
	}
	switch v := v.(type) {
	case string:
		if strings.HasSuffix(path, "activation") || strings.Contains(path, "compile_config/") {
			e.function(v, path)
		}
	case []any:
		for i, x := range v {
			e.value(x, fmt.Sprintf("%s/%d", path, i), depth+1)
		}
	case *pyjson.Object:
		e.policy(v, path)
		for _, k := range v.Keys() {
			e.value(v.Get(k), path+"/"+k, depth+1)
		}
		if class := v.String("class_name"); class != "" {
			if name, ok := v.Get("config").(string); ok && class == "function" {
				e.function(name, path)
			}
			if config := v.Object("config"); config != nil {
				e.record(v, class, config, path)
			}
		}
	}
}

// policy writes dtype policies by their names for releases that do not have records of them.
func (e *expresser) policy(o *pyjson.Object, path string) {
	record := o.Object("dtype")
	config := record.Object("config")
	if config.String("mode") == "int4" && e.older(3, 11) {
		e.cannot(path+"/dtype", "quantization to int4 came with 3.11")
		return
	}
	if record == nil || !e.older(3, 4) {
		return
	}
	switch class := record.String("class_name"); class {
	case "DTypePolicy", "FloatDTypePolicy":
		o.Set("dtype", config.Get("name"))
	case "QuantizedDTypePolicy":
		if e.older(3, 3) {
			e.cannot(path+"/dtype", "quantized layers came with 3.3")
			return
		}
		o.Set("dtype", config.String("mode")+"_from_"+config.String("source_name"))
	default:
		e.cannot(path+"/dtype", class+" is not known there")
	}
}

// cannot reports what the target does not have; leniently it stays.
func (e *expresser) cannot(path, why string) {
	if e.strict {
		e.errs = append(e.errs, &ConfigError{Path: path, Msg: fmt.Sprintf("Keras %d.%d cannot express it: %s", e.target[0], e.target[1], why)})
	}
}

// oldNames are the names of initializers that every release before 3.7 finds. It wrote IdentityInitializer itself, and did not
// find that again.
var oldNames = map[string]string{"Orthogonal": "OrthogonalInitializer", "IdentityInitializer": "Identity"}

func (e *expresser) record(record *pyjson.Object, class string, config *pyjson.Object, path string) {
	module := record.String("module")
	if old := oldNames[class]; old != "" && module == "keras.initializers" && e.older(3, 7) {
		record.Set("class_name", old)
	}
	if strings.HasPrefix(module, opsModule) {
		e.operation(class, config, path)
	} else {
		if since, ok := newClasses[class]; ok && e.older(since[:]...) && strings.HasPrefix(module, "keras.") {
			e.cannot(path, fmt.Sprintf("%s came with %d.%d", class, since[0], since[1]))
		}
		e.arguments(additions, class, module, config, path)
	}
	if class == "Dot" && e.older(3, 2) {
		record.Delete("build_config") // these take the lists in it for something else; the layer builds itself when it is called
	}
	if class == "Functional" && e.literalMasks && e.older(3, 16) {
		e.literalMask(config, path)
	}
	if class == "Functional" && e.older(3, 10) {
		renameMasks(config)
	}
	e.gaps(record, config, class, path)
	if compile, ok := record.Lookup("compile_config"); ok && e.older(3, 10) {
		if o, isObject := compile.(*pyjson.Object); isObject && o.Len() == 0 {
			record.Delete("compile_config")
		}
	}
	if class == "Functional" && e.older(3, 11) {
		for _, key := range []string{"input_layers", "output_layers"} {
			config.Set(key, e.ends(config.Get(key)))
		}
	}
}

// arguments drops what came with newer releases.
func (e *expresser) arguments(table []addition, class, module string, config *pyjson.Object, path string) {
	for _, a := range table {
		v, has := config.Lookup(a.key)
		if !has || !e.older(a.since[:]...) || !a.of(class, module) {
			continue
		}
		def, _ := pyjson.Parse([]byte(a.def))
		if a.key == "lora_alpha" {
			def = config.Get("lora_rank")
		}
		if equalNumbers(v, def) || v == nil && (a.key == "data_format" || a.key == "dtype") {
			config.Delete(a.key)
			e.dropped[class+"."+a.key] = true
		} else {
			e.cannot(path+"/config/"+a.key, fmt.Sprintf("the argument came with %d.%d, and its value is %s", a.since[0], a.since[1], pyjson.Marshal(v)))
		}
	}
}

// operation writes the config of an operation: before 3.11 the name of one that has arguments stands in the record alone,
// and some arguments have other names or belong to the call.
func (e *expresser) operation(class string, config *pyjson.Object, path string) {
	if since, ok := newOps[class]; ok && e.older(since[:]...) {
		e.cannot(path, fmt.Sprintf("the operation %s came with %d.%d", class, since[0], since[1]))
	}
	e.arguments(opAdditions, class, "", config, path)
	if !e.older(3, 11) {
		return
	}
	if config.Len() > 1 || nameless[class] {
		config.Delete("name")
	}
	switch class {
	case "Threshold":
		config.Rename("threshold", "threshold_value")
		config.Rename("default_value", "value")
	case "Full", "Scatter", "Slice":
		if has(config, "shape") {
			e.cannot(path+"/config/shape", "it was an argument of the call before 3.11")
		}
	}
}

// function reports an activation, loss or metric by a name that the target does not know.
func (e *expresser) function(name, path string) {
	if since, ok := newFunctions[name]; ok && e.older(since[:]...) {
		e.cannot(path, fmt.Sprintf("%s came with %d.%d", name, since[0], since[1]))
	}
}

// renameMasks gives other names to operations in models with an attention layer: releases before 3.10 make their own ones
// for its masks while they load the file, and give them the names that those in the file have.
func renameMasks(config *pyjson.Object) {
	names := map[string]string{}
	attention := false
	layersOf(config, func(record *pyjson.Object) {
		switch record.String("class_name") {
		case "MultiHeadAttention", "GroupQueryAttention", "Attention", "AdditiveAttention":
			attention = true
		}
		if strings.HasPrefix(record.String("module"), opsModule) && has(record.Object("config"), "name") {
			names[record.String("name")] = "saved_" + record.String("name")
		}
	})
	if !attention || len(names) == 0 {
		return
	}
	layersOf(config, func(record *pyjson.Object) {
		if name, ok := names[record.String("name")]; ok {
			record.Set("name", name)
			record.Object("config").Set("name", name)
		}
	})
	eachTensor(config, func(h []any) {
		if layer, _, _ := history(h); names[layer] != "" {
			h[0] = names[layer]
		}
	})
}

// literalMask reports a call with "mask": null where a mask may travel along: Keras 3.16 takes it for "none", releases
// before it for the one that travels along.
func (e *expresser) literalMask(config *pyjson.Object, path string) {
	masked := false
	layersOf(config, func(record *pyjson.Object) {
		if class := record.String("class_name"); class == "Masking" || class == "Embedding" && record.Object("config").Get("mask_zero") == true {
			masked = true
		}
	})
	if !masked {
		return
	}
	for i, l := range config.List("layers") {
		record, _ := l.(*pyjson.Object)
		for _, n := range record.List("inbound_nodes") {
			call, _ := n.(*pyjson.Object)
			if mask, ok := call.Object("kwargs").Lookup("mask"); ok && mask == nil {
				e.cannot(fmt.Sprintf("%s/config/layers/%d", path, i), "a call without the mask that travels along")
			}
		}
	}
}

// ends writes the inputs or outputs of a Functional as a list; before 3.4 there are no other structures.
func (e *expresser) ends(v any) any {
	list, ok := v.([]any)
	if ok && len(list) == 3 {
		if _, bare := list[0].(string); bare {
			return []any{list}
		}
	}
	if !e.older(3, 4) {
		return v
	}
	var flat [][]any
	flattenEnds(v, &flat, 0)
	out := []any{}
	for _, x := range flat {
		out = append(out, x)
	}
	return out
}

// flattenEnds lists [layer, call, output] in the order of predict: dicts by sorted key.
func flattenEnds(v any, out *[][]any, depth int) {
	if depth > maxWrappers {
		return
	}
	switch v := v.(type) {
	case []any:
		if len(v) == 3 {
			if _, ok := v[0].(string); ok {
				*out = append(*out, v)
				return
			}
		}
		for _, x := range v {
			flattenEnds(x, out, depth+1)
		}
	case *pyjson.Object:
		keys := append([]string(nil), v.Keys()...)
		sort.Strings(keys)
		for _, k := range keys {
			flattenEnds(v.Get(k), out, depth+1)
		}
	}
}

// equalNumbers is pyjson.Equal for which 0 and 0.0 are the same.
func equalNumbers(a, b any) bool {
	x, okA := a.(pyjson.Number)
	y, okB := b.(pyjson.Number)
	if okA && okB {
		return x.Float() == y.Float()
	}
	l, okA := a.([]any)
	m, okB := b.([]any)
	if okA && okB && len(l) == len(m) {
		for i := range l {
			if !equalNumbers(l[i], m[i]) {
				return false
			}
		}
		return true
	}
	return pyjson.Equal(a, b)
}
