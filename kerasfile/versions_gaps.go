package kerasfile

import (
	"fmt"
	"strings"

	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/pyjson"
)

// gap is what some releases cannot load or run although they have it: they fail on their own files of it too.
type gap struct {
	class       string // "" for operations and layers of any
	from, until [2]int
	what        string
	has         func(record, config *pyjson.Object) bool
}

// gaps were found by having 3.0.5, 3.1.1, .. 3.15.1 build, save, load and run such models.
var gaps = []gap{
	{class: "GetItem", until: [2]int{3, 2}, what: "an index of several parts", has: hasListKey},
	{class: "Functional", until: [2]int{3, 3}, what: "a Functional model as the last layer of another", has: endsInFunctional},
	{class: "Functional", until: [2]int{3, 7}, what: "a layer that is called again on what comes of a later one", has: callsBack},
	{class: "Functional", from: [2]int{3, 10}, until: [2]int{3, 14}, what: "an input that nothing uses", has: hasUnusedInput},
	{class: "Functional", until: [2]int{3, 3}, what: "the attention scores of a MultiHeadAttention", has: usesScores("MultiHeadAttention")},
	{class: "Functional", until: [2]int{3, 8}, what: "the attention scores of an Attention layer", has: usesScores("Attention", "AdditiveAttention")},
	{class: "Functional", until: [2]int{3, 15}, what: "the attention scores of a GroupQueryAttention", has: usesScores("GroupQueryAttention")},
	{class: "Functional", until: [2]int{3, 11}, what: "an operation whose automatic name there, which the file cannot say, is that of a layer", has: namesClash},
	{class: "Identity", until: [2]int{3, 2}, what: "this initializer", has: func(record, _ *pyjson.Object) bool { return record.String("module") == "keras.initializers" }},
	{class: "IdentityInitializer", until: [2]int{3, 2}, what: "this initializer", has: always},
	{class: "Bidirectional", until: [2]int{3, 3}, what: "merge_mode None with return_state", has: func(_, config *pyjson.Object) bool {
		return config.Get("merge_mode") == nil && config.Object("layer").Object("config").Get("return_state") == true
	}},
	{class: "Bidirectional", until: [2]int{3, 2}, what: "return_state", has: func(_, config *pyjson.Object) bool {
		return config.Object("layer").Object("config").Get("return_state") == true
	}},
	{class: "TimeDistributed", until: [2]int{3, 4}, what: "a Sequential in a TimeDistributed", has: wraps("Sequential")},
	{class: "TimeDistributed", until: [2]int{3, 5}, what: "a Functional model in a TimeDistributed", has: wraps("Functional")},
	{class: "RNN", until: [2]int{3, 4}, what: "the states of cells in a list", has: func(_, config *pyjson.Object) bool {
		return config.Object("cell").String("class_name") == "StackedRNNCells" && config.Get("return_state") == true
	}},
	{class: "Normalization", until: [2]int{3, 8}, what: "a mean or variance that is one number", has: func(_, config *pyjson.Object) bool {
		return isNumber(config.Get("mean")) || isNumber(config.Get("variance"))
	}},
	{class: "Rescaling", until: [2]int{3, 5}, what: "arrays as scale or offset", has: func(_, config *pyjson.Object) bool {
		return config.Object("scale") != nil || config.Object("offset") != nil
	}},
	{class: "RandomGrayscale", until: [2]int{3, 11}, what: "a RandomGrayscale: to it the layer's output is its input", has: always},
	{class: "Pipeline", until: [2]int{3, 7}, what: "a Pipeline", has: always},
	{class: "MultiHeadAttention", until: [2]int{3, 7}, what: "an output_shape", has: func(_, config *pyjson.Object) bool { return config.List("output_shape") != nil }},
	{class: "ExtractPatches", until: [2]int{3, 14}, what: "strides that are a list", has: func(_, config *pyjson.Object) bool { return config.List("strides") != nil }},
	{class: "ExtractPatches3D", until: [2]int{3, 14}, what: "strides that are a list", has: func(_, config *pyjson.Object) bool { return config.List("strides") != nil }},
	{class: "ExpandDims", until: [2]int{3, 1}, what: "several axes", has: func(_, config *pyjson.Object) bool { return config.List("axis") != nil }},
	{class: "Tile", until: [2]int{3, 4}, what: "repeats that are no list", has: func(_, config *pyjson.Object) bool { return isNumber(config.Get("repeats")) }},
	{class: "CropImages", until: [2]int{3, 4}, what: "a size of the result", has: func(_, config *pyjson.Object) bool {
		return isNumber(config.Get("target_height")) || isNumber(config.Get("target_width"))
	}},
	{class: "CategoryEncoding", until: [2]int{3, 1}, what: "count_weights", has: func(record, _ *pyjson.Object) bool { return calledWith(record, "count_weights") }},
	{class: "Logsumexp", until: [2]int{3, 11}, what: "an axis that is no list", has: func(_, config *pyjson.Object) bool { return isNumber(config.Get("axis")) }},
	{class: "UnravelIndex", until: [2]int{3, 11}, what: "this operation", has: always},
	{class: "BatchNorm", until: [2]int{3, 15}, what: "this operation", has: func(record, _ *pyjson.Object) bool { return strings.HasPrefix(record.String("module"), opsModule) }},
	{until: [2]int{3, 10}, what: "a layer as an activation", has: func(_, config *pyjson.Object) bool {
		return config.Object("activation").Object("config") != nil
	}},
}

