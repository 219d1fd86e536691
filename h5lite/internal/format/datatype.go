package format

import (
	"bytes"
	"encoding/binary"

	"github.com/hornml/horn/h5lite/internal/wire"
)

var le = binary.LittleEndian

// Class is the class of a datatype (HDF5 File Format Specification, IV.A.2.d).
type Class uint8

// The classes of datatypes.
const (
	ClassInteger Class = iota
	ClassFloat
	ClassTime
	ClassString
	ClassBitfield
	ClassOpaque
	ClassCompound
	ClassReference
	ClassEnum
	ClassVlen
	ClassArray
	ClassComplex
	classEnd
)

// Datatype is the type of an element. Compound, reference, array and complex
// types and sequences are known by class and size only: none of their values
// is read, so their members cannot hurt.
type Datatype struct {
	Class     Class
	Size      uint32
	BigEndian bool
	Signed    bool
	Vax       bool

	BitOffset, Precision       uint16 // of integers, bitfields and floats
	Sign, ExpAt, ExpSize       uint8
	MantAt, MantSize, MantNorm uint8
	Bias                       uint32

	VlenString bool
	Padding    uint8 // 0 null-terminated, 1 null-padded, 2 space-padded
	CharSet    uint8 // 0 ASCII, 1 UTF-8
	Tag        string

	Base    *Datatype // of an enum
	Members []EnumMember
}

// EnumMember is one name of an enum, with its value in the base type's bytes.
type EnumMember struct {
	Name  string
	Value []byte
}

// readDatatype decodes versions 1 to 5.
func readDatatype(c *wire.Cursor) (*Datatype, error) {
	head := c.U8()
	bits := c.Uint(3)
	t := &Datatype{Class: Class(head & 15), Size: c.U32()}
	version := head >> 4
	if c.Err() == nil {
		switch {
		case version < 1 || version > 5:
			c.Fail("datatype version %d", version)
		case t.Class >= classEnd:
			c.Fail("datatype class %d", t.Class)
		case t.Size == 0:
			c.Fail("a type of 0 bytes (class %d)", t.Class)
		}
	}
	t.BigEndian = bits&1 != 0
	switch t.Class {
	case ClassInteger, ClassBitfield:
		t.Signed = t.Class == ClassInteger && bits&8 != 0
		t.BitOffset, t.Precision = c.U16(), c.U16()
		t.checkBits(c)
	case ClassFloat:
		t.Vax = bits&0x41 == 0x41
		t.MantNorm = uint8(bits >> 4 & 3)
		t.Sign = uint8(bits >> 8)
		t.BitOffset, t.Precision = c.U16(), c.U16()
		t.ExpAt, t.ExpSize, t.MantAt, t.MantSize = c.U8(), c.U8(), c.U8(), c.U8()
		t.Bias = c.U32()
		t.checkBits(c)
		end := uint64(t.BitOffset) + uint64(t.Precision)
		if c.Err() == nil && (uint64(t.Sign) >= end || uint64(t.ExpAt)+uint64(t.ExpSize) > end ||
			uint64(t.MantAt)+uint64(t.MantSize) > end || t.ExpSize == 0 || t.MantSize == 0 || bits&0x41 == 0x40) {
			c.Fail("a float of %d bytes with sign bit %d, exponent %d+%d, mantissa %d+%d",
				t.Size, t.Sign, t.ExpAt, t.ExpSize, t.MantAt, t.MantSize)
		}
	case ClassString:
		t.setString(c, uint8(bits&15), uint8(bits>>4&15))
	case ClassOpaque:
		t.BigEndian = false
		n := int(bits & 0xff)
		if b := c.Bytes(n); b != nil {
			tag, _, _ := bytes.Cut(b, []byte{0})
			t.Tag = string(tag)
		}
	case ClassEnum:
		t.readEnum(c, version, int(bits&0xffff))
	case ClassVlen:
		t.BigEndian = false
		switch bits & 15 {
		case 0:
		case 1:
			t.VlenString = true
			t.setString(c, uint8(bits>>4&15), uint8(bits>>8&15))
			if want := 4 + c.Sizes().Offset + 4; c.Err() == nil && int(t.Size) != want {
				c.Fail("a variable-length string of %d bytes, want %d", t.Size, want)
			}
		default:
			c.Fail("variable-length type %d", bits&15)
		}
	default:
		t.BigEndian = false
	}
	return t, c.Err()
}

