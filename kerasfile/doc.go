// Package kerasfile loads and saves Keras models: .keras files (zip), unzipped directories, legacy whole-model HDF5 files
// and weights files.
//
//	model, err := kerasfile.Load("digits.keras")
//	probabilities, err := model.Predict(images)
//
// A file is taken for an opponent: sizes are checked before anything is allocated, Python code in a model is never run,
// no other file is opened, and all problems of a model are reported at once, each with its path in the config.
//
// It knows every layer, operation, loss, metric and optimizer of Keras. A program that needs few of them, and wants to be
// small, uses package [core], of which this one is the convenient face.
package kerasfile
