package format

import (
	"math/bits"

	"github.com/hornml/horn/h5lite/internal/wire"
)

// Record types of version 2 B-trees (HDF5 File Format Specification, III.A.2).
const (
	btree2HugeIndirect  = 1
	btree2LinkNames     = 5
	btree2AttrNames     = 8
	btree2Chunks        = 10
	btree2FilteredChunk = 11
)

// btree2Overhead is what a node holds beside records and pointers.
const btree2Overhead = 4 + 1 + 1 + 4

// maxBTree2Depth is more than any tree with nodes of two records can reach.
const maxBTree2Depth = 32

// btree2 is the header of a tree, with what follows from it for each level.
type btree2 struct {
	f          *File
	typ        uint8
	owner      uint64
	recordSize int
	levels     []btree2Level // 0: leaves
	seen       map[uint64]bool
	visit      func([]byte, int64) error
	visited    uint64
}

type btree2Level struct {
	max      uint64 // records of one node
	total    uint64 // records at and below one node
	totalLen int    // bytes of such a total in a pointer
}

// encodedSize is the number of bytes for numbers up to limit.
func encodedSize(limit uint64) int { return log2(limit)/8 + 1 }

func log2(v uint64) int { return max(bits.Len64(v), 1) - 1 }

// walkBTree2 calls visit for each record in order. typ and size are those that
// the records must have; size 0 takes any.
func (f *File) walkBTree2(addr, owner uint64, types []uint8, size func(typ uint8) int,
	visit func(record []byte, offset int64) error) error {
	const what = "version 2 B-tree header"
	c, err := f.Cursor(addr, uint64(16+f.Sizes().Offset+2+f.Sizes().Length+4), what)
	if err != nil {
		return err
	}
	c.Signature("BTHD")
	c.Version(0)
	t := &btree2{f: f, owner: owner, seen: map[uint64]bool{}, visit: visit}
	t.typ = c.Version(types...)
	nodeSize := uint64(c.U32())
	t.recordSize = int(c.U16())
	depth := int(c.U16())
	c.Skip(2) // when nodes split and merge
	root, rootRecords, total := c.Addr(), uint64(c.U16()), c.Length()
	c.Checksum()
	if err := c.Err(); err != nil {
		return err
	}
	if want := size(t.typ); t.recordSize != want {
		return c.Fail("records of %d bytes, want %d", t.recordSize, want)
	}
	if depth > maxBTree2Depth {
		return c.Fail("depth %d", depth)
	}
	if nodeSize < btree2Overhead+uint64(t.recordSize) {
		return c.Fail("nodes of %d bytes for records of %d", nodeSize, t.recordSize)
	}
	leaf := (nodeSize - btree2Overhead) / uint64(t.recordSize)
	t.levels = []btree2Level{{max: leaf, total: leaf}}
	for i := 1; i <= depth; i++ {
		below := t.levels[i-1]
		ptr := uint64(f.Sizes().Offset + encodedSize(leaf) + below.totalLen)
		if nodeSize < btree2Overhead+ptr {
			return c.Fail("nodes of %d bytes", nodeSize)
		}
		m := (nodeSize - btree2Overhead - ptr) / (uint64(t.recordSize) + ptr)
		hi, all := bits.Mul64(m+1, below.total)
		if m == 0 || hi != 0 || all > 1<<62 {
			return c.Fail("nodes of %d bytes in %d levels", nodeSize, depth)
		}
		t.levels = append(t.levels, btree2Level{m, all + m, encodedSize(all + m)})
	}
	if err := f.claim(addr, 16, owner, what); err != nil {
		return err
	}
	if root == wire.Undefined {
		if rootRecords != 0 || total != 0 {
			return c.Fail("%d records, but no root", total)
		}
		return nil
	}
	if err := t.node(root, rootRecords, depth); err != nil {
		return err
	}
	if t.visited != total {
		return c.Fail("declares %d records, has %d", total, t.visited)
	}
	return nil
}

// node visits the records of a node of n records.
func (t *btree2) node(addr, n uint64, level int) error {
	what := "version 2 B-tree leaf"
	size := btree2Overhead + n*uint64(t.recordSize)
	var ptr uint64
	if level > 0 {
		what = "version 2 B-tree internal node"
		ptr = uint64(t.f.Sizes().Offset + encodedSize(t.levels[0].max) + t.levels[level-1].totalLen)
		size += (n + 1) * ptr
	}
	if n > t.levels[level].max {
		return wire.Errorf(t.f.FileOffset(addr), what, "%d records, at most %d have room", n, t.levels[level].max)
	}
	if t.seen[addr] {
		return wire.Errorf(t.f.FileOffset(addr), what, "a cycle: it is a child of two nodes or of itself")
	}
	t.seen[addr] = true
	c, err := t.f.Cursor(addr, size, what)
	if err != nil {
		return err
	}
	if err := t.f.claim(addr, size, t.owner, what); err != nil {
		return err
	}
	sum := *c
	sum.Skip(int(size) - 4)
	sum.Checksum()
	if level > 0 {
		c.Signature("BTIN")
	} else {
		c.Signature("BTLF")
	}
	c.Version(0)
	c.Version(t.typ)
	if sum.Err() != nil && c.Err() == nil {
		c.FailWith(sum.Err())
	}
	at := c.Offset()
	records := c.Bytes(int(n) * t.recordSize)
	if err := c.Err(); err != nil {
		return err
	}
	for i := uint64(0); ; i++ {
		if level > 0 {
			child := c.Addr()
			count := c.Uint(encodedSize(t.levels[0].max))
			c.Uint(t.levels[level-1].totalLen)
			if err := c.Err(); err != nil {
				return err
			}
			if err := t.node(child, count, level-1); err != nil {
				return err
			}
		}
		if i == n {
			return nil
		}
		t.visited++
		from := int(i) * t.recordSize
		if err := t.visit(records[from:from+t.recordSize], at+int64(from)); err != nil {
			return err
		}
	}
}
