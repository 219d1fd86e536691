//go:build !noasm

package kernel

import (
	"unsafe"

	"github.com/hornml/horn/tensor/internal/cpu"
)

// hasDotProduct tells whether the int8 product may use SDOT.
var hasDotProduct = cpu.HasDotProduct()

// hasVNNI is false: VPDPBUSD is an amd64 instruction.
const hasVNNI = false

// quantizeAsm writes signed bytes, with zeros up to a whole group of four.
func quantizeAsm(l Level, dst []byte, row []float32, scale float32) bool {
	if l != NEON {
		return false
	}
	whole := len(row) &^ 3
	for i := 0; i < whole; i += chunk {
		quantizeNEON(&dst[i], &row[i], min(chunk, whole-i), scale)
	}
	clear(dst[whole:])
	for i := whole; i < len(row); i++ {
		dst[i] = byte(quantized(row[i], scale))
	}
	return true
}

// int8Asm computes n rows from r on, which are quantized in Scratch.
func int8Asm(g *GemmInt8, r, n, p0, p1 int, scales *[int8Rows]float32, lo, hi float32) bool {
	b := g.B
	if b.level != NEON {
		return false
	}
	t := neonInt8{groups: uintptr(b.groups), lo: lo, hi: hi}
	// The columns of a panel that is not whole go through here.
	var sums [8][8]float32
	var colScale, bias [8]float32
	for p := p0; p < p1; p++ {
		col, width := b.plan.panel(p)
		cols := min(width, b.n-col)
		if b.k > 0 {
			t.b = unsafe.Pointer(&b.data[col*b.groups*4])
		}
		t.colScale = unsafe.Pointer(&g.ColScale[col])
		if g.Bias != nil {
			t.bias = unsafe.Pointer(&g.Bias[col])
		}
		if cols < width {
			copy(colScale[:], g.ColScale[col:b.n])
			t.colScale = unsafe.Pointer(&colScale)
			if g.Bias != nil {
				copy(bias[:], g.Bias[col:b.n])
				t.bias = unsafe.Pointer(&bias)
			}
		}
		for i := 0; i < n; {
			rows := int8TileRows(n - i)
			t.rowScale = unsafe.Pointer(&scales[i])
			for j := range rows {
				if b.k > 0 {
					t.a[j] = unsafe.Pointer(&g.Scratch[(i+j)*b.rowBytes()])
				}
				t.c[j] = unsafe.Pointer(&sums[j])
				if cols == width {
					t.c[j] = unsafe.Pointer(&g.C[g.CRows.At(r+i+j)+col])
				}
			}
			if hasDotProduct {
				int8DotNEON(rows, width, &t)
			} else {
				int8LongNEON(rows, width, &t)
			}
			if cols < width {
				for j := range rows {
					copy(g.C[g.CRows.At(r+i+j)+col:][:cols], sums[j][:])
				}
			}
			i += rows
		}
	}
	return true
}

// int8TileRows is how many of n rows the micro-kernels take at a time.
func int8TileRows(n int) int {
	switch {
	case n >= 8 && hasDotProduct:
		return 8
	case n >= 4:
		return 4
	case n >= 2:
		return 2
	}
	return 1
}
