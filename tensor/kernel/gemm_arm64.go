//go:build !noasm

package kernel

import "unsafe"

// gemmAsm runs a block at the level that B was packed for, panel by panel.
func gemmAsm(g *Gemm, segs []Seg, r0, r1, p0, p1 int) bool {
	b := g.B
	if b.level != NEON {
		return false
	}
	const rows = 8
	t := neonTile{
		segs:     unsafe.Pointer(unsafe.SliceData(segs)),
		segCount: uintptr(len(segs)),
		lo:       g.Lo,
		hi:       g.Hi,
	}
	if g.Accumulate {
		t.accumulate = 1
	}
	if g.Residual != nil {
		t.adds = 1
	}
	if g.Clamp {
		t.clamp = 1
	}
	// Tiles of a panel that is not whole go through here.
	var sums [rows][8]float32
	for p := p0; p < p1; p++ {
		col, width := b.plan.panel(p)
		if b.k > 0 {
			t.b = unsafe.Pointer(&b.data[col*b.k])
		}
		cols := min(width, b.n-col)
		if cols < width {
			edge := neonTile{segs: t.segs, segCount: t.segCount, b: t.b}
			for r := r0; r < r1; r += rows {
				n := min(rows, r1-r)
				for i := range n {
					edge.a[i] = elementAt(g.A, g.ARows.At(r+i))
					edge.c[i] = unsafe.Pointer(&sums[i])
				}
				gemmNEON(n, width, &edge)
				for i := range n {
					for j := 0; j < cols; j += 4 {
						g.store(r+i, col+j, min(4, cols-j), (*[4]float32)(sums[i][j:]))
					}
				}
			}
			continue
		}
		if g.Bias != nil {
			t.bias = unsafe.Pointer(&g.Bias[col])
		}
		for r := r0; r < r1; r += rows {
			n := min(rows, r1-r)
			for i := range n {
				at := g.CRows.At(r+i) + col
				t.a[i] = elementAt(g.A, g.ARows.At(r+i))
				t.c[i] = unsafe.Pointer(&g.C[at])
				if g.Residual != nil {
					t.residual[i] = unsafe.Pointer(&g.Residual[at])
				}
			}
			gemmNEON(n, width, &t)
		}
	}
	return true
}

// elementAt points to an element that need not exist if no segment reads it.
func elementAt(a []float32, i int) unsafe.Pointer {
	if i >= len(a) {
		return nil
	}
	return unsafe.Pointer(&a[i])
}
