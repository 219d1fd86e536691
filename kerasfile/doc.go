// Package kerasfile loads and saves Keras models: .keras files (zip), unzipped directories, legacy whole-model HDF5 files
// and weights files.
//
//	model, err := kerasfile.Load("digits.keras")
//	probabilities, err := model.Predict(images)
//
// A file is taken for an opponent: sizes are checked before anything is allocated, Python code in a model is never run,
// no other file is opened, and all problems of a model are reported at once, each with its path in the config.
//
// The map of the files: load.go and options.go (the way in), container.go (what a container offers), zip.go,
// directory.go, legacyh5.go (containers), variables.go (which variable stands where in a weights file), weights.go,
// legacyweights.go (reading them), shared.go (layers in several models), errors.go; save.go
// (the way out), savezip.go, savedirectory.go, savelegacy.go (containers), saveweights.go, saveshards.go; internal/dialect
// (configs of other releases), internal/release.
package kerasfile
