package npy

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sort"
	"strings"

	"github.com/hornml/horn/internal/zip"
	"github.com/hornml/horn/tensor"
)

// Archive is an open .npz file: a zip of .npy arrays.
type Archive struct {
	files  map[string]*zip.Entry
	names  []string
	size   int64
	limits Limits
	file   *os.File // nil if the caller has opened it
}

// NewArchive reads the directory of an .npz file.
func NewArchive(r io.ReaderAt, size int64) (*Archive, error) {
	z, err := zip.Read(r, size)
	if err != nil {
		return nil, fmt.Errorf("npz: %w", err)
	}
	a := &Archive{files: map[string]*zip.Entry{}, size: size, limits: Limits{}.withDefaults()}
	for _, f := range z.Entries {
		name, ok := strings.CutSuffix(f.Name, ".npy")
		if !ok {
			continue
		}
		if a.files[name] != nil {
			return nil, fmt.Errorf("npz: the array %q is there twice", shorten(name))
		}
		a.names = append(a.names, name)
		a.files[name] = f
	}
	return a, nil
}

// OpenArchive opens an .npz file, of which arrays are read when they are asked for.
func OpenArchive(path string) (*Archive, error) {
	f, size, err := openRegular(path)
	if err != nil {
		return nil, err
	}
	a, err := NewArchive(f, size)
	if err != nil {
		f.Close()
		return nil, err
	}
	a.file = f
	return a, nil
}

// Close closes the file if OpenArchive has opened it.
func (a *Archive) Close() error {
	if a.file == nil {
		return nil
	}
	return a.file.Close()
}

// SetLimits changes what Read may take for one array.
func (a *Archive) SetLimits(l Limits) { a.limits = l.withDefaults() }

// Names returns the names of the arrays in the order of the file.
func (a *Archive) Names() []string { return a.names }

// Has reports whether there is an array of the given name.
func (a *Archive) Has(name string) bool { return a.files[name] != nil }

// Header returns what the array of the given name says of itself.
func (a *Archive) Header(name string) (*Header, error) {
	_, h, err := a.open(name)
	return h, err
}

// Read returns the array of the given name.
func (a *Archive) Read(name string) (tensor.Any, error) {
	r, h, err := a.open(name)
	if err != nil {
		return nil, err
	}
	t, err := a.read(name, r, h)
	if err != nil {
		return nil, fmt.Errorf("npz: %s: %w", shorten(name), err)
	}
	return t, nil
}

// open opens an entry up to its elements.
func (a *Archive) open(name string) (io.Reader, *Header, error) {
	f := a.files[name]
	if f == nil {
		return nil, nil, fmt.Errorf("npz: there is no array %q; there are %s", shorten(name), listed(a.names))
	}
	r, err := f.Open()
	if err != nil {
		return nil, nil, fmt.Errorf("npz: %s: %w", shorten(name), err)
	}
	h, err := readHeader(r)
	if err != nil {
		return nil, nil, fmt.Errorf("npz: %s: %w", shorten(name), err)
	}
	return r, h, nil
}

// mostExpansion is what deflate can make of a byte: 258 bytes of two bits.
const mostExpansion = 1032

// read checks what an entry declares against what is stored and against the limits, then reads its elements, to the end,
// where the checksum is.
func (a *Archive) read(name string, r io.Reader, h *Header) (tensor.Any, error) {
	f := a.files[name]
	declared, stored := f.Unpacked, f.Stored
	if need := h.Memory(); need > a.limits.Bytes {
		return nil, &LimitError{need, a.limits.Bytes}
	}
	switch size := uint64(h.length + h.bytes); {
	case size > declared:
		return nil, fmt.Errorf("%d bytes of elements are declared, the entry has %d bytes", h.bytes, declared)
	case size < declared:
		return nil, fmt.Errorf("there are %d bytes after the array", declared-size)
	case stored > uint64(a.size) || declared > stored*mostExpansion+1024:
		return nil, errors.New("more bytes are declared than the file can hold")
	}
	if need := h.Memory(); a.limits.Expansion > 0 && need > smallArray && need/a.limits.Expansion > int64(stored) {
		return nil, &ExpansionError{need / int64(max(stored, 1)), a.limits.Expansion}
	}
	t, err := h.elements(r)
	if err != nil {
		return nil, err
	}
	if n, err := io.CopyN(io.Discard, r, 1); n > 0 {
		return nil, errors.New("the entry is longer than it says")
	} else if !errors.Is(err, io.EOF) {
		return nil, err
	}
	return t, nil
}

// listed lists names for a message.
func listed(names []string) string {
	const most = 20
	short := make([]string, 0, most)
	for i, n := range names {
		if i == most {
			short = append(short, fmt.Sprintf("and %d more", len(names)-most))
			break
		}
		short = append(short, shorten(n))
	}
	return strings.Join(short, ", ")
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

// EncodeArchive writes an .npz file, deflated, with the arrays in the order of their names.
func EncodeArchive(w io.Writer, arrays map[string]tensor.Any) error {
	names := make([]string, 0, len(arrays))
	for n := range arrays {
		names = append(names, n)
	}
	sort.Strings(names)
	z := zip.NewWriter(w)
	for _, n := range names {
		f, err := z.Deflated(n + ".npy")
		if err != nil {
			return err
		}
		if err := Encode(f, arrays[n]); err != nil {
			return fmt.Errorf("%s: %w", n, err)
		}
	}
	return z.Close()
}
