// Package activations has the functions of keras.activations. Each writes ops of package graph for a value; those with
// arguments, such as [Elu], return such a function. Importing the package makes them known to layers by their names.
package activations

import (
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
)

func init() {
	layer.RegisterActivation(func(_ *graph.Builder, x *graph.Value) *graph.Value { return x }, "linear")
	unary := func(op *graph.Unary, names ...string) {
		float(func(b *graph.Builder, x *graph.Value) *graph.Value { return b.Unary(op, x) }, names...)
	}
	layer.RegisterActivation(func(b *graph.Builder, x *graph.Value) *graph.Value { return b.Relu(numeric(b, x)) }, "relu", "ReLU")
	unary(graph.Sigmoid, "sigmoid")
	unary(graph.Tanh, "tanh")
	unary(graph.Exp, "exponential")
	unary(graph.Silu, "silu", "swish")
	unary(graph.Softplus, "softplus")
	unary(graph.Softsign, "softsign")
	unary(graph.Gelu, "gelu")
	float(Elu(1), "elu")
	float(Celu(1), "celu")
	float(LeakyRelu(0.2), "leaky_relu")
	float(Selu, "selu")
	float(Softmax, "softmax")
	float(LogSoftmax, "log_softmax")
	float(HardSigmoid, "hard_sigmoid")
	float(HardSilu, "hard_silu", "hard_swish")
	float(LogSigmoid, "log_sigmoid")
	float(Mish, "mish")
	float(TanhShrink, "tanh_shrink")
	float(SparsePlus, "sparse_plus")
	float(SparseSigmoid, "sparse_sigmoid")
	float(SoftShrink(0.5), "soft_shrink")
	float(HardShrink(0.5), "hard_shrink")
	float(Squareplus(4), "squareplus")
	float(Glu(-1), "glu")
	float(Sparsemax(-1), "sparsemax")
	layer.RegisterActivation(Relu6, "relu6")
	layer.RegisterActivation(HardTanh, "hard_tanh")
}

// float registers a function of floats; other numbers are made float32 first, as Keras's backends do.
func float(f func(*graph.Builder, *graph.Value) *graph.Value, names ...string) {
	layer.RegisterActivation(func(b *graph.Builder, x *graph.Value) *graph.Value { return f(b, Float(b, x)) }, names...)
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
