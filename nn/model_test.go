package nn_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/nn/layers"
	"github.com/hornml/horn/nn/ops"
	"github.com/hornml/horn/tensor"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func fails(t *testing.T, what string, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: no error, where %q should be named", what, parts)
		return
	}
	for _, p := range parts {
		if !strings.Contains(err.Error(), p) {
			t.Errorf("%s: %q does not name %q", what, err, p)
		}
	}
}

func row(x ...float32) *tensor.Tensor { return tensor.FromSlice(x, 1, len(x)) }

// twoInputs is (a + b) and 2a, as a dict of outputs.
func twoInputs() *nn.Model {
	a, b := nn.Input([]int{2}, nn.Args{"name": "a"}), nn.Input([]int{2}, nn.Args{"name": "b"})
	sum := layers.NewAdd(nn.Args{"name": "sum"}).On([]*nn.KerasTensor{a, b})
	twice := layers.NewAdd(nn.Args{"name": "twice"}).On([]*nn.KerasTensor{a, a})
	return must(nn.NewModel(map[string]*nn.KerasTensor{"first": a, "second": b}, map[string]*nn.KerasTensor{"s": sum, "t": twice},
		nn.Args{"name": "both"}))
}

func TestPredictByName(t *testing.T) {
	m := twoInputs()
	if got := fmt.Sprint(m.Inputs(), m.Outputs(), m.InputKeys()); got != "[{a [-1 2] float32} {b [-1 2] float32}] [{s [-1 2] float32} {t "+
		"[-1 2] float32}] [first second]" {
		t.Error(got)
	}
	for _, names := range [][2]string{{"a", "b"}, {"first", "second"}, {"a", "second"}} {
		out, err := m.PredictMap(map[string]tensor.Any{names[0]: row(1, 2), names[1]: row(10, 20)})
		if err != nil || fmt.Sprint(out["s"].(*tensor.Tensor).Data(), out["t"].(*tensor.Tensor).Data()) != "[11 22] [2 4]" {
			t.Errorf("%q: %v (%v)", names, out, err)
		}
	}
	_, err := m.PredictMap(map[string]tensor.Any{"a": row(1, 2), "c": row(1, 2)})
	fails(t, "an unknown name", err, `the model has no input "c"; it has ["a" "b"]`)
	_, err = m.PredictMap(map[string]tensor.Any{"a": row(1, 2)})
	fails(t, "an input that is left out", err, `the input "b" is missing`)
}

// TestCheckedInputs says in the user's words what does not fit.
func TestCheckedInputs(t *testing.T) {
	m := twoInputs()
	words := must(nn.NewSequential(nn.NewInputLayer([]int{3}, nn.Args{"name": "ids", "dtype": "int32"}), layers.NewEmbedding(5, 2)))
	for _, c := range []struct {
		what   string
		model  *nn.Model
		inputs []tensor.Any
		part   string
	}{
		{"too few", m, []tensor.Any{row(1, 2)}, `the model has 2 inputs ["a" "b"], 1 were given`},
		{"too many", m, []tensor.Any{row(1, 2), row(1, 2), row(1, 2)}, "3 were given"},
		{"another length", m, []tensor.Any{row(1, 2), row(1, 2, 3)}, `the input "b" has shape (1, 3), it must be (None, 2)`},
		{"another rank", m, []tensor.Any{row(1, 2), tensor.FromSlice([]float32{1, 2, 3, 4}, 1, 2, 1, 2)}, `the input "b" has shape`},
		{"text", m, []tensor.Any{row(1, 2), tensor.FromSlice([]string{"a", "b"}, 1, 2)}, `the input "b" is string, it must be float32`},
		{"floats for integers", words, []tensor.Any{row(1, 2, 3)}, `the input "ids" is float32, it must be of an integer type such as int32`},
		{"nothing", must(nn.NewSequential(layers.NewDense(1))), nil, "the model needs an input"},
		{"batches that differ", m, []tensor.Any{row(1, 2), tensor.FromSlice([]float32{1, 2, 3, 4, 5, 6}, 3, 2).Reshape(3, 2)}, ""},
	} {
		_, err := c.model.PredictAll(c.inputs...)
		if c.part != "" {
			fails(t, c.what, err, c.part)
		}
	}
	_, err := m.Predict(row(1, 2), row(1, 2))
	fails(t, "two outputs", err, "the model has 2 outputs: use PredictAll or PredictMap")
	// A last axis of 1 may be left out or added.
	one := must(nn.NewSequential(nn.NewInputLayer([]int{2, 1}), layers.NewFlatten()))
	for _, x := range []*tensor.Tensor{row(1, 2), tensor.FromSlice([]float32{1, 2}, 1, 2, 1), tensor.FromSlice([]float32{1, 2}, 1, 2, 1, 1)} {
		if y, err := one.Predict(x); err != nil || fmt.Sprint(y.Data()) != "[1 2]" {
			t.Errorf("%v: %v (%v)", x.Shape(), y, err)
		}
	}
}

