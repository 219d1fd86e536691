//go:build !noasm

package kernel

import "unsafe"

// gemmAsm runs a block at the level that B was packed for, panel by panel so
// that a panel stays in the cache while the rows pass.
func gemmAsm(g *Gemm, segs []Seg, r0, r1, p0, p1 int) bool {
	b := g.B
	if b.level != AVX512 && b.level != AVX2 {
		return false
	}
	shape := shapeOf(b.level)
	t := tile{
		a:        unsafe.Pointer(unsafe.SliceData(g.A)),
		aStride:  uintptr(4 * g.ARows.stride),
		segs:     unsafe.Pointer(unsafe.SliceData(segs)),
		segBytes: uintptr(len(segs)) * unsafe.Sizeof(Seg{}),
		cStride:  uintptr(4 * g.CRows.stride),
		lo:       g.Lo,
		hi:       g.Hi,
	}
	if g.ARows.off != nil {
		t.aOff = unsafe.Pointer(unsafe.SliceData(g.ARows.off))
	}
	if g.CRows.off != nil {
		t.cOff = unsafe.Pointer(unsafe.SliceData(g.CRows.off))
	}
	if g.Accumulate {
		t.accumulate = 1
	}
	if g.Clamp {
		t.clamp = 1
	}
	// Tiles in one call: the runtime cannot preempt it.
	const macs = 1 << 20
	work := 0
	for _, s := range segs {
		work += int(s.Len)
	}
	perCall := max(1, macs/(shape.rows*shape.lanes*shape.vectors*(work+8)))

	for p := p0; p < p1; p++ {
		col, width := b.plan.panel(p)
		if b.k > 0 {
			t.b = unsafe.Pointer(&b.data[col*b.k])
		}
		t.c = unsafe.Pointer(&g.C[col])
		if g.Bias != nil {
			t.bias = unsafe.Pointer(&g.Bias[col])
		}
		if g.Residual != nil {
			t.residual = unsafe.Pointer(&g.Residual[col])
		}
		lanes := shape.lanes
		if width > b.n-col {
			lanes -= width - (b.n - col)
		}
		t.partial = 0
		if lanes < shape.lanes {
			t.partial = 1
		}
		t.mask, t.maskVector = laneMask(lanes)
		t.aRun = uintptr(4 * r0 * g.ARows.stride)
		t.cRun = uintptr(4 * r0 * g.CRows.stride)
		t.offRun = uintptr(4 * r0)
		for r := r0; r < r1; {
			rows, tiles := shape.rows, min(perCall, (r1-r)/shape.rows)
			if tiles == 0 {
				rows, tiles = r1-r, 1
			}
			t.tiles = uintptr(tiles)
			if b.level == AVX512 {
				gemmAVX512(rows, width, &t)
			} else {
				gemmAVX2(rows, width, &t)
			}
			r += rows * tiles
		}
	}
	return true
}

// laneMask gives the mask of the first lanes of a vector, as bits and as words.
func laneMask(lanes int) (bits uintptr, words [8]int32) {
	for i := range min(lanes, 8) {
		words[i] = -1
	}
	return 1<<lanes - 1, words
}
