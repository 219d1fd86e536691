package h5lite

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/hornml/horn/h5lite/internal/format"
)

// Types to write, little-endian as all that is written. TypeString and
// TypeASCII are variable-length strings, h5py's str and its ASCII twin.
var (
	TypeInt8    = Type{format.NewInteger(1, true)}
	TypeInt16   = Type{format.NewInteger(2, true)}
	TypeInt32   = Type{format.NewInteger(4, true)}
	TypeInt64   = Type{format.NewInteger(8, true)}
	TypeUint8   = Type{format.NewInteger(1, false)}
	TypeUint16  = Type{format.NewInteger(2, false)}
	TypeUint32  = Type{format.NewInteger(4, false)}
	TypeUint64  = Type{format.NewInteger(8, false)}
	TypeFloat16 = Type{format.NewFloat(2)}
	TypeFloat32 = Type{format.NewFloat(4)}
	TypeFloat64 = Type{format.NewFloat(8)}
	TypeBool    = Type{format.NewBool()}
	TypeString  = Type{format.NewVlenString(1)}
	TypeASCII   = Type{format.NewVlenString(0)}
)

// FixedString is the type of strings of n bytes, padded with NULs, as numpy's
// "|S8"; utf8 declares their character set.
func FixedString(n int, utf8 bool) Type {
	charset := uint8(0)
	if utf8 {
		charset = 1
	}
	return Type{format.NewString(uint32(n), charset)}
}

// OpaqueType is the type of values of n bytes, with a description of at most 247
// bytes.
func OpaqueType(n int, tag string) Type {
	return Type{format.NewOpaque(uint32(n), tag)}
}

// ParseType gives the type that numpy writes so: "<f4", "|i1", "|b1", "|S8",
// "|V2", or "str". Numbers of more than one byte have to be little-endian.
func ParseType(name string) (Type, error) {
	for _, t := range []Type{TypeInt8, TypeInt16, TypeInt32, TypeInt64, TypeUint8, TypeUint16, TypeUint32, TypeUint64,
		TypeFloat16, TypeFloat32, TypeFloat64, TypeBool, TypeString} {
		if t.NumpyName() == name {
			return t, nil
		}
	}
	if kind, digits := name[:min(2, len(name))], name[min(2, len(name)):]; kind == "|S" || kind == "|V" {
		if n, err := strconv.Atoi(digits); err == nil && n > 0 && n < math.MaxInt32 && !strings.HasPrefix(digits, "+") {
			if kind == "|S" {
				return FixedString(n, false), nil
			}
			return OpaqueType(n, ""), nil
		}
	}
	return Type{}, fmt.Errorf("h5lite: %q is not a type that can be written", name)
}

// writable says why values of the type cannot be written, "" if they can.
func (t Type) writable() string {
	switch {
	case t.t == nil:
		return "no type given"
	case t.BigEndian():
		return "big-endian types are not written"
	case t.t.Class == format.ClassOpaque && len(t.t.Tag) > 247:
		return "the tag has more than 247 bytes"
	case t.t.Class == format.ClassBitfield, t.t.Class == format.ClassEnum && !t.IsBool():
		return "values of the type " + t.Class().String() + " are not written"
	case t.Size() <= 0:
		return "a type of 0 bytes"
	}
	return t.unsupported()
}

// typeOf gives the type that a slice or a single value is written as.
func typeOf(data any) (Type, bool) {
	switch data.(type) {
	case int8, []int8:
		return TypeInt8, true
	case int16, []int16:
		return TypeInt16, true
	case int32, []int32:
		return TypeInt32, true
	case int64, []int64:
		return TypeInt64, true
	case uint8, []uint8:
		return TypeUint8, true
	case uint16, []uint16:
		return TypeUint16, true
	case uint32, []uint32:
		return TypeUint32, true
	case uint64, []uint64:
		return TypeUint64, true
	case Float16, []Float16:
		return TypeFloat16, true
	case float32, []float32:
		return TypeFloat32, true
	case float64, []float64:
		return TypeFloat64, true
	case bool, []bool:
		return TypeBool, true
	case string, []string:
		return TypeString, true
	}
	return Type{}, false
}

// asSlice turns a single value into a slice of one.
func asSlice(data any) any {
	switch v := data.(type) {
	case int8:
		return []int8{v}
	case int16:
		return []int16{v}
	case int32:
		return []int32{v}
	case int64:
		return []int64{v}
	case uint8:
		return []uint8{v}
	case uint16:
		return []uint16{v}
	case uint32:
		return []uint32{v}
	case uint64:
		return []uint64{v}
	case Float16:
		return []Float16{v}
	case float32:
		return []float32{v}
	case float64:
		return []float64{v}
	case bool:
		return []bool{v}
	case string:
		return []string{v}
	}
	return data
}

// written is the type as it is written: variable-length strings of a file with
// short addresses get the usual size.
func (t Type) written() Type {
	if t.IsVariable() {
		return Type{format.NewVlenString(t.t.CharSet)}
	}
	return t
}

// As gives data another type than the one that follows from their Go type:
// []string as [FixedString] or [TypeASCII], []byte as an [OpaqueType], nil as a
// null dataspace of any type.
func As(t Type, data any) Typed { return Typed{t, data} }

// Typed are data with a type; see [As].
type Typed struct {
	Type Type
	Data any
}
