package kernel

import "unsafe"

// PackedB is the right operand of a product, [K, N], in the layout of one
// level's micro-kernels: panels of neighbouring columns, each panel k-major and
// contiguous, padded with zeros to whole vectors. It is read-only once packed,
// so any number of goroutines may share it.
type PackedB struct {
	level Level
	k, n  int
	data  []float32 // column c of a panel that begins at column p: data[p*k:]
	plan  panelPlan
}

// tileShape is what a level's micro-kernels work on: rows at most, the columns
// of one vector, and the vectors of the widest panel.
type tileShape struct{ rows, lanes, vectors int }

func shapeOf(l Level) tileShape {
	switch l {
	case AVX512:
		return tileShape{8, 16, 3}
	case AVX2:
		return tileShape{6, 8, 2}
	case NEON:
		return tileShape{8, 4, 2}
	}
	return tileShape{2, 4, 1}
}

// RowTile is the number of rows that the level's micro-kernels take at a time.
// Callers that split the rows of a product should do so at multiples of it:
// other splits cost speed, and change the order of summation.
func RowTile(l Level) int { return shapeOf(l).rows }

// panelPlan divides the columns into panels: wide ones first, each of
// wide columns, then at most two others.
type panelPlan struct {
	count    int
	wide     int // columns of a wide panel
	wides    int
	tail     [2]int // columns of the panels after them, multiples of the lanes
	paddedTo int    // columns with padding
}

func planPanels(l Level, n int) panelPlan {
	s := shapeOf(l)
	vectors := (n + s.lanes - 1) / s.lanes
	p := panelPlan{wide: s.lanes * s.vectors, wides: vectors / s.vectors, paddedTo: vectors * s.lanes}
	rest := vectors % s.vectors
	// One vector alone is a slow panel: with three vectors to a panel, 3+1 is
	// better done as 2+2.
	if s.vectors == 3 && rest == 1 && p.wides > 0 {
		p.wides--
		p.tail = [2]int{2 * s.lanes, 2 * s.lanes}
	} else if rest > 0 {
		p.tail[0] = rest * s.lanes
	}
	p.count = p.wides
	for _, w := range p.tail {
		if w > 0 {
			p.count++
		}
	}
	return p
}

// panel gives the first column of panel i and its width with padding.
func (p *panelPlan) panel(i int) (col, width int) {
	if i < p.wides {
		return i * p.wide, p.wide
	}
	col = p.wides * p.wide
	if i == p.wides {
		return col, p.tail[0]
	}
	return col + p.tail[0], p.tail[1]
}

// Level is the level that b was packed for; products run at it.
func (b *PackedB) Level() Level { return b.level }

// K is the length of the sums.
func (b *PackedB) K() int { return b.k }

// N is the number of columns.
func (b *PackedB) N() int { return b.n }

// Panels is the number of column panels, the unit in which Gemm.Block counts
// columns.
func (b *PackedB) Panels() int { return b.plan.count }

// Panel gives the columns [first, first+width) of panel i.
func (b *PackedB) Panel(i int) (first, width int) {
	first, width = b.plan.panel(i)
	return first, min(width, b.n-first)
}

// Bytes is the memory that the packed weights take.
func (b *PackedB) Bytes() int { return 4 * len(b.data) }

// PackSize is the number of elements of scratch that PackBInto needs.
func PackSize(l Level, k, n int) int {
	p := planPanels(l, n)
	return area(k, p.paddedTo)
}

// PackB packs w for the level's products. Element (i, j) of the [k, n] operand
// is w[i*ldw+j], or w[j*ldw+i] if transposed.
func PackB(l Level, w []float32, k, n, ldw int, transposed bool) *PackedB {
	b := new(PackedB)
	PackBInto(b, AlignedFloats(PackSize(l, k, n)), l, w, k, n, ldw, transposed)
	return b
}

// PackBInto is PackB with memory of the caller, for operands that change from
// run to run: scratch holds the panels, and is best aligned as AlignedFloats
// does it. It allocates nothing.
func PackBInto(b *PackedB, scratch []float32, l Level, w []float32, k, n, ldw int, transposed bool) {
	plan := planPanels(l, n)
	size := area(k, plan.paddedTo)
	check(len(scratch) >= size, badScratch)
	*b = PackedB{level: l, k: k, n: n, data: scratch[:size], plan: plan}
	PackPanels(b, 0, plan.count, w, ldw, transposed)
}

// PackPanels fills the panels [p0, p1) of b from w, as PackBInto does for all:
// large weights can so be packed by several goroutines, each its own panels.
func PackPanels(b *PackedB, p0, p1 int, w []float32, ldw int, transposed bool) {
	check(0 <= p0 && p0 <= p1 && p1 <= b.plan.count, badRange)
	if b.k == 0 || b.n == 0 {
		return
	}
	if transposed {
		check(ldw >= b.k && len(w) >= area(b.n-1, ldw)+b.k, badShape)
	} else {
		check(ldw >= b.n && len(w) >= area(b.k-1, ldw)+b.n, badShape)
	}
	for p := p0; p < p1; p++ {
		col, width := b.plan.panel(p)
		dst := b.data[col*b.k : (col+width)*b.k]
		cols := min(width, b.n-col)
		if transposed {
			packTransposed(b.level, dst, w[col*ldw:], b.k, cols, width, ldw)
		} else {
			packRows(b.level, dst, w[col:], b.k, cols, width, ldw)
		}
	}
}

// NewPackedB allocates the packed form of a [k, n] operand, zero so far: fill
// it with PackPanels.
func NewPackedB(l Level, k, n int) *PackedB {
	plan := planPanels(l, n)
	return &PackedB{level: l, k: k, n: n, data: AlignedFloats(area(k, plan.paddedTo)), plan: plan}
}

// packRows copies cols columns of k rows into a panel of the given width.
func packRows(l Level, dst, w []float32, k, cols, width, ldw int) {
	clearTail(dst, k, cols, width)
	const block = 256 // rows in one assembly call
	for i := 0; i < k; i += block {
		copyRows(l, dst[i*width:], width, w[i*ldw:], ldw, min(block, k-i), cols)
	}
}

// packTransposed is packRows for the transposed operand.
func packTransposed(l Level, dst, w []float32, k, cols, width, ldw int) {
	clearTail(dst, k, cols, width)
	const block = 256
	for i := 0; i < k; i += block {
		transposeBlock(l, dst[i*width:], width, w[i:], ldw, cols, min(block, k-i))
	}
}

// clearTail clears the columns from cols on.
func clearTail(dst []float32, k, cols, width int) {
	if cols == width {
		return
	}
	for i := range k {
		clear(dst[i*width+cols : (i+1)*width])
	}
}

// AlignedFloats allocates n zeroed elements that begin at a multiple of 64
// bytes, a cache line: vectors then never straddle two.
func AlignedFloats(n int) []float32 {
	const line = 64
	s := make([]float32, n+line/4)
	skip := (line - int(uintptr(unsafe.Pointer(unsafe.SliceData(s)))%line)) % line / 4
	return s[skip : skip+n : skip+n]
}

// alignedInt8 is AlignedFloats for bytes.
func alignedInt8(n int) []int8 {
	const line = 64
	s := make([]int8, n+line)
	skip := (line - int(uintptr(unsafe.Pointer(unsafe.SliceData(s)))%line)) % line
	return s[skip : skip+n : skip+n]
}
