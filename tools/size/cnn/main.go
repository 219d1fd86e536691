// Program cnn loads a small convolutional network, and links nothing that such networks do not have: what tools/size measures.
package main

import (
	"fmt"
	"os"

	"github.com/hornml/horn/kerasfile/core"
	"github.com/hornml/horn/nn/activations"
	"github.com/hornml/horn/nn/initializers"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/nn/layers"
	"github.com/hornml/horn/tensor"
)

func main() {
	registry := layer.NewRegistry(activations.All, initializers.Common, layers.AddConv, layers.AddPooling, layers.AddGlobalPooling,
		layers.AddFlatten, layers.AddDense, layers.AddDropout, layers.AddActivation)
	model, err := core.Load(os.Args[1], registry)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(model.Predict(tensor.New(1, 8, 8, 1)))
}
