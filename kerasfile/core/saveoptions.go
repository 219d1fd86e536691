package core

import (
	"context"
	"time"

	"github.com/hornml/horn/internal/place"
)

// SaveOption changes how a model is saved.
type SaveOption func(*saveOptions)

type saveOptions struct {
	overwrite bool
	optimizer bool
	date      time.Time
	target    string // a version of Keras
	shard     int64
	note      func(string)
	progress  func(int64)     // nil for none
	context   context.Context // nil for none
}

func saveSettings(opts []SaveOption) *saveOptions {
	o := &saveOptions{overwrite: true, optimizer: true, date: time.Now(), shard: 10 << 30, note: func(string) {}}
	for _, opt := range opts {
		if opt != nil {
			opt(o)
		}
	}
	return o
}

// WithOverwrite says whether an existing file may be replaced, true by default (overwrite). If it may not and there is
// one, the error is fs.ErrExist.
func WithOverwrite(overwrite bool) SaveOption {
	return func(o *saveOptions) { o.overwrite = overwrite }
}

// WithDate sets the date in metadata.json, by default the present time; with a fixed one equal models give equal bytes.
func WithDate(date time.Time) SaveOption { return func(o *saveOptions) { o.date = date } }

// WithoutOptimizer leaves out the variables of the optimizer (include_optimizer=False); the compile state stays.
func WithoutOptimizer() SaveOption { return func(o *saveOptions) { o.optimizer = false } }

// WithKeras writes the file for a certain release of Keras, such as "3.3": without the keys that it does not know yet. If
// the value of such a key matters, the error says which one, and nothing is written.
func WithKeras(version string) SaveOption { return func(o *saveOptions) { o.target = version } }

// WithMaxShardSize bounds the files that SaveWeights makes for a .weights.json, in bytes (max_shard_size); 10 GiB by
// default.
func WithMaxShardSize(bytes int64) SaveOption { return func(o *saveOptions) { o.shard = bytes } }

// WithProgress has Save and SaveWeights call a function whenever bytes were written, with their number so far. It is about
// that of the variables in the end.
func WithProgress(progress func(written int64)) SaveOption {
	return func(o *saveOptions) { o.progress = progress }
}

// WithSaveContext lets Save and SaveWeights end when a context is done, with its cause for their error: nothing is left of
// what was written so far.
func WithSaveContext(ctx context.Context) SaveOption { return func(o *saveOptions) { o.context = ctx } }

// WithSaveNotes hands over, in sentences, what was changed to make the file readable.
func WithSaveNotes(note func(string)) SaveOption {
	return func(o *saveOptions) {
		if note != nil {
			o.note = note
		}
	}
}

// place is where files go.
func (o *saveOptions) place() *place.Place {
	return &place.Place{Overwrite: o.overwrite, Progress: o.progress, Context: o.context}
}
