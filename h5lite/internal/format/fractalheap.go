package format

import (
	"sync"

	"github.com/hornml/horn/h5lite/internal/wire"
)

// fractalHeap holds the links or attributes of an object that has many, and
// shared messages (HDF5 File Format Specification, III.G).
type fractalHeap struct {
	f         *File
	addr      uint64
	offset    int64
	idLen     int
	checksums bool // of direct blocks
	maxObject uint32
	hugeTree  uint64
	width     uint64
	start     uint64
	maxDirect uint64
	bits      int
	root      uint64
	rows      int

	mu       sync.Mutex          // for what is read on demand
	direct   map[uint64][]byte   // by address
	indirect map[uint64][]uint64 // children by address
	huge     map[uint64]block    // by id, read when first needed
}

func isPowerOf2(v uint64) bool { return v != 0 && v&(v-1) == 0 }

// readFractalHeap reads the header of a heap whose ids have idLen bytes.
func (f *File) readFractalHeap(addr, owner uint64, idLen int) (*fractalHeap, error) {
	const what = "fractal heap"
	o, l := f.Sizes().Offset, f.Sizes().Length
	c, err := f.Cursor(addr, uint64(26+3*o+12*l), what)
	if err != nil {
		return nil, err
	}
	h := &fractalHeap{f: f, addr: addr, offset: f.FileOffset(addr),
		direct: map[uint64][]byte{}, indirect: map[uint64][]uint64{}}
	c.Signature("FRHP")
	c.Version(0)
	h.idLen = int(c.U16())
	filters := c.U16()
	flags := c.U8()
	h.checksums = flags&2 != 0
	h.maxObject = c.U32()
	c.Length() // next id of a huge object
	h.hugeTree = c.Addr()
	c.Length() // free space
	free := c.Addr()
	c.Skip(8 * l)
	h.width = uint64(c.U16())
	h.start, h.maxDirect = c.Length(), c.Length()
	h.bits = int(c.U16())
	c.U16() // rows to start with
	h.root = c.Addr()
	h.rows = int(c.U16())
	if c.Err() == nil && filters != 0 {
		return nil, c.Unsupported("its blocks are filtered")
	}
	c.Checksum()
	if c.Err() == nil {
		switch {
		case h.idLen != idLen:
			c.Fail("ids of %d bytes, want %d", h.idLen, idLen)
		case !isPowerOf2(h.width):
			c.Fail("table width %d", h.width)
		case !isPowerOf2(h.start) || !isPowerOf2(h.maxDirect) || h.maxDirect < h.start || h.maxDirect > 1<<32:
			c.Fail("block sizes from %d to %d", h.start, h.maxDirect)
		case h.bits > 64 || h.bits < log2(h.start)+log2(h.width):
			c.Fail("a space of 2^%d bytes", h.bits)
		case h.rows > h.bits-log2(h.start)-log2(h.width)+1:
			c.Fail("%d rows in the root block", h.rows)
		}
	}
	if err := c.Err(); err != nil {
		return nil, err
	}
	if err := f.checkFreeSpace(free); err != nil {
		return nil, err
	}
	return h, f.claim(addr, 100, owner, what)
}

// checkFreeSpace reads the header of a free space manager (III.H). A reader has
// no use for it; but where it is broken the file is damaged.
func (f *File) checkFreeSpace(addr uint64) error {
	if addr == wire.Undefined {
		return nil
	}
	n := 14 + f.Sizes().Offset + 7*f.Sizes().Length
	c, err := f.Cursor(addr, uint64(n+4), "free space manager")
	if err != nil {
		return err
	}
	c.Signature("FSHD")
	c.Version(0)
	c.Skip(n - c.Pos())
	c.Checksum()
	return c.Err()
}

func (h *fractalHeap) offsetLen() int { return (h.bits + 7) / 8 }

// lengthLen is the width of an object's length in its id.
func (h *fractalHeap) lengthLen() int {
	return min((log2(h.maxDirect)+7)/8, encodedSize(uint64(h.maxObject)))
}

