package graph_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	. "github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/internal/optest"
	"github.com/hornml/horn/tensor"
)

// shapes of float inputs of a sample; integer and bool inputs are written by the sample itself.
type dims = [][]int

// gradientSample is an op, or a few, whose gradient is compared with differences.
type gradientSample struct {
	name   string
	in     dims
	lo, hi float64 // between which the inputs are; both 0: -1..1
	build  func(b *Builder, x []*Value) []*Value
}

func one(v *Value) []*Value { return []*Value{v} }

// unary functions, and where they are smooth.
var smooth = []struct {
	f      *Unary
	p      Params
	lo, hi float64
}{
	{Neg, Params{}, -2, 2}, {Abs, Params{}, 0.1, 2}, {Abs, Params{}, -2, -0.1}, {Square, Params{}, -2, 2}, {Recip, Params{}, 0.5, 2},
	{Sqrt, Params{}, 0.5, 2}, {Rsqrt, Params{}, 0.5, 2}, {Cbrt, Params{}, -2, -0.5}, {Cbrt, Params{}, 0.5, 2}, {Exp, Params{}, -2, 2},
	{Exp2, Params{}, -2, 2},
	{Expm1, Params{}, -2, 2}, {Log, Params{}, 0.5, 2}, {Log1p, Params{}, -0.5, 2}, {Log2, Params{}, 0.5, 2}, {Log10, Params{}, 0.5, 2},
	{Sin, Params{}, -3, 3}, {Cos, Params{}, -3, 3}, {Tan, Params{}, -1, 1}, {Asin, Params{}, -0.9, 0.9}, {Acos, Params{}, -0.9, 0.9},
	{Atan, Params{}, -3, 3}, {Sinh, Params{}, -2, 2}, {Cosh, Params{}, -2, 2}, {Tanh, Params{}, -3, 3}, {Asinh, Params{}, -3, 3},
	{Acosh, Params{}, 1.5, 3}, {Atanh, Params{}, -0.8, 0.8}, {Erf, Params{}, -2, 2}, {Erfc, Params{}, -2, 2}, {Erfinv, Params{}, -0.8, 0.8},
	{Sigmoid, Params{}, -5, 5}, {Relu, Params{}, 0.1, 2}, {Relu, Params{}, -2, -0.1}, {Silu, Params{}, -5, 5}, {Gelu, Params{}, -3, 3},
	{GeluTanh, Params{}, -3, 3}, {Softplus, Params{}, -5, 5}, {Softsign, Params{}, -3, 3}, {Elu, Params{A: 0.7}, -3, -0.1},
	{Elu, Params{A: 0.7}, 0.1, 2},
	{LeakyRelu, Params{A: 0.3}, -3, -0.1}, {LeakyRelu, Params{A: 0.3}, 0.1, 3}, {Clip, Params{A: -1, B: 0.5}, -0.9, 0.4},
	{Clip, Params{A: -1, B: 0.5}, 0.6, 2},
	{Clip, Params{A: -1, B: 0.5}, -2, -1.1}, {Affine, Params{A: -0.4, B: 3}, -2, 2},
	{Floor, Params{}, 0.1, 0.9}, {Ceil, Params{}, 0.1, 0.9}, {Trunc, Params{}, 0.1, 0.9}, {Round, Params{}, 0.6, 0.9},
	{Sign, Params{}, 0.1, 2},
}

var smoothPairs = []struct {
	f                *Binary
	lo, hi, lo2, hi2 float64
}{
	{Add, -2, 2, -2, 2}, {Sub, -2, 2, -2, 2}, {Mul, -2, 2, -2, 2}, {Div, -2, 2, 0.5, 2}, {Div, -2, 2, -2, -0.5}, {Max, 0, 1, 1.1, 2},
	{Max, 1.1, 2, 0, 1},
	{Min, 0, 1, 1.1, 2}, {Min, 1.1, 2, 0, 1}, {Pow, 0.3, 2, -2, 2}, {Mod, 1.1, 1.9, 1, 1.05}, {Mod, -0.9, -0.1, 1, 2},
	{Fmod, 1.1, 1.9, 1, 1.05},
	{Fmod, -0.9, -0.1, 1, 2}, {Atan2, -2, 2, 0.5, 2}, {Atan2, 0.5, 2, -2, 2}, {Hypot, -2, 2, 0.5, 2}, {FloorDiv, 0.1, 0.9, 1, 2},
}

