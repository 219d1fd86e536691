package container

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Place brings files to their places, each whole or not at all: it is written under another name in the same directory,
// brought to the disk, and renamed.
type Place struct {
	Overwrite bool        // whether what is there may be replaced; if not, the error is fs.ErrExist
	Progress  func(int64) // called whenever bytes were written, with their number so far; nil for none
	written   int64
}

// ReplaceFile writes a file.
func (p *Place) ReplaceFile(path string, write func(io.Writer) error) error {
	if err := p.free(path); err != nil {
		return err
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
	if err := write(p.counted(f)); err != nil {
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
	if err := moveInto(f.Name(), path, p.Overwrite); err != nil {
		return err
	}
	done = true
	syncDirectory(filepath.Dir(path))
	return nil
}

// ReplaceFiles writes each part as a file of a directory that exists, in their order.
func (p *Place) ReplaceFiles(dir string, parts []Part) error {
	for _, part := range parts {
		err := p.ReplaceFile(filepath.Join(dir, filepath.FromSlash(part.Name)), func(w io.Writer) error {
			_, err := part.Body.WriteTo(w)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// ReplaceDirectory writes the parts into a directory of their own, which is made under another name and renamed when it is
// whole.
func (p *Place) ReplaceDirectory(path string, parts []Part) error {
	path = filepath.Clean(path)
	if err := p.free(path); err != nil {
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
	for _, part := range parts {
		if err := p.writeFile(filepath.Join(dir, filepath.FromSlash(part.Name)), part.Body); err != nil {
			return err
		}
	}
	if _, err := os.Lstat(path); err == nil && p.Overwrite {
		return swapDirectory(dir, path)
	}
	if err := os.Rename(dir, path); err != nil {
		return err
	}
	syncDirectory(filepath.Dir(path))
	return nil
}

// free reports whether a name may be taken.
func (p *Place) free(path string) error {
	if p.Overwrite {
		return nil
	}
	if _, err := os.Lstat(path); err == nil {
		return &fs.PathError{Op: "save", Path: path, Err: fs.ErrExist}
	}
	return nil
}

// writeFile makes a file, with the directories it needs, and brings it to the disk.
func (p *Place) writeFile(name string, body io.WriterTo) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	if _, err := body.WriteTo(p.counted(f)); err != nil {
		f.Close()
		return err
	}
	if err := f.Sync(); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

// counted reports what is written.
func (p *Place) counted(w io.Writer) io.Writer {
	if p.Progress == nil {
		return w
	}
	return counter{p, w}
}

type counter struct {
	place *Place
	w     io.Writer
}

func (c counter) Write(b []byte) (n int, err error) {
	for err == nil && n < len(b) {
		var m int
		m, err = c.w.Write(b[n:min(len(b), n+4<<20)]) // a kernel comes in one piece, however large
		n += m
		c.place.written += int64(m)
		c.place.Progress(c.place.written)
	}
	return n, err
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
