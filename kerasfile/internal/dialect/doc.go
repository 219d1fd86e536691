// Package dialect translates the JSON of a model between releases of Keras: Upgrade brings the config of any release into
// today's form, Express writes it for a certain one. It is about documents alone: it opens no files, makes no layers, and
// asks for what it has to know of the classes that Go has through Names.
//
// The map of the files: origin.go (who wrote a config), upgrade*.go (Keras 1 and 2, and what releases of Keras 3 changed),
// training.go (the compile state in whole-model HDF5 files), express.go and gaps.go (writing for a release), shared*.go
// (layers in several models), history*.go: what is known of each class over the releases, the one place for a new one.
package dialect

// Names says how the classes that Go has are called.
type Names interface {
	// Layer finds a layer class by the exported or the Python name.
	Layer(name string) (Class, bool)
	// OpModule is the module of the keras.src.ops class of a name, "" if there is none.
	OpModule(class string) string
}

// Class names a class.
type Class struct {
	Module string // the public one, such as "keras.layers"
	Name   string // as it is exported
	Python string // the name of the Python class where it differs, else ""
}
