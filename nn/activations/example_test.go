package activations_test

import (
	"fmt"

	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/activations"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/tensor"
)

// An activation writes ops; here it is compiled by itself.
func Example() {
	elu := activations.Elu(0.5)
	f := nn.NewFunction(func(b *graph.Builder, args []*graph.Value) []*graph.Value {
		return []*graph.Value{elu(b, args[0])}
	})
	out, err := f.Run(tensor.FromSlice([]float32{-1, 0, 2}, 3))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.4f\n", out[0].(*tensor.Tensor).Data())
	// Output: [-0.3161 0.0000 2.0000]
}
