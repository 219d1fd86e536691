package nn

import (
	"fmt"
	"slices"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/internal/tree"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

// callID is one call of a layer in a Functional model: the number of the layer, and of the call among those of the layer.
type callID struct{ layer, call int }

// ref points to an output of a call of a layer, as a keras_history does.
type ref struct{ layer, node, out int }

// modelCall is a call in one of the models of a trace.
type modelCall struct {
	model *Model
	id    callID
}

func (r *ref) call() callID { return callID{r.layer, r.node} }

// node is one recorded call of a layer: arguments with *ref in the place of tensors.
type node struct {
	args   []any
	kwargs map[string]any
}

// functionalConfig reads the graph of a Functional model.
func (m *Model) functionalConfig(c *layer.Config) {
	var records []any
	if v, ok := c.Value("layers"); ok {
		records, _ = v.([]any)
	}
	c.Inert("input_layers", "output_layers") // where the layers are no list, it is enough to say that
	if len(records) == 0 {
		c.Errorf("layers", "a list of layers is expected")
		return
	}
	index := map[string]int{}
	inbound := make([][]any, len(records))
	for i, r := range records {
		record, ok := r.(*pyjson.Object)
		if !ok {
			c.Errorf(fmt.Sprintf("layers/%d", i), "a layer is expected, not %s", pyjson.Describe(r))
			continue
		}
		l := c.Decode(fmt.Sprintf("layers/%d", i), record)
		if l == nil {
			l = &missing{}
			layer.Begin(l, layer.Class{})
		}
		name := record.String("name")
		if name == "" {
			name = record.Object("config").String("name")
		}
		if inner := record.Object("config").String("name"); inner != "" && inner != name {
			c.Errorf(fmt.Sprintf("layers/%d/name", i), "the layer has two names, %q here and %q in its config", name, inner)
		}
		layer.SetName(l, name)
		if _, twice := index[name]; twice {
			c.Errorf(fmt.Sprintf("layers/%d", i), "the name %q is used by two layers", name)
		}
		index[name] = i
		m.layers = append(m.layers, l)
		if inbound[i], ok = record.Get("inbound_nodes").([]any); !ok {
			c.Errorf(fmt.Sprintf("layers/%d/inbound_nodes", i), "a list of calls is expected, not %s", pyjson.Describe(record.Get("inbound_nodes")))
		}
	}
	if len(m.layers) != len(records) {
		return
	}
	m.nodes = make([][]*node, len(m.layers))
	d := &nodeDecoder{c: c, index: index}
	for i := range m.layers {
		for k, n := range inbound[i] {
			d.path = fmt.Sprintf("layers/%d/inbound_nodes/%d", i, k)
			m.nodes[i] = append(m.nodes[i], d.node(n))
		}
		if _, ok := m.layers[i].(*layer.InputLayer); ok && len(m.nodes[i]) == 0 {
			m.nodes[i] = []*node{{}}
		}
	}
	m.inputs = m.ends(c, d, "input_layers")
	m.outputs = m.ends(c, d, "output_layers")
	m.settleIndices(c, d)
	tree.Walk(m.inputs, func(leaf any) {
		if r, ok := leaf.(*ref); ok {
			if _, ok := m.layers[r.layer].(*layer.InputLayer); !ok {
				if _, gone := m.layers[r.layer].(*missing); !gone {
					c.Errorf("input_layers", "%q is no InputLayer", m.layers[r.layer].Name())
				}
			}
		}
	})
}

// missing takes the place of a layer that could not be read, so that the rest of the model is still looked at.
type missing struct{ layer.Base }

func (*missing) Config(*layer.Config) {}
func (*missing) Call(c *layer.Call) any {
	c.Fail("the layer could not be read")
	return nil
}

// ends reads input_layers or output_layers.
func (m *Model) ends(c *layer.Config, d *nodeDecoder, key string) any {
	v, ok := c.Value(key)
	if !ok {
		c.Errorf(key, "the key is missing")
		return nil
	}
	d.path = key
	out := d.structure(v, 0)
	if r, ok := out.(*ref); ok && key == "output_layers" {
		return r
	}
	if tree.Len(out) == 0 {
		c.Errorf(key, "at least one is expected")
	}
	return out
}

type nodeDecoder struct {
	c     *layer.Config
	index map[string]int
	path  string
	refs  []*ref   // of calls
	ends  []*ref   // of input_layers and output_layers
	where []string // of refs, then of ends
}

//go:noinline
func (d *nodeDecoder) fail(format string, args ...any) {
	d.c.Errorf(d.path, format, args...)
}

// structure reads a structure of [layer name, node, output].
func (d *nodeDecoder) structure(v any, depth int) any {
	if depth > layer.MaxNesting {
		d.fail("it is nested too deeply")
		return nil
	}
	switch v := v.(type) {
	case []any:
		if len(v) == 3 {
			if _, ok := v[0].(string); ok {
				r := d.history(v)
				if r == nil {
					return nil
				}
				d.ends = append(d.ends, r)
				return r
			}
		}
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = d.structure(x, depth+1)
		}
		return out
	case *pyjson.Object:
		out := map[string]any{}
		for _, k := range v.Keys() {
			out[k] = d.structure(v.Get(k), depth+1)
		}
		return out
	}
	d.fail("[layer name, call, output] is expected, not %s", pyjson.Describe(v))
	return nil
}

