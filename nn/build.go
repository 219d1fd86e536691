package nn

import (
	"slices"

	"github.com/hornml/horn/nn/graph"
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
		m.unbuild()
	}
	return first
}

// fixedLengths returns stand-ins for models that join an unknown dimension with a fixed one: the lengths that inputs and
// constants have.
func (m *Model) fixedLengths(ins []*InputLayer) [][2]int {
	var lengths []int
	for _, in := range ins {
		lengths = append(lengths, in.BatchShape...)
	}
	for _, calls := range m.nodes {
		for _, n := range calls {
			constants := func(leaf any) {
				if c, ok := leaf.(constant); ok {
					lengths = append(lengths, c.t.Shape()...)
				}
			}
			walkTree(n.args, constants)
			walkTree(n.kwargs, constants)
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

// unbuild forgets variables that a failed trace has made.
func (m *Model) unbuild() {
	var forget func(l Layer)
	forget = func(l Layer) {
		b := l.base()
		b.variables, b.built = nil, false
		if _, ok := l.(*op); ok {
			b.built = true
		}
		for _, s := range Sublayers(l) {
			forget(s)
		}
	}
	for _, l := range m.layers {
		forget(l)
	}
}

// shapes are what a symbolic trace saw.
type shapes struct {
	in, out map[Layer][]any
	types   map[Layer][][]tensor.DType
	outputs []*graph.Value
}

func (m *Model) symbolic(ins []*InputLayer, standIn int) (*shapes, error) {
	s := &shapes{in: map[Layer][]any{}, out: map[Layer][]any{}, types: map[Layer][][]tensor.DType{}}
	t := &tracer{symbolic: true, standIn: standIn, observe: func(l Layer, in, out any) {
		s.in[l] = append(s.in[l], shapesOf(in))
		s.out[l] = append(s.out[l], shapesOf(out))
		s.types[l] = append(s.types[l], typesOf(out))
	}}
	_, outs, err := m.trace(t, func(b *graph.Builder) []*graph.Value {
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
	s.outputs = outs
	return s, err
}

func shapesOf(v any) any {
	return mapTree(v, func(leaf any) any {
		if x, ok := leaf.(*graph.Value); ok && x != nil {
			return x.Shape
		}
		return nil
	})
}

func typesOf(v any) []tensor.DType {
	var types []tensor.DType
	walkTree(v, func(leaf any) {
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

func (m *Model) settleShapes(ins []*InputLayer, a, b *shapes) {
	for l, outs := range a.out {
		base := l.base()
		base.outputShapes, base.inputShapes, base.outputTypes = nil, nil, a.types[l]
		for i := range outs {
			if i < len(b.out[l]) {
				base.outputShapes = append(base.outputShapes, mergeShapes(outs[i], b.out[l][i]))
				base.inputShapes = append(base.inputShapes, mergeShapes(a.in[l][i], b.in[l][i]))
			}
		}
	}
	m.inputSpecs = nil
	for _, in := range ins {
		in.outputShapes = []any{in.BatchShape}
		m.inputSpecs = append(m.inputSpecs, Spec{in.name, in.BatchShape, in.DType})
	}
	names := m.outputNames(len(a.outputs))
	m.outputSpec = nil
	for i, v := range a.outputs {
		shape, _ := mergeShapes(v.Shape, b.outputs[i].Shape).([]int)
		m.outputSpec = append(m.outputSpec, Spec{names[i], shape, v.DType})
	}
	m.built = true
}
