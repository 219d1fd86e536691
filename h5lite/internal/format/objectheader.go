package format

import (
	"github.com/hornml/horn/h5lite/internal/wire"
)

// Header message types (HDF5 File Format Specification, IV.A.2).
const (
	MsgNil            = 0x00
	MsgDataspace      = 0x01
	MsgLinkInfo       = 0x02
	MsgDatatype       = 0x03
	MsgFillValueOld   = 0x04
	MsgFillValue      = 0x05
	MsgLink           = 0x06
	MsgExternalFiles  = 0x07
	MsgLayout         = 0x08
	MsgBogus          = 0x09
	MsgGroupInfo      = 0x0A
	MsgFilterPipeline = 0x0B
	MsgAttribute      = 0x0C
	MsgComment        = 0x0D
	MsgModTimeOld     = 0x0E
	MsgSharedTable    = 0x0F
	MsgContinuation   = 0x10
	MsgSymbolTable    = 0x11
	MsgModTime        = 0x12
	MsgBTreeK         = 0x13
	MsgDriverInfo     = 0x14
	MsgAttributeInfo  = 0x15
	MsgRefCount       = 0x16
	MsgFileSpace      = 0x17
	MsgCacheImage     = 0x18
	msgEnd            = 0x19
)

// messageNames are what errors call the messages.
var messageNames = [msgEnd]string{
	"nil message", "dataspace message", "link info message", "datatype message", "old fill value message",
	"fill value message", "link message", "external files message", "data layout message", "bogus message",
	"group info message", "filter pipeline message", "attribute message", "object comment message",
	"old modification time message", "shared message table message", "continuation message", "symbol table message",
	"modification time message", "B-tree K values message", "driver info message", "attribute info message",
	"reference count message", "file space info message", "metadata cache image message",
}

// Flags of a header message (IV.A.1.a).
const (
	flagShared     = 1 << 1
	flagFailAlways = 1 << 7 // if the type of the message is not known
)

// Message is one header message.
type Message struct {
	Type   uint16
	Flags  uint8
	Data   []byte
	Offset int64 // of Data in the file
}

// Header is an object header with all its continuation blocks.
type Header struct {
	Addr     uint64
	Version  uint8
	Messages []Message
}

func (m *Message) name() string {
	if m.Type < msgEnd {
		return messageNames[m.Type]
	}
	return "header message"
}

func (m *Message) cursor(f *File) *wire.Cursor {
	return wire.NewCursor(m.Data, m.Offset, m.name(), f.Sizes())
}

// Find gives the only message of a type, nil if there is none.
func (h *Header) Find(f *File, typ uint16) (*Message, error) {
	var found *Message
	for i := range h.Messages {
		if h.Messages[i].Type == typ {
			if found != nil {
				return nil, wire.Errorf(h.Messages[i].Offset, h.Messages[i].name(), "the object at %d has a second one", f.FileOffset(h.Addr))
			}
			found = &h.Messages[i]
		}
	}
	return found, nil
}

// Has reports whether there is a message of a type.
func (h *Header) Has(typ uint16) bool {
	for i := range h.Messages {
		if h.Messages[i].Type == typ {
			return true
		}
	}
	return false
}

// headerReader collects the messages of one object header.
type headerReader struct {
	f       *File
	h       *Header
	pending []block // continuation blocks still to read
	seen    map[uint64]bool
	bytes   uint64
	order   bool // messages carry their creation order
	count   int  // messages met, nil and continuation included
}

type block struct{ addr, size uint64 }

// ReadHeader reads the object header at addr, version 1 or 2 (IV.A.1).
func (f *File) ReadHeader(addr uint64) (*Header, error) {
	const what = "object header"
	head := min(uint64(16), f.Size()-min(addr, f.Size()))
	if err := f.Check(addr, max(head, 6), what); err != nil {
		return nil, err
	}
	c, err := f.Cursor(addr, head, what)
	if err != nil {
		return nil, err
	}
	r := &headerReader{f: f, h: &Header{Addr: addr}}
	if b := c.Bytes(4); string(b) == "OHDR" {
		return r.version2()
	}
	return r.version1()
}

