package ops_test

import (
	"fmt"

	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/ops"
	"github.com/hornml/horn/tensor"
)

// Operations of keras.ops stand in a Functional model as layers do.
func Example() {
	x := nn.Input([]int{4}, nn.Args{"name": "x"})
	sums, err := ops.Apply("numpy", "Cumsum", nn.Args{"axis": -1}, x)
	if err != nil {
		fmt.Println(err)
		return
	}
	model, err := nn.NewModel(x, sums)
	if err != nil {
		fmt.Println(err)
		return
	}
	y, err := model.Predict(tensor.FromSlice([]float32{1, 2, 3, 4}, 1, 4))
	fmt.Println(y.Data(), err)
	// Output: [1 3 6 10] <nil>
}
