package kerasfile

import (
	"io"
	"io/fs"
	"sync"

	"github.com/hornml/horn/kerasfile/core"
	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/nn/layers"
	"github.com/hornml/horn/nn/losses"
	"github.com/hornml/horn/nn/metrics"
	"github.com/hornml/horn/nn/optimizers"
)

// all is the registry of everything, once it was asked for; programs that use package core alone do not link what is in it.
var all struct {
	once     sync.Once
	registry *layer.Registry
}

// Registry returns what may stand in a model here: all that Keras has.
func Registry() *layer.Registry {
	all.once.Do(func() {
		all.registry = layer.NewRegistry(nn.Models, layers.All, losses.All, metrics.All, optimizers.All)
	})
	return all.registry
}

// Load loads a model from a .keras file, a directory in Keras's unzipped form, or a legacy whole-model .h5 file: what the
// file is decides, not its name (keras.saving.load_model).
func Load(path string, opts ...Option) (*nn.Model, error) {
	return core.Load(path, Registry(), opts...)
}

// LoadFS is Load from a file system, for instance one that is embedded in the program.
func LoadFS(fsys fs.FS, name string, opts ...Option) (*nn.Model, error) {
	return core.LoadFS(fsys, name, Registry(), opts...)
}

// Read is Load from the bytes of a file, of which it reads what it needs.
func Read(r io.ReaderAt, size int64, opts ...Option) (*nn.Model, error) {
	return core.Read(r, size, Registry(), opts...)
}

// FromJSON makes a model, with new weights, of its architecture as Model.to_json gives it: that of any release of Keras
// (keras.models.model_from_json).
func FromJSON(data []byte, opts ...Option) (*nn.Model, error) {
	return core.FromJSON(data, Registry(), opts...)
}

// Inspect looks into a model file without reading its weights and without making a model of it where that is not
// possible. The error is for what is no model file at all; damage further inside is among the Problems.
func Inspect(path string, opts ...Option) (*Info, error) {
	return core.Inspect(path, Registry(), opts...)
}

// LoadWeights gives a model the weights in a file (Model.load_weights): a .weights.h5 file, the .weights.json of a sharded
// one, a .keras file or directory, a whole-model or weights-only .h5 file of the legacy form, or an .npz file that
// SaveWeights wrote. What the file is decides, not its name. The variables of the optimizer are read if the file has
// them and the model is compiled. After an error some variables may have new values.
func LoadWeights(m *nn.Model, name string, opts ...Option) error {
	return core.LoadWeights(m, name, opts...)
}

// LoadWeightsFS is LoadWeights from a file system.
func LoadWeightsFS(m *nn.Model, fsys fs.FS, name string, opts ...Option) error {
	return core.LoadWeightsFS(m, fsys, name, opts...)
}

// CompileNotes says, for a model that was loaded with or without its compile state, which optimizer, losses and metrics of
// it are not Keras's own and not known here: they do not matter to predictions.
func CompileNotes(m *nn.Model) []string { return core.CompileNotes(m) }
