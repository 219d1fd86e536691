//go:build !noasm

package kernel

import (
	"math"
	"unsafe"
)

// winogradPerCall is how many channels of tiles one call transforms: the runtime
// cannot preempt it.
const winogradPerCall = 1 << 16

func winogradPatchesAsm(w *Winograd, dst, zeros []float32, t0, t1 int) bool {
	l, channels := w.Filter.Level(), w.Filter.channels
	if l != AVX512 && l != AVX2 || !HasWinograd(l, channels, 0) {
		return false
	}
	t := patches{
		src: unsafe.Pointer(unsafe.SliceData(w.Src)), zeros: unsafe.Pointer(unsafe.SliceData(zeros)),
		plane: uintptr(4 * planeSize(t1-t0, channels)), channels: uintptr(4 * channels),
	}
	step := max(winogradPerCall/channels, 1)
	for i := t0; i < t1; i += step {
		t.off = unsafe.Pointer(&w.Tiles.in[16*i])
		t.dst = unsafe.Pointer(&dst[(i-t0)*channels])
		t.tiles = uintptr(min(step, t1-i))
		if l == AVX512 {
			winogradPatchesAVX512(&t)
		} else {
			winogradPatchesAVX2(&t)
		}
	}
	return true
}

func winogradSquaresAsm(w *Winograd, src, nowhere []float32, t0, t1, first, last int) bool {
	l, filters := w.Filter.Level(), w.Filter.filters
	if l != AVX512 && l != AVX2 || !HasWinograd(l, first, last) {
		return false
	}
	t := squares{
		plane: uintptr(4 * planeSize(t1-t0, filters)), row: uintptr(4 * filters), columns: uintptr(4 * (last - first)),
		dst: unsafe.Pointer(&w.Dst[first]), nowhere: unsafe.Pointer(unsafe.SliceData(nowhere)),
		lo: float32(math.Inf(-1)), hi: float32(math.Inf(1)),
	}
	if w.Residual != nil {
		t.residual = unsafe.Pointer(&w.Residual[first])
	}
	if w.Bias != nil {
		t.bias = unsafe.Pointer(&w.Bias[first])
	}
	if w.Clamp {
		t.lo, t.hi = w.Lo, w.Hi
	}
	step := max(winogradPerCall/(last-first), 1)
	for i := t0; i < t1; i += step {
		t.off = unsafe.Pointer(&w.Tiles.out[4*i])
		t.src = unsafe.Pointer(&src[(i-t0)*filters+first])
		t.tiles = uintptr(min(step, t1-i))
		if l == AVX512 {
			winogradSquaresAVX512(&t)
		} else {
			winogradSquaresAVX2(&t)
		}
	}
	return true
}
