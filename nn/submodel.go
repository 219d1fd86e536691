package nn

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/hornml/horn/internal/naming"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/internal/tree"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

// InputTensors returns the model's inputs as tensors for NewModel, in flat order (Model.inputs).
func (m *Model) InputTensors() ([]*layer.KerasTensor, error) {
	symbols, err := m.symbolicCalls()
	if err != nil {
		return nil, err
	}
	if m.sequential {
		return []*layer.KerasTensor{m.first.Output(0)}, nil
	}
	inputs, _ := m.Ends()
	return tensorsOf(symbols, inputs), nil
}

// OutputTensors returns the model's outputs as tensors for NewModel, in flat order (Model.outputs).
func (m *Model) OutputTensors() ([]*layer.KerasTensor, error) {
	symbols, err := m.symbolicCalls()
	if err != nil {
		return nil, err
	}
	_, outputs := m.Ends()
	return tensorsOf(symbols, outputs), nil
}

func tensorsOf(symbols map[layer.Layer][]*layer.SymbolicCall, list []Tensor) []*layer.KerasTensor {
	var out []*layer.KerasTensor
	for _, t := range list {
		out = append(out, symbols[t.Layer][t.Call].Output(t.Output))
	}
	return out
}

// LayerOutputs returns the outputs of the first call of a layer of this model, in flat order, as tensors for NewModel
// (model.get_layer(name).output). A model from the inputs to there shares the layers in between, and their weights, with this one:
//
//	inputs, err := m.InputTensors()
//	features, err := m.LayerOutputs("pool5")
//	extractor, err := nn.NewModel(inputs, features)
//
// For layers of a model inside this one there is [Model.Submodel].
func (m *Model) LayerOutputs(name string) ([]*layer.KerasTensor, error) {
	call, err := m.firstCall(name)
	if err != nil {
		return nil, err
	}
	var out []*layer.KerasTensor
	for i := range max(len(call.Shapes), 1) {
		out = append(out, call.Output(i))
	}
	return out, nil
}

// LayerInputs returns the tensors that the first call of a layer of this model takes, in flat order (model.get_layer(name).input).
func (m *Model) LayerInputs(name string) ([]*layer.KerasTensor, error) {
	call, err := m.firstCall(name)
	if err != nil {
		return nil, err
	}
	var out []*layer.KerasTensor
	collect := func(leaf any) {
		if t, ok := leaf.(*layer.KerasTensor); ok {
			out = append(out, t)
		}
	}
	tree.Walk(call.Args, collect)
	for _, k := range tree.Keys(call.Kwargs) {
		tree.Walk(call.Kwargs[k], collect)
	}
	return out, nil
}

// KerasTensor returns any tensor of the model, as Calls names it, for NewModel.
func (m *Model) KerasTensor(t Tensor) (*layer.KerasTensor, error) {
	symbols, err := m.symbolicCalls()
	if err != nil {
		return nil, err
	}
	calls := symbols[t.Layer]
	if t.Call < 0 || t.Call >= len(calls) || t.Output < 0 || t.Output >= max(len(calls[t.Call].Shapes), 1) {
		return nil, fmt.Errorf("the model has no output %d of call %d of that layer", t.Output, t.Call)
	}
	return calls[t.Call].Output(t.Output), nil
}

// Submodel returns the model from this one's inputs to the outputs of some of its layers, with which it shares layers and weights.
// A name such as "encoder/dense_1" stands for a layer of a model inside: that one is called up to there, on what it is given in
// this one. The outputs are those of all the layers, in flat order.
func (m *Model) Submodel(names ...string) (*Model, error) {
	inputs, err := m.InputTensors()
	if err != nil {
		return nil, err
	}
	var outputs []*layer.KerasTensor
	for _, name := range names {
		outs, err := m.outputsAt(name)
		if err != nil {
			return nil, err
		}
		outputs = append(outputs, outs...)
	}
	in, out := any(inputs), any(outputs)
	if len(inputs) == 1 {
		in = inputs[0]
	}
	if len(outputs) == 1 {
		out = outputs[0]
	}
	part, err := NewModel(in, out)
	if err != nil {
		return nil, err
	}
	part.maxBytes.Store(m.maxBytes.Load())
	m.mu.Lock()
	defer m.mu.Unlock()
	part.threads = m.threads
	return part, nil
}

