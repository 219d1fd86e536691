package dialect

import (
	"github.com/hornml/horn/internal/pyjson"
)

// RenumberShared gives the calls of layers that several models share the numbers that they have when Keras loads the
// file: it counts all calls of a layer, and those in models inside come first. Keras itself writes numbers by which it
// does not find the tensors again. In a model made in Go the calls of each model count from 0; in one from a file they may be
// numbered as Keras finds them already. It returns the config, changed in a copy, and whether there was anything to change.
func RenumberShared(root *pyjson.Object, madeInGo bool) (*pyjson.Object, bool) {
	counts := map[string]int{}
	n := &sharedCalls{counts: counts}
	n.model(root, 0)
	if !n.found {
		return root, false
	}
	root = pyjson.Clone(root).(*pyjson.Object)
	(&sharedCalls{counts: map[string]int{}, change: true, always: madeInGo}).model(root, 0)
	return root, true
}

type sharedCalls struct {
	counts map[string]int // calls so far, by shared_object_id
	change bool
	always bool // no call is numbered as Keras finds it yet
	found  bool
}

// model counts the calls that loading a model makes, in Keras's order: all layers, and models inside, before its own calls.
func (s *sharedCalls) model(record *pyjson.Object, depth int) {
	config := record.Object("config")
	if config == nil || depth > maxWrappers {
		return
	}
	layers := config.List("layers")
	for _, v := range layers {
		if inner, ok := v.(*pyjson.Object); ok && inner.Object("config").List("layers") != nil {
			s.model(inner, depth+1)
		}
	}
	before := map[string]int{}
	for _, v := range layers {
		l, ok := v.(*pyjson.Object)
		id, shared := l.Get("shared_object_id").(pyjson.Number)
		if !ok || !shared {
			continue
		}
		calls := len(l.List("inbound_nodes"))
		if record.String("class_name") == "Sequential" {
			calls = 1
		}
		if n := s.counts[string(id)]; n > 0 && calls > 0 {
			before[l.String("name")] = n
		}
		s.counts[string(id)] += calls
	}
	if len(before) == 0 || record.String("class_name") == "Sequential" {
		return
	}
	s.found = true
	if s.change {
		for _, v := range layers {
			if l, ok := v.(*pyjson.Object); ok {
				s.shiftHistories(l.Get("inbound_nodes"), before, 0)
			}
		}
		var ends [][]any
		flattenEnds(config.Get("output_layers"), &ends, 0)
		for _, end := range ends {
			s.shiftHistory(end, before)
		}
	}
}

func (s *sharedCalls) shiftHistories(v any, by map[string]int, depth int) {
	if depth > pyjson.MaxDepth {
		return
	}
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			s.shiftHistories(x, by, depth+1)
		}
	case *pyjson.Object:
		if v.String("class_name") == "__keras_tensor__" {
			s.shiftHistory(v.Object("config").List("keras_history"), by)
			return
		}
		for _, k := range v.Keys() {
			s.shiftHistories(v.Get(k), by, depth+1)
		}
	}
}

// shiftHistory counts up the call in [layer, call, output], unless it may count so already.
func (s *sharedCalls) shiftHistory(h []any, by map[string]int) {
	if len(h) != 3 {
		return
	}
	name, _ := h[0].(string)
	n, _ := h[1].(pyjson.Number)
	if i, ok := n.Int(); ok && (s.always || i < by[name]) {
		h[1] = pyjson.Int(i + by[name])
	}
}
