package dialect

import (
	"slices"

	"github.com/hornml/horn/internal/pyjson"
)

// functional rewrites the calls of a Functional model from Keras 2's lists into {"args", "kwargs"}.
func (u *upgrader) functional(config *pyjson.Object) {
	g := &nodeUpgrader{u: u, names: map[string]*pyjson.Object{}}
	var records []*pyjson.Object
	for _, l := range config.List("layers") {
		record, ok := l.(*pyjson.Object)
		if !ok {
			continue
		}
		name := record.String("name")
		if name == "" {
			if name = record.Object("config").String("name"); name != "" {
				record.Set("name", name)
			}
		}
		g.names[name] = record
		records = append(records, record)
	}
	for _, record := range records {
		calls := record.List("inbound_nodes")
		for i, call := range calls {
			if list, ok := call.([]any); ok {
				calls[i] = g.call(record, list)
			}
		}
		g.operation(record, calls)
	}
	g.reduce(config)
}

type nodeUpgrader struct {
	u     *upgrader
	names map[string]*pyjson.Object
	// The places of [name, call, output] in calls, by name; to be reduced where calls are counted from 1.
	histories [][]any
}

// call turns one call of Keras 2 into {"args": [...], "kwargs": {...}}.
func (g *nodeUpgrader) call(record *pyjson.Object, list []any) *pyjson.Object {
	kwargs := new(pyjson.Object)
	var first any
	if _, ok := g.history(list); ok { // not wrapped in a list
		first = g.tensor(list, kwargs)
	} else {
		first = g.structure(list, kwargs, 0)
		if parts, ok := first.([]any); ok && len(parts) == 1 {
			first = parts[0]
		}
	}
	return pyjson.NewObject("args", []any{first}, "kwargs", kwargs)
}

// structure turns a nest of [name, call, output, kwargs] into one of tensors.
func (g *nodeUpgrader) structure(v any, kwargs *pyjson.Object, depth int) any {
	if depth > maxWrappers {
		return v
	}
	switch v := v.(type) {
	case []any:
		if _, ok := g.history(v); ok {
			return g.tensor(v, kwargs)
		}
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = g.structure(x, kwargs, depth+1)
		}
		return out
	case *pyjson.Object:
		out := new(pyjson.Object)
		for _, k := range v.Keys() {
			out.Set(k, g.structure(v.Get(k), kwargs, depth+1))
		}
		return out
	}
	return v
}

// constantValue marks a constant where a tensor may stand.
const constantValue = "_CONSTANT_VALUE"

// history reports whether a list is [name, call, output] or [name, call, output, kwargs].
func (g *nodeUpgrader) history(list []any) (name string, ok bool) {
	if len(list) != 3 && len(list) != 4 {
		return "", false
	}
	name, ok = list[0].(string)
	if !ok || name != constantValue && g.names[name] == nil {
		return "", false
	}
	if _, ok := list[1].(pyjson.Number); !ok {
		return "", false
	}
	if len(list) == 4 {
		if _, ok := list[3].(*pyjson.Object); !ok && list[3] != nil {
			return "", false
		}
	}
	if name == constantValue {
		return name, true
	}
	_, ok = list[2].(pyjson.Number)
	return name, ok
}

// tensor makes the record of a tensor and takes over the keyword arguments that stand with it.
func (g *nodeUpgrader) tensor(list []any, kwargs *pyjson.Object) any {
	if len(list) == 4 {
		if more, ok := list[3].(*pyjson.Object); ok {
			for _, k := range more.Keys() {
				kwargs.Set(k, g.keyword(more.Get(k), 0))
			}
		}
	}
	if list[0] == constantValue {
		return list[2]
	}
	history := slices.Clone(list[:3])
	g.histories = append(g.histories, history)
	config := pyjson.NewObject("shape", nil, "dtype", "float32", "keras_history", history)
	return pyjson.NewObject("class_name", "__keras_tensor__", "config", config)
}

// keyword turns the value of a keyword argument; tensors stand in it as [name, call, output].
func (g *nodeUpgrader) keyword(v any, depth int) any {
	if depth > maxWrappers {
		return v
	}
	switch v := v.(type) {
	case []any:
		if name, ok := g.history(v); ok && len(v) == 3 && name != constantValue {
			return g.tensor(v, nil)
		}
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = g.keyword(x, depth+1)
		}
		return out
	case *pyjson.Object:
		for _, k := range v.Keys() {
			v.Set(k, g.keyword(v.Get(k), depth+1))
		}
	}
	return v
}

// reduce brings call numbers that count from 1, as those of a model inside a model in Keras 2, to 0.
func (g *nodeUpgrader) reduce(config *pyjson.Object) {
	var ends [][]any
	collectEnds(config.Get("input_layers"), &ends, 0)
	collectEnds(config.Get("output_layers"), &ends, 0)
	lowest, highest := map[string]int{}, map[string]int{}
	for _, h := range append(slices.Clone(g.histories), ends...) {
		name, _ := h[0].(string)
		n, ok := h[1].(pyjson.Number)
		i, isInt := n.Int()
		if !ok || !isInt {
			continue
		}
		if old, ok := lowest[name]; !ok || i < old {
			lowest[name] = i
		}
		highest[name] = max(highest[name], i)
	}
	shift := func(h []any, functional bool) {
		name, _ := h[0].(string)
		record := g.names[name]
		n, _ := h[1].(pyjson.Number)
		i, ok := n.Int()
		if record == nil || !ok || highest[name] < len(record.List("inbound_nodes")) {
			return
		}
		i -= lowest[name]
		if functional && record.String("class_name") == "Functional" {
			i++ // so Keras 3 counts there
		}
		h[1] = pyjson.Int(max(i, 0))
	}
	for _, h := range g.histories {
		shift(h, false)
	}
	for _, h := range ends {
		shift(h, true)
	}
}

// collectEnds finds the [name, call, output] in input_layers or output_layers.
func collectEnds(v any, out *[][]any, depth int) {
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
			collectEnds(x, out, depth+1)
		}
	case *pyjson.Object:
		for _, k := range v.Keys() {
			collectEnds(v.Get(k), out, depth+1)
		}
	}
}
