package kerasfile

import (
	"io/fs"
	"os"
	"path/filepath"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn"
)

// saveDirectory writes a model in Keras's unzipped form (Model.save with zipped=False). The directory is made under another
// name and renamed when it is whole.
func (o *saveOptions) saveDirectory(m *nn.Model, path string) error {
	path = filepath.Clean(path)
	_, err := os.Lstat(path)
	exists := err == nil
	if exists && !o.overwrite {
		return &fs.PathError{Op: "save", Path: path, Err: fs.ErrExist}
	}
	root, target, err := o.document(m)
	if err != nil {
		return err
	}
	files, err := assets(m)
	if err != nil {
		return err
	}
	weights, err := o.weightsTree(m, target)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp(filepath.Dir(path), ".horn-*.tmp")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) // what is renamed is not there any more
	if err := os.Chmod(dir, 0o755); err != nil {
		return err
	}
	for name, data := range map[string][]byte{metadataName: o.metadata(target), configName: pyjson.Marshal(root)} {
		if err := writeFile(filepath.Join(dir, name), func(f *os.File) error {
			_, err := f.Write(data)
			return err
		}); err != nil {
			return err
		}
	}
	if err := writeFile(filepath.Join(dir, weightsName), func(f *os.File) error {
		_, err := weights.WriteTo(o.counted(f))
		return err
	}); err != nil {
		return err
	}
	for _, a := range files {
		name := filepath.Join(dir, "assets", filepath.FromSlash(a.path))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if err := writeFile(name, func(f *os.File) error {
			_, err := f.Write(a.data)
			return err
		}); err != nil {
			return err
		}
	}
	if exists {
		return swapDirectory(dir, path)
	}
	if err := os.Rename(dir, path); err != nil {
		return err
	}
	syncDirectory(filepath.Dir(path))
	return nil
}

// swapDirectory puts a finished directory in the place of an older one, which comes back if that fails.
func swapDirectory(dir, path string) error {
	old, err := os.MkdirTemp(filepath.Dir(path), ".horn-*.old")
	if err != nil {
		return err
	}
	defer os.RemoveAll(old)
	away := filepath.Join(old, "model")
	if err := os.Rename(path, away); err != nil {
		return err
	}
	if err := os.Rename(dir, path); err != nil {
		if back := os.Rename(away, path); back != nil {
			return back
		}
		return err
	}
	syncDirectory(filepath.Dir(path))
	return nil
}

// writeFile makes a file and brings it to the disk.
func writeFile(name string, write func(*os.File) error) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	if err := write(f); err != nil {
		f.Close()
		return err
	}
	if err := f.Sync(); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
