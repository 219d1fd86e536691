package graph_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	. "github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/tensor"
)

// shapeOf makes a random shape.
func shapeOf(r *rand.Rand, rank int) []int {
	shape := make([]int, rank)
	for i := range shape {
		shape[i] = 1 + r.IntN(4)
	}
	return shape
}

// TestMovement moves the elements of arrays of every class, and compares with where each should come from.
func TestMovement(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for i := range 400 {
		x := random(r, classes[i%len(classes)], shapeOf(r, 1+r.IntN(4))...)
		rank, axis := len(x.shape), r.IntN(len(x.shape))
		size := x.shape[axis]
		move := func(name string, shape []int, from func(at []int) []int, build func(b *Builder, x *Value) *Value) {
			t.Helper()
			want := each(x.d, shape, func(at []int) array { return x.at(from(at)...) })
			is(t, name, 0, want, []array{x}, func(b *Builder, xs []*Value) *Value { return build(b, xs[0]) })
		}
		changed := func(at []int, k, v int) []int {
			at = slices.Clone(at)
			at[k] = v
			return at
		}
		order := r.Perm(rank)
		shape := make([]int, rank)
		for i, a := range order {
			shape[i] = x.shape[a]
		}
		move("transpose", shape, func(at []int) []int {
			from := make([]int, rank)
			for i, a := range order {
				from[a] = at[i]
			}
			return from
		}, func(b *Builder, x *Value) *Value { return b.Transpose(x, order...) })
		other := r.IntN(rank)
		swapped := slices.Clone(x.shape)
		swapped[axis], swapped[other] = swapped[other], swapped[axis]
		move("swap axes", swapped, func(at []int) []int {
			at = slices.Clone(at)
			at[axis], at[other] = at[other], at[axis]
			return at
		}, func(b *Builder, x *Value) *Value { return b.SwapAxes(x, axis-rank, other) })
		moved := slices.Insert(slices.Delete(slices.Clone(x.shape), axis, axis+1), other, size)
		move("move an axis", moved, func(at []int) []int {
			rest := slices.Delete(slices.Clone(at), other, other+1)
			return slices.Insert(rest, axis, at[other])
		}, func(b *Builder, x *Value) *Value { return b.MoveAxis(x, axis, other) })
		start, step := r.IntN(size), 1+r.IntN(2)
		count := r.IntN((size-1-start)/step + 2)
		move("slice", changed(x.shape, axis, count), func(at []int) []int { return changed(at, axis, start+step*at[axis]) },
			func(b *Builder, x *Value) *Value { return b.SliceStep(x, axis, start, step, count) })
		move("flip", x.shape, func(at []int) []int { return changed(at, axis, size-1-at[axis]) },
			func(b *Builder, x *Value) *Value { return b.Flip(x, axis-rank) })
		n := 1 + r.IntN(3)
		move("repeat", changed(x.shape, axis, size*n), func(at []int) []int { return changed(at, axis, at[axis]/n) },
			func(b *Builder, x *Value) *Value { return b.Repeat(x, axis, n) })
		move("tile", changed(x.shape, axis, size*n), func(at []int) []int { return changed(at, axis, at[axis]%size) },
			func(b *Builder, x *Value) *Value { return b.Tile(x, axis, n) })
		move("broadcast", append([]int{n}, x.shape...), func(at []int) []int { return at[1:] },
			func(b *Builder, x *Value) *Value { return b.BroadcastTo(x, append([]int{n}, x.Shape...)...) })
		move("expand and squeeze", x.shape, func(at []int) []int { return at },
			func(b *Builder, x *Value) *Value { return b.Squeeze(b.ExpandDims(x, axis), axis) })
		parts := []int{start, 0, size - start}
		move("split and join", x.shape, func(at []int) []int { return at },
			func(b *Builder, x *Value) *Value { return b.Concat(axis, b.Split(x, axis, parts...)...) })
		move("stack", slices.Insert(slices.Clone(x.shape), axis, 2), func(at []int) []int {
			return slices.Delete(slices.Clone(at),
				axis, axis+1)
		},
			func(b *Builder, x *Value) *Value { return b.Stack(axis, x, x) })
		indices := make([]int, 1+r.IntN(4))
		for i := range indices {
			indices[i] = r.IntN(2*size) - size
		}
		move("take", changed(x.shape, axis, len(indices)), func(at []int) []int { return changed(at, axis, (indices[at[axis]]+size)%size) },
			func(b *Builder, x *Value) *Value { return b.Take(x, b.Ints(tensor.Int32, indices...), axis) })
	}
}