// TestLayers finds layers by name and by path.
func TestLayers(t *testing.T) {
	inner := must(nn.NewSequential(nn.NewInputLayer([]int{2}), layers.NewDense(3, nn.Args{"name": "deep"})))
	layer.SetName(inner, "inner")
	m := must(nn.NewSequential(nn.NewInputLayer([]int{2}), inner, layers.NewDense(1)))
	if m.Layer("inner/deep") == nil || m.Layer("deep") != nil || m.Layer("inner/none") != nil || m.Layer("dense/x") != nil ||
		m.Layer("inner") != nn.Layer(inner) {
		t.Error("a layer is found where it is not, or the other way round")
	}
	if v := m.Layer("inner/deep").Variable("kernel"); v == nil || m.Variable("inner/deep/kernel") != v {
		t.Errorf("%v", v)
	}
	m.Layer("inner").SetTrainable(false)
	var names []string
	for _, v := range m.TrainableVariables() {
		names = append(names, v.Path)
	}
	if !slices.Equal(names, []string{"dense/kernel", "dense/bias"}) || len(m.Variables()) != 4 {
		t.Errorf("%q", names)
	}
	_, err := nn.NewSequential(layers.NewDense(1, nn.Args{"name": "a"}), layers.NewDense(1, nn.Args{"name": "a"}))
	fails(t, "one name twice", err, `the name "a" is used by two layers`)
}

// TestGraphProblems refuses graphs that are none.
func TestGraphProblems(t *testing.T) {
	a := nn.Input([]int{2}, nn.Args{"name": "a"})
	b := nn.Input([]int{2}, nn.Args{"name": "b"})
	y := layers.NewAdd().On([]*nn.KerasTensor{a, b})
	for _, c := range []struct {
		what    string
		in, out any
		args    nn.Args
		part    string
	}{
		{"an input that is not given", a, y, nil, `the outputs need the input "b", which is not among the model's inputs`},
		{"an input twice", []*nn.KerasTensor{a, a, b}, y, nil, `the input "a" is given twice`},
		{"a layer as input", y, y, nil, "an input must be made by nn.Input"},
		{"a number as output", []*nn.KerasTensor{a, b}, 3, nil, "a *KerasTensor is expected"},
		{"a number as input", 3, y, nil, "a *KerasTensor is expected"},
		{"no outputs", []*nn.KerasTensor{a, b}, []any{}, nil, "at least one output"},
		{"an argument", []*nn.KerasTensor{a, b}, y, nn.Args{"nome": "x"}, `has no argument "nome"`},
		{"shapes", []*nn.KerasTensor{a, b}, layers.NewReshape([]int{7}).On(y), nil, "reshape"},
	} {
		_, err := nn.NewModel(c.in, c.out, c.args)
		fails(t, c.what, err, c.part)
	}
	_, err := ops.Apply("numpy", "Nothing", nil, a)
	fails(t, "an operation", err, "keras.src.ops.numpy.Nothing")
	if m := must(nn.NewModel([]*nn.KerasTensor{a, b}, y, nn.Args{"trainable": false, "name": "frozen"})); m.Trainable() ||
		m.Name() != "frozen" || m.Layer("add").Trainable() {
		t.Error("the arguments are lost")
	}
}

// TestShapes works out which dimensions stay open.
func TestShapes(t *testing.T) {
	x := nn.Input([]int{-1, 4}, nn.Args{"name": "x"})
	gru := layers.NewGRU(3, nn.Args{"return_sequences": true, "return_state": true})
	out := gru.OnAll(2, x)
	m := must(nn.NewModel(x, []*nn.KerasTensor{out[0], out[1], layers.NewFlatten().On(layers.NewUpSampling1D(nn.Args{"size": 2}).On(x))}))
	var shapes [][]int
	for _, s := range m.Outputs() {
		shapes = append(shapes, s.Shape)
	}
	if got := fmt.Sprint(shapes); got != "[[-1 -1 3] [-1 3] [-1 -1]]" {
		t.Error(got)
	}
	if got := fmt.Sprint(layer.OutputShapes(gru)); got != "[[[-1 -1 3] [-1 3]]]" {
		t.Error(got)
	}
	unbuilt := must(nn.NewSequential(layers.NewDense(2)))
	if unbuilt.IsBuilt() || len(unbuilt.Inputs()) != 0 {
		t.Error("built without an input")
	}
	if y, err := unbuilt.PredictAll(row(1, 2, 3)); err != nil || fmt.Sprint(y[0].Shape()) != "[1 2]" ||
		fmt.Sprint(unbuilt.Outputs()[0].Shape) != "[-1 2]" {
		t.Errorf("%v, %v (%v)", y, unbuilt.Outputs(), err)
	}
}

