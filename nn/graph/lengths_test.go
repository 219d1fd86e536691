package graph_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	. "github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/tensor"
)

// writing is one way to write a random op: the same numbers are drawn whatever is known of the lengths.
type writing struct {
	b      *Builder
	r      *rand.Rand
	values []*Value
}

// twin writes the same graph twice: for real lengths, and with some of them unknown.
type twin struct{ real, open *writing }

func newTwin(seed uint64) *twin {
	r := rand.New(rand.NewPCG(seed, 6))
	real, open := NewBuilder(), NewBuilder()
	open.Unknowns = true
	t := &twin{&writing{b: real, r: rand.New(rand.NewPCG(seed, 7))}, &writing{b: open, r: rand.New(rand.NewPCG(seed, 7))}}
	for range 3 {
		shape := []int{2 + r.IntN(3), 3 + r.IntN(5), 2 + r.IntN(4), 1 + r.IntN(3)}[:2+r.IntN(3)]
		unknown := slices.Clone(shape)
		for i := range unknown {
			if r.IntN(2) == 0 {
				unknown[i] = -1
			}
		}
		t.real.values = append(t.real.values, real.Input(tensor.Float32, shape...))
		t.open.values = append(t.open.values, open.Input(tensor.Float32, unknown...))
	}
	return t
}

// op writes one more op. Its settings come from the real lengths, which both are told, as those of a layer come from a file.
func (w *writing) op(lengths func(i int) []int) {
	b, r := w.b, w.r
	i, j := r.IntN(len(w.values)), r.IntN(len(w.values))
	x, y, shape := w.values[i], w.values[j], lengths(i)
	axis := r.IntN(x.Rank())
	var v *Value
	switch r.IntN(16) {
	case 0:
		v = b.Transpose(x, r.Perm(x.Rank())...)
	case 1:
		v = b.Reshape(x, x.Shape[0], -1)
	case 2:
		v = b.ExpandDims(x, r.IntN(x.Rank()+1))
	case 3:
		v = b.Flip(x, axis)
	case 4:
		v = b.Repeat(x, axis, 2)
	case 5:
		v = b.Tile(x, axis, 3)
	case 6:
		v = b.Concat(axis, x, b.Tanh(x))
	case 7:
		lo := make([]int, x.Rank())
		lo[axis] = 2
		v = b.Pad(x, lo, make([]int, x.Rank()), 0)
	case 8:
		v = b.Reduce(Mean, x, r.IntN(2) == 0 || x.Rank() < 3, axis)
	case 9:
		v = b.Softmax(x, axis)
	case 10:
		v = b.Slice(x, axis, 0, min(2, shape[axis]))
	case 11:
		v = b.MatMulT(x, x, false, true)
	case 12:
		if x.Rank() == 3 {
			kernel := b.Full(tensor.Float32, 1, 2, shape[2], 3)
			v = b.Conv(x, kernel, Conv{Strides: []int{1 + r.IntN(2)}, PadLo: []int{1}, PadHi: []int{1}})
		}
	case 13:
		if x.Rank() == 4 {
			v = b.Pool(x, Pool{Window: []int{2, 2}, Strides: []int{2, 1}, PadLo: []int{1, 1}, PadHi: []int{1, 1}})
		}
	case 14:
		v = b.Stack(axis, x, x, x)
	case 15:
		if _, err := tensor.Broadcast(shape, lengths(j)); err == nil {
			v = b.Add(x, y)
		}
	}
	if v == nil || v.Rank() > 5 {
		v = b.Neg(x)
	}
	w.values = append(w.values, v)
}

// TestUnknownLengthsNeverLie writes random graphs for real lengths and once more with some of them unknown: what is then said of a
// shape is true of the real one.
func TestUnknownLengthsNeverLie(t *testing.T) {
	known, unknown := 0, 0
	for seed := range uint64(400) {
		w := newTwin(seed)
		lengths := func(i int) []int { return w.real.values[i].Shape }
		for range 12 {
			w.real.op(lengths)
			w.open.op(lengths)
			real, open := w.real.values[len(w.real.values)-1], w.open.values[len(w.open.values)-1]
			if !FitShapes(open.Shape, real.Shape) || open.DType != real.DType {
				t.Fatalf("seed %d: %s is said to be %s (%s)", seed, real, open, open.Node.Op.Name())
			}
			for _, d := range open.Shape {
				if Known(d) {
					known++
				} else {
					unknown++
				}
			}
			if real.Size() > 1<<16 {
				break
			}
		}
	}
	if known < unknown/2 || unknown < known/10 {
		t.Errorf("%d lengths are known, %d are not: that is no test", known, unknown)
	}
}

// TestArithmeticOfLengths checks that what is computed with unknown lengths is true of each of them.
func TestArithmeticOfLengths(t *testing.T) {
	some := []int{Unknown, 0, 1, 2, 7, 1 << 20}
	fill := func(d, v int) int {
		if Known(d) {
			return d
		}
		return v
	}
	for _, a := range some {
		for _, b := range some {
			for _, v := range []int{0, 1, 5, 100} {
				x, y := fill(a, v), fill(b, v)
				for name, c := range map[string][2]int{
					"plus": {Plus(a, b), x + y}, "times": {Times(a, b), x * y}, "product": {Product([]int{a, 3, b}), 3 * x * y},
					"at least": {AtLeast(a, 1), max(x, 1)}, "half": {CeilDiv(a, 2), (x + 1) / 2},
				} {
					if got, want := c[0], c[1]; Known(got) && got != want || Negative(got) {
						t.Errorf("%s of %d and %d is %d, for a length of %d it is %d", name, a, b, got, v, want)
					}
				}
				if x == y && !Fits(a, b) {
					t.Errorf("%d and %d do not fit, and could both be %d", a, b, x)
				}
			}
			if Fits(a, b) {
				if m := Meet(a, b); Known(a) && m != a || Known(b) && m != b {
					t.Errorf("%d and %d meet in %d", a, b, m)
				}
			}
			if AllKnown(a, b) != (Known(a) && Known(b)) {
				t.Errorf("whether %d and %d are known", a, b)
			}
		}
	}
}

