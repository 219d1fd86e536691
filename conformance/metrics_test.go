package conformance

import (
	"fmt"
	"testing"

	"github.com/hornml/horn/internal/golden"
	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn/metrics"
	"github.com/hornml/horn/tensor"
)

// TestMetrics runs the table of metrics: result and variables after each update, and a reset.
func TestMetrics(t *testing.T) {
	table := openTable(t, "metrics")
	for _, r := range records(t, table.manifest) {
		name := r.String("name")
		t.Run(name, func(t *testing.T) {
			var extra []any
			if name == "cosine_axis" { // Keras does not write the axis
				extra = []any{"axis", pyjson.Int(0)}
			}
			m := object(t, "metrics", r.Get("config"), extra...).Impl.(metrics.Metric)
			updates, _ := r.Get("updates").(pyjson.Number).Int()
			for i := range updates {
				get := func(key string) tensor.Any { return table.get(t, fmt.Sprintf("%s/%d/%s", name, i, key)) }
				yTrue := get("y_true")
				if yTrue == nil {
					yTrue = get("values")
				}
				if err := m.UpdateState(yTrue, get("y_pred"), get("sample_weight"), nil); err != nil {
					t.Fatal(err)
				}
				compareResult(t, fmt.Sprintf("update %d", i), m, get("result"), get("result64"))
				variables := m.Variables()
				for k, v := range records(t, r.Get("variables")) {
					if k >= len(variables) {
						t.Fatalf("it has %d variables, Keras %d", len(variables), len(r.List("variables")))
					}
					have := variables[k]
					if have.Name != v.String("name") || have.Path != v.String("path") || have.DType.String() != v.String("dtype") {
						t.Errorf("variable %d is %s %s %s, Keras's is %s %s %s", k, have.Name, have.Path, have.DType, v.String("name"), v.String("path"),
							v.String("dtype"))
					}
					value, _ := have.Value()
					if c := golden.Compare(value, get(fmt.Sprintf("var_%d", k)), nil, tensor.Invalid); c.Problem != "" {
						t.Errorf("update %d, variable %s: %s", i, v.String("name"), c.Problem)
					}
				}
			}
			// The state can be taken away and put back.
			var kept []tensor.Any
			for _, v := range m.Variables() {
				value, _ := v.Value()
				kept = append(kept, value)
			}
			before, _ := m.Result()
			m.ResetState()
			compareResult(t, "reset", m, table.get(t, name+"/reset"), nil)
			if err := m.SetVariables(kept); err != nil {
				t.Fatal(err)
			}
			if after, err := m.Result(); err != nil || largestDifference(after, before) > 1e-6 {
				t.Errorf("with its variables put back the result is %v, it was %v (%v)", after, before, err)
			}
		})
	}
}

func compareResult(t *testing.T, when string, m metrics.Metric, want, truth tensor.Any) {
	t.Helper()
	result, err := m.Result()
	if err != nil {
		t.Fatal(err)
	}
	ours, _ := result.Convert(want.DType()) // numeric: cannot fail
	if c := golden.Compare(ours, want, truth, tensor.Invalid); c.Problem != "" {
		t.Errorf("%s: the result is %v, Keras's %v: %s", when, ours.Raw(), want.Raw(), c.Problem)
	}
}