func (t *Datatype) checkBits(c *wire.Cursor) {
	if c.Err() == nil && (t.Precision == 0 || uint64(t.BitOffset)+uint64(t.Precision) > 8*uint64(t.Size)) {
		c.Fail("a number of %d bytes with %d bits at bit %d", t.Size, t.Precision, t.BitOffset)
	}
}

func (t *Datatype) setString(c *wire.Cursor, padding, charset uint8) {
	t.BigEndian = false
	t.Padding, t.CharSet = padding, charset
	if c.Err() == nil && (padding > 2 || charset > 1) {
		c.Fail("a string with padding %d and character set %d", padding, charset)
	}
}

// readEnum reads the base type, the names, then the values.
func (t *Datatype) readEnum(c *wire.Cursor, version uint8, n int) {
	base, err := readEnumBase(c)
	if err != nil {
		c.FailWith(err)
		return
	}
	if base.Class != ClassInteger || base.Size != t.Size {
		c.Fail("an enum of %d bytes over class %d of %d bytes", t.Size, base.Class, base.Size)
		return
	}
	t.Base, t.BigEndian, t.Signed = base, base.BigEndian, base.Signed
	if n > c.Len()/(1+int(base.Size)) {
		c.Fail("an enum of %d members in %d bytes", n, c.Len())
		return
	}
	t.Members = make([]EnumMember, n)
	for i := range t.Members {
		start := c.Pos()
		t.Members[i].Name = cString(c)
		if version < 3 {
			if r := (c.Pos() - start) % 8; r != 0 {
				c.Skip(8 - r)
			}
		}
	}
	for i := range t.Members {
		t.Members[i].Value = c.Bytes(int(base.Size))
	}
}

// readEnumBase reads the type that an enum stands on. It must be an integer,
// so types never nest deeper than this.
func readEnumBase(c *wire.Cursor) (*Datatype, error) {
	peek := *c
	if class := Class(peek.U8() & 15); peek.Err() == nil && class != ClassInteger {
		return nil, c.Fail("an enum over class %d, not an integer", class)
	}
	return readDatatype(c)
}

// cString reads a string up to its NUL.
func cString(c *wire.Cursor) string {
	peek := *c
	b := peek.Rest()
	i := bytes.IndexByte(b, 0)
	if i < 0 {
		c.Fail("a name without its NUL")
		return ""
	}
	c.Skip(i + 1)
	return string(b[:i])
}

// IsBool reports whether the type is the enum that h5py stores booleans as.
//
//go:noinline
func (t *Datatype) IsBool() bool {
	if t.Class != ClassEnum || t.Size != 1 || len(t.Members) != 2 {
		return false
	}
	a, b := t.Members[0], t.Members[1]
	if a.Name != "FALSE" {
		a, b = b, a
	}
	return a.Name == "FALSE" && a.Value[0] == 0 && b.Name == "TRUE" && b.Value[0] == 1
}

// IsIEEE reports whether a float is one of IEEE 754's binary16, 32 and 64.
func (t *Datatype) IsIEEE() bool {
	if t.Class != ClassFloat || t.Vax || t.BitOffset != 0 || uint32(t.Precision) != 8*t.Size || t.MantNorm != 2 || t.MantAt != 0 {
		return false
	}
	is := func(sign, exp, mant uint8, bias uint32) bool {
		return t.Sign == sign && t.ExpAt == mant && t.ExpSize == exp && t.MantSize == mant && t.Bias == bias
	}
	switch t.Size {
	case 2:
		return is(15, 5, 10, 15)
	case 4:
		return is(31, 8, 23, 127)
	case 8:
		return is(63, 11, 52, 1023)
	}
	return false
}

