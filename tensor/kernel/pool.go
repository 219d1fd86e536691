package kernel

import "math"

// Pool describes a pooling over channels-last pixels. Take SrcRows, DstRows and
// Taps from a class of NewWindows, without Merge; only the A of each tap counts.
type Pool struct {
	Src      []float32
	SrcRows  Rows
	Taps     Segs
	Channels int
	Dst      []float32
	DstRows  Rows
}

// Max writes the largest value of each window and channel for the pixels
// [r0, r1). A NaN in a window gives NaN; a window without taps gives -Inf.
func (p *Pool) Max(r0, r1 int) {
	if p.check(r0, r1) && !poolAsm(p, r0, r1, true, 1) {
		for r := r0; r < r1; r++ {
			p.pixel(r, true, 1)
		}
	}
}

// Mean writes the mean over the taps of each window, those inside the image
// only, as Keras does, for the pixels [r0, r1). A window without taps gives 0.
func (p *Pool) Mean(r0, r1 int) {
	scale := float32(0)
	if n := len(p.Taps.list); n > 0 {
		scale = 1 / float32(n)
	}
	p.Sum(r0, r1, scale)
}

// Sum writes the sum over the taps of each window times scale for the pixels
// [r0, r1).
func (p *Pool) Sum(r0, r1 int, scale float32) {
	if p.check(r0, r1) && !poolAsm(p, r0, r1, false, scale) {
		for r := r0; r < r1; r++ {
			p.pixel(r, false, scale)
		}
	}
}

// check panics if the pool does not fit its slices and tells whether there is
// anything to do.
func (p *Pool) check(r0, r1 int) bool {
	check(0 <= r0 && r0 <= r1, badRange)
	if r0 == r1 || p.Channels == 0 {
		return false
	}
	check(p.SrcRows.end(r1, p.Taps.reach(p.Channels)) <= len(p.Src), badReach)
	check(p.DstRows.end(r1, p.Channels) <= len(p.Dst), badReach)
	return true
}

// pixel is the plain twin, for output pixel r.
func (p *Pool) pixel(r int, largest bool, scale float32) {
	src, n := p.SrcRows.At(r), p.Channels
	y := p.Dst[p.DstRows.At(r):][:n]
	start := float32(0)
	if largest {
		start = float32(math.Inf(-1))
	}
	for j := range y {
		y[j] = start
	}
	for _, t := range p.Taps.list {
		x := p.Src[src+int(t.A):][:n]
		if largest {
			for j, v := range x {
				if v > y[j] || v != v {
					y[j] = v
				}
			}
			continue
		}
		for j, v := range x {
			y[j] += v
		}
	}
	if !largest {
		for j := range y {
			y[j] *= scale
		}
	}
}
