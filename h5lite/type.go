package h5lite

import (
	"fmt"
	"math"

	"github.com/hornml/horn/h5lite/internal/format"
)

// Class is the class of a [Type], by the names of the HDF5 specification.
type Class uint8

// The classes of types.
const (
	Integer Class = iota
	Float
	Time
	String
	Bitfield
	Opaque
	Compound
	Reference
	Enum
	Sequence // variable-length; variable-length strings are of class String
	Array
	Complex
)

// String gives the class in words.
func (c Class) String() string {
	names := [...]string{"integer", "float", "time", "string", "bitfield", "opaque", "compound", "reference",
		"enum", "variable-length sequence", "array", "complex"}
	if int(c) < len(names) {
		return names[c]
	}
	return fmt.Sprintf("class %d", uint8(c))
}

// Type is the type of an element, as the file has it.
type Type struct {
	t *format.Datatype
}

// Class is the class of the type.
func (t Type) Class() Class {
	if t.t.Class == format.ClassVlen && t.t.VlenString {
		return String
	}
	return Class(t.t.Class)
}

// Size is the number of bytes of an element in the file. A variable-length
// string has the size of its place in a heap, 16 in most files.
func (t Type) Size() int { return int(min(t.t.Size, math.MaxInt32)) }

// BigEndian reports whether the most significant byte of a number comes first.
func (t Type) BigEndian() bool { return t.t.BigEndian && t.t.Size > 1 }

// Signed reports whether integers have a sign.
func (t Type) Signed() bool { return t.t.Signed }

// IsBool reports whether the type is h5py's boolean: an enum of FALSE and TRUE
// over one byte.
func (t Type) IsBool() bool { return t.t.IsBool() }

// IsVariable reports whether the type is a variable-length string.
func (t Type) IsVariable() bool { return t.t.Class == format.ClassVlen && t.t.VlenString }

// UTF8 reports whether strings are declared as UTF-8; else they are ASCII.
func (t Type) UTF8() bool { return t.t.CharSet == 1 }

// Padding tells how fixed strings end: 0 with a NUL, 1 padded with NULs, 2
// padded with spaces.
func (t Type) Padding() int { return int(t.t.Padding) }

// Tag describes an opaque type in its writer's words.
func (t Type) Tag() string { return t.t.Tag }

// EnumNames gives the names of an enum's values, in the order of the file.
func (t Type) EnumNames() []string {
	names := make([]string, len(t.t.Members))
	for i, m := range t.t.Members {
		names[i] = m.Name
	}
	return names
}

// NumpyName is the type as numpy writes it: "<f4", ">i2", "|b1" for a boolean,
// "|S8" for a fixed string, "|V2" for opaque bytes; "str" for variable-length
// strings. An enum has the name of its integers. Types without values here have
// their class in words, such as "compound".
func (t Type) NumpyName() string {
	order := "<"
	if t.t.BigEndian {
		order = ">"
	}
	if t.t.Size == 1 {
		order = "|"
	}
	switch t.Class() {
	case Integer, Enum:
		if t.IsBool() {
			return "|b1"
		}
		if t.Signed() {
			return fmt.Sprintf("%si%d", order, t.t.Size)
		}
		return fmt.Sprintf("%su%d", order, t.t.Size)
	case Bitfield:
		return fmt.Sprintf("%su%d", order, t.t.Size)
	case Float:
		return fmt.Sprintf("%sf%d", order, t.t.Size)
	case String:
		if t.IsVariable() {
			return "str"
		}
		return fmt.Sprintf("|S%d", t.t.Size)
	case Opaque:
		return fmt.Sprintf("|V%d", t.t.Size)
	}
	return t.Class().String()
}

// String is the same as [Type.NumpyName].
func (t Type) String() string { return t.NumpyName() }

// unsupported says why values of the type cannot be read, "" if they can.
func (t Type) unsupported() string {
	f := t.t
	if f.Class == format.ClassEnum {
		f = f.Base
	}
	switch f.Class {
	case format.ClassInteger, format.ClassBitfield:
		if !f.IsPlain() {
			return fmt.Sprintf("%v of %d bytes with %d bits at bit %d", t.Class(), f.Size, f.Precision, f.BitOffset)
		}
	case format.ClassFloat:
		if f.Vax {
			return "floating-point numbers in VAX byte order"
		}
		if !f.IsIEEE() {
			return fmt.Sprintf("floating-point format other than IEEE 16, 32 and 64: %d bytes, exponent of %d bits, mantissa of %d", f.Size,
				f.ExpSize, f.MantSize)
		}
	case format.ClassString, format.ClassOpaque:
	default:
		if !t.IsVariable() {
			return "values of the type " + t.Class().String()
		}
	}
	return ""
}
