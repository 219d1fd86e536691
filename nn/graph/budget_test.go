package graph_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	. "github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/tensor"
)

// refused returns the error that f ends with, nil for none.
func refused(f func()) (err *Error) {
	defer func() { err, _ = recover().(*Error) }()
	f()
	return nil
}

// TestBudget asks before constants and tables are made, and shares what there is with loops.
func TestBudget(t *testing.T) {
	never := func(Buf) { t.Error("a table is filled that is too large") }
	for want, f := range map[string]func(b *Builder){
		"an array int64(16777216,) exceeds": func(b *Builder) { b.Table(tensor.Int64, []int{1 << 24}, never) },
		"is too large":                      func(b *Builder) { b.Table(tensor.Float32, []int{TooLong}, never) },
		"an array bool(4096, 4096) exceeds": func(b *Builder) { b.Table(tensor.Bool, []int{1 << 12, 1 << 12}, never) },
		"exceeds the memory limit of 1 MiB": func(b *Builder) {
			for range 5 { // each would do
				b.Iota(tensor.Int32, 1<<15)
			}
		},
		"the graph would have more than": func(b *Builder) { b.Room(TooLong) },
		"the graph has more than 5 values": func(b *Builder) {
			b.Budget.MaxValues = 5
			x := b.Input(tensor.Float32, 2, 3, 4)
			b.Scan([]*Value{x}, nil, Loop{}, nil, func(b *Builder, xs, _ []*Value) (*Value, []*Value) {
				return b.Exp(b.Exp(b.Exp(b.Exp(xs[0])))), nil
			})
		},
	} {
		b := NewBuilder()
		b.Budget = NewBudget(1 << 20)
		if err := refused(func() { f(b) }); err == nil || !errors.Is(err, ErrTooLarge) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, not %q", err, want)
		}
	}
	b := NewBuilder()
	b.Unknowns, b.Budget = true, NewBudget(1<<20)
	if v := b.Table(tensor.Float32, []int{4, Unknown}, never); !AllKnown(v.Shape[0]) || AllKnown(v.Shape...) {
		t.Errorf("%s", v)
	}
	b.Table(tensor.Float32, []int{4, 4}, never) // a graph that is never run
	if err := refused(func() { b.Table(tensor.Float32, []int{1 << 20}, never) }); err == nil {
		t.Error("a graph that only tells shapes has no budget")
	}
	b = NewBuilder()
	v := b.Weights(tensor.Float16, []int{3}, func(w []float64) { copy(w, []float64{1, 1.0 / 3, 2}) })
	if buf, ok := ConstBuf(v); !ok || buf.F[1] != 0.33325195 {
		t.Errorf("%v", buf)
	}
	v = b.Places([]int{2, 2}, func(at []int64) { copy(at, []int64{1, 2, 3, 4}) })
	if buf, ok := ConstBuf(v); !ok || buf.I[3] != 4 || v.Rank() != 2 {
		t.Errorf("%v", buf)
	}
}

// TestTooLong keeps sums and products of lengths from wrapping around.
func TestTooLong(t *testing.T) {
	half := math.MaxInt/2 + 1
	for _, c := range []struct {
		what       string
		have, want int
	}{
		{"plus", Plus(half, half), TooLong}, {"plus", Plus(half, half-1), math.MaxInt}, {"plus", Plus(TooLong, TooLong), TooLong},
		{"plus", Plus(2, Unknown), Unknown}, {"times", Times(half, 2), TooLong}, {"times", Times(half, 0), 0}, {"times", Times(half, 1), half},
		{"times", Times(TooLong, TooLong), TooLong}, {"times", Times(Unknown, 2), Unknown}, {"product", Product([]int{half, 4, 0}), 0},
		{"product", Product([]int{half, 4, 4}), TooLong}, {"span", Span(5, half), TooLong}, {"span", Span(5, 2), 9}, {"span", Span(0, 2), 0},
		{"up", CeilDiv(math.MaxInt, 2), half}, {"up", CeilDiv(0, 7), 0}, {"up", CeilDiv(8, 7), 2}, {"up", CeilDiv(7, 7), 1},
		{"share", Share(3, 4, math.MaxInt), math.MaxInt/4*3 + 2}, {"share", Share(4, 4, 10), 10}, {"share", Share(1, 3, 10), 3},
		{"end", ShareEnd(0, 3, 10), 4}, {"end", ShareEnd(2, 3, 10), 10}, {"end", ShareEnd(1, 4, math.MaxInt), half},
	} {
		if c.have != c.want {
			t.Errorf("%s: %d, not %d", c.what, c.have, c.want)
		}
	}
}

