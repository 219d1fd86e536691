package nn

import (
	"fmt"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/pyjson"
	"github.com/hornml/horn/tensor"
)

// Record returns the serialized form of a layer or model (keras.saving.serialize_keras_object): the record from which it
// was read, with the trainable flags as they are now, or one made of its arguments. The caller must not change it.
func Record(l Layer) *pyjson.Object {
	s := &serializer{layers: map[*pyjson.Object]Layer{}}
	EachLayer(l, func(l Layer) {
		if r := l.base().record; r != nil {
			s.layers[r] = l
		}
	})
	return s.record(l)
}

type serializer struct {
	layers map[*pyjson.Object]Layer // by the records from which they were read
}

func (s *serializer) record(l Layer) *pyjson.Object {
	b := l.base()
	if b.record != nil {
		v, _ := s.current(b.record, 0).(*pyjson.Object)
		return v
	}
	return b.newRecord()
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
	if _, ok := l.(*Model); ok || b.decoder == nil {
		return out
	}
	// The record as a layer once more: what its fields say in another way than the file does not count as a change.
	again := &Decoder{Custom: b.decoder.Custom}
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
	config := new(pyjson.Object)
	c := &Config{out: config}
	registered := any(nil)
	switch l := b.self.(type) {
	case *Model:
		l.writeConfig(c)
		if !l.sequential {
			registered = b.class.Name
		}
	case *op:
		config.Set("name", b.name)
		l.Config(c)
		registered = b.class.Name
	case *InputLayer:
		l.Config(c)
		config.Set("name", b.name)
	default:
		b.config(c)
		l.Config(c)
	}
	module := any(b.class.Module)
	if b.registered != "" {
		module, registered = nil, b.registered
		if b.class.Module != "" {
			module = b.class.Module
		}
	}
	record := pyjson.NewObject("module", module, "class_name", b.class.Name, "config", config, "registered_name", registered)
	if m, ok := b.self.(*Model); ok {
		record.Set("build_config", pyjson.NewObject("input_shape", m.buildShape()))
		if m.Compile != nil {
			record.Set("compile_config", m.Compile)
		}
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
	return writeShape(dims), true
}

// buildShape is null for a Functional; for a Sequential the shape of its input.
func (m *Model) buildShape() any {
	if ins := m.inputLayers(); m.sequential && len(ins) == 1 && ins[0].BatchShape != nil {
		return writeShape(ins[0].BatchShape)
	}
	return nil
}

// writeConfig writes the config of a model that was made in Go.
func (m *Model) writeConfig(c *Config) {
	c.out.Set("name", m.name)
	c.out.Set("trainable", m.trainable)
	if m.sequential {
		c.out.Set("dtype", m.policy.record())
	}
	layers := []any{}
	for i, l := range m.layers {
		record := Record(l)
		if !m.sequential {
			record = m.place(i, record)
		} else {
			record = without(record, "name", "inbound_nodes")
		}
		layers = append(layers, record)
	}
	c.out.Set("layers", layers)
	if m.sequential {
		if shape := m.buildShape(); shape != nil {
			c.out.Set("build_input_shape", shape)
		}
		return
	}
	c.out.Set("input_layers", m.writeEnds(m.inputs, false))
	c.out.Set("output_layers", m.writeEnds(m.outputs, true))
}

// without copies a record but for some keys.
func without(record *pyjson.Object, keys ...string) *pyjson.Object {
	out := new(pyjson.Object)
	for _, k := range record.Keys() {
		out.Set(k, record.Get(k))
	}
	for _, k := range keys {
		out.Delete(k)
	}
	return out
}

// place puts a layer's record into a Functional: with its name and its calls.
func (m *Model) place(i int, record *pyjson.Object) *pyjson.Object {
	out := without(record, "name", "inbound_nodes")
	out.Set("name", m.layers[i].Name())
	calls := []any{}
	if _, ok := m.layers[i].(*InputLayer); !ok {
		for _, n := range m.nodes[i] {
			args := []any{}
			for _, a := range n.args {
				args = append(args, m.writeArgument(a))
			}
			kwargs := new(pyjson.Object)
			for _, k := range sortedKeys(n.kwargs) {
				kwargs.Set(k, m.writeArgument(n.kwargs[k]))
			}
			calls = append(calls, pyjson.NewObject("args", args, "kwargs", kwargs))
		}
	}
	out.Set("inbound_nodes", calls)
	return out
}

// writeEnds writes input_layers or output_layers. There a nested Functional's calls count from 1.
func (m *Model) writeEnds(v any, output bool) any {
	switch v := v.(type) {
	case *ref:
		n := v.node
		if inner, ok := m.layers[v.layer].(*Model); ok && !inner.sequential && output {
			n++
		}
		return []any{m.layers[v.layer].Name(), pyjson.Int(n), pyjson.Int(v.out)}
	case []any:
		out := []any{}
		for _, x := range v {
			out = append(out, m.writeEnds(x, output))
		}
		return out
	case map[string]any:
		out := new(pyjson.Object)
		for _, k := range sortedKeys(v) {
			out.Set(k, m.writeEnds(v[k], output))
		}
		return out
	}
	return nil
}

// writeArgument writes an argument of a call.
func (m *Model) writeArgument(v any) any {
	switch v := v.(type) {
	case *ref:
		shape, dtype := m.refSpec(v)
		return pyjson.NewObject("class_name", "__keras_tensor__", "config", pyjson.NewObject("shape", shape, "dtype", dtype,
			"keras_history", []any{m.layers[v.layer].Name(), pyjson.Int(v.node), pyjson.Int(v.out)}))
	case constant:
		return pyjson.NewObject("class_name", "__numpy__", "config", pyjson.NewObject("value", nestedLists(v.t), "dtype", v.t.DType().String()))
	case Slice:
		return pyjson.NewObject("class_name", "__slice__", "config", pyjson.NewObject("start", m.writeArgument(v.Start),
			"stop", m.writeArgument(v.Stop), "step", m.writeArgument(v.Step)))
	case Ellipsis:
		return pyjson.NewObject("class_name", "__ellipsis__", "config", new(pyjson.Object))
	case noMask:
		return nil
	case []any:
		out := []any{}
		for _, x := range v {
			out = append(out, m.writeArgument(x))
		}
		return out
	case map[string]any:
		out := new(pyjson.Object)
		for _, k := range sortedKeys(v) {
			out.Set(k, m.writeArgument(v[k]))
		}
		return out
	case int:
		return pyjson.Int(v)
	case float64:
		return pyjson.Float(v)
	}
	return v
}

// refSpec returns shape and type of a layer's output, null and float32 where they are not known.
func (m *Model) refSpec(r *ref) (shape any, dtype string) {
	b := m.layers[r.layer].base()
	dtype = "float32"
	if in, ok := m.layers[r.layer].(*InputLayer); ok && in.DType != tensor.Invalid {
		return writeShapeOrNone(in.BatchShape), in.DType.String()
	}
	if r.node < len(b.outputShapes) {
		var flat [][]int
		walkTree(b.outputShapes[r.node], func(leaf any) {
			s, _ := leaf.([]int)
			flat = append(flat, s)
		})
		if r.out < len(flat) {
			shape = writeShapeOrNone(flat[r.out])
		}
	}
	if r.node < len(b.outputTypes) && r.out < len(b.outputTypes[r.node]) {
		dtype = b.outputTypes[r.node][r.out].String()
	}
	return shape, dtype
}

func writeShapeOrNone(shape []int) any {
	if shape == nil {
		return nil
	}
	return writeShape(shape)
}

// nestedLists writes an array as nested lists of numbers.
func nestedLists(t tensor.Any) any {
	buf := graph.BufOf(t)
	i := 0
	var build func(shape []int) any
	build = func(shape []int) any {
		if len(shape) == 0 {
			i++
			switch k := i - 1; {
			case buf.B != nil:
				return buf.B[k]
			case buf.I != nil:
				return pyjson.Number(fmt.Sprint(buf.I[k]))
			case buf.S != nil:
				return buf.S[k]
			case buf.D != nil:
				return pyjson.Float(buf.D[k])
			default:
				return pyjson.Float(float64(buf.F[k]))
			}
		}
		out := make([]any, shape[0])
		for k := range out {
			out[k] = build(shape[1:])
		}
		return out
	}
	return build(t.Shape())
}

// RewriteCalls writes the calls of all layers, with the shapes of their tensors, into the records from which the model and
// the models inside it were read; for records of older releases, which have no shapes there.
func (m *Model) RewriteCalls() {
	EachLayer(m, func(l Layer) {
		inner, ok := l.(*Model)
		if !ok || inner.sequential || inner.record == nil {
			return
		}
		config := inner.record.Object("config")
		for i, v := range config.List("layers") {
			if record, ok := v.(*pyjson.Object); ok && i < len(inner.layers) {
				record.Set("inbound_nodes", inner.place(i, record).Get("inbound_nodes"))
			}
		}
		config.Set("input_layers", inner.writeEnds(inner.inputs, false))
		config.Set("output_layers", inner.writeEnds(inner.outputs, true))
	})
}

// FreshRecord is Record made of the layer's arguments, also for a layer that was read from a file.
func FreshRecord(l Layer) *pyjson.Object { return l.base().newRecord() }
