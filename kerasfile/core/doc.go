// Package core is package kerasfile for programs that want to be small: a program links only the layers in the registry that it
// gives. Everything else is as there, and its options and functions take the models of both.
//
//	registry := layer.NewRegistry(layers.CoreLayers, layers.ConvolutionLayers, layers.PoolingLayers, layers.ReshapingLayers)
//	model, err := core.Load("digits.keras", registry)
//
// What a model uses beyond the registry is an error that names it. The compile state needs losses.All and metrics.All only to
// be evaluated; it is kept in any case.
//
// The map of the files: load.go, weights.go and options.go are the way in, with weights_*.go for each way in which files have
// variables and variables.go for the places of a model's; save.go, save_weights.go, save_layers.go and saveoptions.go are
// the way out, with record.go for the passes over a model's record; inspect.go and classes.go look without loading. Below
// them internal/container has the forms of files, internal/dialect the JSON of all releases, internal/release their numbers.
package core
