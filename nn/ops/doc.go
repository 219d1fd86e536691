// Package ops registers the operations of keras.ops that may stand in a Functional model, one entry each; they write the
// primitive ops of nn/graph.
//
// A file holds a family: arithmetic.go, compare.go, elementwise.go, reduce.go, shape.go, getitem.go and so on, named as
// in Keras's documentation. What an operation gives for each type of its arguments follows Keras on torch, from which the
// goldens are; nn.ResultType has the lattice.
package ops
