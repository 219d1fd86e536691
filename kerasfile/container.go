package kerasfile

import (
	"io"

	"github.com/hornml/horn/h5lite"
	"github.com/hornml/horn/internal/pyjson"
)

// container is what every form of a saved model offers.
type container interface {
	// config returns the document in config.json.
	config() ([]byte, error)
	// metadata returns the document in metadata.json, nil if there is none.
	metadata() ([]byte, error)
	// weights opens the HDF5 file with the variables.
	weights() (*h5lite.File, error)
	// asset returns a file below assets/, fs.ErrNotExist if it is not there.
	asset(path string) ([]byte, error)
	io.Closer
}

// parseJSON reads one of the documents of a container.
func parseJSON(entry string, data []byte) (*pyjson.Object, error) {
	v, err := pyjson.Parse(data)
	if err != nil {
		return nil, &FormatError{Entry: entry, Msg: "cannot be read", Err: err}
	}
	o, ok := v.(*pyjson.Object)
	if !ok {
		return nil, &FormatError{Entry: entry, Msg: "an object is expected, not " + pyjson.Describe(v)}
	}
	return o, nil
}
