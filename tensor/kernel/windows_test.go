package kernel

import (
	"fmt"
	"math"
	"testing"
)

// windowCases are convolution geometries in one, two and three dimensions.
func windowCases() []WindowSpec {
	return []WindowSpec{
		{Batch: 1, Axes: []Axis{{In: 5, Out: 5, Kernel: 1, Stride: 1, Dilation: 1}}, Channels: 3},
		{Batch: 2, Axes: []Axis{{In: 9, Out: 9, Kernel: 3, Stride: 1, Dilation: 2, PadBefore: 4}}, Channels: 5}, // causal
		{Batch: 2, Axes: []Axis{{6, 6, 3, 1, 1, 1}, {7, 7, 3, 1, 1, 1}}, Channels: 4},
		{Batch: 3, Axes: []Axis{{7, 4, 3, 2, 1, 1}, {8, 4, 3, 2, 1, 0}}, Channels: 17},
		{Batch: 1, Axes: []Axis{{3, 3, 5, 1, 1, 2}, {3, 3, 5, 1, 1, 2}}, Channels: 1},
		{Batch: 1, Axes: []Axis{{10, 6, 3, 1, 2, 0}, {11, 11, 3, 1, 3, 3}}, Channels: 33},
		{Batch: 2, Axes: []Axis{{4, 4, 3, 1, 1, 1}, {5, 5, 2, 1, 1, 0}, {6, 3, 3, 2, 1, 1}}, Channels: 2},
		{Batch: 1, Axes: []Axis{{2, 6, 2, 1, 1, 3}}, Channels: 2}, // windows outside the image
	}
}

// eachTap calls f for every output pixel and every tap inside the image, with
// flat pixel indices.
func eachTap(s WindowSpec, f func(out int), tap func(out, in, tap int)) {
	inPixels, outPixels, taps := 1, 1, 1
	for _, x := range s.Axes {
		inPixels *= x.In
		outPixels *= x.Out
		taps *= x.Kernel
	}
	for b := range s.Batch {
		for o := range outPixels {
			f(b*outPixels + o)
			for k := range taps {
				in, inside := 0, true
				ro, rk := o, k
				scale := 1
				for i := len(s.Axes) - 1; i >= 0; i-- {
					x := s.Axes[i]
					at := ro%x.Out*x.Stride - x.PadBefore + rk%x.Kernel*x.Dilation
					inside = inside && at >= 0 && at < x.In
					in += at * scale
					scale *= x.In
					ro /= x.Out
					rk /= x.Kernel
				}
				if inside {
					tap(b*outPixels+o, b*inPixels+in, k)
				}
			}
		}
	}
}

func pixels(s WindowSpec) (in, out, taps int) {
	in, out, taps = s.Batch, s.Batch, 1
	for _, x := range s.Axes {
		in *= x.In
		out *= x.Out
		taps *= x.Kernel
	}
	return
}

func TestConvolution(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		for i, s := range windowCases() {
			for _, filters := range []int{1, 7, 20} {
				t.Run(fmt.Sprintf("%d/%d", i, filters), func(t *testing.T) {
					r := rng()
					s.InStride, s.OutStride, s.Merge = s.Channels+i%2, filters+i%3, true
					in, out, taps := pixels(s)
					a := random(r, in*s.InStride)
					w, bias := random(r, taps*s.Channels*filters), random(r, filters)
					c, intact := guarded(t, out*s.OutStride)
					g := Gemm{A: a, B: PackB(level, w, taps*s.Channels, filters, filters, false), C: c, Epilogue: Epilogue{Bias: bias}}
					for _, class := range NewWindows(s) {
						g.ARows, g.CRows, g.Segs = class.Src, class.Dst, class.Taps
						g.Run(class.Count)
					}
					intact()
					want := make([]float64, out*filters)
					eachTap(s, func(out int) {
						for f := range filters {
							want[out*filters+f] = float64(bias[f])
						}
					}, func(out, in, tap int) {
						for f := range filters {
							for ch := range s.Channels {
								want[out*filters+f] += float64(a[in*s.InStride+ch]) * float64(w[(tap*s.Channels+ch)*filters+f])
							}
						}
					})
					for p := range out {
						for f := range filters {
							if got := float64(c[p*s.OutStride+f]); math.Abs(got-want[p*filters+f]) > 1e-4 {
								t.Fatalf("pixel %d filter %d: %g, want %g", p, f, got, want[p*filters+f])
							}
						}
					}
				})
			}
		}
	})
}

