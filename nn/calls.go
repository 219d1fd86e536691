package nn

import (
	"iter"

	"github.com/hornml/horn/nn/internal/tree"
	"github.com/hornml/horn/nn/layer"
)

// Call is one call of a layer in a model.
type Call struct {
	Layer  layer.Layer
	Number int      // among the calls of the layer in this model, from 0
	From   []Tensor // the tensors that it takes, in the flat order of its arguments
	Depth  int      // the distance from the outputs as Keras reckons it; -1 for a call that no output depends on
}

// Tensor names a tensor of a model by the call of a layer that makes it (its keras_history).
type Tensor struct {
	Layer  layer.Layer
	Call   int // among the calls of the layer in the model, from 0
	Output int // among the outputs of the call, in flat order
}

// Calls yields the calls of the model's layers, keras.ops nodes and inputs among them, layer by layer in the order of the
// file. In a Sequential without an InputLayer the first call takes no tensor of the model.
func (m *Model) Calls() iter.Seq[Call] {
	return func(yield func(Call) bool) {
		if m.sequential {
			m.chain(yield)
			return
		}
		depth := m.depths()
		for i, l := range m.layers {
			for n, nd := range m.nodes[i] {
				c := Call{Layer: l, Number: n, From: m.tensors(nd.refs()), Depth: -1}
				if d, ok := depth[callID{i, n}]; ok {
					c.Depth = d
				}
				if !yield(c) {
					return
				}
			}
		}
	}
}

// chain yields the calls of a Sequential.
func (m *Model) chain(yield func(Call) bool) {
	calls := map[layer.Layer]int{}
	var last []Tensor
	for i, l := range m.layers {
		c := Call{Layer: l, Number: calls[l], From: last, Depth: len(m.layers) - 1 - i}
		calls[l]++
		if !yield(c) {
			return
		}
		last = []Tensor{{Layer: l, Call: c.Number}}
	}
}

func (m *Model) tensors(refs []*ref) []Tensor {
	var out []Tensor
	for _, r := range refs {
		out = append(out, Tensor{m.layers[r.layer], r.node, r.out})
	}
	return out
}

// Ends returns the tensors of the model that are its inputs and its outputs, each in flat order. A Sequential without an
// InputLayer has none that is an input.
func (m *Model) Ends() (inputs, outputs []Tensor) {
	if m.sequential {
		for c := range m.Calls() {
			t := Tensor{Layer: c.Layer, Call: c.Number}
			if _, ok := c.Layer.(*layer.InputLayer); ok && inputs == nil {
				inputs = []Tensor{t}
			}
			outputs = []Tensor{t}
		}
		return inputs, outputs
	}
	return m.tensors(refsIn(m.inputs)), m.tensors(refsIn(m.outputs))
}

// refsIn returns the references in a structure, in flat order.
func refsIn(v any) []*ref {
	var out []*ref
	tree.Walk(v, func(leaf any) {
		if r, ok := leaf.(*ref); ok {
			out = append(out, r)
		}
	})
	return out
}
