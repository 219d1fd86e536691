package nn

import (
	"fmt"
	"slices"
	"sort"
	"sync/atomic"

	"github.com/hornml/horn/tensor"
)

// KerasTensor stands for a tensor while a Functional model is built (keras.KerasTensor): an input, or an output of a
// layer that was called. It has no elements.
type KerasTensor struct {
	call *symbolicCall
	out  int
}

// symbolicCall is one call of a layer on KerasTensors.
type symbolicCall struct {
	layer  Layer
	args   []any
	kwargs map[string]any
	order  uint64
}

var symbolicCalls atomic.Uint64

// Input returns an input of a Functional model (keras.Input). shape is without the batch; -1 stands for a dimension that
// may vary. Args are those of InputLayer: "name", "dtype", "batch_size", "optional".
func Input(shape []int, args ...Args) *KerasTensor {
	in := NewInputLayer(shape, args...)
	return &KerasTensor{call: &symbolicCall{layer: in, order: symbolicCalls.Add(1)}}
}

// NewInputLayer returns the first layer of a Sequential model, which says the shape of its input (keras.layers.InputLayer);
// see [Input].
func NewInputLayer(shape []int, args ...Args) *InputLayer {
	merged := Args{}
	for _, a := range args {
		for k, v := range a {
			merged[k] = v
		}
	}
	batch := []any{nil}
	if n, ok := merged["batch_size"]; ok {
		batch[0] = fromGo(n)
		delete(merged, "batch_size")
	}
	for _, d := range shape {
		if d < 0 {
			batch = append(batch, nil)
		} else {
			batch = append(batch, fromGo(d))
		}
	}
	merged["batch_shape"] = batch
	return Construct(new(InputLayer), Class{Module: "keras.layers", Name: "InputLayer"}, merged)
}

// On calls the layer on tensors of a model that is being built: layers.NewDense(64).On(x). Each argument is a
// *KerasTensor, a list or map of them, or a constant as in [Args]. The result is the layer's first output.
func (b *Base) On(args ...any) *KerasTensor { return b.OnKw(args, nil)[0] }

// OnAll is On for a layer with n outputs.
func (b *Base) OnAll(n int, args ...any) []*KerasTensor {
	first := b.On(args...)
	out := []*KerasTensor{first}
	for i := 1; i < n; i++ {
		out = append(out, &KerasTensor{first.call, i})
	}
	return out
}

// OnKw is On with keyword arguments: lstm.OnKw([]any{x}, nn.Args{"initial_state": []any{h, c}}). Outputs after the first
// are had by Output.
func (b *Base) OnKw(args []any, kwargs Args) []*KerasTensor {
	c := &symbolicCall{layer: b.self, order: symbolicCalls.Add(1)}
	for _, a := range args {
		c.args = append(c.args, symbolicArgument(a))
	}
	if len(kwargs) > 0 {
		c.kwargs = map[string]any{}
		for k, v := range kwargs {
			c.kwargs[k] = symbolicArgument(v)
		}
	}
	return []*KerasTensor{{call: c}}
}

// Output returns another output of the call that made the tensor, in the flat order of the layer's outputs.
func (t *KerasTensor) Output(i int) *KerasTensor { return &KerasTensor{t.call, i} }

// symbolicArgument turns an argument into the form that calls have.
func symbolicArgument(v any) any {
	switch v := v.(type) {
	case *KerasTensor:
		return v
	case []*KerasTensor:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = x
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = symbolicArgument(x)
		}
		return out
	case map[string]*KerasTensor:
		out := map[string]any{}
		for k, x := range v {
			out[k] = x
		}
		return out
	case map[string]any:
		out := map[string]any{}
		for k, x := range v {
			out[k] = symbolicArgument(x)
		}
		return out
	case Slice:
		return Slice{symbolicArgument(v.Start), symbolicArgument(v.Stop), symbolicArgument(v.Step)}
	case tensor.Any:
		return constant{v}
	}
	return fromGo(v)
}

// ApplyOp calls a keras.ops function on tensors of a model that is being built: ApplyOp("numpy", "Add", nil, x, y). config
// has the arguments of the operation's constructor, such as Args{"axis": -1}.
func ApplyOp(module, class string, config Args, args ...any) (*KerasTensor, error) {
	d := &Decoder{}
	in := fromGo(map[string]any(config))
	record := pyRecord(opModule+"."+module, class, in)
	l := d.Layer(record, "")
	if err := d.Err(); err != nil {
		return nil, err
	}
	b := l.base()
	b.record, b.automatic, b.order = nil, b.name == SnakeCase(class), constructions.Add(1)
	return b.On(args...), nil
}

// NewModel makes a Functional model of inputs and outputs (keras.Model): each a *KerasTensor, or a list or map of them. Its
// layers are those between them; they may be in other models, too. Args are "name" and "trainable".
func NewModel(inputs, outputs any, args ...Args) (*Model, error) {
	g := &graphBuilder{index: map[Layer]int{}, depth: map[*symbolicCall]int{}, layerDepth: map[Layer]int{}, calls: map[Layer][]*symbolicCall{}}
	in, out := symbolicArgument(inputs), symbolicArgument(outputs)
	m := newModel(false)
	e := classes["keras.src.models.functional.Functional"]
	m.self, m.class, m.trainable, m.order = m, e.class, true, constructions.Add(1)
	m.name, m.automatic = "functional", true
	m.policy = DefaultPolicy()
	for _, a := range args {
		for _, k := range sortedKeys(a) {
			switch v := a[k].(type) {
			case string:
				if k == "name" {
					m.name, m.automatic = v, false
					continue
				}
			case bool:
				if k == "trainable" {
					m.trainable = v
					continue
				}
			}
			return nil, fmt.Errorf("a model has no argument %q of that type", k)
		}
	}
	if err := g.collect(in, out); err != nil {
		return nil, err
	}
	if err := g.fill(m, in, out); err != nil {
		return nil, err
	}
	if !m.trainable {
		m.SetTrainable(false)
	}
	return m, m.Build()
}

