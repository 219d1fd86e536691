package nn_test

import (
	"slices"
	"testing"

	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/nn/layers"
	"github.com/hornml/horn/tensor"
)

// traced counts how often it is traced: a model makes a plan of each trace.
type traced struct {
	layer.Base
	times int
}

func (l *traced) Config(*layer.Config) {}

func (l *traced) Call(c *layer.Call) any {
	l.times++
	return c.X()
}

// TestAssignTracesNothing gives one kernel of ten dense layers new elements: the next prediction has them, without a trace, a new
// plan, or more memory.
func TestAssignTracesNothing(t *testing.T) {
	counter := new(traced)
	list := []nn.Layer{nn.NewInputLayer([]int{8}), layers.Custom(counter, "test>Traced", nil)}
	for range 10 {
		list = append(list, layers.NewDense(8, nn.Args{"kernel_initializer": "identity", "activation": "relu"}))
	}
	m := must(nn.NewSequential(list...))
	x := matrix(1, 2, 8)
	must(m.Predict(x))
	before, bytes := counter.times, m.CacheBytes()
	product := float32(1)
	for i, l := range m.Layers()[2:] {
		k := tensor.New(8, 8)
		for j := range 8 {
			k.Set(float32(2+i%2), j, j)
		}
		if err := l.Variable("kernel").Assign(k); err != nil {
			t.Fatal(err)
		}
		product *= float32(2 + i%2)
		if y := must(m.Predict(x)); slices.Min(y.Data()) != product || slices.Max(y.Data()) != product {
			t.Errorf("after assignment %d: %v, not %g", i, y.Data(), product)
		}
	}
	if counter.times != before || m.CacheBytes() != bytes {
		t.Errorf("%d traces for assignments, %d bytes kept, %d before", counter.times-before, m.CacheBytes(), bytes)
	}
	must(m.Predict(matrix(1, 3, 8)))
	if counter.times != before+1 {
		t.Errorf("%d traces for another shape", counter.times-before)
	}
}

// TestAssignRefusals says what does not fit a variable, which then keeps what it has.
func TestAssignRefusals(t *testing.T) {
	m := dense(t, 2, 3)
	v := m.Layer("dense").Variable("kernel")
	want := must(v.Tensor()).Data()
	fails(t, "another shape", v.Assign(tensor.New(3, 2)), "variable dense/kernel has shape (2, 3), not (3, 2)")
	fails(t, "another type", v.Assign(tensor.Zeros[float64](2, 3)), "variable dense/kernel is float32, not float64")
	if got := must(v.Tensor()).Data(); !slices.Equal(got, want) {
		t.Errorf("%v, not %v", got, want)
	}
}

// TestCacheLimit keeps what fits, and always the plan of the last call.
func TestCacheLimit(t *testing.T) {
	m := dense(t, 16, 16)
	predict := func(lengths ...int) {
		for _, n := range lengths {
			must(m.Predict(matrix(1, n, 16)))
		}
	}
	predict(1)
	one := m.CacheBytes()
	if one < 16*16*4 {
		t.Errorf("%d bytes for a kernel of %d", one, 16*16*4)
	}
	predict(2, 3, 4, 1, 2, 3, 4)
	if got := m.CacheBytes(); got <= one {
		t.Errorf("four plans have %d bytes, one had %d", got, one)
	}
	m.SetCacheLimit(1)
	if got := m.CacheBytes(); got > 2*one {
		t.Errorf("%d bytes are kept with a limit of 1", got)
	}
	predict(100, 1)
	if got := m.CacheBytes(); got != one {
		t.Errorf("the last plan has %d bytes, not %d", got, one)
	}
	m.SetCacheLimit(0)
	predict(1, 2, 3)
	if got := m.CacheBytes(); got <= one {
		t.Error("without a limit nothing is kept")
	}
	m.SetThreads(1)
	if got := m.CacheBytes(); got != 0 {
		t.Errorf("%d bytes are kept for another number of threads", got)
	}
	for n := range 200 { // a server that is asked for ever new lengths
		predict(n + 1)
	}
	if got, most := m.CacheBytes(), int64(64*200*16*4*4); got > most {
		t.Errorf("%d bytes for 200 lengths", got)
	}
}
