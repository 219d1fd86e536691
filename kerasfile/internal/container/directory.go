package container

import (
	"errors"
	"io"
	"io/fs"
	"path"
	"strings"

	"github.com/hornml/horn/internal/pyjson"
)

// directory is a model in Keras's unzipped form (save with zipped=False).
type directory struct {
	fsys    fs.FS
	root    string
	options Options
	open    []io.Closer
}

func openDirectory(fsys fs.FS, root string, o Options) (*directory, error) {
	if _, err := fs.Stat(fsys, path.Join(root, ConfigName)); errors.Is(err, fs.ErrNotExist) {
		if isOrbax(fsys, root) {
			return nil, &FormatError{Msg: "this is no Keras model", Err: ErrOrbax}
		}
		return nil, &FormatError{Entry: ConfigName, Msg: "is not in the directory: this is no Keras model"}
	} else if err != nil {
		return nil, &FormatError{Entry: ConfigName, Msg: "cannot be read", Err: err}
	}
	return &directory{fsys: fsys, root: root, options: o}, nil
}

func (d *directory) read(name string, limit int64) ([]byte, error) {
	f, err := openRegular(d.fsys, path.Join(d.root, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err != nil {
		return nil, &FormatError{Entry: name, Msg: "cannot be read", Err: err}
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, &FormatError{Entry: name, Msg: "cannot be read", Err: err}
	}
	if int64(len(data)) > limit {
		return nil, &LimitError{Entry: name, What: "the size in bytes", Value: int64(len(data)), Limit: limit}
	}
	return data, nil
}

func (*directory) Kind() Kind { return Directory }

func (d *directory) Config() (*pyjson.Object, error) { return d.document(ConfigName) }

func (d *directory) Metadata() (*pyjson.Object, error) {
	if _, err := fs.Stat(d.fsys, path.Join(d.root, MetadataName)); err != nil {
		return nil, nil
	}
	return d.document(MetadataName)
}

func (d *directory) document(name string) (*pyjson.Object, error) {
	data, err := d.read(name, d.options.ConfigBytes)
	if err != nil {
		return nil, err
	}
	return d.options.parseJSON(name, data)
}

func (d *directory) Weights() (*Weights, error) {
	r, size, closer, err := openFile(d.fsys, path.Join(d.root, WeightsName), d.options)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, &FormatError{Entry: WeightsName, Msg: "is not in the directory", Err: err}
		}
		return nil, &FormatError{Entry: WeightsName, Msg: "cannot be read", Err: err}
	}
	d.open = append(d.open, closer)
	return openWeights(WeightsName, r, size)
}

func (d *directory) Asset(name string) ([]byte, error) {
	if !fs.ValidPath(name) { // nothing outside of assets/
		return nil, fs.ErrNotExist
	}
	name = path.Join(AssetsName, name)
	if info, err := fs.Stat(d.fsys, path.Join(d.root, name)); err != nil || info.IsDir() {
		return nil, fs.ErrNotExist
	}
	return d.read(name, d.options.AssetBytes)
}

func (d *directory) Entries() []Entry {
	out := []Entry{}
	_ = fs.WalkDir(d.fsys, d.root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || len(out) >= d.options.Entries {
			return nil // what cannot be listed is missing in the list, and fails where it is needed
		}
		if info, err := e.Info(); err == nil {
			name := strings.TrimPrefix(strings.TrimPrefix(path, d.root), "/")
			out = append(out, Entry{name, info.Size(), info.Size()})
		}
		return nil
	})
	return out
}

func (d *directory) Close() error {
	var errs []error
	for _, f := range d.open {
		errs = append(errs, f.Close())
	}
	return errors.Join(errs...)
}
