package tensor

import (
	"fmt"
	"slices"
)

// layout says where elements stand. What depends on nothing else is written once, not once for each type of elements.
type layout struct{ shape, strides []int }

// dense is the layout of elements that stand one after the other.
//
//go:noinline
func dense(shape []int) layout { return layout{slices.Clone(shape), rowMajor(shape)} }

// Shape returns the dimensions; the caller must not change them.
func (t *layout) Shape() []int { return t.shape }

// Strides returns the distance, in elements, between neighbours along each axis; the caller must not change them.
func (t *layout) Strides() []int { return t.strides }

// Rank returns the number of axes.
func (t *layout) Rank() int { return len(t.shape) }

// Len returns the number of elements.
func (t *layout) Len() int { return mustSize(t.shape) }

// IsContiguous reports whether the elements stand one after the other in C order.
func (t *layout) IsContiguous() bool {
	step := 1
	for i := len(t.shape) - 1; i >= 0; i-- {
		if t.shape[i] != 1 && t.strides[i] != step {
			return t.Len() == 0
		}
		step *= t.shape[i]
	}
	return true
}

func (t *layout) offset(index []int) int {
	if len(index) != len(t.shape) {
		panic(fmt.Sprintf("tensor: %d indices for shape %s", len(index), FormatShape(t.shape)))
	}
	offset := 0
	for axis, i := range index {
		if i < 0 || i >= t.shape[axis] {
			panic(fmt.Sprintf("tensor: index %d is outside axis %d of shape %s", i, axis, FormatShape(t.shape)))
		}
		offset += i * t.strides[axis]
	}
	return offset
}

// each calls f with the offset of every element, in C order.
func (t *layout) each(axis, offset int, f func(offset int)) {
	if axis == len(t.shape) {
		f(offset)
		return
	}
	for i := range t.shape[axis] {
		t.each(axis+1, offset+i*t.strides[axis], f)
	}
}

// reshaped completes a new shape of the same size, in which one length may be -1.
func (t *layout) reshaped(shape []int) layout {
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
	return layout{shape, rowMajor(shape)}
}

// transposed has the axes in another order, without axes in the reverse one.
func (t *layout) transposed(axes []int) (view layout) {
	if len(axes) == 0 {
		for i := range t.shape {
			axes = append(axes, len(t.shape)-1-i)
		}
	}
	if len(axes) != len(t.shape) {
		panic(fmt.Sprintf("tensor: %d axes for shape %s", len(axes), FormatShape(t.shape)))
	}
	for _, a := range axes {
		view.shape = append(view.shape, t.shape[a])
		view.strides = append(view.strides, t.strides[a])
	}
	return view
}

// sliced is a part of an axis, which begins at an offset.
func (t *layout) sliced(axis, start, stop int) (view layout, offset int) {
	if start < 0 || stop < start || stop > t.shape[axis] {
		panic(fmt.Sprintf("tensor: slice %d:%d is outside axis %d of shape %s", start, stop, axis, FormatShape(t.shape)))
	}
	view = layout{slices.Clone(t.shape), slices.Clone(t.strides)}
	view.shape[axis] = stop - start
	if stop > start {
		offset = start * t.strides[axis]
	}
	return view, offset
}
