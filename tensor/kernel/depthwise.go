package kernel

// Depthwise describes a depthwise convolution over channels-last pixels with
// one filter for each channel (depth multiplier 1):
//
//	Dst[DstRows.At(i)+c] = epilogue(sum over taps t of
//	    Src[SrcRows.At(i)+t.A+c] * W[t.B*Channels+c])
//
// Take SrcRows, DstRows and Taps from a class of NewWindows, without Merge: the
// image needs no padding. Bias has one value for each channel.
type Depthwise struct {
	Src      []float32
	SrcRows  Rows
	Taps     Segs
	W        []float32 // [taps, Channels]
	Channels int
	Dst      []float32
	DstRows  Rows
	Epilogue
}

// Block computes the pixels [r0, r1).
func (d *Depthwise) Block(r0, r1 int) {
	n := d.Channels
	check(0 <= r0 && r0 <= r1, badRange)
	if r0 == r1 || n == 0 {
		return
	}
	check(d.SrcRows.end(r1, d.Taps.reach(n)) <= len(d.Src), badReach)
	check(area(d.Taps.taps, n) <= len(d.W), badShape)
	end := d.DstRows.end(r1, n)
	check(end <= len(d.Dst), badReach)
	check(d.Residual == nil || end <= len(d.Residual), badReach)
	check(d.Bias == nil || len(d.Bias) >= n, badShape)
	if depthwiseAsm(d, r0, r1) {
		return
	}
	for r := r0; r < r1; r++ {
		d.pixel(d.SrcRows.At(r), d.DstRows.At(r))
	}
}

// pixel is the plain twin, for one output pixel.
func (d *Depthwise) pixel(src, dst int) {
	n := d.Channels
	const block = 16
	for c := 0; c < n; c += block {
		var sums [block]float32
		m := min(block, n-c)
		if d.Bias != nil {
			copy(sums[:m], d.Bias[c:])
		}
		for _, t := range d.Taps.list {
			x := d.Src[src+int(t.A)+c:][:m]
			w := d.W[int(t.B)*n+c:][:m]
			for j := range x {
				sums[j] += x[j] * w[j]
			}
		}
		y := d.Dst[dst+c:][:m]
		for j := range y {
			v := sums[j]
			if d.Accumulate {
				v += y[j]
			}
			if d.Residual != nil {
				v += d.Residual[dst+c+j]
			}
			if d.Clamp {
				v = clampTo(v, d.Lo, d.Hi)
			}
			y[j] = v
		}
	}
}

// reach is the number of elements that taps of n channels need.
func (s *Segs) reach(n int) int {
	end := 0
	for _, t := range s.list {
		end = max(end, int(t.A)+n)
	}
	return end
}
