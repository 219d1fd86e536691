package graph_test

import (
	"fmt"
	"math"
	"math/cmplx"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	. "github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/tensor"
)

// window is a random setting of a convolution over some spatial axes, and the sizes that it fits.
type window struct {
	Conv
	size, kernel []int
}

func randomWindow(r *rand.Rand, rank int) window {
	w := window{Conv: Conv{Groups: 1 + r.IntN(2)}}
	for range rank {
		k, d := 1+r.IntN(3), 1+r.IntN(2)
		w.kernel = append(w.kernel, k)
		w.Dilation = append(w.Dilation, d)
		w.Strides = append(w.Strides, 1+r.IntN(3))
		w.InputDilation = append(w.InputDilation, 1+r.IntN(2))
		w.PadLo, w.PadHi = append(w.PadLo, r.IntN(3)), append(w.PadHi, r.IntN(3))
		w.size = append(w.size, (k-1)*d+1+r.IntN(4))
	}
	return w
}

// TestConv compares convolutions of one to three axes with their definition: each input element goes, times each tap, to one place.
func TestConv(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 4))
	for i := range 150 {
		rank, d := 1+i%3, classes[i%2]
		w := randomWindow(r, rank)
		in, filters := 1+r.IntN(2), w.Groups*(1+r.IntN(2))
		batch := 1 + r.IntN(2)
		x := random(r, d, slices.Concat([]int{batch}, w.size, []int{in * w.Groups})...)
		k := random(r, d, slices.Concat(w.kernel, []int{in, filters})...)
		shape := []int{batch}
		for a := range rank {
			whole := (w.size[a]-1)*w.InputDilation[a] + 1 + w.PadLo[a] + w.PadHi[a]
			shape = append(shape, (whole-(w.kernel[a]-1)*w.Dilation[a]-1)/w.Strides[a]+1)
		}
		want := array{d: d, shape: append(shape, filters)}
		want.data = make([]float64, Product(want.shape))
		for e := range x.data {
			from := index(x.shape, e)
			for f := range k.data {
				tap := index(k.shape, f)
				if from[rank+1]/in != tap[rank+1]/(filters/w.Groups) || from[rank+1]%in != tap[rank] {
					continue // of another group or channel
				}
				to, inside := from[0], true
				for a := range rank {
					p := from[a+1]*w.InputDilation[a] + w.PadLo[a] - tap[a]*w.Dilation[a]
					inside = inside && p >= 0 && p%w.Strides[a] == 0 && p/w.Strides[a] < want.shape[a+1]
					to = to*want.shape[a+1] + p/w.Strides[a]
				}
				if inside {
					want.data[to*filters+tap[rank+1]] += x.data[e] * k.data[f]
				}
			}
		}
		is(t, fmt.Sprintf("%+v", w), 1e-5, want, []array{x, k}, func(b *Builder, v []*Value) *Value { return b.Conv(v[0], v[1], w.Conv) })
		// Zeros between the elements can be put there beforehand.
		plain := w.Conv
		plain.InputDilation = nil
		is(t, "spread", 1e-5, want, []array{x, k}, func(b *Builder, v []*Value) *Value {
			return b.Conv(b.Emit1(Spread{Factors: w.InputDilation}, v[0]), v[1], plain)
		})
	}
}

// TestConvOfOnes checks the small cases that everybody knows.
func TestConvOfOnes(t *testing.T) {
	x := floats([]int{1, 4, 1}, 1, 2, 3, 4)
	k := floats([]int{2, 1, 1}, 10, 1)
	for _, c := range []struct {
		name string
		conv Conv
		want []float64
	}{
		{"valid", Conv{}, []float64{12, 23, 34}},
		{"same", Conv{PadHi: []int{1}, PadLo: []int{0}}, []float64{12, 23, 34, 40}},
		{"causal", Conv{PadLo: []int{1}}, []float64{1, 12, 23, 34}},
		{"strides", Conv{Strides: []int{2}}, []float64{12, 34}},
		{"dilation", Conv{Dilation: []int{2}}, []float64{13, 24}},
		{"transposed", Conv{InputDilation: []int{2}, PadLo: []int{1}, PadHi: []int{1}}, []float64{1, 10, 2, 20, 3, 30, 4, 40}},
		{"negative padding", Conv{PadLo: []int{-1}}, []float64{23, 34}},
	} {
		is(t, c.name, 0, floats([]int{1, len(c.want), 1}, c.want...), []array{x, k},
			func(b *Builder, v []*Value) *Value { return b.Conv(v[0], v[1], c.conv) })
	}
	is(t, "channels first and back", 0, floats([]int{1, 2, 3}, 0, 1, 2, 3, 4, 5), []array{floats([]int{1, 2, 3}, 0, 1, 2, 3, 4, 5)},
		func(b *Builder, v []*Value) *Value { return b.ToChannelsFirst(b.ToChannelsLast(v[0])) })
}

