package kernel

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// aligned gives n random values as an arena would hold them.
func aligned(r *rand.Rand, n int) []float32 {
	s := AlignedFloats(n)
	copy(s, random(r, n))
	return s
}

// share is the rate in percent of the peak, 0 where there is no peak.
func share(rate, peak float64) float64 {
	if peak == 0 {
		return 0
	}
	return 100 * rate / peak
}

// benchGemm reports GFLOP/s and the share of the peak.
func benchGemm(b *testing.B, g *Gemm, m int) {
	p := Peak(level) / 1e9
	b.ReportAllocs()
	b.ResetTimer()
	for b.Loop() {
		g.Run(m)
	}
	rate := 2 * float64(m) * float64(g.B.n) * float64(g.B.k) * float64(b.N) / float64(b.Elapsed().Nanoseconds())
	b.ReportMetric(rate, "GFLOP/s")
	b.ReportMetric(share(rate, p), "%peak")
}

func BenchmarkGemm(b *testing.B) {
	for _, l := range Levels() {
		for _, s := range [][3]int{{512, 512, 512}, {1, 512, 512}, {2, 512, 512}, {4, 512, 512}, {8, 512, 512}, {16, 512, 512},
			{1, 128, 128}, {4, 128, 128}, {8, 128, 128}, {16, 128, 128}, {256, 784, 512}, {1, 784, 512}, {1, 256, 512}, {1, 1024, 1024},
			{2, 1024, 1024}, {32, 32, 32}, {64, 64, 64}, {128, 128, 128}, {256, 256, 256}, {1024, 1024, 1024},
			{2304, 16, 96}, {576, 96, 24}, {64, 576, 64}, {1, 512, 10}, {128, 4608, 512}} {
			m, k, n := s[0], s[1], s[2]
			b.Run(fmt.Sprintf("%v/%dx%dx%d", l, m, k, n), func(b *testing.B) {
				defer SetLevel(l)()
				r := rng()
				g := Gemm{A: aligned(r, m*k), ARows: Strided(k), B: PackB(l, aligned(r, k*n), k, n, n, false), C: AlignedFloats(m * n),
					CRows: Strided(n)}
				benchGemm(b, &g, m)
			})
		}
	}
}

func BenchmarkUnary(b *testing.B) {
	for _, l := range Levels() {
		for _, op := range []UnaryOp{Exp, Expm1, Log, Log1p, Tanh, Sigmoid, SiLU, GELU, GELUTanh, Erf, ReLU, ELU, Softplus, Mish, Sin, Cos, Sqrt,
			Reciprocal, Clip} {
			b.Run(fmt.Sprintf("%v/%v", l, op), func(b *testing.B) {
				defer SetLevel(l)()
				const n = 4096
				x, y := AlignedFloats(n), AlignedFloats(n)
				copy(x, aligned(rng(), n))
				if op == Log || op == Sqrt {
					Absolute.Run(x, x)
				}
				b.ReportAllocs()
				for b.Loop() {
					op.RunWith(y, x, 0.5, 0.7)
				}
				b.ReportMetric(float64(n)*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "values/ns")
			})
		}
	}
}

func BenchmarkPower(b *testing.B) {
	for _, l := range Levels() {
		b.Run(l.String(), func(b *testing.B) {
			defer SetLevel(l)()
			const n = 4096
			x, y, z := aligned(rng(), n), aligned(rng(), n), AlignedFloats(n)
			Absolute.Run(x, x)
			b.ReportAllocs()
			for b.Loop() {
				Power.Run(z, x, y)
			}
			b.ReportMetric(float64(n)*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "values/ns")
		})
	}
}

// convCase is a convolution of square images.
type convCase struct {
	name                                 string
	batch, size, in, out, kernel, stride int
}

func (c convCase) spec() WindowSpec {
	out := (c.size + c.stride - 1) / c.stride
	pad := max((out-1)*c.stride+c.kernel-c.size, 0) / 2
	x := Axis{In: c.size, Out: out, Kernel: c.kernel, Stride: c.stride, Dilation: 1, PadBefore: pad}
	return WindowSpec{Batch: c.batch, Axes: []Axis{x, x}, Channels: c.in, InStride: c.in, OutStride: c.out, Merge: true}
}

