package train_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/hornml/horn/nn/metrics"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/nn/layers"
	"github.com/hornml/horn/nn/losses"
	"github.com/hornml/horn/nn/train"
	"github.com/hornml/horn/tensor"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func column(x ...float32) tensor.Any { return tensor.FromSlice(x, len(x), 1) }

// compiled gives a model a compile state.
func compiled(m *nn.Model, state string) *nn.Model {
	m.SetCompileConfig(must(pyjson.Parse([]byte(state))).(*pyjson.Object), layer.NewRegistry(losses.All, metrics.All))
	return m
}

// same is a model that returns its input; the regularizer of its one weight adds 0.01 to the loss.
func same() *nn.Model {
	return must(nn.NewSequential(nn.NewInputLayer([]int{1}),
		layers.NewDense(1, nn.Args{"kernel_initializer": "ones", "use_bias": false, "kernel_regularizer": "l2"})))
}

func scores(list []nn.Score) string {
	var out []string
	for _, s := range list {
		out = append(out, fmt.Sprintf("%s=%.4g", s.Name, s.Value))
	}
	return strings.Join(out, " ")
}

// TestScores reckons losses and metrics of a model that returns its input, over batches of uneven sizes.
func TestScores(t *testing.T) {
	x, y := column(1, 2, 3, 4, 5), column(1, 1, 1, 1, 1) // squares 0 1 4 9 16, distances 0 1 2 3 4; the weight adds 0.01
	for _, c := range []struct {
		what, state string
		o           nn.EvaluateOptions
		want        string
	}{
		{"a loss", `{"loss": "mse"}`, nn.EvaluateOptions{}, "loss=6.01"},
		{"in batches", `{"loss": "mse"}`, nn.EvaluateOptions{BatchSize: 2}, "loss=6.01"},
		{"a weight", `{"loss": "mse", "loss_weights": 0.5}`, nn.EvaluateOptions{BatchSize: 2}, "loss=3.01"},
		{"metrics", `{"loss": "mse", "metrics": ["mae", "mse"]}`, nn.EvaluateOptions{BatchSize: 3}, "loss=6.01 mae=2 mse=6"},
		{"no loss", `{"metrics": ["mae"]}`, nn.EvaluateOptions{}, "loss=0.01 mae=2"},
		{"sample weights", `{"loss": "mae", "metrics": ["mae"], "weighted_metrics": ["mae"]}`,
			nn.EvaluateOptions{SampleWeights: []tensor.Any{tensor.FromSlice([]float32{0, 0, 0, 0, 1}, 5)}}, "loss=0.81 mae=2 weighted_mae=4"},
	} {
		seen := []int{}
		c.o.Progress = func(n int) { seen = append(seen, n) }
		got, err := compiled(same(), c.state).Evaluate([]tensor.Any{x}, []tensor.Any{y}, c.o)
		if err != nil || scores(got) != c.want || seen[len(seen)-1] != 5 {
			t.Errorf("%s: %s, not %s (%v, %v)", c.what, scores(got), c.want, err, seen)
		}
	}
}

// TestTwoOutputs has a line for the loss of each output, weighs them, and may leave a target out.
func TestTwoOutputs(t *testing.T) {
	x := nn.Input([]int{1}, nn.Args{"name": "x"})
	one := layers.NewActivation("linear", nn.Args{"name": "one"}).On(x)
	two := layers.NewActivation("linear", nn.Args{"name": "two"}).On(x)
	m := must(nn.NewModel(x, []*nn.KerasTensor{one, two}))
	in, zero := column(1, 3), column(0, 0)
	compiled(m, `{"loss": ["mse", "mae"], "loss_weights": [1, 10], "metrics": ["mae", null]}`)
	got, err := m.Evaluate([]tensor.Any{in}, []tensor.Any{zero, zero}, nn.EvaluateOptions{BatchSize: 1})
	if want := "loss=25 one_mae=2 one_loss=5 two_loss=2"; err != nil || scores(got) != want {
		t.Errorf("%s, not %s (%v)", scores(got), want, err)
	}
	compiled(m, `{"loss": ["mse", null]}`)
	if got, err := m.Evaluate([]tensor.Any{in}, []tensor.Any{zero, nil}, nn.EvaluateOptions{}); err != nil || scores(got) != "loss=5" {
		t.Errorf("%s (%v)", scores(got), err)
	}
	_, err = m.Evaluate([]tensor.Any{in}, []tensor.Any{nil, zero}, nn.EvaluateOptions{})
	fails(t, "no target for a loss", err, `the output "one" has a loss, but there is no target for it`)
	compiled(m, `{"metrics": [null, "mae"]}`)
	_, err = m.Evaluate([]tensor.Any{in}, []tensor.Any{zero, nil}, nn.EvaluateOptions{})
	fails(t, "no target for a metric", err, `metric "mae": there is no target for its output`)
}

