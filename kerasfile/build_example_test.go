package kerasfile_test

import (
	"bytes"
	"fmt"
	"log"

	"github.com/hornml/horn/kerasfile"
	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/nn/layers"
	"github.com/hornml/horn/nn/report"
	"github.com/hornml/horn/tensor"
)

// written saves a model to memory, where a program would save to a file, and describes what it holds.
func written(m *nn.Model, err error) {
	if err != nil {
		log.Fatal(err)
	}
	var file bytes.Buffer
	if err := kerasfile.Write(&file, m); err != nil {
		log.Fatal(err)
	}
	trainable, fixed := report.CountParams(m)
	fmt.Println(m.Name(), tensor.FormatShape(m.Outputs()[0].Shape), trainable.Params+fixed.Params)
}

// A multilayer perceptron. keras.models.load_model loads what is written.
func ExampleWrite_mlp() {
	written(nn.NewSequential(
		nn.NewInputLayer([]int{784}),
		layers.NewDense(128, layer.Args{"activation": "relu", "kernel_initializer": "he_normal"}),
		layers.NewDropout(0.2),
		layers.NewDense(10, layer.Args{"activation": "softmax"}),
	))
	// Output: sequential (None, 10) 101770
}

// A small convolutional network.
func ExampleWrite_cnn() {
	written(nn.NewSequential(
		nn.NewInputLayer([]int{28, 28, 1}),
		layers.NewConv2D(16, 3, layer.Args{"padding": "same", "use_bias": false}),
		layers.NewBatchNormalization(),
		layers.NewActivation("relu"),
		layers.NewMaxPooling2D(),
		layers.NewGlobalAveragePooling2D(),
		layers.NewDense(10),
	))
	// Output: sequential (None, 10) 378
}

// A recurrent classifier of token ids, of any length, with masks.
func ExampleWrite_lstm() {
	tokens := nn.Input([]int{-1}, layer.Args{"dtype": "int32", "name": "tokens"})
	y := layers.NewEmbedding(5000, 32, layer.Args{"mask_zero": true}).On(tokens)
	y = layers.NewBidirectional(layers.NewLSTM(16)).On(y)
	written(nn.NewModel(tokens, layers.NewDense(1, layer.Args{"activation": "sigmoid"}).On(y), layer.Args{"name": "sentiment"}))
	// Output: sentiment (None, 1) 166305
}

// A transformer block: attention and a feed-forward part, each with a residual and a normalization.
func ExampleWrite_transformer() {
	x := nn.Input([]int{64, 32}, layer.Args{"name": "x"})
	attended := layers.NewMultiHeadAttention(4, 8).On(x, x)
	y := layers.NewLayerNormalization().On(layers.NewAdd().On([]*layer.KerasTensor{x, attended}))
	z := layers.NewDense(32).On(layers.NewDense(128, layer.Args{"activation": "gelu"}).On(y))
	y = layers.NewLayerNormalization().On(layers.NewAdd().On([]*layer.KerasTensor{y, z}))
	written(nn.NewModel(x, y, layer.Args{"name": "block"}))
	// Output: block (None, 64, 32) 12704
}
