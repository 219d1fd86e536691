package nn_test

import (
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/nn/layers"
	"github.com/hornml/horn/tensor"
)

// heap returns the bytes that are in use after a collection.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// matrix returns rows x cols elements that are v.
func matrix(v float32, shape ...int) *tensor.Tensor {
	t := tensor.New(shape...)
	for i := range t.Data() {
		t.Data()[i] = v
	}
	return t
}

func dense(t *testing.T, in, units int) *nn.Model {
	t.Helper()
	x := nn.Input([]int{in})
	m, err := nn.NewModel(x, layers.NewDense(units).On(x))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestAssignLeavesTheHeap assigns a 4 MiB kernel a thousand times: the old packed weights must not stay.
func TestAssignLeavesTheHeap(t *testing.T) {
	m := dense(t, 1024, 1024)
	kernel := m.Variables()[0]
	x, y := matrix(1, 2, 1024), tensor.New(2, 1024)
	before := int64(0)
	for i := range 1000 {
		if err := kernel.Assign(matrix(float32(i), 1024, 1024)); err != nil {
			t.Fatal(err)
		}
		if err := m.PredictInto([]tensor.Any{y}, x); err != nil {
			t.Fatal(err)
		}
		if want := float32(i) * 1024; y.Data()[5] != want {
			t.Fatalf("after assignment %d: %g, not %g", i, y.Data()[5], want)
		}
		if i == 3 {
			before = heap()
		}
	}
	if grown := heap() - before; grown > 2<<20 {
		t.Errorf("the heap grew by %d KiB in 1000 assignments", grown>>10)
	}
}

// TestManyLengthsLeaveTheHeap runs attention with a causal mask for thousands of lengths: neither plans nor masks stay.
func TestManyLengthsLeaveTheHeap(t *testing.T) {
	in := nn.Input([]int{-1, 4})
	attention := layers.NewMultiHeadAttention(1, 4)
	m, err := nn.NewModel(in, attention.OnKw([]any{in, in}, layer.Args{"use_causal_mask": true})[0])
	if err != nil {
		t.Fatal(err)
	}
	m.SetCacheLimit(16 << 20)
	lengths := 10_000
	if testing.Short() {
		lengths = 1000
	}
	before := int64(0)
	for i := range lengths {
		if _, err := m.Predict(tensor.New(1, 1+i*7919%lengths%700, 4)); err != nil {
			t.Fatal(err)
		}
		if got := m.CacheBytes(); got > 32<<20 {
			t.Fatalf("the cache holds %d MiB", got>>20)
		}
		if i == 200 {
			before = heap()
		}
	}
	if grown := heap() - before; grown > 24<<20 {
		t.Errorf("the heap grew by %d MiB over %d lengths", grown>>20, lengths)
	}
}

// TestAssignDuringPredict assigns a kernel while others predict: each answer is that of one kernel, old or new.
func TestAssignDuringPredictRace(t *testing.T) {
	m := dense(t, 64, 32)
	kernel := m.Variables()[0]
	if err := kernel.Assign(matrix(0, 64, 32)); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	stop := make(chan struct{})
	for rows := range 3 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for {
				select {
				case <-stop:
					return
				default:
				}
				y, err := m.Predict(matrix(1, rows+1, 64))
				if err != nil {
					t.Error(err)
					return
				}
				if d := y.Data(); slices.Min(d) != slices.Max(d) {
					t.Errorf("a mixture of kernels: %g to %g", slices.Min(d), slices.Max(d))
					return
				}
			}
		}()
	}
	for i := range 300 {
		if err := kernel.Assign(matrix(float32(i), 64, 32)); err != nil {
			t.Error(err)
		}
		runtime.Gosched()
	}
	close(stop)
	wg.Wait()
	y, err := m.Predict(matrix(1, 1, 64))
	if err != nil || y.Data()[0] != 299*64 {
		t.Errorf("after all assignments: %v, %v", y.Data()[0], err)
	}
}
