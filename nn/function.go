package nn

import (
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/internal/jit"
)

// Function is a function of tensors that writes ops, compiled for each set of types and shapes of its arguments, as jax.jit
// does. Calls from many goroutines are safe.
type Function = jit.Function

// NewFunction returns the function that write describes: it is given a value for each argument, nil for one that is left
// out, and returns the results. It may call b.Fail.
func NewFunction(write func(b *graph.Builder, args []*graph.Value) []*graph.Value) *Function {
	return jit.NewFunction(write)
}
