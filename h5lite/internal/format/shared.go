package format

import (
	"sync"

	"github.com/hornml/horn/h5lite/internal/wire"
)

// sharedTable names the heaps of messages that many objects share (HDF5 File
// Format Specification, III.I).
type sharedTable struct {
	indexes []sharedIndex
}

type sharedIndex struct {
	types uint16 // a bit for each message type
	heap  func() (*fractalHeap, error)
}

func (f *File) readSharedTable(addr uint64, n int) (*sharedTable, error) {
	const what = "shared message table"
	if addr == wire.Undefined {
		return nil, wire.Errorf(-1, what, "the file has none")
	}
	o := f.Sizes().Offset
	c, err := f.Cursor(addr, uint64(4+n*(16+2*o)+4), what)
	if err != nil {
		return nil, err
	}
	c.Signature("SMTB")
	t := &sharedTable{}
	for range n {
		c.Version(0)
		c.U8() // list or B-tree: neither is needed for reading
		types := c.U16()
		c.Skip(4 + 2 + 2 + 2)
		c.Addr()
		heap := c.Addr()
		t.indexes = append(t.indexes, sharedIndex{types, sync.OnceValues(func() (*fractalHeap, error) {
			return f.readFractalHeap(heap, addr, sharedIDLen)
		})})
	}
	c.Checksum()
	return t, c.Err()
}

// sharedHeap gives the heap that holds shared messages of a type.
func (f *File) sharedHeap(typ uint16) (*fractalHeap, error) {
	t, err := f.shared()
	if err != nil {
		return nil, err
	}
	for _, x := range t.indexes {
		if x.types>>typ&1 != 0 {
			return x.heap()
		}
	}
	return nil, wire.Errorf(-1, "shared message table", "has no index for %ss", messageNames[typ])
}

// message gives the content of a message, which may lie elsewhere.
func (f *File) message(m *Message) (*wire.Cursor, error) {
	c := m.cursor(f)
	if m.Flags&flagShared == 0 {
		return c, nil
	}
	return f.sharedMessage(c, m.Type)
}

// sharedMessage follows a shared message (IV.A.2, "shared message").
func (f *File) sharedMessage(c *wire.Cursor, typ uint16) (*wire.Cursor, error) {
	version := c.Version(1, 2, 3)
	kind := c.U8()
	if version == 1 {
		c.Skip(6)
	}
	if version == 3 && kind == 1 {
		id := c.Bytes(sharedIDLen)
		if err := c.Err(); err != nil {
			return nil, err
		}
		heap, err := f.sharedHeap(typ)
		if err != nil {
			return nil, err
		}
		b, err := heap.object(id)
		if err != nil {
			return nil, err
		}
		return wire.NewCursor(b, c.Offset()-8, messageNames[typ], f.Sizes()), nil
	}
	if c.Err() == nil && (version < 3 && kind != 0 && kind != 2 || version == 3 && kind != 2) {
		c.Fail("shared message type %d", kind)
	}
	addr := c.Addr()
	if err := c.Err(); err != nil {
		return nil, err
	}
	h, err := f.ReadHeader(addr)
	if err != nil {
		return nil, err
	}
	m, err := h.Find(f, typ)
	if err != nil {
		return nil, err
	}
	if m == nil || m.Flags&flagShared != 0 {
		return nil, wire.Errorf(c.Offset(), "shared message", "the object at %d has no %s", f.FileOffset(addr), messageNames[typ])
	}
	return m.cursor(f), nil
}
