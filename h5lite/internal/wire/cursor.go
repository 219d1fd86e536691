package wire

import (
	"encoding/binary"
	"math"
)

// Undefined is the address that means "nothing is there" (HDF5 File Format
// Specification, I.A): all bits set, whatever the size of the file's addresses.
const Undefined = math.MaxUint64

// Sizes are the widths of the addresses and lengths of a file, in bytes.
type Sizes struct {
	Offset, Length int
}

// Cursor walks over the bytes of one structure. The first read beyond the end
// sets an error that sticks; from then on every read gives zero, so that a
// structure reads as a plain list of its fields with one check at its end.
type Cursor struct {
	b     []byte
	pos   int
	off   int64
	what  string
	sizes Sizes
	err   error
}

// NewCursor gives a cursor over b, which starts at the given offset of the file.
func NewCursor(b []byte, offset int64, what string, sizes Sizes) *Cursor {
	return &Cursor{b: b, off: offset, what: what, sizes: sizes}
}

// Err is the first error that occurred.
//
//go:noinline
func (c *Cursor) Err() error { return c.err }

// Offset is the place in the file of the next byte.
func (c *Cursor) Offset() int64 { return c.off + int64(c.pos) }

// Pos is the number of bytes read so far.
func (c *Cursor) Pos() int { return c.pos }

// Len is the number of bytes left.
func (c *Cursor) Len() int { return len(c.b) - c.pos }

// Sizes are the widths of addresses and lengths.
func (c *Cursor) Sizes() Sizes { return c.sizes }

// SetSizes changes the widths: a superblock tells them in its middle.
func (c *Cursor) SetSizes(s Sizes) { c.sizes = s }

// Structure is the name of what is read.
func (c *Cursor) Structure() string { return c.what }

// Fail records a format error at the structure's start and returns it.
func (c *Cursor) Fail(format string, args ...any) error {
	return c.FailWith(Errorf(c.off, c.what, format, args...))
}

// Unsupported records that the structure is of a kind that is not read.
func (c *Cursor) Unsupported(format string, args ...any) error {
	return c.FailWith(Unsupportedf(c.off, c.what, format, args...))
}

// FailWith records err, unless there is an error already, and returns the first.
func (c *Cursor) FailWith(err error) error {
	if c.err == nil {
		c.err = err
	}
	c.pos = len(c.b)
	return c.err
}

// Bytes gives the next n bytes, without a copy.
func (c *Cursor) Bytes(n int) []byte {
	if n < 0 || n > c.Len() {
		if c.err == nil {
			c.Fail("needs %d bytes at %d, %d are left", n, c.pos, c.Len())
		}
		return nil
	}
	b := c.b[c.pos : c.pos+n : c.pos+n]
	c.pos += n
	return b
}

// Rest gives all bytes that are left.
func (c *Cursor) Rest() []byte { return c.Bytes(c.Len()) }

// Skip passes over n bytes.
//
//go:noinline
func (c *Cursor) Skip(n int) { c.Bytes(n) }

// Align passes over bytes up to the next multiple of n from the start.
func (c *Cursor) Align(n int) {
	if r := c.pos % n; r != 0 {
		c.Skip(n - r)
	}
}

// Sub gives a cursor over the next n bytes and passes over them.
func (c *Cursor) Sub(n int, what string) *Cursor {
	off := c.Offset()
	b := c.Bytes(n)
	return &Cursor{b: b, off: off, what: what, sizes: c.sizes, err: c.err}
}

// U8 reads one byte.
//
//go:noinline
func (c *Cursor) U8() uint8 {
	if b := c.Bytes(1); b != nil {
		return b[0]
	}
	return 0
}

// U16 reads two bytes, little-endian as all numbers of the format.
//
//go:noinline
func (c *Cursor) U16() uint16 {
	if b := c.Bytes(2); b != nil {
		return binary.LittleEndian.Uint16(b)
	}
	return 0
}

// U32 reads four bytes.
//
//go:noinline
func (c *Cursor) U32() uint32 {
	if b := c.Bytes(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

// U64 reads eight bytes.
func (c *Cursor) U64() uint64 {
	if b := c.Bytes(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// Uint reads a number of 0 to 8 bytes.
func (c *Cursor) Uint(width int) uint64 {
	if width < 0 || width > 8 {
		c.Fail("a number of %d bytes", width)
		return 0
	}
	var v uint64
	for i, x := range c.Bytes(width) {
		v |= uint64(x) << (8 * i)
	}
	return v
}

// Addr reads an address; all bits set gives [Undefined].
func (c *Cursor) Addr() uint64 {
	v := c.Uint(c.sizes.Offset)
	if w := c.sizes.Offset; w < 8 && v == 1<<(8*w)-1 {
		return Undefined
	}
	return v
}

// Length reads a length.
//
//go:noinline
func (c *Cursor) Length() uint64 { return c.Uint(c.sizes.Length) }

// Signature checks the four letters that a structure starts with.
func (c *Cursor) Signature(want string) {
	if b := c.Bytes(len(want)); b != nil && string(b) != want {
		c.Fail("signature %q, want %q", b, want)
	}
}

// Version reads a version number that must be one of want.
func (c *Cursor) Version(want ...uint8) uint8 {
	v := c.U8()
	if c.err != nil {
		return 0
	}
	for _, w := range want {
		if v == w {
			return v
		}
	}
	c.Fail("version %d is not one of %v", v, want)
	return 0
}

// Checksum compares the 4 bytes that follow with the checksum of all bytes read
// so far (HDF5's "lookup3").
func (c *Cursor) Checksum() {
	if c.err != nil {
		return
	}
	sum := Lookup3(c.b[:c.pos])
	if got := c.U32(); c.err == nil && got != sum {
		c.Fail("checksum is %#08x, the content has %#08x", got, sum)
	}
}
