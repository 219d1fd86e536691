package nn_test

import (
	"slices"
	"testing"

	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/layers"
	"github.com/hornml/horn/tensor"
)

// stateful returns a model of a stateful LSTM for batches of 2.
func stateful(t *testing.T) *nn.Model {
	t.Helper()
	x := nn.Input([]int{3, 4}, nn.Args{"batch_size": 2})
	m, err := nn.NewModel(x, layers.NewLSTM(5, nn.Args{"stateful": true, "name": "memory"}).On(x))
	if err != nil {
		t.Fatal(err)
	}
	m.SetThreads(1)
	return m
}

// TestSessionStates reads, sets and resets the states of a session by the path of their layer.
func TestSessionStates(t *testing.T) {
	m := stateful(t)
	a, b := m.NewSession(), m.NewSession()
	x := matrix(0.5, 2, 3, 4)
	predict := func(s *nn.Session) []float32 {
		t.Helper()
		y, err := s.PredictAll(x)
		if err != nil {
			t.Fatal(err)
		}
		return y[0].(*tensor.Tensor).Data()
	}
	first := predict(a)
	second := predict(a)
	if slices.Equal(first, second) {
		t.Error("the session remembers nothing")
	}
	if !slices.Equal(predict(b), first) {
		t.Error("another session knows what this one saw")
	}
	if names := a.StateNames(); !slices.Equal(names, []string{"memory/states/0", "memory/states/1"}) {
		t.Errorf("%q", names)
	}
	for _, name := range b.StateNames() { // b has seen x once: a goes back to that
		s, err := b.State(name)
		if err != nil || !slices.Equal(s.Shape(), []int{2, 5}) {
			t.Fatalf("%v (%v)", s, err)
		}
		if err := a.SetState(name, s); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(predict(a), second) {
		t.Error("states that are set do not count")
	}
	a.Reset()
	if !slices.Equal(predict(a), first) {
		t.Error("a session that is reset remembers")
	}
	if _, err := a.State("memory/states/2"); err == nil {
		t.Error("a state that is not there has a value")
	}
	if err := a.SetState("memory/states/0", tensor.New(2, 4)); err == nil {
		t.Error("a state takes another shape")
	}
}

// TestStatefulAllocatesNothing holds PredictInto to its promise where states are kept.
func TestStatefulAllocatesNothing(t *testing.T) {
	s := stateful(t).NewSession()
	x, y := matrix(0.5, 2, 3, 4), []tensor.Any{tensor.New(2, 5)}
	inputs := []tensor.Any{x}
	run := func() {
		if err := s.PredictInto(y, inputs...); err != nil {
			t.Fatal(err)
		}
	}
	run()
	if n := testing.AllocsPerRun(20, run); n != 0 {
		t.Errorf("%g allocations in a call", n)
	}
}
