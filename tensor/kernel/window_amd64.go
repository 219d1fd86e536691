//go:build !noasm

package kernel

import "unsafe"

// windowPixels lists the pixels that the kernels of a level take at a time.
func windowPixels(l Level) [4]int {
	if l == AVX512 {
		return [4]int{8, 4, 2, 1}
	}
	return [4]int{6, 4, 2, 1}
}

// windowKind selects a kernel family.
type windowKind uint8

const (
	windowDepthwise windowKind = iota
	windowMax
	windowSum
)

// runWindow calls the kernels of one family for the pixels [r0, r1).
func runWindow(kind windowKind, t *window, channels int, src, dst *Rows, taps []Seg, r0, r1 int) {
	t.srcStride = uintptr(4 * src.stride)
	t.dstStride = uintptr(4 * dst.stride)
	if src.off != nil {
		t.srcOff = unsafe.Pointer(unsafe.SliceData(src.off))
	}
	if dst.off != nil {
		t.dstOff = unsafe.Pointer(unsafe.SliceData(dst.off))
	}
	t.taps = unsafe.Pointer(unsafe.SliceData(taps))
	t.tapBytes = uintptr(len(taps)) * unsafe.Sizeof(Seg{})
	t.channels = uintptr(4 * channels)
	// With 24 or 40 channels half of the wide loads would straddle cache lines
	// and a tail of half a vector would cost as much as a whole one.
	l := level
	if l == AVX512 && channels%16 == 8 && channels <= 72 {
		l = AVX2
	}
	t.mask, t.maskVector = laneMask(channels % shapeOf(l).lanes)
	t.srcRun = uintptr(4 * r0 * src.stride)
	t.dstRun = uintptr(4 * r0 * dst.stride)
	t.offRun = uintptr(4 * r0)
	// Groups in one call: the runtime cannot preempt it.
	const macs = 1 << 18
	sizes := windowPixels(l)
	perCall := max(1, macs/(sizes[0]*(channels+16)*(len(taps)+1)))
	left := r1 - r0
	for _, pixels := range sizes {
		for left >= pixels {
			groups := min(perCall, left/pixels)
			t.groups = uintptr(groups)
			callWindow(l, kind, pixels, t)
			left -= groups * pixels
		}
	}
}

func callWindow(l Level, kind windowKind, pixels int, t *window) {
	if l == AVX512 {
		switch kind {
		case windowDepthwise:
			depthwiseAVX512(pixels, t)
		case windowMax:
			maxPoolAVX512(pixels, t)
		default:
			sumPoolAVX512(pixels, t)
		}
		return
	}
	switch kind {
	case windowDepthwise:
		depthwiseAVX2(pixels, t)
	case windowMax:
		maxPoolAVX2(pixels, t)
	default:
		sumPoolAVX2(pixels, t)
	}
}

func depthwiseAsm(d *Depthwise, r0, r1 int) bool {
	if level != AVX512 && level != AVX2 {
		return false
	}
	t := window{
		src: unsafe.Pointer(unsafe.SliceData(d.Src)),
		w:   unsafe.Pointer(unsafe.SliceData(d.W)),
		dst: unsafe.Pointer(unsafe.SliceData(d.Dst)),
		lo:  d.Lo,
		hi:  d.Hi,
	}
	if d.Bias != nil {
		t.bias = unsafe.Pointer(unsafe.SliceData(d.Bias))
	}
	if d.Residual != nil {
		t.residual = unsafe.Pointer(unsafe.SliceData(d.Residual))
		t.adds = 1
	}
	if d.Accumulate {
		t.previous = t.dst
		t.adds = 1
	}
	if !d.Clamp {
		t.lo, t.hi = Max.start(), Min.start()
	}
	runWindow(windowDepthwise, &t, d.Channels, &d.SrcRows, &d.DstRows, d.Taps.list, r0, r1)
	return true
}

func poolAsm(p *Pool, r0, r1 int, largest bool, scale float32) bool {
	if level != AVX512 && level != AVX2 {
		return false
	}
	t := window{
		src:   unsafe.Pointer(unsafe.SliceData(p.Src)),
		dst:   unsafe.Pointer(unsafe.SliceData(p.Dst)),
		scale: scale,
	}
	kind := windowSum
	if largest {
		kind = windowMax
		t.start = Max.start()
	}
	runWindow(kind, &t, p.Channels, &p.SrcRows, &p.DstRows, p.Taps.list, r0, r1)
	return true
}
