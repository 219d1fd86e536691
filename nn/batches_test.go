package nn_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/nn/layers"
	"github.com/hornml/horn/nn/losses"
	"github.com/hornml/horn/nn/ops"
	"github.com/hornml/horn/tensor"
)

// TestPredictInBatches compares batches with one run of all examples.
func TestPredictInBatches(t *testing.T) {
	x := nn.Input([]int{3})
	m := must(nn.NewModel(x, []any{layers.NewDense(4).On(x), layers.NewReshape([]int{3, 1}).On(x)}))
	in := tensor.New(70, 3)
	for i := range in.Data() {
		in.Data()[i] = float32(math.Sin(float64(i)))
	}
	var seen []int
	got, err := m.PredictContext(t.Context(), nn.CallOptions{Progress: func(n int) { seen = append(seen, n) }}, in)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(seen, []int{32, 64, 70}) {
		t.Errorf("progress at %v", seen)
	}
	want, err := m.PredictContext(t.Context(), nn.CallOptions{BatchSize: 70}, in)
	if err != nil {
		t.Fatal(err)
	}
	for i := range want {
		a, b := got[i].(*tensor.Tensor), want[i].(*tensor.Tensor)
		if !slices.Equal(a.Shape(), b.Shape()) || !slices.Equal(a.Data(), b.Data()) {
			t.Errorf("output %d of batches differs from that of all examples at once", i)
		}
	}
	_, err = m.PredictContext(t.Context(), nn.CallOptions{BatchSize: -1}, in)
	fails(t, "a negative batch size", err, "-1")
}

// TestBatchesOfOneSize gives a model for batches of 2 more than one of them.
func TestBatchesOfOneSize(t *testing.T) {
	x := nn.Input([]int{3}, nn.Args{"batch_size": 2})
	m := must(nn.NewModel(x, layers.NewReshape([]int{1, 3}).On(x)))
	y, err := m.Predict(tensor.New(6, 3))
	if err != nil || !slices.Equal(y.Shape(), []int{6, 1, 3}) {
		t.Errorf("%v (%v)", y, err)
	}
	_, err = m.Predict(tensor.New(5, 3))
	fails(t, "five examples", err, "(5, 3)", "(2, 3)")
}

// TestUnevenBatches has results that batches cannot be put together of.
func TestUnevenBatches(t *testing.T) {
	x := nn.Input([]int{3})
	m := must(nn.NewModel(x, must(ops.Apply("numpy", "Sum", nn.Args{"axis": nil, "keepdims": false}, x))))
	_, err := m.PredictAll(tensor.New(40, 3))
	fails(t, "a sum over all examples", err, "batch size of 40")
	y, err := m.PredictContext(t.Context(), nn.CallOptions{BatchSize: 40}, tensor.New(40, 3))
	if err != nil || y[0].Rank() != 0 {
		t.Errorf("%v (%v)", y, err)
	}
}

// counting is a layer that calls f when it runs.
type counting struct {
	layer.Base
	f func()
}

func (l *counting) Config(*layer.Config) {}
func (l *counting) Call(c *layer.Call) any {
	l.f()
	return c.X()
}

// TestContexts ends predicting and evaluating where the caller says so: before, in a trace, between batches.
func TestContexts(t *testing.T) {
	stop := errors.New("enough")
	ended := func(what string, err error) {
		t.Helper()
		if !errors.Is(err, stop) {
			t.Errorf("%s: %v", what, err)
		}
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	hook := &counting{f: func() {}}
	x := nn.Input([]int{3})
	m := must(nn.NewModel(x, layers.NewDense(2).On(layers.Custom(hook, "my>Counting").On(x))))
	hook.f = func() { cancel(stop) }
	_, err := m.PredictContext(ctx, nn.CallOptions{}, tensor.New(4, 3))
	ended("in a trace", err)
	_, err = m.PredictContext(ctx, nn.CallOptions{}, tensor.New(4, 3))
	ended("before", err)
	hook.f = func() {}
	if _, err := m.PredictAll(tensor.New(4, 3)); err != nil {
		t.Errorf("after that: %v", err)
	}
	ctx, cancel = context.WithCancelCause(t.Context())
	batches := 0
	_, err = m.PredictContext(ctx, nn.CallOptions{BatchSize: 2, Progress: func(int) {
		if batches++; batches == 2 {
			cancel(stop)
		}
	}}, tensor.New(8, 3))
	ended("between batches", err)
	if batches != 2 {
		t.Errorf("it went on for %d batches", batches)
	}
	m.SetCompileConfig(must(pyjson.Parse([]byte(`{"loss": "mse"}`))).(*pyjson.Object), layer.NewRegistry(losses.All))
	_, err = m.EvaluateContext(ctx, []tensor.Any{tensor.New(8, 3)}, []tensor.Any{tensor.New(8, 2)}, nn.EvaluateOptions{})
	ended("evaluate", err)
}

// TestMemoryLimit lowers the limit below what a batch needs.
func TestMemoryLimit(t *testing.T) {
	x := nn.Input([]int{1000})
	m := must(nn.NewModel(x, layers.NewRepeatVector(1000).On(layers.NewReLU().On(x))))
	in := tensor.New(2, 1000)
	if _, err := m.PredictAll(in); err != nil {
		t.Fatal(err)
	}
	m.SetMemoryLimit(1 << 20)
	_, err := m.PredictAll(in)
	if err == nil || !strings.Contains(err.Error(), "limit") {
		t.Errorf("a limit of 1 MiB: %v", err)
	}
	m.SetMemoryLimit(10 << 20)
	if _, err = m.PredictAll(in); err != nil {
		t.Error(err)
	}
	_, err = m.PredictAll(tensor.New(320, 1000))
	fails(t, "outputs of all examples", err, "the limit is 10 MiB")
}