// TestPad puts a value around arrays of every class.
func TestPad(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 1))
	for i := range 100 {
		x := random(r, classes[i%len(classes)], shapeOf(r, 1+r.IntN(3))...)
		lo, hi, shape := make([]int, len(x.shape)), make([]int, len(x.shape)), slices.Clone(x.shape)
		for k := range lo {
			lo[k], hi[k] = r.IntN(3), r.IntN(3)
			shape[k] += lo[k] + hi[k]
		}
		outside := array{d: x.d, data: []float64{7}}
		switch x.d {
		case tensor.String:
			outside = texts(nil, "")
		case tensor.Bool:
			outside = bools(nil, 1)
		}
		want := each(x.d, shape, func(at []int) array {
			at = slices.Clone(at)
			for k := range at {
				if at[k] -= lo[k]; at[k] < 0 || at[k] >= x.shape[k] {
					return outside
				}
			}
			return x.at(at...)
		})
		is(t, "pad", 0, want, []array{x}, func(b *Builder, xs []*Value) *Value { return b.Pad(xs[0], lo, hi, 7) })
	}
	// The value is brought into the range of the type.
	is(t, "a byte", 0, array{d: tensor.Uint8, shape: []int{2}, data: []float64{44, 5}}, []array{ints([]int{1}, 5).of(tensor.Uint8)},
		func(b *Builder, x []*Value) *Value { return b.Pad(x[0], []int{1}, []int{0}, 300) })
}

// TestTakeAlong picks by indices that broadcast, as numpy.take_along_axis.
func TestTakeAlong(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 1))
	for i := range 100 {
		x := random(r, classes[i%len(classes)], shapeOf(r, 1+r.IntN(3))...)
		axis := r.IntN(len(x.shape))
		idx := array{d: tensor.Int32, shape: slices.Clone(x.shape)}
		for k := range idx.shape {
			if r.IntN(3) == 0 {
				idx.shape[k] = 1
			}
		}
		idx.shape[axis] = 1 + r.IntN(4)
		for range Product(idx.shape) {
			idx.data = append(idx.data, float64(r.IntN(2*x.shape[axis])-x.shape[axis]))
		}
		shape := slices.Clone(x.shape)
		shape[axis] = idx.shape[axis]
		want := each(x.d, shape, func(at []int) array {
			from, of := slices.Clone(at), slices.Clone(at)
			for k := range of {
				of[k] %= idx.shape[k]
			}
			from[axis] = (int(idx.at(of...).data[0]) + x.shape[axis]) % x.shape[axis]
			return x.at(from...)
		})
		is(t, "take along", 0, want, []array{x, idx}, func(b *Builder, v []*Value) *Value { return b.TakeAlong(v[0], v[1], axis) })
	}
}