// version1 reads a version 1 object header (IV.A.1.a).
func (r *headerReader) version1() (*Header, error) {
	const what = "object header"
	c, err := r.f.Cursor(r.h.Addr, 16, what)
	if err != nil {
		return nil, err
	}
	if r.h.Version = c.U8(); r.h.Version != 1 {
		return nil, c.Fail("starts with neither version 1 nor the signature \"OHDR\", but with %d", r.h.Version)
	}
	c.Skip(1)
	declared := int(c.U16())
	c.U32() // references
	size := uint64(c.U32())
	if err := c.Err(); err != nil {
		return nil, err
	}
	if size < 8 && declared > 0 {
		return nil, c.Fail("%d bytes for %d messages", size, declared)
	}
	r.pending = append(r.pending, block{r.h.Addr + 16, size})
	for i := 0; i < len(r.pending); i++ {
		c, err := r.block(r.pending[i], what)
		if err != nil {
			return nil, err
		}
		for c.Len() > 0 && c.Err() == nil {
			var m Message
			m.Type = c.U16()
			n := int(c.U16())
			m.Flags = c.U8()
			c.Skip(3)
			m.Offset = c.Offset()
			if n%8 != 0 {
				c.Fail("a message of %d bytes, not a multiple of 8", n)
			}
			m.Data = c.Bytes(n)
			if err := c.Err(); err != nil {
				return nil, err
			}
			if err := r.add(m); err != nil {
				return nil, err
			}
		}
		if err := c.Err(); err != nil {
			return nil, err
		}
	}
	if r.count != declared {
		return nil, c.Fail("declares %d messages, has %d", declared, r.count)
	}
	return r.h, nil
}

// version2 reads a version 2 object header (IV.A.1.b).
func (r *headerReader) version2() (*Header, error) {
	const what = "object header"
	avail := r.f.Size() - r.h.Addr
	c, err := r.f.Cursor(r.h.Addr, min(avail, 34), what)
	if err != nil {
		return nil, err
	}
	c.Signature("OHDR")
	r.h.Version = c.Version(2)
	flags := c.U8()
	if c.Err() == nil && flags&0xC0 != 0 {
		c.Fail("reserved flags in %#02x", flags)
	}
	if flags&0x20 != 0 {
		c.Skip(16) // times
	}
	if flags&0x10 != 0 {
		c.Skip(4) // when attributes move to dense storage
	}
	size := c.Uint(1 << (flags & 3))
	if err := c.Err(); err != nil {
		return nil, err
	}
	r.order = flags&4 != 0
	prefix := uint64(c.Pos())
	if size > avail || prefix+size+4 > avail {
		return nil, c.Fail("%d bytes of messages, the file has %d", size, avail-prefix)
	}
	if c, err = r.block(block{r.h.Addr, prefix + size + 4}, what); err != nil {
		return nil, err
	}
	if err := r.messages2(c, int(prefix)); err != nil {
		return nil, err
	}
	for i := 0; i < len(r.pending); i++ {
		const what = "object header continuation"
		if r.pending[i].size < 8 {
			return nil, wire.Errorf(r.f.FileOffset(r.pending[i].addr), what, "%d bytes", r.pending[i].size)
		}
		c, err := r.block(r.pending[i], what)
		if err != nil {
			return nil, err
		}
		if err := r.messages2(c, 4); err != nil {
			return nil, err
		}
	}
	return r.h, nil
}

// messages2 reads a block of version 2, whose messages start after prefix bytes.
func (r *headerReader) messages2(c *wire.Cursor, prefix int) error {
	if prefix == 4 {
		c.Signature("OCHK")
		if err := c.Err(); err != nil {
			return err
		}
	}
	start := *c
	c.Skip(c.Len() - 4)
	c.Checksum()
	if err := c.Err(); err != nil {
		return err
	}
	*c = start
	if prefix != 4 {
		c.Skip(prefix)
	}
	least := 4
	if r.order {
		least = 6
	}
	for c.Len()-4 >= least {
		var m Message
		m.Type = uint16(c.U8())
		n := int(c.U16())
		m.Flags = c.U8()
		if r.order {
			c.Skip(2) // creation order
		}
		m.Offset = c.Offset()
		if n > c.Len()-4 {
			return c.Fail("a message of %d bytes, %d are left", n, c.Len()-4)
		}
		m.Data = c.Bytes(n)
		if err := c.Err(); err != nil {
			return err
		}
		if err := r.add(m); err != nil {
			return err
		}
	}
	return c.Err()
}

