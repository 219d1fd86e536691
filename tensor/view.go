package tensor

// Reshape returns the same elements in C order under another shape; one dimension may be -1. It is a view where the
// memory is contiguous, else a copy.
func (t *Of[T]) Reshape(shape ...int) *Of[T] {
	return &Of[T]{data: t.Data(), layout: t.reshaped(shape)}
}

// Transpose returns a view with the axes in the given order, reversed if none is given.
func (t *Of[T]) Transpose(axes ...int) *Of[T] {
	return &Of[T]{data: t.data, layout: t.transposed(axes)}
}

// Slice returns a view of the elements from start up to, not including, stop along one axis.
func (t *Of[T]) Slice(axis, start, stop int) *Of[T] {
	view, offset := t.sliced(axis, start, stop)
	return &Of[T]{data: t.data[offset:], layout: view}
}

// Index returns a view of rank one less: element i along the first axis, such as one example of a batch.
func (t *Of[T]) Index(i int) *Of[T] {
	view := t.Slice(0, i, i+1)
	view.shape, view.strides = view.shape[1:], view.strides[1:]
	return view
}