// depends is a layer whose output is as long as the first number of its input says.
type depends struct{ layer.Base }

func (*depends) Config(*layer.Config) {}
func (*depends) Call(c *layer.Call) any {
	n := c.Measure(c.Cast(c.Reduce(graph.ReduceMax, c.X(), false), tensor.Int32))
	return c.Full(tensor.Float32, 1, 1, n)
}

// TestMeasuredShapes predicts, evaluates step by step and interprets a model whose shapes depend on what is in its inputs.
func TestMeasuredShapes(t *testing.T) {
	m := must(nn.NewSequential(nn.NewInputLayer([]int{2}), layers.Custom(&depends{}, "my>Depends")))
	if got := fmt.Sprint(m.Outputs()[0].Shape); got != "[1 -1]" {
		t.Error(got)
	}
	for _, n := range []float32{3, 5, 3} {
		y, err := m.Predict(row(1, n))
		if err != nil || y.Len() != int(n) {
			t.Errorf("%v: %v (%v)", n, y, err)
		}
		if g, err := m.Graph(row(1, n)); err != nil || g.Outputs[0].Shape[1] != int(n) {
			t.Errorf("%v: %v", n, err)
		}
	}
	if p, err := m.Profile(1, row(1, 4)); err != nil || p.Memory < 0 {
		t.Errorf("%v (%v)", p, err)
	}
}

// broken is a layer with a mistake in its code.
type broken struct{ layer.Base }

func (*broken) Config(*layer.Config) {}
func (*broken) Call(c *layer.Call) any {
	var v *nn.Variable
	return c.Var(v)
}

// TestInternalError says that a mistake is ours, not the model's.
func TestInternalError(t *testing.T) {
	_, err := nn.NewSequential(nn.NewInputLayer([]int{2}), layers.Custom(&broken{}, "my>Broken", nn.Args{"name": "b"}))
	fails(t, "a nil pointer", err, `a fault of horn: layer "b" (Broken): `, "please report it")
	var internal *nn.InternalError
	if !errors.As(err, &internal) {
		t.Errorf("%T", err)
	}
}

// TestRoundTrip writes models that were made in Go as records, and reads them.
func TestRoundTrip(t *testing.T) {
	x := nn.Input([]int{-1, 2}, nn.Args{"name": "x"})
	shared := layers.NewDense(2, nn.Args{"name": "shared"})
	once := shared.On(x)
	sliced := must(ops.Apply("numpy", "GetItem", nil, once, []any{layer.Ellipsis{}, layer.Slice{Start: 0, Stop: 1}}))
	shifted := must(ops.Apply("numpy", "Add", nil, shared.On(once), tensor.FromSlice([]float32{1, 2}, 2)))
	inner := must(nn.NewSequential(nn.NewInputLayer([]int{-1, 2}), layers.NewActivation("tanh")))
	layer.SetName(inner, "inner")
	m := must(nn.NewModel(x, map[string]any{"a": []*nn.KerasTensor{sliced, inner.On(shifted)}, "b": inner.On(once)}))
	in := tensor.FromSlice([]float32{1, 2, 3, 4, 5, 6}, 1, 3, 2)
	for what, m := range map[string]*nn.Model{"Functional": m, "Sequential": must(nn.NewSequential(nn.NewInputLayer([]int{3, 2}), inner,
		layers.NewFlatten())), "two inputs": twoInputs()} {
		record := layer.Record(m)
		text := pyjson.Marshal(record)
		d := layer.Decoder{Registry: registry}
		read, ok := d.Layer(must(pyjson.Parse(text)), "").(*nn.Model)
		if !ok || d.Err() != nil {
			t.Errorf("%s: %v", what, d.Err())
			continue
		}
		if err := read.Build(); err != nil {
			t.Errorf("%s: %v", what, err)
			continue
		}
		for i, v := range read.Variables() {
			if err := v.Assign(must(m.Variables()[i].Value())); err != nil {
				t.Error(err)
			}
		}
		inputs := []tensor.Any{in}
		if what == "two inputs" {
			inputs = []tensor.Any{row(1, 2), row(3, 4)}
		}
		want, got := must(m.PredictAll(inputs...)), must(read.PredictAll(inputs...))
		if fmt.Sprint(m.Outputs()) != fmt.Sprint(read.Outputs()) || len(want) != len(got) {
			t.Errorf("%s: %v became %v", what, m.Outputs(), read.Outputs())
		}
		for i := range want {
			if !slices.Equal(want[i].(*tensor.Tensor).Data(), got[i].(*tensor.Tensor).Data()) {
				t.Errorf("%s: output %d differs", what, i)
			}
		}
		if again := pyjson.Marshal(layer.Record(read)); string(again) != string(text) {
			t.Errorf("%s: written once more it is %s, not %s", what, again, text)
		}
		if fresh := pyjson.Marshal(layer.FreshRecord(read).Object("config")); string(fresh) != string(pyjson.Marshal(record.Object("config"))) {
			t.Errorf("%s: made of its arguments it is %s", what, fresh)
		}
	}
}

