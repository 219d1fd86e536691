package plan

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/tensor"
	"github.com/hornml/horn/tensor/kernel"
)

// randomly compiles graphs of many seeds at each level of CPU instructions, and compares them with their interpretation.
func randomly(t *testing.T, seeds uint64, tolerance float64, build func(f *fixture)) {
	t.Helper()
	for seed := range seeds {
		write := func() *fixture {
			f := &fixture{Builder: graph.NewBuilder(), rng: rand.New(rand.NewPCG(seed, 11))}
			build(f)
			return f
		}
		f := write()
		var run graph.Run
		for _, in := range f.inputs {
			run.Inputs = append(run.Inputs, graph.BufOf(in))
		}
		want, err := graph.Interpret(f.Graph, run)
		if err != nil {
			t.Fatal(err)
		}
		for _, level := range kernel.Levels() {
			restore := kernel.SetLevel(level)
			p, err := Compile(write().Graph, Options{Threads: 1 + int(seed%3)})
			if err != nil {
				t.Fatal(err)
			}
			got, err := p.Run(f.inputs, nil)
			if err != nil {
				t.Fatal(err)
			}
			for i, v := range f.Graph.Outputs {
				compare(t, tolerance, fmt.Sprintf("seed %d, level %v, output %d of %s", seed, level, i, v.Node.Op.Name()),
					graph.BufOf(got[i]), want[i],
					v.DType)
			}
			restore()
		}
		if t.Failed() {
			return
		}
	}
}

// TestRandomWindows convolves and pools with random settings: sizes, strides, dilations, groups, paddings, also negative ones.
func TestRandomWindows(t *testing.T) {
	randomly(t, 250, 1e-4, func(f *fixture) {
		r := f.rng
		rank := 1 + r.IntN(3)
		a := graph.Conv{Groups: []int{1, 1, 2, 4}[r.IntN(4)]}
		p := graph.Pool{Average: r.IntN(2) == 0}
		in := a.Groups * (1 + r.IntN(5))
		filters := a.Groups * (1 + r.IntN(9))
		if r.IntN(4) == 0 { // depthwise
			a.Groups, filters = in, in*(1+r.IntN(2))
		}
		size, taps := []int{1 + r.IntN(2)}, []int(nil)
		for range rank {
			k, dilation := 1+r.IntN(4), 1+r.IntN(2)
			taps = append(taps, k)
			a.Dilation, a.Strides = append(a.Dilation, dilation), append(a.Strides, 1+r.IntN(3))
			a.InputDilation = append(a.InputDilation, max(1, r.IntN(4)-1))
			a.PadLo, a.PadHi = append(a.PadLo, r.IntN(4)-1), append(a.PadHi, r.IntN(4)-1)
			size = append(size, (k-1)*dilation+2+r.IntN(9))
			p.Window, p.Strides = append(p.Window, k), append(p.Strides, 1+r.IntN(3))
			p.PadLo, p.PadHi = append(p.PadLo, r.IntN(k)), append(p.PadHi, r.IntN(k))
		}
		x := f.in(append(size, in)...)
		w := f.random(append(taps, in/a.Groups, filters)...)
		for i, v := range w.Data() {
			w.Data()[i] = v / float32(math.Sqrt(float64(graph.Product(taps)*in/a.Groups)))
		}
		y := f.Conv(x, f.Const(w), a)
		if r.IntN(2) == 0 {
			y = f.Add(f.Mul(y, f.w(filters)), f.w(filters))
		}
		switch r.IntN(4) {
		case 0:
			y = f.Relu(y)
		case 1:
			y = f.Unary(graph.Silu, f.Add(y, f.in(y.Shape...)))
		case 2:
			y = f.Mul(y, f.in(1, filters))
		}
		f.Graph.Outputs = []*value{y, f.Pool(x, p)}
	})
}

// TestRandomProducts multiplies matrices of odd sizes, with whatever follows a product, batches that repeat, operands that are views.
func TestRandomProducts(t *testing.T) {
	randomly(t, 250, 1e-4, func(f *fixture) {
		r := f.rng
		m, k, n := 1+r.IntN(30), 1+r.IntN(70), 1+r.IntN(80)
		small := 1 / math.Sqrt(float64(k))
		var y *value
		switch r.IntN(4) {
		case 0: // a layer
			y = f.Dense(f.MulS(f.in(m, k), small), f.w(k, n))
		case 1: // a layer over time, whose kernel lies the other way round
			y = f.MatMulT(f.MulS(f.in(2, m, k), small), f.BroadcastTo(f.w(n, k), 2, n, k), false, true)
		case 2: // heads
			q := f.Transpose(f.in(2, m, 3, k), 0, 2, 1, 3)
			y = f.MatMulT(f.MulS(q, small), f.Transpose(f.in(2, n, 3, k), 0, 2, 1, 3), false, true)
		default: // a batch that repeats
			y = f.MatMul(f.MulS(f.in(3, 1, m, k), small), f.in(2, k, n))
		}
		for range r.IntN(4) {
			switch r.IntN(6) {
			case 0:
				y = f.Add(y, f.w(n))
			case 1:
				y = f.Mul(y, f.w(n))
			case 2:
				y = f.Unary([]*graph.Unary{graph.Gelu, graph.Tanh, graph.Relu, graph.Sigmoid}[r.IntN(4)], y)
			case 3:
				y = f.Add(y, f.in(y.Shape...))
			case 4:
				y = f.Clip(y, -0.5, 0.5)
			default:
				y = f.Sub(f.in(y.Shape...), y)
			}
		}
		if r.IntN(3) == 0 {
			y = f.Softmax(y, -1)
		}
		if r.IntN(3) == 0 && y.Rank() > 2 {
			y = f.SwapAxes(y, 1, 2)
		}
		f.Graph.Outputs = one(y)
	})
}