// TestSamePadding compares with what Keras's "same" gives: the length is that of the input over the stride, rounded up.
func TestSamePadding(t *testing.T) {
	for size := 1; size < 12; size++ {
		for kernel := 1; kernel < 6; kernel++ {
			for stride := 1; stride < 4; stride++ {
				for dilation := 1; dilation < 3; dilation++ {
					lo, hi := SamePadding(size, kernel, stride, dilation)
					a := Conv{Strides: []int{stride}, Dilation: []int{dilation}, InputDilation: []int{1}, PadLo: []int{lo}, PadHi: []int{hi}}
					if got := ConvOut(size, kernel, a, 0); got != (size+stride-1)/stride || lo < 0 || hi-lo < 0 || hi-lo > 1 {
						t.Errorf("%d elements, kernel %d, stride %d, dilation %d: %d and %d around give %d", size, kernel, stride, dilation, lo, hi, got)
					}
				}
			}
		}
	}
}

// TestPool compares with the elements of each window one after the other.
func TestPool(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 4))
	for i := range 150 {
		rank, d, average := 1+i%3, classes[i%3], i&8 != 0
		if d == tensor.Int32 && average {
			continue
		}
		w := randomWindow(r, rank)
		p := Pool{Window: w.kernel, Strides: w.Strides, PadLo: make([]int, rank), PadHi: make([]int, rank), Average: average}
		for a := range rank { // no window lies outside
			p.PadLo[a], p.PadHi[a] = r.IntN(w.kernel[a]), r.IntN(w.kernel[a])
		}
		x := random(r, d, slices.Concat([]int{2}, w.size, []int{3})...)
		shape := []int{2}
		for a := range rank {
			shape = append(shape, (w.size[a]+p.PadLo[a]+p.PadHi[a]-w.kernel[a])/w.Strides[a]+1)
		}
		want := each(d, append(shape, 3), func(at []int) array {
			best, sum, n := -inf, 0.0, 0.0
			for e := range Product(w.kernel) {
				from, inside := slices.Clone(at), true
				for a, tap := range index(w.kernel, e) {
					from[a+1] = at[a+1]*w.Strides[a] - p.PadLo[a] + tap
					inside = inside && from[a+1] >= 0 && from[a+1] < w.size[a]
				}
				if inside {
					v := x.at(from...).data[0]
					best, sum, n = max(best, v), sum+v, n+1
				}
			}
			if average {
				best = sum / n
			}
			return array{data: []float64{best}}
		})
		is(t, fmt.Sprintf("%+v", p), 1e-6, want, []array{x}, func(b *Builder, v []*Value) *Value { return b.Pool(v[0], p) })
	}
	is(t, "NaN", 0, floats([]int{1, 2, 1}, nan, 2), []array{floats([]int{1, 4, 1}, nan, 1, 2, 1)},
		func(b *Builder, v []*Value) *Value {
			return b.Pool(v[0], Pool{Window: []int{2}, Strides: []int{2}, PadLo: []int{0}, PadHi: []int{0}})
		})
}

// TestWindowsThatDoNotFit says what is wrong with a convolution or a pooling.
func TestWindowsThatDoNotFit(t *testing.T) {
	f := tensor.Float32
	x := func(b *Builder) *Value { return b.Input(f, 1, 8, 8, 4) }
	for want, build := range map[string]func(b *Builder){
		"convolution: an input float32(1, 8, 8, 4) does not fit a kernel float32(3, 4, 5)": func(b *Builder) {
			b.Conv(x(b), b.Input(f, 3, 4, 5), Conv{})
		},
		"convolution: an input of 4 channels does not fit a kernel float32(3, 3, 3, 5) in 1 groups": func(b *Builder) {
			b.Conv(x(b), b.Input(f, 3, 3, 3, 5), Conv{})
		},
		"convolution: an input of 4 channels does not fit a kernel float32(3, 3, 2, 5) in 2 groups": func(b *Builder) {
			b.Conv(x(b), b.Input(f, 3, 3, 2, 5), Conv{Groups: 2})
		},
		"convolution: 1 settings for the 2 spatial axes": func(b *Builder) {
			b.Conv(x(b), b.Input(f, 3, 3, 4, 5), Conv{Strides: []int{1}})
		},
		"convolution: kernel size, strides and dilation must be 1 or more": func(b *Builder) {
			b.Conv(x(b), b.Input(f, 3, 3, 4, 5), Conv{Strides: []int{1, 0}})
		},
		"pooling: 1 settings for the 2 spatial axes": func(b *Builder) {
			b.Pool(x(b), Pool{Window: []int{2}, Strides: []int{2}, PadLo: []int{0}, PadHi: []int{0}})
		},
		"pooling: not defined for bool": func(b *Builder) {
			b.Pool(b.Input(tensor.Bool, 1, 8, 4), Pool{Window: []int{2}, Strides: []int{2}, PadLo: []int{0}, PadHi: []int{0}})
		},
		"pooling: not defined for int32": func(b *Builder) {
			b.Pool(b.Input(tensor.Int32, 1, 8, 4), Pool{Window: []int{2}, Strides: []int{2}, PadLo: []int{0}, PadHi: []int{0}, Average: true})
		},
	} {
		if got := problem(build); !strings.HasPrefix(got, want) {
			t.Errorf("%q, not %q", got, want)
		}
	}
	// A kernel that is longer than the input gives nothing.
	is(t, "nothing", 0, array{d: f, shape: []int{1, 0, 1}}, []array{floats([]int{1, 2, 1}, 1, 2), floats([]int{3, 1, 1}, 1, 1, 1)},
		func(b *Builder, v []*Value) *Value { return b.Conv(v[0], v[1], Conv{}) })
}

