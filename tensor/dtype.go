package tensor

import "fmt"

// DType names the element type of a tensor. The names are Keras's and NumPy's.
type DType uint8

// The element types that a Keras model can hold.
const (
	Invalid DType = iota
	Bool
	Int8
	Int16
	Int32
	Int64
	Uint8
	Uint16
	Uint32
	Uint64
	Float16
	BFloat16
	Float32
	Float64
	String
)

var dtypeNames = [...]string{
	"invalid", "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
	"float16", "bfloat16", "float32", "float64", "string",
}

var dtypeSizes = [...]int{0, 1, 1, 2, 4, 8, 1, 2, 4, 8, 2, 2, 4, 8, 16}

// String returns Keras's name of the type, such as "float32".
func (d DType) String() string {
	if int(d) < len(dtypeNames) {
		return dtypeNames[d]
	}
	return fmt.Sprintf("DType(%d)", uint8(d))
}

// Size returns the bytes of one element in memory (of the string header for String).
func (d DType) Size() int {
	if int(d) < len(dtypeSizes) {
		return dtypeSizes[d]
	}
	return 0
}

// IsFloat reports whether d is a floating-point type.
func (d DType) IsFloat() bool { return d >= Float16 && d <= Float64 }

// IsInt reports whether d is a signed or unsigned integer type (bool is not).
func (d DType) IsInt() bool { return d >= Int8 && d <= Uint64 }

// IsUnsigned reports whether d is an unsigned integer type.
func (d DType) IsUnsigned() bool { return d >= Uint8 && d <= Uint64 }

// IsHalf reports whether d is one of the two 16-bit floating-point types.
func (d DType) IsHalf() bool { return d == Float16 || d == BFloat16 }

// ParseDType returns the type with the given Keras name; "half", "float" and "double" are understood as NumPy does.
func ParseDType(name string) (DType, error) {
	switch name {
	case "half":
		return Float16, nil
	case "float":
		return Float32, nil
	case "double":
		return Float64, nil
	case "int":
		return Int32, nil
	case "str":
		return String, nil
	}
	for i := int(Bool); i < len(dtypeNames); i++ {
		if dtypeNames[i] == name {
			return DType(i), nil
		}
	}
	return Invalid, fmt.Errorf("unknown dtype %q", name)
}

// Element lists the Go types of a tensor's elements.
type Element interface {
	bool | int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64 | Half | BHalf | float32 | float64 | string
}

// DTypeOf returns the element type that stands for the Go type T.
func DTypeOf[T Element]() DType {
	var zero T
	switch any(zero).(type) {
	case bool:
		return Bool
	case int8:
		return Int8
	case int16:
		return Int16
	case int32:
		return Int32
	case int64:
		return Int64
	case uint8:
		return Uint8
	case uint16:
		return Uint16
	case uint32:
		return Uint32
	case uint64:
		return Uint64
	case Half:
		return Float16
	case BHalf:
		return BFloat16
	case float32:
		return Float32
	case float64:
		return Float64
	default:
		return String
	}
}
