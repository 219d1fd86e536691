//go:build !noasm

package kernel

import "unsafe"

// windowGroup is the number of pixels from r on, of those up to r1, that the
// kernels take next. One such group is a short call.
func windowGroup(r, r1 int) int {
	if r1-r >= 4 {
		return 4
	}
	return 1
}

func depthwiseAsm(d *Depthwise, r0, r1 int) bool {
	if level != NEON {
		return false
	}
	t := neonWindow{
		taps:     unsafe.Pointer(unsafe.SliceData(d.Taps.list)),
		tapCount: uintptr(len(d.Taps.list)),
		w:        unsafe.Pointer(unsafe.SliceData(d.W)),
		channels: uintptr(d.Channels),
		bias:     unsafe.Pointer(unsafe.SliceData(d.Bias)),
		lo:       d.Lo,
		hi:       d.Hi,
	}
	if d.Accumulate {
		t.accumulate = 1
	}
	if d.Residual != nil {
		t.adds = 1
	}
	if !d.Clamp {
		t.lo, t.hi = Max.start(), Min.start()
	}
	for r := r0; r < r1; {
		n := windowGroup(r, r1)
		for i := range n {
			at := d.DstRows.At(r + i)
			t.src[i] = elementAt(d.Src, d.SrcRows.At(r+i))
			t.dst[i] = unsafe.Pointer(&d.Dst[at])
			if d.Residual != nil {
				t.residual[i] = unsafe.Pointer(&d.Residual[at])
			}
		}
		depthwiseNEON(n, &t)
		r += n
	}
	return true
}

func poolAsm(p *Pool, r0, r1 int, largest bool, scale float32) bool {
	if level != NEON {
		return false
	}
	t := neonWindow{
		taps:     unsafe.Pointer(unsafe.SliceData(p.Taps.list)),
		tapCount: uintptr(len(p.Taps.list)),
		channels: uintptr(p.Channels),
		scale:    scale,
	}
	if largest {
		t.start = Max.start()
	}
	for r := r0; r < r1; {
		n := windowGroup(r, r1)
		for i := range n {
			t.src[i] = elementAt(p.Src, p.SrcRows.At(r+i))
			t.dst[i] = unsafe.Pointer(&p.Dst[p.DstRows.At(r+i)])
		}
		if largest {
			maxPoolNEON(n, &t)
		} else {
			sumPoolNEON(n, &t)
		}
		r += n
	}
	return true
}
