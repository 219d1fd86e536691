package nn

import (
	"fmt"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/internal/tree"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

// buildShape is null for a Functional; for a Sequential the shape of its input.
func (m *Model) buildShape() any {
	if ins := m.inputLayers(); m.sequential && len(ins) == 1 && ins[0].BatchShape != nil {
		return pyjson.NewShape(ins[0].BatchShape)
	}
	return nil
}

// WriteConfig writes the config of a model that was made in Go; see layer.ConfigOf.
func (m *Model) WriteConfig(c *layer.Config) {
	if !m.sequential {
		c.Omit("dtype")
	}
	layers := []any{}
	for i, l := range m.layers {
		record := layer.Record(l)
		if !m.sequential {
			record = m.place(i, record)
		} else {
			record = without(record, "name", "inbound_nodes")
		}
		layers = append(layers, record)
	}
	c.Put("layers", layers)
	if m.sequential {
		if shape := m.buildShape(); shape != nil {
			c.Put("build_input_shape", shape)
		}
		return
	}
	c.Put("input_layers", m.writeEnds(m.inputs, false))
	c.Put("output_layers", m.writeEnds(m.outputs, true))
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
	if _, ok := m.layers[i].(*layer.InputLayer); !ok {
		for _, n := range m.nodes[i] {
			args := []any{}
			for _, a := range n.args {
				args = append(args, m.writeArgument(a))
			}
			kwargs := new(pyjson.Object)
			for _, k := range tree.Keys(n.kwargs) {
				if k == "mask" && n.kwargs[k] == nil {
					continue // the one that travels along; null is for layer.NoMask
				}
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
		for _, k := range tree.Keys(v) {
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
	case layer.Constant:
		return pyjson.NewObject("class_name", "__numpy__", "config",
			pyjson.NewObject("value", nestedLists(v.Value), "dtype", v.Value.DType().String()))
	case layer.Slice:
		return pyjson.NewObject("class_name", "__slice__", "config", pyjson.NewObject("start", m.writeArgument(v.Start),
			"stop", m.writeArgument(v.Stop), "step", m.writeArgument(v.Step)))
	case layer.Ellipsis:
		return pyjson.NewObject("class_name", "__ellipsis__", "config", new(pyjson.Object))
	case layer.NoMask:
		return nil
	case []any:
		out := []any{}
		for _, x := range v {
			out = append(out, m.writeArgument(x))
		}
		return out
	case map[string]any:
		out := new(pyjson.Object)
		for _, k := range tree.Keys(v) {
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
	l := m.layers[r.layer]
	dtype = "float32"
	if in, ok := l.(*layer.InputLayer); ok && in.DType != tensor.Invalid {
		return writeShapeOrNone(in.BatchShape), in.DType.String()
	}
	if r.node < len(layer.OutputShapes(l)) {
		var flat [][]int
		tree.Walk(layer.OutputShapes(l)[r.node], func(leaf any) {
			s, _ := leaf.([]int)
			flat = append(flat, s)
		})
		if r.out < len(flat) {
			shape = writeShapeOrNone(flat[r.out])
		}
	}
	if r.node < len(layer.OutputTypes(l)) && r.out < len(layer.OutputTypes(l)[r.node]) {
		dtype = layer.OutputTypes(l)[r.node][r.out].String()
	}
	return shape, dtype
}

func writeShapeOrNone(shape []int) any {
	if shape == nil {
		return nil
	}
	return pyjson.NewShape(shape)
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

// network is a model as package layer sees it.
type network struct{ m *Model }

func (n network) Operations() []layer.Layer { return n.m.layers }

func (n network) CompleteRecord(record *pyjson.Object) {
	if shape := n.m.buildShape(); shape != nil || !n.m.sequential { // Keras cannot build a Sequential for a shape that is null
		record.Set("build_config", pyjson.NewObject("input_shape", shape))
	}
	if n.m.compile != nil {
		record.Set("compile_config", n.m.compile)
	}
}

func (n network) RewriteCalls(record *pyjson.Object) {
	m := n.m
	if m.sequential {
		return
	}
	config := record.Object("config")
	for i, v := range config.List("layers") {
		if record, ok := v.(*pyjson.Object); ok && i < len(m.layers) {
			record.Set("inbound_nodes", m.place(i, record).Get("inbound_nodes"))
		}
	}
	config.Set("input_layers", m.writeEnds(m.inputs, false))
	config.Set("output_layers", m.writeEnds(m.outputs, true))
}
