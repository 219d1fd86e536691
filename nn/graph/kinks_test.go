package graph_test

import (
	"math"
	"testing"

	. "github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/internal/optest"
)

// TestKinks holds the gradients of ops in ties, at 0 and where else they have kinks to those of Keras 3.15.1 on JAX.
func TestKinks(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	type vectors = [][]float64
	unary := func(f *Unary) func(b *Builder, x []*Value) *Value {
		return func(b *Builder, x []*Value) *Value { return b.Unary(f, x[0]) }
	}
	binary := func(f *Binary) func(b *Builder, x []*Value) *Value {
		return func(b *Builder, x []*Value) *Value { return b.Binary(f, x[0], x[1]) }
	}
	reduce := func(f *Reduction) func(b *Builder, x []*Value) *Value {
		return func(b *Builder, x []*Value) *Value { return b.Reduce(f, x[0], false, 0) }
	}
	for _, c := range []struct {
		name string
		f    func(b *Builder, x []*Value) *Value
		x    vectors
		want vectors
	}{
		{"abs", unary(Abs), vectors{{-1, 0, 1}}, vectors{{-1, 1, 1}}},
		{"sign", unary(Sign), vectors{{-1, 0, 1}}, vectors{{0, 0, 0}}},
		{"sqrt", unary(Sqrt), vectors{{-1, 0}}, vectors{{nan, inf}}},
		{"rsqrt", unary(Rsqrt), vectors{{-1, 0}}, vectors{{nan, -inf}}},
		{"clip", func(b *Builder, x []*Value) *Value { return b.Clip(x[0], -1, 1) }, vectors{{-2, -1, 0, 1, 2}}, vectors{{0, 0.5, 1, 0.5, 0}}},
		{"maximum", binary(Max), vectors{{1, 2, nan, 1}, {1, 3, 1, nan}}, vectors{{0.5, 0, 0, 0}, {0.5, 1, 0, 0}}},
		{"minimum", binary(Min), vectors{{1, 2}, {1, 3}}, vectors{{0.5, 1}, {0.5, 0}}},
		{"hypot", binary(Hypot), vectors{{0, 3}, {0, 0}}, vectors{{0.5, 1}, {0.5, 0}}},
		{"arctan2", binary(Atan2), vectors{{0, 0}, {0, -1}}, vectors{{nan, -1}, {nan, 0}}},
		{"power", binary(Pow), vectors{{0, 0, -1}, {1, 2, 2}}, vectors{{1, 0, -2}, {0, 0, nan}}},
		{"mod", binary(Mod), vectors{{4, -4}, {2, 2}}, vectors{{1, 1}, {-2, 2}}},
		{"max", reduce(ReduceMax), vectors{{1, 3, 3, 3}}, vectors{{0, 1.0 / 3, 1.0 / 3, 1.0 / 3}}},
		{"min", reduce(ReduceMin), vectors{{1, 1, 3, 3}}, vectors{{0.5, 0.5, 0, 0}}},
		{"prod", reduce(Prod), vectors{{0, 0, 2}}, vectors{{0, 0, 0}}},
		{"cumprod", func(b *Builder, x []*Value) *Value { return b.Cumprod(x[0], 0) }, vectors{{0, 0, 2}}, vectors{{1, 0, 0}}},
		{"max_pool", func(b *Builder, x []*Value) *Value {
			return b.Pool(b.Reshape(x[0], 1, 3, 1), Pool{Window: []int{2}, Strides: []int{1}, PadLo: []int{0}, PadHi: []int{0}})
		}, vectors{{1, 1, 1}}, vectors{{1, 1, 0}}},
		{"norm", func(b *Builder, x []*Value) *Value { return b.Sqrt(b.Sum(b.Square(x[0]), 0)) }, vectors{{0, 0}}, vectors{{nan, nan}}},
	} {
		for i, slopes := range optest.Slopes(t, c.f, c.x...) {
			for k, want := range c.want[i] {
				if got := slopes[k]; got != want && !(math.IsNaN(got) && math.IsNaN(want)) && !(math.Abs(got-want) < 1e-12) {
					t.Errorf("%s: the slopes of input %d at %v are %v, Keras has %v", c.name, i, c.x, slopes, c.want[i])
					break
				}
			}
		}
	}
}
