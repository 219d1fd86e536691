// Package tensor holds strided arrays: [Tensor], of float32, and the generic [Of] for token ids, masks, strings and the
// other types that a Keras model takes or gives. Views (Reshape, Transpose, Slice) share memory and copy nothing.
//
// A file's or a user's data reaches this package checked; a misuse by the program itself (a wrong number of indices, a
// shape that does not fit the data) panics, as an index out of range does in Go.
//
// The map of the files: dtype.go (element types), half.go (float16, bfloat16), shape.go (shapes, broadcasting), of.go
// (the arrays), view.go (views), any.go (tensors of any type), convert.go (between types). The numeric kernels are in
// tensor/kernel, which promises nothing to programs outside of this module; .npy and .npz files are in tensor/npy.
package tensor

import (
	"fmt"
	"slices"
)

// Of is an array of elements of type T, with a shape and, for each axis, a stride in elements. The zero value is not of
// use; [New], [Zeros] and [FromSlice] make one. Reading from many goroutines is safe, writing is not.
type Of[T Element] struct {
	layout
	data []T // starts at the first element
}

// Tensor is an array of float32, the type that Keras computes in unless told otherwise.
type Tensor = Of[float32]

// New returns a tensor of float32 zeros, for instance New(1, 28, 28).
func New(shape ...int) *Tensor { return Zeros[float32](shape...) }

// Zeros returns a tensor of zero values of T.
func Zeros[T Element](shape ...int) *Of[T] {
	return &Of[T]{data: make([]T, mustSize(shape)), layout: dense(shape)}
}

// FromSlice returns a tensor over data, which it takes over without a copy, in C order. Without a shape it is a vector.
func FromSlice[T Element](data []T, shape ...int) *Of[T] {
	if len(shape) == 0 {
		shape = []int{len(data)}
	}
	if n := mustSize(shape); n != len(data) {
		panic(fmt.Sprintf("tensor: %d elements do not make shape %s", len(data), FormatShape(shape)))
	}
	return &Of[T]{data: data, layout: dense(shape)}
}

// Scalar returns a tensor of rank 0.
func Scalar[T Element](v T) *Of[T] { return &Of[T]{data: []T{v}} }

// DType returns the element type.
func (t *Of[T]) DType() DType { return DTypeOf[T]() }

// Data returns the elements in C order: the tensor's own memory where that is contiguous, else a copy.
func (t *Of[T]) Data() []T {
	if t.IsContiguous() {
		return t.data[:t.Len()]
	}
	out := make([]T, 0, t.Len())
	t.each(0, 0, func(offset int) { out = append(out, t.data[offset]) })
	return out
}

// Clone returns a contiguous copy.
func (t *Of[T]) Clone() *Of[T] {
	return &Of[T]{data: slices.Clone(t.Data()), layout: dense(t.shape)}
}

// At returns the element at the given index, one number for each axis.
func (t *Of[T]) At(index ...int) T { return t.data[t.offset(index)] }

// Set stores v at the given index.
func (t *Of[T]) Set(v T, index ...int) { t.data[t.offset(index)] = v }

// ArgMax returns the position, in C order, of the first largest element; -1 for a tensor without elements.
func ArgMax(t *Tensor) int {
	best := -1
	data := t.Data()
	for i, v := range data {
		if best < 0 || v > data[best] {
			best = i
		}
	}
	return best
}