func gradientSamples() []gradientSample {
	var list []gradientSample
	add := func(name string, in dims, build func(b *Builder, x []*Value) []*Value) {
		list = append(list, gradientSample{name: name, in: in, build: build})
	}
	for _, s := range smooth {
		list = append(list, gradientSample{s.f.Name, dims{{3, 2}}, s.lo, s.hi,
			func(b *Builder, x []*Value) []*Value { return one(b.UnaryP(s.f, s.p, x[0])) }})
	}
	for _, s := range smoothPairs {
		for _, in := range []dims{{{2, 3}, {2, 3}}, {{3}, {2, 1}}, {{2, 1, 3}, {1, 2, 1}}, {{}, {2, 1}}, {{1, 1}, {3}}} {
			add(s.f.Name, in, func(b *Builder, x []*Value) []*Value {
				// From -1..1 to where the function is smooth.
				to := func(v *Value, lo, hi float64) *Value {
					return b.UnaryP(Affine, Params{A: (hi - lo) / 2, B: (hi + lo) / 2}, v)
				}
				return one(b.Binary(s.f, to(x[0], s.lo, s.hi), to(x[1], s.lo2, s.hi2)))
			})
		}
	}
	index := func(b *Builder, shape []int, values ...int) *Value {
		return b.Reshape(b.Ints(tensor.Int32, values...), shape...)
	}
	bools := func(b *Builder, shape []int, values ...int) *Value {
		return b.Cast(index(b, shape, values...), tensor.Bool)
	}
	add("where", dims{{2, 3}, {2, 1}}, func(b *Builder, x []*Value) []*Value { return one(b.Where(bools(b, []int{3}, 1, 0, 1), x[0], x[1])) })
	add("cast", dims{{2, 3}}, func(b *Builder, x []*Value) []*Value {
		return one(b.Cast(b.Cast(x[0], tensor.Float64), tensor.Float64))
	})
	add("cast to integers", dims{{2, 3}}, func(b *Builder, x []*Value) []*Value {
		return one(b.Add(x[0], b.Cast(b.Cast(x[0], tensor.Int32), tensor.Float64)))
	})
	add("movement", dims{{2, 3, 4}}, func(b *Builder, x []*Value) []*Value {
		return one(b.Mul(b.Reshape(b.Transpose(x[0], 2, 0, 1), 4, 6), b.BroadcastTo(b.Reshape(b.Slice(x[0], 2, 0, 1), 1, 6), 4, 6)))
	})
	for _, s := range []Slice{
		{[]int{1, 0}, []int{2, 1}, []int{2, 3}}, {[]int{4, 2}, []int{-2, -1}, []int{3, 2}}, {[]int{2, 1}, []int{3, 7}, []int{1, 1}},
		{[]int{0, 0}, []int{1, 1}, []int{0, 3}},
		{[]int{4, 0}, []int{-4, 2}, []int{2, 2}},
	} {
		add(fmt.Sprint("slice", s), dims{{5, 3}}, func(b *Builder, x []*Value) []*Value { return one(b.Emit1(s, x[0])) })
	}
	add("concat", dims{{2, 1}, {2, 3}, {2, 0}}, func(b *Builder, x []*Value) []*Value { return one(b.Concat(1, x[0], x[1], x[0], x[2])) })
	add("pad", dims{{2, 3}}, func(b *Builder, x []*Value) []*Value { return one(b.Pad(x[0], []int{1, 0}, []int{0, 2}, 7)) })
	add("take", dims{{2, 4, 3}}, func(b *Builder, x []*Value) []*Value {
		return one(b.Take(x[0], index(b, []int{2, 3}, 0, -1, 2, 2, 2, 0), 1))
	})
	add("take a number", dims{{2, 4}}, func(b *Builder, x []*Value) []*Value { return one(b.Take(x[0], index(b, []int{}, 3), 1)) })
	add("take_along_axis", dims{{2, 4, 3}}, func(b *Builder, x []*Value) []*Value {
		return one(b.TakeAlong(x[0], index(b, []int{2, 2, 1}, 0, -1, 2, 2), 1))
	})
	add("take_along_axis of one", dims{{1, 4, 3}}, func(b *Builder, x []*Value) []*Value {
		return one(b.TakeAlong(x[0], index(b, []int{2, 3, 3}, 0, -1, 2, 2, 1, 0, 0, 0, 3, 3, 3, 2, 2, 1, 0, -4, 1, 2), 1))
	})
	for _, how := range []string{"", "add", "mul", "max", "min"} {
		add("scatter "+how, dims{{4, 2}, {5, 2}}, func(b *Builder, x []*Value) []*Value { // two updates meet
			return one(b.Scatter(x[0], index(b, []int{5, 1}, 0, 2, -1, 2, 2), x[1], how))
		})
		add("scatter elements "+how, dims{{4, 2}, {3}}, func(b *Builder, x []*Value) []*Value {
			return one(b.Scatter(x[0], index(b, []int{3, 2}, 0, 1, 3, -1, 3, 1), x[1], how))
		})
	}
	add("scatter mul zeros", dims{{4}, {5}}, func(b *Builder, x []*Value) []*Value {
		base := b.Mul(x[0], b.Floats(tensor.Float64, 0, 1, 0, 1))
		updates := b.Mul(x[1], b.Floats(tensor.Float64, 1, 0, 0, 1, 0))
		return one(b.Scatter(base, index(b, []int{5, 1}, 0, 1, 2, 2, 3), updates, "mul"))
	})
	for _, f := range []*Reduction{Sum, Mean, Prod, ReduceMax, ReduceMin} {
		for _, axes := range [][]int{{0}, {1, 2}, {0, 1, 2}, {}} {
			add(fmt.Sprint("reduce ", f.Name, axes), dims{{2, 3, 2}},
				func(b *Builder, x []*Value) []*Value { return one(b.Emit1(Reduce{f, axes}, x[0])) })
		}
	}
	add("prod zeros", dims{{4, 3}}, func(b *Builder, x []*Value) []*Value {
		zeros := b.Reshape(b.Floats(tensor.Float64, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 0, 0), 4, 3)
		return one(b.Reduce(Prod, b.Mul(x[0], zeros), false, 1))
	})
	add("softmax", dims{{2, 3, 2}}, func(b *Builder, x []*Value) []*Value { return []*Value{b.Softmax(x[0], 1), b.LogSoftmax(x[0], 1)} })
	add("layer_norm", dims{{2, 5}}, func(b *Builder, x []*Value) []*Value {
		return []*Value{b.Normalize(x[0], 1e-3, false, 1), b.Normalize(x[0], 1e-3, true, 0)}
	})
	add("sort", dims{{3, 5}}, func(b *Builder, x []*Value) []*Value { return one(b.Sort(x[0], 1)) })
	add("cumsum", dims{{3, 4, 2}}, func(b *Builder, x []*Value) []*Value { return one(b.Cumsum(x[0], 1)) })
	add("cumprod", dims{{3, 4, 2}}, func(b *Builder, x []*Value) []*Value { return one(b.Cumprod(x[0], 1)) })
	add("cumprod zeros", dims{{5}}, func(b *Builder, x []*Value) []*Value {
		return one(b.Cumprod(b.Mul(x[0], b.Floats(tensor.Float64, 1, 0, 1, 0, 1)), 0))
	})
	for _, m := range []struct {
		x, y   []int
		ta, tb bool
	}{
		{[]int{2, 3}, []int{3, 4}, false, false}, {[]int{3, 2}, []int{3, 4}, true, false}, {[]int{2, 3}, []int{4, 3}, false, true},
		{[]int{3, 2}, []int{4, 3}, true, true},
		{[]int{2, 1, 2, 3}, []int{3, 3, 4}, false, false}, {[]int{1, 3, 2}, []int{2, 4, 3}, true, true},
		{[]int{2, 3}, []int{2, 3, 1}, false, false},
	} {
		add("matmul", dims{m.x, m.y}, func(b *Builder, x []*Value) []*Value { return one(b.MatMulT(x[0], x[1], m.ta, m.tb)) })
	}
	for _, c := range []struct {
		x, k []int
		conv Conv
	}{
		{[]int{2, 6, 3}, []int{3, 3, 2}, Conv{}},
		{[]int{2, 7, 2}, []int{3, 2, 2}, Conv{Strides: []int{2}, PadLo: []int{1}, PadHi: []int{0}}},
		{[]int{1, 9, 2}, []int{3, 2, 2}, Conv{Dilation: []int{2}, Strides: []int{3}, PadLo: []int{0}, PadHi: []int{2}}},
		{[]int{1, 4, 2}, []int{2, 2, 3}, Conv{PadLo: []int{3}, PadHi: []int{4}}},
		{[]int{1, 4, 2}, []int{2, 2, 3}, Conv{PadLo: []int{4}, PadHi: []int{5}, InputDilation: []int{3}, Strides: []int{2}}},
		{[]int{2, 4, 4}, []int{3, 2, 6}, Conv{Groups: 2, InputDilation: []int{2}, PadLo: []int{2}, PadHi: []int{1}}},
		{[]int{2, 5, 4, 4}, []int{3, 2, 1, 8}, Conv{Groups: 4, Strides: []int{2, 1}, PadLo: []int{1, 0}, PadHi: []int{1, 1}}},
		{[]int{1, 6, 5, 2}, []int{2, 3, 2, 2}, Conv{Dilation: []int{2, 1}, Strides: []int{2, 3}}},
		{[]int{1, 3, 4, 3, 2}, []int{2, 1, 2, 2, 3}, Conv{Strides: []int{1, 2, 1}, InputDilation: []int{2, 1, 1}, PadLo: []int{0, 0, 1},
			PadHi: []int{1, 0, 0}}},
	} {
		add("conv", dims{c.x, c.k}, func(b *Builder, x []*Value) []*Value { return one(b.Conv(x[0], x[1], c.conv)) })
	}
	add("spread", dims{{2, 3, 2, 2}}, func(b *Builder, x []*Value) []*Value { return one(b.Emit1(Spread{[]int{3, 1}}, x[0])) })
	for _, average := range []bool{false, true} {
		add("pool", dims{{2, 7, 3}}, func(b *Builder, x []*Value) []*Value {
			return one(b.Pool(x[0], Pool{[]int{3}, []int{2}, []int{1}, []int{1}, average}))
		})
		add("pool 2d", dims{{1, 5, 4, 2}}, func(b *Builder, x []*Value) []*Value {
			return one(b.Pool(x[0], Pool{[]int{2, 3}, []int{1, 2}, []int{0, 1}, []int{1, 2}, average}))
		})
		add("pool 3d", dims{{1, 3, 4, 2, 1}}, func(b *Builder, x []*Value) []*Value {
			return one(b.Pool(x[0], Pool{[]int{2, 2, 1}, []int{1, 2, 1}, []int{0, 0, 0}, []int{0, 0, 0}, average}))
		})
	}
	add("resample", dims{{2, 4, 2}}, func(b *Builder, x []*Value) []*Value {
		return one(b.Resample(x[0], 1, Taps{[]int{2, 0, 1, 0}, [][]float64{{0.5, 0.25}, {1}, {0.1, 0.2, 0.3}, {}}}))
	})
	for _, s := range []STFT{{[]float64{0.1, 0.5, 1, 0.5}, 2, false}, {[]float64{0.1, 0.5, 1, 0.5, 0.2}, 3, true}} {
		add("stft", dims{{2, 9}}, func(b *Builder, x []*Value) []*Value { re, im := b.STFT(x[0], s); return []*Value{re, im} })
		add("stft, one part", dims{{2, 9}}, func(b *Builder, x []*Value) []*Value { _, im := b.STFT(x[0], s); return one(im) })
	}
	add("stop_gradient", dims{{3}}, func(b *Builder, x []*Value) []*Value {
		return one(b.Mul(x[0], b.Sub(b.StopGradient(b.Floats(tensor.Float64, 1, 2, 3)), x[0])))
	})
	return append(list, loopSamples()...)
}

