// Package place brings files to their places, each whole or not at all: it is written under another name in the same
// directory, brought to the disk, and renamed. Whatever ends the writing, an error or a cancelled context, nothing is left
// under the other name, and that name stands in no message.
//
// A new file has the permissions that the process gives to new files (its umask); a file that is replaced keeps its own.
// A symbolic link stays, and what it leads to is replaced. Pipes, devices and sockets are refused.
package place

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// Place says how files come to their places.
type Place struct {
	Overwrite bool            // whether what is there may be replaced; if not, the error is fs.ErrExist
	Progress  func(int64)     // called whenever bytes were written, with their number so far; nil for none
	Context   context.Context // ends the writing when it is done; nil for none
	written   int64
}

// Part is one file of a directory. Its body can be written any number of times, with the same bytes each time.
type Part struct {
	Name string // with slashes
	Body io.WriterTo
}

// What a new file and a new directory may be at most; the system takes the umask off.
const (
	fileMode      fs.FileMode = 0o666
	directoryMode fs.FileMode = 0o777
)

// File writes a file.
func (p *Place) File(path string, write func(io.Writer) error) error {
	f, err := p.stage(path, write)
	if err != nil {
		return err
	}
	defer f.discard()
	return f.commit(p.Overwrite)
}

// Files writes parts as files of a directory that exists. They come to their places, in their order, when all are written.
func (p *Place) Files(dir string, parts []Part) error {
	var files []*staged
	defer func() {
		for _, f := range files {
			f.discard()
		}
	}()
	for _, part := range parts {
		f, err := p.stage(filepath.Join(dir, filepath.FromSlash(part.Name)), func(w io.Writer) error {
			_, err := part.Body.WriteTo(w)
			return err
		})
		if err != nil {
			return err
		}
		files = append(files, f)
	}
	for _, f := range files {
		if err := f.commit(p.Overwrite); err != nil {
			return err
		}
	}
	return nil
}

// staged is a file that is written whole, under another name.
type staged struct{ name, path string }

// stage writes a file that is to come to a path.
func (p *Place) stage(path string, write func(io.Writer) error) (s *staged, err error) {
	path, old, err := p.target(path)
	if err != nil {
		return nil, err
	}
	mode := fileMode
	switch {
	case old == nil:
	case old.IsDir():
		return nil, problem(path, errors.New("is a directory"))
	case !old.Mode().IsRegular():
		return nil, problem(path, errors.New("is not a regular file"))
	default:
		mode = old.Mode().Perm()
	}
	var f *os.File
	name, err := temporary(path, "tmp", func(name string) (err error) {
		f, err = os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
		return err
	})
	if err != nil {
		return nil, err
	}
	done := false
	defer func() {
		if !done {
			f.Close()
			os.Remove(name)
		}
	}()
	if err := write(&writer{p, f, path}); err != nil {
		return nil, err
	}
	if err := p.finish(f, old, path); err != nil {
		return nil, err
	}
	done = true
	return &staged{name, path}, nil
}

// commit gives the file its name.
func (s *staged) commit(overwrite bool) error {
	if err := moveInto(s.name, s.path, overwrite); err != nil {
		return err
	}
	s.name = ""
	syncDirectory(filepath.Dir(s.path))
	return nil
}

// discard takes the file away, unless it has its name.
func (s *staged) discard() {
	if s.name != "" {
		os.Remove(s.name)
	}
}

// Directory writes the parts into a directory of their own, which is made under another name and renamed when it is whole.
// A directory that is there is replaced only if it is empty or the caller knows what is in it: replaceable returns an error
// if it does not.
func (p *Place) Directory(path string, parts []Part, replaceable func(dir string) error) error {
	path, old, err := p.target(filepath.Clean(path))
	if err != nil {
		return err
	}
	if old != nil {
		if !old.IsDir() {
			return problem(path, errors.New("is no directory"))
		}
		list, err := os.ReadDir(path)
		if err == nil && len(list) > 0 {
			err = replaceable(path)
		}
		if err != nil {
			return err
		}
	}
	dir, err := temporary(path, "tmp", func(name string) error { return os.Mkdir(name, directoryMode) })
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) // what is renamed is not there any more
	for _, part := range parts {
		name := filepath.FromSlash(part.Name)
		if err := p.part(filepath.Join(dir, name), filepath.Join(path, name), part.Body); err != nil {
			return err
		}
	}
	if err := p.ended(); err != nil {
		return err
	}
	if old != nil {
		if err := keepMode(dir, old); err != nil {
			return problem(path, err)
		}
		return swap(dir, path)
	}
	if err := os.Rename(dir, path); err != nil {
		return problem(path, err)
	}
	syncDirectory(filepath.Dir(path))
	return nil
}

