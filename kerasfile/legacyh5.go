package kerasfile

import (
	"errors"
	"io"
	"io/fs"

	"github.com/hornml/horn/h5lite"
	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/kerasfile/internal/dialect"
)

// legacyFile is a whole model in one HDF5 file, the form of Keras 1 and 2, which Keras 3 still writes: the config in an
// attribute of the root, the weights in groups by layer.
type legacyFile struct {
	file   *h5lite.File
	limits Limits
}

func openLegacy(r io.ReaderAt, size int64, limits Limits) (*legacyFile, error) {
	f, err := openHDF5("", r, size)
	if err != nil {
		return nil, err
	}
	return &legacyFile{f, limits}, nil
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

func (l *legacyFile) document(attribute string) (*pyjson.Object, error) {
	s, ok, err := text(l.file.Root(), attribute)
	if err != nil || !ok {
		return nil, err
	}
	if int64(len(s)) > l.limits.ConfigBytes {
		return nil, &LimitError{Entry: "attribute " + attribute, What: "the size in bytes", Value: int64(len(s)), Limit: l.limits.ConfigBytes}
	}
	v, err := pyjson.Parse([]byte(s))
	if err != nil {
		return nil, &FormatError{Entry: "attribute " + attribute, Msg: "cannot be read", Err: err}
	}
	o, isObject := v.(*pyjson.Object)
	if !isObject && v != nil {
		return nil, &FormatError{Entry: "attribute " + attribute, Msg: "an object is expected, not " + pyjson.Describe(v)}
	}
	return o, nil
}

// config returns the model's record with its compile state in it, as config.json has it.
func (l *legacyFile) config() ([]byte, error) {
	model, err := l.document("model_config")
	if err != nil {
		return nil, err
	}
	if model == nil {
		if _, err := l.file.Root().Attribute("layer_names"); err == nil {
			return nil, &FormatError{Entry: "attribute model_config", Msg: "is missing: the file has the weights of a model, not the model; load it into one with LoadWeights"}
		}
		return nil, &FormatError{Entry: "attribute model_config", Msg: "is missing: this is no whole Keras model"}
	}
	training, err := l.document("training_config")
	if err != nil {
		return nil, err
	}
	if training != nil {
		model.Set("compile_config", dialect.CompileConfig(training))
	}
	return pyjson.Marshal(model), nil
}

func (l *legacyFile) metadata() ([]byte, error) {
	o := new(pyjson.Object)
	for _, name := range []string{"keras_version", "backend"} {
		s, ok, err := text(l.file.Root(), name)
		if err != nil {
			return nil, err
		}
		if !ok { // weights only: there it may be on the group
			continue
		}
		o.Set(name, s)
	}
	return pyjson.Marshal(o), nil
}

func (l *legacyFile) weights() (*h5lite.File, error) { return l.file, nil }

func (l *legacyFile) asset(string) ([]byte, error) { return nil, fs.ErrNotExist }

func (l *legacyFile) Close() error { return nil }