func loopSamples() []gradientSample {
	var list []gradientSample
	mask := func(b *Builder) *Value {
		return b.Cast(b.Reshape(b.Ints(tensor.Int32, 1, 1, 0, 1, 0, 1, 1, 0), 2, 4), tensor.Bool)
	}
	for _, l := range []Loop{
		{Sequences: true}, {}, {Backwards: true, Sequences: true}, {Backwards: true}, {Sequences: true, Masked: true}, {Masked: true},
		{Backwards: true, Sequences: true, Masked: true, ZeroMasked: true}, {Masked: true, ZeroMasked: true, Sequences: true},
		{Masked: true, ZeroMasked: true},
	} {
		var m func(b *Builder) *Value
		if l.Masked {
			m = mask
		} else {
			m = func(*Builder) *Value { return nil }
		}
		for _, cell := range []Recurrent{{Cell: LSTM}, {Cell: GRU}, {Cell: GRU, ResetAfter: true}, {Cell: SimpleRNN}} {
			cell.Activation, cell.Gate, cell.Loop = Chain{{Op: Tanh}}, Chain{{Op: Affine, Params: Params{A: 0.3, B: 0.5}}, {Op: Sigmoid}}, l
			width := 3 * cell.Cell.Gates()
			in := dims{{2, 4, width}, {3, width}}
			for range cell.Cell.States() {
				in = append(in, []int{2, 3})
			}
			if cell.ResetAfter {
				in = append(in, []int{3})
			}
			list = append(list, gradientSample{name: fmt.Sprintf("%s %+v", cell.Cell, l), in: in, build: func(b *Builder, x []*Value) []*Value {
				out, states := b.Recurrent(cell, m(b), x...)
				return append(states, out)
			}})
		}
		// Two sequences, a state without a batch where there is no mask, a captured value and one that is made of it.
		list = append(list, gradientSample{name: fmt.Sprintf("scan %+v", l), in: dims{{2, 4, 3}, {2, 4}, {2, 3}, {2, 1}, {3, 3}},
			build: func(b *Builder, x []*Value) []*Value {
				made := b.Tanh(x[4])
				states := x[2:4]
				out, last := b.Scan(x[:2], states, l, m(b), func(b *Builder, xs, s []*Value) (*Value, []*Value) {
					gate := b.Sigmoid(b.ExpandDims(xs[1], 1))
					next := b.Tanh(b.Add(b.MatMul(s[0], x[4]), b.Mul(gate, b.MatMul(xs[0], b.Square(made)))))
					return b.Mul(next, s[1]), []*Value{next, b.Add(s[1], b.Slice(s[0], 1, 0, 1))}
				})
				return append(last, out)
			}})
	}
	list = append(list, gradientSample{name: "scan, counting", in: dims{{2, 4, 3}, {3}}, build: func(b *Builder, x []*Value) []*Value {
		out, last := b.Scan(x[:1], []*Value{b.Full(tensor.Int32, 0, 2, 1), x[1]}, Loop{Sequences: true}, nil,
			func(b *Builder, xs, s []*Value) (*Value, []*Value) {
				n := b.Add(s[0], b.Int(tensor.Int32, 1))
				return b.Mul(b.Mul(xs[0], s[1]), b.Cast(n, tensor.Float64)), []*Value{n, b.Sub(s[1], b.Square(s[1]))}
			})
		return append(last, out)
	}}, gradientSample{name: "scan without states", in: dims{{2, 4, 3}, {3, 2}}, build: func(b *Builder, x []*Value) []*Value {
		out, _ := b.Scan(x[:1], nil, Loop{Sequences: true}, nil, func(b *Builder, xs, _ []*Value) (*Value,
			[]*Value) {
			return b.Tanh(b.MatMul(xs[0], x[1])), nil
		})
		return one(out)
	}})
	return list
}

// TestGradients compares the gradient of every op with central differences.
func TestGradients(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for _, s := range gradientSamples() {
		lo, hi := s.lo, s.hi
		if lo == hi {
			lo, hi = -1, 1
		}
		b := NewBuilder()
		var x []*Value
		var bufs []Buf
		for _, shape := range s.in {
			x = append(x, b.Input(tensor.Float64, shape...))
			bufs = append(bufs, optest.Floats(r, x[len(x)-1].Size(), lo, hi))
		}
		b.Graph.Outputs = s.build(b, x)
		optest.Gradient(t, s.name, b.Graph, bufs)
	}
}