// outputsAt returns the outputs of a layer at a path.
func (m *Model) outputsAt(path string) ([]*layer.KerasTensor, error) {
	first, rest, deeper := strings.Cut(path, "/")
	inner, isModel := m.find(first).(*Model)
	if m.find(path) != nil || !deeper || !isModel {
		return m.LayerOutputs(path)
	}
	call, err := m.firstCall(first)
	if err != nil {
		return nil, err
	}
	part, err := inner.Submodel(rest)
	if err != nil {
		return nil, fmt.Errorf("in the model %q: %w", first, err)
	}
	whole := layer.NewSymbolicCall(part, call.Args, call.Kwargs)
	var out []*layer.KerasTensor
	for i := range part.Outputs() {
		out = append(out, whole.Output(i))
	}
	return out, nil
}

// find returns the layer of a name, nil if there is none.
func (m *Model) find(name string) layer.Layer {
	i := slices.IndexFunc(m.layers, func(l layer.Layer) bool { return l.Name() == name })
	if i < 0 {
		return nil
	}
	return m.layers[i]
}

// firstCall returns the first call of a layer.
func (m *Model) firstCall(name string) (*layer.SymbolicCall, error) {
	l := m.find(name)
	if l == nil {
		var names []string
		for _, l := range m.layers {
			names = append(names, l.Name())
		}
		return nil, fmt.Errorf("the model %q has no layer %q%s", m.Name(), name, naming.DidYouMean(name, names))
	}
	symbols, err := m.symbolicCalls()
	if err != nil {
		return nil, err
	}
	if len(symbols[l]) == 0 {
		return nil, fmt.Errorf("the layer %q of the model %q is never called", name, m.Name())
	}
	return symbols[l][0], nil
}

// symbolicCalls returns the calls of each layer as KerasTensors name them, with the shapes of their outputs.
func (m *Model) symbolicCalls() (map[layer.Layer][]*layer.SymbolicCall, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.symbolsKnown {
		return m.symbols, nil
	}
	ins := m.inputLayers()
	if !shaped(ins) {
		return nil, fmt.Errorf("the model %q does not know the shape of its input yet: call it, or give it an nn.Input", m.Name())
	}
	notes := map[any]any{}
	if _, err := m.symbolic(context.Background(), ins, notes); err != nil {
		return nil, err
	}
	m.symbolsKnown = true
	switch {
	case m.symbols != nil:
	case m.sequential:
		m.symbols = m.chainSymbols(ins[0])
	default:
		m.symbols = m.graphSymbols()
	}
	for i, l := range m.layers {
		for n, c := range m.symbols[l] {
			if c.Shapes != nil {
				continue
			}
			var shapes [][]int
			tree.Walk(notes[modelCall{m, callID{i, n}}], func(leaf any) {
				v, _ := leaf.(*graph.Value)
				if v == nil {
					shapes, c.Types = append(shapes, nil), append(c.Types, 0)
					return
				}
				shapes, c.Types = append(shapes, openShape(v.Shape)), append(c.Types, v.DType)
			})
			if in, ok := l.(*layer.InputLayer); ok {
				shapes, c.Types = [][]int{in.BatchShape}, append(c.Types[:0], in.DType)
			}
			c.Shapes = shapes
		}
	}
	return m.symbols, nil
}

// chainSymbols are the calls of a Sequential. One without an InputLayer gets an input of the shape for which it is built.
func (m *Model) chainSymbols(in *layer.InputLayer) map[layer.Layer][]*layer.SymbolicCall {
	symbols := map[layer.Layer][]*layer.SymbolicCall{}
	if m.layers[0] == layer.Layer(in) {
		m.first = layer.NewSymbolicCall(in, nil, nil)
	} else {
		m.first, _ = inputOf(in.BatchShape, in.DType, "").Source()
	}
	call := m.first
	symbols[call.Layer] = append(symbols[call.Layer], call)
	for _, l := range m.layers {
		if _, ok := l.(*layer.InputLayer); !ok {
			call = layer.NewSymbolicCall(l, []any{call.Output(0)}, nil)
			symbols[l] = append(symbols[l], call)
		}
	}
	return symbols
}

