package plan

import (
	"slices"
	"testing"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/tensor"
)

// channelsFirst is a part of a residual network as layers with the channels first write it.
func channelsFirst(f *fixture) []*value {
	first := func(x *value) *value { return f.ToChannelsFirst(x) }
	conv := func(x *value, k *value, pad int) *value {
		return first(f.Conv(f.ToChannelsLast(x), k, graph.Conv{PadLo: []int{pad, pad}, PadHi: []int{pad, pad}}))
	}
	norm := func(x *value) *value { c := x.Shape[1]; return f.Add(f.Mul(x, f.w(c, 1, 1)), f.w(1, c, 1, 1)) }
	x := f.Relu(norm(conv(f.in(2, 3, 12, 10), f.w(3, 3, 3, 16), 1)))
	y := f.Relu(f.Add(norm(conv(x, f.w(3, 3, 16, 16), 1)), x))
	gate := f.Sigmoid(conv(f.Reduce(graph.Mean, y, true, 2, 3), f.w(1, 1, 16, 16), 0))
	y = f.Concat(1, f.Mul(y, gate), f.MulS(x, 2), f.Where(f.Compare(graph.Greater, f.in(2, 1, 1, 1), f.Scalar(tensor.Float32, 0)), x,
		f.Scalar(tensor.Float32, 1)))
	y = f.Slice(f.Pad(y, []int{0, 0, 1, 1}, []int{0, 0, 2, 0}, 0), 2, 1, 14)
	y = f.Repeat(f.Repeat(f.Softmax(y, 1), 2, 2), 3, 2)
	y = f.Resample(y, 2, graph.Taps{Start: []int{0, 3, 5}, Weights: [][]float64{{1}, {0.5, 0.25}, {1, 2, 3}}})
	y = conv(y, f.w(1, 1, 48, 5), 0)
	return []*value{f.Mean(y, 2, 3), f.Reduce(graph.ReduceMax, y, false, 2, 3)}
}

func init() {
	cases["channels first"] = channelsFirst
	cases["reshapes before elementwise ops"] = func(f *fixture) []*value {
		x := f.Reshape(f.Dense(f.in(2, 9, 12), f.w(12, 24)), 2, 9, 4, 6)
		y := f.Reshape(f.Dense(f.in(2, 9, 12), f.w(12, 24)), 2, 9, 4, 6)
		z := f.Reshape(f.Dense(f.in(2, 9, 12), f.w(12, 24)), 2, 9, 4, 6)
		return []*value{f.MulS(f.Add(x, f.w(4, 6)), 0.3), f.Add(f.Tanh(y), f.in(2, 9, 4, 6)), f.Add(z, f.w(6))}
	}
	cases["transposes before elementwise ops"] = func(f *fixture) []*value {
		t := func(x *value) *value { return f.Transpose(x, 0, 2, 1, 3) }
		x, y := t(f.in(2, 3, 4, 5)), t(f.in(2, 3, 4, 5))
		return []*value{f.MulS(f.Add(x, y), 2), f.Relu(t(f.in(2, 3, 4, 5))), f.Add(x, f.w(5)), y}
	}
	cases["where"] = func(f *fixture) []*value {
		x, y, zero := f.in(6, 40, 30), f.in(6, 40, 30), f.Scalar(tensor.Float32, 0)
		is := func(shape ...int) *value { return f.Compare(graph.Less, f.in(shape...), zero) }
		return []*value{
			f.Where(is(6, 40, 30), x, y), f.Where(is(6, 40, 30), zero, f.Exp(x)), f.Where(is(6, 40, 30), f.Relu(x), zero),
			f.Where(is(6, 40, 1), f.Relu(y), x), f.Where(is(40, 30), x, zero), f.Where(is(30), x, y), f.Where(is(6, 1, 30), x, f.in(30)),
			f.Where(is(6, 1, 1), f.in(30), y), f.Where(is(1), x, y), f.Where(is(6, 40, 30), zero, f.Scalar(tensor.Float32, 1)),
			f.Relu(f.Where(is(20, 24), f.Dense(f.in(20, 8), f.w(8, 24)), zero)), f.Where(is(4, 600), f.in(4, 1), f.in(600)),
			f.Where(is(2, 700), f.in(2, 700), zero), f.Where(is(700), f.in(2, 700), zero),
		}
	}
	cases["comparisons"] = func(f *fixture) []*value {
		x, y, one := f.Reshape(f.in(4, 30), 4, 30), f.in(4, 30), f.in(1)
		odd := f.Log(f.Relu(f.in(4, 30))) // with infinities
		odd = f.Sub(odd, odd)             // and NaN
		var outs []*value
		for _, op := range []*graph.Comparison{graph.Less, graph.LessEqual, graph.Greater, graph.GreaterEqual, graph.Equal, graph.NotEqual} {
			outs = append(outs, f.Compare(op, x, y), f.Compare(op, x, one), f.Compare(op, one, x), f.Compare(op, odd, x), f.Compare(op, x, x),
				f.Compare(op, x, f.in(4, 1)))
		}
		return append(outs, f.Argmax(x, 1), f.Argmin(x, 1), f.Argmax(odd, 1), f.Argmin(x, 0))
	}
	cases["take"] = func(f *fixture) []*value {
		i := f.Ints(tensor.Int32, 2, 0, -1, 2, 1)
		return []*value{f.Take(f.w(3, 40), i, 0), f.Take(f.in(4, 3, 5), f.Reshape(i, 5, 1), 1), f.Take(f.in(4, 3), i, 1)}
	}
	cases["slices"] = func(f *fixture) []*value {
		x := f.in(4, 9, 10, 8)
		return []*value{f.Slice(x, 0, 1, 3), f.Slice(x, 1, 2, 7), f.Slice(f.Slice(x, 1, 2, 7), 2, 1, 9), f.SliceStep(x, 2, 1, 3, 3),
			f.Slice(x, 3, 2, 7),
			f.SliceStep(x, 3, 0, 2, 4), f.Flip(x, 1), f.SliceStep(f.in(300, 5), 0, 1, 2, 140)}
	}
	cases["resample"] = func(f *fixture) []*value {
		taps := graph.Taps{Start: []int{0, 1, 0, 3, 2}, Weights: [][]float64{{1}, {0.25, 0.75}, {0.1, 0.2, 0.3}, {}, {1.5, -0.5}}}
		return []*value{f.Resample(f.in(2, 5, 3), 1, taps), f.Resample(f.in(5, 100), 0, taps), f.Resample(f.in(3, 5), 1, taps)}
	}
	cases["repeats"] = func(f *fixture) []*value {
		x := f.in(3, 4, 5)
		return []*value{f.Repeat(x, 0, 2), f.Repeat(x, 1, 3), f.Repeat(x, 2, 2), f.Repeat(f.Repeat(x, 1, 2), 2, 2), f.Tile(x, 1, 2)}
	}
}

func TestChannelsFirstRunsWithTheChannelsLast(t *testing.T) {
	names := stepNames(t, "channels first")
	if count := len(slices.DeleteFunc(names, func(s string) bool { return s != "transpose" })); count != 1 { // of the input
		t.Errorf("%d transposes: %v", count, stepNames(t, "channels first"))
	}
}
