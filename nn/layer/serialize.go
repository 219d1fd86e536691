package layer

import (
	"strconv"

	"github.com/hornml/horn/internal/pyjson"
)

// Record returns the serialized form of a layer or model (keras.saving.serialize_keras_object): the record from which it
// was read, with the trainable flags as they are now, or one made of its arguments. The caller must not change it.
func Record(l Layer) *pyjson.Object {
	s := &serializer{layers: map[*pyjson.Object]Layer{}}
	Each(l, func(l Layer) {
		b := l.base()
		if b.rewriting != nil {
			b.rewriting.Do(func() { b.network.RewriteCalls(b.record) })
		}
		if b.record != nil {
			s.layers[b.record] = l
		}
	})
	return s.record(l)
}

type serializer struct {
	layers map[*pyjson.Object]Layer // by the records from which they were read
}

func (s *serializer) record(l Layer) *pyjson.Object {
	b := l.base()
	record := b.record
	if record != nil {
		record, _ = s.current(record, 0).(*pyjson.Object)
	} else {
		record = b.newRecord()
	}
	if _, has := record.Lookup("shared_object_id"); b.holders > 1 && !has && record != nil {
		out := new(pyjson.Object)
		for _, k := range record.Keys() {
			out.Set(k, record.Get(k))
		}
		out.Set("shared_object_id", pyjson.Number(strconv.FormatUint(b.order, 10)))
		record = out
	}
	return record
}

// current returns a record with the flags of its layers as they are now; what did not change is not copied.
func (s *serializer) current(v any, depth int) any {
	if depth > pyjson.MaxDepth {
		return v
	}
	switch v := v.(type) {
	case []any:
		var out []any
		for i, x := range v {
			y := s.current(x, depth+1)
			if out == nil && !same(x, y) {
				out = append(out, v[:i]...)
			}
			if out != nil {
				out = append(out, y)
			}
		}
		if out != nil {
			return out
		}
	case *pyjson.Object:
		var out *pyjson.Object
		change := func(key string, value any) {
			if out == nil {
				out = new(pyjson.Object)
				for _, k := range v.Keys() {
					out.Set(k, v.Get(k))
				}
			}
			out.Set(key, value)
		}
		for _, k := range v.Keys() {
			x := v.Get(k)
			if y := s.current(x, depth+1); !same(x, y) {
				change(k, y)
			}
		}
		if l := s.layers[v]; l != nil {
			if changes := changes(l, v); changes != nil {
				from := v
				if out != nil {
					from = out
				}
				config := pyjson.Clone(from.Object("config")).(*pyjson.Object)
				for _, k := range changes.Keys() {
					config.Set(k, changes.Get(k))
				}
				change("config", config)
			}
		}
		if out != nil {
			return out
		}
	}
	return v
}

// same compares two values of which the second is the first or a copy.
func same(a, b any) bool {
	switch a := a.(type) {
	case []any:
		b, ok := b.([]any)
		return ok && len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
	case *pyjson.Object:
		return a == b
	}
	return true
}

// changes returns the arguments of a layer that are others now than in the record from which it was read, nil for none:
// the trainable flag and fields that the user has set.
func changes(l Layer, record *pyjson.Object) *pyjson.Object {
	b := l.base()
	config := record.Object("config")
	if _, ok := l.(*op); ok || config == nil {
		return nil
	}
	var out *pyjson.Object
	set := func(key string, v any) {
		if out == nil {
			out = new(pyjson.Object)
		}
		out.Set(key, v)
	}
	was, ok := config.Get("trainable").(bool)
	if !ok {
		was = true
	}
	if was != b.trainable {
		set("trainable", b.trainable)
	}
	if b.network != nil || b.decoder == nil {
		return out
	}
	// The record as a layer once more: what its fields say in another way than the file does not count as a change.
	again := &Decoder{Registry: b.decoder.Registry}
	fresh := again.newLayer(record, "")
	if fresh == nil || again.Err() != nil {
		return out
	}
	before, now := ConfigOf(fresh), ConfigOf(l)
	inner := false
	for _, k := range now.Keys() {
		if k != "name" && k != "trainable" && !pyjson.Equal(before.Get(k), now.Get(k)) {
			set(k, now.Get(k))
			inner = inner || hasRecord(now.Get(k))
		}
	}
	for _, k := range now.Keys() {
		// A layer that the file leaves out is made of the one that changed: Bidirectional's backward_layer.
		if inner && hasRecord(now.Get(k)) && config.Get(k) == nil {
			set(k, now.Get(k))
		}
	}
	return out
}

func hasRecord(v any) bool {
	o, ok := v.(*pyjson.Object)
	return ok && o.Object("config") != nil
}

// newRecord makes the record of a layer that was made in Go.
func (b *Base) newRecord() *pyjson.Object {
	config := ConfigOf(b.self)
	module, registered := any(b.class.Module), any(nil)
	if r := b.class.Registered; r != "" {
		registered = r
		if b.class.Module == "" {
			module = nil
		}
	}
	record := pyjson.NewObject("module", module, "class_name", b.class.Name, "config", config, "registered_name", registered)
	if n := b.network; n != nil {
		n.CompleteRecord(record)
	} else if shape, ok := b.buildShape(); ok {
		record.Set("build_config", pyjson.NewObject("input_shape", shape))
	}
	return record
}

// buildShape is what Keras would hand to the layer's build again: the shape of its only input.
func (b *Base) buildShape() (shape any, ok bool) {
	if len(b.variables) == 0 || len(b.inputShapes) == 0 {
		return nil, false
	}
	dims, ok := b.inputShapes[0].([]int)
	if !ok {
		return nil, false
	}
	return pyjson.NewShape(dims), true
}

// FreshRecord is Record made of the layer's arguments, also for a layer that was read from a file.
func FreshRecord(l Layer) *pyjson.Object { return l.base().newRecord() }

// configWriter is a layer that has much to write: programs that only read do not link what ConfigOf alone calls.
type configWriter interface {
	Layer
	WriteConfig(c *Config)
}

// ConfigOf returns the arguments of a layer's constructor as its fields have them (Layer.get_config), whatever the record
// says from which it was read.
func ConfigOf(l Layer) *pyjson.Object {
	config := new(pyjson.Object)
	c := &Config{out: config, recordOf: Record}
	switch l := l.(type) {
	case *op:
		config.Set("name", l.Name())
		l.Config(c)
	case *InputLayer:
		l.Config(c)
		config.Set("name", l.Name())
	case configWriter:
		l.base().config(c)
		l.WriteConfig(c)
	default:
		l.base().config(c)
		l.Config(c)
	}
	return config
}