func (d *nodeDecoder) history(v []any) *ref {
	name, ok := v[0].(string)
	n, ok1 := v[1].(pyjson.Number)
	o, ok2 := v[2].(pyjson.Number)
	if !ok || !ok1 || !ok2 {
		d.fail("a tensor is named by [layer name, call, output]")
		return nil
	}
	call, ok1 := n.Int()
	out, ok2 := o.Int()
	number, known := d.index[name]
	if !known {
		d.fail("the layer %q does not exist", name)
		return nil
	}
	if !ok1 || !ok2 || call < 0 || out < 0 {
		d.fail("call %s, output %s of the layer %q cannot exist", n, o, name)
		return nil
	}
	return &ref{number, call, out}
}

// node reads one call: {"args": [...], "kwargs": {...}}.
func (d *nodeDecoder) node(v any) *node {
	o, ok := v.(*pyjson.Object)
	if !ok {
		d.fail("a call with args and kwargs is expected, not %s", pyjson.Describe(v))
		return &node{}
	}
	n := &node{}
	args, ok := o.Get("args").([]any)
	if !ok {
		d.fail("a list of args is expected")
	}
	for _, a := range args {
		n.args = append(n.args, d.argument(a, 0))
	}
	kwargs, ok := o.Get("kwargs").(*pyjson.Object)
	if !ok && o.Get("kwargs") != nil {
		d.fail("kwargs are an object")
	}
	if kwargs.Len() > 0 {
		n.kwargs = map[string]any{}
		for _, k := range kwargs.Keys() {
			n.kwargs[k] = d.argument(kwargs.Get(k), 0)
			if k == "mask" && n.kwargs[k] == nil && d.c.Decoder().LiteralMasks {
				n.kwargs[k] = layer.NoMask{}
			}
		}
	}
	return n
}

func (d *nodeDecoder) argument(v any, depth int) any {
	if depth > layer.MaxNesting {
		d.fail("an argument is nested too deeply")
		return nil
	}
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = d.argument(x, depth+1)
		}
		return out
	case *pyjson.Object:
		config := v.Object("config")
		switch class := v.String("class_name"); class {
		case "__keras_tensor__":
			h, ok := config.Get("keras_history").([]any)
			if !ok || len(h) != 3 {
				d.fail("a tensor without a keras_history")
				return nil
			}
			r := d.history(h)
			if r == nil {
				return nil
			}
			d.refs = append(d.refs, r)
			d.where = append(d.where, d.path)
			return r
		case "__numpy__", "__tensor__":
			dtype, err := tensor.ParseDType(config.String("dtype"))
			if err == nil {
				var t tensor.Any
				if t, err = layer.ArrayOf(config.Get("value"), dtype); err == nil {
					return layer.Constant{Value: t}
				}
			}
			d.fail("a constant array: %v", err)
			return nil
		case "__slice__":
			return layer.Slice{Start: d.argument(config.Get("start"), depth+1), Stop: d.argument(config.Get("stop"), depth+1),
				Step: d.argument(config.Get("step"), depth+1)}
		case "__ellipsis__":
			return layer.Ellipsis{}
		case "__bytes__":
			return config.String("value")
		case "__lambda__":
			d.c.Report(&layer.UnsupportedError{Path: d.c.Path() + "/" + d.path, Class: class,
				Reason: "an argument is Python code, which is never run"})
			return nil
		case "":
			out := map[string]any{}
			for _, k := range v.Keys() {
				out[k] = d.argument(v.Get(k), depth+1)
			}
			return out
		default:
			if name, ok := v.Get("config").(string); ok && class == "function" {
				return name
			}
			if config != nil && config.String("name") != "" && (class == "DTypePolicy" || class == "DType") {
				return config.String("name")
			}
			d.c.Report(&layer.UnsupportedError{Path: d.c.Path() + "/" + d.path, Module: v.String("module"), Class: class,
				Reason: "such an object cannot be an argument of a call here"})
			return nil
		}
	}
	return v
}