// IsPlain reports whether an integer or bitfield has 1, 2, 4 or 8 bytes and
// uses every bit of them.
func (t *Datatype) IsPlain() bool {
	if t.Size != 1 && t.Size != 2 && t.Size != 4 && t.Size != 8 {
		return false
	}
	return t.BitOffset == 0 && uint32(t.Precision) == 8*t.Size
}

// NewInteger makes the type of an integer of 1, 2, 4 or 8 bytes.
func NewInteger(size uint32, signed bool) *Datatype {
	return &Datatype{Class: ClassInteger, Size: size, Signed: signed, Precision: uint16(8 * size)}
}

// NewFloat makes the type of an IEEE float of 2, 4 or 8 bytes.
func NewFloat(size uint32) *Datatype {
	t := &Datatype{Class: ClassFloat, Size: size, Precision: uint16(8 * size), Sign: uint8(8*size - 1), MantNorm: 2}
	switch size {
	case 2:
		t.ExpSize, t.MantSize, t.Bias = 5, 10, 15
	case 4:
		t.ExpSize, t.MantSize, t.Bias = 8, 23, 127
	case 8:
		t.ExpSize, t.MantSize, t.Bias = 11, 52, 1023
	}
	t.ExpAt = t.MantSize
	return t
}

// NewBool makes the enum that h5py stores booleans as.
func NewBool() *Datatype {
	return &Datatype{Class: ClassEnum, Size: 1, Signed: true, Base: NewInteger(1, true),
		Members: []EnumMember{{"FALSE", []byte{0}}, {"TRUE", []byte{1}}}}
}

// NewString makes the type of strings of size bytes, padded with NULs.
func NewString(size uint32, charset uint8) *Datatype {
	return &Datatype{Class: ClassString, Size: size, Padding: 1, CharSet: charset}
}

// NewVlenString makes the type of variable-length strings.
func NewVlenString(charset uint8) *Datatype {
	return &Datatype{Class: ClassVlen, Size: 16, VlenString: true, CharSet: charset}
}

// NewOpaque makes the type of values that are bytes.
func NewOpaque(size uint32, tag string) *Datatype {
	return &Datatype{Class: ClassOpaque, Size: size, Tag: tag}
}

// Encode gives version 1 of the types that the functions above make.
func (t *Datatype) Encode() []byte {
	var bits uint32
	var props []byte
	if t.BigEndian {
		bits |= 1
	}
	switch t.Class {
	case ClassInteger:
		if t.Signed {
			bits |= 8
		}
		props = le.AppendUint16(props, t.BitOffset)
		props = le.AppendUint16(props, t.Precision)
	case ClassFloat:
		bits |= uint32(t.MantNorm)<<4 | uint32(t.Sign)<<8
		props = le.AppendUint16(props, t.BitOffset)
		props = le.AppendUint16(props, t.Precision)
		props = append(props, t.ExpAt, t.ExpSize, t.MantAt, t.MantSize)
		props = le.AppendUint32(props, t.Bias)
	case ClassString:
		bits = uint32(t.Padding) | uint32(t.CharSet)<<4
	case ClassOpaque:
		props = append8(nil, []byte(t.Tag))
		bits = uint32(len(props))
	case ClassEnum:
		bits = uint32(len(t.Members))
		props = t.Base.Encode()
		for _, m := range t.Members {
			props = append8(props, append([]byte(m.Name), 0))
		}
		for _, m := range t.Members {
			props = append(props, m.Value...)
		}
	case ClassVlen:
		bits = 1 | uint32(t.Padding)<<4 | uint32(t.CharSet)<<8
		props = NewInteger(1, false).Encode()
	}
	b := le.AppendUint32(nil, bits<<8|1<<4|uint32(t.Class))
	b = le.AppendUint32(b, t.Size)
	return append(b, props...)
}
