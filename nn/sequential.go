package nn

import (
	"github.com/hornml/horn/nn/pyjson"
)

// NewSequential makes a model of layers that are called one after the other (keras.Sequential). With an InputLayer in front
// it is built at once; otherwise by the first Predict. The error is one of names that are used twice, or of layers that do
// not fit together.
func NewSequential(layers ...Layer) (*Model, error) {
	m := newModel(true)
	m.self, m.class, m.trainable, m.order = m, classes["keras.Sequential"].class, true, constructions.Add(1)
	m.name, m.automatic = "sequential", true
	m.policy = DefaultPolicy()
	m.layers = layers
	if err := giveNames(layers); err != nil {
		return nil, err
	}
	return m, m.Build()
}

// Rename gives a model another name.
func (m *Model) Rename(name string) { m.name, m.automatic = name, false }

func pyRecord(module, class string, config any) *pyjson.Object {
	return pyjson.NewObject("module", module, "class_name", class, "config", config, "registered_name", class)
}
