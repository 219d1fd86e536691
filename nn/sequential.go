package nn

import (
	"github.com/hornml/horn/nn/layer"
)

// NewSequential makes a model of layers that are called one after the other (keras.Sequential). With an InputLayer in front
// it is built at once; otherwise by the first Predict. The error is one of names that are used twice, or of layers that do
// not fit together.
func NewSequential(layers ...layer.Layer) (*Model, error) {
	m := newModel(true)
	layer.Begin(m, sequentialClass)
	m.SetPolicy(layer.DefaultPolicy())
	m.layers = layers
	if err := layer.GiveNames(layers); err != nil {
		return nil, err
	}
	return m, m.Build()
}