func BenchmarkConv(b *testing.B) {
	for _, l := range Levels() {
		for _, c := range []convCase{
			{"first-96x3-s2", 1, 96, 3, 16, 3, 2}, {"first-224x3-s2", 1, 224, 3, 32, 3, 2}, {"first-224x3-7x7-s2", 1, 224, 3, 64, 7, 2},
			{"lenet-28x1-5x5", 1, 28, 1, 6, 5, 1}, {"lenet-28x1-3x3", 1, 28, 1, 32, 3, 1}, {"lenet-14x6-5x5", 1, 14, 6, 16, 5, 1},
			{"resnet-56x64", 1, 56, 64, 64, 3, 1}, {"resnet-28x128", 1, 28, 128, 128, 3, 1}, {"resnet-14x256", 1, 14, 256, 256, 3, 1},
			{"resnet-7x512", 1, 7, 512, 512, 3, 1},
			{"tiny-4x32", 1, 4, 32, 32, 3, 1},
		} {
			b.Run(fmt.Sprintf("%v/%s", l, c.name), func(b *testing.B) {
				defer SetLevel(l)()
				r := rng()
				s := c.spec()
				in, out, taps := pixels(s)
				k := taps * c.in
				classes := NewWindows(s)
				g := Gemm{A: aligned(r, in*c.in), B: PackB(l, aligned(r, k*c.out), k, c.out, c.out, false), C: AlignedFloats(out * c.out),
					Epilogue: Epilogue{Bias: aligned(r, c.out), Clamp: true, Hi: 6}}
				p := Peak(level) / 1e9
				b.ReportAllocs()
				macs := 0
				for _, class := range classes {
					for _, e := range class.Taps.list {
						macs += class.Count * int(e.Len) * c.out
					}
				}
				for b.Loop() {
					for _, class := range classes {
						g.ARows, g.CRows, g.Segs = class.Src, class.Dst, class.Taps
						g.Run(class.Count)
					}
				}
				rate := 2 * float64(macs) * float64(b.N) / float64(b.Elapsed().Nanoseconds())
				b.ReportMetric(rate, "GFLOP/s")
				b.ReportMetric(share(rate, p), "%peak")
			})
		}
	}
}

func BenchmarkDepthwise(b *testing.B) {
	for _, l := range Levels() {
		for _, c := range []convCase{{"96x16", 1, 96, 16, 16, 3, 1}, {"48x48-s2", 1, 48, 48, 48, 3, 2}, {"24x144", 1, 24, 144, 144, 3, 1},
			{"12x192", 1, 12, 192, 192, 3, 1}, {"6x384", 1, 6, 384, 384, 3, 1}, {"3x960", 1, 3, 960, 960, 3, 1},
			{"14x512-5x5", 1, 14, 512, 512, 5, 1}, {"112x24", 1, 112, 24, 24, 3, 1}} {
			b.Run(fmt.Sprintf("%v/%s", l, c.name), func(b *testing.B) {
				defer SetLevel(l)()
				r := rng()
				s := c.spec()
				s.Merge = false
				in, out, taps := pixels(s)
				classes := NewWindows(s)
				d := Depthwise{Src: aligned(r, in*c.in), W: aligned(r, taps*c.in), Channels: c.in, Dst: AlignedFloats(out * c.in),
					Epilogue: Epilogue{Bias: aligned(r, c.in), Clamp: true, Hi: 6}}
				p := Peak(level) / 1e9
				b.ReportAllocs()
				macs := 0
				for _, class := range classes {
					macs += class.Count * class.Taps.Len() * c.in
				}
				for b.Loop() {
					for _, class := range classes {
						d.SrcRows, d.DstRows, d.Taps = class.Src, class.Dst, class.Taps
						d.Block(0, class.Count)
					}
				}
				rate := 2 * float64(macs) * float64(b.N) / float64(b.Elapsed().Nanoseconds())
				b.ReportMetric(rate, "GFLOP/s")
				b.ReportMetric(share(rate, p), "%peak")
			})
		}
	}
}

func BenchmarkRows(b *testing.B) {
	for _, l := range Levels() {
		for _, n := range []int{10, 32, 128, 1024} {
			const rows = 64
			r := rng()
			x, y := aligned(r, rows*n), AlignedFloats(rows*n)
			g, s := aligned(r, n), aligned(r, n)
			for name, f := range map[string]func(){
				"softmax":     func() { Softmax(y, x, n) },
				"log-softmax": func() { LogSoftmax(y, x, n) },
				"layer-norm":  func() { LayerNorm(y, x, n, g, s, 1e-3) },
				"add-row":     func() { Add.RunRow(y, x, g) },
				"mul-add-row": func() { MulAddRow(y, x, g, s) },
				"add":         func() { Add.Run(y, y, x) },
				"sum":         func() { Sum.Rows(y[:rows], x, n) },
				"sum-columns": func() { Sum.Columns(g, x) },
				"max":         func() { Max.Rows(y[:rows], x, n) },
				"transpose":   func() { Transpose(y, rows, x, n, rows, n) },
				"lstm":        func() { LSTMGates(y, n, y[n:], n, x, n*4, 1, n) },
			} {
				b.Run(fmt.Sprintf("%v/%s-%d", l, name, n), func(b *testing.B) {
					defer SetLevel(l)()
					b.ReportAllocs()
					for b.Loop() {
						f()
					}
					count := rows * n
					if name == "lstm" {
						count = n
					}
					b.ReportMetric(float64(count)*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "values/ns")
				})
			}
		}
	}
}

func BenchmarkPack(b *testing.B) {
	for _, s := range [][2]int{{128, 64}, {64, 128}, {128, 32}, {32, 128}, {512, 512}} {
		k, n := s[0], s[1]
		for _, transposed := range []bool{false, true} {
			b.Run(fmt.Sprintf("%dx%d/%v", k, n, transposed), func(b *testing.B) {
				ldw := n + 128
				if transposed {
					ldw = k + 128
				}
				w := AlignedFloats((max(k, n) + 1) * ldw)
				scratch := AlignedFloats(PackSize(level, k, n))
				var p PackedB
				b.ReportAllocs()
				for b.Loop() {
					PackBInto(&p, scratch, level, w, k, n, ldw, transposed)
				}
				b.ReportMetric(float64(k*n)*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "values/ns")
			})
		}
	}
}