// TestRandomAttention writes attention with heads that are shared, masks of all forms, scales and biases.
func TestRandomAttention(t *testing.T) {
	randomly(t, 150, 1e-4, func(f *fixture) {
		r := f.rng
		batch, heads, m, n, dim, width := 1+r.IntN(2), 1+r.IntN(3), 1+r.IntN(40), 1+r.IntN(60), 1+r.IntN(20), 1+r.IntN(20)
		head := func(length, size int) *value {
			if r.IntN(2) == 0 {
				return f.in(batch, heads, length, size)
			}
			return f.Transpose(f.in(batch, length, heads, size), 0, 2, 1, 3)
		}
		q, k, v := head(m, dim), head(n, dim), head(n, width)
		s := f.MulS(f.MatMulT(q, k, false, true), 1/math.Sqrt(float64(dim)))
		zero, low := f.Scalar(tensor.Float32, 0), f.Scalar(tensor.Float32, -1e9)
		switch r.IntN(5) {
		case 0:
			s = f.Add(s, f.in(1, heads, m, n))
		case 1:
			s = f.Where(f.Compare(graph.Less, f.in(batch, 1, 1, n), zero), s, low)
		case 2:
			rows, columns := f.Iota(tensor.Int32, m), f.Iota(tensor.Int32, n)
			s = f.Where(f.Compare(graph.GreaterEqual, f.ExpandDims(rows, 1), f.ExpandDims(columns, 0)), s, low)
		case 3:
			both := f.And(f.Compare(graph.Less, f.in(batch, 1, 1, n), zero), f.Compare(graph.Less, f.in(1, 1, m, 1), zero))
			s = f.Where(both, s, f.AddS(s, -1e9))
		}
		if r.IntN(4) == 0 {
			s = f.MulS(f.Tanh(s), 5)
		}
		y := f.MatMul(f.Softmax(s, -1), v)
		if r.IntN(2) == 0 {
			y = f.Reshape(f.Transpose(y, 0, 2, 1, 3), batch, m, heads*width)
		}
		f.Graph.Outputs = one(y)
	})
}

// TestRandomMovement copies, repeats, picks and resamples along random axes, with sizes that are no multiple of anything.
func TestRandomMovement(t *testing.T) {
	randomly(t, 200, 1e-5, func(f *fixture) {
		r := f.rng
		shape := make([]int, 2+r.IntN(3))
		for i := range shape {
			shape[i] = 1 + r.IntN(40/len(shape))
		}
		x := f.in(shape...)
		axis := r.IntN(len(shape))
		size := shape[axis]
		indices := make([]int, 1+r.IntN(2*size))
		for i := range indices {
			indices[i] = r.IntN(size)
		}
		start := r.IntN(size)
		lo, hi := make([]int, len(shape)), make([]int, len(shape))
		for i := range lo {
			lo[i], hi[i] = r.IntN(3), r.IntN(3)
		}
		taps := graph.Taps{}
		for range 1 + r.IntN(9) {
			at := r.IntN(size)
			taps.Start = append(taps.Start, at)
			taps.Weights = append(taps.Weights, []float64{0.5, 0.25, 0.125}[:min(1+r.IntN(3), size-at)])
		}
		order := r.Perm(len(shape))
		f.Graph.Outputs = []*value{
			f.Transpose(x, order...), f.Slice(x, axis, start, size), f.SliceStep(x, axis, size-1, -1, size), f.Pad(x, lo, hi, 0.5),
			f.Repeat(x, axis, 1+r.IntN(3)), f.Tile(x, axis, 1+r.IntN(3)), f.Take(x, f.Ints(tensor.Int32, indices...), axis),
			f.Concat(axis, x, f.Exp(x), f.Slice(x, axis, 0, start)), f.Resample(x, axis, taps), f.Softmax(x, axis), f.Normalize(x, 1e-3,
				false, axis),
			f.Reduce(graph.Sum, x, false, axis), f.Reduce(graph.ReduceMax, x, true, axis), f.Argmax(x, axis), f.Cumsum(x, axis),
			f.Mean(x, slices.Sorted(slices.Values(order[:1+r.IntN(len(order))]))...), f.Compare(graph.Less, x, f.in(shape[axis:]...)),
		}
	})
}