// part makes a file of a directory that is to stand at the given path in the end.
func (p *Place) part(name, path string, body io.WriterTo) error {
	if err := os.MkdirAll(filepath.Dir(name), directoryMode); err != nil {
		return problem(path, err)
	}
	mode := fileMode
	old, err := os.Lstat(path)
	if err != nil || !old.Mode().IsRegular() {
		old = nil
	} else {
		mode = old.Mode().Perm()
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return problem(path, err)
	}
	if _, err := body.WriteTo(&writer{p, f, path}); err != nil {
		f.Close()
		return err
	}
	if err := p.finish(f, old, path); err != nil {
		f.Close()
		return err
	}
	return nil
}

// target follows a link and looks at what is there, nil if nothing is.
func (p *Place) target(path string) (string, fs.FileInfo, error) {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return path, nil, nil
	}
	if err != nil {
		return "", nil, err
	}
	if !p.Overwrite {
		return "", nil, problem(path, fs.ErrExist)
	}
	if info.Mode()&fs.ModeSymlink != 0 {
		to, err := filepath.EvalSymlinks(path)
		if err != nil {
			return "", nil, problem(path, errors.New("is a link that leads to nothing"))
		}
		path = to
		if info, err = os.Stat(path); err != nil {
			return "", nil, err
		}
	}
	return path, info, nil
}

// finish brings a written file to the disk.
func (p *Place) finish(f *os.File, old fs.FileInfo, path string) error {
	if err := p.ended(); err != nil {
		return err
	}
	if old != nil {
		if err := keepMode(f.Name(), old); err != nil {
			return problem(path, err)
		}
	}
	if err := f.Sync(); err != nil {
		return problem(path, err)
	}
	if err := f.Close(); err != nil {
		return problem(path, err)
	}
	return nil
}

func keepMode(name string, old fs.FileInfo) error {
	if err := os.Chmod(name, old.Mode().Perm()); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	return nil
}

// ended returns the reason why the context is done, nil if it is not.
func (p *Place) ended() error {
	if p.Context != nil && p.Context.Err() != nil {
		return context.Cause(p.Context)
	}
	return nil
}

// writer reports what is written, and ends with the context.
type writer struct {
	place *Place
	f     *os.File
	path  string // where the file is to be
}

// piece is how much is written at once: a kernel comes in one piece, however large.
const piece = 4 << 20

func (w *writer) Write(b []byte) (n int, err error) {
	for n < len(b) {
		if err := w.place.ended(); err != nil {
			return n, err
		}
		m, err := w.f.Write(b[n:min(len(b), n+piece)])
		n += m
		w.place.written += int64(m)
		if err != nil {
			return n, problem(w.path, err)
		}
		if w.place.Progress != nil {
			w.place.Progress(w.place.written)
		}
	}
	return n, nil
}

// problem is an error about a path that the caller knows, whatever name the file has meanwhile.
func problem(path string, err error) error {
	var p *fs.PathError
	var l *os.LinkError
	switch {
	case errors.As(err, &p):
		err = fmt.Errorf("cannot be written: %w", p.Err)
	case errors.As(err, &l):
		err = fmt.Errorf("cannot be written: %w", l.Err)
	}
	return &fs.PathError{Op: "save", Path: path, Err: err}
}

// temporary makes a file or a directory with a name of its own beside a path.
func temporary(path, ending string, make func(name string) error) (string, error) {
	const tries = 1000
	for i := 0; ; i++ {
		name := filepath.Join(filepath.Dir(path), fmt.Sprintf(".horn-%d.%s", rand.Uint64(), ending))
		err := make(name)
		if err == nil {
			return name, nil
		}
		if !errors.Is(err, fs.ErrExist) || i == tries {
			return "", problem(path, err)
		}
	}
}

// swap puts a finished directory in the place of an older one, which comes back if that fails.
func swap(dir, path string) error {
	old, err := temporary(path, "old", func(name string) error { return os.Mkdir(name, 0o700) })
	if err != nil {
		return err
	}
	away := filepath.Join(old, "old")
	if err := os.Rename(path, away); err != nil {
		os.Remove(old)
		return problem(path, err)
	}
	if err := os.Rename(dir, path); err != nil {
		if back := os.Rename(away, path); back != nil {
			return problem(path, fmt.Errorf("%w; what was there is now %s", err, away))
		}
		os.Remove(old)
		return problem(path, err)
	}
	os.RemoveAll(old)
	syncDirectory(filepath.Dir(path))
	return nil
}

// moveInto gives a finished file its name. Without overwrite a hard link does it, which fails where another process has
// made the file meanwhile.
func moveInto(from, to string, overwrite bool) error {
	if !overwrite {
		err := os.Link(from, to)
		if err == nil {
			os.Remove(from) // the file has its name, with or without another one
			return nil
		}
		if !errors.Is(err, fs.ErrExist) { // No hard links here: the check at the start has to do.
			_, err = os.Lstat(to)
		}
		if err == nil || errors.Is(err, fs.ErrExist) {
			return problem(to, fs.ErrExist)
		}
	}
	if err := os.Rename(from, to); err != nil {
		return problem(to, err)
	}
	return nil
}

// syncDirectory brings a new name to the disk where the system can do that; the file is complete without it.
func syncDirectory(dir string) {
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync()
		d.Close()
	}
}
