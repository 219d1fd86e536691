// Package container has the forms in which Keras saves models and weights: what each is made of, how it is opened and how
// it is written. A container gives documents, HDF5 files and assets; what they mean is no concern of it.
//
// A file is taken for an opponent: what it declares is checked against limits and against its own size before anything is
// allocated, and no other file is opened than those beside it that a map of shards names.
//
// The map of the files: container.go (what all forms offer), open.go (which form a file is), zip.go, directory.go, hdf5.go,
// shards.go, archive.go (the forms: reading, and their layout when writing), index.go and bylayer.go (where the variables
// stand in HDF5 files), dataset.go (a variable), write.go and place.go (parts of a container, brought to their place whole
// or not at all).
package container
