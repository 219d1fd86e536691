package nn_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/nn/layers"
	"github.com/hornml/horn/nn/ops"
	"github.com/hornml/horn/tensor"
)

// calls writes the calls of a model: name, number, what it takes, depth.
func calls(m *nn.Model) []string {
	var out []string
	for c := range m.Calls() {
		var from []string
		for _, t := range c.From {
			from = append(from, fmt.Sprintf("%s[%d][%d]", t.Layer.Name(), t.Call, t.Output))
		}
		out = append(out, fmt.Sprintf("%s[%d] <- %s @%d", c.Layer.Name(), c.Number, strings.Join(from, " "), c.Depth))
	}
	return out
}

// TestCallsOfFunctional orders layers as Keras does: by decreasing depth, then as they are reached from the outputs.
func TestCallsOfFunctional(t *testing.T) {
	a, b := nn.Input([]int{4}, nn.Args{"name": "a"}), nn.Input([]int{4}, nn.Args{"name": "b"})
	unused := nn.Input([]int{1}, nn.Args{"name": "unused"})
	shared := layers.NewDense(4, nn.Args{"name": "shared"})
	late := layers.NewDense(4, nn.Args{"name": "late"}).On(b)
	twice := shared.On(shared.On(a))
	sum := layers.NewAdd(nn.Args{"name": "sum"}).On([]*nn.KerasTensor{twice, late})
	m := must(nn.NewModel([]*nn.KerasTensor{a, b, unused}, sum, nn.Args{"name": "m"}))
	want := []string{"a[0] <-  @3", "shared[0] <- a[0][0] @2", "shared[1] <- shared[0][0] @1", "b[0] <-  @2", "late[0] <- b[0][0] @1",
		"sum[0] <- shared[1][0] late[0][0] @0", "unused[0] <-  @0"}
	got := calls(m)
	if sorted := slices.Sorted(slices.Values(got)); !slices.Equal(sorted, slices.Sorted(slices.Values(want))) {
		t.Errorf("%q\nnot\n%q", got, want)
	}
	in, out := m.Ends()
	if len(in) != 3 || in[2].Layer.Name() != "unused" || len(out) != 1 || out[0].Layer.Name() != "sum" {
		t.Errorf("%v, %v", in, out)
	}
	var names []string
	for _, l := range m.Layers() {
		names = append(names, l.Name())
	}
	if got := strings.Join(names, " "); got != "a shared b late unused sum" { // as Keras 3.15.1 has them
		t.Error(got)
	}
}

// TestCallsOfSequential takes each layer for the one before it, with and without an input.
func TestCallsOfSequential(t *testing.T) {
	act := layers.NewActivation("relu", nn.Args{"name": "act"})
	m := must(nn.NewSequential(nn.NewInputLayer([]int{3}, nn.Args{"name": "in"}), layers.NewDense(2, nn.Args{"name": "d"}), act))
	if got := calls(m); !slices.Equal(got, []string{"in[0] <-  @2", "d[0] <- in[0][0] @1", "act[0] <- d[0][0] @0"}) {
		t.Errorf("%q", got)
	}
	bare := must(nn.NewSequential(layers.NewDense(2, nn.Args{"name": "d"})))
	if got := calls(bare); !slices.Equal(got, []string{"d[0] <-  @0"}) {
		t.Errorf("%q", got)
	}
	if in, out := bare.Ends(); in != nil || len(out) != 1 {
		t.Errorf("%v, %v", in, out)
	}
	if !m.IsSequential() || twoInputs().IsSequential() {
		t.Error("what is a Sequential, and what not")
	}
}

// TestOutputNames names outputs by their layers or keys, and tells those of one name apart.
func TestOutputNames(t *testing.T) {
	x := nn.Input([]int{3, 2}, nn.Args{"name": "x"})
	lstm := layers.NewLSTM(4, nn.Args{"return_state": true, "name": "lstm"}).OnAll(3, x)
	for want, outputs := range map[string]any{
		"[lstm lstm_1 lstm_2]": lstm,
		"[a b_1 b_2]":          map[string]any{"b": []*nn.KerasTensor{lstm[1], lstm[2]}, "a": lstm[0]},
		"[lstm]":               lstm[0],
		"[x lstm]":             []*nn.KerasTensor{x, lstm[0]},
	} {
		var names []string
		for _, s := range must(nn.NewModel(x, outputs)).Outputs() {
			names = append(names, s.Name)
		}
		if got := fmt.Sprint(names); got != want {
			t.Errorf("%s, not %s", got, want)
		}
	}
}

