package plan

import (
	"slices"
	"sync"
	"testing"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/tensor"
)

// TestMemoryIsLentOnceRace runs one plan in many goroutines, some of them with inputs that it refuses: all memory comes back, none of it
// twice, and not more is kept than a plan may keep.
func TestMemoryIsLentOnceRace(t *testing.T) {
	f := build("layer norm")
	p, err := Compile(f.Graph, Options{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 2 * maxIdle {
		wg.Go(func() {
			for range 10 {
				_, err := p.Run(f.inputs, nil)
				if err != nil {
					t.Error(err)
				}
				if i%4 == 0 {
					if _, err := p.Run(append(slices.Clone(f.inputs), f.inputs[0]), nil); err == nil {
						t.Error("an input too many was taken")
					}
				}
			}
		})
	}
	wg.Wait()
	if n := len(p.idle); n == 0 || n > maxIdle {
		t.Errorf("the memory of %d runs is kept", n)
	}
	for i, r := range p.idle {
		if slices.Contains(p.idle[:i], r) {
			t.Error("memory came back twice")
		}
	}
	held := make([]*run, maxIdle+3)
	for i := range held {
		held[i] = p.acquire()
		if slices.Contains(held[:i], held[i]) {
			t.Fatal("memory is lent twice")
		}
	}
	for _, r := range held {
		p.release(r)
	}
	if n := len(p.idle); n != maxIdle {
		t.Errorf("the memory of %d runs is kept, not of %d", n, maxIdle)
	}
}

// TestLoopsGiveMemoryBack looks at the plan of a loop's body, which has memory of its own.
func TestLoopsGiveMemoryBack(t *testing.T) {
	b := graph.NewBuilder()
	seq, first := b.Input(tensor.Float32, 2, 5, 3), b.Input(tensor.Float32, 2, 3)
	out, _ := b.Scan([]*value{seq}, []*value{first}, graph.Loop{Sequences: true}, nil,
		func(b *graph.Builder, xs, states []*value) (*value, []*value) {
			h := b.Tanh(b.Add(xs[0], states[0]))
			return h, []*value{h}
		})
	b.Graph.Outputs = []*value{out}
	p, err := Compile(b.Graph, Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	in := []tensor.Any{tensor.New(2, 5, 3), tensor.New(2, 3)}
	for range 3 {
		if _, err := p.Run(in, nil); err != nil {
			t.Fatal(err)
		}
	}
	if len(p.subs) != 1 || len(p.subs[0].idle) != 1 {
		t.Errorf("%d bodies, the first with the memory of %d runs", len(p.subs), len(p.subs[0].idle))
	}
}
