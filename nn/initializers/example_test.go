package initializers_test

import (
	"fmt"

	"github.com/hornml/horn/nn/initializers"
	"github.com/hornml/horn/tensor"
)

// An initializer makes the elements of a variable; layers name it in their arguments.
func Example() {
	identity := initializers.New("identity")
	t, err := identity.Make([]int{2, 3}, tensor.Float32)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(t.Shape(), t.(*tensor.Tensor).Data())
	// Output: [2 3] [1 0 0 0 1 0]
}
