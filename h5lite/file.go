package h5lite

import (
	"io"
	"os"
	"sync"

	"github.com/hornml/horn/h5lite/internal/format"
	"github.com/hornml/horn/h5lite/internal/wire"
)

// File is an open HDF5 file. It and the objects got from it may be used by many
// goroutines at once.
type File struct {
	f      *format.File
	closer io.Closer
	limits Limits
	root   *Group

	mu     sync.Mutex
	groups map[uint64]*members // by address of the object header
}

// Open opens the file with the given name for reading. It reads the superblock
// and the root group's header, no data. The caller has to call [File.Close].
func Open(name string, opts ...Option) (*File, error) {
	o, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	info, err := o.Stat()
	if err != nil {
		o.Close()
		return nil, err
	}
	f, err := NewFile(o, info.Size(), opts...)
	if err != nil {
		o.Close()
		return nil, err
	}
	f.closer = o
	return f, nil
}

// NewFile reads a file of size bytes from r, which must stay usable as long as
// the File is. Calls to r.ReadAt may happen at the same time. The result of a
// file that is not HDF5 is a [*FormatError].
func NewFile(r io.ReaderAt, size int64, opts ...Option) (*File, error) {
	inner, err := format.NewFile(r, size)
	if err != nil {
		return nil, at(err, "")
	}
	f := &File{f: inner, limits: makeOptions(opts).limits, groups: map[uint64]*members{}}
	obj, err := f.open(inner.Super.Root, "/")
	if err != nil {
		return nil, err
	}
	g, ok := obj.(*Group)
	if !ok {
		return nil, at(wire.Errorf(inner.FileOffset(inner.Super.Root), "superblock", "the root object is not a group"), "/")
	}
	f.root = g
	return f, nil
}

// IsHDF5 reports whether r, of size bytes, has the signature of an HDF5 file
// where one may be: at 0, 512, 1024 and so on.
func IsHDF5(r io.ReaderAt, size int64) bool {
	_, ok := format.FindSignature(r, size)
	return ok
}

// Root gives the root group.
func (f *File) Root() *Group { return f.root }

// Close closes what [Open] opened.
func (f *File) Close() error {
	if f.closer == nil {
		return nil
	}
	return f.closer.Close()
}

// SuperblockVersion is 0 to 3; h5py writes 0 unless asked for newer forms.
func (f *File) SuperblockVersion() int { return int(f.f.Super.Version) }

// UserBlock is the number of bytes before the HDF5 part of the file.
func (f *File) UserBlock() int64 { return f.f.Super.At }
