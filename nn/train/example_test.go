package train_test

import (
	"fmt"

	"github.com/hornml/horn/kerasfile"
	"github.com/hornml/horn/nn/train"
	"github.com/hornml/horn/tensor"
	"github.com/hornml/horn/tensor/npy"
)

// The options of an evaluation: here the first half of the samples counts twice.
func ExampleEvaluateOptions() {
	model, err := kerasfile.Load("../../examples/wine.keras")
	if err != nil {
		fmt.Println(err)
		return
	}
	data, err := npy.OpenArchive("../../examples/wine_test.npz")
	if err != nil {
		fmt.Println(err)
		return
	}
	chemistry, _ := data.Read("chemistry")
	label, _ := data.Read("label")
	weights := make([]float32, chemistry.Shape()[0])
	for i := range weights {
		weights[i] = 1
		if i < len(weights)/2 {
			weights[i] = 2
		}
	}
	scores, err := model.Evaluate([]tensor.Any{chemistry}, []tensor.Any{label}, train.EvaluateOptions{
		BatchSize:     16,
		SampleWeights: []tensor.Any{tensor.FromSlice(weights, len(weights))},
		Progress:      func(samples int) { fmt.Println(samples, "samples") },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, s := range scores {
		fmt.Printf("%s %.3f\n", s.Name, s.Value)
	}
	// Output:
	// 16 samples
	// 32 samples
	// 40 samples
	// loss 0.298
	// accuracy 0.925
}
