package layers_test

import (
	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/nn/layers"
)

// registry has all of Keras.
var registry = layer.NewRegistry(nn.Models, layers.All)