// block reads a block of messages, and refuses to read one twice or more than
// the file can hold.
func (r *headerReader) block(b block, what string) (*wire.Cursor, error) {
	if err := r.f.Check(b.addr, b.size, what); err != nil {
		return nil, err
	}
	if r.seen[b.addr] {
		return nil, wire.Errorf(r.f.FileOffset(b.addr), what, "a cycle: the block continues in one that was read already")
	}
	if r.bytes += b.size; r.bytes > r.f.Size() {
		return nil, wire.Errorf(r.f.FileOffset(b.addr), what, "its blocks overlap: %d bytes in a file of %d", r.bytes, r.f.Size())
	}
	if r.seen == nil {
		r.seen = map[uint64]bool{}
	}
	r.seen[b.addr] = true
	if err := r.f.claim(b.addr, b.size, r.h.Addr, what); err != nil {
		return nil, err
	}
	return r.f.Cursor(b.addr, b.size, what)
}

// add takes one message: remembers a continuation, refuses what must be
// understood and is not, and keeps the rest.
func (r *headerReader) add(m Message) error {
	r.count++
	switch {
	case m.Type == MsgNil:
		return nil
	case m.Type >= msgEnd:
		if m.Flags&flagFailAlways != 0 {
			return wire.Unsupportedf(m.Offset, "header message", "of unknown type %#x that must be understood", m.Type)
		}
		return nil
	case m.Type == MsgContinuation:
		c := m.cursor(r.f)
		b := block{c.Addr(), c.Length()}
		if err := c.Err(); err != nil {
			return err
		}
		if b.size == 0 {
			return c.Fail("a block of 0 bytes")
		}
		r.pending = append(r.pending, b)
		return nil
	}
	r.h.Messages = append(r.h.Messages, m)
	return nil
}

// OutMessage is a message to write.
type OutMessage struct {
	Type  uint16
	Flags uint8
	Data  []byte
}

// FlagConstant marks messages that never change, as the library does for types
// and fill values.
const FlagConstant = 1

// MaxMessage is the most bytes that one message can have, its size being a
// multiple of 8 in 16 bits.
const MaxMessage = 65528

// EncodeHeader1 gives a version 1 object header in one block.
func EncodeHeader1(messages []OutMessage) []byte {
	size := 0
	for _, m := range messages {
		size += 8 + pad8(len(m.Data))
	}
	b := make([]byte, 0, 16+size)
	b = append(b, 1, 0)
	b = le.AppendUint16(b, uint16(len(messages)))
	b = le.AppendUint32(b, 1) // references
	b = le.AppendUint32(b, uint32(size))
	b = le.AppendUint32(b, 0)
	for _, m := range messages {
		b = le.AppendUint16(b, m.Type)
		b = le.AppendUint16(b, uint16(pad8(len(m.Data))))
		b = append(b, m.Flags, 0, 0, 0)
		b = append8(b, m.Data)
	}
	return b
}

// EncodeHeader2 gives a version 2 object header in one block. Only objects with
// attributes too large for version 1 need it.
func EncodeHeader2(messages []OutMessage) []byte {
	size := 0
	for _, m := range messages {
		size += 4 + len(m.Data)
	}
	b := append(make([]byte, 0, 14+size), "OHDR\x02\x02"...)
	b = le.AppendUint32(b, uint32(size))
	for _, m := range messages {
		b = append(b, byte(m.Type))
		b = le.AppendUint16(b, uint16(len(m.Data)))
		b = append(b, m.Flags)
		b = append(b, m.Data...)
	}
	return le.AppendUint32(b, wire.Lookup3(b))
}

func pad8(n int) int { return (n + 7) &^ 7 }

// append8 appends data and zeros up to a multiple of 8 bytes.
func append8(b, data []byte) []byte {
	b = append(b, data...)
	return append(b, zeros[:pad8(len(data))-len(data)]...)
}

var zeros [8]byte
