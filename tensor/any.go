package tensor

import "fmt"

// Any is a tensor of whatever element type: *Of[T] for a T of [Element], and nothing else.
type Any interface {
	DType() DType
	Shape() []int
	Len() int
	Rank() int
	IsContiguous() bool
	sealed()
}

func (t *Of[T]) sealed() {}

// NewAny returns zeros of the given type.
func NewAny(d DType, shape ...int) Any {
	switch d {
	case Bool:
		return Zeros[bool](shape...)
	case Int8:
		return Zeros[int8](shape...)
	case Int16:
		return Zeros[int16](shape...)
	case Int32:
		return Zeros[int32](shape...)
	case Int64:
		return Zeros[int64](shape...)
	case Uint8:
		return Zeros[uint8](shape...)
	case Uint16:
		return Zeros[uint16](shape...)
	case Uint32:
		return Zeros[uint32](shape...)
	case Uint64:
		return Zeros[uint64](shape...)
	case Float16:
		return Zeros[Half](shape...)
	case BFloat16:
		return Zeros[BHalf](shape...)
	case Float32:
		return Zeros[float32](shape...)
	case Float64:
		return Zeros[float64](shape...)
	case String:
		return Zeros[string](shape...)
	}
	panic(fmt.Sprintf("tensor: no tensor of dtype %s", d))
}

// FromAny returns a tensor over data, which must be a slice of an [Element] type. ok is false for any other value or if
// the shape does not fit.
func FromAny(data any, shape []int) (t Any, ok bool) {
	switch d := data.(type) {
	case []bool:
		return fromAny(d, shape)
	case []int8:
		return fromAny(d, shape)
	case []int16:
		return fromAny(d, shape)
	case []int32:
		return fromAny(d, shape)
	case []int64:
		return fromAny(d, shape)
	case []uint8:
		return fromAny(d, shape)
	case []uint16:
		return fromAny(d, shape)
	case []uint32:
		return fromAny(d, shape)
	case []uint64:
		return fromAny(d, shape)
	case []Half:
		return fromAny(d, shape)
	case []BHalf:
		return fromAny(d, shape)
	case []float32:
		return fromAny(d, shape)
	case []float64:
		return fromAny(d, shape)
	case []string:
		return fromAny(d, shape)
	}
	return nil, false
}

func fromAny[T Element](data []T, shape []int) (Any, bool) {
	if n, ok := SizeOf(shape); !ok || n != len(data) {
		return nil, false
	}
	if len(shape) == 0 {
		return Scalar(data[0]), true
	}
	return FromSlice(data, shape...), true
}

// AnyData returns the elements of t in C order as a slice of their Go type.
func AnyData(t Any) any {
	switch t := t.(type) {
	case *Of[bool]:
		return t.Data()
	case *Of[int8]:
		return t.Data()
	case *Of[int16]:
		return t.Data()
	case *Of[int32]:
		return t.Data()
	case *Of[int64]:
		return t.Data()
	case *Of[uint8]:
		return t.Data()
	case *Of[uint16]:
		return t.Data()
	case *Of[uint32]:
		return t.Data()
	case *Of[uint64]:
		return t.Data()
	case *Of[Half]:
		return t.Data()
	case *Of[BHalf]:
		return t.Data()
	case *Of[float32]:
		return t.Data()
	case *Of[float64]:
		return t.Data()
	case *Of[string]:
		return t.Data()
	}
	return nil
}

// ReshapeAny returns t under another shape of the same size, as [Of.Reshape] does.
func ReshapeAny(t Any, shape ...int) Any {
	r, ok := FromAny(AnyData(t), shape)
	if !ok {
		panic(fmt.Sprintf("tensor: shape %s does not reshape to %s", FormatShape(t.Shape()), FormatShape(shape)))
	}
	return r
}
