package plan

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/tensor"
)

// made compiles a graph.
func made(t *testing.T, o Options, build func(b *graph.Builder) []*graph.Value) *Plan {
	t.Helper()
	b := graph.NewBuilder()
	b.Graph.Outputs = build(b)
	p, err := Compile(b.Graph, o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestInputsOfAllForms gives a plan tensors of every type, in one piece and not, and leaves its memory to the caller.
func TestInputsOfAllForms(t *testing.T) {
	for _, x := range []tensor.Any{
		tensor.FromSlice([]float32{1, 2, 3, 4, 5, 6}, 2, 3), tensor.FromSlice([]float64{1, 2, 3, 4, 5, 6}, 2, 3),
		tensor.FromSlice([]int8{1, 2, 3, 4, 5, 6}, 2, 3), tensor.FromSlice([]uint32{1, 2, 3, 4, 5, 6}, 2, 3),
		tensor.FromSlice([]int64{1, 2, 3, 4, 5, 6}, 2, 3), tensor.FromSlice([]bool{true, false, true, true, false, false}, 2, 3),
		tensor.FromSlice([]tensor.Half{0, 0, tensor.HalfFrom(3), 0, 0, tensor.HalfFrom(6)}, 2, 3),
		tensor.FromSlice([]float32{1, 4, 2, 5, 3, 6}, 3, 2).Transpose(1, 0),
	} {
		p := made(t, Options{Threads: 1}, func(b *graph.Builder) []*graph.Value {
			v := b.Input(x.DType(), 2, 3)
			return []*graph.Value{v, b.Cast(b.Transpose(v, 1, 0), tensor.Float64)}
		})
		for range 2 {
			out, err := p.Run([]tensor.Any{x}, nil)
			if err != nil {
				t.Fatal(err)
			}
			want := graph.BufOf(x)
			same, turned := graph.BufOf(out[0]), out[1].(*tensor.Of[float64]).Data()
			for i := range 6 {
				if same.Float64(i) != want.Float64(i) || turned[i%3*2+i/3] != want.Float64(i) {
					t.Errorf("%s: %v became %v and %v", x.DType(), want, same, turned)
					break
				}
			}
		}
	}
	p := made(t, Options{}, func(b *graph.Builder) []*graph.Value { return []*graph.Value{b.Input(tensor.String, 2)} })
	out, err := p.Run([]tensor.Any{tensor.FromSlice([]string{"a", "b"})}, nil)
	if err != nil || !slices.Equal(out[0].(*tensor.Of[string]).Data(), []string{"a", "b"}) {
		t.Errorf("%v (%v)", out, err)
	}
}

// TestResultsAreTheCallers runs a plan twice: the second run does not change what the first one returned, nor an input.
func TestResultsAreTheCallers(t *testing.T) {
	p := made(t, Options{Threads: 1}, func(b *graph.Builder) []*graph.Value {
		x := b.Input(tensor.Float32, 4)
		y := b.Relu(b.AddS(x, 1))
		return []*graph.Value{y, x, b.Reshape(y, 2, 2), b.Floats(tensor.Float32, 7, 8)}
	})
	x := tensor.FromSlice([]float32{1, -2, 3, -4})
	first, err := p.Run([]tensor.Any{x}, nil)
	if err != nil {
		t.Fatal(err)
	}
	before := fmt.Sprint(first[0].Raw(), first[1].Raw(), first[2].Raw(), first[3].Raw())
	if want := "[2 0 4 0] [1 -2 3 -4] [2 0 4 0] [7 8]"; before != want {
		t.Errorf("%s, not %s", before, want)
	}
	for i := range first[3].(*tensor.Tensor).Data() { // a constant's elements, too, are the caller's to change
		first[3].(*tensor.Tensor).Data()[i] = 0
	}
	second, err := p.Run([]tensor.Any{tensor.FromSlice([]float32{9, 9, 9, 9})}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(first[0].Raw(), first[1].Raw(), first[2].Raw()); got != "[2 0 4 0] [1 -2 3 -4] [2 0 4 0]" {
		t.Errorf("a later run made %s of it", got)
	}
	if got := fmt.Sprint(second[3].Raw()); got != "[7 8]" {
		t.Errorf("a constant became %s", got)
	}
	if !slices.Equal(x.Data(), []float32{1, -2, 3, -4}) {
		t.Errorf("the input became %v", x.Data())
	}
}

// TestOutputsThatDoNotFit refuses tensors of the caller's before anything runs.
func TestOutputsThatDoNotFit(t *testing.T) {
	p := made(t, Options{Threads: 1}, func(b *graph.Builder) []*graph.Value { return []*graph.Value{b.Exp(b.Input(tensor.Float32, 2, 3))} })
	x := []tensor.Any{tensor.New(2, 3)}
	for want, outputs := range map[string][]tensor.Any{
		"0 output tensors were given for 1 outputs":              {},
		"output 0 must be a contiguous float32(2, 3)":            {tensor.New(3, 2)},
		"output 0 must be a contiguous float32(2, 3) ":           {tensor.Zeros[float64](2, 3)},
		"output 0 must be a contiguous float32(2, 3)  ":          {tensor.New(3, 2).Transpose(1, 0)},
		"2 output tensors were given for 1 outputs":              {tensor.New(2, 3), tensor.New(2, 3)},
		"output 0 must be a contiguous float32(2, 3)   (rank 1)": {tensor.New(6)},
	} {
		want, _, _ = strings.Cut(strings.TrimRight(want, " "), "   ")
		if err := p.RunInto(outputs, x, nil); err == nil || err.Error() != want {
			t.Errorf("%v, not %q", err, want)
		}
	}
	if err := p.RunInto([]tensor.Any{tensor.New(2, 3)}, append(x, x[0]), nil); err == nil || err.Error() != "2 inputs where the plan has 1" {
		t.Error(err)
	}
}

// TestErrorsOfSteps returns what goes wrong while a plan runs, at any step and in any thread, and goes on afterwards.
func TestErrorsOfSteps(t *testing.T) {
	for _, threads := range []int{1, 3} {
		p := made(t, Options{Threads: threads}, func(b *graph.Builder) []*graph.Value {
			b.Label = "embedding"
			x := b.Take(b.Const(tensor.FromSlice([]float32{1, 2, 3})), b.Input(tensor.Int32, 2), 0)
			return []*graph.Value{b.Exp(b.Cumsum(x, 0))}
		})
		for range 3 {
			if _, err := p.Run([]tensor.Any{tensor.FromSlice([]int32{0, 5})},
				nil); err == nil || !strings.Contains(err.Error(), "embedding: index 5") {
				t.Error(err)
			}
			if out, err := p.Run([]tensor.Any{tensor.FromSlice([]int32{0, 2})}, nil); err != nil || out[0].Len() != 2 {
				t.Error(err)
			}
		}
	}
}

// TestStatesOfPlans updates states: what one becomes may be what another was.
func TestStatesOfPlans(t *testing.T) {
	a, c, count := graph.NewState("a"), graph.NewState("b"), graph.NewState("count")
	p := made(t, Options{Threads: 1}, func(b *graph.Builder) []*graph.Value {
		x := b.Input(tensor.Float32, 2)
		va, vc := b.State(a, tensor.Float32, 2), b.State(c, tensor.Float32, 2)
		n := b.State(count, tensor.Int32)
		b.SetParam(a, vc) // they change places
		b.SetParam(c, va)
		b.SetParam(count, b.Add(n, b.Int(tensor.Int32, 1)))
		return []*graph.Value{b.Add(va, x), vc, n}
	})
	if !p.HasStates() {
		t.Fatal("a plan with states has none")
	}
	states := map[*graph.Param]graph.StateValue{
		a: {Buf: graph.Buf{F: []float32{1, 2}}, DType: tensor.Float32, Shape: []int{2}},
		c: {Buf: graph.Buf{F: []float32{10, 20}}, DType: tensor.Float32, Shape: []int{2}},
	}
	x := []tensor.Any{tensor.FromSlice([]float32{100, 100})}
	for i, want := range []string{"[101 102] [10 20] [0]", "[110 120] [1 2] [1]", "[101 102] [10 20] [2]"} {
		out, err := p.Run(x, states)
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(out[0].Raw(), out[1].Raw(), out[2].Raw()); got != want {
			t.Errorf("run %d: %s, not %s", i, got, want)
		}
	}
	for range 2 { // nobody keeps them
		out, err := p.Run(x, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(out[0].Raw(), out[2].Raw()); got != "[100 100] [0]" {
			t.Errorf("without states: %s", got)
		}
	}
	states[a] = graph.StateValue{Buf: graph.Buf{F: []float32{1, 2, 3}}, DType: tensor.Float32, Shape: []int{3}}
	if out, err := p.Run(x, states); err != nil || fmt.Sprint(out[0].Raw()) != "[100 100]" {
		t.Errorf("a state of another shape: %v (%v)", out, err)
	}
	if other := made(t, Options{},
		func(b *graph.Builder) []*graph.Value { return []*graph.Value{b.Input(tensor.Float32, 1)} }); other.HasStates() {
		t.Error("a plan without states has some")
	}
}

// TestCompilingAtOnce makes plans of one store at the same time: what they share is made once, and all see it whole.
func TestCompilingAtOnceRace(t *testing.T) {
	store := NewStore()
	var mu sync.Mutex
	reads := 0
	data := make([]float32, 64*64)
	for i := range data {
		data[i] = float32(i%7) / 7
	}
	slow := graph.NewParam("kernel", tensor.Float32, []int{64, 64}, func() (graph.Buf, error) {
		mu.Lock()
		reads++
		mu.Unlock()
		time.Sleep(time.Millisecond)
		return graph.Buf{F: data}, nil
	}, nil)
	results := make([][]float32, 6)
	var wg sync.WaitGroup
	for i := range results {
		wg.Go(func() {
			b := graph.NewBuilder()
			b.Graph.Outputs = []*graph.Value{b.Dense(b.Input(tensor.Float32, 1+i, 64), b.Exp(b.Param(slow)))}
			p, err := Compile(b.Graph, Options{Store: store, Threads: 2})
			if err != nil {
				t.Error(err)
				return
			}
			x := tensor.New(1+i, 64)
			x.Data()[0] = 1
			out, err := p.Run([]tensor.Any{x}, nil)
			if err != nil {
				t.Error(err)
				return
			}
			results[i] = out[0].(*tensor.Tensor).Data()[:64]
		})
	}
	wg.Wait()
	for i := range results {
		if !slices.Equal(results[i], results[0]) {
			t.Errorf("plan %d has other weights", i)
		}
	}
	for key, it := range store.items {
		if it.users == 0 || len(it.seen) != len(it.deps) {
			t.Errorf("%q has %d users, made of %d of %d parameters", key, it.users, len(it.seen), len(it.deps))
		}
	}
}

// TestFailuresAreShared lets many plans ask for what cannot be made: all get the error, and nothing stays.
func TestFailuresAreSharedRace(t *testing.T) {
	store := NewStore()
	lost := errors.New("the file is gone")
	broken := graph.NewParam("kernel", tensor.Float32, []int{8, 8}, func() (graph.Buf, error) {
		time.Sleep(time.Millisecond)
		return graph.Buf{}, lost
	}, nil)
	var wg sync.WaitGroup
	for i := range 6 {
		wg.Go(func() {
			b := graph.NewBuilder()
			b.Graph.Outputs = []*graph.Value{b.Dense(b.Input(tensor.Float32, 1+i, 8), b.Param(broken))}
			if _, err := Compile(b.Graph, Options{Store: store}); !errors.Is(err, lost) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if store.Bytes() != 0 || len(store.items) != 0 {
		t.Errorf("%d items of %d bytes stay", len(store.items), store.Bytes())
	}
}

// TestScanOfPlans compares loops of all settings with their interpretation, with a body that packs weights of its own.
func TestScanOfPlans(t *testing.T) {
	for i := range 32 {
		f := &fixture{Builder: graph.NewBuilder(), rng: rand.New(rand.NewPCG(uint64(i), 2))}
		loop := graph.Loop{Backwards: i&1 != 0, Sequences: i&2 != 0, ZeroMasked: i&4 != 0}
		var mask *value
		if i&8 != 0 {
			mask = f.Compare(graph.Greater, f.in(3, 5), f.Scalar(tensor.Float32, 0))
		}
		sequences := []*value{f.in(3, 5, 4)}
		if i&16 != 0 {
			sequences = append(sequences, f.in(3, 5, 2))
		}
		weights, bias, outer := f.w(6, 6), f.w(6), f.Tanh(f.in(6))
		first := f.w(4, 6)
		out, last := f.Scan(sequences, []*value{f.in(3, 6)}, loop, mask, func(b *graph.Builder, xs, states []*value) (*value, []*value) {
			h := b.Tanh(b.Add(b.Add(b.Dense(xs[0], first), b.Dense(states[0], b.MulS(weights, 0.3))), bias))
			if len(xs) > 1 {
				h = b.Mul(h, b.Sum(xs[1]))
			}
			return b.Mul(h, outer), []*value{h}
		})
		f.Graph.Outputs = append(one(out), last...)
		g := f.Graph.Clone()
		p, err := Compile(f.Graph, Options{Threads: 2})
		if err != nil {
			t.Fatal(err)
		}
		agree(t, p, g, f.inputs)
		agree(t, p, g, f.inputs) // in the same memory
	}
}