// opsModule is where the classes of operations are.
const opsModule = "keras.src.ops."

// gaps reports what the target cannot load in a record.
func (e *expresser) gaps(record, config *pyjson.Object, class, path string) {
	for _, gap := range gaps {
		if (gap.class == class || gap.class == "") && e.older(gap.until[:]...) && !e.older(gap.from[:]...) && gap.has(record, config) {
			e.cannot(path, "it cannot load "+gap.what)
		}
	}
}

// calledWith reports whether a layer is called with a keyword argument that is not null.
func calledWith(record *pyjson.Object, key string) bool {
	for _, n := range record.List("inbound_nodes") {
		if call, ok := n.(*pyjson.Object); ok && call.Object("kwargs").Get(key) != nil {
			return true
		}
	}
	return false
}

func always(_, _ *pyjson.Object) bool { return true }

func has(config *pyjson.Object, key string) bool {
	_, ok := config.Lookup(key)
	return ok
}

func isNumber(v any) bool {
	_, ok := v.(pyjson.Number)
	return ok
}

// wraps reports whether a wrapper has a layer of a class inside.
func wraps(class string) func(_, config *pyjson.Object) bool {
	return func(_, config *pyjson.Object) bool { return config.Object("layer").String("class_name") == class }
}

// layersOf calls f with the records of the layers of a model.
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

// history takes [layer, call, output] apart.
func history(h []any) (layer string, call, output int) {
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
				if layer, call, _ := history(h); call >= done[layer] && call < calls[layer] {
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
		layer, _, _ := history(h)
		used[layer] = true
	})
	var ends [][]any
	flattenEnds(config.Get("input_layers"), &ends, 0)
	for _, end := range ends {
		if layer, _, _ := history(end); !used[layer] {
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
			if layer, _, output := history(h); output > 0 && attention[layer] {
				found = true
			}
		})
		return found
	}
}

// namesClash reports whether an operation that is written without its name, and then gets one when it is loaded, gets
// that of a layer.
func namesClash(_, config *pyjson.Object) bool {
	named, automatic := map[string]bool{}, map[string]bool{}
	count := map[string]int{}
	layersOf(config, func(record *pyjson.Object) {
		class, config := record.String("class_name"), record.Object("config")
		if !strings.HasPrefix(record.String("module"), opsModule) || has(config, "name") {
			named[record.String("name")] = true
			return
		}
		name := nn.SnakeCase(class)
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
