package kerasfile

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/pyjson"

	_ "github.com/hornml/horn/nn/layers" // registers keras.layers
)

// Load loads a model from a .keras file, a directory in Keras's unzipped form, or a legacy whole-model .h5 file: what the
// file is decides, not its name (keras.saving.load_model).
func Load(path string, opts ...Option) (*nn.Model, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return LoadFS(os.DirFS(path), ".", opts...)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return Read(f, info.Size(), opts...)
}

// LoadFS is Load from a file system, for instance one that is embedded in the program.
func LoadFS(fsys fs.FS, name string, opts ...Option) (*nn.Model, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		o := settings(opts)
		dir, err := openDirectory(fsys, name, o.limits)
		if err != nil {
			return nil, err
		}
		return load(dir, o)
	}
	if r, ok := f.(io.ReaderAt); ok {
		return Read(r, info.Size(), opts...)
	}
	data, err := io.ReadAll(f)
	if err != nil {
		return nil, err
	}
	return Read(bytes.NewReader(data), int64(len(data)), opts...)
}

// Read is Load from the bytes of a file, of which it reads what it needs.
func Read(r io.ReaderAt, size int64, opts ...Option) (*nn.Model, error) {
	o := settings(opts)
	c, err := open(r, size, o)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	return load(c, o)
}

func settings(opts []Option) options {
	o := options{compile: true}
	for _, opt := range opts {
		opt(&o)
	}
	o.limits.setDefaults()
	return o
}

// open finds out what a file is.
func open(r io.ReaderAt, size int64, o options) (container, error) {
	if size == 0 {
		return nil, &FormatError{Msg: "the file is empty", Err: ErrNotKeras}
	}
	return openZip(r, size, o.limits)
}

func load(c container, o options) (*nn.Model, error) {
	data, err := c.config()
	if err != nil {
		return nil, err
	}
	config, err := parseJSON(configName, data)
	if err != nil {
		return nil, err
	}
	version := ""
	if data, err := c.metadata(); err != nil {
		return nil, err
	} else if data != nil {
		meta, err := parseJSON(metadataName, data)
		if err != nil {
			return nil, err
		}
		version = meta.String("keras_version")
	}
	model, err := decode(config, version, o)
	if err != nil {
		return nil, err
	}
	if err := loadAssets(model, c); err != nil {
		return nil, err
	}
	if err := model.Build(); err != nil {
		return nil, err
	}
	if o.noWeights {
		return model, nil
	}
	w, err := c.weights()
	if err != nil {
		return nil, err
	}
	defer w.Close()
	if err := loadWeights(model, w); err != nil {
		return nil, err
	}
	return model, nil
}

// decode turns a config into a model, and reports everything in it that is wrong or not supported.
func decode(config *pyjson.Object, version string, o options) (*nn.Model, error) {
	d := &nn.Decoder{Custom: o.custom, MaxObjects: o.limits.Objects}
	l := d.Layer(config, "")
	if err := d.Err(); err != nil {
		return nil, err
	}
	model, ok := l.(*nn.Model)
	if !ok {
		return nil, &FormatError{Entry: configName, Msg: fmt.Sprintf("holds a %s, not a Sequential or Functional model", config.String("class_name"))}
	}
	if o.compile {
		model.Compile = config.Object("compile_config")
	}
	return model, nil
}
