package nn

import (
	"context"
	"slices"

	"github.com/hornml/horn/internal/fault"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/internal/tree"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

// Build makes the variables of all layers and works out the shapes, without computing anything: a trace in which the lengths
// that the model's inputs leave open are unknown. Which lengths fit is seen only when there are inputs. A Sequential model
// that does not know its input shape stays unbuilt until the first Predict.
func (m *Model) Build() error { return m.BuildContext(context.Background()) }

// IsBuilt reports whether the model's variables exist.
func (m *Model) IsBuilt() bool { return layer.IsBuilt(m) }

// BuildContext is Build that ends once ctx is done, with ctx's cause.
func (m *Model) BuildContext(ctx context.Context) (err error) {
	defer fault.Catch(&err, "building a model")
	ins := m.inputLayers()
	if !shaped(ins) {
		return nil
	}
	if err := m.build(ctx, ins); err != nil {
		return err
	}
	m.inputSpecs = nil
	for _, in := range ins {
		m.inputSpecs = append(m.inputSpecs, Spec{in.Name(), in.BatchShape, in.DType})
	}
	return nil
}

// build is Build for given inputs.
func (m *Model) build(ctx context.Context, ins []*layer.InputLayer) error {
	fresh := slices.DeleteFunc(slices.Clone(m.layers), layer.IsBuilt) // others have their variables from another model
	s, err := m.symbolic(ctx, ins, nil)
	if err != nil {
		layer.Unbuild(fresh)
		return err
	}
	for l, outs := range s.out {
		if len(outs) >= len(layer.OutputShapes(l)) { // else another model, which has more of the layer's calls, has set them
			layer.SetCalls(l, s.in[l], outs, s.types[l])
		}
		if inner, ok := l.(*Model); ok {
			inner.builtInside(s.in[l])
		}
	}
	for _, in := range ins {
		layer.SetCalls(in, nil, []any{in.BatchShape}, nil)
	}
	names := m.outputNames(len(s.outputs))
	m.outputSpec = nil
	for i, v := range s.outputs {
		m.outputSpec = append(m.outputSpec, Spec{names[i], openShape(v.Shape), v.DType})
	}
	layer.SetBuilt(m)
	return nil
}

// builtInside notes that a model inside another one was called: a Sequential that does not know the shape of its input is built
// for that of the first call.
func (m *Model) builtInside(inputs []any) {
	if !m.sequential || m.given.Load() != nil || len(m.inputLayers()) > 0 || len(inputs) == 0 {
		return
	}
	if shape, ok := inputs[0].([]int); ok && len(shape) > 0 {
		in := &layer.InputLayer{BatchShape: shape, DType: tensor.Float32}
		layer.SetName(in, "input")
		m.given.Store(in)
	}
}

// shaped reports whether there are inputs, and the shapes of all are known but for lengths.
func shaped(ins []*layer.InputLayer) bool {
	return len(ins) > 0 && !slices.ContainsFunc(ins, func(in *layer.InputLayer) bool { return in.BatchShape == nil })
}

// shapes are what a symbolic trace saw: of each call of each layer the first argument and the output.
type shapes struct {
	in, out map[layer.Layer][]any
	types   map[layer.Layer][][]tensor.DType
	outputs []*graph.Value
}

func (m *Model) symbolic(ctx context.Context, ins []*layer.InputLayer, notes map[any]any) (*shapes, error) {
	s := &shapes{in: map[layer.Layer][]any{}, out: map[layer.Layer][]any{}, types: map[layer.Layer][][]tensor.DType{}}
	t := &layer.Trace{Symbolic: true, Context: ctx, MaxBytes: m.memoryLimit(), Notes: notes, Observe: func(l layer.Layer, in, out any) {
		s.in[l] = append(s.in[l], shapesOf(in))
		s.out[l] = append(s.out[l], shapesOf(out))
		s.types[l] = append(s.types[l], typesOf(out))
	}}
	traced, err := t.Run(m, func(b *graph.Builder) []*graph.Value {
		values := make([]*graph.Value, len(ins))
		for i, in := range ins {
			values[i] = b.Input(in.DType, in.BatchShape...)
		}
		return values
	})
	s.outputs = traced.Outputs
	return s, err
}

// openShape is a shape with -1 for what is unknown.
func openShape(shape []int) []int {
	open := slices.Clone(shape)
	for i, d := range open {
		open[i] = max(d, -1)
	}
	return open
}

func shapesOf(v any) any {
	return tree.Map(v, func(leaf any) any {
		if x, ok := leaf.(*graph.Value); ok && x != nil {
			return openShape(x.Shape)
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

// OwnShapes returns the output shapes of the layers of a model inside a model as they are for the inner model's own
// inputs, which may leave open what the outer model fixes.
func (m *Model) OwnShapes() map[layer.Layer][]any {
	ins := m.inputLayers()
	if !m.IsBuilt() || !shaped(ins) {
		return nil
	}
	s, err := m.symbolic(context.Background(), ins, nil)
	if err != nil {
		return nil
	}
	for _, in := range ins {
		s.out[in] = []any{in.BatchShape}
	}
	return s.out
}