// TestSessions keeps states apart, also for many callers at once.
func TestSessions(t *testing.T) {
	m := must(nn.NewSequential(nn.NewInputLayer([]int{1, 1}, nn.Args{"batch_size": 1}),
		layers.NewSimpleRNN(1, nn.Args{"stateful": true, "activation": "linear", "kernel_initializer": "ones", "recurrent_initializer": "ones"})))
	x := tensor.FromSlice([]float32{1}, 1, 1, 1)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			s := m.NewSession()
			for k := range 5 {
				y, err := s.PredictAll(x)
				if err != nil || y[0].(*tensor.Tensor).Data()[0] != float32(k+1) {
					t.Errorf("step %d: %v (%v)", k, y, err)
				}
			}
			s.Reset()
			if y, err := s.PredictAll(x); err != nil || y[0].(*tensor.Tensor).Data()[0] != 1 {
				t.Errorf("after a reset: %v (%v)", y, err)
			}
		})
	}
	group.Wait()
	for _, want := range []float32{1, 2} {
		if y := must(m.Predict(x)); y.Data()[0] != want {
			t.Errorf("%v, not %v", y.Data(), want)
		}
	}
	m.ResetStates()
	if y := must(m.Predict(x)); y.Data()[0] != 1 {
		t.Errorf("after a reset: %v", y.Data())
	}
}

// TestAssign takes new weights at the next prediction, into tensors of the caller's, too.
func TestAssign(t *testing.T) {
	m := must(nn.NewSequential(nn.NewInputLayer([]int{2}), layers.NewDense(1, nn.Args{"use_bias": false, "name": "d"})))
	out := tensor.FromSlice([]float32{0}, 1, 1)
	for _, w := range [][]float32{{1, 1}, {2, 3}} {
		if err := m.Layer("d").Variable("kernel").Assign(tensor.FromSlice(w, 2, 1)); err != nil {
			t.Fatal(err)
		}
		for _, threads := range []int{0, 1} {
			m.SetThreads(threads)
			if err := m.PredictInto([]tensor.Any{out}, row(10, 100)); err != nil || out.Data()[0] != 10*w[0]+100*w[1] {
				t.Errorf("%v (%v)", out.Data(), err)
			}
		}
	}
	if err := m.PredictInto([]tensor.Any{row(1, 2)}, row(1, 2)); err == nil {
		t.Error("an output of another shape")
	}
}

// TestOptionalInput leaves out what may be left out.
func TestOptionalInput(t *testing.T) {
	x, y := nn.Input([]int{2}, nn.Args{"name": "x"}), nn.Input([]int{2}, nn.Args{"name": "y", "optional": true})
	m := must(nn.NewModel([]*nn.KerasTensor{x, y}, layers.Custom(&either{}, "my>Either").On(x, y)))
	if m.InputOptional(0) || !m.InputOptional(1) || m.InputOptional(2) {
		t.Error("the wrong input may be left out")
	}
	if got := must(m.Predict(row(1, 2), nil)); fmt.Sprint(got.Data()) != "[1 2]" {
		t.Errorf("%v", got.Data())
	}
	if got := must(m.Predict(row(1, 2), row(1, 1))); fmt.Sprint(got.Data()) != "[2 3]" {
		t.Errorf("%v", got.Data())
	}
	_, err := m.PredictAll(nil, row(1, 1))
	fails(t, "one that may not", err, `the input "x" is missing`)
}

// either adds its second argument if there is one.
type either struct{ layer.Base }

func (*either) Config(*layer.Config) {}
func (*either) Call(c *layer.Call) any {
	x, _ := c.Arg(0, "x").(*graph.Value)
	if y := c.Tensor(1, "y"); y != nil {
		return c.Add(x, y)
	}
	return c.Relu(x)
}
