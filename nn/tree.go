package nn

import (
	"slices"

	"github.com/hornml/horn/nn/graph"
)

// Flatten returns the values of a nested structure ([]any, map[string]any) in Keras's order: lists in order, dicts by
// sorted key. Parts that are no values (numbers, nil) are left out.
func Flatten(v any) []*graph.Value {
	var out []*graph.Value
	walkTree(v, func(leaf any) {
		if x, ok := leaf.(*graph.Value); ok && x != nil {
			out = append(out, x)
		}
	})
	return out
}

// walkTree calls f for every leaf of a nested structure, in Keras's order.
func walkTree(v any, f func(leaf any)) {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			walkTree(x, f)
		}
	case []*graph.Value:
		for _, x := range v {
			f(x)
		}
	case map[string]any:
		for _, k := range sortedKeys(v) {
			walkTree(v[k], f)
		}
	default:
		f(v)
	}
}

// mapTree returns a structure of the same form with f applied to every leaf.
func mapTree(v any, f func(leaf any) any) any {
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = mapTree(x, f)
		}
		return out
	case []*graph.Value:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = f(x)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for _, k := range sortedKeys(v) {
			out[k] = mapTree(v[k], f)
		}
		return out
	}
	return f(v)
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
