package container

import (
	"errors"
	"io"
	"io/fs"

	"github.com/hornml/horn/h5lite"
	"github.com/hornml/horn/internal/pyjson"
)

// hdf5File is one HDF5 file: a whole model, the form of Keras 1 and 2, which Keras 3 still writes, with the config in an
// attribute of the root and the weights in groups by layer; or weights alone, in such groups or by path.
type hdf5File struct {
	kind    Kind
	file    *h5lite.File
	options Options
}

// openHDF5Container tells the forms of HDF5 files apart by what stands in them.
func openHDF5Container(r io.ReaderAt, size int64, o Options) (Container, error) {
	f, err := openHDF5("", r, size)
	if err != nil {
		return nil, err
	}
	kind := PathHDF5
	if _, err := f.Root().Attribute("model_config"); !errors.Is(err, fs.ErrNotExist) {
		kind = WholeHDF5
	} else if hasLayers(f) {
		kind = LayerHDF5
	}
	return &hdf5File{kind, f, o}, nil
}

// hasLayers reports whether a file has its weights by layer.
func hasLayers(f *h5lite.File) bool {
	for _, name := range []string{"layer_names", "layer_names0"} {
		if _, err := f.Root().Attribute(name); err == nil {
			return true
		}
	}
	_, err := f.Root().Group("model_weights")
	return err == nil
}

func openHDF5(name string, r io.ReaderAt, size int64) (*h5lite.File, error) {
	f, err := h5lite.NewFile(r, size)
	if err != nil {
		return nil, &FormatError{Entry: name, Msg: "cannot be read", Err: err}
	}
	return f, nil
}

// openWeights is openHDF5 for the only file of a container.
func openWeights(name string, r io.ReaderAt, size int64) (*Weights, error) {
	f, err := openHDF5(name, r, size)
	if err != nil {
		return nil, err
	}
	return &Weights{Files: []*h5lite.File{f}}, nil
}

// text reads an attribute that is one string; ok is false if there is none.
func text(o interface {
	Attribute(string) (*h5lite.Attribute, error)
}, name string) (s string, ok bool, err error) {
	a, err := o.Attribute(name)
	if errors.Is(err, fs.ErrNotExist) {
		return "", false, nil
	}
	if err == nil {
		s, err = a.String()
	}
	if err != nil {
		return "", false, &FormatError{Entry: "attribute " + name, Msg: "cannot be read", Err: err}
	}
	return s, true, nil
}

func (h *hdf5File) document(attribute string) (*pyjson.Object, error) {
	s, ok, err := text(h.file.Root(), attribute)
	if err != nil || !ok {
		return nil, err
	}
	if int64(len(s)) > h.options.ConfigBytes {
		return nil, &LimitError{Entry: "attribute " + attribute, What: "the size in bytes", Value: int64(len(s)), Limit: h.options.ConfigBytes}
	}
	v, err := h.options.parseValue("attribute "+attribute, []byte(s))
	if err != nil {
		return nil, err
	}
	o, isObject := v.(*pyjson.Object)
	if !isObject && v != nil {
		return nil, &FormatError{Entry: "attribute " + attribute, Msg: "an object is expected, not " + pyjson.Describe(v)}
	}
	return o, nil
}

func (h *hdf5File) Kind() Kind { return h.kind }

func (h *hdf5File) Config() (*pyjson.Object, error) {
	model, err := h.document("model_config")
	if err != nil {
		return nil, err
	}
	if model == nil {
		msg := "is missing: this is no whole Keras model"
		if _, err := h.file.Root().Attribute("layer_names"); err == nil {
			msg = "is missing: the file has the weights of a model, not the model; load the model, then these into it"
		}
		return nil, &FormatError{Entry: "attribute model_config", Msg: msg}
	}
	training, err := h.document("training_config")
	if err != nil {
		return nil, err
	}
	if training != nil {
		model.Set("training_config", training)
	}
	return model, nil
}

func (h *hdf5File) Metadata() (*pyjson.Object, error) {
	o := new(pyjson.Object)
	for _, name := range []string{"keras_version", "backend"} {
		s, ok, err := text(h.file.Root(), name)
		if err != nil {
			return nil, err
		}
		if ok { // of weights alone it may stand on their group
			o.Set(name, s)
		}
	}
	return o, nil
}

func (h *hdf5File) Weights() (*Weights, error) { return &Weights{Files: []*h5lite.File{h.file}}, nil }

func (*hdf5File) Asset(string) ([]byte, error) { return nil, fs.ErrNotExist }

func (*hdf5File) Entries() []Entry { return []Entry{} }

func (*hdf5File) Close() error { return nil }
