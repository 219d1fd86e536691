package pass_test

import (
	"bytes"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/hornml/horn/internal/golden"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/internal/pass"
	"github.com/hornml/horn/tensor"
)

// memory works everything out at once, as constants.
type memory struct{}

func (memory) Derive(key string, n *graph.Node, _ []*graph.Node,
	eval func(read func(*graph.Node) (graph.Buf, error), out graph.Buf) error) (graph.Op, error) {
	out := n.Out[0]
	buf := graph.NewBuf(out.DType, out.Size())
	err := eval(func(n *graph.Node) (graph.Buf, error) {
		if c, ok := n.Op.(graph.Const); ok {
			return c.Source.Buf()
		}
		return n.Op.(graph.ReadParam).Param.Buf()
	}, buf)
	return graph.Const{Source: elements{key, buf}, DType: out.DType, Shape: out.Shape}, err
}

type elements struct {
	key string
	buf graph.Buf
}

func (e elements) Key() string             { return e.key }
func (e elements) Buf() (graph.Buf, error) { return e.buf, nil }

// check runs the passes on a graph one by one: after each that changes it the graph is in order and computes the same.
func check(t *testing.T, g *graph.Graph, inputs []graph.Buf) (changed []string) {
	t.Helper()
	run := func(name string) []graph.Buf {
		if err := graph.Verify(g); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		outs, err := graph.Interpret(g, graph.Run{Inputs: inputs})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		return outs
	}
	want := run("before")
	key := graph.AppendGraphKey(nil, g)
	for _, p := range pass.List() {
		if err := p.Apply(g, memory{}); err != nil {
			t.Fatalf("%s: %v", p.Name, err)
		}
		now := graph.AppendGraphKey(nil, g)
		if bytes.Equal(key, now) {
			continue
		}
		key, changed = now, append(changed, p.Name)
		for i, got := range run(p.Name) {
			if at := differs(got, want[i], g.Outputs[i].DType); at >= 0 {
				t.Fatalf("%s: output %d differs at %d: %g, %g before", p.Name, i, at, got.Float64(at), want[i].Float64(at))
			}
		}
	}
	return changed
}

// differs returns the first element at which two results are not the same to rounding, -1 if there is none.
func differs(a, b graph.Buf, d tensor.DType) int {
	if a.S != nil {
		for i := range a.S {
			if a.S[i] != b.S[i] {
				return i
			}
		}
		return -1
	}
	tolerance := 0.0
	switch {
	case d == tensor.Float64:
		tolerance = 1e-9
	case d.IsHalf():
		tolerance = 2e-2
	case d.IsFloat():
		tolerance = 2e-5
	}
	scale := 1.0
	for i := range b.Len() {
		if v := math.Abs(b.Float64(i)); !math.IsInf(v, 0) && !math.IsNaN(v) {
			scale = max(scale, v)
		}
	}
	for i := range a.Len() {
		x, y := a.Float64(i), b.Float64(i)
		if x != y && !(math.Abs(x-y) <= tolerance*scale) && !(math.IsNaN(x) && math.IsNaN(y)) {
			return i
		}
	}
	return -1
}

// TestGoldens runs the passes on the graphs of all goldens, and looks whether each pass had something to do.
func TestGoldens(t *testing.T) {
	cases, err := golden.Find("../../../conformance/testdata/goldens")
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]int{}
	for i, c := range cases {
		if testing.Short() && i%5 != 0 {
			continue
		}
		m, inputs, err := c.Load()
		if err != nil {
			continue // those that cannot be answered: conformance has their names
		}
		t.Run(c.Name, func(t *testing.T) {
			g, err := m.Graph(inputs...)
			if err != nil {
				t.Fatal(err)
			}
			var bufs []graph.Buf
			for _, x := range inputs {
				if x != nil {
					bufs = append(bufs, graph.BufOf(x))
				}
			}
			for _, name := range check(t, g, bufs) {
				used[name]++
			}
		})
	}
	for _, p := range pass.List() {
		if used[p.Name] == 0 && !strings.HasSuffix(p.Name, "again") {
			t.Errorf("no golden needs the pass %q", p.Name)
		}
	}
	t.Log(used)
}

// TestRandomGraphs runs the passes on graphs of random movements, products and elementwise ops.
func TestRandomGraphs(t *testing.T) {
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 7))
		b := graph.NewBuilder()
		var inputs []graph.Buf
		fill := func(n int) graph.Buf {
			buf := graph.Buf{F: make([]float32, n)}
			for i := range buf.F {
				buf.F[i] = float32(r.NormFloat64())
			}
			return buf
		}
		var values []*graph.Value
		for i := range 4 {
			shape := []int{1 + r.IntN(3), 1 + r.IntN(4), 2 + r.IntN(3), 2 + r.IntN(4)}[r.IntN(3):]
			if i == 0 {
				values = append(values, b.ConstBuf(fill(graph.Product(shape)), tensor.Float32, shape...))
				continue
			}
			values = append(values, b.Input(tensor.Float32, shape...))
			inputs = append(inputs, fill(graph.Product(shape)))
		}
		for range 4 + r.IntN(20) {
			values = append(values, grow(b, r, values[r.IntN(len(values))], values[r.IntN(len(values))]))
		}
		for range 1 + r.IntN(3) {
			b.Graph.Outputs = append(b.Graph.Outputs, values[len(values)-1-r.IntN(4)])
		}
		check(t, b.Graph, inputs)
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// grow writes one more op over x, and y where it fits.
func grow(b *graph.Builder, r *rand.Rand, x, y *graph.Value) *graph.Value {
	order := r.Perm(x.Rank())
	axis := r.IntN(x.Rank())
	switch r.IntN(12) {
	case 0, 1:
		return b.Transpose(x, order...)
	case 2:
		return b.Reshape(x, append(slices.Clone(x.Shape[:axis]), -1)...)
	case 3:
		return b.Reshape(x, -1, x.LastDim())
	case 4:
		return b.Tanh(x)
	case 5:
		return b.Softmax(x, axis)
	case 6:
		if d := x.Shape[axis]; d > 1 {
			return b.SliceStep(x, axis, d-1, -1, d-1)
		}
	case 7:
		return b.Concat(axis, x, b.Neg(x))
	case 8:
		lo := make([]int, x.Rank())
		lo[axis] = 1
		return b.Pad(x, lo, make([]int, x.Rank()), 0.5)
	case 9:
		if x.Rank() >= 2 && x.Rank() <= 4 && x.Size() < 4000 {
			return b.MatMul(x, b.SwapAxes(x, -1, -2))
		}
	case 10:
		if x.Size() < 4000 {
			return b.Repeat(x, axis, 2)
		}
	}
	if _, err := tensor.Broadcast(x.Shape, y.Shape); err == nil && x.Size()*y.Size() < 1<<16 {
		return b.Add(b.MulS(x, 0.5), y)
	}
	return b.Sub(x, b.Reduce(graph.Mean, x, true, axis))
}
