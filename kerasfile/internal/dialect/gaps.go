package dialect

import (
	"fmt"
	"strings"

	"github.com/hornml/horn/internal/naming"
	"github.com/hornml/horn/internal/pyjson"
)

// gaps reports what the target cannot load in a record.
func (e *expresser) gaps(record, config *pyjson.Object, class, path string) {
	for _, gap := range historyOf(record.String("module"), class).gaps {
		if e.target.Before(gap.until) && !e.target.Before(gap.from) && gap.has(record, config) {
			e.cannot(path, "it cannot load "+gap.what)
		}
	}
	if e.older(3, 10) && config.Object("activation").Object("config") != nil {
		e.cannot(path, "it cannot load a layer as an activation")
	}
	if class == "Functional" && e.older(3, 11) && namesClash(config) {
		e.cannot(path, "it cannot load an operation whose automatic name there, which the file cannot say, is that of a layer")
	}
}

func always(_, _ *pyjson.Object) bool { return true }

func has(config *pyjson.Object, key string) bool {
	_, ok := config.Lookup(key)
	return ok
}

// anyOf reports whether one of some arguments is such a value.
func anyOf(keys []string, is func(v any) bool) func(_, config *pyjson.Object) bool {
	return func(_, config *pyjson.Object) bool {
		for _, k := range keys {
			if is(config.Get(k)) {
				return true
			}
		}
		return false
	}
}

// isNumber reports whether one of some arguments is a number.
func isNumber(keys ...string) func(_, config *pyjson.Object) bool {
	return anyOf(keys, func(v any) bool {
		_, ok := v.(pyjson.Number)
		return ok
	})
}

// isList reports whether one of some arguments is a list.
func isList(keys ...string) func(_, config *pyjson.Object) bool {
	return anyOf(keys, func(v any) bool {
		_, ok := v.([]any)
		return ok
	})
}

// isRecord reports whether one of some arguments is an object.
func isRecord(keys ...string) func(_, config *pyjson.Object) bool {
	return anyOf(keys, func(v any) bool {
		o, ok := v.(*pyjson.Object)
		return ok && o != nil
	})
}

// calledWith reports whether a layer is called with a keyword argument that is not null.
func calledWith(key string) func(record, _ *pyjson.Object) bool {
	return func(record, _ *pyjson.Object) bool {
		for _, n := range record.List("inbound_nodes") {
			if call, ok := n.(*pyjson.Object); ok && call.Object("kwargs").Get(key) != nil {
				return true
			}
		}
		return false
	}
}

// wraps reports whether a wrapper has a layer of a class inside.
func wraps(class string) func(_, config *pyjson.Object) bool {
	return func(_, config *pyjson.Object) bool { return config.Object("layer").String("class_name") == class }
}

// returnsStates reports whether the layer inside a Bidirectional gives its states.
func returnsStates(_, config *pyjson.Object) bool {
	return config.Object("layer").Object("config").Get("return_state") == true
}

// unmergedStates reports whether a Bidirectional gives two answers, and states.
func unmergedStates(record, config *pyjson.Object) bool {
	return config.Get("merge_mode") == nil && returnsStates(record, config)
}

// stackedStates reports whether an RNN of several cells gives their states.
func stackedStates(_, config *pyjson.Object) bool {
	return config.Object("cell").String("class_name") == "StackedRNNCells" && config.Get("return_state") == true
}

// layersOf calls f with the records of the layers of a model.
//
//go:noinline
func layersOf(config *pyjson.Object, f func(record *pyjson.Object)) {
	for _, l := range config.List("layers") {
		if record, ok := l.(*pyjson.Object); ok {
			f(record)
		}
	}
}

// eachHistory calls f with every [layer, call, output] in the arguments of calls.
func eachHistory(v any, depth int, f func(h []any)) {
	if depth > pyjson.MaxDepth {
		return
	}
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			eachHistory(x, depth+1, f)
		}
	case *pyjson.Object:
		if v.String("class_name") == "__keras_tensor__" {
			if h := v.Object("config").List("keras_history"); len(h) == 3 {
				f(h)
			}
			return
		}
		for _, k := range v.Keys() {
			eachHistory(v.Get(k), depth+1, f)
		}
	}
}

