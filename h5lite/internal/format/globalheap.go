package format

import (
	"cmp"
	"math"
	"slices"
	"sort"

	"github.com/hornml/horn/h5lite/internal/wire"
)

// globalHeap is where the objects of a collection of variable-length values are
// (HDF5 File Format Specification, III.E). It is kept as long as the file; the
// bytes are not.
type globalHeap struct {
	addr    uint64
	objects []heapObject // by index
}

type heapObject struct {
	index uint16
	at    uint32 // from the start of the collection
	size  uint64
}

// GlobalHeapObject gives n bytes of an object of the collection at addr.
func (f *File) GlobalHeapObject(addr uint64, index uint32, n uint64) ([]byte, error) {
	const what = "global heap collection"
	f.mu.Lock()
	h := f.heaps[addr]
	f.mu.Unlock()
	if h == nil {
		var err error
		if h, err = f.readGlobalHeap(addr); err != nil {
			return nil, err
		}
		f.mu.Lock()
		f.heaps[addr] = h
		f.mu.Unlock()
	}
	i, ok := slices.BinarySearchFunc(h.objects, index, func(o heapObject, index uint32) int {
		return cmp.Compare(uint32(o.index), index)
	})
	if !ok {
		return nil, wire.Errorf(f.FileOffset(addr), what, "has no object %d", index)
	}
	o := h.objects[i]
	if n != o.size {
		return nil, wire.Errorf(f.FileOffset(addr), what, "object %d has %d bytes, a reference to it says %d", index, o.size, n)
	}
	return f.Bytes(addr+uint64(o.at), n, what)
}

func (f *File) readGlobalHeap(addr uint64) (*globalHeap, error) {
	const what = "global heap collection"
	// The headers of a collection and of an object are padded to 8 bytes.
	head := uint64(8+f.Sizes().Length+7) &^ 7
	c, err := f.Cursor(addr, head, what)
	if err != nil {
		return nil, err
	}
	c.Signature("GCOL")
	c.Version(1)
	c.Skip(3)
	size := c.Length()
	if c.Err() == nil && (size < head || size > math.MaxUint32) {
		c.Fail("%d bytes", size)
	}
	if err := c.Err(); err != nil {
		return nil, err
	}
	if err := f.Check(addr, size, what); err != nil {
		return nil, err
	}
	if err := f.claim(addr, size, addr, what); err != nil {
		return nil, err
	}
	if c, err = f.Cursor(addr, size, what); err != nil {
		return nil, err
	}
	h := &globalHeap{addr: addr}
	c.Skip(int(head))
	for c.Len() >= int(head) {
		start := c.Pos()
		index := c.U16()
		c.Skip(6)
		n := c.Length()
		c.Skip(int(head) - 8 - f.Sizes().Length)
		if index == 0 {
			// The free space counts its own header, and is the last object.
			if n > size-uint64(start) {
				return nil, c.Fail("free space of %d bytes, %d are left", n, size-uint64(start))
			}
			break
		}
		if n > uint64(c.Len()) {
			return nil, c.Fail("object %d of %d bytes, %d are left", index, n, c.Len())
		}
		h.objects = append(h.objects, heapObject{index, uint32(c.Pos()), n})
		c.Skip(min(pad8(int(n)), c.Len()))
	}
	sort.Slice(h.objects, func(i, j int) bool { return h.objects[i].index < h.objects[j].index })
	for i := 1; i < len(h.objects); i++ {
		if h.objects[i].index == h.objects[i-1].index {
			return nil, c.Fail("two objects %d", h.objects[i].index)
		}
	}
	return h, c.Err()
}

// Sizes of global heap collections that are written.
const (
	heapHead      = 16 // of a collection, and of each object
	minCollection = 4096
	maxCollection = 64 << 10 // unless one object needs more
)

// HeapCollection is a collection to write.
type HeapCollection struct {
	objects []string
	refs    [][]byte
	used    int
}

// Fits reports whether an object of n bytes has room.
func (h *HeapCollection) Fits(n int) bool {
	return len(h.objects) == 0 || h.used+heapHead+pad8(n) <= maxCollection
}

// Add keeps a string and writes the 16 bytes that refer to it into ref, but for
// the address of the collection.
func (h *HeapCollection) Add(s string, ref []byte) {
	if h.used == 0 {
		h.used = heapHead
	}
	h.used += heapHead + pad8(len(s))
	h.objects = append(h.objects, s)
	h.refs = append(h.refs, ref)
	le.PutUint32(ref, uint32(len(s)))
	le.PutUint32(ref[12:], uint32(len(h.objects)))
}

// Placed puts the address of the collection into all references.
func (h *HeapCollection) Placed(addr uint64) {
	for _, r := range h.refs {
		le.PutUint64(r[4:], addr)
	}
}

// Size is the number of bytes of the collection.
func (h *HeapCollection) Size() int { return max(h.used, minCollection) }

// Encode gives the collection.
func (h *HeapCollection) Encode() []byte {
	size := h.Size()
	b := append(make([]byte, 0, size), "GCOL\x01\x00\x00\x00"...)
	b = le.AppendUint64(b, uint64(size))
	for i, s := range h.objects {
		b = le.AppendUint16(b, uint16(i+1))
		b = le.AppendUint16(b, 1) // references
		b = le.AppendUint32(b, 0)
		b = le.AppendUint64(b, uint64(len(s)))
		b = append(b, s...)
		b = append(b, zeros[:pad8(len(s))-len(s)]...)
	}
	if free := size - len(b); free >= heapHead {
		b = le.AppendUint64(b, 0)
		b = le.AppendUint64(b, uint64(free))
	}
	return b[:size]
}
