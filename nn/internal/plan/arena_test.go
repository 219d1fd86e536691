package plan

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/internal/pass"
	"github.com/hornml/horn/tensor"
)

// TestAllocatorOverlapsNothing hands out memory for random lifetimes and sizes: what is needed at the same time has no element in
// common, everything is aligned, and the whole is not much more than what is ever needed at once.
func TestAllocatorOverlapsNothing(t *testing.T) {
	worst := 0.0
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 3))
		steps, largest, longest := 5+r.IntN(200), 1+r.IntN(5000), 1+r.IntN(20)
		var a allocator
		var spans []span
		expire := make([][]int, steps+longest)
		live, peak := 0, 0
		for step := range steps {
			for range r.IntN(4) {
				s := span{id: len(spans), size: r.IntN(largest), from: step, to: step + r.IntN(longest), heir: -1}
				s.offset = a.take(s.size)
				if s.offset%alignment != 0 {
					t.Fatalf("seed %d: %d elements at %d", seed, s.size, s.offset)
				}
				expire[s.to] = append(expire[s.to], s.id)
				spans = append(spans, s)
				live += round(s.size)
			}
			peak = max(peak, live)
			for _, id := range expire[step] {
				a.free(spans[id].offset, spans[id].size)
				live -= round(spans[id].size)
			}
		}
		for _, s := range spans {
			if s.offset < 0 || s.offset+s.size > a.end {
				t.Fatalf("seed %d: %d elements at %d of %d", seed, s.size, s.offset, a.end)
			}
		}
		if x, y, ok := conflict(spans); ok {
			t.Fatalf("seed %d: %+v and %+v overlap", seed, x, y)
		}
		if peak > 0 {
			worst = max(worst, float64(a.end)/float64(peak))
		}
		if float64(a.end) > 2*float64(peak) {
			t.Errorf("seed %d: %d elements where %d are needed at once", seed, a.end, peak)
		}
	}
	t.Logf("at most %.2f of what is needed at once", worst)
}

// TestAllocatorReuses frees in every order: neighbours become one hole, and all is one hole at the end.
func TestAllocatorReuses(t *testing.T) {
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 4))
		var a allocator
		var offsets, sizes []int
		for range 20 {
			size := 1 + r.IntN(100)
			offsets, sizes = append(offsets, a.take(size)), append(sizes, size)
		}
		end := a.end
		for _, i := range r.Perm(20) {
			a.free(offsets[i], sizes[i])
		}
		if !slices.Equal(a.holes, []hole{{0, end}}) {
			t.Fatalf("seed %d: holes %v of %d", seed, a.holes, end)
		}
		if at := a.take(end); at != 0 || a.end != end || len(a.holes) != 0 {
			t.Fatalf("seed %d: everything is at %d, the end at %d, holes %v", seed, at, a.end, a.holes)
		}
	}
	var a allocator
	small, gap, large := a.take(16), a.take(16), a.take(64)
	a.take(16)
	a.free(small, 16)
	a.free(large, 64)
	if at := a.take(10); at != small {
		t.Errorf("10 elements are at %d, not in the smallest hole %d", at, small)
	}
	_ = gap
	var b allocator
	b.take(16)
	last := b.take(32)
	b.free(last, 32)
	if at := b.take(100); at != last || b.end != last+round(100) {
		t.Errorf("the hole at the end is not lengthened: %d of %d", at, b.end)
	}
}

// TestConflict holds the judge itself to account.
func TestConflict(t *testing.T) {
	a := span{id: 0, offset: 0, size: 32, from: 0, to: 4, heir: -1}
	for _, c := range []struct {
		name string
		b    span
		heir int
		want bool
	}{
		{"other memory", span{id: 1, offset: 32, size: 8, from: 1, to: 3, heir: -1}, -1, false},
		{"another class", span{id: 1, class: graph.ClassI, offset: 0, size: 8, from: 1, to: 3, heir: -1}, -1, false},
		{"later", span{id: 1, offset: 16, size: 8, from: 5, to: 6, heir: -1}, -1, false},
		{"the same step", span{id: 1, offset: 16, size: 8, from: 4, to: 6, heir: -1}, -1, true},
		{"an heir", span{id: 1, offset: 0, size: 32, from: 4, to: 6, heir: -1}, 1, false},
		{"an heir too early", span{id: 1, offset: 0, size: 32, from: 3, to: 6, heir: -1}, 1, true},
		{"one element", span{id: 1, offset: 31, size: 8, from: 2, to: 2, heir: -1}, -1, true},
	} {
		first := a
		first.heir = c.heir
		for _, spans := range [][]span{{first, c.b}, {c.b, first}} {
			if _, _, got := conflict(spans); got != c.want {
				t.Errorf("%s: %v", c.name, got)
			}
		}
	}
}

