package kerasfile

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"path"

	"github.com/hornml/horn/h5lite"
)

// directory is a model in Keras's unzipped form (save with zipped=False).
type directory struct {
	fsys   fs.FS
	root   string
	limits Limits
	open   []io.Closer
}

func openDirectory(fsys fs.FS, root string, limits Limits) (*directory, error) {
	if _, err := fs.Stat(fsys, path.Join(root, configName)); errors.Is(err, fs.ErrNotExist) {
		return nil, &FormatError{Entry: configName, Msg: "is not in the directory: this is no Keras model"}
	} else if err != nil {
		return nil, &FormatError{Entry: configName, Msg: "cannot be read", Err: err}
	}
	return &directory{fsys: fsys, root: root, limits: limits}, nil
}

func (d *directory) read(name string, limit int64) ([]byte, error) {
	f, err := d.fsys.Open(path.Join(d.root, name))
	if err != nil {
		return nil, err
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

func (d *directory) config() ([]byte, error) { return d.read(configName, d.limits.ConfigBytes) }

func (d *directory) metadata() ([]byte, error) {
	if _, err := fs.Stat(d.fsys, path.Join(d.root, metadataName)); err != nil {
		return nil, nil
	}
	return d.read(metadataName, d.limits.ConfigBytes)
}

func (d *directory) weights() (*h5lite.File, error) {
	f, err := d.fsys.Open(path.Join(d.root, weightsName))
	if err != nil {
		return nil, &FormatError{Entry: weightsName, Msg: "is not in the directory", Err: err}
	}
	d.open = append(d.open, f)
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if r, ok := f.(io.ReaderAt); ok {
		return openHDF5(weightsName, r, info.Size())
	}
	data, err := d.read(weightsName, d.limits.EntryBytes)
	if err != nil {
		return nil, err
	}
	return openHDF5(weightsName, bytes.NewReader(data), int64(len(data)))
}

func (d *directory) asset(name string) ([]byte, error) {
	name = path.Join(d.root, "assets", name)
	if !fs.ValidPath(name) {
		return nil, fs.ErrNotExist
	}
	if _, err := fs.Stat(d.fsys, name); err != nil {
		return nil, fs.ErrNotExist
	}
	f := &directory{fsys: d.fsys, root: ".", limits: d.limits}
	return f.read(name, d.limits.AssetBytes)
}

func (d *directory) Close() error {
	var first error
	for _, f := range d.open {
		if err := f.Close(); err != nil && first == nil {
			first = err
		}
	}
	return first
}
