package nn_test

import (
	"fmt"

	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/layers"
	"github.com/hornml/horn/tensor"
)

// A model made in Go, with weights of one's own.
func Example() {
	model, err := nn.NewSequential(
		nn.NewInputLayer([]int{2}),
		layers.NewDense(3, nn.Args{"activation": "relu", "name": "hidden"}),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	err = model.Layer("hidden").Variable("kernel").Assign(tensor.FromSlice([]float32{1, 0, -1, 0, 1, 1}, 2, 3))
	if err != nil {
		fmt.Println(err)
		return
	}
	y, err := model.Predict(tensor.FromSlice([]float32{2, 1, 0, 5}, 2, 2))
	fmt.Println(y.Shape(), y.Data(), err)
	// Output: [2 3] [2 1 0 0 5 5] <nil>
}

// Two inputs that meet, and a layer that is called twice.
func ExampleNewModel() {
	a := nn.Input([]int{4}, nn.Args{"name": "a"})
	b := nn.Input([]int{4}, nn.Args{"name": "b"})
	shared := layers.NewDense(2, nn.Args{"kernel_initializer": "ones"})
	sum := layers.NewAdd().On([]*nn.KerasTensor{shared.On(a), shared.On(b)})
	model, err := nn.NewModel([]*nn.KerasTensor{a, b}, sum)
	if err != nil {
		fmt.Println(err)
		return
	}
	y, err := model.Predict(tensor.FromSlice([]float32{1, 2, 3, 4}, 1, 4), tensor.FromSlice([]float32{0, 0, 0, 1}, 1, 4))
	fmt.Println(y.Data(), err)
	for c := range model.Calls() {
		var from []string
		for _, t := range c.From {
			from = append(from, fmt.Sprintf("%s[%d]", t.Layer.Name(), t.Call))
		}
		fmt.Println(c.Layer.Name(), from)
	}
	// Output:
	// [11 11] <nil>
	// a []
	// b []
	// dense [a[0]]
	// dense [b[0]]
	// add [dense[0] dense[1]]
}

// A stateful layer remembers what it has seen; each session has a memory of its own.
func ExampleModel_NewSession() {
	model, err := nn.NewSequential(
		nn.NewInputLayer([]int{1, 1}, nn.Args{"batch_size": 1}),
		layers.NewSimpleRNN(1, nn.Args{"stateful": true, "activation": "linear", "kernel_initializer": "ones", "recurrent_initializer": "ones"}),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	one := tensor.FromSlice([]float32{1}, 1, 1, 1)
	first, second := model.NewSession(), model.NewSession()
	for _, s := range []*nn.Session{first, first, second} {
		y, err := s.PredictAll(one)
		fmt.Println(y[0].(*tensor.Tensor).Data(), err)
	}
	// Output:
	// [1] <nil>
	// [2] <nil>
	// [1] <nil>
}