func fails(t *testing.T, what string, err error, part string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), part) {
		t.Errorf("%s: %v, where %q should be named", what, err, part)
	}
}

// TestSamples refuses arguments that do not belong together.
func TestSamples(t *testing.T) {
	m := compiled(same(), `{"loss": "mse"}`)
	x := column(1, 2)
	for _, c := range []struct {
		what string
		x, y []tensor.Any
		w    []tensor.Any
		part string
	}{
		{"targets that are fewer", []tensor.Any{x}, []tensor.Any{column(1)}, nil, "target 0 has 1 samples, others have 2"},
		{"weights that are fewer", []tensor.Any{x}, []tensor.Any{x}, []tensor.Any{tensor.FromSlice([]float32{1}, 1)},
			"sample weight 0 has 1 samples"},
		{"two targets", []tensor.Any{x}, []tensor.Any{x, x}, nil, "the model has 1 outputs, 2 targets were given"},
		{"two weights", []tensor.Any{x}, []tensor.Any{x}, []tensor.Any{x, x}, "2 sample weights were given"},
		{"a number", []tensor.Any{x}, []tensor.Any{tensor.Scalar(float32(1))}, nil, "target 0 is a number, not a batch"},
		{"no samples", []tensor.Any{tensor.NewAny(tensor.Float32, 0, 1)}, []tensor.Any{tensor.NewAny(tensor.Float32, 0, 1)}, nil,
			"there are no samples"},
		{"no input", nil, []tensor.Any{x}, nil, "the model has 1 inputs"},
	} {
		_, err := m.Evaluate(c.x, c.y, nn.EvaluateOptions{SampleWeights: c.w})
		fails(t, c.what, err, c.part)
	}
	for _, m := range []*nn.Model{same(), compiled(same(), `{}`)} {
		if _, err := m.Evaluate([]tensor.Any{x}, []tensor.Any{x}, nn.EvaluateOptions{}); !errors.Is(err, train.ErrNotCompiled) {
			t.Errorf("%v", err)
		}
	}
	_, err := compiled(same(), `{"loss": "mss"}`).Evaluate([]tensor.Any{x}, []tensor.Any{x}, nn.EvaluateOptions{})
	fails(t, "an unknown loss", err, "mss")
	_, err = compiled(same(), `{"weighted_metrics": ["mee"]}`).Evaluate([]tensor.Any{x}, []tensor.Any{x}, nn.EvaluateOptions{})
	fails(t, "an unknown metric", err, "weighted_metrics: ")
}

// TestMaskedLoss leaves out the steps that a mask leaves out.
func TestMaskedLoss(t *testing.T) {
	m := must(nn.NewSequential(nn.NewInputLayer([]int{3, 1}), layers.NewMasking()))
	compiled(m, `{"loss": "mae", "metrics": ["mae"]}`)
	x := tensor.FromSlice([]float32{1, 2, 0, 5, 0, 0}, 2, 3, 1)
	y := tensor.FromSlice([]float32{0, 0, 9, 0, 9, 9}, 2, 3, 1)
	got, err := m.Evaluate([]tensor.Any{x}, []tensor.Any{y}, nn.EvaluateOptions{})
	if err != nil || math.Abs(got[0].Value-8./3) > 1e-6 || math.Abs(got[1].Value-8./3) > 1e-6 {
		t.Errorf("%s (%v)", scores(got), err)
	}
}

// measuring has an output of a length that depends on what is in the input.
type measuring struct{ layer.Base }

func (*measuring) Config(*layer.Config) {}
func (*measuring) Call(c *layer.Call) any {
	n := c.Measure(c.Cast(c.Squeeze(c.Squeeze(c.Slice(c.X(), 0, 0, 1), 0), 0), tensor.Int32))
	return c.BroadcastTo(c.X(), c.X().Shape[0], n)
}

// TestMeasured evaluates a model whose shapes depend on data, batch by batch.
func TestMeasured(t *testing.T) {
	m := must(nn.NewSequential(nn.NewInputLayer([]int{1}), layers.Custom(&measuring{}, "my>Measuring")))
	compiled(m, `{"loss": "mae"}`)
	got, err := m.Evaluate([]tensor.Any{column(3, 3)}, []tensor.Any{tensor.NewAny(tensor.Float32, 2, 3)}, nn.EvaluateOptions{})
	if err != nil || scores(got) != "loss=3" {
		t.Errorf("%s (%v)", scores(got), err)
	}
}
