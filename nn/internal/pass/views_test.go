package pass

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/tensor"
)

// moved makes a random chain of movements over a value.
func moved(b *graph.Builder, r *rand.Rand, x *graph.Value) *graph.Value {
	for range r.IntN(5) {
		axis := r.IntN(x.Rank())
		switch r.IntN(5) {
		case 0:
			x = b.Transpose(x, r.Perm(x.Rank())...)
		case 1:
			if d := x.Shape[axis]; d > 1 {
				start, step := r.IntN(d-1), 1+r.IntN(2)
				x = b.SliceStep(x, axis, start, step, (d-1-start)/step+1)
			}
		case 2:
			if x.Shape[axis] == 1 {
				shape := slices.Clone(x.Shape)
				shape[axis] = 3
				x = b.BroadcastTo(x, shape...)
			} else if x.Rank() < 5 {
				x = b.BroadcastTo(x, append([]int{2}, x.Shape...)...)
			}
		case 3:
			x = b.ExpandDims(x, r.IntN(x.Rank()+1))
		default:
			if axis > 0 { // two axes become one
				shape := slices.Delete(slices.Clone(x.Shape), axis, axis+1)
				shape[axis-1] *= x.Shape[axis]
				x = b.Reshape(x, shape...)
			} else if d := x.Shape[0]; d%2 == 0 {
				x = b.Reshape(x, append([]int{2, d / 2}, x.Shape[1:]...)...)
			}
		}
	}
	return x
}

// interpreted returns the elements of some values; the only input has 0, 1, 2 ... for elements.
func interpreted(t *testing.T, b *graph.Builder, values ...*graph.Value) [][]float32 {
	t.Helper()
	in := graph.Buf{F: make([]float32, b.Graph.Inputs[0].Size())}
	for i := range in.F {
		in.F[i] = float32(i)
	}
	b.Graph.Outputs = values
	bufs, err := graph.Interpret(b.Graph, graph.Run{Inputs: []graph.Buf{in}})
	if err != nil {
		t.Fatal(err)
	}
	var out [][]float32
	for _, buf := range bufs {
		out = append(out, buf.F)
	}
	return out
}

// TestViewsReadWhatIsThere reads the memory of a view's root at its strides: those are the elements of the value.
func TestViewsReadWhatIsThere(t *testing.T) {
	followed := 0
	for seed := range uint64(500) {
		r := rand.New(rand.NewPCG(seed, 1))
		b := graph.NewBuilder()
		x := b.Input(tensor.Float32, 2, 3, 4)
		y := moved(b, r, x)
		w := viewOf(y)
		if y != x && w.root == x {
			followed++
		}
		data := interpreted(t, b, y, w.root)
		want, root := data[0], data[1]
		for i, at := range w.positions(y.Shape) {
			if root[at] != want[i] {
				t.Fatalf("seed %d: element %d of %s is %g, the view reads %g", seed, i, y, want[i], root[at])
			}
		}
		if y.Rank() < 2 {
			continue
		}
		// The matrices of the last two axes, for a batch and for one that repeats it.
		rows, columns := y.Shape[y.Rank()-2], y.Shape[y.Rank()-1]
		row, column := w.rows(columns)
		for _, batch := range [][]int{y.Shape[:y.Rank()-2], append([]int{2}, y.Shape[:y.Rank()-2]...)} {
			for u, at := range w.offsets(batch) {
				u %= graph.Product(y.Shape[:y.Rank()-2])
				for i := range rows {
					for j := range columns {
						if got := root[at+i*row+j*column]; got != want[(u*rows+i)*columns+j] {
							t.Fatalf("seed %d: matrix %d of %s at %d, %d: %g, not %g", seed, u, y, i, j, got, want[(u*rows+i)*columns+j])
						}
					}
				}
			}
		}
	}
	if followed < 250 {
		t.Errorf("%d of 500 chains are read where they begin", followed)
	}
}