// TestNestedInputs calls a model with lists and maps of tensors.
func TestNestedInputs(t *testing.T) {
	inner := twoInputs()
	x, y := nn.Input([]int{2}, nn.Args{"name": "x"}), nn.Input([]int{2}, nn.Args{"name": "y"})
	for what, argument := range map[string]any{
		"keys":  map[string]*nn.KerasTensor{"first": x, "second": y},
		"order": []*nn.KerasTensor{x, y},
	} {
		outs := inner.OnAll(2, argument)
		m := must(nn.NewModel([]*nn.KerasTensor{x, y}, outs))
		got := must(m.PredictAll(row(1, 2), row(10, 20)))
		if s := fmt.Sprint(got[0].(*tensor.Tensor).Data(), got[1].(*tensor.Tensor).Data()); s != "[11 22] [2 4]" {
			t.Errorf("%s: %s", what, s)
		}
	}
	list := must(nn.NewModel([]*nn.KerasTensor{x, y}, layers.NewSubtract().On([]*nn.KerasTensor{x, y})))
	m := must(nn.NewModel([]*nn.KerasTensor{x, y}, list.On(map[string]*nn.KerasTensor{"y": x, "x": y})))
	if got := must(m.Predict(row(1, 2), row(10, 20))).Data(); !slices.Equal(got, []float32{9, 18}) {
		t.Errorf("by the names of the inputs: %v", got)
	}
	_, err := nn.NewModel(x, list.On([]*nn.KerasTensor{x}))
	fails(t, "too few", err, "the model takes 2 inputs, not 1")
	_, err = nn.NewModel(x, inner.On(map[string]*nn.KerasTensor{"first": x}))
	fails(t, "a key that is missing", err, `the input "second" is missing`)
}

// TestAdaptedInputs gives a model inside a model tensors of another type and rank.
func TestAdaptedInputs(t *testing.T) {
	one := nn.Input([]int{3}, nn.Args{"name": "one"})
	inner := must(nn.NewModel(one, layers.NewRescaling(2.0).On(one)))
	x := nn.Input([]int{3, 1}, nn.Args{"name": "x", "dtype": "int32"})
	m := must(nn.NewModel(x, inner.On(x)))
	got := must(m.Predict(tensor.FromSlice([]int32{1, 2, 3}, 1, 3, 1)))
	if !slices.Equal(got.Shape(), []int{1, 3}) || !slices.Equal(got.Data(), []float32{2, 4, 6}) {
		t.Errorf("%v %v", got.Shape(), got.Data())
	}
	wrong := nn.Input([]int{4}, nn.Args{"name": "wrong"})
	_, err := nn.NewModel(wrong, inner.On(wrong))
	fails(t, "another length", err, `the input "one" has shape (None, 4); it must be (None, 3)`)
	wrong = nn.Input([]int{3, 2, 1}, nn.Args{"name": "wrong"})
	_, err = nn.NewModel(wrong, inner.On(wrong))
	fails(t, "another rank", err, `the input "one" has shape`)
}

// TestOwnShapes leaves open in a model inside what only the model around it fixes.
func TestOwnShapes(t *testing.T) {
	inner := must(nn.NewSequential(nn.NewInputLayer([]int{-1, 2}), layers.NewDense(3, nn.Args{"name": "deep"})))
	x := nn.Input([]int{7, 2})
	m := must(nn.NewModel(x, inner.On(x)))
	deep := inner.Layer("deep")
	if got := fmt.Sprint(layer.OutputShapes(deep)); got != "[[-1 7 3]]" {
		t.Errorf("in the model around it: %s", got)
	}
	if got := fmt.Sprint(inner.OwnShapes()[deep]); got != "[[-1 -1 3]]" {
		t.Errorf("by itself: %s", got)
	}
	if got := must(nn.NewSequential(layers.NewDense(1))).OwnShapes(); got != nil {
		t.Errorf("before it is built: %v", got)
	}
	_ = m
}

// TestCompileState keeps what a file says of training, and forgets it.
func TestCompileState(t *testing.T) {
	m := dense(t, 2, 1)
	if m.CompileConfig() != nil || m.OptimizerVariables() != nil {
		t.Error("a new model is compiled")
	}
	m.SetCompileConfig(pyjson.NewObject("loss", "mse"), nil)
	step := layer.NewVariable("0", "optimizer/0", tensor.FromSlice([]int64{3}).Reshape())
	inner := layer.NewVariable("0", "encoder/optimizer/0", tensor.FromSlice([]int64{4}).Reshape())
	m.Optimizer = []*nn.VariableGroup{{Path: "optimizer", Variables: []*nn.Variable{step}},
		{Path: "optimizer/inner_optimizer"}, {Path: "encoder/optimizer", Variables: []*nn.Variable{inner}}}
	if got := m.OptimizerVariables(); !slices.Equal(got, []*nn.Variable{step}) || m.CompileConfig().String("loss") != "mse" {
		t.Errorf("%v, %v", got, m.CompileConfig())
	}
	if text := string(pyjson.Marshal(layer.Record(m))); !strings.Contains(text, `"compile_config": {"loss": "mse"}`) {
		t.Errorf("the record has no compile state: %s", text)
	}
	m.DropCompileState()
	if m.CompileConfig() != nil || m.OptimizerVariables() != nil || len(m.Optimizer) != 1 || m.Optimizer[0].Path != "encoder/optimizer" {
		t.Errorf("%v", m.Optimizer)
	}
	_, err := m.Evaluate([]tensor.Any{row(1, 2)}, []tensor.Any{row(1)}, nn.EvaluateOptions{})
	if err != nn.ErrNotCompiled {
		t.Error(err)
	}
}

