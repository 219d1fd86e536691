package format

import (
	"github.com/hornml/horn/h5lite/internal/wire"
)

// Link types (HDF5 File Format Specification, IV.A.2.g).
const (
	LinkHard     = 0
	LinkSoft     = 1
	LinkExternal = 64
)

// Link is a name in a group, and what it stands for.
type Link struct {
	Name   string
	Type   uint8
	Addr   uint64 // of a hard link's object header
	Target string // of a soft link
	File   string // of an external link, with Target
}

// readLink decodes a link message.
func readLink(c *wire.Cursor) (l Link, err error) {
	c.Version(1)
	flags := c.U8()
	if c.Err() == nil && flags&0xE0 != 0 {
		c.Fail("reserved flags in %#02x", flags)
	}
	if flags&8 != 0 {
		l.Type = c.U8()
	}
	if flags&4 != 0 {
		c.Skip(8) // creation order
	}
	if flags&16 != 0 {
		if cs := c.U8(); c.Err() == nil && cs > 1 {
			c.Fail("character set %d", cs)
		}
	}
	n := c.Uint(1 << (flags & 3))
	if c.Err() == nil && (n == 0 || n > uint64(c.Len())) {
		c.Fail("a name of %d bytes, %d are left", n, c.Len())
	}
	if c.Err() != nil {
		return l, c.Err()
	}
	l.Name = string(c.Bytes(int(n)))
	switch {
	case l.Type == LinkHard:
		if l.Addr = c.Addr(); c.Err() == nil && l.Addr == wire.Undefined {
			c.Fail("the link %q has an undefined address", l.Name)
		}
	case l.Type == LinkSoft:
		n := int(c.U16())
		if c.Err() == nil && n == 0 {
			c.Fail("the soft link %q has no target", l.Name)
		}
		l.Target = string(c.Bytes(n))
	case l.Type >= LinkExternal:
		b := c.Bytes(int(c.U16()))
		if l.Type == LinkExternal && c.Err() == nil {
			e := wire.NewCursor(b, c.Offset(), "external link", c.Sizes())
			e.Version(0)
			l.File, l.Target = cString(e), cString(e)
			if e.Err() != nil {
				c.FailWith(e.Err())
			}
		}
	default:
		c.Fail("link type %d", l.Type)
	}
	return l, c.Err()
}

// readLinkInfo decodes a link info message (IV.A.2.c): where the links of a
// group with many are.
func readLinkInfo(c *wire.Cursor) (heap, names uint64, err error) {
	c.Version(0)
	flags := c.U8()
	if c.Err() == nil && flags&^3 != 0 {
		c.Fail("reserved flags in %#02x", flags)
	}
	if flags&1 != 0 {
		c.Skip(8)
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
