package layers_test

import (
	"fmt"

	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/layers"
	"github.com/hornml/horn/tensor"
)

// Layers are called on tensors of a model that is being built (On), or stand in a row in a Sequential.
func Example() {
	x := nn.Input([]int{-1, 2}, nn.Args{"name": "words"})
	y := layers.NewGlobalAveragePooling1D().On(layers.NewMasking().On(x))
	model, err := nn.NewModel(x, y)
	if err != nil {
		fmt.Println(err)
		return
	}
	mean, err := model.Predict(tensor.FromSlice([]float32{1, 2, 3, 4, 0, 0}, 1, 3, 2)) // the last step is masked
	fmt.Println(mean.Data(), err)
	// Output: [2 3] <nil>
}