// TestPredictInto writes into tensors of the caller's, and refuses those that do not fit.
func TestPredictInto(t *testing.T) {
	m := twoInputs()
	s, d := tensor.New(1, 2), tensor.New(1, 2)
	if err := m.PredictInto([]tensor.Any{s, d}, row(1, 2), row(10, 20)); err != nil || fmt.Sprint(s.Data(), d.Data()) != "[11 22] [2 4]" {
		t.Errorf("%v %v (%v)", s.Data(), d.Data(), err)
	}
	wide := tensor.New(1, 4)
	part := tensor.FromSlice(wide.Data(), 2, 2).Transpose(1, 0)
	for what, outputs := range map[string][]tensor.Any{
		"too few": {s}, "too many": {s, d, s}, "another shape": {s, tensor.New(2, 2)}, "another type": {s, tensor.Zeros[float64](1, 2)},
		"not in one piece": {s, part},
	} {
		if err := m.PredictInto(outputs, row(1, 2), row(10, 20)); err == nil {
			t.Errorf("%s: no error", what)
		}
	}
	session := m.NewSession()
	if err := session.PredictInto([]tensor.Any{s, d}, row(3, 4), row(1, 1)); err != nil || fmt.Sprint(s.Data()) != "[4 5]" {
		t.Errorf("%v (%v)", s.Data(), err)
	}
	if names := session.StateNames(); names != nil {
		t.Errorf("a model without states has %q", names)
	}
}

// TestPredictOfOtherTypes says what to call instead.
func TestPredictOfOtherTypes(t *testing.T) {
	x := nn.Input([]int{2}, nn.Args{"name": "x"})
	m := must(nn.NewModel(x, must(ops.Apply("numpy", "Argmax", nn.Args{"axis": 1}, x))))
	_, err := m.Predict(row(3, 4))
	fails(t, "integers", err, "the model's output is int32, not float32: use PredictAll")
	if y := must(m.PredictAll(row(3, 4)))[0].(*tensor.Of[int32]); y.Data()[0] != 1 {
		t.Errorf("%v", y.Data())
	}
	_, err = must(nn.NewSequential(layers.NewDense(1))).PredictMap(map[string]tensor.Any{"x": row(1)})
	fails(t, "no names", err, "has no names for its inputs: use PredictAll")
}

// TestFunctions compiles a function once for each set of shapes and types.
func TestFunctions(t *testing.T) {
	times := 0
	f := nn.NewFunction(func(b *graph.Builder, args []*graph.Value) []*graph.Value {
		times++
		if args[0] == nil {
			b.Fail("something is needed")
		}
		if args[1] == nil {
			return []*graph.Value{b.Neg(args[0])}
		}
		return []*graph.Value{b.Add(args[0], args[1]), b.Sub(args[0], args[1])}
	})
	for range 3 {
		out, err := f.Run(row(1, 2), row(10, 20))
		if err != nil || len(out) != 2 || fmt.Sprint(out[0].(*tensor.Tensor).Data(), out[1].(*tensor.Tensor).Data()) != "[11 22] [-9 -18]" {
			t.Errorf("%v (%v)", out, err)
		}
		if out, err = f.Run(row(1, 2), nil); err != nil || len(out) != 1 || out[0].(*tensor.Tensor).Data()[1] != -2 {
			t.Errorf("%v (%v)", out, err)
		}
		_, err = f.Run(nil, row(1))
		fails(t, "what is needed", err, "a function of tensors", "something is needed")
	}
	if times != 3 {
		t.Errorf("it is written %d times", times)
	}
}

// TestProfile times each step of the plan.
func TestProfile(t *testing.T) {
	m := must(nn.NewSequential(nn.NewInputLayer([]int{8}), layers.NewDense(8, nn.Args{"activation": "relu", "name": "first"}),
		layers.NewSoftmax(nn.Args{"name": "last"})))
	p := must(m.Profile(3, matrix(1, 4, 8)))
	var labels []string
	for _, s := range p.Steps {
		labels = append(labels, s.Layer)
	}
	if got := strings.Join(labels, " "); !strings.Contains(got, "first") || !strings.Contains(got, "last") || p.Memory <= 0 {
		t.Errorf("%q, %d bytes", labels, p.Memory)
	}
	_, err := m.Profile(1, row(1, 2))
	fails(t, "inputs that do not fit", err, "has shape (1, 2)")
}
