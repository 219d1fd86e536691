// Package layers has the layers of keras.layers, one file for each class or family of like classes. A constructor takes what
// Keras's takes by position, and the other arguments by Keras's names in [layer.Args]:
//
//	layers.NewConv2D(32, 3, nn.Args{"padding": "same", "activation": "relu"})
//
// Importing the package makes the classes known to models in files; docs/adding-a-layer.md says how one is made.
package layers

import (
	_ "github.com/hornml/horn/nn/activations"  // registers keras.activations
	_ "github.com/hornml/horn/nn/initializers" // registers keras.initializers, regularizers and constraints
	_ "github.com/hornml/horn/nn/ops"          // registers keras.ops
)
