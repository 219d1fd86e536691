package dialect

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hornml/horn/internal/naming"
	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/kerasfile/internal/release"
)

// Problem is what the target of Express cannot say, and where.
type Problem struct {
	Path string // a JSON pointer into config.json
	Msg  string
}

// Target says what a config is to be written for.
type Target struct {
	Release release.Release
	// Lenient leaves what only a newer release can say as it is: the file needs that release then.
	Lenient bool
	// Exceeded is set where there is such a thing.
	Exceeded bool
}

// Express writes a config, which may be from any release of Keras 3, for one: in a copy. The problems are all that the
// release cannot say of it; the note says what was left out, "" for nothing.
func Express(root *pyjson.Object, from release.Release, to *Target) (out *pyjson.Object, note string, problems []Problem) {
	root = pyjson.Clone(root).(*pyjson.Object)
	e := &expresser{target: to.Release, strict: !to.Lenient, dropped: map[string]bool{}}
	e.literalMasks = from.Major() == 3 && from.Compare(release.Release{3, 16}) >= 0
	e.value(root, "", 0)
	to.Exceeded = e.exceeded
	if len(e.problems) > 0 {
		return nil, "", e.problems
	}
	if len(e.dropped) > 0 && e.strict {
		keys := slices.Sorted(maps.Keys(e.dropped))
		note = fmt.Sprintf("for Keras %s without %s", e.target.Short(), naming.Some(keys))
	}
	return root, note, nil
}

type expresser struct {
	target       release.Release
	strict       bool
	literalMasks bool // the config is one of 3.16 or later
	problems     []Problem
	dropped      map[string]bool
	exceeded     bool // there is something that the target does not have
}

// older reports whether the target is older than the release of the given numbers.
//
//go:noinline
func (e *expresser) older(major, minor uint16) bool { return e.target.Before(v{major, minor}) }

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
	if config.String("mode") == "ternary" && e.older(3, 16) {
		e.cannot(path+"/dtype", "quantization to ternary numbers came with 3.16")
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
	if e.exceeded = true; e.strict {
		e.problems = append(e.problems, Problem{path, fmt.Sprintf("Keras %s cannot express it: %s", e.target.Short(), why)})
	}
}

func (e *expresser) record(record *pyjson.Object, class string, config *pyjson.Object, path string) {
	module := record.String("module")
	known := historyOf(module, class)
	if e.target.Before(known.renamed) {
		// Of the initializers whose names end in "Initializer" those releases wrote some that they did not find again.
		record.Set("class_name", known.former)
	}
	if strings.HasPrefix(module, opsModule) {
		e.operation(class, known, config, path)
	} else {
		if e.target.Before(known.since) {
			e.cannot(path, fmt.Sprintf("%s came with %s", class, known.since.Short()))
		}
		e.arguments(argumentsOf(module, class), class, config, path)
	}
	if e.target.Before(known.unbuilt) {
		record.Delete("build_config") // the layer builds itself when it is called
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
			config.Set(key, e.ends(class, key, config.Get(key)))
		}
	}
}

// arguments drops what came with newer releases.
func (e *expresser) arguments(table []argument, class string, config *pyjson.Object, path string) {
	for _, a := range table {
		v, has := config.Lookup(a.key)
		if !has || !e.target.Before(a.since) {
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
			e.cannot(path+"/config/"+a.key, fmt.Sprintf("the argument came with %s, and its value is %s", a.since.Short(), pyjson.Marshal(v)))
		}
	}
}

// operation writes the config of an operation: before 3.11 the name of one that has arguments stands in the record alone,
// and some arguments have other names or belong to the call.
func (e *expresser) operation(class string, known history, config *pyjson.Object, path string) {
	if e.target.Before(known.since) {
		e.cannot(path, fmt.Sprintf("the operation %s came with %s", class, known.since.Short()))
	}
	e.arguments(known.arguments, class, config, path)
	if !e.older(3, 11) {
		return
	}
	if config.Len() > 1 || known.nameless {
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
	if since := functions[name]; e.target.Before(since) {
		e.cannot(path, fmt.Sprintf("%s came with %s", name, since.Short()))
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
		if layer, _, _ := tensorOf(h); names[layer] != "" {
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

// ends writes the inputs or outputs of a Functional: a single one as a list of one and, before 3.4, structures of more than one
// level, which those releases do not have, as a list.
func (e *expresser) ends(class, key string, v any) any {
	if isEnd(v) {
		return []any{v}
	}
	if !e.older(3, 4) || isFlat(v) {
		return v
	}
	var flat [][]any
	flattenEnds(v, &flat, 0)
	out := []any{}
	for _, x := range flat {
		out = append(out, x)
	}
	e.dropped["the structure of "+class+"."+key+" (it is a list there)"] = true
	return out
}

// isEnd reports whether v is [layer, call, output].
func isEnd(v any) bool {
	list, _ := v.([]any)
	if len(list) != 3 {
		return false
	}
	_, bare := list[0].(string)
	return bare
}

// isFlat reports whether v is a list or a dict of [layer, call, output].
func isFlat(v any) bool {
	switch v := v.(type) {
	case []any:
		return !slices.ContainsFunc(v, func(x any) bool { return !isEnd(x) })
	case *pyjson.Object:
		return !slices.ContainsFunc(v.Keys(), func(k string) bool { return !isEnd(v.Get(k)) })
	}
	return false
}

// flattenEnds lists [layer, call, output] in the order of predict: dicts by sorted key.
func flattenEnds(v any, out *[][]any, depth int) {
	if depth > maxWrappers {
		return
	}
	switch v := v.(type) {
	case []any:
		if isEnd(v) {
			*out = append(*out, v)
			return
		}
		for _, x := range v {
			flattenEnds(x, out, depth+1)
		}
	case *pyjson.Object:
		for _, k := range slices.Sorted(slices.Values(v.Keys())) {
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
