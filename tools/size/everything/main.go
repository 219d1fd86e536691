// Program everything loads any model and predicts: what tools/size measures.
package main

import (
	"fmt"
	"os"

	"github.com/hornml/horn/kerasfile"
	"github.com/hornml/horn/tensor"
)

func main() {
	model, err := kerasfile.Load(os.Args[1])
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(model.Predict(tensor.New(1, 8, 8, 1)))
}
