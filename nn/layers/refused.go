package layers

import (
	"github.com/hornml/horn/nn/layer"
)

// Layers that hold a program of another framework instead of a configuration.
func addRefused(r *layer.Registry) {
	r.Refuse("keras.layers", "TFSMLayer", "it runs a TensorFlow SavedModel, a program of TensorFlow's that is not part of the file; "+
		"save the model it stands for as .keras instead")
	r.Refuse("keras.layers", "TorchModuleWrapper", "it holds a pickled PyTorch module, which is Python code and never run; rebuild "+
		"the module from Keras layers")
	r.Refuse("keras.layers", "JaxLayer", "it calls a Python function written for JAX; rebuild the function from Keras layers, or give "+
		"the layer's Go form as a custom object")
	r.Refuse("keras.layers", "FlaxLayer", "it holds a Flax module, which is Python code; rebuild the module from Keras layers, or "+
		"give the layer's Go form as a custom object")
}
