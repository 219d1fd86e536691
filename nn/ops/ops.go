// Package ops registers the operations of keras.ops that may stand in a Functional model, one entry each; they write the
// primitive ops of nn/graph.
package ops

import (
	"github.com/hornml/horn/nn"
)

func init() {
	nn.RegisterOp("nn", "Relu", func(o *nn.OpCall) any { return o.Relu(o.Tensor(0, "x")) })
}
