package tensor

import (
	"errors"
	"fmt"
	"slices"
)

// Any is a tensor of whatever element type: *Of[T] for a T of [Element], and nothing else. Where the type matters, a type
// switch tells; where it does not, its methods and [Reshape], [Transpose] and [Concat] do the work.
type Any interface {
	DType() DType
	Shape() []int
	Len() int
	Rank() int
	IsContiguous() bool

	// Rows returns entries lo to hi of the first axis, a view of the same elements. It panics where they do not exist.
	Rows(lo, hi int) Any
	// Convert returns the tensor with its elements converted to d: itself if it has that type. Floats become integers by
	// truncation, integers wrap around. It fails between strings and numbers.
	Convert(d DType) (Any, error)

	// Float32s, Float64s and Int64s write the elements in C order, converted, into dst, which has room for all. Floats become
	// integers by truncation, bools 0 and 1. They fail for strings.
	Float32s(dst []float32) error
	Float64s(dst []float64) error
	Int64s(dst []int64) error
	// SetFloat32s, SetFloat64s and SetInt64s store src, which has Len elements, converted, in C order. Floats become integers by
	// truncation, integers wrap around, what is not 0 is true. They fail for strings.
	SetFloat32s(src []float32) error
	SetFloat64s(src []float64) error
	SetInt64s(src []int64) error

	// Raw returns the elements in C order as a slice of their Go type, for fmt, encoding/binary and the like: the tensor's own
	// memory where that is contiguous, else a copy. [FromRaw] is its inverse.
	Raw() any

	reshape(shape []int) Any
	transpose(axes []int) Any
	concat(rest []Any, shape []int) Any
}

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

// FromRaw returns a tensor over data, a slice of an [Element] type that is known only when the program runs (what a file
// held, for instance), which it takes over without a copy. It fails for any other value and where the shape, empty for a
// scalar, does not fit.
func FromRaw(data any, shape []int) (Any, error) {
	switch d := data.(type) {
	case []bool:
		return fromRaw(d, shape)
	case []int8:
		return fromRaw(d, shape)
	case []int16:
		return fromRaw(d, shape)
	case []int32:
		return fromRaw(d, shape)
	case []int64:
		return fromRaw(d, shape)
	case []uint8:
		return fromRaw(d, shape)
	case []uint16:
		return fromRaw(d, shape)
	case []uint32:
		return fromRaw(d, shape)
	case []uint64:
		return fromRaw(d, shape)
	case []Half:
		return fromRaw(d, shape)
	case []BHalf:
		return fromRaw(d, shape)
	case []float32:
		return fromRaw(d, shape)
	case []float64:
		return fromRaw(d, shape)
	case []string:
		return fromRaw(d, shape)
	}
	return nil, fmt.Errorf("a %T holds no elements of a tensor", data)
}

func fromRaw[T Element](data []T, shape []int) (Any, error) {
	if n, ok := SizeOf(shape); !ok || n != len(data) {
		return nil, fmt.Errorf("%d elements do not make the shape %s", len(data), FormatShape(shape))
	}
	return &Of[T]{data: data, layout: dense(shape)}, nil
}

// Reshape returns t under another shape of the same size, as [Of.Reshape] does.
func Reshape(t Any, shape ...int) Any { return t.reshape(shape) }

// Transpose returns a view of t with the axes in another order, as [Of.Transpose] does.
func Transpose(t Any, axes ...int) Any { return t.transpose(axes) }

// Concat returns a tensor with the entries along the first axis of all parts, one part after the other: batches put together
// again. The parts have one dtype, and one shape but for the first axis.
func Concat(parts ...Any) (Any, error) {
	if len(parts) == 0 {
		return nil, errors.New("no tensors to put together")
	}
	first := parts[0]
	if first.Rank() == 0 {
		return nil, errors.New("scalars have no axis along which they could be put together")
	}
	shape := slices.Clone(first.Shape())
	for _, p := range parts[1:] {
		if p.DType() != first.DType() || p.Rank() == 0 || !slices.Equal(p.Shape()[1:], shape[1:]) {
			return nil, fmt.Errorf("%s%s and %s%s cannot be put together", first.DType(), FormatShape(first.Shape()), p.DType(),
				FormatShape(p.Shape()))
		}
		shape[0] += p.Shape()[0]
	}
	return first.concat(parts[1:], shape), nil
}

// Rows implements [Any].
func (t *Of[T]) Rows(lo, hi int) Any { return t.Slice(0, lo, hi) }

// Raw implements [Any].
func (t *Of[T]) Raw() any { return t.Data() }

func (t *Of[T]) reshape(shape []int) Any { return t.Reshape(shape...) }

func (t *Of[T]) transpose(axes []int) Any { return t.Transpose(axes...) }

func (t *Of[T]) concat(rest []Any, shape []int) Any {
	out := Zeros[T](shape...)
	at := copy(out.data, t.Data())
	for _, p := range rest {
		at += copy(out.data[at:], p.(*Of[T]).Data())
	}
	return out
}
