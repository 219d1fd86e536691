package graph_test

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	. "github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/tensor"
)

// TestReductions combines random arrays along random axes, and compares with the elements of each group one after the other.
func TestReductions(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	combine := map[*Reduction]func(x []float64) float64{
		Sum: func(x []float64) (s float64) {
			for _, v := range x {
				s += v
			}
			return s
		},
		Mean: func(x []float64) (s float64) {
			for _, v := range x {
				s += v
			}
			return s / float64(len(x))
		},
		Prod: func(x []float64) float64 {
			p := 1.0
			for _, v := range x {
				p *= v
			}
			return p
		},
		ReduceMax: slices.Max[[]float64],
		ReduceMin: slices.Min[[]float64],
	}
	for i := range 300 {
		for op, f := range combine {
			d := classes[i%4]
			if d == tensor.Bool && op != ReduceMax && op != ReduceMin || d == tensor.Int32 && op == Mean {
				continue
			}
			x := random(r, d, shapeOf(r, 1+r.IntN(4))...)
			rank := len(x.shape)
			var axes []int
			for k := range rank {
				if r.IntN(2) == 0 {
					axes = append(axes, k)
				}
			}
			inside := func(k int) bool { return len(axes) == 0 || slices.Contains(axes, k) }
			for _, keep := range []bool{true, false} {
				groups := map[int][]float64{}
				var shape []int
				for k, d := range x.shape {
					switch {
					case !inside(k):
						shape = append(shape, d)
					case keep:
						shape = append(shape, 1)
					}
				}
				for e := range Product(x.shape) {
					at, group := index(x.shape, e), 0
					for k, j := range at {
						if !inside(k) {
							group = group*x.shape[k] + j
						}
					}
					groups[group] = append(groups[group], x.at(at...).data...)
				}
				want := array{d: d, shape: shape}
				for g := range len(groups) {
					v := f(groups[g])
					if d == tensor.Int32 && op == Prod { // it wraps
						p := int32(1)
						for _, x := range groups[g] {
							p *= int32(x)
						}
						v = float64(p)
					}
					want.data = append(want.data, v)
				}
				named := slices.Clone(axes)
				for k := range named { // from the end, and in any order
					if r.IntN(2) == 0 {
						named[k] -= rank
					}
				}
				r.Shuffle(len(named), func(i, j int) { named[i], named[j] = named[j], named[i] })
				is(t, op.Name, 1e-6, want, []array{x}, func(b *Builder, v []*Value) *Value { return b.Reduce(op, v[0], keep, named...) })
			}
		}
	}
}

// TestReductionsOfSpecialNumbers checks what NaN, infinities and the ends of types do.
func TestReductionsOfSpecialNumbers(t *testing.T) {
	f, i8 := tensor.Float32, tensor.Int8
	for _, c := range []struct {
		op      *Reduction
		x, want array
	}{
		{Sum, list(f, 1, nan), list(f, nan)}, {Sum, list(f, inf, -inf), list(f, nan)}, {Sum, list(i8, 100, 100), list(i8, -56)},
		{Sum, list(f, 1e8, 1, -1e8), list(f, 1)}, // in float64
		{Prod, list(i8, 16, 16), list(i8, 0)}, {ReduceMax, list(f, 1, nan, 3), list(f, nan)}, {ReduceMin, list(f, 1, nan, 3), list(f, nan)},
		{ReduceMax, list(f, -inf, -inf), list(f, -inf)}, {ReduceMax, list(i8, -128), list(i8, -128)},
		{ReduceMax, list(tensor.Bool, 0, 1, 0), list(tensor.Bool, 1)}, {ReduceMin, list(tensor.Bool, 0, 1, 0), list(tensor.Bool, 0)},
		{Mean, list(f, 1, 2), list(f, 1.5)}, {Mean, list(tensor.Float16, 2047, 2050), list(tensor.Float16, 2048)},
	} {
		is(t, c.op.Name, 0, c.want, []array{c.x}, func(b *Builder, v []*Value) *Value { return b.Reduce(c.op, v[0], true, 0) })
	}
	x := bools([]int{2, 2}, 1, 0, 1, 1)
	is(t, "any", 0, list(tensor.Bool, 1, 1), []array{x}, func(b *Builder, v []*Value) *Value { return b.Any(v[0], 1) })
	is(t, "all", 0, list(tensor.Bool, 0, 1), []array{x}, func(b *Builder, v []*Value) *Value { return b.All(v[0], 1) })
	empty := array{d: f, shape: []int{0}}
	is(t, "the maximum of nothing", 0, floats(nil, -inf), []array{empty},
		func(b *Builder, v []*Value) *Value { return b.Reduce(ReduceMax, v[0], false) })
	is(t, "the mean of nothing", 0, floats(nil, nan), []array{empty}, func(b *Builder, v []*Value) *Value { return b.Mean(v[0]) })
	if text := problem(func(b *Builder) { b.Sum(b.Input(f, 2, 3), 1, -1) }); text != "sum: axis 1 is named twice" {
		t.Errorf("%q", text)
	}
}

