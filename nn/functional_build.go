package nn

import (
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"

	"github.com/hornml/horn/internal/naming"
	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn/internal/tree"
	"github.com/hornml/horn/nn/layer"
)

// Input returns an input of a Functional model (keras.Input). shape is without the batch; -1 stands for a dimension that
// may vary. Args are those of InputLayer: "name", "dtype", "batch_size", "optional".
func Input(shape []int, args ...layer.Args) *layer.KerasTensor {
	return NewInputLayer(shape, args...).On()
}

// NewInputLayer returns the first layer of a Sequential model, which says the shape of its input (keras.layers.InputLayer);
// see [Input].
func NewInputLayer(shape []int, args ...layer.Args) *layer.InputLayer {
	merged := layer.Args{}
	known := []string{"name", "dtype", "batch_size", "optional", "sparse", "ragged"}
	for _, a := range args {
		for _, k := range tree.Keys(a) {
			if !slices.Contains(known, k) {
				panic(fmt.Sprintf("nn: an input has no argument %q%s; the shape is given without the batch, by position", k,
					naming.DidYouMean(k, known)))
			}
		}
		maps.Copy(merged, a)
	}
	batch := []any{nil}
	if n, ok := merged["batch_size"]; ok {
		batch[0] = n
		delete(merged, "batch_size")
	}
	for _, d := range shape {
		if d < -1 {
			panic(fmt.Sprintf("nn: an input of shape %v: lengths of 0 or more are expected, or -1 for one that may vary", shape))
		}
		if d < 0 {
			batch = append(batch, nil)
		} else {
			batch = append(batch, d)
		}
	}
	merged["batch_shape"] = batch
	return layer.Construct(nil, new(layer.InputLayer), layer.Class{Module: "keras.layers", Name: "InputLayer"}, merged)
}

// NewModel makes a Functional model of inputs and outputs (keras.Model): each a *KerasTensor, or a list or map of them. Its
// layers are those between them; they may be in other models, too, with which it shares their weights: see [Model.LayerOutputs].
// An input may be the output of a layer of a model that is built; there the new model gets an input of its own.
// Args are "name" and "trainable".
func NewModel(inputs, outputs any, args ...layer.Args) (*Model, error) {
	g := &graphBuilder{index: map[layer.Layer]int{}, depth: map[*layer.SymbolicCall]int{}, layerDepth: map[layer.Layer]int{},
		calls: map[layer.Layer][]*layer.SymbolicCall{}}
	in, out := layer.SymbolicArgument(inputs), layer.SymbolicArgument(outputs)
	m := newModel(false)
	layer.Begin(m, functionalClass)
	m.SetPolicy(layer.DefaultPolicy())
	trainable := true
	for _, a := range args {
		for _, k := range tree.Keys(a) {
			switch k {
			case "name":
				name, ok := a[k].(string)
				if !ok || strings.Contains(name, "/") {
					return nil, fmt.Errorf("nn.NewModel: name: a string without / is expected, not %#v", a[k])
				}
				if name != "" {
					layer.SetName(m, name)
				}
			case "trainable":
				var ok bool
				if trainable, ok = a[k].(bool); !ok {
					return nil, fmt.Errorf("nn.NewModel: trainable: true or false is expected, not %#v", a[k])
				}
			default:
				return nil, fmt.Errorf("nn.NewModel has no argument %q%s", k, naming.DidYouMean(k, []string{"name", "trainable"}))
			}
		}
	}
	for i, v := range []any{in, out} {
		what := []string{"input", "output"}[i]
		if tree.Len(v) == 0 {
			return nil, fmt.Errorf("nn.NewModel: a model needs at least one %s: a *KerasTensor, or a list or map of them", what)
		}
		var err error
		tree.Walk(v, func(leaf any) {
			if problem := notTensor(leaf); problem != "" && err == nil {
				err = fmt.Errorf("nn.NewModel: an %s is %s", what, problem)
			}
		})
		if err != nil {
			return nil, err
		}
	}
	var err error
	if in, out, err = fromTheMiddle(in, out); err != nil {
		return nil, err
	}
	if err := g.collect(in, out); err != nil {
		return nil, err
	}
	if err := g.fill(m, in, out); err != nil {
		return nil, err
	}
	if !trainable {
		m.SetTrainable(false)
	}
	return m, m.Build()
}

// notTensor says what else than a tensor of a model a value is, "" for a tensor.
func notTensor(v any) string {
	const want = "; a *KerasTensor is expected, as nn.Input and calls of layers give them"
	switch v := v.(type) {
	case *layer.KerasTensor:
		if v == nil {
			return "a nil *KerasTensor" + want
		}
		if call, _ := v.Source(); call == nil {
			return "an empty KerasTensor" + want
		}
		return ""
	case nil:
		return "nil" + want
	case *layer.InputLayer:
		return "an InputLayer: give what nn.Input returns, or what the layer gives, l.On()"
	case layer.Layer:
		return fmt.Sprintf("a %T: give what the layer gives when it is called, l.On(x)", v)
	case layer.Constant:
		return "a tensor of numbers" + want
	}
	return pyjson.Describe(v) + want
}

