package layers

import (
	"fmt"

	"github.com/hornml/horn/nn/layer"
)

// The constructors, one for each class, are generated from the classes' Config methods. They take the arguments that Keras has
// no default for, in Keras's order; the others may be named in args. A wrong argument panics: it is a mistake in the program.
// Sizes, strides and shapes are an int or a []int, as in Keras a number or a tuple.

// build makes a layer of a class, which add adds to a registry, from positional arguments, each after its name, and those named.
// So a constructor links its own class and what its arguments may name, and no other layer.
func build[L layer.Layer](add layer.Family, class string, named []layer.Args, positional ...any) L {
	args := layer.Args{}
	for i := 0; i+1 < len(positional); i += 2 {
		args[positional[i].(string)] = positional[i+1]
	}
	l, c := layer.NewRegistry(add).Make("keras.layers", class)
	if l == nil {
		panic(fmt.Sprintf("layers: there is no %s", class))
	}
	for _, a := range named {
		for k := range a {
			if _, twice := args[k]; twice {
				panic(fmt.Sprintf("layers: %s: %s is given twice, by position and by name", class, k))
			}
		}
	}
	return layer.Construct(values.get(Arguments), l, c, append([]layer.Args{args}, named...)...).(L)
}
