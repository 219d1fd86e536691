// Package tree walks structures of Python values: lists ([]any), dicts (map[string]any) and what stands in them. The
// order is Keras's: lists as they are, dicts by sorted key.
package tree

import (
	"maps"
	"slices"

	"github.com/hornml/horn/nn/graph"
)

// Walk calls f for every leaf of a structure. A []*graph.Value is a list, too.
func Walk(v any, f func(leaf any)) {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			Walk(x, f)
		}
	case []*graph.Value:
		for _, x := range v {
			f(x)
		}
	case map[string]any:
		for _, k := range Keys(v) {
			Walk(v[k], f)
		}
	default:
		f(v)
	}
}

// Map returns a structure of the same form with f applied to every leaf.
func Map(v any, f func(leaf any) any) any {
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = Map(x, f)
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
		for _, k := range Keys(v) {
			out[k] = Map(v[k], f)
		}
		return out
	}
	return f(v)
}

// Len counts the leaves of a structure.
func Len(v any) int {
	n := 0
	Walk(v, func(any) { n++ })
	return n
}

// Values returns the leaves that are values of a graph; other leaves (numbers, nil) are left out.
func Values(v any) []*graph.Value {
	var out []*graph.Value
	Walk(v, func(leaf any) {
		if x, ok := leaf.(*graph.Value); ok && x != nil {
			out = append(out, x)
		}
	})
	return out
}

// Keys returns the keys of a map, sorted.
func Keys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
