package kerasfile_test

import (
	"bytes"
	"fmt"
	"log"
	"os"

	"github.com/hornml/horn/examples"
	"github.com/hornml/horn/kerasfile"
	"github.com/hornml/horn/tensor"
	"github.com/hornml/horn/tensor/npy"
)

// testImages returns 360 pictures of digits, float32 (n, 8, 8, 1).
func testImages() *tensor.Tensor {
	a, err := npy.OpenArchive("../examples/digits_test.npz")
	if err != nil {
		log.Fatal(err)
	}
	images, err := a.Read(a.Names()[0])
	if err != nil {
		log.Fatal(err)
	}
	t, err := tensor.ToFloat32(images)
	if err != nil {
		log.Fatal(err)
	}
	return t
}

func ExampleLoad() {
	model, err := kerasfile.Load("../examples/digits.keras")
	if err != nil {
		log.Fatal(err)
	}
	images := testImages()
	probabilities, err := model.Predict(images.Slice(0, 0, 3)) // a view of the first three
	if err != nil {
		log.Fatal(err)
	}
	for i := range 3 {
		fmt.Print(tensor.ArgMax(probabilities.Index(i)), " ")
	}
	fmt.Println(tensor.FormatShape(probabilities.Shape()))
	// Output: 5 7 8 (3, 10)
}

func ExampleLoadFS() {
	model, err := kerasfile.LoadFS(examples.Files, "digits.keras") // an embed.FS
	if err != nil {
		log.Fatal(err)
	}
	for _, in := range model.Inputs() {
		fmt.Println(in.Name, tensor.FormatShape(in.Shape), in.DType)
	}
	for _, out := range model.Outputs() {
		fmt.Println(tensor.FormatShape(out.Shape), out.DType)
	}
	// Output:
	// image (None, 8, 8, 1) float32
	// (None, 10) float32
}

func ExampleRead() {
	data, err := os.ReadFile("../examples/wine.keras")
	if err != nil {
		log.Fatal(err)
	}
	model, err := kerasfile.Read(bytes.NewReader(data), int64(len(data)), kerasfile.WithCompile(false))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(model.IsSequential())
	// Output: false
}

func ExampleSave() {
	model, err := kerasfile.Load("../examples/digits.keras")
	if err != nil {
		log.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "horn")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	fmt.Println(kerasfile.Save(model, dir+"/copy.keras"))
	// Output: <nil>
}

func Example_predictMap() {
	model, err := kerasfile.Load("../examples/digits.keras")
	if err != nil {
		log.Fatal(err)
	}
	outputs, err := model.PredictMap(map[string]tensor.Any{"image": testImages().Slice(0, 0, 1)})
	if err != nil {
		log.Fatal(err)
	}
	for name, t := range outputs {
		fmt.Println(name, tensor.FormatShape(t.Shape()))
	}
	// Output: digit (1, 10)
}

func Example_layer() {
	model, err := kerasfile.Load("../examples/digits.keras")
	if err != nil {
		log.Fatal(err)
	}
	last := model.Layers()[len(model.Layers())-1]
	kernel, err := model.Layer(last.Name()).Variable("kernel").Tensor()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(tensor.FormatShape(kernel.Shape()))
	// Output: (32, 10)
}
