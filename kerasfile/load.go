package kerasfile

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/hornml/horn/h5lite"
	"github.com/hornml/horn/nn/layer"
	"golang.org/x/exp/mmap"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/kerasfile/internal/dialect"
	"github.com/hornml/horn/kerasfile/internal/release"
	"github.com/hornml/horn/nn"

	_ "github.com/hornml/horn/nn/layers"     // registers keras.layers
	_ "github.com/hornml/horn/nn/losses"     // registers keras.losses
	_ "github.com/hornml/horn/nn/metrics"    // registers keras.metrics
	_ "github.com/hornml/horn/nn/optimizers" // registers keras.optimizers
)

// Load loads a model from a .keras file, a directory in Keras's unzipped form, or a legacy whole-model .h5 file: what the
// file is decides, not its name (keras.saving.load_model).
func Load(path string, opts ...Option) (*nn.Model, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		root, err := os.OpenRoot(path) // links in the directory lead nowhere outside of it
		if err != nil {
			return nil, err
		}
		defer root.Close()
		return LoadFS(root.FS(), ".", opts...)
	}
	f, err := mmap.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return Read(mapped{f}, int64(f.Len()), opts...)
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
		defer dir.Close()
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
	o := options{compile: true, note: func(string) {}}
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
	signature := make([]byte, len(hdf5Signature))
	if n, _ := r.ReadAt(signature, 0); n == len(signature) && string(signature) == hdf5Signature {
		return openLegacy(r, size, o.limits)
	}
	z, err := openZip(r, size, o.limits)
	if err == nil {
		return z, nil
	}
	if errors.Is(err, zip.ErrFormat) {
		if h5lite.IsHDF5(r, size) {
			return openLegacy(r, size, o.limits)
		}
		if string(signature[:2]) != "PK" {
			return nil, &FormatError{Msg: "this is no Keras model", Err: ErrNotKeras}
		}
	}
	return nil, err
}

const hdf5Signature = "\x89HDF\r\n\x1a\n"

func load(c container, o options) (*nn.Model, error) {
	data, err := c.config()
	if err != nil {
		return nil, err
	}
	entry := configName
	if _, legacy := c.(*legacyFile); legacy {
		entry = "model_config"
	}
	config, err := parseJSON(entry, data)
	if err != nil {
		return nil, err
	}
	from, err := readOrigin(c)
	if err != nil {
		return nil, err
	}
	version := dialect.OriginOf(config, release.Parse(from.KerasVersion))
	if o.noWeights {
		model, err := decode(config, release.Parse(from.KerasVersion), o)
		if err != nil {
			return nil, err
		}
		model.Origin = from
		if err := loadAssets(model, c); err != nil {
			return nil, err
		}
		return model, model.Build()
	}
	w, err := c.weights()
	if err != nil {
		return nil, err
	}
	defer w.Close()
	for _, n := range dialect.Upgrade(config, version, registered{}) {
		o.note(n)
	}
	model, err := loadModel(config, c, w, version, o)
	if err != nil {
		return nil, err
	}
	model.Origin = from
	return model, nil
}

// loadModel makes a model of its config and gives it the weights in a file.
func loadModel(config *pyjson.Object, c container, w *h5lite.File, version dialect.Origin, o options) (*nn.Model, error) {
	if version.Legacy {
		model, err := decodeUpgraded(config, version, o)
		if err != nil {
			return nil, err
		}
		if err := model.Build(); err != nil {
			return nil, err
		}
		if err := loadLegacyWeights(model, w, version, o); err != nil {
			return nil, err
		}
		return model, settle(model, version, o)
	}
	file, err := indexWeights(w)
	if err != nil {
		return nil, err
	}
	for attempt := 0; ; attempt++ {
		model, err := decodeUpgraded(config, version, o)
		if err != nil {
			return nil, err
		}
		if err := loadAssets(model, c); err != nil {
			return nil, err
		}
		if err := announce(model, file); err != nil {
			return nil, err
		}
		if err := model.Build(); err != nil {
			return nil, err
		}
		l := newWeightsLoader(model, file, version, o.note)
		if attempt == 0 && l.share() {
			o.note("layers that several models or wrappers share get their shared_object_id, without which Keras cannot load the file")
			continue
		}
		if err := l.load(); err != nil {
			return nil, err
		}
		l.optimizers()
		if !o.compile {
			model.DropCompileState()
		}
		return model, settle(model, version, o)
	}
}

// settle finishes a model of an older release.
func settle(model *nn.Model, version dialect.Origin, o options) error {
	if version.Keras2() {
		layer.RewriteCalls(model)
	}
	upgradeOptimizer(model, version, o.note)
	return nil
}

// readOrigin reads what a container says about its writer. The zip's metadata are never needed to load a model: what is
// wrong with them is ignored, as Keras ignores it.
func readOrigin(c container) (nn.Origin, error) {
	o := nn.Origin{Format: "keras"}
	switch c.(type) {
	case *legacyFile:
		o.Format = "h5"
	case *directory:
		o.Format = "directory"
	}
	data, err := c.metadata()
	if err != nil || data == nil {
		return o, nil
	}
	if meta, err := parseJSON(metadataName, data); err == nil {
		o.KerasVersion, o.Backend = meta.String("keras_version"), meta.String("backend")
	}
	return o, nil
}

// decode turns a config, as a release of Keras wrote it, into a model.
func decode(config *pyjson.Object, version release.Release, o options) (*nn.Model, error) {
	from := dialect.OriginOf(config, version)
	for _, n := range dialect.Upgrade(config, from, registered{}) {
		o.note(n)
	}
	return decodeUpgraded(config, from, o)
}

// decodeUpgraded is decode for a config in today's form. It reports everything that is wrong or not supported.
func decodeUpgraded(config *pyjson.Object, version dialect.Origin, o options) (*nn.Model, error) {
	d := &layer.Decoder{Custom: o.custom, MaxObjects: o.limits.Objects, LiteralMasks: version.Release.Known() && !version.Before(3, 16),
		UnreducedCalls: version.Keras2() || version.Before(3, 2)}
	l := d.Layer(config, "")
	if err := d.Err(); err != nil {
		return nil, err
	}
	model, ok := l.(*nn.Model)
	if !ok {
		return nil, &FormatError{Entry: configName, Msg: fmt.Sprintf("holds a %s, not a Sequential or Functional model", config.String("class_name"))}
	}
	if compile := config.Object("compile_config"); o.compile && compile.Len() > 0 {
		model.SetCompileConfig(compile)
	}
	return model, nil
}

// FromJSON makes a model, with new weights, of its architecture as Model.to_json gives it: that of any release of Keras
// (keras.models.model_from_json).
func FromJSON(data []byte, opts ...Option) (*nn.Model, error) {
	o := settings(opts)
	config, err := parseJSON("the architecture", data)
	if err != nil {
		return nil, err
	}
	version := config.String("keras_version")
	config.Delete("keras_version")
	config.Delete("backend")
	model, err := decode(config, release.Parse(version), o)
	if err != nil {
		return nil, err
	}
	model.Origin.KerasVersion = version
	return model, model.Build()
}
