// Package kerasfile loads and saves Keras models: .keras files (zip), unzipped directories, legacy whole-model HDF5 files
// and weights files.
//
//	model, err := kerasfile.Load("digits.keras")
//	probabilities, err := model.Predict(images)
//
// A file is taken for an opponent: sizes are checked before anything is allocated, Python code in a model is never run,
// no other file is opened, and all problems of a model are reported at once, each with its path in the config.
//
// The map of the files: load.go, weights.go and options.go are the way in, with weights_*.go for each way in which files have
// variables and variables.go for the places of a model's; save.go, save_weights.go, save_layers.go and saveoptions.go are
// the way out, with record.go for the passes over a model's record; inspect.go and classes.go look without loading. Below
// them internal/container has the forms of files, internal/dialect the JSON of all releases, internal/release their numbers.
package kerasfile
