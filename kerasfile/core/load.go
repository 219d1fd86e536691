package core

import (
	"fmt"
	"io"
	"io/fs"

	"github.com/hornml/horn/internal/fault"
	"github.com/hornml/horn/internal/naming"
	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/kerasfile/internal/container"
	"github.com/hornml/horn/kerasfile/internal/dialect"
	"github.com/hornml/horn/kerasfile/internal/release"
	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/layer"
)

// Load loads a model from a .keras file, a directory in Keras's unzipped form, or a legacy whole-model .h5 file: what the
// file is decides, not its name (keras.saving.load_model). Its layers may be those of r.
func Load(path string, r *layer.Registry, opts ...Option) (model *nn.Model, err error) {
	defer fault.Catch(&err, "loading a model")
	o := settings(r, opts)
	c, err := container.Open(path, o.container())
	if err != nil {
		return nil, err
	}
	defer c.Close()
	return load(c, o)
}

// LoadFS is Load from a file system, for instance one that is embedded in the program.
func LoadFS(fsys fs.FS, name string, r *layer.Registry, opts ...Option) (model *nn.Model, err error) {
	defer fault.Catch(&err, "loading a model")
	o := settings(r, opts)
	c, err := container.OpenFS(fsys, name, o.container())
	if err != nil {
		return nil, err
	}
	defer c.Close()
	return load(c, o)
}

// Read is Load from the bytes of a file, of which it reads what it needs.
func Read(file io.ReaderAt, size int64, r *layer.Registry, opts ...Option) (model *nn.Model, err error) {
	defer fault.Catch(&err, "loading a model")
	o := settings(r, opts)
	c, err := container.Read(file, size, o.container())
	if err != nil {
		return nil, err
	}
	defer c.Close()
	return load(c, o)
}

// FromJSON makes a model, with new weights, of its architecture as Model.to_json gives it: that of any release of Keras
// (keras.models.model_from_json).
func FromJSON(data []byte, r *layer.Registry, opts ...Option) (model *nn.Model, err error) {
	defer fault.Catch(&err, "loading a model")
	o := settings(r, opts)
	root, err := pyjson.ParseWithin(data, o.limits.Values)
	config, ok := root.(*pyjson.Object)
	if err != nil {
		return nil, &FormatError{Entry: "the architecture", Msg: "cannot be read", Err: err}
	}
	if !ok {
		return nil, &FormatError{Entry: "the architecture", Msg: "an object is expected, not " + pyjson.Describe(root)}
	}
	d := &document{config: config, origin: nn.Origin{KerasVersion: config.String("keras_version")}}
	config.Delete("keras_version")
	config.Delete("backend")
	d.upgrade(o)
	model, err = d.decode(o)
	if err != nil {
		return nil, err
	}
	if err := d.build(model, o); err != nil {
		return nil, err
	}
	return model, nil
}

// load makes a model of a container: its config is brought into today's form and decoded, the model built, and its
// variables read.
func load(c container.Container, o options) (*nn.Model, error) {
	d, err := readDocument(c)
	if err != nil {
		return nil, err
	}
	if err := o.ended(); err != nil {
		return nil, err
	}
	d.upgrade(o)
	var s source = noSource{}
	if !o.noWeights {
		w, err := c.Weights()
		if err != nil {
			return nil, err
		}
		if s, err = openSource(c, w, d.from); err != nil {
			return nil, err
		}
	}
	d.identify(s.identities(d.config, o.registry), o.note)
	model, err := d.decode(o)
	if err != nil {
		return nil, err
	}
	if err := loadAssets(model, c); err != nil {
		return nil, err
	}
	if err := s.announce(model); err != nil {
		return nil, err
	}
	if err := d.build(model, o); err != nil {
		return nil, err
	}
	if err := s.assign(model, o); err != nil {
		return nil, err
	}
	return model, nil
}

// document is the config of a model, and who wrote it.
type document struct {
	config *pyjson.Object
	origin nn.Origin
	from   dialect.Origin
}

// readDocument reads the config of a container. What is wrong with what a container says about its writer is ignored, as
// Keras ignores it: that is never needed to load a model.
func readDocument(c container.Container) (*document, error) {
	config, err := c.Config()
	if err != nil {
		return nil, err
	}
	if training := config.Object("training_config"); training != nil && c.Kind() == container.WholeHDF5 {
		config.Delete("training_config")
		config.Set("compile_config", dialect.CompileConfig(training))
	}
	d := &document{config: config, origin: nn.Origin{Format: formats[c.Kind()]}}
	if meta, err := c.Metadata(); err == nil {
		d.origin.KerasVersion, d.origin.Backend = meta.String("keras_version"), meta.String("backend")
	}
	return d, nil
}

// formats are the names of containers in a model's Origin.
var formats = map[container.Kind]string{container.Zip: "keras", container.Directory: "directory", container.WholeHDF5: "h5"}

// upgrade brings the config into today's form.
func (d *document) upgrade(o options) {
	d.from = dialect.OriginOf(d.config, release.Parse(d.origin.KerasVersion))
	for _, n := range dialect.Upgrade(d.config, d.from, registered{o.registry}) {
		o.note(n)
	}
}

// identify gives records the ids that they lack, so that a layer that was saved once is one.
func (d *document) identify(ids []dialect.Identity, note func(string)) {
	for _, id := range ids {
		id.Record.Set("shared_object_id", id.ID)
	}
	if len(ids) > 0 {
		note("layers that several models or wrappers share get their shared_object_id, without which Keras cannot load the file")
	}
}

// decode makes a model of a config in today's form. It reports everything that is wrong or not supported.
func (d *document) decode(o options) (*nn.Model, error) {
	if o.customError != nil {
		return nil, o.customError
	}
	decoder := &layer.Decoder{Registry: o.registry, MaxObjects: o.limits.Objects,
		LiteralMasks:   d.from.Release.Known() && !d.from.Before(3, 16),
		UnreducedCalls: d.from.Keras2() || d.from.Before(3, 2)}
	l := decoder.Layer(d.config, "")
	if err := decoder.Err(); err != nil {
		return nil, err
	}
	model, ok := l.(*nn.Model)
	if !ok {
		msg := fmt.Sprintf("holds a %s, not a Sequential or Functional model", d.config.String("class_name"))
		return nil, &FormatError{Entry: container.ConfigName, Msg: msg}
	}
	if compile := d.config.Object("compile_config"); o.compile && compile.Len() > 0 {
		model.SetCompileConfig(compile, o.registry)
	}
	model.Origin = d.origin
	model.SetCacheLimit(o.cacheLimit)
	model.SetMemoryLimit(o.memoryLimit)
	return model, nil
}

// build works out the shapes of a model, which records of Keras 2 lack.
func (d *document) build(model *nn.Model, o options) error {
	if err := model.BuildContext(o.ctx); err != nil {
		return err
	}
	if d.from.Keras2() {
		layer.RewriteCalls(model)
	}
	return nil
}

// loadAssets gives layers with vocabularies theirs.
func loadAssets(m *nn.Model, c container.Container) error {
	var errs Errors
	for _, o := range walk(m) {
		a, ok := o.layer.(layer.AssetLoader)
		if !ok {
			continue
		}
		if err := a.LoadAssets(func(name string) ([]byte, error) { return c.Asset(naming.JoinPath(o.path, name)) }); err != nil {
			errs = append(errs, &FormatError{Entry: "assets/" + o.path, Msg: fmt.Sprintf("the layer %q", o.layer.Name()), Err: err})
		}
	}
	if len(errs) > 0 {
		return errs
	}
	return nil
}