// lines calls f for each line of an array along an axis, with the places of its elements.
func lines(shape []int, axis int, f func(places []int)) {
	groups := map[int][]int{}
	var order []int
	for i := range Product(shape) {
		at := index(shape, i)
		at[axis] = 0
		g := 0
		for k, j := range at {
			g = g*shape[k] + j
		}
		if groups[g] == nil {
			order = append(order, g)
		}
		groups[g] = append(groups[g], i)
	}
	for _, g := range order {
		f(groups[g])
	}
}

// TestOrder sorts, finds extremes and accumulates along every axis of random arrays.
func TestOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	for i := range 200 {
		d := classes[i%3]
		x := random(r, d, shapeOf(r, 1+r.IntN(3))...)
		axis := r.IntN(len(x.shape))
		short := slices.Clone(x.shape)
		short[axis] = 1
		order, sorted, sums, products := array{d: tensor.Int32, shape: x.shape, data: make([]float64, len(x.data))}, x, x, x
		for _, a := range []*array{&sorted, &sums, &products} {
			a.data = make([]float64, len(x.data))
		}
		largest, smallest := array{d: tensor.Int32, shape: short}, array{d: tensor.Int32, shape: short}
		if d == tensor.Int32 && len(x.data) > 0 { // products that fit
			for k := range x.data {
				x.data[k] = min(x.data[k], 6)
			}
		}
		lines(x.shape, axis, func(places []int) {
			numbers := make([]int, len(places))
			best, least, sum, product := 0, 0, 0.0, 1.0
			for k, p := range places {
				numbers[k] = k
				if x.data[p] > x.data[places[best]] {
					best = k
				}
				if x.data[p] < x.data[places[least]] {
					least = k
				}
				sum, product = sum+x.data[p], product*x.data[p]
				sums.data[p], products.data[p] = sum, product
			}
			slices.SortStableFunc(numbers, func(a, b int) int { return cmp.Compare(x.data[places[a]], x.data[places[b]]) })
			for k, n := range numbers {
				order.data[places[k]], sorted.data[places[k]] = float64(n), x.data[places[n]]
			}
			largest.data, smallest.data = append(largest.data, float64(best)), append(smallest.data, float64(least))
		})
		for name, c := range map[string]struct {
			want  array
			build func(b *Builder, x *Value) *Value
		}{
			"argsort": {order, func(b *Builder, x *Value) *Value { return b.Argsort(x, axis) }},
			"sort":    {sorted, func(b *Builder, x *Value) *Value { return b.Sort(x, axis) }},
			"argmax":  {largest, func(b *Builder, x *Value) *Value { return b.Argmax(x, axis) }},
			"argmin":  {smallest, func(b *Builder, x *Value) *Value { return b.Argmin(x, axis) }},
			"cumsum":  {sums, func(b *Builder, x *Value) *Value { return b.Cumsum(x, axis) }},
			"cumprod": {products, func(b *Builder, x *Value) *Value { return b.Cumprod(x, axis) }},
		} {
			is(t, name, 1e-6, c.want, []array{x}, func(b *Builder, v []*Value) *Value { return c.build(b, v[0]) })
		}
	}
	x := list(tensor.Float32, 2, nan, -inf, nan, 1)
	is(t, "NaN comes last", 0, list(tensor.Int32, 2, 4, 0, 1, 3), []array{x},
		func(b *Builder, v []*Value) *Value { return b.Argsort(v[0], 0) })
	for _, extreme := range []func(b *Builder, x *Value) *Value{func(b *Builder, x *Value) *Value { return b.Argmax(x, 0) },
		func(b *Builder, x *Value) *Value { return b.Argmin(x, 0) }} {
		is(t, "NaN is the most extreme", 0, list(tensor.Int32, 1), []array{x}, func(b *Builder, v []*Value) *Value { return extreme(b, v[0]) })
	}
	is(t, "texts", 0, texts([]int{3}, "a", "b", "c"), []array{texts([]int{3}, "c", "a", "b")},
		func(b *Builder, v []*Value) *Value { return b.Sort(v[0], 0) })
	is(t, "bytes wrap", 0, list(tensor.Int8, 100, -56), []array{list(tensor.Int8, 100, 100)},
		func(b *Builder, v []*Value) *Value { return b.Cumsum(v[0], 0) })
	if text := problem(func(b *Builder) { b.Argmax(b.Input(tensor.Float32, 3, 0), 1) }); text != "argmax: the axis is empty" {
		t.Errorf("%q", text)
	}
}

