package conformance

import (
	"fmt"
	"math"
	"path/filepath"
	"testing"

	"github.com/hornml/horn/internal/golden"
	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/kerasfile"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/nn/optimizers"
	"github.com/hornml/horn/tensor"
)

// stepOf returns entry i of an array of several steps.
func stepOf(a tensor.Any, i int) tensor.Any {
	return tensor.Reshape(a.Rows(i, i+1), a.Shape()[1:]...)
}

// TestOptimizers runs the table of optimizers: the variables after each step, the optimizer's own, and the end.
func TestOptimizers(t *testing.T) {
	table := openTable(t, "optimizers")
	for _, r := range records(t, table.manifest.(*pyjson.Object).Get("optimizers")) {
		name := r.String("name")
		t.Run(name, func(t *testing.T) {
			get := func(format string, k int) tensor.Any { return table.get(t, name+"/"+fmt.Sprintf(format, k)) }
			names := r.List("variables")
			grads, values, truths := make([]tensor.Any, len(names)), make([]tensor.Any, len(names)), make([]tensor.Any, len(names))
			variables := make([]*layer.Variable, len(names))
			for j, n := range names {
				grads[j], values[j], truths[j] = get("grad_%d", j), get("var_%d", j), get("var64_%d", j)
				variables[j] = layer.NewVariable(n.(string), n.(string), stepOf(values[j], 0))
			}
			o := object(t, "optimizers", r.Get("config")).Impl.(optimizers.Optimizer)
			if err := o.Build(variables); err != nil {
				t.Fatal(err)
			}
			own := records(t, r.Get("own_variables"))
			if len(own) != len(o.Variables()) {
				t.Fatalf("it has %d variables, Keras %d", len(o.Variables()), len(own))
			}
			for k, v := range o.Variables() {
				if v.Name != own[k].String("name") || v.Path != own[k].String("path") || v.DType.String() != own[k].String("dtype") ||
					len(v.Shape) != len(own[k].List("shape")) {
					t.Errorf("variable %d is %s %s %s%v, Keras's is %v", k, v.Name, v.Path, v.DType, v.Shape, own[k])
				}
			}
			steps, _ := r.Get("steps").(pyjson.Number).Int()
			for i := range steps {
				g := make([]tensor.Any, len(grads))
				for j := range grads {
					g[j] = stepOf(grads[j], i)
				}
				if err := o.Step(g); err != nil {
					t.Fatal(err)
				}
				for j, v := range variables {
					compareVariable(t, fmt.Sprintf("step %d, %s", i, names[j]), v, stepOf(values[j], i+1), stepOf(truths[j], i+1))
				}
				for k, v := range o.Variables() {
					compareVariable(t, fmt.Sprintf("step %d, own %s", i, v.Path), v, stepOf(get("opt_%d", k), i), nil)
				}
			}
			if r.Get("has_final") == true {
				if err := o.Finalize(); err != nil {
					t.Fatal(err)
				}
				for j, v := range variables {
					compareVariable(t, "final "+v.Name, v, get("final_%d", j), nil)
				}
			}
			// Another optimizer with the same state goes on in the same way.
			other := object(t, "optimizers", r.Get("config")).Impl.(optimizers.Optimizer)
			if err := other.Build(variables); err != nil {
				t.Fatal(err)
			}
			var state []tensor.Any
			for _, v := range o.Variables() {
				x, _ := v.Value()
				state = append(state, x)
			}
			if err := optimizers.SetVariables(other, state); err != nil {
				t.Fatal(err)
			}
			if math.Abs(other.Rate()-o.Rate()) > 0 || other.LossScale() != o.LossScale() {
				t.Errorf("after restoring the rate is %v, it was %v", other.Rate(), o.Rate())
			}
		})
	}
}

func compareVariable(t *testing.T, what string, v *layer.Variable, want, truth tensor.Any) {
	t.Helper()
	have, err := v.Value()
	if err != nil {
		t.Fatal(err)
	}
	if c := golden.Compare(have, want, truth, tensor.Invalid); c.Problem != "" {
		t.Errorf("%s: %s", what, c.Problem)
	}
}

// TestSchedules runs the table of learning-rate schedules.
func TestSchedules(t *testing.T) {
	table := openTable(t, "optimizers")
	for _, r := range records(t, table.manifest.(*pyjson.Object).Get("schedules")) {
		name := r.String("name")
		s := object(t, "optimizers.schedules", r.Get("config")).Impl.(optimizers.Schedule)
		at := table.get(t, name+"/steps")
		n := make([]int64, at.Len())
		if err := at.Int64s(n); err != nil {
			t.Fatal(err)
		}
		values, truths := golden.Floats(table.get(t, name+"/values")), golden.Floats(table.get(t, name+"/values64"))
		for i, step := range n {
			rate := s.Rate(step)
			if math.Abs(rate-truths[i]) > math.Max(8*math.Abs(values[i]-truths[i]), 1e-15) {
				t.Errorf("%s: step %d has the rate %v, in Keras %v (in float64 %v)", name, step, rate, values[i], truths[i])
			}
		}
	}
}

// TestOptimizersTakeUpSavedStates builds the optimizer of every compiled golden for the variables of its model and gives it
// the state that Keras saved: number, order and shapes of the variables agree.
func TestOptimizersTakeUpSavedStates(t *testing.T) {
	files, err := filepath.Glob(goldens + "/*/*.keras")
	if err != nil {
		t.Fatal(err)
	}
	more, _ := filepath.Glob(goldens + "/format/keras-3.1[0-9]*/*.keras") // the pattern is valid
	states := 0
	for _, f := range append(files, more...) {
		m, err := kerasfile.Load(f)
		if err != nil || m.CompileConfig().Object("optimizer") == nil || len(m.OptimizerVariables()) <= 2 {
			continue
		}
		o, ok := object(t, "optimizers", m.CompileConfig().Get("optimizer")).Impl.(optimizers.Optimizer)
		if !ok {
			t.Errorf("%s: no optimizer", f)
			continue
		}
		if err := o.Build(m.TrainableVariables()); err != nil {
			t.Errorf("%s: %v", f, err)
			continue
		}
		var values []tensor.Any
		for _, v := range m.OptimizerVariables() {
			x, err := v.Value()
			if err != nil {
				t.Fatal(err)
			}
			values = append(values, x)
		}
		if err := optimizers.SetVariables(o, values); err != nil {
			t.Errorf("%s: %v", f, err)
			continue
		}
		states++
	}
	if states < 40 {
		t.Errorf("only %d saved states were found", states)
	}
	t.Logf("%d saved states", states)
}