// object gives the bytes that a heap id stands for.
func (h *fractalHeap) object(id []byte) ([]byte, error) {
	const what = "fractal heap id"
	h.mu.Lock()
	defer h.mu.Unlock()
	c := wire.NewCursor(id, h.offset, what, h.f.Sizes())
	flags := c.U8()
	if c.Err() == nil && flags>>6 != 0 {
		c.Fail("version %d", flags>>6)
	}
	switch flags >> 4 & 3 {
	case 0:
		at, n := c.Uint(h.offsetLen()), c.Uint(h.lengthLen())
		if c.Err() != nil {
			return nil, c.Err()
		}
		return h.managed(at, n)
	case 1:
		return h.hugeObject(c)
	case 2:
		n := int(flags&15) + 1
		if h.idLen > 17 {
			n = int(flags&15)<<8 + int(c.U8()) + 1
		}
		return c.Bytes(n), c.Err()
	}
	return nil, c.Fail("type 3")
}

// managed finds an object in the doubling table: in each block, row 0 and 1
// have blocks of the starting size, and each further row doubles it.
func (h *fractalHeap) managed(at, n uint64) ([]byte, error) {
	const what = "fractal heap"
	if n == 0 {
		return nil, wire.Errorf(h.offset, what, "an object of 0 bytes")
	}
	addr, rows, base, size := h.root, h.rows, uint64(0), h.start
	direct := log2(h.maxDirect) - log2(h.start) + 2 // rows of direct blocks
	for rows > 0 {
		children, err := h.indirectBlock(addr, rows, base)
		if err != nil {
			return nil, err
		}
		rel, row := at-base, 0
		size = h.start
		col := rel / size
		if q := rel / (h.start * h.width); q > 0 {
			row = log2(q) + 1
			size = h.start << (row - 1)
			col = (rel - size*h.width) / size
		}
		if row >= rows {
			return nil, wire.Errorf(h.offset, what, "an object at %d, outside the heap", at)
		}
		addr = children[uint64(row)*h.width+col]
		first := uint64(0)
		if row > 0 {
			first = size * h.width
		}
		base += first + col*size
		if row < direct {
			break
		}
		rows = log2(size) - log2(h.start*h.width) + 1
	}
	data, err := h.directBlock(addr, size, base)
	if err != nil {
		return nil, err
	}
	rel := at - base
	if rel > size || n > size-rel || rel < uint64(h.blockHead()) {
		return nil, wire.Errorf(h.offset, what, "an object of %d bytes at %d of a block of %d", n, rel, size)
	}
	return data[rel : rel+n], nil
}

// blockHead is the size of a direct block's header.
func (h *fractalHeap) blockHead() int {
	n := 5 + h.f.Sizes().Offset + h.offsetLen()
	if h.checksums {
		n += 4
	}
	return n
}

func (h *fractalHeap) directBlock(addr, size, base uint64) ([]byte, error) {
	const what = "fractal heap direct block"
	if b, ok := h.direct[addr]; ok {
		return b, nil
	}
	c, err := h.f.Cursor(addr, size, what)
	if err != nil {
		return nil, err
	}
	whole := *c
	data := whole.Rest()
	h.head(c, "FHDB", base)
	if h.checksums {
		at := c.Pos()
		sum := c.U32()
		if c.Err() == nil {
			clear(data[at : at+4])
			if want := wire.Lookup3(data); want != sum {
				c.Fail("checksum is %#08x, the content has %#08x", sum, want)
			}
		}
	}
	if err := c.Err(); err != nil {
		return nil, err
	}
	if err := h.f.claim(addr, size, h.addr, what); err != nil {
		return nil, err
	}
	h.direct[addr] = data
	return data, nil
}

// head checks what direct and indirect blocks start with.
func (h *fractalHeap) head(c *wire.Cursor, signature string, base uint64) {
	c.Signature(signature)
	c.Version(0)
	if owner := c.Addr(); c.Err() == nil && owner != h.addr {
		c.Fail("belongs to the heap at %d, not %d", h.f.FileOffset(owner), h.offset)
	}
	if at := c.Uint(h.offsetLen()); c.Err() == nil && at != base {
		c.Fail("its place in the heap is %d, not %d", at, base)
	}
}

