package core

import (
	"context"
	"fmt"

	"github.com/hornml/horn/kerasfile/internal/container"
	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/layer"
)

// Option changes how a model or its weights are loaded; each mirrors an argument of keras.saving.load_model or of
// Model.load_weights.
type Option func(*options)

type options struct {
	registry     *layer.Registry
	with         func(*layer.Registry) (*layer.Registry, error) // adds custom objects
	customError  error                                          // what is wrong with them
	compile      bool
	noWeights    bool
	byName       bool
	skipMismatch bool
	limits       Limits
	cacheLimit   int64
	memoryLimit  int64
	ctx          context.Context
	note         func(string)
}

// Limits bound what a file may ask for. A zero field stands for its default.
type Limits struct {
	ConfigBytes int64 // of config.json and metadata.json, unpacked; default 64 MiB
	Values      int   // JSON values in each of them; default 4,000,000, an eighth of them objects and lists
	EntryBytes  int64 // of a compressed weights entry, unpacked; default 4 GiB (256 MiB on 32-bit machines)
	AssetBytes  int64 // of one asset, unpacked; default 256 MiB
	Entries     int   // in the zip; default 100,000
	Expansion   int64 // unpacked to stored bytes of a compressed entry, above 1 MiB; default 1000
	Objects     int   // layers, ops and models in the config; default 1,000,000
}

func settings(r *layer.Registry, opts []Option) options {
	o := options{compile: true, note: func(string) {}, ctx: context.Background()}
	for _, opt := range opts {
		if opt != nil {
			opt(&o)
		}
	}
	o.limits.setDefaults()
	if _, ok := r.FindClass("keras", "Sequential"); !ok {
		r = r.Extended(nn.Models)
	}
	o.registry = r
	if o.with != nil {
		o.registry, o.customError = o.with(r)
	}
	return o
}

// container is what opening a file has to know of the options.
func (o options) container() container.Options {
	l := o.limits
	return container.Options{
		ConfigBytes: l.ConfigBytes, Values: l.Values,
		EntryBytes: l.EntryBytes, AssetBytes: l.AssetBytes, Entries: l.Entries, Expansion: l.Expansion,
	}
}

// ended returns the cause of the end that the caller has set, if it has come.
func (o options) ended() error {
	if o.ctx.Err() == nil {
		return nil
	}
	return context.Cause(o.ctx)
}

// skip turns what does not fit into notes, if that is wanted.
func (o options) skip(errs Errors) Errors {
	if !o.skipMismatch {
		return errs
	}
	for _, e := range errs {
		o.note(fmt.Sprintf("skipped: %v", e))
	}
	return nil
}

func (l *Limits) setDefaults() {
	def := func(p *int64, v int64) {
		if *p == 0 {
			*p = v
		}
	}
	def(&l.ConfigBytes, 64<<20)
	entry := int64(4 << 30)
	if ^uint(0)>>32 == 0 {
		entry = 256 << 20
	}
	def(&l.EntryBytes, entry)
	def(&l.AssetBytes, 256<<20)
	def(&l.Expansion, 1000)
	if l.Entries == 0 {
		l.Entries = 100_000
	}
	if l.Values == 0 {
		l.Values = container.DefaultValues
	}
	if l.Objects == 0 {
		l.Objects = 1_000_000
	}
}

// WithCustomObjects gives Go forms of classes and functions that Keras does not have (custom_objects), under the names that
// [layer.CustomObjects] says; objects that are none of the types that stand there are an error.
func WithCustomObjects(c layer.CustomObjects) Option {
	return func(o *options) {
		// A function, for what looks at custom objects is linked where there are any.
		o.with = func(r *layer.Registry) (*layer.Registry, error) { return r.With(c), c.Check() }
	}
}

// WithCompile says whether the compile state (optimizer, loss, metrics) is read, true by default (compile). Without it
// unknown optimizers, losses and metrics do not matter.
func WithCompile(compile bool) Option { return func(o *options) { o.compile = compile } }

// WithoutWeights reads the structure alone: what a model is made of can be looked at without reading its weights.
func WithoutWeights() Option { return func(o *options) { o.noWeights = true } }

// WithLimits changes the limits against files that ask for too much.
func WithLimits(l Limits) Option { return func(o *options) { o.limits = l } }

// WithCacheLimit sets how many bytes the model may keep for later calls, in compiled plans and packed weights; see
// [nn.Model.SetCacheLimit], with which it can be changed later. 0, the default, means 1 GiB (256 MiB on 32-bit machines).
func WithCacheLimit(bytes int64) Option { return func(o *options) { o.cacheLimit = bytes } }

// WithMemoryLimit sets how many bytes the model may ask for to compute one batch, and what is worked out of sizes in the file while
// it is loaded; see [nn.Model.SetMemoryLimit], with which it can be changed later. 0, the default, means 8 GiB (1 GiB on 32-bit
// machines).
func WithMemoryLimit(bytes int64) Option { return func(o *options) { o.memoryLimit = bytes } }

// WithContext lets ctx end the loading, with ctx's cause.
func WithContext(ctx context.Context) Option { return func(o *options) { o.ctx = ctx } }

// WithNotes hands over, in sentences, what was repaired, translated or left out while loading: arguments of older
// releases, optimizer state that does not fit. Nothing of that changes a model's answers.
func WithNotes(note func(string)) Option {
	return func(o *options) {
		if note != nil {
			o.note = note
		}
	}
}

// WithSkipMismatch lets LoadWeights leave out layers whose variables differ from the file's in number or shape, with a
// note for each (skip_mismatch). It is false by default.
func WithSkipMismatch(skip bool) Option { return func(o *options) { o.skipMismatch = skip } }

// WithByName lets LoadWeights find the weights in a legacy .h5 file by the names of the layers, not by their order
// (by_name); layers without a counterpart keep theirs.
func WithByName(byName bool) Option { return func(o *options) { o.byName = byName } }
