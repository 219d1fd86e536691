package kernel

import "math"

// PackedInt8 is the right operand of an int8 product, [K, N], in the layout of
// one level's micro-kernels. It is read-only once packed.
type PackedInt8 struct {
	level  Level // AVX512 (with VNNI), AVX2, NEON or Generic
	k, n   int
	groups int // of k: 4 elements with AVX512 and NEON, 2 with AVX2
	plan   panelPlan
	data   []int8
	start  []int32 // where sums start: what 128 added to A adds to them, negative
}

// K is the length of the sums.
func (b *PackedInt8) K() int { return b.k }

// N is the number of columns.
func (b *PackedInt8) N() int { return b.n }

// Panels is the number of column panels, the unit in which GemmInt8.Block counts
// columns.
func (b *PackedInt8) Panels() int { return b.plan.count }

// Bytes is the memory that the packed weights take.
func (b *PackedInt8) Bytes() int { return len(b.data) + 4*len(b.start) }

// int8Level is the level whose int8 layout serves l on this machine.
func int8Level(l Level) (level Level, group int) {
	switch {
	case l == AVX512 && hasVNNI:
		return AVX512, 4
	case l == AVX512 || l == AVX2:
		return AVX2, 2
	case l == NEON:
		return NEON, 4
	}
	return Generic, 1
}

// PackInt8 packs w for the level's int8 products. Element (i, j) of the [k, n]
// operand is w[i*ldw+j], or w[j*ldw+i] if transposed.
func PackInt8(l Level, w []int8, k, n, ldw int, transposed bool) *PackedInt8 {
	if transposed {
		check(ldw >= k && (n == 0 || k == 0 || len(w) >= area(n-1, ldw)+k), badShape)
	} else {
		check(ldw >= n && (n == 0 || k == 0 || len(w) >= area(k-1, ldw)+n), badShape)
	}
	l, group := int8Level(l)
	b := &PackedInt8{level: l, k: k, n: n, groups: (k + group - 1) / group, plan: planPanels(l, n)}
	at := func(i, j int) int8 {
		if i >= k || j >= n {
			return 0
		}
		if transposed {
			return w[j*ldw+i]
		}
		return w[i*ldw+j]
	}
	b.data = alignedInt8(area(b.groups*group, b.plan.paddedTo))
	if l == AVX512 {
		b.start = make([]int32, b.plan.paddedTo)
	}
	// A panel holds its groups of k one after the other, a group its columns, a
	// column the elements of the group.
	for p := range b.plan.count {
		col, width := b.plan.panel(p)
		dst := b.data[col*b.groups*group:]
		for g := range b.groups {
			for j := range width {
				for e := range group {
					v := at(g*group+e, col+j)
					dst[(g*width+j)*group+e] = v
					if b.start != nil {
						b.start[col+j] -= 128 * int32(v)
					}
				}
			}
		}
	}
	return b
}

// GemmInt8 describes the product of rows of A, quantized on the way, with int8
// weights, as keras.layers.Dense has it after quantize("int8"):
//
//	scale  = 127 / (max|a| + Epsilon)        for each row
//	q      = clip(round(a*scale), -127, 127)
//	C      = (q x B) / (ColScale*scale) + Bias, limited to [Lo, Hi] if Clamp
//
// The product of integers is exact at every level. K must be below 130,000, so
// that sums of int32 cannot overflow.
type GemmInt8 struct {
	A        []float32
	ARows    Rows
	B        *PackedInt8
	ColScale []float32 // the scale of each column of weights
	Epsilon  float32   // keras.config.epsilon(), 1e-7
	C        []float32
	CRows    Rows
	Bias     []float32 // or nil
	Clamp    bool
	Lo, Hi   float32
	Scratch  []byte // at least Int8Scratch(B) bytes, one for each goroutine
}

// int8Rows is how many rows are quantized together: a multiple of the rows of
// a tile at every level.
const int8Rows = 24

// Int8Scratch is the number of bytes that a GemmInt8 with these weights needs.
func Int8Scratch(b *PackedInt8) int { return int8Rows * b.rowBytes() }

// rowBytes is the size of a quantized row.
func (b *PackedInt8) rowBytes() int {
	switch b.level {
	case AVX512:
		return 4 * b.groups
	case AVX2:
		return 4 * (b.groups + 4) // whole vectors of 8
	case NEON:
		return 4 * b.groups
	}
	return b.k
}

// Run computes rows [0, m).
func (g *GemmInt8) Run(m int) { g.Block(0, m, 0, g.B.plan.count) }

// Block computes the rows [r0, r1) of the column panels [p0, p1).
func (g *GemmInt8) Block(r0, r1, p0, p1 int) {
	b := g.B
	check(0 <= r0 && r0 <= r1 && 0 <= p0 && p0 <= p1 && p1 <= b.plan.count, badRange)
	if r0 == r1 || p0 == p1 {
		return
	}
	check(b.k < 130_000, badPack)
	check(g.ARows.end(r1, b.k) <= len(g.A), badReach)
	check(g.CRows.end(r1, b.n) <= len(g.C), badReach)
	check(len(g.ColScale) >= b.n && (g.Bias == nil || len(g.Bias) >= b.n), badShape)
	check(len(g.Scratch) >= Int8Scratch(b), badScratch)
	lo, hi := float32(math.Inf(-1)), float32(math.Inf(1))
	if g.Clamp {
		lo, hi = g.Lo, g.Hi
	}
	var scales [int8Rows]float32
	for r := r0; r < r1; r += int8Rows {
		n := min(int8Rows, r1-r)
		for i := range n {
			at := g.ARows.At(r + i)
			row := g.A[at : at+b.k]
			scales[i] = 127 / (max(Max.Of(row), -Min.Of(row)) + g.Epsilon)
			quantizeRow(b, g.Scratch[i*b.rowBytes():][:b.rowBytes()], row, scales[i])
		}
		if !int8Asm(g, r, n, p0, p1, &scales, lo, hi) {
			g.generic(r, n, p0, p1, &scales, lo, hi)
		}
	}
}

// quantizeRow writes a row in the form that b's level multiplies.
func quantizeRow(b *PackedInt8, dst []byte, row []float32, scale float32) {
	if quantizeAsm(b.level, dst, row, scale) {
		return
	}
	for i, v := range row {
		dst[i] = byte(quantized(v, scale))
	}
}

// quantized is one quantized value.
func quantized(v, scale float32) int8 {
	q := math.RoundToEven(float64(v * scale))
	return int8(min(max(q, -127), 127))
}

// generic is the plain twin for rows that are quantized in Scratch.
func (g *GemmInt8) generic(r, n, p0, p1 int, scales *[int8Rows]float32, lo, hi float32) {
	b := g.B
	check(b.level == Generic, badPack)
	for p := p0; p < p1; p++ {
		col, width := b.plan.panel(p)
		cols := min(width, b.n-col)
		w := b.data[col*b.k:][:width*b.k]
		for i := range n {
			q := g.Scratch[i*b.k:][:b.k]
			var sums [4]int32 // panels are 4 wide here
			for k, v := range q {
				a := int32(int8(v))
				for j, x := range w[4*k : 4*k+4] {
					sums[j] += a * int32(x)
				}
			}
			c := g.C[g.CRows.At(r+i)+col:][:cols]
			for j := range c {
				v := float32(sums[j]) / (g.ColScale[col+j] * scales[i])
				if g.Bias != nil {
					v += g.Bias[col+j]
				}
				c[j] = clampTo(v, lo, hi)
			}
		}
	}
}
