package h5lite

import (
	"math"
	"sync"

	"github.com/hornml/horn/h5lite/internal/filter"
	"github.com/hornml/horn/h5lite/internal/format"
)

// Dataset is an array of elements of one type. Opening one reads its header
// only.
type Dataset struct {
	object
	d     *format.Dataset
	shape []int

	chunksOnce sync.Once
	chunks     []format.Chunk
	chunkBytes uint64 // distinct bytes of all of them
	chunksErr  error
}

func newDataset(o object) (*Dataset, error) {
	inner, err := o.f.f.Dataset(o.header)
	if err != nil {
		return nil, o.fail(err)
	}
	d := &Dataset{object: o, d: inner, shape: make([]int, len(inner.Space.Dims))}
	for i, n := range inner.Space.Dims {
		if n > math.MaxInt {
			return nil, &LimitError{o.path, -1, "a dimension is too large for this system"}
		}
		d.shape[i] = int(n)
	}
	if inner.Type.Size > math.MaxInt32 {
		return nil, &LimitError{o.path, -1, "elements of " + utoa(uint64(inner.Type.Size)) + " bytes"}
	}
	if inner.Space.Count > math.MaxInt {
		return nil, &LimitError{o.path, -1, "more elements than this system can count"}
	}
	return d, nil
}

// Shape gives the dimensions, none for a scalar and for a null dataspace.
func (d *Dataset) Shape() []int { return append([]int(nil), d.shape...) }

// IsNull reports whether the dataspace is null: no elements, and no shape.
func (d *Dataset) IsNull() bool { return d.d.Space.Null }

// Len is the number of elements; 1 for a scalar, 0 for a null dataspace.
func (d *Dataset) Len() int { return int(d.d.Space.Count) }

// Type is the type of the elements, as the file has it.
func (d *Dataset) Type() Type { return Type{d.d.Type} }

// LayoutKind tells where the elements of a dataset lie.
type LayoutKind uint8

// The kinds of layouts.
const (
	Compact    LayoutKind = iota // in the object header
	Contiguous                   // in one piece
	Chunked                      // in chunks, found through an index
	Virtual                      // in other datasets: not supported
)

// String gives the kind as h5py's tools name it.
func (k LayoutKind) String() string {
	return [...]string{"compact", "contiguous", "chunked", "virtual"}[min(k, Virtual)]
}

// Layout describes how a dataset is stored.
type Layout struct {
	Kind     LayoutKind
	Chunk    []int    // shape of a chunk, nil if not chunked
	MaxShape []int    // maximum shape, -1 for unlimited; nil if the shape is fixed
	Filters  []string // in the order in which a writer applies them
	External bool     // the elements lie in another file: not supported
}

// Layout tells how the dataset is stored.
func (d *Dataset) Layout() Layout {
	l := Layout{Kind: LayoutKind(d.d.Layout.Class), External: d.d.External}
	for _, n := range d.d.Layout.Chunk {
		l.Chunk = append(l.Chunk, int(min(n, math.MaxInt)))
	}
	for _, n := range d.d.Space.MaxDims {
		if n == format.Unlimited {
			l.MaxShape = append(l.MaxShape, -1)
		} else {
			l.MaxShape = append(l.MaxShape, int(min(n, math.MaxInt)))
		}
	}
	for _, s := range d.steps() {
		l.Filters = append(l.Filters, s.String())
	}
	return l
}

// steps gives the filters in the terms of package filter.
func (d *Dataset) steps() []filter.Step {
	steps := make([]filter.Step, len(d.d.Filters))
	for i, f := range d.d.Filters {
		steps[i] = filter.Step{ID: f.ID, Name: f.Name, Values: f.Values}
	}
	return steps
}

// index reads the chunk index, once. Chunks may share bytes, as they do for
// libhdf5; what is read because of it has the limit of all that grows in reading.
func (d *Dataset) index() ([]format.Chunk, error) {
	d.chunksOnce.Do(func() {
		if d.chunks, d.chunksErr = d.f.f.Chunks(d.d, d.header.Addr); d.chunksErr != nil {
			return
		}
		var read uint64
		d.chunkBytes, read = format.Stored(d.chunks)
		if read > d.chunkBytes && read > max(d.f.f.Size(), uint64(d.f.limits.Free)) {
			d.chunksErr = &LimitError{d.path, d.d.Layout.Offset,
				"its chunks overlap: " + utoa(d.chunkBytes) + " stored bytes stand for " + utoa(read)}
		}
	})
	if d.chunksErr != nil {
		return nil, d.fail(d.chunksErr)
	}
	return d.chunks, nil
}

