//go:build !noasm

package kernel

import (
	"unsafe"

	"github.com/hornml/horn/tensor/internal/cpu"
)

// hasVNNI tells whether AVX-512 kernels may use VPDPBUSD.
var hasVNNI = cpu.HasVNNI()

// quantizeAsm writes unsigned bytes, plus 128, for VPDPBUSD, or 16-bit integers
// for AVX2, with zeros up to the end of dst.
func quantizeAsm(l Level, dst []byte, row []float32, scale float32) bool {
	switch l {
	case AVX512:
		for i := 0; i < len(row); i += chunk {
			n := min(chunk, len(row)-i)
			quantizeAVX512(&dst[i], &row[i], n, scale)
		}
		// The weights beyond k are zero: any value will do.
		return true
	case AVX2:
		// Whole vectors of 8, then the rest.
		whole := len(row) &^ 7
		for i := 0; i < whole; i += chunk {
			n := min(chunk, whole-i)
			quantizeAVX2((*int16)(unsafe.Pointer(&dst[2*i])), &row[i], n/8, scale)
		}
		clear(dst[2*whole:])
		for i := whole; i < len(row); i++ {
			*(*int16)(unsafe.Pointer(&dst[2*i])) = int16(quantized(row[i], scale))
		}
		return true
	}
	return false
}

// int8Asm computes n rows from r on, which are quantized in Scratch.
func int8Asm(g *GemmInt8, r, n, p0, p1 int, scales *[int8Rows]float32, lo, hi float32) bool {
	b := g.B
	if b.level != AVX512 && b.level != AVX2 {
		return false
	}
	shape := shapeOf(b.level)
	t := int8Tile{aStride: uintptr(b.rowBytes()), groups: uintptr(b.groups), lo: lo, hi: hi}
	group := 2
	if b.level == AVX512 {
		group = 4
	}
	for p := p0; p < p1; p++ {
		col, width := b.plan.panel(p)
		if b.k > 0 {
			t.b = unsafe.Pointer(&b.data[col*b.groups*group])
		}
		if b.start != nil {
			t.start = unsafe.Pointer(&b.start[col])
		}
		t.colScale = unsafe.Pointer(&g.ColScale[col])
		if g.Bias != nil {
			t.bias = unsafe.Pointer(&g.Bias[col])
		}
		lanes := shape.lanes
		if width > b.n-col {
			lanes -= width - (b.n - col)
		}
		t.mask, t.maskVector = laneMask(lanes)
		for i := 0; i < n; i += shape.rows {
			rows := min(shape.rows, n-i)
			if b.k > 0 {
				t.a = unsafe.Pointer(&g.Scratch[i*b.rowBytes()])
			}
			t.rowScale = unsafe.Pointer(&scales[i])
			for j := range rows {
				t.c[j] = unsafe.Pointer(&g.C[g.CRows.At(r+i+j)+col])
			}
			if b.level == AVX512 {
				int8GemmAVX512(rows, width, &t)
			} else {
				int8GemmAVX2(rows, width, &t)
			}
		}
	}
	return true
}