// TestSoftmax checks that lines sum to one, whatever their size, and that the logarithm is that of it.
func TestSoftmax(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 2))
	for i := range 60 {
		x := random(r, classes[i%2], shapeOf(r, 1+r.IntN(3))...)
		for k := range x.data {
			x.data[k] = float64(float32(x.data[k] * 100)) // far apart
		}
		axis := r.IntN(len(x.shape))
		out := compute(t, []array{x}, func(b *Builder, v []*Value) []*Value {
			return []*Value{b.Softmax(v[0], axis), b.LogSoftmax(v[0], axis)}
		})
		lines(x.shape, axis, func(places []int) {
			sum, top := 0.0, -inf
			for _, p := range places {
				sum += out[0].data[p]
				top = max(top, x.data[p])
			}
			if math.Abs(sum-1) > 1e-6 {
				t.Fatalf("a line of %v sums to %g", x, sum)
			}
			total := 0.0
			for _, p := range places {
				total += math.Exp(x.data[p] - top)
			}
			for _, p := range places {
				want := x.data[p] - top - math.Log(total)
				if got := out[1].data[p]; math.Abs(got-want) > 1e-6*max(1, math.Abs(want)) {
					t.Fatalf("log softmax of %v: %g, not %g", x, got, want)
				}
				if got := out[0].data[p]; math.Abs(got-math.Exp(want)) > 1e-6 {
					t.Fatalf("softmax of %v: %g, not %g", x, got, math.Exp(want))
				}
			}
		})
	}
	is(t, "masked away", 0, list(tensor.Float32, 0, 0.5, 0.5), []array{list(tensor.Float32, -inf, 3, 3)},
		func(b *Builder, v []*Value) *Value { return b.Softmax(v[0], 0) })
}

// TestNormalize compares with mean and variance written in plain ops, over random sets of axes.
func TestNormalize(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 2))
	for i := range 100 {
		x := random(r, classes[i%2], shapeOf(r, 1+r.IntN(4))...)
		axes := r.Perm(len(x.shape))[:1+r.IntN(len(x.shape))]
		for _, rms := range []bool{false, true} {
			out := compute(t, []array{x}, func(b *Builder, v []*Value) []*Value {
				centred := v[0]
				if !rms {
					centred = b.Sub(v[0], b.MeanKeep(v[0], axes...))
				}
				plain := b.Mul(centred, b.Rsqrt(b.AddS(b.MeanKeep(b.Square(centred), axes...), 1e-2)))
				return []*Value{b.Normalize(v[0], 1e-2, rms, axes...), plain}
			})
			if !out[0].same(out[1], 2e-5) {
				t.Fatalf("axes %v, rms %v: %v, not %v", axes, rms, out[0], out[1])
			}
		}
	}
	if text := problem(func(b *Builder) { b.Normalize(b.Input(tensor.Int32, 3), 1, false, 0) }); !strings.Contains(text,
		"layer_norm is not defined for int32(3,)") {
		t.Errorf("%q", text)
	}
}
