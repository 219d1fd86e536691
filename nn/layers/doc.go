// Package layers has the layers of keras.layers, one file for each class or family of like classes. Importing it makes
// them known to nn; docs/adding-a-layer.md says how one is made.
package layers

import (
	_ "github.com/hornml/horn/nn/activations"  // registers keras.activations
	_ "github.com/hornml/horn/nn/initializers" // registers keras.initializers, regularizers and constraints
	_ "github.com/hornml/horn/nn/ops"          // registers keras.ops
)
