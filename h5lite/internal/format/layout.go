package format

import (
	"math/bits"

	"github.com/hornml/horn/h5lite/internal/wire"
)

// LayoutClass tells where the elements of a dataset lie.
type LayoutClass uint8

// The layout classes (HDF5 File Format Specification, IV.A.2.i).
const (
	Compact LayoutClass = iota
	Contiguous
	Chunked
	Virtual
)

// IndexType is the kind of a chunk index (IV.A.2.i, layout version 4).
type IndexType uint8

// The chunk indexes. The version 1 B-tree has no number in the file.
const (
	IndexBTree1 IndexType = iota
	IndexSingle
	IndexImplicit
	IndexFixedArray
	IndexExtensibleArray
	IndexBTree2
)

// Layout is a data layout message.
type Layout struct {
	Class  LayoutClass
	Offset int64 // of the message, for errors

	Data []byte // compact

	Addr    uint64 // contiguous: of the data; chunked: of the index
	Size    uint64 // contiguous, if HasSize
	HasSize bool

	Chunk       []uint64 // shape of a chunk
	ElementSize uint64
	Index       IndexType
	RawEdges    bool // partial edge chunks are not filtered
	WideSizes   bool // chunk sizes in the index are as wide as lengths (version 5)
	SingleSize  uint64
	SingleMask  uint32
	HasSingle   bool // SingleSize and SingleMask are given
	PageBits    uint8
}

// readLayout decodes versions 1 to 5.
func readLayout(c *wire.Cursor) (*Layout, error) {
	l := &Layout{Addr: wire.Undefined, Offset: c.Offset()}
	switch version := c.Version(1, 2, 3, 4, 5); version {
	case 1, 2:
		l.readOld(c)
	case 3, 4, 5:
		l.Class = LayoutClass(c.U8())
		switch l.Class {
		case Compact:
			l.Data = c.Bytes(int(c.U16()))
		case Contiguous:
			l.Addr, l.Size, l.HasSize = c.Addr(), c.Length(), true
		case Chunked:
			if version == 3 {
				rank := int(c.U8())
				l.Addr = c.Addr()
				l.chunkDims(c, rank, 4)
			} else {
				l.readChunked4(c, version)
			}
		case Virtual:
		default:
			c.Fail("layout class %d", l.Class)
		}
	}
	return l, c.Err()
}

// readOld decodes versions 1 and 2.
func (l *Layout) readOld(c *wire.Cursor) {
	rank := int(c.U8())
	l.Class = LayoutClass(c.U8())
	c.Skip(5)
	if l.Class > Chunked {
		c.Fail("layout class %d", l.Class)
	}
	if l.Class != Compact {
		l.Addr = c.Addr()
	}
	if l.Class == Chunked {
		l.chunkDims(c, rank, 4)
		return
	}
	if rank > MaxRank {
		c.Fail("rank %d", rank)
	}
	c.Skip(4 * rank)
	if l.Class == Compact {
		n := c.U32()
		if c.Err() == nil && uint64(n) > uint64(c.Len()) {
			c.Fail("%d bytes of data, %d are left", n, c.Len())
		}
		l.Data = c.Bytes(int(n))
	}
}

// chunkDims reads the shape of a chunk, whose last number is the element size.
func (l *Layout) chunkDims(c *wire.Cursor, rank, width int) {
	if c.Err() == nil && (rank < 2 || rank > MaxRank+1) {
		c.Fail("chunk rank %d", rank-1)
	}
	if c.Err() != nil {
		return
	}
	l.Chunk = make([]uint64, rank-1)
	n := uint64(1)
	for i := range rank {
		d := c.Uint(width)
		if c.Err() == nil && d == 0 {
			c.Fail("a chunk dimension of 0")
		}
		hi, lo := bits.Mul64(n, d)
		if c.Err() == nil && (hi != 0 || lo > 1<<62 || width == 4 && lo > 1<<32-1) {
			c.Fail("chunk dimension %d is %d after %d elements: the chunk is too large", i, d, n)
		}
		if n = lo; i < rank-1 {
			l.Chunk[i] = d
		} else {
			l.ElementSize = d
		}
	}
}

// readChunked4 decodes a chunked layout of versions 4 and 5.
func (l *Layout) readChunked4(c *wire.Cursor, version uint8) {
	flags := c.U8()
	rank := int(c.U8())
	width := int(c.U8())
	if c.Err() == nil && (flags&^3 != 0 || width < 1 || width > 8) {
		c.Fail("flags %#x, chunk dimensions of %d bytes", flags, width)
	}
	l.RawEdges = flags&1 != 0
	l.WideSizes = version == 5
	// Only here may a chunk exceed 4 GiB, and only in version 5.
	l.chunkDims(c, rank, width)
	l.Index = IndexType(c.U8())
	switch l.Index {
	case IndexSingle:
		if flags&2 != 0 {
			l.SingleSize, l.SingleMask, l.HasSingle = c.Length(), c.U32(), true
		}
	case IndexImplicit:
	case IndexFixedArray:
		l.PageBits = c.U8()
	case IndexExtensibleArray:
		c.Skip(5) // repeated in the array's header
	case IndexBTree2:
		c.Skip(6) // repeated in the tree's header
	default:
		c.Fail("chunk index type %d", l.Index)
	}
	l.Addr = c.Addr()
}

// ChunkBytes is the size of one decoded chunk.
func (l *Layout) ChunkBytes() uint64 {
	n := l.ElementSize
	for _, d := range l.Chunk {
		n *= d
	}
	return n
}

// EncodeContiguous gives a version 3 message for data in one piece.
func EncodeContiguous(addr, size uint64) []byte {
	b := []byte{3, byte(Contiguous)}
	b = le.AppendUint64(b, addr)
	return le.AppendUint64(b, size)
}

// EncodeChunked gives a version 3 message for chunks in a version 1 B-tree.
func EncodeChunked(tree uint64, chunk []uint64, elementSize uint32) []byte {
	b := []byte{3, byte(Chunked), byte(len(chunk) + 1)}
	b = le.AppendUint64(b, tree)
	for _, n := range chunk {
		b = le.AppendUint32(b, uint32(n))
	}
	return le.AppendUint32(b, elementSize)
}
