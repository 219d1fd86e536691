package kerasfile

import (
	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn/layer"
)

// share finds layers that Keras saved once and wrote into the config twice: used in two models, or in a wrapper and
// outside of it. Their second record has an id that the first lacks, and their second path has no variables. share gives
// the first record the id; after that the config has to be decoded again. It reports whether there was such a layer.
func (l *weightsLoader) share() bool {
	found := false
	for i, o := range l.objects {
		record := o.layer.Record()
		if record == nil || len(o.layer.Variables()) == 0 || l.file.hasVariables(o.path) {
			continue
		}
		id := record.Get("shared_object_id")
		if id == nil {
			continue
		}
		for _, e := range l.objects[:i] {
			if e.layer == o.layer || !sameRecord(e.layer, record) || !l.file.hasVariables(e.path) {
				continue
			}
			first := e.layer.Record()
			if _, has := first.Lookup("shared_object_id"); !has {
				first.Set("shared_object_id", id)
				found = true
			}
			break
		}
	}
	return found
}

// sameRecord reports whether a layer was read from a record of the same class and config, name included.
func sameRecord(l layer.Layer, record *pyjson.Object) bool {
	r := l.Record()
	return r != nil && r.String("module") == record.String("module") && r.String("class_name") == record.String("class_name") &&
		pyjson.Equal(anonymous(r.Get("config")), anonymous(record.Get("config")))
}

// anonymous copies a config without the identities of shared objects, such as dtype policies.
func anonymous(v any) any {
	v = pyjson.Clone(v)
	forgetIdentities(v, 0)
	return v
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
