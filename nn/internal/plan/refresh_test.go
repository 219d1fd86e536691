package plan

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/tensor"
)

// weight is a parameter whose elements a test changes.
type weight struct {
	*graph.Param
	data  []float32
	scale float64 // with which ten layers neither grow nor vanish
	err   error   // with which reading it fails
}

func (f *fixture) weight(name string, shape ...int) *weight {
	w := &weight{data: make([]float32, graph.Product(shape)), scale: 1 / math.Sqrt(float64(shape[0]))}
	w.Param = graph.NewParam(name, tensor.Float32, shape, func() (graph.Buf, error) { return graph.Buf{F: w.data}, w.err }, nil)
	w.assign(f.rng)
	return w
}

// assign gives a weight other elements.
func (w *weight) assign(r *rand.Rand) {
	data := make([]float32, len(w.data))
	for i := range data {
		data[i] = float32(w.scale * r.NormFloat64())
	}
	w.data = data
	w.Changed()
}

// layers is a graph of ten dense layers and their weights: kernel_0, bias_0, kernel_1, ...
func layers(batch int, weights []*weight) (*fixture, []*weight) {
	f := &fixture{Builder: graph.NewBuilder(), rng: rand.New(rand.NewPCG(5, 6))}
	x := f.in(batch, 20)
	made := weights == nil
	for i := range 10 {
		width := 20 + 3*i
		if made {
			weights = append(weights, f.weight(fmt.Sprint("kernel_", i), width, width+3), f.weight(fmt.Sprint("bias_", i), width+3))
		}
		x = f.Tanh(f.Add(f.Dense(x, f.Param(weights[2*i].Param)), f.Param(weights[2*i+1].Param)))
	}
	f.Graph.Outputs = one(x)
	return f, weights
}

// watch notes which items of a store are filled from now on, by their keys.
func watch(s *Store) (filled func() []string) {
	var keys []string
	for _, it := range s.items {
		if fill := it.fill; fill != nil {
			it.fill = func(sn *snapshot) error {
				keys = append(keys, it.key)
				return fill(sn)
			}
		}
	}
	return func() []string {
		got := keys
		keys = nil
		slices.Sort(got)
		return got
	}
}