// placed compiles a graph up to the places of its values.
func placed(t *testing.T, g *graph.Graph) (*Plan, []*work) {
	t.Helper()
	store := NewStore()
	f := newForms(store)
	if err := pass.Run(g, f); err != nil {
		t.Fatal(err)
	}
	p := &Plan{threads: 1, store: store}
	l := &lowering{g: g, forms: f, options: Options{Store: store, Threads: 1, MaxBytes: 1 << 40}, uses: graph.UsersOf(g),
		done: map[*graph.Node]bool{}, at: map[*graph.Node]*work{}, threads: 1}
	works, err := l.lower()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.place(g, works, f.snap, 1<<40); err != nil {
		t.Fatal(err)
	}
	return p, works
}

// broken returns what checkArena says.
func broken(p *Plan, g *graph.Graph, works []*work) (text string) {
	defer func() {
		if r := recover(); r != nil {
			text = r.(string)
		}
	}()
	p.checkArena(g, works)
	return ""
}

// TestArenas places the values of all cases and of random graphs.
func TestArenas(t *testing.T) {
	for name := range cases {
		g := build(name).Graph
		p, works := placed(t, g)
		if text := broken(p, g, works); text != "" {
			t.Errorf("%s: %s", name, text)
		}
	}
	for seed := range uint64(200) {
		g := randomGraph(seed).Graph
		p, works := placed(t, g)
		if text := broken(p, g, works); text != "" {
			t.Errorf("seed %d: %s", seed, text)
		}
		live := 0 // the whole must stay below what it would be without sharing
		for id, pl := range p.places {
			if (pl.kind == inArena || pl.kind == isInput) && pl.class == graph.ClassF {
				live += round(p.values[id].Size())
			}
		}
		if p.arena[graph.ClassF] > live {
			t.Errorf("seed %d: %d elements for %d", seed, p.arena[graph.ClassF], live)
		}
	}
}

// TestChainsShareMemory runs a long chain in the memory of few of its values.
func TestChainsShareMemory(t *testing.T) {
	b := graph.NewBuilder()
	x := b.Input(tensor.Float32, 100, 100)
	for range 30 {
		x = b.Softmax(x, 0)
	}
	b.Graph.Outputs = []*graph.Value{x}
	p, _ := placed(t, b.Graph)
	if got := p.arena[graph.ClassF]; got > 3*round(100*100) {
		t.Errorf("%d elements for a chain of values of 10000", got)
	}
}

// TestBrokenArenasAreFound breaks a plan in several ways.
func TestBrokenArenasAreFound(t *testing.T) {
	type breaking struct {
		name, want string
		do         func(p *Plan, g *graph.Graph, works []*work) []*work
	}
	residual := func() *graph.Graph {
		f := &fixture{Builder: graph.NewBuilder(), rng: rand.New(rand.NewPCG(1, 2))}
		x := f.Softmax(f.in(40, 30), 0)
		y := f.Softmax(f.Transpose(x, 1, 0), 0)
		f.Graph.Outputs = []*graph.Value{f.Add(x, f.Transpose(y, 1, 0)), f.Argmax(x, 1)}
		return f.Graph
	}
	for _, c := range []breaking{
		{"nothing", "", func(_ *Plan, _ *graph.Graph, works []*work) []*work { return works }},
		{"everything at 0", "share memory", func(p *Plan, _ *graph.Graph, works []*work) []*work {
			for i := range p.places {
				p.places[i].offset = 0
			}
			return works
		}},
		{"the last step first", "which is written in step", func(_ *Plan, _ *graph.Graph, works []*work) []*work {
			return append([]*work{works[len(works)-1]}, works[:len(works)-1]...)
		}},
		{"a step twice", "write", func(_ *Plan, _ *graph.Graph, works []*work) []*work {
			return append(works, works[0])
		}},
		{"past the end", "has the elements", func(p *Plan, _ *graph.Graph, works []*work) []*work {
			p.arena = arenaSize{}
			return works
		}},
		{"an output without memory", "which has no memory", func(p *Plan, g *graph.Graph, works []*work) []*work {
			p.places[p.id(g.Outputs[0])].kind = isUnused
			return works
		}},
	} {
		g := residual()
		p, works := placed(t, g)
		works = c.do(p, g, works)
		if text := broken(p, g, works); (text == "") != (c.want == "") || !strings.Contains(text, c.want) {
			t.Errorf("%s: %q", c.name, text)
		}
	}
}

