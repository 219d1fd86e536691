package kerasfile

import (
	"context"

	"github.com/hornml/horn/kerasfile/core"
	"github.com/hornml/horn/nn/layer"
)

// Option changes how a model or its weights are loaded; each mirrors an argument of keras.saving.load_model or of
// Model.load_weights.
type Option = core.Option

// Limits bound what a file may ask for. A zero field stands for its default.
type Limits = core.Limits

// WithCustomObjects gives Go forms of classes and functions that Keras does not have (custom_objects), under the names that
// [layer.CustomObjects] says; objects that are none of the types that stand there are an error.
func WithCustomObjects(c layer.CustomObjects) Option { return core.WithCustomObjects(c) }

// WithCompile says whether the compile state (optimizer, loss, metrics) is read, true by default (compile). Without it
// unknown optimizers, losses and metrics do not matter.
func WithCompile(compile bool) Option { return core.WithCompile(compile) }

// WithoutWeights reads the structure alone: what a model is made of can be looked at without reading its weights.
func WithoutWeights() Option { return core.WithoutWeights() }

// WithLimits changes the limits against files that ask for too much.
func WithLimits(l Limits) Option { return core.WithLimits(l) }

// WithCacheLimit sets how many bytes the model may keep for later calls, in compiled plans and packed weights; see
// [nn.Model.SetCacheLimit], with which it can be changed later. 0, the default, means 1 GiB (256 MiB on 32-bit machines).
func WithCacheLimit(bytes int64) Option { return core.WithCacheLimit(bytes) }

// WithMemoryLimit sets how many bytes the model may ask for to compute one batch, and what is worked out of sizes in the file while
// it is loaded; see [nn.Model.SetMemoryLimit], with which it can be changed later. 0, the default, means 8 GiB (1 GiB on 32-bit
// machines).
func WithMemoryLimit(bytes int64) Option { return core.WithMemoryLimit(bytes) }

// WithContext lets ctx end the loading, with ctx's cause.
func WithContext(ctx context.Context) Option { return core.WithContext(ctx) }

// WithNotes hands over, in sentences, what was repaired, translated or left out while loading: arguments of older
// releases, optimizer state that does not fit. Nothing of that changes a model's answers.
func WithNotes(note func(string)) Option { return core.WithNotes(note) }

// WithSkipMismatch lets LoadWeights leave out layers whose variables differ from the file's in number or shape, with a
// note for each (skip_mismatch). It is false by default.
func WithSkipMismatch(skip bool) Option { return core.WithSkipMismatch(skip) }

// WithByName lets LoadWeights find the weights in a legacy .h5 file by the names of the layers, not by their order
// (by_name); layers without a counterpart keep theirs.
func WithByName(byName bool) Option { return core.WithByName(byName) }