// StoredSize is the number of bytes that the file holds for the elements; 0 if
// none were ever written, or if their places cannot be read. The strings of a
// dataset of variable-length strings are not counted.
func (d *Dataset) StoredSize() int64 {
	switch d.d.Layout.Class {
	case format.Compact:
		return int64(len(d.d.Layout.Data))
	case format.Contiguous:
		if d.stored() {
			return int64(d.bytes())
		}
	case format.Chunked:
		if _, err := d.index(); err != nil {
			return 0
		}
		return int64(d.chunkBytes)
	}
	return 0
}

// stored reports whether contiguous data exist in this file.
func (d *Dataset) stored() bool {
	return !d.d.External && !d.IsNull() && d.d.Layout.Addr != format.Unlimited
}

// bytes is the size of all elements.
func (d *Dataset) bytes() uint64 { return d.d.Space.Count * uint64(d.d.Type.Size) }

// readable says why the elements cannot be read at all.
func (d *Dataset) readable() error {
	l := d.d.Layout
	why := d.Type().unsupported()
	switch {
	case l.Class == format.Virtual:
		why = "virtual dataset: its elements lie in other datasets or files"
	case d.d.External:
		why = "external storage: its elements lie in another file"
	case why != "":
	default:
		for _, s := range d.steps() {
			if !s.Supported() {
				why = "compressed with " + s.String()
			}
		}
	}
	if why != "" {
		return &UnsupportedError{d.path, l.Offset, why}
	}
	return nil
}

// affordable says whether Read may take memory for all elements.
func (d *Dataset) affordable() error {
	want := d.bytes()
	if want > math.MaxInt>>1 {
		return &LimitError{d.path, d.d.Layout.Offset, utoa(want) + " bytes are more than this system can hold at once"}
	}
	if err := d.growth(); err != nil {
		return err
	}
	lim := uint64(d.f.limits.Dataset)
	if want > lim && want > uint64(d.f.limits.Free) && want > uint64(d.StoredSize()) {
		return &LimitError{d.path, d.d.Layout.Offset,
			"declares " + utoa(want) + " bytes, stores " + utoa(uint64(d.StoredSize())) + "; at most " + utoa(lim) + " may grow from fewer"}
	}
	return nil
}

// growth compares the size of the elements with what is stored for them.
func (d *Dataset) growth() error {
	want, lim := d.bytes(), d.f.limits
	if want <= uint64(lim.Free) {
		return nil
	}
	if d.d.Layout.Class == format.Chunked {
		if _, err := d.index(); err != nil {
			return err // better than a limit that follows from it
		}
	}
	stored := uint64(d.StoredSize())
	if want/uint64(lim.Expansion) > stored {
		return &LimitError{d.path, d.d.Layout.Offset,
			"declares " + utoa(want) + " bytes, stores " + utoa(stored) + "; at most " + utoa(uint64(lim.Expansion)) + " times as many are allowed"}
	}
	return nil
}

// count books the dataset with the file: all data together cannot have more
// bytes than the file, and what grows beyond the stored bytes has a limit, too.
func (d *Dataset) count() error {
	f := d.f.f
	stored, want := uint64(d.StoredSize()), d.bytes()
	if !f.Data.Add(d.header.Addr, stored, f.Size()) {
		return &FormatError{Path: d.path, Offset: d.d.Layout.Offset, Structure: "data layout message",
			Msg: "the data of the datasets overlap: they have more bytes than the file"}
	}
	limit := max(8*uint64(d.f.limits.Free), uint64(d.f.limits.Expansion)*min(f.Size(), 1<<40))
	if want > stored && !f.Growth.Add(d.header.Addr, want-stored, limit) {
		return &LimitError{d.path, d.d.Layout.Offset, "the datasets of the file have far more bytes than it stores"}
	}
	return nil
}
