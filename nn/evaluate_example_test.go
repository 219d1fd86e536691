package nn_test

import (
	"fmt"

	"github.com/hornml/horn/kerasfile"
	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/tensor"
	"github.com/hornml/horn/tensor/npy"
)

// A model that was saved compiled knows its loss and metrics.
func ExampleModel_Evaluate() {
	model, err := kerasfile.Load("../examples/digits.keras")
	if err != nil {
		fmt.Println(err)
		return
	}
	data, err := npy.OpenArchive("../examples/digits_test.npz")
	if err != nil {
		fmt.Println(err)
		return
	}
	images, _ := data.Read("image")
	labels, _ := data.Read("label")
	scores, err := model.Evaluate([]tensor.Any{images}, []tensor.Any{labels}, nn.EvaluateOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, s := range scores {
		fmt.Printf("%s %.4f\n", s.Name, s.Value)
	}
	// Output:
	// loss 0.0398
	// accuracy 0.9833
}
