package kernel

// Rows tells where the rows of an operand begin, in elements: either at equal
// distances (Strided) or at the offsets of a table (Table). The zero value is
// Strided(0).
type Rows struct {
	off    []int32
	stride int
	reach  int // largest offset in the table
}

// Strided describes rows that begin stride elements apart.
func Strided(stride int) Rows {
	check(stride >= 0, badReach)
	return Rows{stride: stride}
}

// Table describes rows that begin at the given offsets, which may be in any
// order and must not be negative. The table is kept, not copied; make it once,
// when a plan is compiled.
func Table(off []int32) Rows {
	r := Rows{off: off}
	if off == nil {
		r.off = []int32{}
	}
	for _, o := range off {
		check(o >= 0, badReach)
		r.reach = max(r.reach, int(o))
	}
	return r
}

// At is the offset of row i.
func (r *Rows) At(i int) int {
	if r.off != nil {
		return int(r.off[i])
	}
	return i * r.stride
}

// end is the number of elements that a slice must have for rows [0, m) which
// take width elements each.
func (r *Rows) end(m, width int) int {
	if m <= 0 || width <= 0 {
		return 0
	}
	if r.off != nil {
		check(m <= len(r.off), badReach)
		return r.reach + width
	}
	return area(m-1, r.stride) + width
}

// Seg is one contiguous piece of the sum over k: Len elements of a row of A,
// beginning A elements after the start of that row, meet the rows B, B+1, ...
// of the weights. A dense product has one segment {0, 0, K}; a convolution has
// one for each row of its window, or one for each tap where dilation tears the
// row apart. Windows that hang over the border leave out segments.
//
// For the kernels that work on channels (depthwise, pooling) a segment is a
// tap: A is its offset from the first tap and B its index among the weights.
type Seg struct{ A, B, Len int32 }

// Segs is a checked list of segments. The zero value stands for the single
// segment of a dense product.
type Segs struct {
	list    []Seg
	aEnd    int // elements of A that a row needs
	bEnd    int // rows of B that are needed
	taps    int // taps that are needed, where B counts taps
	present bool
}

// Segments checks a list of segments. The list is kept, not copied. An empty
// list is allowed: the product is then zero before the epilogue.
func Segments(list []Seg) Segs {
	s := Segs{list: list, present: true}
	for _, e := range list {
		check(e.A >= 0 && e.B >= 0 && e.Len >= 0, badReach)
		s.aEnd = max(s.aEnd, int(e.A)+int(e.Len))
		s.bEnd = max(s.bEnd, int(e.B)+int(e.Len))
		s.taps = max(s.taps, int(e.B)+1)
	}
	return s
}

// Len is the number of segments.
func (s *Segs) Len() int { return len(s.list) }

// Epilogue is what happens to a result while it is still in registers, in this
// order: the bias of its column is added, then what C held before
// (Accumulate), then the residual, and then it is clamped. NaN stays NaN.
type Epilogue struct {
	Bias       []float32 // one value for each column, or nil
	Residual   []float32 // addressed like the result, or nil; may be the result itself
	Accumulate bool      // add to what the result held instead of replacing it
	Clamp      bool      // limit to [Lo, Hi]; relu is [0, +Inf], relu6 is [0, 6]
	Lo, Hi     float32
}
