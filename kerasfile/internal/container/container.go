package container

import (
	"cmp"
	"errors"
	"io"

	"github.com/hornml/horn/h5lite"
	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/tensor/npy"
)

// Kind is the form of a container.
type Kind int

// The forms.
const (
	Zip       Kind = iota + 1 // a .keras file
	Directory                 // the same, unzipped
	WholeHDF5                 // a whole model in an HDF5 file, with its weights by layer
	LayerHDF5                 // the weights alone of such a model
	PathHDF5                  // the weights alone, by path: model.weights.h5 as a file of its own
	Shards                    // such files with a map of them
	Archive                   // an .npz file of plain arrays by path
)

// String describes the form.
func (k Kind) String() string {
	switch k {
	case Zip:
		return "keras zip"
	case Directory:
		return "directory"
	case WholeHDF5:
		return "legacy hdf5"
	case LayerHDF5:
		return "legacy hdf5 weights"
	case PathHDF5:
		return "hdf5 weights"
	case Shards:
		return "sharded weights"
	case Archive:
		return "npz archive"
	}
	return "unknown"
}

// ByLayer reports whether the weights stand by layer in it, not by path.
func (k Kind) ByLayer() bool { return k == WholeHDF5 || k == LayerHDF5 }

// The parts of a .keras file and of a directory.
const (
	ConfigName   = "config.json"
	MetadataName = "metadata.json"
	WeightsName  = "model.weights.h5"
	AssetsName   = "assets"
)

// Container is a saved model, or the weights of one.
type Container interface {
	Kind() Kind
	// Config returns the model's record, as its writer wrote it. In a whole-model HDF5 file the compile state stands beside
	// the record: there it is in it, under "training_config".
	Config() (*pyjson.Object, error)
	// Metadata says the writer, "keras_version" and maybe "date_saved" or "backend"; nil if nothing is said.
	Metadata() (*pyjson.Object, error)
	// Weights opens what holds the variables.
	Weights() (*Weights, error)
	// Asset returns a file below assets/; the error is fs.ErrNotExist if it is not there.
	Asset(path string) ([]byte, error)
	// Entries lists the files of a zip or a directory.
	Entries() []Entry
	io.Closer
}

// Weights holds variables: HDF5 files that belong together, or an archive of arrays.
type Weights struct {
	Files   []*h5lite.File
	Archive *npy.Archive // of an Archive, else nil
}

// Entry is a file inside a container.
type Entry struct {
	Name   string
	Size   int64 // bytes, unpacked
	Stored int64 // bytes in the container
}

// Options bound what a file may ask for.
type Options struct {
	ConfigBytes int64 // of config.json and metadata.json, unpacked
	Values      int   // in each of them; 0 for DefaultValues
	EntryBytes  int64 // of a compressed weights entry, unpacked
	AssetBytes  int64 // of one asset, unpacked
	Entries     int   // in a zip
	Expansion   int64 // unpacked to stored bytes of a compressed entry, above 1 MiB
	// Unchecked leaves out the checksum of the weights in a zip, for which all of them have to be read.
	Unchecked bool
}

// DefaultValues is how many values a JSON document may have where nobody says otherwise.
const DefaultValues = 4_000_000

// parseJSON reads one of the documents of a container.
func (o Options) parseJSON(entry string, data []byte) (*pyjson.Object, error) {
	v, err := o.parseValue(entry, data)
	if err != nil {
		return nil, err
	}
	object, ok := v.(*pyjson.Object)
	if !ok {
		return nil, &FormatError{Entry: entry, Msg: "an object is expected, not " + pyjson.Describe(v)}
	}
	return object, nil
}

// parseValue reads a document of any form.
func (o Options) parseValue(entry string, data []byte) (any, error) {
	v, err := pyjson.ParseWithin(data, cmp.Or(o.Values, DefaultValues))
	var limit *pyjson.LimitError
	switch {
	case errors.As(err, &limit):
		return nil, &LimitError{Entry: entry, What: "the number of JSON " + limit.What, Value: int64(limit.Limit) + 1, Limit: int64(limit.Limit)}
	case err != nil:
		return nil, &FormatError{Entry: entry, Msg: "cannot be read", Err: err}
	}
	return v, nil
}

// weightsAlone is what the forms without a model have in common.
type weightsAlone struct{ kind Kind }

func (w weightsAlone) Kind() Kind { return w.kind }

func (w weightsAlone) Config() (*pyjson.Object, error) {
	return nil, &FormatError{Msg: "holds the weights of a model, not the model; load the model, then these into it"}
}

func (weightsAlone) Entries() []Entry { return []Entry{} }