// graphBuilder finds the layers of a model in the order that Keras gives them.
type graphBuilder struct {
	index      map[layer.Layer]int // traversal number
	order      []*layer.SymbolicCall
	depth      map[*layer.SymbolicCall]int
	layerDepth map[layer.Layer]int
	calls      map[layer.Layer][]*layer.SymbolicCall
	inputs     []*layer.SymbolicCall
}

// collect visits the calls depth first from the outputs; a call comes after those that it needs.
func (g *graphBuilder) collect(in, out any) error {
	var err error
	isInput := map[*layer.SymbolicCall]bool{}
	tree.Walk(in, func(leaf any) {
		t, ok := leaf.(*layer.KerasTensor)
		if !ok || t == nil {
			err = fmt.Errorf("an input is a *KerasTensor, not %T", leaf)
			return
		}
		call, _ := t.Source()
		if isInput[call] {
			err = fmt.Errorf("the input %q is given twice", call.Layer.Name())
		}
		isInput[call] = true
		g.inputs = append(g.inputs, call)
	})
	if err != nil {
		return err
	}
	done := map[*layer.SymbolicCall]bool{}
	var visit func(c *layer.SymbolicCall)
	visit = func(c *layer.SymbolicCall) {
		if done[c] || err != nil {
			return
		}
		done[c] = true
		if _, ok := c.Layer.(*layer.InputLayer); ok && !isInput[c] {
			err = fmt.Errorf("the outputs need the input %q, which is not among the model's inputs: give it to NewModel, too", c.Layer.Name())
			return
		}
		if _, ok := g.index[c.Layer]; !ok {
			g.index[c.Layer] = len(g.index)
		}
		for _, p := range parents(c) {
			visit(p)
		}
		g.order = append(g.order, c)
	}
	n := 0
	tree.Walk(out, func(leaf any) {
		t, ok := leaf.(*layer.KerasTensor)
		if !ok || t == nil {
			if err == nil {
				err = fmt.Errorf("an output is a *KerasTensor, not %T", leaf)
			}
			return
		}
		n++
		call, _ := t.Source()
		visit(call)
	})
	if err == nil && (n == 0 || len(g.inputs) == 0) {
		err = fmt.Errorf("a model needs at least one input and one output")
	}
	return err
}

// parents are the calls whose outputs a call takes, in flat order of its arguments.
func parents(c *layer.SymbolicCall) []*layer.SymbolicCall {
	var out []*layer.SymbolicCall
	visit := func(leaf any) {
		if t, ok := leaf.(*layer.KerasTensor); ok {
			call, _ := t.Source()
			out = append(out, call)
		}
	}
	tree.Walk(c.Args, visit)
	for _, k := range tree.Keys(c.Kwargs) {
		tree.Walk(c.Kwargs[k], visit)
	}
	return out
}

// fill orders the layers by decreasing depth, then by traversal, and translates the calls.
func (g *graphBuilder) fill(m *Model, in, out any) error {
	for i := len(g.order) - 1; i >= 0; i-- {
		c := g.order[i]
		d := max(g.depth[c], g.layerDepth[c.Layer])
		g.depth[c], g.layerDepth[c.Layer] = d, d
		for _, p := range parents(c) {
			g.depth[p] = max(g.depth[p], d+1)
		}
	}
	for i, c := range g.inputs { // those that no output needs come first, as they are given
		if _, ok := g.index[c.Layer]; !ok {
			g.index[c.Layer] = i - len(g.inputs)
			g.order = append(g.order, c)
		}
	}
	for _, c := range g.order {
		g.calls[c.Layer] = append(g.calls[c.Layer], c)
	}
	for l := range g.calls {
		m.layers = append(m.layers, l)
		slices.SortFunc(g.calls[l], func(a, b *layer.SymbolicCall) int { return int(int64(a.Order) - int64(b.Order)) })
	}
	sort.Slice(m.layers, func(i, k int) bool {
		a, b := m.layers[i], m.layers[k]
		if g.layerDepth[a] != g.layerDepth[b] {
			return g.layerDepth[a] > g.layerDepth[b]
		}
		if g.index[a] != g.index[b] {
			return g.index[a] < g.index[b]
		}
		return layer.Older(a, b)
	})
	if err := layer.GiveNames(m.layers); err != nil {
		return err
	}
	position := map[layer.Layer]int{}
	for i, l := range m.layers {
		position[l] = i
	}
	number := map[*layer.SymbolicCall]int{}
	for _, calls := range g.calls {
		for k, c := range calls {
			number[c] = k
		}
	}
	translate := func(leaf any) any {
		if t, ok := leaf.(*layer.KerasTensor); ok {
			call, out := t.Source()
			return &ref{position[call.Layer], number[call], out}
		}
		return leaf
	}
	m.symbols = g.calls
	m.nodes = make([][]*node, len(m.layers))
	for i, l := range m.layers {
		for _, c := range g.calls[l] {
			n := &node{}
			if args, ok := tree.Map(c.Args, translate).([]any); ok {
				n.args = args
			}
			if c.Kwargs != nil {
				n.kwargs, _ = tree.Map(c.Kwargs, translate).(map[string]any)
			}
			m.nodes[i] = append(m.nodes[i], n)
		}
	}
	m.inputs, m.outputs = tree.Map(in, translate), tree.Map(out, translate)
	return nil
}
