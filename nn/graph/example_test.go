package graph_test

import (
	"fmt"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/tensor"
)

// A graph is written with a Builder and run, slowly and exactly, by Interpret.
func Example() {
	b := graph.NewBuilder()
	x := b.Input(tensor.Float32, 1, 2)
	w := b.Const(tensor.FromSlice([]float32{1, 2, 3, 4, 5, 6}, 2, 3))
	y := b.Relu(b.Sub(b.MatMul(x, w), b.Const(tensor.FromSlice([]float32{10}, 1))))
	b.Graph.Outputs = []*graph.Value{y}
	out, err := graph.Interpret(b.Graph, graph.Run{Inputs: []graph.Buf{graph.BufOf(tensor.FromSlice([]float32{1, 2}, 1, 2))}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(y.Shape, out[0].F)
	// Output: [1 3] [0 2 5]
}
