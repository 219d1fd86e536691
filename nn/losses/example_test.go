package losses_test

import (
	"fmt"

	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/nn/losses"
	"github.com/hornml/horn/tensor"
)

// A loss writes ops. Here they are compiled by themselves; in a training they are a part of a larger graph.
func Example() {
	loss := layer.NewRegistry(losses.All).Object("losses", "sparse_categorical_crossentropy").Impl.(losses.Loss)
	f := nn.NewFunction(func(b *graph.Builder, args []*graph.Value) []*graph.Value {
		return []*graph.Value{loss.Call(b, args[0], args[1], nil, nil)}
	})
	classes := tensor.FromSlice([]int32{0, 2}, 2)
	probabilities := tensor.FromSlice([]float32{0.7, 0.2, 0.1, 0.1, 0.1, 0.8}, 2, 3)
	out, err := f.Run(classes, probabilities)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.4f\n", out[0].(*tensor.Tensor).At())
	// Output: 0.2899
}

// NewFunction finds the functions of keras.losses by their names.
func ExampleNewFunction() {
	huber := losses.NewFunction("huber").(*losses.Huber)
	fmt.Println(huber.Delta, losses.NewFunction("no_such_loss"))
	// Output: 1 <nil>
}
