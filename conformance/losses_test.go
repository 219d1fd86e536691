package conformance

import (
	"math"
	"slices"
	"testing"

	"github.com/hornml/horn/internal/golden"
	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/losses"
	"github.com/hornml/horn/tensor"
)

// unwritten are arguments of cases that Keras does not write into the config.
var unwritten = map[string][]any{
	"cosine_axis": {"axis", pyjson.Int(1)}, "scce_axis": {"axis", pyjson.Int(1)}, "huber_delta": {"delta", pyjson.Float(0.4)},
}

// TestLosses runs the table of losses, compiled and interpreted, in float32 and in float64.
func TestLosses(t *testing.T) {
	table := openTable(t, "losses")
	for _, r := range records(t, table.manifest) {
		name := r.String("name")
		t.Run(name, func(t *testing.T) {
			get := func(key string) tensor.Any { return table.get(t, name+"/"+key) }
			loss := object(t, "losses", r.Get("config"), unwritten[name]...).Impl.(*losses.Reduced)
			f := nn.NewFunction(func(b *graph.Builder, args []*graph.Value) []*graph.Value {
				return []*graph.Value{loss.Call(b, args[0], args[1], args[2], args[3])}
			})
			args := []tensor.Any{get("y_true"), get("y_pred"), get("sample_weight"), get("mask")}
			value, truth := get("value"), get("value64")
			out, err := f.Run(args...)
			if err != nil {
				t.Fatal(err)
			}
			if c := golden.Compare(out[0], value, truth, tensor.Invalid); c.Problem != "" {
				t.Errorf("compiled: %s", c.Problem)
			}
			if c := golden.Compare(interpretLoss(t, loss, args), value, truth, tensor.Invalid); c.Problem != "" {
				t.Errorf("interpreted: %s", c.Problem)
			}
			loss.DType = tensor.Float64
			for i := range args {
				args[i] = doubled(args[i])
			}
			if out, err = f.Run(args...); err != nil {
				t.Fatal(err)
			}
			limit := 1e-12
			if args[2] != nil {
				limit = 1e-7 // Keras had weights that the table holds rounded to float32
			}
			if worst := largestDifference(out[0], truth); worst > limit {
				t.Errorf("in float64: %.3g from Keras in float64", worst)
			}
		})
	}
}

func interpretLoss(t *testing.T, loss losses.Loss, args []tensor.Any) tensor.Any {
	t.Helper()
	b := graph.NewBuilder()
	values := make([]*graph.Value, len(args))
	var run graph.Run
	for i, a := range args {
		if a != nil {
			values[i] = b.Input(a.DType(), a.Shape()...)
			run.Inputs = append(run.Inputs, graph.BufOf(a))
		}
	}
	v := loss.Call(b, values[0], values[1], values[2], values[3])
	b.Graph.Outputs = []*graph.Value{v}
	out, err := graph.Interpret(b.Graph, run)
	if err != nil {
		t.Fatal(err)
	}
	x := tensor.NewAny(v.DType, v.Shape...)
	out[0].CopyTo(x)
	return x
}

// largestDifference is the largest |a-b|/max(1, |b|) of two arrays of one shape, and much for other shapes.
func largestDifference(a, b tensor.Any) float64 {
	if !slices.Equal(a.Shape(), b.Shape()) {
		return math.Inf(1)
	}
	x, y := golden.Floats(a), golden.Floats(b)
	worst := 0.0
	for i := range x {
		d := x[i] - y[i]
		if d < 0 {
			d = -d
		}
		if d != d && (x[i] == x[i] || y[i] == y[i]) {
			return math.Inf(1)
		}
		worst = max(worst, d/max(1, y[i], -y[i]))
	}
	return worst
}