// TestFarWindows refuses dilations whose reach is no int, and strided slices whose last element is none.
func TestFarWindows(t *testing.T) {
	b := NewBuilder()
	x, k := b.Input(tensor.Float32, 1, 8, 1), b.Input(tensor.Float32, 5, 1, 1)
	for _, dilation := range []int{math.MaxInt/4 + 1, math.MaxInt/4 + 2, math.MaxInt/2 + 1, math.MaxInt - 1, math.MaxInt} {
		if err := refused(func() { b.Conv(x, k, Conv{Dilation: []int{dilation}}) }); err == nil {
			t.Errorf("a dilation of %d is accepted", dilation)
		}
	}
	if y := b.Conv(x, k, Conv{Strides: []int{math.MaxInt}}); y.Shape[1] != 1 {
		t.Errorf("%s", y)
	}
	for _, s := range [][3]int{
		{0, math.MaxInt/2 + 1, 3}, {7, math.MinInt, 2}, {1, math.MaxInt, 2}, {0, 1, math.MaxInt}, {7, -1, 9}, {8, 1, 1},
	} {
		if err := refused(func() { b.SliceStep(x, 1, s[0], s[1], s[2]) }); err == nil {
			t.Errorf("%d elements from %d, %d apart, are accepted", s[2], s[0], s[1])
		}
	}
	for _, s := range [][3]int{{7, -1, 8}, {7, math.MinInt, 1}, {0, 7, 2}, {8, 1, 0}} {
		if err := refused(func() { b.SliceStep(x, 1, s[0], s[1], s[2]) }); err != nil {
			t.Errorf("%d elements from %d, %d apart: %v", s[2], s[0], s[1], err)
		}
	}
}

// TestWideWindows pools with windows, strides and paddings that reach beyond the input: what is cut off changes nothing.
func TestWideWindows(t *testing.T) {
	x := []float32{3, 1, 4, 1, 5, 9, 2}
	for _, window := range []int{1, 2, 3, 6, 7, 8, 13, 14, 15, 40, 1 << 28} {
		for _, stride := range []int{1, 2, 3, 7, 8, 50} {
			for _, pad := range [][2]int{{0, 0}, {1, 2}, {3, 3}, {6, 0}, {0, 6}, {10, 9}, {1 << 27, 1 << 27}} {
				for _, average := range []bool{false, true} {
					b := NewBuilder()
					v := b.Input(tensor.Float32, 1, len(x), 1)
					if window > len(x)+pad[0]+pad[1] || (len(x)+pad[0]+pad[1]-window)/stride > 100 {
						continue
					}
					a := Pool{Window: []int{window}, Strides: []int{stride}, PadLo: []int{pad[0]}, PadHi: []int{pad[1]}, Average: average}
					b.Graph.Outputs = []*Value{b.Pool(v, a)}
					out, err := Interpret(b.Graph, Run{Inputs: []Buf{{F: x}}})
					if err != nil {
						t.Fatal(err)
					}
					if n := (len(x)+pad[0]+pad[1]-window)/stride + 1; len(out[0].F) != n {
						t.Errorf("%+v: %d places, not %d", a, len(out[0].F), n)
					}
					for o, got := range out[0].F {
						best, sum, count := float32(math.Inf(-1)), 0.0, 0
						for i, v := range x {
							if at := i + pad[0] - o*stride; at >= 0 && at < window {
								best, sum, count = max(best, v), sum+float64(v), count+1
							}
						}
						want := best
						if average {
							want = float32(sum / float64(count))
						}
						if count == 0 {
							continue // of no element: what the op says
						}
						if got != want {
							t.Errorf("%+v at %d: %g, not %g", a, o, got, want)
						}
					}
					if used := b.Graph.Outputs[0].Node.Op.(Pool); window == 1<<28 && used.Window[0] > 2*len(x) {
						t.Errorf("%+v stays %+v", a, used)
					}
				}
			}
		}
	}
}