// TestResample makes an axis anew of weighted sums.
func TestResample(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for i := range 60 {
		x := random(r, classes[i%2], shapeOf(r, 1+r.IntN(3))...)
		axis := r.IntN(len(x.shape))
		size := x.shape[axis]
		var taps Taps
		for range r.IntN(5) {
			start := r.IntN(size)
			var weights []float64
			for range r.IntN(size - start + 1) {
				weights = append(weights, r.NormFloat64())
			}
			taps.Start, taps.Weights = append(taps.Start, start), append(taps.Weights, weights)
		}
		shape := slices.Clone(x.shape)
		shape[axis] = len(taps.Start)
		want := each(x.d, shape, func(at []int) array {
			sum, from := 0.0, slices.Clone(at)
			for k, w := range taps.Weights[at[axis]] {
				from[axis] = taps.Start[at[axis]] + k
				sum += w * x.at(from...).data[0]
			}
			return array{data: []float64{sum}}
		})
		is(t, "resample", 1e-6, want, []array{x}, func(b *Builder, v []*Value) *Value { return b.Resample(v[0], axis, taps) })
	}
	text := problem(func(b *Builder) {
		b.Resample(b.Input(tensor.Float32, 2, 3), 1, Taps{Start: []int{0, 2}, Weights: [][]float64{{1}, {1, 1}}})
	})
	if text != "resample: element 1 is made of elements outside axis 1 of float32(2, 3)" {
		t.Errorf("%q", text)
	}
}

// TestSTFT compares with the sums that define a Fourier transform, for lengths of all kinds.
func TestSTFT(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	for _, length := range []int{1, 2, 3, 4, 5, 6, 8, 12, 15, 16} {
		for _, center := range []bool{false, true} {
			samples, stride := length+r.IntN(20), 1+r.IntN(4)
			x := random(r, tensor.Float64, 2, samples)
			a := STFT{Stride: stride, Center: center}
			for range length {
				a.Window = append(a.Window, r.Float64())
			}
			lead := 0
			if center {
				lead = length / 2
			}
			sample := func(line, i int) float64 {
				for i -= lead; i < 0 || i >= samples; { // mirrored at the ends
					if i < 0 {
						i = -i
					} else {
						i = 2*(samples-1) - i
					}
					if samples == 1 {
						i = 0
					}
				}
				return x.at(line, i).data[0]
			}
			frames := 1 + (samples+2*lead-length)/stride
			shape := []int{2, frames, length/2 + 1}
			part := func(f func(complex128) float64) array {
				return each(tensor.Float64, shape, func(at []int) array {
					var sum complex128
					for i, w := range a.Window {
						angle := -2 * math.Pi * float64(at[2]*i) / float64(length)
						sum += complex(w*sample(at[0], at[1]*stride+i), 0) * cmplx.Exp(complex(0, angle))
					}
					return array{data: []float64{f(sum)}}
				})
			}
			got := compute(t, []array{x}, func(b *Builder, v []*Value) []*Value {
				re, im := b.STFT(v[0], a)
				return []*Value{re, im}
			})
			if re, im := part(func(c complex128) float64 { return real(c) }),
				part(func(c complex128) float64 { return imag(c) }); !got[0].same(re, 1e-10) ||
				!got[1].same(im, 1e-10) {
				t.Errorf("frames of %d, %d apart, centred %v: %v %v, not %v %v", length, stride, center, got[0], got[1], re, im)
			}
		}
	}
	if text := problem(func(b *Builder) { b.STFT(b.Input(tensor.Float32, 5), STFT{Stride: 1}) }); !strings.HasPrefix(text,
		"stft: frames of 0 samples") {
		t.Errorf("%q", text)
	}
}