// TestScatter combines updates into elements, rows and whole arrays; an index that comes twice counts twice.
func TestScatter(t *testing.T) {
	x := floats([]int{3, 2}, 1, 2, 3, 4, 5, 6)
	rows := ints([]int{3, 1}, 2, 0, 2)
	updates := floats([]int{3, 2}, 10, 20, 30, 40, 50, 1)
	for how, want := range map[string][]float64{
		"": {30, 40, 3, 4, 50, 1}, "add": {31, 42, 3, 4, 65, 27}, "mul": {30, 80, 3, 4, 2500, 120}, "max": {30, 40, 3, 4, 50, 20},
		"min": {1, 2, 3, 4, 5, 1},
	} {
		for _, d := range []tensor.DType{tensor.Float32, tensor.Float64, tensor.Int32} {
			is(t, "rows "+how, 0, floats([]int{3, 2}, want...).of(d), []array{x.of(d), rows, updates.of(d)},
				func(b *Builder, v []*Value) *Value { return b.Scatter(v[0], v[1], v[2], how) })
		}
	}
	is(t, "elements", 0, floats([]int{3, 2}, 1, 9, 3, 4, 8, 6), []array{x, ints([]int{2, 2}, 0, 1, -1, 0), floats([]int{2}, 9, 8)},
		func(b *Builder, v []*Value) *Value { return b.Scatter(v[0], v[1], v[2], "") })
	is(t, "everything", 0, floats([]int{3, 2}, 2, 3, 4, 5, 6, 7), []array{x, {d: tensor.Int32, shape: []int{1, 0}},
		floats([]int{1, 3, 2}, 1, 1, 1, 1, 1, 1)}, func(b *Builder, v []*Value) *Value { return b.Scatter(v[0], v[1], v[2], "add") })
	is(t, "bools", 0, bools([]int{3}, 1, 0, 1), []array{bools([]int{3}, 1, 1, 0), ints([]int{2, 1}, 1, 2), bools([]int{2}, 0, 1)},
		func(b *Builder, v []*Value) *Value { return b.Scatter(v[0], v[1], v[2], "") })
	is(t, "texts", 0, texts([]int{2}, "a", "c"), []array{texts([]int{2}, "a", "b"), ints([]int{1, 1}, 1), texts([]int{1}, "c")},
		func(b *Builder, v []*Value) *Value { return b.Scatter(v[0], v[1], v[2], "") })
	is(t, "bytes wrap", 0, ints([]int{1}, -56).of(tensor.Int8), []array{ints([]int{1}, 100).of(tensor.Int8), ints([]int{1, 1}, 0),
		ints([]int{1}, 100).of(tensor.Int8)}, func(b *Builder, v []*Value) *Value { return b.Scatter(v[0], v[1], v[2], "add") })
}

// TestGather picks by vectors of indices, and by one-hot vectors.
func TestGather(t *testing.T) {
	x := floats([]int{2, 3, 2}, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)
	is(t, "elements", 0, floats([]int{2}, 5, 6), []array{x, ints([]int{2, 3}, 0, 2, 1, 1, 0, 0)},
		func(b *Builder, v []*Value) *Value { return b.GatherND(v[0], v[1]) })
	is(t, "rows", 0, floats([]int{2, 2}, 8, 9, 2, 3), []array{x, ints([]int{2, 2}, 1, 1, 0, 1)},
		func(b *Builder, v []*Value) *Value { return b.GatherND(v[0], v[1]) })
	is(t, "one hot", 0, floats([]int{2, 2, 3}, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0), []array{ints([]int{2, 2}, 0, 2, 3, -1)},
		func(b *Builder, v []*Value) *Value { return b.OneHot(v[0], 3, tensor.Float32) })
	is(t, "by a table of any shape", 0, floats([]int{2, 2, 2}, 1, 1, 0, 1, 3, 3, 2, 3), []array{floats([]int{2, 2}, 0, 1, 2, 3),
		ints([]int{2, 2}, 1, 1, 0, -1)}, func(b *Builder, v []*Value) *Value { return b.Take(v[0], v[1], 1) })
}

