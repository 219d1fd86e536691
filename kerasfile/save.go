package kerasfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/kerasfile/internal/dialect"
	"github.com/hornml/horn/kerasfile/internal/release"
	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/layer"
)

// Save writes a model into a file, as Model.save does. The end of the name says how: .keras is Keras 3's zip, .h5 and
// .hdf5 the legacy whole-model file, a name that ends in a slash a directory in Keras's unzipped form.
//
// What a model was loaded from is kept: every key of its config, compile state, optimizer variables, vocabularies; fields
// of layers that were changed since are written as they are now. Not kept are the state of metrics and of seed generators,
// which no file of Keras has, and what no layer owns. An existing file is replaced unless WithOverwrite(false) is given. The file appears whole or not at all: it is written
// under another name in the same directory, brought to the disk, and renamed.
func Save(m *nn.Model, path string, opts ...SaveOption) error {
	o := saveSettings(opts)
	switch lower := strings.ToLower(path); {
	case strings.HasSuffix(path, "/") || strings.HasSuffix(path, string(filepath.Separator)):
		return o.saveDirectory(m, path)
	case strings.HasSuffix(lower, ".weights.h5"):
		return fmt.Errorf("%s: the name is that of a weights file: use SaveWeights", path)
	case strings.HasSuffix(lower, ".keras"):
		return o.replaceFile(path, func(w io.Writer) error { return o.writeZip(w, m) })
	case strings.HasSuffix(lower, ".h5"), strings.HasSuffix(lower, ".hdf5"):
		return o.replaceFile(path, func(w io.Writer) error { return o.writeLegacy(w, m) })
	}
	return fmt.Errorf("%s: the name of a model's file ends in .keras, or in .h5 for the legacy form", path)
}

// Write writes a model in the form of a .keras file. Memory does not grow with the weights. The bytes depend on the model
// and on the date alone (WithDate).
func Write(w io.Writer, m *nn.Model, opts ...SaveOption) error {
	return saveSettings(opts).writeZip(w, m)
}

// SaveOption changes how a model is saved.
type SaveOption func(*saveOptions)

type saveOptions struct {
	overwrite bool
	optimizer bool
	date      time.Time
	target    string // a version of Keras
	shard     int64
	note      func(string)
	progress  func(int64) // nil for none
	written   int64
}

