package graph

// walk3 visits every element of an array of the given shape in C order and calls f once for each run along the last
// axis, with the offsets at which the run starts in three arrays and their steps along it. A stride of 0 repeats.
func walk3(shape, s0, s1, s2 []int, f func(o0, o1, o2, n, d0, d1, d2 int)) {
	rank := len(shape)
	if rank == 0 {
		f(0, 0, 0, 1, 0, 0, 0)
		return
	}
	for _, d := range shape {
		if d == 0 {
			return
		}
	}
	last := rank - 1
	n, d0, d1, d2 := shape[last], s0[last], s1[last], s2[last]
	var index [MaxRank]int
	o0, o1, o2 := 0, 0, 0
	for {
		f(o0, o1, o2, n, d0, d1, d2)
		axis := last - 1
		for ; axis >= 0; axis-- {
			index[axis]++
			o0, o1, o2 = o0+s0[axis], o1+s1[axis], o2+s2[axis]
			if index[axis] < shape[axis] {
				break
			}
			index[axis] = 0
			o0, o1, o2 = o0-shape[axis]*s0[axis], o1-shape[axis]*s1[axis], o2-shape[axis]*s2[axis]
		}
		if axis < 0 {
			return
		}
	}
}

// strides writes the C-order strides of shape into dst[:len(shape)] and returns that part.
//
//go:noinline
func strides(dst *[MaxRank]int, shape []int) []int {
	step := 1
	for i := len(shape) - 1; i >= 0; i-- {
		dst[i] = step
		step *= shape[i]
	}
	return dst[:len(shape)]
}

// broadcastStrides writes the strides with which an array of shape `from` is read at the positions of shape `to`: 0
// along axes that repeat.
//
//go:noinline
func broadcastStrides(dst *[MaxRank]int, from, to []int) []int {
	step := 1
	lead := len(to) - len(from)
	for i := len(to) - 1; i >= 0; i-- {
		dst[i] = 0
		if i >= lead {
			if d := from[i-lead]; d != 1 {
				dst[i] = step
				step *= d
			}
		}
	}
	return dst[:len(to)]
}

// product returns the product of dims; see [Product].
//
//go:noinline
func product(dims []int) int { return Product(dims) }

// Strides returns the distances between neighbouring elements along each axis of an array in C order.
//
//go:noinline
func Strides(shape []int) []int {
	var s [MaxRank]int
	return append([]int(nil), strides(&s, shape)...)
}

// Offsets lists, in C order, where the elements of a strided array are.
func Offsets(shape, strides []int, offset int) []int {
	out := make([]int, 0, product(shape))
	index := make([]int, len(shape))
	for range product(shape) {
		out = append(out, offset)
		for i := len(shape) - 1; i >= 0; i-- {
			index[i]++
			offset += strides[i]
			if index[i] < shape[i] {
				break
			}
			offset -= index[i] * strides[i]
			index[i] = 0
		}
	}
	return out
}
