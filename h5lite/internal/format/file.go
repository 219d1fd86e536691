package format

import (
	"io"
	"sync"

	"github.com/hornml/horn/h5lite/internal/wire"
)

// File is an open file: its bytes, its superblock, and what is remembered of
// structures that many objects share. It is safe for concurrent use.
type File struct {
	*wire.Source
	Super Superblock

	Data, Growth, Strings Ledger // for what is read of datasets and strings

	owners owners
	mu     sync.Mutex
	heaps  map[uint64]*globalHeap
	shared func() (*sharedTable, error)
}

// NewFile reads the superblock and its extension.
func NewFile(r io.ReaderAt, size int64) (*File, error) {
	at, ok := FindSignature(r, size)
	if !ok {
		return nil, wire.Errorf(0, "superblock", "no HDF5 signature in %d bytes: not an HDF5 file, or cut short", size)
	}
	f := &File{Source: wire.NewSource(r, size), heaps: map[uint64]*globalHeap{}}
	sb, err := readSuperblock(f.Source, at, size)
	if err != nil {
		return nil, err
	}
	f.Super = sb
	f.SetBase(sb.At, sb.End, sb.Sizes)
	table, indexes := uint64(wire.Undefined), 0
	if sb.Extension != wire.Undefined {
		if table, indexes, err = f.readExtension(); err != nil {
			return nil, err
		}
	}
	f.shared = sync.OnceValues(func() (*sharedTable, error) { return f.readSharedTable(table, indexes) })
	return f, nil
}

// readExtension takes what matters for reading from the superblock extension
// (II.C) and returns the address of the shared message table.
func (f *File) readExtension() (table uint64, indexes int, err error) {
	table = wire.Undefined
	h, err := f.ReadHeader(f.Super.Extension)
	if err != nil {
		return table, 0, err
	}
	for i := range h.Messages {
		m := &h.Messages[i]
		c := m.cursor(f)
		switch m.Type {
		case MsgBTreeK:
			c.Version(0)
			f.Super.ChunkK, f.Super.GroupK, f.Super.LeafK = int(c.U16()), int(c.U16()), int(c.U16())
			if c.Err() == nil && (f.Super.LeafK == 0 || f.Super.GroupK == 0 || f.Super.ChunkK == 0) {
				c.Fail("a B-tree rank of 0")
			}
		case MsgSharedTable:
			c.Version(0)
			table = c.Addr()
			if indexes = int(c.U8()); c.Err() == nil && (indexes < 1 || indexes > 8) {
				c.Fail("%d indexes", indexes)
			}
			if c.Err() == nil && table == wire.Undefined {
				c.Fail("the address of the table is undefined")
			}
		case MsgDriverInfo:
			c.Unsupported("driver information: the file is one of several, or has a format of its own")
		case MsgCacheImage:
			c.Version(0)
			c.U8()
			if c.Addr() != wire.Undefined && c.Err() == nil {
				c.Unsupported("the file holds an image of a metadata cache")
			}
		}
		if err := c.Err(); err != nil {
			return table, 0, err
		}
	}
	return table, indexes, nil
}
