package format

import (
	"bytes"

	"github.com/hornml/horn/h5lite/internal/wire"
)

// Attribute is an attribute message (HDF5 File Format Specification, IV.A.2.m).
type Attribute struct {
	Name   string
	Type   *Datatype
	Space  *Dataspace
	Data   []byte
	Offset int64
}

// readAttribute decodes versions 1 to 3.
func (f *File) readAttribute(c *wire.Cursor) (*Attribute, error) {
	a := &Attribute{Offset: c.Offset()}
	version := c.Version(1, 2, 3)
	flags := c.U8()
	if version == 1 {
		flags = 0
	} else if c.Err() == nil && flags&^3 != 0 {
		c.Fail("reserved flags in %#02x", flags)
	}
	nameSize, typeSize, spaceSize := int(c.U16()), int(c.U16()), int(c.U16())
	if version == 3 {
		if cs := c.U8(); c.Err() == nil && cs > 1 {
			c.Fail("character set %d", cs)
		}
	}
	field := func(n int, what string) *wire.Cursor {
		s := c.Sub(n, what)
		if version == 1 && n%8 != 0 {
			c.Skip(8 - n%8)
		}
		return s
	}
	name := field(nameSize, "attribute name").Rest()
	if c.Err() == nil && nameSize == 0 {
		c.Fail("a name of 0 bytes")
	}
	if err := c.Err(); err != nil {
		return nil, err
	}
	i := bytes.IndexByte(name, 0)
	if i != nameSize-1 {
		return nil, c.Fail("a name of %d bytes with its NUL at %d", nameSize, i)
	}
	a.Name = string(name[:i])
	fail := func(err error) (*Attribute, error) {
		return a, err // the name is known: errors can carry it
	}
	tc, sc := field(typeSize, "datatype of an attribute"), field(spaceSize, "dataspace of an attribute")
	if err := c.Err(); err != nil {
		return fail(err)
	}
	var err error
	if flags&1 != 0 {
		if tc, err = f.sharedMessage(tc, MsgDatatype); err != nil {
			return fail(err)
		}
	}
	if flags&2 != 0 {
		if sc, err = f.sharedMessage(sc, MsgDataspace); err != nil {
			return fail(err)
		}
	}
	if a.Type, err = readDatatype(tc); err != nil {
		return fail(err)
	}
	if a.Space, err = readDataspace(sc); err != nil {
		return fail(err)
	}
	n := a.Space.Count
	if n > uint64(c.Len())/uint64(a.Type.Size) {
		return fail(c.Fail("the attribute %q: %d elements of %d bytes, %d bytes are left", a.Name, n, a.Type.Size, c.Len()))
	}
	a.Data = c.Bytes(int(n * uint64(a.Type.Size)))
	return a, c.Err()
}

// AttributeResult is an attribute, or why it cannot be had. With an error the
// attribute may be nil, or have no more than its name.
type AttributeResult struct {
	Attribute *Attribute
	Err       error
}

// Attributes reads all attributes of an object: those in its header, then those
// in dense storage (IV.A.2.m, IV.A.2.v). The error is of the whole list.
func (f *File) Attributes(h *Header) ([]AttributeResult, error) {
	var list []AttributeResult
	for i := range h.Messages {
		m := &h.Messages[i]
		if m.Type != MsgAttribute {
			continue
		}
		c, err := f.message(m)
		var a *Attribute
		if err == nil {
			a, err = f.readAttribute(c)
		}
		list = append(list, AttributeResult{a, err})
	}
	info, err := h.Find(f, MsgAttributeInfo)
	if err != nil || info == nil {
		return list, err
	}
	heap, names, err := readAttributeInfo(info.cursor(f))
	if err != nil || heap == wire.Undefined {
		return list, err
	}
	err = f.denseAttributes(heap, names, h.Addr, func(a *Attribute, err error) {
		list = append(list, AttributeResult{a, err})
	})
	return list, err
}

// readAttributeInfo decodes an attribute info message (IV.A.2.v).
func readAttributeInfo(c *wire.Cursor) (heap, names uint64, err error) {
	c.Version(0)
	flags := c.U8()
	if c.Err() == nil && flags&^3 != 0 {
		c.Fail("reserved flags in %#02x", flags)
	}
	if flags&1 != 0 {
		c.Skip(2)
	}
	heap, names = c.Addr(), c.Addr()
	if flags&2 != 0 {
		c.Addr()
	}
	if c.Err() == nil && (heap == wire.Undefined) != (names == wire.Undefined) {
		c.Fail("a heap without a name index, or the other way round")
	}
	return heap, names, c.Err()
}

// Encode gives version 1, or version 3 where the name is not ASCII or dense is
// set: an attribute in dense storage has no padding.
func (a *Attribute) Encode(dense bool) []byte {
	name, typ, space := append([]byte(a.Name), 0), a.Type.Encode(), a.Space.Encode()
	version, charset := byte(1), byte(0)
	for _, c := range name {
		if c >= 0x80 {
			version, charset = 3, 1
		}
	}
	if dense {
		version = 3
	}
	b := []byte{version, 0}
	for _, f := range [][]byte{name, typ, space} {
		b = le.AppendUint16(b, uint16(len(f)))
	}
	if version == 3 {
		b = append(b, charset)
	}
	for _, f := range [][]byte{name, typ, space} {
		if version == 1 {
			b = append8(b, f)
		} else {
			b = append(b, f...)
		}
	}
	return append(b, a.Data...)
}

// EncodeAttributeInfo gives the message that says where dense attributes are.
func EncodeAttributeInfo(heap, names uint64) []byte {
	b := le.AppendUint64([]byte{0, 0}, heap)
	return le.AppendUint64(b, names)
}
