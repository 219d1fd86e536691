package nn

import (
	"slices"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/internal/tree"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

// standIns are lengths for unknown dimensions while shapes are worked out: two traces with different ones tell which
// dimensions of a result depend on them. They have many divisors, so that reshapes with -1 come out even, also (256 and
// 384) after seven halvings, as pyramids of features do them; 1 and 2 fit where a constant of the graph fixes the
// batch.
var standIns = [][2]int{{240, 360}, {256, 384}, {64, 96}, {12, 24}, {1, 2}}

// Build makes the variables of all layers and works out the shapes, without computing anything. A Sequential model that
// does not know its input shape stays unbuilt until the first Predict.
func (m *Model) Build() error {
	ins := m.inputLayers()
	if len(ins) == 0 {
		return nil
	}
	for _, in := range ins {
		if in.BatchShape == nil {
			return nil
		}
	}
	var first error
	for _, pair := range append(slices.Clone(standIns), m.fixedLengths(ins)...) {
		a, err := m.symbolic(ins, pair[0])
		if err == nil {
			var b *shapes
			if b, err = m.symbolic(ins, pair[1]); err == nil {
				m.settleShapes(ins, a, b)
				return nil
			}
		}
		if first == nil {
			first = err
		}
		layer.Unbuild(m.layers)
	}
	return first
}

// fixedLengths returns stand-ins for models that join an unknown dimension with a fixed one: the lengths that inputs and
// constants have.
func (m *Model) fixedLengths(ins []*layer.InputLayer) [][2]int {
	var lengths []int
	for _, in := range ins {
		lengths = append(lengths, in.BatchShape...)
	}
	for _, calls := range m.nodes {
		for _, n := range calls {
			constants := func(leaf any) {
				if c, ok := leaf.(layer.Constant); ok {
					lengths = append(lengths, c.Value.Shape()...)
				}
			}
			tree.Walk(n.args, constants)
			tree.Walk(n.kwargs, constants)
		}
	}
	slices.Sort(lengths)
	var pairs [][2]int
	for _, d := range slices.Compact(lengths) {
		if d > 2 && len(pairs) < maxFixedLengths {
			pairs = append(pairs, [2]int{1, d}, [2]int{d, d})
		}
	}
	return pairs
}

// maxFixedLengths bounds how often a model that cannot be built is tried.
const maxFixedLengths = 16

// shapes are what a symbolic trace saw.
type shapes struct {
	in, out map[layer.Layer][]any
	types   map[layer.Layer][][]tensor.DType
	outputs []*graph.Value
}

func (m *Model) symbolic(ins []*layer.InputLayer, standIn int) (*shapes, error) {
	s := &shapes{in: map[layer.Layer][]any{}, out: map[layer.Layer][]any{}, types: map[layer.Layer][][]tensor.DType{}}
	t := &layer.Trace{Symbolic: true, StandIn: standIn, Observe: func(l layer.Layer, in, out any) {
		s.in[l] = append(s.in[l], shapesOf(in))
		s.out[l] = append(s.out[l], shapesOf(out))
		s.types[l] = append(s.types[l], typesOf(out))
	}}
	traced, err := t.Run(m, func(b *graph.Builder) []*graph.Value {
		values := make([]*graph.Value, len(ins))
		for i, in := range ins {
			shape := slices.Clone(in.BatchShape)
			for k, d := range shape {
				if d < 0 {
					shape[k] = standIn
				}
			}
			values[i] = b.Input(in.DType, shape...)
		}
		return values
	})
	s.outputs = traced.Outputs
	return s, err
}

func shapesOf(v any) any {
	return tree.Map(v, func(leaf any) any {
		if x, ok := leaf.(*graph.Value); ok && x != nil {
			return x.Shape
		}
		return nil
	})
}

func typesOf(v any) []tensor.DType {
	var types []tensor.DType
	tree.Walk(v, func(leaf any) {
		d := tensor.Float32
		if x, ok := leaf.(*graph.Value); ok && x != nil {
			d = x.DType
		}
		types = append(types, d)
	})
	return types
}

// mergeShapes marks with -1 the dimensions in which two traces differ.
func mergeShapes(a, b any) any {
	switch x := a.(type) {
	case []int:
		y, ok := b.([]int)
		if !ok || len(x) != len(y) {
			return nil
		}
		out := slices.Clone(x)
		for i := range out {
			if x[i] != y[i] {
				out[i] = -1
			}
		}
		return out
	case []any:
		y, ok := b.([]any)
		if !ok || len(x) != len(y) {
			return nil
		}
		out := make([]any, len(x))
		for i := range x {
			out[i] = mergeShapes(x[i], y[i])
		}
		return out
	case map[string]any:
		y, _ := b.(map[string]any)
		out := map[string]any{}
		for k := range x {
			out[k] = mergeShapes(x[k], y[k])
		}
		return out
	}
	return nil
}

func (m *Model) settleShapes(ins []*layer.InputLayer, a, b *shapes) {
	for l, outs := range a.out {
		var outputs, inputs []any
		for i := range outs {
			if i < len(b.out[l]) {
				outputs = append(outputs, mergeShapes(outs[i], b.out[l][i]))
				inputs = append(inputs, mergeShapes(a.in[l][i], b.in[l][i]))
			}
		}
		layer.SetCalls(l, inputs, outputs, a.types[l])
	}
	m.inputSpecs = nil
	for _, in := range ins {
		layer.SetCalls(in, nil, []any{in.BatchShape}, nil)
		m.inputSpecs = append(m.inputSpecs, Spec{in.Name(), in.BatchShape, in.DType})
	}
	names := m.outputNames(len(a.outputs))
	m.outputSpec = nil
	for i, v := range a.outputs {
		shape, _ := mergeShapes(v.Shape, b.outputs[i].Shape).([]int)
		m.outputSpec = append(m.outputSpec, Spec{names[i], shape, v.DType})
	}
	layer.SetBuilt(m)
}

// OwnShapes returns the output shapes of the layers of a model inside a model as they are for the inner model's own
// inputs, which may leave open what the outer model fixes.
func (m *Model) OwnShapes() map[layer.Layer][]any {
	ins := m.inputLayers()
	if len(ins) == 0 || !m.IsBuilt() || slices.ContainsFunc(ins, func(in *layer.InputLayer) bool { return in.BatchShape == nil }) {
		return nil
	}
	for _, pair := range standIns {
		a, err := m.symbolic(ins, pair[0])
		if err != nil {
			continue
		}
		b, err := m.symbolic(ins, pair[1])
		if err != nil {
			continue
		}
		out := map[layer.Layer][]any{}
		for l, shapes := range a.out {
			for i, shape := range shapes {
				if i < len(b.out[l]) {
					out[l] = append(out[l], mergeShapes(shape, b.out[l][i]))
				}
			}
		}
		for _, in := range ins {
			out[in] = []any{in.BatchShape}
		}
		return out
	}
	return nil
}
