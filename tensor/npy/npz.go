package npy

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"sort"
	"strings"

	"github.com/hornml/horn/tensor"
)

// Archive is an open .npz file: a zip of .npy arrays.
type Archive struct {
	files map[string]*zip.File
	names []string
	size  int64
}

// NewArchive reads the directory of an .npz file.
func NewArchive(r io.ReaderAt, size int64) (*Archive, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, fmt.Errorf("npz: %w", err)
	}
	a := &Archive{files: map[string]*zip.File{}, size: size}
	for _, f := range z.File {
		name, ok := strings.CutSuffix(f.Name, ".npy")
		if !ok {
			continue
		}
		if a.files[name] == nil {
			a.names = append(a.names, name)
		}
		a.files[name] = f
	}
	return a, nil
}

// Names returns the names of the arrays in the order of the file.
func (a *Archive) Names() []string { return a.names }

// Has reports whether there is an array of the given name.
func (a *Archive) Has(name string) bool { return a.files[name] != nil }

// maxArray bounds the unpacked size of one array in bytes.
var maxArray = min(int64(4<<30), math.MaxInt/4)

// Read returns the array of the given name.
func (a *Archive) Read(name string) (tensor.Any, error) {
	f := a.files[name]
	if f == nil {
		return nil, fmt.Errorf("npz: there is no array %q; there are %s", name, strings.Join(a.names, ", "))
	}
	r, err := f.Open()
	if err != nil {
		return nil, fmt.Errorf("npz: %s: %w", name, err)
	}
	defer r.Close()
	data, err := io.ReadAll(io.LimitReader(r, maxArray))
	if err != nil {
		return nil, fmt.Errorf("npz: %s: %w", name, err)
	}
	t, err := Decode(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return t, nil
}

// Numbered returns the arrays prefix0, prefix1, ... of the archive.
func (a *Archive) Numbered(prefix string) ([]tensor.Any, error) {
	var out []tensor.Any
	for i := 0; a.Has(fmt.Sprint(prefix, i)); i++ {
		t, err := a.Read(fmt.Sprint(prefix, i))
		if err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	return out, nil
}

// read reads a file that has an end.
func read(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() && !info.IsDir() {
		err = &fs.PathError{Op: "open", Path: path, Err: errors.New("is not a regular file")}
	}
	if err != nil {
		return nil, err
	}
	return os.ReadFile(path)
}

// ReadFile returns the array of a .npy file.
func ReadFile(path string) (tensor.Any, error) {
	data, err := read(path)
	if err != nil {
		return nil, err
	}
	return Decode(data)
}

// OpenArchive reads an .npz file whole.
func OpenArchive(path string) (*Archive, error) {
	data, err := read(path)
	if err != nil {
		return nil, err
	}
	return NewArchive(bytes.NewReader(data), int64(len(data)))
}

// EncodeArchive writes an .npz file, deflated, with the arrays in the order of their names.
func EncodeArchive(w io.Writer, arrays map[string]tensor.Any) error {
	names := make([]string, 0, len(arrays))
	for n := range arrays {
		names = append(names, n)
	}
	sort.Strings(names)
	z := zip.NewWriter(w)
	for _, n := range names {
		f, err := z.Create(n + ".npy")
		if err != nil {
			return err
		}
		if err := Encode(f, arrays[n]); err != nil {
			return err
		}
	}
	return z.Close()
}
