package initializers

import (
	"fmt"

	"github.com/hornml/horn/internal/naming"
	"github.com/hornml/horn/nn/layer"
)

// All is the family of the classes of keras.initializers, keras.regularizers and keras.constraints.
func All(r *layer.Registry) { r.Add(Common, addOrthogonal, addStft) }

// Common is All without OrthogonalInitializer and STFT, which few models name and which are as large as all others together.
func Common(r *layer.Registry) { r.Add(addConstant, addRandom, addRegularizers) }

// New returns an initializer of Keras by its class or short name with Keras's default arguments. A name that is none is a mistake in
// the program: it panics; [layer.Registry.Object] gives nil.
func New(name string) layer.Initializer {
	r := layer.NewRegistry(All)
	o := r.Object("initializers", name)
	if o == nil {
		panic(fmt.Sprintf("initializers: there is no %q in Keras%s", name, naming.DidYouMean(name, r.Objects("initializers"))))
	}
	return o.Init()
}
