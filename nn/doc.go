// Package nn runs models of Keras: it builds them (Sequential, Functional), predicts with them and evaluates them. Models in
// files are loaded and saved by package kerasfile; the layers are in package layers.
//
//	model, err := nn.NewSequential(
//		nn.NewInputLayer([]int{784}),
//		layers.NewDense(64, nn.Args{"activation": "relu"}),
//		layers.NewDense(10, nn.Args{"activation": "softmax"}),
//	)
//	probabilities, err := model.Predict(images) // images of shape (n, 784)
//
// A model is traced once for each set of input shapes: its layers write ops into a graph (package graph), which is compiled
// and kept. Predicting is safe for many goroutines at once; where layers remember something between calls, each caller takes
// a [Session].
//
// Who writes a layer of his own needs package layer; what draws and counts models is in package report.
package nn

import "github.com/hornml/horn/nn/layer"

// What a user meets of package layer.
type (
	// Layer is one layer of a model; [layer.Layer].
	Layer = layer.Layer
	// Variable is a tensor of a layer that a model saves; [layer.Variable].
	Variable = layer.Variable
	// Args are the keyword arguments of a layer's constructor, by Keras's names; [layer.Args].
	Args = layer.Args
	// KerasTensor stands for a tensor while a Functional model is built; [layer.KerasTensor].
	KerasTensor = layer.KerasTensor
	// CustomObjects gives Go forms of classes and functions that Keras does not have; [layer.CustomObjects].
	CustomObjects = layer.CustomObjects

	// Errors is everything that is wrong with a model; [layer.Errors].
	Errors = layer.Errors
	// ConfigError says what is wrong in a model's configuration, and where; [layer.ConfigError].
	ConfigError = layer.ConfigError
	// UnsupportedError names what a model uses and cannot be run; [layer.UnsupportedError].
	UnsupportedError = layer.UnsupportedError
	// InternalError is a mistake of a layer's code, not of the model; [layer.InternalError].
	InternalError = layer.InternalError
)

// ErrUnsupported is what every *UnsupportedError is, for errors.Is.
var ErrUnsupported = layer.ErrUnsupported
