package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// winogradCase is a convolution in both forms.
type winogradCase struct {
	spec   WindowSpec
	tiles  WinogradTiles
	filter *WinogradFilter
	w      []float32
	scale  []float32
}

func newWinogradCase(r *rand.Rand, batch, height, width, pad, channels, filters int) winogradCase {
	axis := func(n int) Axis {
		return Axis{In: n, Out: n + 2*pad - 2, Kernel: 3, Stride: 1, Dilation: 1, PadBefore: pad}
	}
	c := winogradCase{spec: WindowSpec{Batch: batch, Axes: []Axis{axis(height), axis(width)}, Channels: channels, InStride: channels + 3,
		OutStride: filters + 5, Merge: true}}
	c.tiles = NewWinogradTiles(c.spec)
	c.w, c.scale = random(r, 9*channels*filters), random(r, filters)
	c.filter = NewWinogradFilter(level, channels, filters)
	c.filter.Fill(0, c.filter.Panels(), c.w, c.scale)
	return c
}

// exact is one output in float64, and the magnitude by which its error is judged.
func (c *winogradCase) exact(x []float32, b, i, j, f int) (value, magnitude float64) {
	y, z := c.spec.Axes[0], c.spec.Axes[1]
	for k := range 9 {
		p, q := i-y.PadBefore+k/3, j-z.PadBefore+k%3
		if p < 0 || p >= y.In || q < 0 || q >= z.In {
			continue
		}
		at := ((b*y.In+p)*z.In + q) * c.spec.InStride
		for ch := range c.spec.Channels {
			v := float64(x[at+ch]) * float64(c.w[(k*c.spec.Channels+ch)*c.filter.filters+f]) * float64(c.scale[f])
			value += v
			magnitude += math.Abs(v)
		}
	}
	return value, magnitude
}

func TestWinograd(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		r := rng()
		for _, v := range []struct{ batch, height, width, pad, channels, filters int }{
			{1, 3, 3, 0, 1, 1}, {1, 4, 4, 1, 1, 2}, {2, 7, 5, 1, 2, 3}, {1, 6, 9, 0, 3, 1}, {2, 9, 8, 2, 1, 1}, {1, 2, 1, 1, 2, 4},
		} {
			lanes := shapeOf(level).lanes
			c := newWinogradCase(r, v.batch, v.height, v.width, v.pad, v.channels*lanes, v.filters*lanes)
			channels, filters := c.spec.Channels, c.filter.filters
			y, z := c.spec.Axes[0], c.spec.Axes[1]
			x := random(r, v.batch*y.In*z.In*c.spec.InStride)
			outs := v.batch * y.Out * z.Out
			for n, e := range epilogues(r, filters, outs*c.spec.OutStride) {
				if e.Accumulate {
					continue
				}
				dst, intact := guarded(t, (outs-1)*c.spec.OutStride+filters)
				for i := range dst {
					dst[i] = guard
				}
				scratch, whole := guarded(t, WinogradScratch(channels, filters, 5))
				p := Winograd{Src: x, Tiles: &c.tiles, Filter: c.filter, Dst: dst, Epilogue: e, Scratch: scratch}
				half := c.filter.Panels() / 2
				for i := 0; i < c.tiles.Count(); i += 5 {
					to := min(i+5, c.tiles.Count())
					p.Block(i, to, 0, half)
					p.Block(i, to, half, c.filter.Panels())
				}
				intact()
				whole()
				for o := range outs {
					b, i, j := o/(y.Out*z.Out), o/z.Out%y.Out, o%z.Out
					for f := range c.spec.OutStride {
						at := o*c.spec.OutStride + f
						if f >= filters {
							if at < len(dst) && dst[at] != guard {
								t.Fatalf("%v: element %d after pixel %d was written", v, f-filters, o)
							}
							continue
						}
						want, magnitude := c.exact(x, b, i, j, f)
						if e.Bias != nil {
							want += float64(e.Bias[f])
						}
						if e.Residual != nil {
							want += float64(e.Residual[at])
						}
						if e.Clamp {
							want = min(max(want, float64(e.Lo)), float64(e.Hi))
						}
						if d := math.Abs(float64(dst[at]) - want); !(d <= 4e-7*(magnitude+4)) {
							t.Fatalf("%v, epilogue %d: pixel %d,%d,%d filter %d is %g, want %g", v, n, b, i, j, f, dst[at], want)
						}
					}
				}
			}
		}
	})
}

