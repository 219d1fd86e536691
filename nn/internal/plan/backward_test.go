package plan_test

import (
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/hornml/horn/internal/golden"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/internal/plan"
	"github.com/hornml/horn/tensor"
)

// TestBackward compares the gradients of goldens, of their outputs with respect to inputs and weights, compiled and interpreted.
func TestBackward(t *testing.T) {
	cases, err := golden.Find("../../../conformance/testdata/goldens")
	if err != nil {
		t.Fatal(err)
	}
	compared := 0
	for i, c := range cases {
		if testing.Short() && i%10 != 0 || c.Name == "keras2/keypoint_bn_2.15.0" {
			continue // of that one the outputs always add up to one: its gradients are errors of rounding, and nothing else
		}
		m, inputs, err := c.Load()
		if err != nil {
			continue // those that cannot be answered: conformance has their names
		}
		r, err := golden.GradientsOf(m, inputs, m.Variables())
		if err != nil {
			var refused *graph.Error
			if !errors.Is(err, golden.ErrNoGradient) && !errors.As(err, &refused) {
				t.Errorf("%s: %v", c.Name, err)
			}
			continue
		}
		compared++
		t.Run(c.Name, func(t *testing.T) { compareBackward(t, r.Graph, inputs, golden.HalfPolicy(m)) })
	}
	t.Logf("%d goldens", compared)
}

// compareBackward allows errors of rounding, as the test of the passes does: of the largest number among inputs and
// gradients, of which the others are made.
func compareBackward(t *testing.T, g *graph.Graph, inputs []tensor.Any, half tensor.DType) {
	if err := graph.Verify(g); err != nil {
		t.Fatal(err)
	}
	inputs = slices.DeleteFunc(slices.Clone(inputs), func(x tensor.Any) bool { return x == nil })
	run := graph.Run{States: map[*graph.Param]graph.StateValue{}}
	for _, x := range inputs {
		run.Inputs = append(run.Inputs, graph.BufOf(x))
	}
	want, err := graph.Interpret(g, run)
	if err != nil {
		t.Fatal(err)
	}
	p, err := plan.Compile(g, plan.Options{Store: plan.NewStore(), Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	got, err := p.Run(inputs, nil)
	if err != nil {
		t.Fatal(err)
	}
	scale := 1.0
	for _, x := range slices.Concat(run.Inputs, want) {
		for i := range x.Len() {
			if v := math.Abs(x.Float64(i)); !math.IsInf(v, 0) && !math.IsNaN(v) {
				scale = max(scale, v)
			}
		}
	}
	for i, y := range got {
		w := tensor.NewAny(y.DType(), y.Shape()...)
		want[i].CopyTo(w)
		cmp := golden.Compare(y, w, nil, half)
		if limit := max(cmp.Limit, 2e-5*scale); cmp.MaxError > limit {
			t.Errorf("gradient %d, %v, compiled and interpreted: the largest error is %.3g, allowed is %.3g", i, y.Shape(), cmp.MaxError, limit)
		}
	}
}
