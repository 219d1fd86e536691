package layer_test

import (
	"errors"
	"testing"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
)

// TestCallsAreCounted ends a trace in which layers call each other twice, ever deeper.
func TestCallsAreCounted(t *testing.T) {
	inner := named(&probe{call: func(c *layer.Call) any { return c.X() }}, "inner")
	for range 30 {
		below := inner
		inner = named(&probe{call: func(c *layer.Call) any { return c.Run(below, c.Run(below, c.X())) }}, "outer")
	}
	_, _, err := run(inner, nil, vector(1))
	if fails(t, "2^30 calls", err, "layers call each other more than"); !errors.Is(err, graph.ErrTooLarge) {
		t.Error(err)
	}
}

// TestMemoryOfTraces bounds what is made for a trace: tables, and the first values of variables that have none.
func TestMemoryOfTraces(t *testing.T) {
	weights := named(&probe{build: func(c *layer.Call) { c.AddWeight("w", ones, []int{1 << 20}) }}, "weights")
	weights.call = func(c *layer.Call) any { return c.Mul(c.X(), c.Var(weights.Variable("w"))) }
	for _, limit := range []int64{1 << 20, 1 << 30} {
		_, _, err := run(weights, &layer.Trace{MaxBytes: limit}, vector(1))
		if small := limit == 1<<20; small != errors.Is(err, graph.ErrTooLarge) {
			t.Errorf("with %d bytes: %v", limit, err)
		}
	}
	unsaved := named(&probe{build: func(c *layer.Call) { c.AddWeight("w", ones, []int{1 << 20}, layer.NotSaved) }}, "unsaved")
	unsaved.call = func(c *layer.Call) any { return c.X() }
	if _, _, err := run(unsaved, &layer.Trace{MaxBytes: 1 << 20, Symbolic: true}, vector(1)); !errors.Is(err, graph.ErrTooLarge) {
		t.Errorf("a variable that no file has: %v", err)
	}
}