// TestWinogradAccuracy holds the root mean square error of large sums against that of the direct form, and
// looks at what a value that is too large for its neighbours does.
func TestWinogradAccuracy(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		r := rng()
		c := newWinogradCase(r, 1, 8, 8, 1, 64, 64)
		x := random(r, 8*8*c.spec.InStride)
		for i := range x {
			x[i] = max(x[i], 0) // as after relu
		}
		direct := func(x []float32) []float32 {
			w := slices.Clone(c.w)
			for i := range w {
				w[i] *= c.scale[i%64]
			}
			out := make([]float32, 64*c.spec.OutStride)
			for _, class := range NewWindows(c.spec) {
				g := Gemm{A: x, ARows: class.Src, Segs: class.Taps, B: PackB(level, w, 9*64, 64, 64, false), C: out, CRows: class.Dst}
				g.Run(class.Count)
			}
			return out
		}
		winograd := func(x []float32) []float32 {
			out := make([]float32, 64*c.spec.OutStride)
			p := Winograd{Src: x, Tiles: &c.tiles, Filter: c.filter, Dst: out, Scratch: AlignedFloats(WinogradScratch(64, 64, 16))}
			p.Block(0, c.tiles.Count(), 0, c.filter.Panels())
			return out
		}
		rms := func(got []float32) float64 {
			sum := 0.0
			for o := range 64 {
				for f := range 64 {
					want, _ := c.exact(x, 0, o/8, o%8, f)
					d := float64(got[o*c.spec.OutStride+f]) - want
					sum += d * d
				}
			}
			return math.Sqrt(sum / (64 * 64))
		}
		a, b := rms(winograd(x)), rms(direct(x))
		t.Logf("%v: root mean square error %.2g, direct %.2g, ratio %.2f", level, a, b, a/b)
		if a > 3*b {
			t.Errorf("the error is %.1f times that of the direct form", a/b)
		}

		at := (3*8 + 4) * c.spec.InStride
		for _, v := range []float32{1e9, float32(math.Inf(1))} {
			was, old := winograd(x), x[at]
			x[at] = v
			is := winograd(x)
			x[at] = old
			for o := range 64 {
				if sees := max(o/8-3, 3-o/8) <= 1 && max(o%8-4, 4-o%8) <= 1; !sees && !slices.Equal(was[o*69:o*69+64], is[o*69:o*69+64]) {
					t.Errorf("%g at 3,4 disturbs pixel %d,%d", v, o/8, o%8)
				}
			}
		}
	})
}

func BenchmarkWinograd(b *testing.B) {
	for _, v := range []struct{ size, channels, filters int }{{56, 64, 64}, {28, 128, 128}, {14, 256, 256}, {7, 512, 512}, {56, 128, 32},
		{14, 128, 32}, {7, 128, 32}, {56, 32, 32}, {56, 16, 16}, {56, 16, 64}, {28, 32, 16}, {28, 64, 16}} {
		r := rng()
		c := newWinogradCase(r, 1, v.size, v.size, 1, v.channels, v.filters)
		x := random(r, v.size*v.size*c.spec.InStride)
		out := make([]float32, v.size*v.size*c.spec.OutStride)
		macs := float64(9 * v.size * v.size * v.channels * v.filters)
		name := fmt.Sprintf("%dx%dx%d-%d", v.size, v.size, v.channels, v.filters)
		report := func(b *testing.B) {
			b.ReportMetric(2*macs*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
		}
		b.Run(name+"/direct", func(b *testing.B) {
			classes := NewWindows(c.spec)
			packed := PackB(level, c.w, 9*v.channels, v.filters, v.filters, false)
			for b.Loop() {
				for _, class := range classes {
					g := Gemm{A: x, ARows: class.Src, Segs: class.Taps, B: packed, C: out, CRows: class.Dst}
					for i := 0; i < class.Count; i += 64 {
						g.Block(i, min(i+64, class.Count), 0, packed.Panels())
					}
				}
			}
			report(b)
		})
		for _, tiles := range []int{16, 24, 32, 48, 64, 96} {
			b.Run(fmt.Sprint(name, "/tiles", tiles), func(b *testing.B) {
				p := Winograd{Src: x, Tiles: &c.tiles, Filter: c.filter, Dst: out,
					Scratch: AlignedFloats(WinogradScratch(v.channels, v.filters, tiles))}
				for b.Loop() {
					for i := 0; i < c.tiles.Count(); i += tiles {
						p.Block(i, min(i+tiles, c.tiles.Count()), 0, c.filter.Panels())
					}
				}
				report(b)
			})
		}
	}
}
