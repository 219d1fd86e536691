package tensor

import (
	"fmt"
	"slices"
)

// Reshape returns the same elements in C order under another shape; one dimension may be -1. It is a view where the
// memory is contiguous, else a copy.
func (t *Of[T]) Reshape(shape ...int) *Of[T] {
	shape = slices.Clone(shape)
	free, known := -1, 1
	for i, d := range shape {
		if d < 0 {
			if free >= 0 {
				panic("tensor: only one dimension of a new shape can be -1")
			}
			free = i
		} else {
			known *= d
		}
	}
	if free >= 0 && known > 0 {
		shape[free] = t.Len() / known
	}
	if n, ok := SizeOf(shape); !ok || n != t.Len() {
		panic(fmt.Sprintf("tensor: shape %s does not reshape to %s", FormatShape(t.shape), FormatShape(shape)))
	}
	return &Of[T]{data: t.Data(), shape: shape, strides: rowMajor(shape)}
}

// Transpose returns a view with the axes in the given order, reversed if none is given.
func (t *Of[T]) Transpose(axes ...int) *Of[T] {
	if len(axes) == 0 {
		for i := range t.shape {
			axes = append(axes, len(t.shape)-1-i)
		}
	}
	if len(axes) != len(t.shape) {
		panic(fmt.Sprintf("tensor: %d axes for shape %s", len(axes), FormatShape(t.shape)))
	}
	view := &Of[T]{data: t.data}
	for _, a := range axes {
		view.shape = append(view.shape, t.shape[a])
		view.strides = append(view.strides, t.strides[a])
	}
	return view
}

// Slice returns a view of the elements from start up to, not including, stop along one axis.
func (t *Of[T]) Slice(axis, start, stop int) *Of[T] {
	if start < 0 || stop < start || stop > t.shape[axis] {
		panic(fmt.Sprintf("tensor: slice %d:%d is outside axis %d of shape %s", start, stop, axis, FormatShape(t.shape)))
	}
	view := &Of[T]{data: t.data, shape: slices.Clone(t.shape), strides: slices.Clone(t.strides)}
	view.shape[axis] = stop - start
	if stop > start {
		view.data = t.data[start*t.strides[axis]:]
	}
	return view
}

// Index returns a view of rank one less: element i along the first axis, such as one example of a batch.
func (t *Of[T]) Index(i int) *Of[T] {
	view := t.Slice(0, i, i+1)
	view.shape, view.strides = view.shape[1:], view.strides[1:]
	return view
}
