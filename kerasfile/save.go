package kerasfile

import (
	"context"
	"io"
	"time"

	"github.com/hornml/horn/kerasfile/core"
	"github.com/hornml/horn/nn"
)

// SaveOption changes how a model is saved.
type SaveOption = core.SaveOption

// Save writes a model into a file, as Model.save does. The end of the name says how: .keras is Keras 3's zip, .h5 and
// .hdf5 the legacy whole-model file, a name that ends in a slash a directory in Keras's unzipped form.
//
// What a model was loaded from is kept: every key of its config, compile state, optimizer variables, vocabularies; fields
// of layers that were changed since are written as they are now. Not kept are the state of metrics and of seed generators,
// which no file of Keras has, and what no layer owns. An existing file is replaced unless WithOverwrite(false) is given.
// The file appears whole or not at all: it is written under another name in the same directory, brought to the disk, and
// renamed.
func Save(m *nn.Model, path string, opts ...SaveOption) error { return core.Save(m, path, opts...) }

// Write writes a model in the form of a .keras file. Memory does not grow with the weights. The bytes depend on the model
// and on the date alone (WithDate).
func Write(w io.Writer, m *nn.Model, opts ...SaveOption) error { return core.Write(w, m, opts...) }

// SaveWeights writes the variables of a model (Model.save_weights): into an HDF5 file if the name ends in .weights.h5,
// into shards with a map of them if it ends in .weights.json, into an .npz file of plain arrays named by their paths, or,
// with another name that ends in .h5, into an HDF5 file of the legacy form. Files appear whole or not at all.
func SaveWeights(m *nn.Model, path string, opts ...SaveOption) error {
	return core.SaveWeights(m, path, opts...)
}

// WithOverwrite says whether an existing file may be replaced, true by default (overwrite). If it may not and there is
// one, the error is fs.ErrExist.
func WithOverwrite(overwrite bool) SaveOption { return core.WithOverwrite(overwrite) }

// WithDate sets the date in metadata.json, by default the present time; with a fixed one equal models give equal bytes.
func WithDate(date time.Time) SaveOption { return core.WithDate(date) }

// WithoutOptimizer leaves out the variables of the optimizer (include_optimizer=False); the compile state stays.
func WithoutOptimizer() SaveOption { return core.WithoutOptimizer() }

// WithKeras writes the file for a certain release of Keras, such as "3.3": without the keys that it does not know yet. If
// the value of such a key matters, the error says which one, and nothing is written.
func WithKeras(version string) SaveOption { return core.WithKeras(version) }

// WithMaxShardSize bounds the files that SaveWeights makes for a .weights.json, in bytes (max_shard_size); 10 GiB by
// default.
func WithMaxShardSize(bytes int64) SaveOption { return core.WithMaxShardSize(bytes) }

// WithProgress has Save and SaveWeights call a function whenever bytes were written, with their number so far. It is about
// that of the variables in the end.
func WithProgress(progress func(written int64)) SaveOption { return core.WithProgress(progress) }

// WithSaveContext lets Save and SaveWeights end when a context is done, with its cause for their error: nothing is left of
// what was written so far.
func WithSaveContext(ctx context.Context) SaveOption { return core.WithSaveContext(ctx) }

// WithSaveNotes hands over, in sentences, what was changed to make the file readable.
func WithSaveNotes(note func(string)) SaveOption { return core.WithSaveNotes(note) }
