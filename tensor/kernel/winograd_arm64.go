//go:build !noasm

package kernel

import (
	"math"
	"unsafe"
)

func winogradPatchesAsm(w *Winograd, dst, zeros []float32, t0, t1 int) bool {
	l, channels := w.Filter.Level(), w.Filter.channels
	if l != NEON || !HasWinograd(l, channels, 0) {
		return false
	}
	t := neonPatch{plane: uintptr(4 * planeSize(t1-t0, channels)), vectors: uintptr(channels / 4)}
	for i := t0; i < t1; i++ {
		for k, at := range w.Tiles.in[16*i : 16*i+16] {
			t.at[k] = unsafe.Pointer(unsafe.SliceData(zeros))
			if at >= 0 {
				t.at[k] = unsafe.Pointer(&w.Src[at])
			}
		}
		t.dst = unsafe.Pointer(&dst[(i-t0)*channels])
		winogradPatchNEON(&t)
	}
	return true
}

func winogradSquaresAsm(w *Winograd, src, nowhere []float32, t0, t1, first, last int) bool {
	l, filters := w.Filter.Level(), w.Filter.filters
	if l != NEON || !HasWinograd(l, first, last) {
		return false
	}
	t := neonSquare{plane: uintptr(4 * planeSize(t1-t0, filters)), vectors: uintptr((last - first) / 4), lo: float32(math.Inf(-1)),
		hi: float32(math.Inf(1))}
	if w.Residual != nil {
		t.adds = 1
	}
	if w.Bias != nil {
		t.bias = unsafe.Pointer(&w.Bias[first])
	}
	if w.Clamp {
		t.lo, t.hi = w.Lo, w.Hi
	}
	for i := t0; i < t1; i++ {
		for k, at := range w.Tiles.out[4*i : 4*i+4] {
			outside := unsafe.Pointer(unsafe.SliceData(nowhere))
			t.at[k], t.residual[k] = outside, outside
			if at < 0 {
				continue
			}
			t.at[k] = unsafe.Pointer(&w.Dst[int(at)+first])
			if w.Residual != nil {
				t.residual[k] = unsafe.Pointer(&w.Residual[int(at)+first])
			}
		}
		t.src = unsafe.Pointer(&src[(i-t0)*filters+first])
		winogradSquareNEON(&t)
	}
	return true
}
