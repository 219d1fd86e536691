package initializers

import "github.com/hornml/horn/nn/layer"

// All is the family of the classes of keras.initializers, keras.regularizers and keras.constraints.
func All(r *layer.Registry) { r.Add(addConstant, addOrthogonal, addRandom, addRegularizers, addStft) }

// New returns an initializer of Keras by its class or short name with Keras's default arguments, nil if there is none.
func New(name string) layer.Initializer {
	return layer.NewRegistry(All).Object("initializers", name).Init()
}