// of returns the keys of the items that are made of a parameter.
func (s *Store) of(p *graph.Param) []string {
	var keys []string
	for key, it := range s.items {
		if slices.Contains(it.deps, p) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

// agree compares a plan's answer with interpretation.
func agree(t *testing.T, p *Plan, g *graph.Graph, inputs []tensor.Any) {
	t.Helper()
	var run graph.Run
	for _, in := range inputs {
		run.Inputs = append(run.Inputs, graph.BufOf(in))
	}
	want, err := graph.Interpret(g, run)
	if err != nil {
		t.Fatal(err)
	}
	got, err := p.Run(inputs, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range g.Outputs {
		compare(t, 1e-5, fmt.Sprint("output ", i), graph.BufOf(got[i]), want[i], v.DType)
	}
}

// TestAssignRepacksThatWeightAlone gives one kernel of ten dense layers other elements: the next run of a plan fills what is packed
// of that kernel, once, and nothing else; for another plan of the same model nothing is left to do.
func TestAssignRepacksThatWeightAlone(t *testing.T) {
	store := NewStore()
	f, weights := layers(3, nil)
	g, _ := layers(3, weights)
	p, err := Compile(f.Graph, Options{Store: store, Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	other, _ := layers(5, weights)
	q, err := Compile(other.Graph, Options{Store: store, Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	agree(t, p, g.Graph, f.inputs)
	filled := watch(store)
	agree(t, p, g.Graph, f.inputs)
	if got := filled(); got != nil {
		t.Errorf("without an assignment %q are filled", got)
	}
	r, bytes := rand.New(rand.NewPCG(7, 8)), store.Bytes()
	for _, w := range weights {
		w.assign(r)
		want := store.of(w.Param)
		if packed := strings.HasPrefix(w.Name(), "kernel"); packed && len(want) == 0 {
			t.Errorf("nothing is made of %s", w.Name())
		}
		agree(t, p, g.Graph, f.inputs)
		if got := filled(); !slices.Equal(got, want) {
			t.Errorf("after an assignment to %s %q are filled, not %q", w.Name(), got, want)
		}
		if _, err := q.Run(other.inputs, nil); err != nil {
			t.Fatal(err)
		}
		agree(t, p, g.Graph, f.inputs)
		if got := filled(); got != nil {
			t.Errorf("the runs that follow an assignment to %s fill %q", w.Name(), got)
		}
	}
	if got := store.Bytes(); got != bytes {
		t.Errorf("%d bytes after the assignments, %d before", got, bytes)
	}
	for i, plan := range []*Plan{p, q} {
		if plan.Close(); (store.Bytes() == 0) != (i == 1) {
			t.Errorf("%d bytes when %d of 2 plans are closed", store.Bytes(), i+1)
		}
	}
	if len(store.items)+len(store.derived) != 0 {
		t.Errorf("%d items stay", len(store.items))
	}
}

// TestFoldedWeightsFollow changes what items are made of that are made of other items: a kernel that is scaled, turned and packed.
func TestFoldedWeightsFollow(t *testing.T) {
	store := NewStore()
	var weights []*weight
	build := func() *fixture {
		f := &fixture{Builder: graph.NewBuilder(), rng: rand.New(rand.NewPCG(5, 6))}
		if weights == nil {
			weights = []*weight{f.weight("kernel", 30, 9), f.weight("scale", 30), f.weight("untouched", 30, 4)}
		}
		k, s, u := f.Param(weights[0].Param), f.Param(weights[1].Param), f.Param(weights[2].Param)
		x := f.in(6, 9)
		y := f.Relu(f.Mul(f.Dense(x, f.Transpose(f.MulS(k, 0.5), 1, 0)), f.Exp(s)))
		f.Graph.Outputs = []*value{y, f.Dense(y, f.Tanh(u))}
		return f
	}
	f, g := build(), build()
	p, err := Compile(f.Graph, Options{Store: store, Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	filled := watch(store)
	r := rand.New(rand.NewPCG(7, 8))
	for _, w := range weights {
		w.assign(r)
		agree(t, p, g.Graph, f.inputs)
		if got, want := filled(), store.of(w.Param); len(got) == 0 || !slices.Equal(got, want) {
			t.Errorf("after an assignment to %s %q are filled, not %q", w.Name(), got, want)
		}
	}
	weights[0].assign(r)
	weights[1].assign(r)
	agree(t, p, g.Graph, f.inputs)
	got := filled()
	if unique := slices.Compact(slices.Clone(got)); len(unique) != len(got) {
		t.Errorf("two assignments fill an item twice: %q", got)
	}
}

// TestWeightsThatCannotBeRead fails while a weight cannot be read, and goes on when it can.
func TestWeightsThatCannotBeRead(t *testing.T) {
	f, weights := layers(3, nil)
	g, _ := layers(3, weights)
	p, err := Compile(f.Graph, Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	agree(t, p, g.Graph, f.inputs)
	lost := errors.New("the disk is gone")
	for _, i := range []int{2, 3} {
		weights[i].err = lost
		weights[i].Changed()
		for range 2 {
			if _, err := p.Run(f.inputs, nil); !errors.Is(err, lost) {
				t.Errorf("%s: %v", weights[i].Name(), err)
			}
		}
		weights[i].err = nil
		agree(t, p, g.Graph, f.inputs)
	}
	other, _ := layers(4, weights)
	weights[0].err = lost
	store := NewStore()
	if _, err := Compile(other.Graph, Options{Store: store}); !errors.Is(err, lost) {
		t.Error(err)
	}
	if store.Bytes() != 0 || len(store.items) != 0 {
		t.Errorf("a plan that failed leaves %d items of %d bytes", len(store.items), store.Bytes())
	}
}

// TestPlansThatWriteWeights runs a plan that changes the weight it reads, as a step of training does.
func TestPlansThatWriteWeights(t *testing.T) {
	data := tensor.FromSlice([]float32{1, 2, 3, 4, 5, 6}, 2, 3)
	var w *graph.Param
	w = graph.NewParam("kernel", tensor.Float32, []int{2, 3}, func() (graph.Buf, error) { return graph.BufOf(data), nil },
		func(b graph.Buf) error {
			data = tensor.New(2, 3)
			b.CopyTo(data)
			w.Changed()
			return nil
		})
	b := graph.NewBuilder()
	x, v := b.Input(tensor.Float32, 1, 2), b.Param(w)
	b.Graph.Outputs = []*value{b.Dense(x, v)}
	b.SetParam(w, b.MulS(v, 2))
	p, err := Compile(b.Graph, Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	in := []tensor.Any{tensor.FromSlice([]float32{1, 10}, 1, 2)}
	for i := range 4 {
		got, err := p.Run(in, nil)
		if err != nil {
			t.Fatal(err)
		}
		k := float32(int(1) << i)
		if got := got[0].(*tensor.Tensor).Data(); !slices.Equal(got, []float32{41 * k, 52 * k, 63 * k}) {
			t.Errorf("run %d: %v", i, got)
		}
	}
	if !slices.Equal(data.Data(), []float32{16, 32, 48, 64, 80, 96}) {
		t.Errorf("%v", data.Data())
	}
}

// TestItemsAreShared makes two plans of one model: what is packed is packed once.
func TestItemsAreShared(t *testing.T) {
	store := NewStore()
	f, weights := layers(3, nil)
	if _, err := Compile(f.Graph, Options{Store: store}); err != nil {
		t.Fatal(err)
	}
	bytes, items := store.Bytes(), len(store.items)
	again, _ := layers(7, weights)
	if _, err := Compile(again.Graph, Options{Store: store}); err != nil {
		t.Fatal(err)
	}
	if bytes == 0 || store.Bytes() != bytes || len(store.items) != items {
		t.Errorf("%d items of %d bytes, before %d of %d", len(store.items), store.Bytes(), items, bytes)
	}
	for key, it := range store.items {
		if it.users < 2 {
			t.Errorf("%q has %d users", key, it.users)
		}
	}
}

// TestFoldedOutputsRace returns what is worked out of a weight beforehand, while others assign it: each answer is that of one weight.
func TestFoldedOutputsRace(t *testing.T) {
	var mu sync.Mutex
	data := make([]float32, 3000)
	w := graph.NewParam("w", tensor.Float32, []int{3000}, func() (graph.Buf, error) {
		mu.Lock()
		defer mu.Unlock()
		return graph.Buf{F: data}, nil
	}, nil)
	b := graph.NewBuilder()
	b.Graph.Outputs = []*graph.Value{b.Neg(b.Param(w)), b.Input(tensor.Float32, 1)}
	p, err := Compile(b.Graph, Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for range 100 {
				out, err := p.Run([]tensor.Any{tensor.New(1)}, nil)
				if err != nil {
					t.Error(err)
					return
				}
				if y := out[0].(*tensor.Tensor).Data(); slices.Min(y) != slices.Max(y) {
					t.Errorf("a mixture of %g to %g", slices.Min(y), slices.Max(y))
					return
				}
			}
		})
	}
	stop := make(chan struct{})
	go func() {
		wg.Wait()
		close(stop)
	}()
	for i := 0; ; i++ {
		select {
		case <-stop:
			return
		default:
		}
		next := slices.Repeat([]float32{float32(i)}, 3000)
		mu.Lock()
		data = next
		mu.Unlock()
		w.Changed()
	}
}
