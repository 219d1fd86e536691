// Package npy reads and writes NumPy's .npy arrays and .npz archives of them.
//
// Arrays of bools, integers, floats, and fixed-length strings are read in either byte order and either memory order; arrays of Python
// objects, which are pickles and so programs, are refused. Sizes are checked against the data and against [Limits] before anything is
// allocated. Format: numpy.lib.format, versions 1 to 3.
package npy

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"

	"github.com/hornml/horn/tensor"
)

// Limits bound what a file may ask for. A zero field stands for its default.
type Limits struct {
	// Bytes is the most memory that one array may take; by default 4 GiB (256 MiB on 32-bit machines).
	Bytes int64
	// Expansion is how many times its stored bytes an array of an archive may have unpacked, above 64 MiB; 1000 by default,
	// less than 0 for any.
	Expansion int64
}

// smallArray is what a compressed array may always unpack to: zeros are packed a thousand times smaller.
const smallArray = 64 << 20

func (l Limits) withDefaults() Limits {
	if l.Bytes == 0 {
		l.Bytes = 4 << 30
		if math.MaxInt == math.MaxInt32 {
			l.Bytes = 256 << 20
		}
	}
	if l.Expansion == 0 {
		l.Expansion = 1000
	}
	return l
}

// LimitError says that an array takes more memory than [Limits] allow.
type LimitError struct {
	Need, Limit int64 // in bytes
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("the array takes %d bytes of memory, the limit is %d", e.Need, e.Limit)
}

// ExpansionError says that an array of an archive has more times its stored bytes than [Limits] allow.
type ExpansionError struct{ Times, Limit int64 }

func (e *ExpansionError) Error() string {
	return fmt.Sprintf("the array has %d times as many bytes as are stored, the limit is %d", e.Times, e.Limit)
}

// Decode reads one .npy array.
func Decode(data []byte) (tensor.Any, error) {
	return decode(bytes.NewReader(data), int64(len(data)), Limits{}.withDefaults())
}

// decode reads an array from a stream of a known number of bytes.
func decode(r io.Reader, size int64, l Limits) (tensor.Any, error) {
	h, err := readHeader(r)
	if err != nil {
		return nil, err
	}
	if need := h.Memory(); need > l.Bytes {
		return nil, &LimitError{need, l.Bytes}
	}
	if have := size - h.length; h.bytes > have {
		return nil, fmt.Errorf("npy: %d bytes of elements are declared, %d bytes are there", h.bytes, have)
	}
	return h.elements(r)
}

// File is an open .npy file.
type File struct {
	*Header
	f *os.File
}

// Open opens a .npy file and reads its header: its shape and its type are known before its elements are read.
func Open(path string) (*File, error) {
	f, size, err := openRegular(path)
	if err != nil {
		return nil, err
	}
	h, err := readHeader(f)
	if err == nil && h.bytes > size-h.length {
		err = fmt.Errorf("npy: %d bytes of elements are declared, %d bytes are there", h.bytes, size-h.length)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return &File{h, f}, nil
}

// Read reads the array.
func (f *File) Read(l Limits) (tensor.Any, error) {
	if l = l.withDefaults(); f.Memory() > l.Bytes {
		return nil, &LimitError{f.Memory(), l.Bytes}
	}
	if _, err := f.f.Seek(f.length, io.SeekStart); err != nil {
		return nil, err
	}
	return f.elements(f.f)
}

// Close closes the file.
func (f *File) Close() error { return f.f.Close() }

// ReadFile returns the array of a .npy file.
func ReadFile(path string) (tensor.Any, error) {
	f, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return f.Read(Limits{})
}

// openRegular opens a file that has an end: opening a pipe waits for somebody who writes into it.
func openRegular(path string) (*os.File, int64, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, 0, err
	}
	if !info.Mode().IsRegular() {
		what := "is not a regular file"
		if info.IsDir() {
			what = "is a directory"
		}
		return nil, 0, &fs.PathError{Op: "open", Path: path, Err: errors.New(what)}
	}
	f, err := os.Open(path)
	return f, info.Size(), err
}
