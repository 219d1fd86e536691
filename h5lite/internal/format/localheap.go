package format

import (
	"bytes"

	"github.com/hornml/horn/h5lite/internal/wire"
)

// localHeap holds the names of a symbol table group (HDF5 File Format
// Specification, III.D).
type localHeap struct {
	data   []byte
	offset int64
}

func (f *File) readLocalHeap(addr, owner uint64) (*localHeap, error) {
	const what = "local heap"
	c, err := f.Cursor(addr, uint64(8+2*f.Sizes().Length+f.Sizes().Offset), what)
	if err != nil {
		return nil, err
	}
	c.Signature("HEAP")
	c.Version(0)
	c.Skip(3)
	size := c.Length()
	free := c.Length()
	segment := c.Addr()
	if err := c.Err(); err != nil {
		return nil, err
	}
	if err := f.Check(segment, size, "local heap data segment"); err != nil {
		return nil, err
	}
	if err := f.claim(addr, size, owner, what); err != nil {
		return nil, err
	}
	data, err := f.Bytes(segment, size, "local heap data segment")
	if err != nil {
		return nil, err
	}
	h := &localHeap{data, f.FileOffset(segment)}
	return h, h.checkFree(free, f.Sizes())
}

// checkFree walks over the list of free blocks. It is of no use to a reader; but
// where it is broken the heap is damaged.
func (h *localHeap) checkFree(at uint64, sizes wire.Sizes) error {
	const what, last = "local heap free list", 1
	for steps := 0; at != last; steps++ {
		if at >= uint64(len(h.data)) || steps > len(h.data)/(2*sizes.Length) {
			return wire.Errorf(h.offset, what, "a block at %d, or a cycle, in a heap of %d bytes", at, len(h.data))
		}
		c := wire.NewCursor(h.data[at:], h.offset+int64(at), what, sizes)
		next, size := c.Length(), c.Length()
		if c.Err() == nil && (size < uint64(2*sizes.Length) || size > uint64(len(h.data))-at) {
			c.Fail("a block of %d bytes at %d of %d", size, at, len(h.data))
		}
		if c.Err() != nil {
			return c.Err()
		}
		at = next
	}
	return nil
}

// name gives the string at an offset of the heap.
func (h *localHeap) name(at uint64) (string, error) {
	if at >= uint64(len(h.data)) {
		return "", wire.Errorf(h.offset, "local heap data segment", "a name at %d of %d bytes", at, len(h.data))
	}
	b := h.data[at:]
	i := bytes.IndexByte(b, 0)
	if i < 0 {
		return "", wire.Errorf(h.offset+int64(at), "local heap data segment", "a name without its NUL")
	}
	return string(b[:i]), nil
}

// LocalHeapSize is the size of a local heap's header.
const LocalHeapSize = 32

// LocalHeap collects the names of a group that is written.
type LocalHeap struct {
	Data []byte
}

// NewLocalHeap makes a heap that holds the empty name, at 0.
func NewLocalHeap() *LocalHeap { return &LocalHeap{make([]byte, 8)} }

// Add keeps a name and gives its place.
func (h *LocalHeap) Add(name string) uint64 {
	at := len(h.Data)
	h.Data = append8(h.Data, append([]byte(name), 0))
	return uint64(at)
}

// Encode gives the header of a heap without free space, for data at an address.
func (h *LocalHeap) Encode(data uint64) []byte {
	b := append([]byte("HEAP"), 0, 0, 0, 0)
	b = le.AppendUint64(b, uint64(len(h.Data)))
	b = le.AppendUint64(b, 1) // no free block
	return le.AppendUint64(b, data)
}
