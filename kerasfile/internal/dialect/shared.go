package dialect

import (
	"cmp"
	"fmt"
	"slices"
	"sort"

	"github.com/hornml/horn/internal/digest"
	"github.com/hornml/horn/internal/naming"
	"github.com/hornml/horn/internal/pyjson"
)

// Identity is the shared_object_id that a record lacks.
type Identity struct {
	Record *pyjson.Object
	ID     any
}

// SharedIdentities finds layers that Keras saved once and wrote into the config twice: used in two models, or in a wrapper
// and outside of it. Their second record has an id that the first lacks, and their second path in the weights file has no
// variables. layers is the name of the list of a model's layers in that file; stored reports whether it has variables at or
// below a path. Without these ids not even Keras can load the file.
func SharedIdentities(root *pyjson.Object, layers string, stored func(path string) bool, names Names) []Identity {
	w := &recordWalk{layers: layers, names: names, seen: map[string]bool{}}
	w.visit(root, "", 0)
	second := map[string][]int{} // those whose variables are elsewhere, by what is easily compared
	for i, r := range w.records {
		if r.id != nil && !stored(r.path) {
			second[r.name()] = append(second[r.name()], i)
		}
	}
	var out []Identity
	for i, first := range w.records {
		if first.id != nil || len(second[first.name()]) == 0 || !stored(first.path) {
			continue
		}
		hash := first.hash()
		for _, k := range second[first.name()] {
			if k > i && w.records[k].hash() == hash {
				out = append(out, Identity{first.record, w.records[k].id})
				second[first.name()] = slices.DeleteFunc(second[first.name()], func(n int) bool { return w.records[n].id == w.records[k].id })
				break
			}
		}
	}
	return out
}

// recordWalk lists the records of a model with their paths in a weights file, in the order in which Keras walks through
// attributes: by their names, private ones last, each object once.
type recordWalk struct {
	layers  string
	names   Names
	seen    map[string]bool // ids
	records []*placedRecord
}

type placedRecord struct {
	record *pyjson.Object
	path   string
	id     any
	sum    *[digest.Size]byte
}

// name is what two records of one layer have in common at least.
func (r *placedRecord) name() string {
	return r.record.String("module") + " " + r.record.String("class_name") + " " + r.record.Object("config").String("name")
}

// hash is that of the class and the config, without the identities of shared objects such as dtype policies.
func (r *placedRecord) hash() [digest.Size]byte {
	if r.sum == nil {
		config := pyjson.Clone(r.record.Get("config"))
		forgetIdentities(config, 0)
		sum := digest.Of(pyjson.Marshal(pyjson.NewObject("name", r.name(), "config", config)))
		r.sum = &sum
	}
	return *r.sum
}

// maxShared bounds how deep layers that may be shared are nested.
const maxShared = 64

func (w *recordWalk) visit(record *pyjson.Object, path string, depth int) {
	config := record.Object("config")
	if config == nil || depth > maxShared {
		return
	}
	id := record.Get("shared_object_id")
	if n, ok := id.(pyjson.Number); ok {
		if w.seen[string(n)] {
			return
		}
		w.seen[string(n)] = true
	} else {
		id = nil
	}
	w.records = append(w.records, &placedRecord{record: record, path: path, id: id})
	class := record.String("class_name")
	keys := slices.Clone(config.Keys())
	attributes := map[string]string{}
	for _, k := range keys {
		attributes[k] = cmp.Or(historyOf(record.String("module"), class).attributes[k], k)
	}
	sort.SliceStable(keys, func(i, j int) bool {
		return naming.AttributeKey(attributes[keys[i]]) < naming.AttributeKey(attributes[keys[j]])
	})
	for _, k := range keys {
		at := attributes[k]
		if k == "layers" && (class == "Functional" || class == "Sequential") {
			at = w.layers
		}
		switch v := config.Get(k).(type) {
		case *pyjson.Object:
			if v.String("class_name") != "" {
				w.visit(v, naming.JoinPath(path, at), depth+1)
			}
		case []any:
			w.members(v, naming.JoinPath(path, at), depth)
		}
	}
}

// members visits a list of layers. They are called by their Python classes, and each counts, saved elsewhere or not.
func (w *recordWalk) members(list []any, path string, depth int) {
	count := map[string]int{}
	for _, v := range list {
		record, ok := v.(*pyjson.Object)
		class := record.String("class_name")
		if !ok || class == "" {
			continue
		}
		if c, ok := w.names.Layer(class); ok && c.Python != "" {
			class = c.Python
		}
		name := naming.SnakeCase(class)
		n := count[name]
		count[name]++
		if n > 0 {
			name = fmt.Sprintf("%s_%d", name, n)
		}
		w.visit(record, naming.JoinPath(path, name), depth+1)
	}
}

func forgetIdentities(v any, depth int) {
	if depth > pyjson.MaxDepth {
		return
	}
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			forgetIdentities(x, depth+1)
		}
	case *pyjson.Object:
		v.Delete("shared_object_id")
		for _, k := range v.Keys() {
			forgetIdentities(v.Get(k), depth+1)
		}
	}
}

// SettleIdentities numbers the layers of a model made in Go that have a shared_object_id, from 1 on as they come, in a copy; those
// that come once do not keep it.
func SettleIdentities(root *pyjson.Object) *pyjson.Object {
	root = pyjson.Clone(root).(*pyjson.Object)
	records := map[pyjson.Number][]*pyjson.Object{}
	var order []pyjson.Number
	var visit func(v any, depth int)
	visit = func(v any, depth int) {
		if depth > pyjson.MaxDepth {
			return
		}
		switch v := v.(type) {
		case []any:
			for _, x := range v {
				visit(x, depth+1)
			}
		case *pyjson.Object:
			if id, ok := v.Get("shared_object_id").(pyjson.Number); ok {
				if records[id] == nil {
					order = append(order, id)
				}
				records[id] = append(records[id], v)
			}
			for _, k := range v.Keys() {
				visit(v.Get(k), depth+1)
			}
		}
	}
	visit(root, 0)
	n := 0
	for _, id := range order {
		if len(records[id]) == 1 {
			records[id][0].Delete("shared_object_id")
			continue
		}
		n++
		for _, r := range records[id] {
			r.Set("shared_object_id", pyjson.Int(n))
		}
	}
	return root
}
