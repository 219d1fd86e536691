// Package activations has the functions of keras.activations. Each writes ops of package graph for a value; those with
// arguments, such as [Elu], return such a function. Importing the package makes them known to layers by their names.
package activations

import (
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
)

// All is the family of all functions of keras.activations.
func All(r *layer.Registry) {
	r.RegisterActivation(func(_ *graph.Builder, x *graph.Value) *graph.Value { return x }, "linear")
	unary := func(op *graph.Unary, names ...string) {
		float(r, func(b *graph.Builder, x *graph.Value) *graph.Value { return b.Unary(op, x) }, names...)
	}
	r.RegisterActivation(func(b *graph.Builder, x *graph.Value) *graph.Value { return b.Relu(numeric(b, x)) }, "relu", "ReLU")
	unary(graph.Sigmoid, "sigmoid")
	unary(graph.Tanh, "tanh")
	unary(graph.Exp, "exponential")
	unary(graph.Silu, "silu", "swish")
	unary(graph.Softplus, "softplus")
	unary(graph.Softsign, "softsign")
	unary(graph.Gelu, "gelu")
	float(r, Elu(1), "elu")
	float(r, Celu(1), "celu")
	float(r, LeakyRelu(0.2), "leaky_relu")
	float(r, Selu, "selu")
	float(r, Softmax, "softmax")
	float(r, LogSoftmax, "log_softmax")
	float(r, HardSigmoid, "hard_sigmoid")
	float(r, HardSilu, "hard_silu", "hard_swish")
	float(r, Mish, "mish")
	float(r, TanhShrink, "tanh_shrink")
	float(r, SparsePlus, "sparse_plus")
	float(r, SparseSigmoid, "sparse_sigmoid")
	float(r, SoftShrink(0.5), "soft_shrink")
	float(r, HardShrink(0.5), "hard_shrink")
	float(r, Glu(-1), "glu")
	float(r, Sparsemax(-1), "sparsemax")
	r.RegisterActivation(LogSigmoid, "log_sigmoid")
	r.RegisterActivation(Squareplus(4), "squareplus")
	r.RegisterActivation(Relu6, "relu6")
	r.RegisterActivation(HardTanh, "hard_tanh")
}

// float adds a function of floats; other numbers are made float32 first, as Keras's backends do.
//
//go:noinline
func float(r *layer.Registry, f func(*graph.Builder, *graph.Value) *graph.Value, names ...string) {
	r.RegisterActivation(func(b *graph.Builder, x *graph.Value) *graph.Value { return f(b, Float(b, x)) }, names...)
}

// Float returns x itself if it is a float, else converted to the type in which Keras computes functions of it.
func Float(b *graph.Builder, x *graph.Value) *graph.Value {
	d, ok := layer.ResultType(x.DType, layer.PyFloat)
	if !ok {
		b.Fail("an activation of %s", x)
	}
	return b.Cast(x, d)
}

// numeric turns bools into integers.
func numeric(b *graph.Builder, x *graph.Value) *graph.Value {
	d, ok := layer.ResultType(x.DType, layer.PyInt)
	if !ok {
		b.Fail("an activation of %s", x)
	}
	return b.Cast(x, d)
}
