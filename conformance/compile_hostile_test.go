package conformance

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/kerasfile"
	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/nn/optimizers"
	"github.com/hornml/horn/tensor"
)

// oddValues stand in for each value of a compile state in turn.
var oddValues = []any{
	nil, true, "x", "mse", pyjson.Int(0), pyjson.Int(-1), pyjson.Int(1 << 30), pyjson.Number("1e308"), pyjson.Number("NaN"), []any{},
	[]any{pyjson.Int(1), pyjson.Int(-7)}, pyjson.NewObject(), pyjson.NewObject("a", "mae"),
	pyjson.NewObject("class_name", "Huber", "config", pyjson.NewObject()),
}

// eachOdd calls f with copies of a tree of JSON in which one part is odd.
func eachOdd(v any, path string, f func(path string, v any)) {
	for i, odd := range oddValues {
		f(fmt.Sprintf("%s=%d", path, i), odd)
	}
	switch v := v.(type) {
	case []any:
		for i, x := range v {
			eachOdd(x, fmt.Sprintf("%s/%d", path, i), func(at string, odd any) {
				list := append([]any(nil), v...)
				list[i] = odd
				f(at, list)
			})
		}
	case *pyjson.Object:
		for _, k := range v.Keys() {
			eachOdd(v.Get(k), path+"/"+k, func(at string, odd any) {
				o := new(pyjson.Object)
				for _, key := range v.Keys() {
					o.Set(key, v.Get(key))
				}
				o.Set(k, odd)
				f(at, o)
			})
		}
	}
}

// TestHostileCompileState evaluates models, and makes steps of optimizers, whose compile state is wrong in one place:
// whatever stands there, the answer is an error or scores, never a panic.
func TestHostileCompileState(t *testing.T) {
	table := openTable(t, "evaluate")
	runs, errors := 0, 0
	for _, r := range records(t, table.manifest) {
		name := r.String("name")
		switch name {
		case "graph_compiled_with_dicts_of_losses_weights_and_metrics_weighted", "training_embedding_gru_masked", "format_extras_compile_args",
			"training_regression", "graph_compiled_multi_optimizer", "graph_compiled_muon", "graph_compiled_lamb_cosine_decay_with_warmup",
			"graph_compiled_mixed_precision_with_loss_scaling", "graph_compiled_rmsprop_centered_momentum_cosine_restarts":
		default:
			continue
		}
		m, err := kerasfile.Load(filepath.Join(goldens, r.String("model")))
		if err != nil {
			t.Fatal(err)
		}
		numbered := func(prefix string) (list []tensor.Any) {
			for i := 0; table.arrays.Has(fmt.Sprintf("%s/%s_%d", name, prefix, i)); i++ {
				list = append(list, table.get(t, fmt.Sprintf("%s/%s_%d", name, prefix, i)))
			}
			return list
		}
		x, y, w := numbered("input"), numbered("target"), numbered("weight")
		state := m.CompileConfig()
		try := func(path string, f func() error) {
			defer func() {
				if r := recover(); r != nil {
					t.Errorf("%s %s: panic: %v", name, path, r)
				}
			}()
			runs++
			if f() != nil {
				errors++
			}
		}
		for _, key := range []string{"loss", "loss_weights", "metrics", "weighted_metrics"} {
			eachOdd(state.Get(key), key, func(path string, v any) {
				m.SetCompileConfig(pyjson.Clone(state).(*pyjson.Object), kerasfile.Registry())
				m.CompileConfig().Set(key, v)
				try(path, func() error {
					_, err := m.Evaluate(x, y, nn.EvaluateOptions{SampleWeights: w})
					return err
				})
			})
		}
		eachOdd(state.Get("optimizer"), "optimizer", func(path string, v any) {
			try(path, func() error {
				d := &layer.Decoder{Registry: kerasfile.Registry()}
				o := d.Object("optimizers", v, "", "")
				if err := d.Err(); err != nil || o == nil {
					return err
				}
				optimizer, ok := o.Impl.(optimizers.Optimizer)
				if !ok {
					return nil
				}
				variables := m.TrainableVariables()
				if err := optimizer.Build(variables); err != nil {
					return err
				}
				var gradients []tensor.Any
				var before []tensor.Any
				for _, v := range variables {
					value, err := v.Value()
					if err != nil {
						return err
					}
					before = append(before, value)
					gradients = append(gradients, tensor.NewAny(v.DType, v.Shape...))
				}
				err := optimizer.Step(gradients)
				for i, v := range variables {
					if err := v.Assign(before[i]); err != nil {
						return err
					}
				}
				return err
			})
		})
	}
	t.Logf("%d compile states, %d of them refused", runs, errors)
	if runs < 1000 {
		t.Errorf("only %d compile states", runs)
	}
}