// settleIndices brings the call numbers of all references to 0..n-1. Keras counts calls that it did not record in some
// versions and for models inside models: docs/keras-file-format.md, node indices.
func (m *Model) settleIndices(c *layer.Config, d *nodeDecoder) {
	for _, r := range d.ends {
		if inner, ok := m.layers[r.layer].(*Model); ok && !inner.sequential && r.node > 0 {
			r.node--
		}
	}
	all := append(slices.Clone(d.refs), d.ends...)
	lo, hi := map[int]int{}, map[int]int{}
	for _, r := range all {
		if old, ok := lo[r.layer]; !ok || r.node < old {
			lo[r.layer] = r.node
		}
		hi[r.layer] = max(hi[r.layer], r.node)
	}
	for i, r := range all {
		if _, gone := m.layers[r.layer].(*missing); gone {
			continue
		}
		_, shared := layer.FileRecord(m.layers[r.layer]).Lookup("shared_object_id") // Keras counts its calls in other models, too
		if (c.Decoder().UnreducedCalls || shared) && hi[r.layer] >= len(m.nodes[r.layer]) {
			r.node -= lo[r.layer]
		}
		if r.node >= len(m.nodes[r.layer]) {
			where := "output_layers"
			if i < len(d.where) {
				where = d.where[i]
			}
			c.Errorf(where, "call %d of the layer %q does not exist; it has %d", r.node, m.layers[r.layer].Name(), len(m.nodes[r.layer]))
			r.node = 0
		}
	}
}

// run evaluates a Functional model on the values of its inputs, in flat order.
func (m *Model) run(c *layer.Call, inputs []*graph.Value) any {
	e := &evaluation{m: m, c: c, done: map[callID][]any{}, busy: map[callID]bool{}}
	i := 0
	tree.Walk(m.inputs, func(leaf any) {
		if r, ok := leaf.(*ref); ok {
			var x any
			if i < len(inputs) && inputs[i] != nil {
				x = inputs[i]
			}
			e.done[callID{r.layer, 0}] = []any{x}
		}
		i++
	})
	for i := range m.layers { // all calls, also those that no output needs: their variables exist
		for n := range m.nodes[i] {
			e.value(callID{i, n})
		}
	}
	return tree.Map(m.outputs, e.resolve)
}

type evaluation struct {
	m    *Model
	c    *layer.Call
	done map[callID][]any
	busy map[callID]bool
}

// value returns the flat outputs of a call, evaluating first what it depends on.
func (e *evaluation) value(key callID) []any {
	if out, ok := e.done[key]; ok {
		return out
	}
	l := e.m.layers[key.layer]
	if e.busy[key] {
		e.c.Fail("the layer %q depends on itself: the graph has a cycle", l.Name())
	}
	e.busy[key] = true
	if _, ok := l.(*layer.InputLayer); ok {
		e.c.Fail("the input %q is not among the model's input_layers", l.Name())
	}
	nd := e.m.nodes[key.layer][key.call]
	args := tree.Map(nd.args, e.resolve)
	var kwargs map[string]any
	if nd.kwargs != nil {
		kwargs = tree.Map(nd.kwargs, e.resolve).(map[string]any)
	}
	list, _ := args.([]any)
	out := e.c.RunKw(l, list, e.c.InModel(l, kwargs))
	e.c.Note(modelCall{e.m, key}, out)
	var flat []any
	tree.Walk(out, func(leaf any) { flat = append(flat, leaf) })
	e.done[key] = flat
	return flat
}

func (e *evaluation) resolve(leaf any) any {
	switch v := leaf.(type) {
	case *ref:
		out := e.value(v.call())
		if v.out >= len(out) {
			e.c.Fail("output %d of the layer %q does not exist; it has %d", v.out, e.m.layers[v.layer].Name(), len(out))
		}
		return out[v.out]
	case layer.Constant:
		return e.c.Const(v.Value)
	}
	return leaf
}