func TestDepthwiseAndPool(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		for i, s := range windowCases() {
			for _, channels := range []int{1, 3, 8, 16, 17, 24, 40, 67} {
				t.Run(fmt.Sprintf("%d/%d", i, channels), func(t *testing.T) {
					r := rng()
					s.Channels, s.InStride, s.OutStride = channels, channels+i%2, channels+i%3
					in, out, taps := pixels(s)
					a, w, bias := random(r, in*s.InStride), random(r, taps*channels), random(r, channels)
					res := random(r, out*s.OutStride)
					conv, intact1 := guarded(t, out*s.OutStride)
					top, intact2 := guarded(t, out*s.OutStride)
					mean, intact3 := guarded(t, out*s.OutStride)
					wantConv := make([]float64, out*channels)
					wantTop := make([]float64, out*channels)
					wantMean := make([]float64, out*channels)
					count := make([]int, out)
					eachTap(s, func(out int) {
						for c := range channels {
							wantConv[out*channels+c] = float64(bias[c])
							wantTop[out*channels+c] = math.Inf(-1)
						}
					}, func(out, in, tap int) {
						count[out]++
						for c := range channels {
							v := float64(a[in*s.InStride+c])
							wantConv[out*channels+c] += v * float64(w[tap*channels+c])
							wantTop[out*channels+c] = max(wantTop[out*channels+c], v)
							wantMean[out*channels+c] += v
						}
					})
					d := Depthwise{Src: a, W: w, Channels: channels, Dst: conv,
						Epilogue: Epilogue{Bias: bias, Residual: res, Clamp: true, Lo: -1, Hi: 2}}
					// The same without bias and limits, added to what is there.
					more, intact4 := guarded(t, out*s.OutStride)
					copy(more, res)
					plain := Depthwise{Src: a, W: w, Channels: channels, Dst: more, Epilogue: Epilogue{Accumulate: true}}
					p := Pool{Src: a, Channels: channels}
					for _, class := range NewWindows(s) {
						d.SrcRows, d.DstRows, d.Taps = class.Src, class.Dst, class.Taps
						half := class.Count / 2
						d.Block(0, half)
						d.Block(half, class.Count)
						plain.SrcRows, plain.DstRows, plain.Taps = class.Src, class.Dst, class.Taps
						plain.Block(0, class.Count)
						p.SrcRows, p.DstRows, p.Taps = class.Src, class.Dst, class.Taps
						p.Dst = top
						p.Max(0, class.Count)
						p.Dst = mean
						p.Mean(0, half)
						p.Mean(half, class.Count)
					}
					intact1()
					intact2()
					intact3()
					intact4()
					for o := range out {
						for c := range channels {
							at := o*s.OutStride + c
							want := min(max(wantConv[o*channels+c]+float64(res[at]), -1), 2)
							if got := float64(conv[at]); math.Abs(got-want) > 1e-5 {
								t.Fatalf("depthwise pixel %d channel %d: %g, want %g", o, c, got, want)
							}
							want = wantConv[o*channels+c] - float64(bias[c]) + float64(res[at])
							if got := float64(more[at]); math.Abs(got-want) > 1e-5 {
								t.Fatalf("accumulated depthwise pixel %d channel %d: %g, want %g", o, c, got, want)
							}
							if got := float64(top[at]); got != wantTop[o*channels+c] {
								t.Fatalf("max pixel %d channel %d: %g, want %g", o, c, got, wantTop[o*channels+c])
							}
							want = wantMean[o*channels+c] / float64(max(count[o], 1))
							if got := float64(mean[at]); math.Abs(got-want) > 1e-6 {
								t.Fatalf("mean pixel %d channel %d: %g, want %g", o, c, got, want)
							}
						}
					}
				})
			}
		}
	})
}

func TestMaxPoolKeepsNaN(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		nan := float32(math.NaN())
		for at := range 3 {
			a := []float32{1, 2, 3}
			a[at] = nan
			p := Pool{Src: a, SrcRows: Strided(0), Taps: Segments([]Seg{{0, 0, 1}, {1, 1, 1}, {2, 2, 1}}), Channels: 1, Dst: make([]float32, 1)}
			p.Max(0, 1)
			if v := p.Dst[0]; v == v {
				t.Errorf("NaN at tap %d: %g", at, v)
			}
		}
	})
}

// TestTaps counts the taps of the classes without making them, and keeps those of far and of huge windows apart.
func TestTaps(t *testing.T) {
	for _, axes := range [][]Axis{
		{{In: 8, Out: 8, Kernel: 3, Stride: 1, Dilation: 1, PadBefore: 1}},
		{{In: 8, Out: 3, Kernel: 5, Stride: 3, Dilation: 2, PadBefore: 4}, {In: 5, Out: 5, Kernel: 9, Stride: 1, Dilation: 1, PadBefore: 4}},
		{{In: 4, Out: 2, Kernel: 2, Stride: 9, Dilation: 1, PadBefore: 0}}, // the second sees nothing
		{{In: 6, Out: 6, Kernel: 3, Stride: 1, Dilation: math.MaxInt / 8, PadBefore: math.MaxInt / 8}},
	} {
		s := WindowSpec{Batch: 1, Axes: axes, Channels: 1, InStride: 1, OutStride: 1}
		want := 0
		for _, c := range NewWindows(s) {
			want += max(c.Taps.Len(), 1)
		}
		if got := s.Taps(1000); got != want {
			t.Errorf("%+v: %d taps, not %d", axes, got, want)
		}
		if got := s.Taps(want - 1); got <= want-1 {
			t.Errorf("%+v: %d taps within %d", axes, got, want-1)
		}
	}
	huge := Axis{In: 100_000, Out: 100_000, Kernel: 99_999, Stride: 1, Dilation: 1, PadBefore: 49_999}
	if got := (WindowSpec{Batch: 1, Axes: []Axis{huge, huge}, Channels: 1, InStride: 1, OutStride: 1}).Taps(1 << 24); got <= 1<<24 {
		t.Errorf("%d taps", got)
	}
}
