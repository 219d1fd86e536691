package format

import "github.com/hornml/horn/h5lite/internal/wire"

// globalHeap is a collection of variable-length values (HDF5 File Format
// Specification, III.E).
type globalHeap struct {
	data    []byte
	offset  int64
	objects map[uint16]heapRange
}

type heapRange struct{ at, size int }

// keptHeaps is how many bytes of collections stay in memory: strings of one
// dataset come from neighbouring collections, over and over.
const keptHeaps = 16 << 20

// GlobalHeapObject gives the bytes of an object of the collection at addr,
// without a copy.
func (f *File) GlobalHeapObject(addr uint64, index uint32) ([]byte, error) {
	h, err := f.globalHeap(addr)
	if err != nil {
		return nil, err
	}
	if index == 0 || index > 0xffff {
		return nil, wire.Errorf(h.offset, "global heap collection", "object index %d", index)
	}
	r, ok := h.objects[uint16(index)]
	if !ok {
		return nil, wire.Errorf(h.offset, "global heap collection", "has no object %d", index)
	}
	return h.data[r.at : r.at+r.size], nil
}

func (f *File) globalHeap(addr uint64) (*globalHeap, error) {
	f.mu.Lock()
	h := f.heaps[addr]
	f.mu.Unlock()
	if h != nil {
		return h, nil
	}
	h, err := f.readGlobalHeap(addr)
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	total := len(h.data)
	for _, o := range f.heaps {
		total += len(o.data)
	}
	if total > keptHeaps || len(f.heaps) > 1024 {
		clear(f.heaps)
	}
	f.heaps[addr] = h
	return h, nil
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
	if c.Err() == nil && size < head {
		c.Fail("%d bytes", size)
	}
	if err := c.Err(); err != nil {
		return nil, err
	}
	if c, err = f.Cursor(addr, size, what); err != nil {
		return nil, err
	}
	whole := *c
	h := &globalHeap{data: whole.Rest(), offset: c.Offset(), objects: map[uint16]heapRange{}}
	c.Skip(int(head))
	for c.Len() >= int(head) {
		start := c.Pos()
		index := c.U16()
		c.Skip(6)
		n := c.Length()
		c.Skip(int(head) - 8 - f.Sizes().Length)
		if index == 0 {
			// The free space counts its own header, and is the last object.
			if n > uint64(len(h.data)-start) {
				return nil, c.Fail("free space of %d bytes, %d are left", n, len(h.data)-start)
			}
			break
		}
		if n > uint64(c.Len()) {
			return nil, c.Fail("object %d of %d bytes, %d are left", index, n, c.Len())
		}
		if _, ok := h.objects[index]; ok {
			return nil, c.Fail("two objects %d", index)
		}
		h.objects[index] = heapRange{c.Pos(), int(n)}
		c.Skip(int(n))
		if r := int(n) % 8; r != 0 {
			c.Skip(min(8-r, c.Len()))
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
