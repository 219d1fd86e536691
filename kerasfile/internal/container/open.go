package container

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"golang.org/x/exp/mmap"

	"github.com/hornml/horn/h5lite"
	"github.com/hornml/horn/internal/zip"
	"github.com/hornml/horn/tensor/npy"
)

const hdf5Signature = "\x89HDF\r\n\x1a\n"

// Open opens a file or a directory. What it is decides, not its name.
func Open(name string, o Options) (Container, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if err := readable(info); err != nil {
		return nil, err
	}
	if info.IsDir() {
		root, err := os.OpenRoot(name) // links in the directory lead nowhere outside of it
		if err != nil {
			return nil, err
		}
		return owning(root)(OpenFS(root.FS(), ".", o))
	}
	f, err := mmap.Open(name)
	if err != nil {
		return nil, err
	}
	return owning(f)(Read(mapped{f}, int64(f.Len()), o))
}

// OpenFS is Open in a file system.
func OpenFS(fsys fs.FS, name string, o Options) (Container, error) {
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return openDirectory(fsys, name, o)
	}
	f, err := openRegular(fsys, name)
	if err != nil {
		return nil, err
	}
	r, size, err := readerAt(f, name, o)
	if err != nil {
		f.Close()
		return nil, err
	}
	return owning(f)(Read(r, size, o))
}

// Read is Open of the bytes of a file, of which it reads what it needs.
func Read(r io.ReaderAt, size int64, o Options) (Container, error) {
	if size == 0 {
		return nil, &FormatError{Msg: "the file is empty", Err: ErrNotKeras}
	}
	signature := signatureOf(r)
	if signature == hdf5Signature {
		return openHDF5Container(r, size, o)
	}
	z, err := openZip(r, size, o)
	if err == nil {
		return z, nil
	}
	if errors.Is(err, zip.ErrFormat) {
		if h5lite.IsHDF5(r, size) {
			return openHDF5Container(r, size, o)
		}
		if !strings.HasPrefix(signature, "PK") {
			return nil, &FormatError{Msg: "this is no Keras model", Err: ErrNotKeras}
		}
	}
	return nil, err
}

// OpenWeights opens what may hold weights: all that Open opens, maps of shards, and archives.
func OpenWeights(name string, o Options) (Container, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if err := readable(info); err != nil {
		return nil, err
	}
	dir, base := filepath.Split(filepath.Clean(name))
	if info.IsDir() {
		dir, base = name, "."
	} else if dir == "" {
		dir = "."
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	return owning(root)(OpenWeightsFS(root.FS(), base, o))
}

// OpenWeightsFS is OpenWeights in a file system.
func OpenWeightsFS(fsys fs.FS, name string, o Options) (Container, error) {
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return openDirectory(fsys, name, o)
	}
	r, size, closer, err := openFile(fsys, name, o)
	if err != nil {
		return nil, err
	}
	signature := signatureOf(r)
	if strings.HasPrefix(signature, "{") || signature != "" && strings.HasSuffix(name, ".weights.json") {
		return owning(closer)(openShards(fsys, name, r, size, o))
	}
	if signature != hdf5Signature {
		if a, err := npy.NewArchive(r, size); err == nil && len(a.Names()) > 0 {
			a.SetLimits(npy.Limits{Bytes: o.EntryBytes, Expansion: -1}) // slots of optimizers are full of zeros; shapes are known
			return owning(closer)(archive{weightsAlone{Archive}, a}, nil)
		}
	}
	return owning(closer)(Read(r, size, o))
}

// signatureOf returns the first bytes of a file, as many as HDF5's signature has.
func signatureOf(r io.ReaderAt) string {
	first := make([]byte, len(hdf5Signature))
	n, _ := r.ReadAt(first, 0) // what is not there is missing in the answer
	return string(first[:n])
}

// openFile opens a file for reading at any place.
func openFile(fsys fs.FS, name string, o Options) (r io.ReaderAt, size int64, closer io.Closer, err error) {
	f, err := openRegular(fsys, path.Clean(name))
	if err != nil {
		return nil, 0, nil, err
	}
	if r, size, err = readerAt(f, name, o); err != nil {
		f.Close()
		return nil, 0, nil, err
	}
	return r, size, f, nil
}

// openRegular opens a file that can be read to its end: opening a pipe waits for somebody who writes into it, and a device
// may give bytes for ever.
func openRegular(fsys fs.FS, name string) (fs.File, error) {
	info, err := fs.Stat(fsys, name)
	if err == nil {
		err = readable(info)
	}
	if err != nil {
		return nil, err
	}
	return fsys.Open(name)
}

// readable refuses what is neither a file nor a directory.
func readable(info fs.FileInfo) error {
	if info.IsDir() || info.Mode().IsRegular() {
		return nil
	}
	return &FormatError{Msg: "it is neither a regular file nor a directory"}
}

// readerAt lets a file be read at any place; one that cannot do that is read into memory.
func readerAt(f fs.File, name string, o Options) (io.ReaderAt, int64, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, 0, err
	}
	if r, ok := f.(io.ReaderAt); ok {
		return r, info.Size(), nil
	}
	data, err := io.ReadAll(io.LimitReader(f, o.EntryBytes+1))
	if err == nil && int64(len(data)) > o.EntryBytes {
		err = &LimitError{Entry: name, What: "the size in bytes", Value: int64(len(data)), Limit: o.EntryBytes}
	}
	return bytes.NewReader(data), int64(len(data)), err
}

// owning returns a function that lets a container close, in the end, what it is read from; an error closes it at once.
func owning(file io.Closer) func(Container, error) (Container, error) {
	return func(c Container, err error) (Container, error) {
		if err != nil {
			file.Close()
			return nil, err
		}
		return &owner{c, file}, nil
	}
}

type owner struct {
	Container
	file io.Closer
}

func (o *owner) Close() error { return errors.Join(o.Container.Close(), o.file.Close()) }