// tensorOf takes [layer, call, output] apart.
func tensorOf(h []any) (layer string, call, output int) {
	layer, _ = h[0].(string)
	n, _ := h[1].(pyjson.Number)
	call, _ = n.Int()
	n, _ = h[2].(pyjson.Number)
	output, _ = n.Int()
	return layer, call, output
}

// eachTensor calls f with every tensor that a model's calls take and that are its outputs.
func eachTensor(config *pyjson.Object, f func(h []any)) {
	layersOf(config, func(record *pyjson.Object) { eachHistory(record.Get("inbound_nodes"), 0, f) })
	var ends [][]any
	flattenEnds(config.Get("output_layers"), &ends, 0)
	for _, end := range ends {
		f(end)
	}
}

// callsBack reports whether the calls in a model, one layer after the other, cannot be made in this order.
func callsBack(_, config *pyjson.Object) bool {
	calls, done := map[string]int{}, map[string]int{}
	layersOf(config, func(record *pyjson.Object) { calls[record.String("name")] = len(record.List("inbound_nodes")) })
	found := false
	layersOf(config, func(record *pyjson.Object) {
		for _, node := range record.List("inbound_nodes") {
			eachHistory(node, 0, func(h []any) {
				if layer, call, _ := tensorOf(h); call >= done[layer] && call < calls[layer] {
					found = true
				}
			})
			done[record.String("name")]++
		}
	})
	return found
}

// hasUnusedInput reports whether a model has an input that none of its layers takes.
func hasUnusedInput(_, config *pyjson.Object) bool {
	used := map[string]bool{}
	eachTensor(config, func(h []any) {
		layer, _, _ := tensorOf(h)
		used[layer] = true
	})
	var ends [][]any
	flattenEnds(config.Get("input_layers"), &ends, 0)
	for _, end := range ends {
		if layer, _, _ := tensorOf(end); !used[layer] {
			return true
		}
	}
	return false
}

// usesScores reports whether a model uses more than the first output of a layer of some classes.
func usesScores(classes ...string) func(_, config *pyjson.Object) bool {
	return func(_, config *pyjson.Object) bool {
		attention := map[string]bool{}
		layersOf(config, func(record *pyjson.Object) {
			for _, class := range classes {
				if record.String("class_name") == class {
					attention[record.String("name")] = true
				}
			}
		})
		found := false
		eachTensor(config, func(h []any) {
			if layer, _, output := tensorOf(h); output > 0 && attention[layer] {
				found = true
			}
		})
		return found
	}
}

// namesClash reports whether an operation that is written without its name, and then gets one when it is loaded, gets
// that of a layer.
func namesClash(config *pyjson.Object) bool {
	named, automatic := map[string]bool{}, map[string]bool{}
	count := map[string]int{}
	layersOf(config, func(record *pyjson.Object) {
		class, config := record.String("class_name"), record.Object("config")
		if !strings.HasPrefix(record.String("module"), opsModule) || has(config, "name") {
			named[record.String("name")] = true
			return
		}
		name := naming.SnakeCase(class)
		if n := count[name]; n > 0 {
			automatic[fmt.Sprintf("%s_%d", name, n)] = true
		} else {
			automatic[name] = true
		}
		count[name]++
	})
	for name := range automatic {
		if named[name] {
			return true
		}
	}
	return false
}

// hasListKey reports whether a GetItem is called with a list of indices.
func hasListKey(record, _ *pyjson.Object) bool {
	for _, n := range record.List("inbound_nodes") {
		call, _ := n.(*pyjson.Object)
		if args := call.List("args"); len(args) > 1 {
			if _, ok := args[1].([]any); ok {
				return true
			}
		}
	}
	return false
}

// endsInFunctional reports whether an output of a model is that of a Functional model inside.
func endsInFunctional(_, config *pyjson.Object) bool {
	inner := map[string]bool{}
	for _, l := range config.List("layers") {
		if record, ok := l.(*pyjson.Object); ok && record.String("class_name") == "Functional" {
			inner[record.String("name")] = true
		}
	}
	var ends [][]any
	flattenEnds(config.Get("output_layers"), &ends, 0)
	for _, end := range ends {
		if name, _ := end[0].(string); inner[name] {
			return true
		}
	}
	return false
}