// TestIndicesOutOfRange fails when the graph runs, by the name of the layer that wrote the op.
func TestIndicesOutOfRange(t *testing.T) {
	for name, build := range map[string]func(b *Builder, x, i *Value) *Value{
		"take":            func(b *Builder, x, i *Value) *Value { return b.Take(x, i, 0) },
		"take_along_axis": func(b *Builder, x, i *Value) *Value { return b.TakeAlong(x, i, 0) },
		"scatter":         func(b *Builder, x, i *Value) *Value { return b.Scatter(x, b.ExpandDims(i, -1), x, "add") },
	} {
		for _, wrong := range []int64{3, -4} {
			for _, label := range []string{"", "embedding"} {
				b := NewBuilder()
				b.Label = label
				x, i := b.Input(tensor.Float32, 3), b.Input(tensor.Int32, 3)
				b.Graph.Outputs = one(build(b, x, i))
				_, err := Interpret(b.Graph, Run{Inputs: []Buf{{F: make([]float32, 3)}, {I: []int64{0, wrong, 1}}}})
				if label == "" {
					label = name
				}
				if err == nil || !strings.HasPrefix(err.Error(), label+": index ") || !strings.HasSuffix(err.Error(), "is outside 0..2") {
					t.Errorf("%s of %d: %v", name, wrong, err)
				}
			}
		}
	}
}

// TestNothingIsWritten leaves out ops that would change nothing.
func TestNothingIsWritten(t *testing.T) {
	b := NewBuilder()
	x := b.Input(tensor.Float32, 2, 3)
	for name, y := range map[string]*Value{
		"reshape": b.Reshape(x, 2, 3), "reshape with -1": b.Reshape(x, -1, 3), "transpose": b.Transpose(x, 0, 1), "swap": b.SwapAxes(x, 1, 1),
		"move": b.MoveAxis(x, 0, 0), "broadcast": b.BroadcastTo(x, 2, 3), "slice": b.Slice(x, 1, 0, 3), "pad": b.Pad(x, []int{0, 0},
			[]int{0, 0}, 1),
		"concat": b.Concat(1, x), "cast": b.Cast(x, tensor.Float32),
	} {
		if y != x {
			t.Errorf("%s writes %s", name, y.Node.Op.Name())
		}
	}
	if n := len(b.Graph.Nodes); n != 1 {
		t.Errorf("%d nodes", n)
	}
}

// TestEmpty moves, joins and reduces arrays that have no elements.
func TestEmpty(t *testing.T) {
	none := array{d: tensor.Float32, shape: []int{0, 3}}
	for _, c := range []struct {
		name  string
		want  array
		build func(b *Builder, x *Value) *Value
	}{
		{"transpose", array{d: tensor.Float32, shape: []int{3, 0}}, func(b *Builder, x *Value) *Value { return b.Transpose(x, 1, 0) }},
		{"reshape", array{d: tensor.Float32, shape: []int{5, 0}}, func(b *Builder, x *Value) *Value { return b.Reshape(x, 5, 0) }},
		{"concat", array{d: tensor.Float32, shape: []int{0, 6}}, func(b *Builder, x *Value) *Value { return b.Concat(1, x, x) }},
		{"pad", floats([]int{1, 3}, 2, 2, 2), func(b *Builder, x *Value) *Value { return b.Pad(x, []int{1, 0}, []int{0, 0}, 2) }},
		{"sum", floats([]int{3}, 0, 0, 0), func(b *Builder, x *Value) *Value { return b.Sum(x, 0) }},
		{"prod", floats([]int{3}, 1, 1, 1), func(b *Builder, x *Value) *Value { return b.Reduce(Prod, x, false, 0) }},
		{"sort", none, func(b *Builder, x *Value) *Value { return b.Sort(x, 0) }},
		{"softmax", none, func(b *Builder, x *Value) *Value { return b.Softmax(x, 0) }},
		{"cumsum", none, func(b *Builder, x *Value) *Value { return b.Cumsum(x, 0) }},
		{"flip", none, func(b *Builder, x *Value) *Value { return b.Flip(x, 0) }},
		{"matmul", floats([]int{3, 3}, 0, 0, 0, 0, 0, 0, 0, 0, 0), func(b *Builder, x *Value) *Value { return b.MatMulT(x, x, true, false) }},
		{"dense", array{d: tensor.Float32, shape: []int{0, 2}}, func(b *Builder, x *Value) *Value {
			return b.Dense(x, b.Full(tensor.Float32, 1, 3, 2))
		}},
	} {
		is(t, c.name, 0, c.want, []array{none}, func(b *Builder, x []*Value) *Value { return c.build(b, x[0]) })
	}
}
