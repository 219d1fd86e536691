package format

import (
	"io"

	"github.com/hornml/horn/h5lite/internal/wire"
)

// Signature starts a superblock (HDF5 File Format Specification, II.A).
const Signature = "\x89HDF\r\n\x1a\n"

// Superblock is what the superblock and its extension tell about a file.
type Superblock struct {
	Version   uint8
	At        int64 // where the signature is: the size of the user block
	End       uint64
	Sizes     wire.Sizes
	LeafK     int // half the entries of a symbol table node
	GroupK    int // half the children of a group's B-tree node
	ChunkK    int // half the children of a chunk index's B-tree node
	Root      uint64
	Extension uint64
}

// FindSignature looks where a superblock may be: at 0, 512, 1024, 2048 and so on.
func FindSignature(r io.ReaderAt, size int64) (int64, bool) {
	var b [len(Signature)]byte
	for at := int64(0); at <= size-int64(len(b)); {
		if n, _ := r.ReadAt(b[:], at); n == len(b) && string(b[:]) == Signature {
			return at, true
		}
		if at == 0 {
			at = 512
		} else if at *= 2; at <= 0 {
			break
		}
	}
	return 0, false
}

// readSuperblock decodes versions 0 to 3 (II.A).
func readSuperblock(src *wire.Source, at, size int64) (sb Superblock, err error) {
	const what = "superblock"
	n := min(uint64(size-at), 128) // the longest has 124 bytes
	c, err := src.Cursor(uint64(at), n, what)
	if err != nil {
		return sb, err
	}
	c.Skip(len(Signature))
	sb = Superblock{At: at, LeafK: 4, GroupK: 16, ChunkK: 32, Extension: wire.Undefined}
	sb.Version = c.Version(0, 1, 2, 3)
	if sb.Version < 2 {
		c.Version(0) // of the free space storage
		c.Version(0) // of the root group's symbol table entry
		c.Skip(1)
		c.Version(0) // of the shared header message format
	}
	sb.Sizes = wire.Sizes{Offset: int(c.U8()), Length: int(c.U8())}
	for _, w := range []int{sb.Sizes.Offset, sb.Sizes.Length} {
		if c.Err() == nil && w != 2 && w != 4 && w != 8 {
			c.Fail("addresses or lengths of %d bytes", w)
		}
	}
	if err := c.Err(); err != nil {
		return sb, err
	}
	c.SetSizes(sb.Sizes)
	if sb.Version < 2 {
		c.Skip(1)
		sb.LeafK, sb.GroupK = int(c.U16()), int(c.U16())
		c.Skip(4) // flags, of no use to a reader
		if sb.Version == 1 {
			sb.ChunkK = int(c.U16())
			c.Skip(2)
		}
		if c.Err() == nil && (sb.LeafK == 0 || sb.GroupK == 0 || sb.ChunkK == 0) {
			c.Fail("a B-tree rank of 0 (group leaf %d, group %d, chunk %d)", sb.LeafK, sb.GroupK, sb.ChunkK)
		}
	} else {
		c.Skip(1)
	}
	base := c.Addr()
	var driver uint64 = wire.Undefined
	if sb.Version < 2 {
		c.Addr() // free space information, never stored
	} else {
		sb.Extension = c.Addr()
	}
	end := c.Addr()
	if sb.Version < 2 {
		driver = c.Addr()
		e := readSymbolTableEntry(c)
		sb.Root = e.Header
	} else {
		sb.Root = c.Addr()
		c.Checksum()
	}
	if err := c.Err(); err != nil {
		return sb, err
	}
	// The end of file address counts from the same place as the base address;
	// a user block added later leaves both as they were.
	if end == wire.Undefined || end < base {
		return sb, c.Fail("end of file address %#x, base address %#x", end, base)
	}
	sb.End = end - base
	if sb.End > uint64(size-at) {
		return sb, c.Fail("promises a file of %d bytes, it has %d (truncated?)", sb.End+uint64(at), size)
	}
	if driver != wire.Undefined {
		return sb, c.Unsupported("driver information: the file is one of several, or has a format of its own")
	}
	return sb, nil
}

// SuperblockSize is the size of what EncodeSuperblock gives.
const SuperblockSize = 96

// Sizes of B-tree nodes in files that are written: the library's defaults.
const (
	leafK  = 4
	groupK = 16
	chunkK = 32
)

// EncodeSuperblock gives a version 0 superblock, with the root group's header,
// B-tree and local heap, of a file that ends at end.
func EncodeSuperblock(root, tree, heap, end uint64) []byte {
	b := append([]byte(Signature), 0, 0, 0, 0, 0, 8, 8, 0)
	b = le.AppendUint16(b, leafK)
	b = le.AppendUint16(b, groupK)
	b = le.AppendUint32(b, 0)
	b = le.AppendUint64(b, 0)              // base address
	b = le.AppendUint64(b, wire.Undefined) // free space information
	b = le.AppendUint64(b, end)
	b = le.AppendUint64(b, wire.Undefined) // driver information
	return SymbolEntry{Header: root, Group: true, Tree: tree, Heap: heap}.append(b)
}