// TestSumTo adds up what broadcasting has repeated: the transpose of a broadcast.
func TestSumTo(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 8))
	for range 100 {
		full := shapeOf(r, 1+r.IntN(4))
		part := slices.Clone(full[r.IntN(len(full)+1):])
		for i := range part {
			if r.IntN(3) == 0 {
				part[i] = 1
			}
		}
		x, d := random(r, tensor.Float64, part...), random(r, tensor.Float64, full...)
		// The sum of what is repeated times d is that of x times what is summed.
		got := compute(t, []array{x, d}, func(b *Builder, v []*Value) []*Value {
			return []*Value{b.Sum(b.Mul(b.BroadcastTo(v[0], full...), v[1])), b.Sum(b.Mul(v[0], b.SumTo(v[1], part...)))}
		})
		if !got[0].same(got[1], 1e-10) {
			t.Fatalf("%v to %v: %v, not %v", full, part, got[1], got[0])
		}
	}
	is(t, "masked", 0, list(tensor.Float32, 1, 0), []array{list(tensor.Bool, 1, 0), list(tensor.Float32, 1, nan)},
		func(b *Builder, v []*Value) *Value { return b.Masked(v[0], v[1]) })
	for name, build := range map[string]func(b *Builder, x *Value) *Value{
		"stop gradient":    func(b *Builder, x *Value) *Value { return b.StopGradient(x) },
		"straight through": func(b *Builder, x *Value) *Value { return b.StraightThrough(x, b.Tanh(x)) },
	} {
		is(t, name, 0, list(tensor.Float32, 3, 4), []array{list(tensor.Float32, 3, 4)},
			func(b *Builder, v []*Value) *Value { return build(b, v[0]) })
	}
}

// TestFaces asks ops what passes ask them.
func TestFaces(t *testing.T) {
	b := NewBuilder()
	x := b.Input(tensor.Float32, 2, 3)
	sum, product, turned := b.Add(x, x), b.MatMulT(x, x, false, true), b.Transpose(x, 1, 0)
	if !IsByElement(sum.Node.Op) || IsByElement(product.Node.Op) || IsByElement(turned.Node.Op) {
		t.Error("what does the same to each element")
	}
	if BinaryOf(sum.Node.Op) != Add || BinaryOf(product.Node.Op) != nil || UnaryOf(b.Exp(x).Node.Op) != Exp || UnaryOf(sum.Node.Op) != nil ||
		ReductionOf(b.Emit1(Reduce{Fn: Sum, Axes: []int{0}}, x).Node.Op) != Sum || ReductionOf(sum.Node.Op) != nil {
		t.Error("functions of ops")
	}
	if !IsImpure(x.Node.Op) || IsImpure(sum.Node.Op) || !IsImpure(b.State(NewState("s"), tensor.Float32, 1).Node.Op) {
		t.Error("what depends on more than inputs")
	}
	if !x.Node.IsLeaf() || !b.Scalar(tensor.Float32, 1).Node.IsLeaf() || sum.Node.IsLeaf() {
		t.Error("leaves")
	}
	if x.LastDim() != 3 || b.Scalar(tensor.Float32, 1).LastDim() != 1 || !x.InFloat32() || b.Input(tensor.Float64, 1).InFloat32() {
		t.Error("values")
	}
	// A permuter does to turned inputs what it does to others, turned.
	r := rand.New(rand.NewPCG(2, 8))
	axes := []int{2, 0, 1} // axis i is axis axes[i] of the turned input
	back := []int{1, 2, 0}
	for _, op := range []Op{
		Reduce{Fn: Sum, Axes: []int{0, 2}}, Softmax{Axis: 1}, Concat{Axis: 2}, Slice{Start: []int{0, 1, 0}, Step: []int{1, 1, 2},
			Count: []int{2, 2, 2}},
		Pad{Lo: []int{1, 0, 2}, Hi: []int{0, 3, 0}, Value: 4}, Resample{Axis: 1, Taps: Taps{Start: []int{1, 0},
			Weights: [][]float64{{1}, {1, 2}}}},
	} {
		x := random(r, tensor.Float64, 2, 3, 4)
		got := compute(t, []array{x}, func(b *Builder, v []*Value) []*Value {
			turned := b.Transpose(v[0], back...)
			in, turnedIn := []*Value{v[0]}, []*Value{turned}
			if Is[Concat](op) {
				in, turnedIn = append(in, v[0]), append(turnedIn, turned)
			}
			return []*Value{b.Emit1(op, in...), b.Transpose(b.Emit1(op.(Permuter).Permute(axes), turnedIn...), axes...)}
		})
		if !got[0].same(got[1], 1e-12) {
			t.Errorf("%s: %v, turned %v", op.Name(), got[0], got[1])
		}
	}
}