// graphBuilder finds the layers of a model in the order that Keras gives them.
type graphBuilder struct {
	index      map[Layer]int // traversal number
	order      []*symbolicCall
	depth      map[*symbolicCall]int
	layerDepth map[Layer]int
	calls      map[Layer][]*symbolicCall
	inputs     []*symbolicCall
}

// collect visits the calls depth first from the outputs; a call comes after those that it needs.
func (g *graphBuilder) collect(in, out any) error {
	var err error
	isInput := map[*symbolicCall]bool{}
	walkTree(in, func(leaf any) {
		t, ok := leaf.(*KerasTensor)
		if !ok || t == nil {
			err = fmt.Errorf("an input is a *KerasTensor, not %T", leaf)
			return
		}
		if _, ok := t.call.layer.(*InputLayer); !ok {
			err = fmt.Errorf("an input must be made by nn.Input: %q is a layer in between", t.call.layer.Name())
			return
		}
		if isInput[t.call] {
			err = fmt.Errorf("the input %q is given twice", t.call.layer.Name())
		}
		isInput[t.call] = true
		g.inputs = append(g.inputs, t.call)
	})
	if err != nil {
		return err
	}
	done := map[*symbolicCall]bool{}
	var visit func(c *symbolicCall)
	visit = func(c *symbolicCall) {
		if done[c] || err != nil {
			return
		}
		done[c] = true
		if _, ok := c.layer.(*InputLayer); ok && !isInput[c] {
			err = fmt.Errorf("the outputs need the input %q, which is not among the model's inputs", c.layer.Name())
			return
		}
		if _, ok := g.index[c.layer]; !ok {
			g.index[c.layer] = len(g.index)
		}
		for _, p := range c.parents() {
			visit(p)
		}
		g.order = append(g.order, c)
	}
	n := 0
	walkTree(out, func(leaf any) {
		t, ok := leaf.(*KerasTensor)
		if !ok || t == nil {
			if err == nil {
				err = fmt.Errorf("an output is a *KerasTensor, not %T", leaf)
			}
			return
		}
		n++
		visit(t.call)
	})
	if err == nil && (n == 0 || len(g.inputs) == 0) {
		err = fmt.Errorf("a model needs at least one input and one output")
	}
	return err
}

// parents are the calls whose outputs a call takes, in flat order of its arguments.
func (c *symbolicCall) parents() []*symbolicCall {
	var out []*symbolicCall
	visit := func(leaf any) {
		if t, ok := leaf.(*KerasTensor); ok {
			out = append(out, t.call)
		}
	}
	walkTree(c.args, visit)
	for _, k := range sortedKeys(c.kwargs) {
		walkTree(c.kwargs[k], visit)
	}
	return out
}

// fill orders the layers by decreasing depth, then by traversal, and translates the calls.
func (g *graphBuilder) fill(m *Model, in, out any) error {
	for i := len(g.order) - 1; i >= 0; i-- {
		c := g.order[i]
		d := max(g.depth[c], g.layerDepth[c.layer])
		g.depth[c], g.layerDepth[c.layer] = d, d
		for _, p := range c.parents() {
			g.depth[p] = max(g.depth[p], d+1)
		}
	}
	for _, c := range g.inputs { // those that no output needs
		if _, ok := g.index[c.layer]; !ok {
			g.index[c.layer] = -1
			g.order = append(g.order, c)
		}
	}
	for _, c := range g.order {
		g.calls[c.layer] = append(g.calls[c.layer], c)
	}
	for l := range g.calls {
		m.layers = append(m.layers, l)
		slices.SortFunc(g.calls[l], func(a, b *symbolicCall) int { return int(int64(a.order) - int64(b.order)) })
	}
	sort.Slice(m.layers, func(i, k int) bool {
		a, b := m.layers[i], m.layers[k]
		if g.layerDepth[a] != g.layerDepth[b] {
			return g.layerDepth[a] > g.layerDepth[b]
		}
		if g.index[a] != g.index[b] {
			return g.index[a] < g.index[b]
		}
		return a.base().order < b.base().order
	})
	if err := giveNames(m.layers); err != nil {
		return err
	}
	position := map[Layer]int{}
	for i, l := range m.layers {
		position[l] = i
	}
	number := map[*symbolicCall]int{}
	for _, calls := range g.calls {
		for k, c := range calls {
			number[c] = k
		}
	}
	translate := func(leaf any) any {
		if t, ok := leaf.(*KerasTensor); ok {
			return &ref{position[t.call.layer], number[t.call], t.out}
		}
		return leaf
	}
	m.nodes = make([][]*node, len(m.layers))
	for i, l := range m.layers {
		for _, c := range g.calls[l] {
			n := &node{}
			if args, ok := mapTree(c.args, translate).([]any); ok {
				n.args = args
			}
			if c.kwargs != nil {
				n.kwargs, _ = mapTree(c.kwargs, translate).(map[string]any)
			}
			m.nodes[i] = append(m.nodes[i], n)
		}
	}
	m.inputs, m.outputs = mapTree(in, translate), mapTree(out, translate)
	return nil
}
