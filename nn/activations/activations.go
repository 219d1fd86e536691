// Package activations registers the functions of keras.activations.
package activations

import (
	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/graph"
)

type value = graph.Value

func init() {
	nn.RegisterActivation(func(_ *graph.Builder, x *value) *value { return x }, "linear")
	unary := func(op *graph.Unary, names ...string) {
		nn.RegisterActivation(func(b *graph.Builder, x *value) *value { return b.Unary(op, x) }, names...)
	}
	unary(graph.OpRelu, "relu", "ReLU")
	unary(graph.OpSigmoid, "sigmoid")
	unary(graph.OpTanh, "tanh")
	unary(graph.OpExp, "exponential")
	unary(graph.OpSilu, "silu", "swish")
	unary(graph.OpSoftplus, "softplus")
	unary(graph.OpSoftsign, "softsign")
	unary(graph.OpGelu, "gelu")
	nn.RegisterActivation(Elu(1), "elu")
	nn.RegisterActivation(LeakyRelu(0.2), "leaky_relu")
	nn.RegisterActivation(func(b *graph.Builder, x *value) *value { return b.Clip(x, 0, 6) }, "relu6")
	nn.RegisterActivation(Selu, "selu")
	nn.RegisterActivation(func(b *graph.Builder, x *value) *value { return b.Softmax(x, -1) }, "softmax")
	nn.RegisterActivation(func(b *graph.Builder, x *value) *value { return b.LogSoftmax(x, -1) }, "log_softmax")
	nn.RegisterActivation(HardSigmoid, "hard_sigmoid")
	nn.RegisterActivation(func(b *graph.Builder, x *value) *value { return b.Mul(x, HardSigmoid(b, x)) }, "hard_silu", "hard_swish")
}

// Elu is x above 0 and alpha*(exp(x)-1) below (keras.activations.elu).
func Elu(alpha float64) func(b *graph.Builder, x *value) *value {
	return func(b *graph.Builder, x *value) *value { return b.UnaryP(graph.OpElu, graph.Params{A: alpha}, x) }
}

// LeakyRelu is x above 0 and slope*x below (keras.activations.leaky_relu).
func LeakyRelu(slope float64) func(b *graph.Builder, x *value) *value {
	return func(b *graph.Builder, x *value) *value { return b.UnaryP(graph.OpLeakyRelu, graph.Params{A: slope}, x) }
}

// The constants of selu, from Klambauer et al. 2017.
const (
	seluAlpha = 1.6732632423543772848170429916717
	seluScale = 1.0507009873554804934193349852946
)

// Selu is the scaled exponential linear unit (keras.activations.selu).
func Selu(b *graph.Builder, x *value) *value {
	return b.MulS(b.UnaryP(graph.OpElu, graph.Params{A: seluAlpha}, x), seluScale)
}

// HardSigmoid is x/6 + 0.5 within 0..1 (keras.activations.hard_sigmoid).
func HardSigmoid(b *graph.Builder, x *value) *value {
	return b.Clip(b.UnaryP(graph.OpAffine, graph.Params{A: 1.0 / 6, B: 0.5}, x), 0, 1)
}