// graphSymbols are the calls of a Functional model.
func (m *Model) graphSymbols() map[layer.Layer][]*layer.SymbolicCall {
	symbols := map[layer.Layer][]*layer.SymbolicCall{}
	for i, l := range m.layers {
		for range m.nodes[i] {
			symbols[l] = append(symbols[l], layer.NewSymbolicCall(l, nil, nil))
		}
	}
	translate := func(leaf any) any {
		if r, ok := leaf.(*ref); ok {
			return symbols[m.layers[r.layer]][r.node].Output(r.out)
		}
		return leaf
	}
	for i, l := range m.layers {
		for n, nd := range m.nodes[i] {
			c := symbols[l][n]
			c.Args, _ = tree.Map(nd.args, translate).([]any)
			if nd.kwargs != nil {
				c.Kwargs, _ = tree.Map(nd.kwargs, translate).(map[string]any)
			}
		}
	}
	return symbols
}

// fromTheMiddle gives a model whose inputs are outputs of layers inputs of its own: the calls from there to the outputs are made
// again on those (functional.clone_graph_nodes).
func fromTheMiddle(in, out any) (newIn, newOut any, err error) {
	type place struct {
		call *layer.SymbolicCall
		out  int
	}
	inputs := map[place]*layer.KerasTensor{}
	middle := false
	newIn = tree.Map(in, func(leaf any) any {
		t, ok := leaf.(*layer.KerasTensor)
		if !ok || t == nil || err != nil {
			return leaf
		}
		call, i := t.Source()
		if _, ok := call.Layer.(*layer.InputLayer); ok {
			inputs[place{call, i}] = t
			return t
		}
		if i >= len(call.Shapes) || call.Shapes[i] == nil {
			err = fmt.Errorf("an input must be made by nn.Input or be a tensor of a model that is built, which has LayerOutputs: "+
				"the shape of what %q gives is not known here", call.Layer.Name())
			return t
		}
		middle = true
		own := inputOf(call.Shapes[i], call.Types[i], outputName(call, i))
		inputs[place{call, i}] = own
		return own
	})
	if err != nil || !middle {
		return in, out, err
	}
	copies := map[*layer.SymbolicCall]*layer.SymbolicCall{}
	var again func(leaf any) any
	again = func(leaf any) any {
		t, ok := leaf.(*layer.KerasTensor)
		if !ok || t == nil {
			return leaf
		}
		call, i := t.Source()
		if own := inputs[place{call, i}]; own != nil {
			return own
		}
		if _, ok := call.Layer.(*layer.InputLayer); ok {
			return t
		}
		c := copies[call]
		if c == nil {
			c = &layer.SymbolicCall{Layer: call.Layer, Order: call.Order, Shapes: call.Shapes, Types: call.Types}
			copies[call] = c
			c.Args, _ = tree.Map(call.Args, again).([]any)
			if call.Kwargs != nil {
				c.Kwargs, _ = tree.Map(call.Kwargs, again).(map[string]any)
			}
		}
		return c.Output(i)
	}
	return newIn, tree.Map(out, again), nil
}

// outputName names an input that stands for an output of a layer.
func outputName(c *layer.SymbolicCall, i int) string {
	name := c.Layer.Name() + "_output"
	if i > 0 {
		name += "_" + strconv.Itoa(i)
	}
	return name
}

// inputOf makes an input of a shape that has the batch; an empty name is one that is found for it.
func inputOf(shape []int, d tensor.DType, name string) *layer.KerasTensor {
	args := layer.Args{"dtype": d.String()}
	if name != "" {
		args["name"] = name
	}
	if len(shape) > 0 && shape[0] >= 0 {
		args["batch_size"] = shape[0]
	}
	return Input(shape[min(1, len(shape)):], args)
}
