package graph

import (
	"errors"
	"slices"
	"testing"

	"github.com/hornml/horn/tensor"
)

// TestUnknownStaysUnknown checks the arithmetic that layers do with lengths.
func TestUnknownStaysUnknown(t *testing.T) {
	u := Unknown
	for i, d := range []int{
		u + 1<<16, u - 1<<16, u / 1000, (u-3)/2 + 1, u * u,
		Times(u, 7), Times(3, u), Plus(u, 5), Product([]int{2, u, u}), CeilDiv(u, 4), AtLeast(u, 0),
	} {
		if Known(d) || Negative(d) {
			t.Errorf("case %d: %d is not unknown", i, d)
		}
	}
	if Times(u, 0) != 0 || Product([]int{u, 0, 3}) != 0 || CeilDiv(7, 2) != 4 || AtLeast(-3+3, 1) != 1 || Meet(u, 5) != 5 || Meet(5, u) != 5 {
		t.Error("arithmetic with known lengths")
	}
	if !Fits(u, 3) || !Fits(3, u) || Fits(3, 4) || !Negative(-3) || Negative(u) || FitShapes([]int{u}, []int{1, 2}) {
		t.Error("comparisons")
	}
}

// symbolic returns a builder of a graph that only tells shapes.
func symbolic() *Builder {
	b := NewBuilder()
	b.Unknowns = true
	return b
}

// TestShapesOfUnknowns checks shape rules with unknown lengths; 0 stands for one in the expected shapes.
func TestShapesOfUnknowns(t *testing.T) {
	b := symbolic()
	x := b.Input(tensor.Float32, -1, -1, 4)
	mask := b.Input(tensor.Bool, -1, 1)
	lo, hi := SamePadding(x.Shape[1], 3, 2, 1)
	kernel := b.Full(tensor.Float32, 0, 3, 4, 6)
	square := b.Input(tensor.Float32, -1, 5, -1)
	for name, c := range map[string]struct {
		v    *Value
		want []int
	}{
		"flatten":         {b.Reshape(x, x.Shape[0], -1), []int{0, 0}},
		"flatten known":   {b.Reshape(b.Input(tensor.Float32, -1, 3, 4), Unknown, -1), []int{0, 12}},
		"split an axis":   {b.Reshape(x, -1, 7, 4), []int{0, 7, 4}},
		"expand":          {b.ExpandDims(x, 1), []int{0, 1, 0, 4}},
		"squeeze":         {b.Squeeze(x, 1), []int{0, 4}},
		"add":             {b.Add(x, b.Input(tensor.Float32, 3, 1, 4)), []int{3, 0, 4}},
		"add two":         {b.Add(x, square), []int{0, 5, 4}},
		"concat time":     {b.Concat(1, x, b.Input(tensor.Float32, 2, 9, -1)), []int{2, 0, 4}},
		"conv":            {b.Conv(x, kernel, Conv{Strides: []int{2}, PadLo: []int{lo}, PadHi: []int{hi}}), []int{0, 0, 6}},
		"slice to end":    {b.Slice(x, 1, 2, x.Shape[1]), []int{0, 0, 4}},
		"slice of weight": {b.Slice(kernel, 0, 0, x.Shape[1]), []int{0, 4, 6}},
		"flip":            {b.Flip(x, 1), []int{0, 0, 4}},
		"repeat":          {b.Repeat(x, 1, 3), []int{0, 0, 4}},
		"tile":            {b.Tile(x, 2, 3), []int{0, 0, 12}},
		"einsum":          {b.Einsum("abc,cd->abd", x, b.Full(tensor.Float32, 0, 4, 5)), []int{0, 0, 5}},
		"where":           {b.Where(b.ExpandDims(mask, -1), x, b.Scalar(tensor.Float32, 0)), []int{0, 0, 4}},
		"one hot":         {b.OneHot(b.Input(tensor.Int32, -1), 9, tensor.Float32), []int{0, 9}},
		"normalize":       {b.Normalize(x, 1e-3, false, 1, 2), []int{0, 0, 4}},
		"iota":            {b.Iota(tensor.Int32, x.Shape[1]), []int{0}},
	} {
		want := slices.Clone(c.want)
		for i, d := range want {
			if d == 0 {
				want[i] = Unknown
			}
		}
		if c.want != nil && !slices.Equal(c.v.Shape, want) {
			t.Errorf("%s: %s, not %s", name, tensor.FormatShape(c.v.Shape), tensor.FormatShape(want))
		}
	}
}

// TestKnownMistakes checks that lengths which are known and wrong are refused also where others are unknown.
func TestKnownMistakes(t *testing.T) {
	for name, f := range map[string]func(b *Builder, x *Value){
		"add":      func(b *Builder, x *Value) { b.Add(x, b.Input(tensor.Float32, -1, 3)) },
		"concat":   func(b *Builder, x *Value) { b.Concat(1, x, b.Input(tensor.Float32, -1, 1, 5)) },
		"dense":    func(b *Builder, x *Value) { b.Dense(x, b.Full(tensor.Float32, 0, 5, 2)) },
		"squeeze":  func(b *Builder, x *Value) { b.Squeeze(x, 2) },
		"slice":    func(b *Builder, x *Value) { b.Slice(x, 2, 3, 9) },
		"negative": func(b *Builder, x *Value) { b.Slice(x, 1, 5, 2) },
		"too much": func(b *Builder, x *Value) { b.Tile(b.Tile(x, 2, 1<<30), 2, 1<<30) },
	} {
		if err := failure(func() { b := symbolic(); f(b, b.Input(tensor.Float32, -1, -1, 4)) }); err == nil {
			t.Errorf("%s: it is accepted", name)
		}
	}
	// A graph that will be run has no unknown lengths.
	if err := failure(func() { NewBuilder().Input(tensor.Float32, -1, 4) }); err == nil {
		t.Error("an unknown length in a graph that is run")
	}
	v := symbolic().Opaque(tensor.Float32, []int{-1})
	if err := v.Node.Op.Eval(v.Node, nil, nil); err == nil {
		t.Error("an opaque value was computed")
	}
}

func failure(f func()) (err error) {
	defer func() {
		if r := recover(); r != nil {
			e, ok := r.(*Error)
			if !ok {
				panic(r)
			}
			err = errors.New(e.Msg)
		}
	}()
	f()
	return nil
}
