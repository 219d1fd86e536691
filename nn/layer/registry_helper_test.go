package layer_test

import (
	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/nn/layers"
	"github.com/hornml/horn/nn/losses"
	"github.com/hornml/horn/nn/metrics"
	"github.com/hornml/horn/nn/optimizers"
)

// registry has all of Keras.
var registry = layer.NewRegistry(nn.Models, layers.All, losses.All, metrics.All, optimizers.All)
