package nn

import (
	"context"
	"fmt"
	"slices"

	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

// NewSequential makes a model of layers that are called one after the other (keras.Sequential). With an InputLayer in front, or
// the argument "input_shape" of the first layer, which stands for one, it is built at once; otherwise by the first Predict,
// Evaluate or Graph, for the shape of what it is given then. The error is one of names that are used twice, of what is no layer,
// or of layers that do not fit together.
func NewSequential(layers ...layer.Layer) (*Model, error) {
	m := newModel(true)
	layer.Begin(m, sequentialClass)
	m.SetPolicy(layer.DefaultPolicy())
	for i, l := range layers {
		if err := layer.Constructed(l); err != nil {
			return nil, fmt.Errorf("nn.NewSequential: argument %d is %w", i+1, err)
		}
	}
	m.layers = slices.Clone(layers)
	m.addInput()
	if err := m.checkChain(); err != nil {
		return nil, fmt.Errorf("nn.NewSequential: %w", err)
	}
	if err := layer.GiveNames(m.layers); err != nil {
		return nil, fmt.Errorf("nn.NewSequential: %w", err)
	}
	return m, m.Build()
}

// addInput puts the InputLayer in front for which the first layer's argument "input_shape" stands.
func (m *Model) addInput() {
	if len(m.layers) == 0 {
		return
	}
	if shape := layer.InputShape(m.layers[0]); shape != nil {
		m.layers = append([]layer.Layer{layer.NewInput(shape)}, m.layers...)
	}
}

// checkChain says what cannot stand in a Sequential where it stands.
func (m *Model) checkChain() error {
	for i, l := range m.layers {
		if i == 0 {
			continue
		}
		first, hasInput := m.layers[0].(*layer.InputLayer)
		if in, ok := l.(*layer.InputLayer); ok {
			if !hasInput {
				return fmt.Errorf("the InputLayer %q is layer %d: it says the shape of the model's input and comes first", in.Name(), i+1)
			}
			return fmt.Errorf("the model has its input shape %s from the InputLayer %q: leave out the other one, %q, which is layer %d",
				tensor.FormatShape(first.BatchShape), first.Name(), in.Name(), i+1)
		}
		if shape := layer.InputShape(l); shape != nil {
			if i == 1 && hasInput && (first.BatchShape == nil || slices.Equal(first.BatchShape[1:], shape)) {
				continue // it is said twice
			}
			return fmt.Errorf(`the layer %q, layer %d, has the argument "input_shape" (or "input_dim"), which only the first layer of a `+
				`Sequential takes: leave it out`, l.Name(), i+1)
		}
	}
	return nil
}

// buildFor builds a Sequential that does not know the shape of its input for that of the first one it is given, of any number of
// samples. Other shapes are taken later, too, as far as the layers take them.
func (m *Model) buildFor(inputs []tensor.Any) error {
	if !m.sequential || m.IsBuilt() || len(m.inputLayers()) > 0 {
		return nil
	}
	switch {
	case len(m.layers) == 0:
		return fmt.Errorf("the model %q has no layers: give them to nn.NewSequential", m.Name())
	case len(inputs) != 1:
		return fmt.Errorf("a Sequential takes one tensor, not %d", len(inputs))
	case inputs[0] == nil || inputs[0].Rank() == 0:
		return nil // the layers say what is missing
	}
	shape := slices.Clone(inputs[0].Shape())
	shape[0] = -1
	return m.buildGiven(shape, inputs[0].DType() == tensor.String)
}

// buildGiven builds a Sequential for an input of a shape that it was given, and remembers that.
func (m *Model) buildGiven(shape []int, strings bool) error {
	in := &layer.InputLayer{BatchShape: shape, DType: tensor.Float32}
	if strings {
		in.DType = tensor.String
	}
	layer.SetName(in, "input")
	if err := m.build(context.Background(), []*layer.InputLayer{in}); err != nil {
		return err
	}
	m.given.Store(in)
	return nil
}