// TestTooLarge says what the memory of a run would be and what it may be.
func TestTooLarge(t *testing.T) {
	b := graph.NewBuilder()
	x := b.Input(tensor.Float32, 1<<20)
	b.Graph.Outputs = []*graph.Value{b.Cumsum(x, 0), b.Softmax(x, 0)}
	_, err := Compile(b.Graph, Options{MaxBytes: 5 << 20})
	if !errors.Is(err, graph.ErrTooLarge) || !strings.Contains(err.Error(), "the limit is 5 MiB") {
		t.Error(err)
	}
}

// randomGraph grows a graph of ops with kernels, with elementwise ops between them and with results that are used again much later.
func randomGraph(seed uint64) *fixture {
	f := &fixture{Builder: graph.NewBuilder(), rng: rand.New(rand.NewPCG(seed, 9))}
	r := f.rng
	values := []*value{f.in(2, 6, 5, 4), f.in(2, 6, 5, 4), f.in(3, 8), f.w(5, 4)}
	for range 5 + r.IntN(25) {
		x, y := values[r.IntN(len(values))], values[max(0, len(values)-1-r.IntN(3))]
		values = append(values, f.grow(x, y))
	}
	for range 1 + r.IntN(3) {
		f.Graph.Outputs = append(f.Graph.Outputs, values[len(values)-1-r.IntN(4)])
	}
	return f
}

// grow writes one more op over x, and y where it fits.
func (f *fixture) grow(x, y *value) *value {
	r, axis := f.rng, f.rng.IntN(x.Rank())
	small := x.Size() < 4000
	switch r.IntN(14) {
	case 0:
		return f.Relu(f.Add(f.Dense(x, f.w(x.LastDim(), 6)), f.w(6)))
	case 1:
		if x.Rank() == 4 && x.Shape[1] > 0 && x.Shape[2] > 0 {
			a := graph.Conv{PadLo: []int{1, 1}, PadHi: []int{1, 1}}
			return f.Conv(x, f.filters(3, 3, x.Shape[3], 4), a)
		}
	case 2:
		if x.Rank() == 4 {
			return f.Pool(x, graph.Pool{Window: []int{2, 2}, Strides: []int{1, 1}, PadLo: []int{1, 1}, PadHi: []int{0, 1}, Average: r.IntN(2) == 0})
		}
	case 3:
		return f.Softmax(x, axis)
	case 4:
		return f.Transpose(x, r.Perm(x.Rank())...)
	case 5:
		return f.Reshape(x, -1, x.LastDim())
	case 6:
		return f.Normalize(x, 1e-3, false, -1)
	case 7:
		if small {
			return f.Concat(axis, x, f.Tanh(x))
		}
	case 8:
		return f.Sigmoid(f.Reduce(graph.Mean, x, true, axis))
	case 9:
		return f.Where(f.Compare(graph.Greater, x, f.Scalar(tensor.Float32, 0)), x, f.MulS(x, 0.1))
	case 10:
		if x.Rank() >= 2 && small {
			return f.MulS(f.MatMulT(x, x, false, true), 0.1)
		}
	case 11:
		if d := x.Shape[axis]; d > 1 {
			return f.Slice(x, axis, 1, d)
		}
	case 12:
		return f.Cast(f.Cast(f.Clip(x, -9, 9), tensor.Int32), tensor.Float32)
	}
	if _, err := tensor.Broadcast(x.Shape, y.Shape); err == nil && x.Size()*y.Size() < 1<<18 {
		return f.Tanh(f.Add(f.MulS(x, 0.5), y))
	}
	return f.Sub(x, f.Exp(f.Neg(f.Square(x))))
}

// TestRandomPlans compares the answers of random graphs' plans with interpretation, twice with the same memory.
func TestRandomPlans(t *testing.T) {
	for seed := range uint64(120) {
		f := randomGraph(seed)
		var run graph.Run
		for _, in := range f.inputs {
			run.Inputs = append(run.Inputs, graph.BufOf(in))
		}
		want, err := graph.Interpret(f.Graph, run)
		if err != nil {
			t.Fatal(err)
		}
		outputs := f.Graph.Outputs
		p, err := Compile(f.Graph, Options{Threads: 1 + int(seed%2)})
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		for range 2 {
			got, err := p.Run(f.inputs, nil)
			if err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			for i, v := range outputs {
				compare(t, 1e-4, "a random graph", graph.BufOf(got[i]), want[i], v.DType)
			}
		}
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}
