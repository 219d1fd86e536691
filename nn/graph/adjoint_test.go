package graph_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	. "github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/graph/grad"
	"github.com/hornml/horn/tensor"
)

// TestAdjoints takes ops that are linear in an input, with random settings: the sum of L(x) times d is that of x times the gradient of
// it, for any x and d. The gradient of a linear op depends on d alone, and must be right to the last digits.
func TestAdjoints(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 9))
	for i := range 60 {
		rank := 1 + i%3
		w := randomWindow(r, rank)
		channels, filters := 2*w.Groups, w.Groups*(1+r.IntN(2))
		image := slices.Concat([]int{2}, w.size, []int{channels})
		kernel := slices.Concat(w.kernel, []int{2, filters})
		pool := Pool{Window: w.kernel, Strides: w.Strides, PadLo: make([]int, rank), PadHi: make([]int, rank), Average: true}
		for a := range rank {
			pool.PadLo[a], pool.PadHi[a] = r.IntN(w.kernel[a]), r.IntN(w.kernel[a])
		}
		shape := shapeOf(r, 1+r.IntN(3))
		axis := r.IntN(len(shape))
		size := shape[axis]
		start, order := r.IntN(size), r.Perm(len(shape))
		lo := make([]int, len(shape))
		lo[axis] = 2
		indices := []int{start, 0, size - 1, start}
		taps := Taps{Start: []int{start, 0, size - 1}, Weights: [][]float64{{0.5}, {2}, {-1}}}
		wide := append([]int{3}, shape...)
		matrices, other := []int{2, 3, 4}, []int{4, 5}
		samples := 12 + r.IntN(9)
		for name, c := range map[string]struct {
			shape []int
			write func(b *Builder, x *Value) []*Value
		}{
			"conv": {image, func(b *Builder, x *Value) []*Value {
				return one(b.Conv(x, b.Full(tensor.Float64, 0.5, kernel...), w.Conv))
			}},
			"conv of a kernel": {kernel, func(b *Builder, x *Value) []*Value {
				return one(b.Conv(b.Full(tensor.Float64, 0.5, image...), x, w.Conv))
			}},
			"average pooling": {image, func(b *Builder, x *Value) []*Value { return one(b.Pool(x, pool)) }},
			"matmul": {matrices, func(b *Builder, x *Value) []*Value {
				return one(b.MatMulT(x, b.Full(tensor.Float64, 0.25, other...), false, false))
			}},
			"matmul of the other side": {other, func(b *Builder, x *Value) []*Value {
				return one(b.MatMulT(b.Full(tensor.Float64, 0.25, matrices...), x, false, false))
			}},
			"transpose":    {shape, func(b *Builder, x *Value) []*Value { return one(b.Transpose(x, order...)) }},
			"slice":        {shape, func(b *Builder, x *Value) []*Value { return one(b.Slice(x, axis, start, size)) }},
			"flip":         {shape, func(b *Builder, x *Value) []*Value { return one(b.Flip(x, axis)) }},
			"pad":          {shape, func(b *Builder, x *Value) []*Value { return one(b.Pad(x, lo, lo, 0)) }},
			"broadcast":    {shape, func(b *Builder, x *Value) []*Value { return one(b.BroadcastTo(x, wide...)) }},
			"repeat":       {shape, func(b *Builder, x *Value) []*Value { return one(b.Repeat(x, axis, 3)) }},
			"tile":         {shape, func(b *Builder, x *Value) []*Value { return one(b.Tile(x, axis, 2)) }},
			"concat":       {shape, func(b *Builder, x *Value) []*Value { return one(b.Concat(axis, x, b.Neg(x), x)) }},
			"split":        {shape, func(b *Builder, x *Value) []*Value { return b.Split(x, axis, start, size-start) }},
			"take":         {shape, func(b *Builder, x *Value) []*Value { return one(b.Take(x, b.Ints(tensor.Int32, indices...), axis)) }},
			"sum":          {shape, func(b *Builder, x *Value) []*Value { return one(b.Sum(x, axis)) }},
			"mean":         {shape, func(b *Builder, x *Value) []*Value { return one(b.MeanKeep(x, axis)) }},
			"cumsum":       {shape, func(b *Builder, x *Value) []*Value { return one(b.Cumsum(x, axis)) }},
			"resample":     {shape, func(b *Builder, x *Value) []*Value { return one(b.Resample(x, axis, taps)) }},
			"stft":         {[]int{2, samples}, func(b *Builder, x *Value) []*Value { return stft(b, x, i&1 != 0) }},
			"a sum of two": {shape, func(b *Builder, x *Value) []*Value { return one(b.Sub(b.MulS(x, 3), b.Flip(x, axis))) }},
		} {
			checkAdjoint(t, r, name, c.shape, c.write)
		}
	}
}

func stft(b *Builder, x *Value, center bool) []*Value {
	re, im := b.STFT(x, STFT{Window: []float64{0.5, 1, 1, 0.25, 0.5}, Stride: 2, Center: center})
	return []*Value{re, im}
}

// checkAdjoint compares the two sums for random x and d.
func checkAdjoint(t *testing.T, r *rand.Rand, name string, shape []int, write func(b *Builder, x *Value) []*Value) {
	t.Helper()
	b := NewBuilder()
	x := random(r, tensor.Float64, shape...)
	v := b.Input(tensor.Float64, shape...)
	ys := write(b, v)
	var seeds []*Value
	run := Run{Inputs: []Buf{x.buf()}}
	left := b.Scalar(tensor.Float64, 0)
	for _, y := range ys {
		d := random(r, tensor.Float64, y.Shape...)
		seed := b.Input(tensor.Float64, y.Shape...)
		run.Inputs, seeds = append(run.Inputs, d.buf()), append(seeds, seed)
		left = b.Add(left, b.Sum(b.Mul(y, seed)))
	}
	dx := grad.GradientsOf(b, ys, seeds, []*Value{v})[0]
	b.Graph.Outputs = []*Value{left, b.Sum(b.Mul(v, dx))}
	if err := Verify(b.Graph); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	out, err := Interpret(b.Graph, run)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if a, c := arrayOf(b.Graph.Outputs[0], out[0]), arrayOf(b.Graph.Outputs[1], out[1]); !a.same(c, 1e-9) {
		t.Errorf("%s of %v: %v, by its gradient %v", name, shape, a, c)
	}
}
