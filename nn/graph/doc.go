// Package graph holds the op graph into which a model is traced: values with concrete shapes, nodes, and the table of
// primitive ops. A layer writes ops through a [Builder] and does no arithmetic itself.
//
// An [Op] is a value that holds its settings: it has a shape rule (Infer) and a reference evaluation (Eval), which is plain,
// exact where it can be, and the judge of every faster way to compute the same. [Interpret] runs a graph with these alone.
// nn/internal/plan compiles a graph into a plan.
//
// The map of the files: op.go (what an op is), key.go (what tells ops apart), value.go (buffers, values, nodes), builder.go
// (building, inputs, constants, errors), iterate.go (walking strided arrays), interpret.go; then one file for each op family:
// unary.go, binary.go, cast.go, movement.go, index.go, reduce.go, order.go, matmul.go, einsum.go, conv.go (with pooling),
// softmax.go (with normalization), resample.go, stft.go, quantized.go, recurrent.go, scan.go.
package graph