func (h *fractalHeap) indirectBlock(addr uint64, rows int, base uint64) ([]uint64, error) {
	const what = "fractal heap indirect block"
	if b, ok := h.indirect[addr]; ok {
		return b, nil
	}
	n := uint64(rows) * h.width
	c, err := h.f.Cursor(addr, uint64(5+h.f.Sizes().Offset+h.offsetLen()+4)+n*uint64(h.f.Sizes().Offset), what)
	if err != nil {
		return nil, err
	}
	h.head(c, "FHIB", base)
	children := make([]uint64, n)
	for i := range children {
		children[i] = c.Addr()
	}
	c.Checksum()
	if err := c.Err(); err != nil {
		return nil, err
	}
	if err := h.f.claim(addr, n*uint64(h.f.Sizes().Offset), h.addr, what); err != nil {
		return nil, err
	}
	h.indirect[addr] = children
	return children, nil
}

// hugeObject reads an object that lies outside the heap's blocks.
func (h *fractalHeap) hugeObject(c *wire.Cursor) ([]byte, error) {
	const what = "huge object of a fractal heap"
	o, l := h.f.Sizes().Offset, h.f.Sizes().Length
	if o+l <= h.idLen-1 { // the id has the place itself
		addr, n := c.Addr(), c.Length()
		if c.Err() != nil {
			return nil, c.Err()
		}
		return h.f.Bytes(addr, n, what)
	}
	id := c.Uint(min(h.idLen-1, l))
	if err := c.Err(); err != nil {
		return nil, err
	}
	if h.huge == nil {
		h.huge = map[uint64]block{}
		size := func(uint8) int { return o + 2*l }
		err := h.f.walkBTree2(h.hugeTree, h.addr, []uint8{btree2HugeIndirect}, size, func(record []byte, at int64) error {
			r := wire.NewCursor(record, at, what, h.f.Sizes())
			b := block{r.Addr(), r.Length()}
			h.huge[r.Length()] = b
			return r.Err()
		})
		if err != nil {
			return nil, err
		}
	}
	b, ok := h.huge[id]
	if !ok {
		return nil, wire.Errorf(h.offset, "fractal heap", "has no huge object %d", id)
	}
	return h.f.Bytes(b.addr, b.size, what)
}

// Bytes of the heap ids of links and attributes, and of shared messages.
const (
	linkIDLen   = 7
	attrIDLen   = 8
	sharedIDLen = 8
)

// denseLinks reads the links of a group in dense storage.
func (f *File) denseLinks(heapAddr, names, owner uint64) ([]Link, error) {
	heap, err := f.readFractalHeap(heapAddr, owner, linkIDLen)
	if err != nil {
		return nil, err
	}
	var links []Link
	size := func(uint8) int { return 4 + heap.idLen }
	err = f.walkBTree2(names, owner, []uint8{btree2LinkNames}, size, func(record []byte, at int64) error {
		b, err := heap.object(record[4:])
		if err != nil {
			return err
		}
		l, err := readLink(wire.NewCursor(b, at, "link message", f.Sizes()))
		if err != nil {
			return err
		}
		if sum := wire.Lookup3([]byte(l.Name)); sum != le.Uint32(record) {
			return wire.Errorf(at, "version 2 B-tree record", "the hash of the name %q is %#08x, the index has %#08x", l.Name, sum,
				le.Uint32(record))
		}
		links = append(links, l)
		return nil
	})
	return links, err
}

// denseAttributes reads the attributes of an object in dense storage.
func (f *File) denseAttributes(heapAddr, names, owner uint64, add func(*Attribute, error)) error {
	heap, err := f.readFractalHeap(heapAddr, owner, attrIDLen)
	if err != nil {
		return err
	}
	size := func(uint8) int { return heap.idLen + 9 }
	return f.walkBTree2(names, owner, []uint8{btree2AttrNames}, size, func(record []byte, at int64) error {
		r := wire.NewCursor(record, at, "version 2 B-tree record", f.Sizes())
		id, flags := r.Bytes(heap.idLen), r.U8()
		r.U32() // creation order
		hash := r.U32()
		from := heap
		if flags&flagShared != 0 {
			if from, err = f.sharedHeap(MsgAttribute); err != nil {
				return err
			}
		}
		b, err := from.object(id)
		if err != nil {
			return err
		}
		a, err := f.readAttribute(wire.NewCursor(b, at, "attribute message", f.Sizes()))
		if err == nil && wire.Lookup3([]byte(a.Name)) != hash {
			err = wire.Errorf(at, "version 2 B-tree record", "the hash of the name %q does not match", a.Name)
		}
		add(a, err)
		return nil
	})
}