func saveSettings(opts []SaveOption) *saveOptions {
	o := &saveOptions{overwrite: true, optimizer: true, date: time.Now(), shard: 10 << 30, note: func(string) {}}
	for _, opt := range opts {
		opt(o)
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

// counted reports what is written.
func (o *saveOptions) counted(w io.Writer) io.Writer {
	if o.progress == nil {
		return w
	}
	return writerFunc(func(p []byte) (n int, err error) {
		for err == nil && n < len(p) {
			var m int
			m, err = w.Write(p[n:min(len(p), n+4<<20)]) // a kernel comes in one piece, however large
			n += m
			o.written += int64(m)
			o.progress(o.written)
		}
		return n, err
	})
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// WithSaveNotes hands over, in sentences, what was changed to make the file readable.
func WithSaveNotes(note func(string)) SaveOption {
	return func(o *saveOptions) {
		if note != nil {
			o.note = note
		}
	}
}

// document is the model's config as it goes into the file, and the release of Keras that it is for.
func (o *saveOptions) document(m *nn.Model) (root *pyjson.Object, target release.Release, err error) {
	if err := savable(m); err != nil {
		return nil, target, err
	}
	root = layer.Record(m)
	from := release.Parse(m.Origin.KerasVersion)
	if target = from; target.Major() < 3 {
		target = release.Written()
	}
	root = withCompile(root, m)
	if renumbered, changed := dialect.RenumberShared(root); changed {
		root = renumbered
		o.note("the calls of layers that several models share are numbered as Keras finds them when it loads the file")
	}
	switch {
	case o.target != "":
		if target, err = release.ParseTarget(o.target); err != nil {
			return nil, target, err
		}
		if err := formerInt4(m, target); err != nil {
			return nil, target, err
		}
		root, err = o.express(root, from, dialect.Target{Release: target})
	case m.Record() == nil:
		root, err = o.express(root, target, dialect.Target{Release: release.Oldest(), Lenient: true})
	}
	return root, target, err
}

// express writes a config for a release; all that this cannot say of it is reported together.
func (o *saveOptions) express(root *pyjson.Object, from release.Release, to dialect.Target) (*pyjson.Object, error) {
	root, note, problems := dialect.Express(root, from, to, registered{})
	if len(problems) > 0 {
		var errs Errors
		for _, p := range problems {
			errs = append(errs, &ConfigError{Path: p.Path, Msg: p.Msg})
		}
		return nil, errs
	}
	if note != "" {
		o.note(note)
	}
	return root, nil
}

// formerInt4 refuses int4 kernels as Keras 3.11 to 3.13 pack them for later releases, which cannot load them.
func formerInt4(m *nn.Model, target release.Release) error {
	if target.Before(release.Of(3, 14)) {
		return nil
	}
	var errs Errors
	layer.Each(m, func(l layer.Layer) {
		if k, ok := l.(interface{ FormerInt4() bool }); ok && k.FormerInt4() {
			errs = append(errs, fmt.Errorf("the layer %q: Keras %s cannot express it: its int4 kernel is packed as 3.11 to 3.13 have it; quantize the model anew", l.Name(), target.Short()))
		}
	})
	if len(errs) > 0 {
		return errs
	}
	return nil
}

// withCompile puts the present compile state into a model's record.
func withCompile(root *pyjson.Object, m *nn.Model) *pyjson.Object {
	old, had := root.Lookup("compile_config")
	if m.CompileConfig() == nil && had && root.Object("compile_config").Len() == 0 {
		return root // null, or {}, which Keras 3.10 and later write for a model that is not compiled
	}
	if had && m.CompileConfig() != nil && old == any(m.CompileConfig()) || !had && m.CompileConfig() == nil {
		return root
	}
	out := new(pyjson.Object)
	for _, k := range root.Keys() {
		if k != "compile_config" {
			out.Set(k, root.Get(k))
		} else if m.CompileConfig() != nil {
			out.Set(k, m.CompileConfig())
		}
	}
	if m.CompileConfig() != nil {
		out.Set("compile_config", m.CompileConfig())
	}
	return out
}

// savable refuses what Keras could not load.
func savable(m *nn.Model) error {
	var errs Errors
	layer.Each(m, func(l layer.Layer) {
		if strings.Contains(l.Name(), "/") {
			errs = append(errs, fmt.Errorf("the layer %q cannot be saved: Keras refuses names with a slash", l.Name()))
		}
	})
	if len(errs) > 0 {
		return errs
	}
	return nil
}

// metadata is the document in metadata.json.
func (o *saveOptions) metadata(target release.Release) []byte {
	return pyjson.Marshal(pyjson.NewObject("keras_version", target.String(), "date_saved", o.date.Format("2006-01-02@15:04:05")))
}

// asset is a file below assets/.
type asset struct {
	path string
	data []byte
}

// assets collects the vocabularies of a model.
func assets(m *nn.Model) ([]asset, error) {
	var out []asset
	var errs Errors
	for _, obj := range walk(m) {
		a, ok := obj.layer.(layer.AssetSaver)
		if !ok {
			continue
		}
		err := a.SaveAssets(func(name string, data []byte) error {
			out = append(out, asset{join(obj.path, name), bytes.Clone(data)})
			return nil
		})
		if err != nil {
			errs = append(errs, fmt.Errorf("the layer %q: %w", obj.layer.Name(), err))
		}
	}
	if len(errs) > 0 {
		return nil, errs
	}
	return out, nil
}

// replaceFile writes a file under a temporary name beside path and gives it its name when all of it is on the disk.
func (o *saveOptions) replaceFile(path string, write func(io.Writer) error) error {
	if !o.overwrite {
		if _, err := os.Lstat(path); err == nil {
			return &fs.PathError{Op: "save", Path: path, Err: fs.ErrExist}
		}
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".horn-*.tmp")
	if err != nil {
		return err
	}
	done := false
	defer func() {
		if !done {
			f.Close()
			os.Remove(f.Name())
		}
	}()
	if err := write(o.counted(f)); err != nil {
		return err
	}
	mode := fs.FileMode(0o644)
	if info, err := os.Stat(path); err == nil {
		mode = info.Mode().Perm()
	}
	if err := f.Chmod(mode); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := moveInto(f.Name(), path, o.overwrite); err != nil {
		return err
	}
	done = true
	syncDirectory(filepath.Dir(path))
	return nil
}

// moveInto gives a finished file its name. Without overwrite a hard link does it, which fails where another process has
// made the file meanwhile.
func moveInto(from, to string, overwrite bool) error {
	if overwrite {
		return os.Rename(from, to)
	}
	err := os.Link(from, to)
	if err == nil {
		return os.Remove(from)
	}
	if errors.Is(err, fs.ErrExist) {
		return &fs.PathError{Op: "save", Path: to, Err: fs.ErrExist}
	}
	// No hard links here: the check at the start has to do.
	if _, err := os.Lstat(to); err == nil {
		return &fs.PathError{Op: "save", Path: to, Err: fs.ErrExist}
	}
	return os.Rename(from, to)
}

// syncDirectory brings a new name to the disk where the system can do that; the file is complete without it.
func syncDirectory(dir string) {
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync()
		d.Close()
	}
}
