package core_test

import (
	"fmt"

	"github.com/hornml/horn/kerasfile/core"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/nn/layers"
	"github.com/hornml/horn/tensor"
)

// A program that names the families of its layers links these alone.
func Example() {
	registry := layer.NewRegistry(layers.CoreLayers, layers.ConvolutionLayers, layers.PoolingLayers, layers.ReshapingLayers,
		layers.NormalizationLayers, layers.ActivationLayers, layers.RegularizationLayers, layers.PreprocessingLayers)
	model, err := core.Load("../../examples/digits.keras", registry)
	if err != nil {
		fmt.Println(err)
		return
	}
	probabilities, err := model.Predict(tensor.New(1, 8, 8, 1))
	fmt.Println(probabilities.Shape(), err)
	// Output: [1 10] <nil>
}

// What the registry lacks is named, everything at once.
func ExampleLoad() {
	_, err := core.Load("../../examples/digits.keras", layer.NewRegistry(layers.CoreLayers))
	fmt.Println(len(err.(core.Errors)) > 3)
	// Output: true
}
