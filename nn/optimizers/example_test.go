package optimizers_test

import (
	"fmt"

	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/nn/optimizers"
	"github.com/hornml/horn/tensor"
)

// An optimizer changes variables by their gradients; here it looks for the minimum of (w-3)².
func Example() {
	w := layer.NewVariable("w", "w", tensor.FromSlice([]float32{0}, 1))
	adam := layer.NewRegistry(optimizers.All).Object("optimizers", "adam").Impl.(*optimizers.Adam)
	adam.LearningRate = 0.3
	if err := adam.Build([]*layer.Variable{w}); err != nil {
		fmt.Println(err)
		return
	}
	for range 200 {
		x, _ := w.Tensor()
		gradient := 2 * (x.At(0) - 3)
		if err := adam.Step([]tensor.Any{tensor.FromSlice([]float32{gradient}, 1)}); err != nil {
			fmt.Println(err)
			return
		}
	}
	x, _ := w.Tensor()
	fmt.Printf("%.3f\n", x.At(0))
	for _, v := range adam.Variables() {
		fmt.Println(v.Path)
	}
	// Output:
	// 3.000
	// adam/iteration
	// adam/learning_rate
	// adam/w_momentum
	// adam/w_velocity
}