// TestViewsOfReshapes knows which reshapes strides can follow.
func TestViewsOfReshapes(t *testing.T) {
	for _, c := range []struct {
		shape, strides, to, want []int // want is nil where there are no such strides
	}{
		{[]int{6, 4}, []int{4, 1}, []int{24}, []int{1}},
		{[]int{6, 4}, []int{4, 1}, []int{2, 3, 4}, []int{12, 4, 1}},
		{[]int{6, 4}, []int{1, 6}, []int{24}, nil},
		{[]int{6, 4}, []int{1, 6}, []int{2, 3, 2, 2}, []int{3, 1, 12, 6}},
		{[]int{6, 4}, []int{8, 1}, []int{3, 2, 4}, []int{16, 8, 1}},
		{[]int{6, 4}, []int{8, 1}, []int{3, 8}, nil},
		{[]int{6, 4}, []int{8, 2}, []int{3, 8}, []int{16, 2}},
		{[]int{6, 1, 4}, []int{4, 99, 1}, []int{6, 4}, []int{4, 1}},
		{[]int{6, 4}, []int{0, 1}, []int{2, 3, 4}, []int{0, 0, 1}},
		{[]int{6, 4}, []int{0, 1}, []int{24}, nil},
		{[]int{1}, []int{7}, []int{}, []int{}},
	} {
		w, ok := view{shape: c.shape, strides: c.strides}.reshape(c.to)
		if ok != (c.want != nil) {
			t.Errorf("%v at %v as %v: %v", c.shape, c.strides, c.to, ok)
			continue
		}
		for i, d := range c.to {
			if ok && d != 1 && w.strides[i] != c.want[i] {
				t.Errorf("%v at %v as %v: strides %v, not %v", c.shape, c.strides, c.to, w.strides, c.want)
			}
		}
	}
}

// TestLanding writes a batch of matrices where what follows it would put them.
func TestLanding(t *testing.T) {
	found := 0
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 2))
		b := graph.NewBuilder()
		x := b.Input(tensor.Float32, 2, 3, 4, 5)
		v := b.Neg(x)
		y := moved(b, r, v)
		if y == v {
			continue
		}
		b.Graph.Outputs = []*graph.Value{y}
		final, w := landing(graph.UsersOf(b.Graph), v)
		if final == v {
			continue
		}
		found++
		data := interpreted(t, b, v, final)
		for i, at := range w.positions(v.Shape) {
			if data[1][at] != data[0][i] {
				t.Fatalf("seed %d: element %d is %g, in its place lies %g", seed, i, data[0][i], data[1][at])
			}
		}
		if row, column := w.rows(5); column != 1 || row < 5 {
			t.Errorf("seed %d: rows of 5 elements are %d apart, columns %d", seed, row, column)
		}
	}
	if found < 10 {
		t.Errorf("%d places were found", found)
	}
	// What others read must be there.
	b := graph.NewBuilder()
	v := b.Neg(b.Input(tensor.Float32, 2, 3, 4, 5))
	b.Graph.Outputs = []*graph.Value{b.Transpose(v, 0, 2, 1, 3), v}
	if final, _ := landing(graph.UsersOf(b.Graph), v); final != v {
		t.Error("a value that is an output is written elsewhere")
	}
}

// TestKeepsOrder tells transposes that move nothing from others.
func TestKeepsOrder(t *testing.T) {
	for _, c := range []struct {
		axes, shape []int
		want        bool
	}{
		{[]int{0, 1, 2}, []int{2, 3, 4}, true}, {[]int{1, 0, 2}, []int{2, 3, 4}, false}, {[]int{1, 0, 2}, []int{1, 3, 4}, true},
		{[]int{2, 0, 1}, []int{3, 4, 1}, true}, {[]int{2, 0, 1}, []int{3, 1, 4}, false}, {[]int{2, 1, 0}, []int{1, 1, 4}, true},
		{nil, nil, true},
	} {
		if got := keepsOrder(c.axes, c.shape); got != c.want {
			t.Errorf("%v of %v: %v", c.axes, c.shape, got)
		}
	}
	for _, c := range []struct {
		axes []int
		want bool
	}{{[]int{0, 3, 1, 2}, true}, {[]int{0, 2, 1}, true}, {[]int{0, 2, 3, 1}, false}, {[]int{0, 1}, false}, {[]int{3, 0, 1, 2}, false}} {
		if got := toFirst(c.axes); got != c.want {
			t.Errorf("%v brings the channels to the front: %v", c.axes, got)
		}
	}
}
