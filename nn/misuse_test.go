package nn_test

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/hornml/horn/kerasfile"
	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/initializers"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/nn/layers"
	"github.com/hornml/horn/nn/ops"
	"github.com/hornml/horn/nn/optimizers"
	"github.com/hornml/horn/tensor"
)

// own is a layer of the caller's.
type own struct{ layer.Base }

func (*own) Config(*layer.Config)   {}
func (*own) Call(c *layer.Call) any { return c.X() }

// outcome is the sentence with which a call failed, by an error or a panic, "" for none.
func outcome(t *testing.T, call func() any) (sentence string) {
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(runtime.Error); ok {
				t.Errorf("an error of the runtime: %v", r)
			}
			sentence = fmt.Sprint(r)
		}
	}()
	if err, ok := call().(error); ok {
		return err.Error()
	}
	return ""
}

// TestMistakesOfCallers makes models wrongly in all kinds of ways: each gets a sentence that says what to do.
func TestMistakesOfCallers(t *testing.T) {
	x := nn.Input([]int{3}, nn.Args{"name": "x"})
	dense := func(args nn.Args) func() any { return func() any { return layers.NewDense(3, args) } }
	input := func(shape []int, args nn.Args) func() any { return func() any { return nn.Input(shape, args) } }
	on := func(args ...any) func() any { return func() any { return layers.NewDense(3).On(args...) } }
	model := func(in, out any, args ...nn.Args) func() any {
		return func() any { _, err := nn.NewModel(in, out, args...); return err }
	}
	sequential := func(do func(m *nn.Model) error, list ...nn.Layer) func() any {
		return func() any {
			m, err := nn.NewSequential(list...)
			if err != nil {
				return err
			}
			return do(m)
		}
	}
	predict := func(x ...tensor.Any) func(m *nn.Model) error {
		return func(m *nn.Model) error { _, err := m.Predict(x...); return err }
	}
	apply := func(module, class string, config nn.Args, args ...any) func() any {
		return func() any {
			y, err := ops.Apply(module, class, config, args...)
			if err != nil {
				return err
			}
			_, err = nn.NewModel(x, y)
			return err
		}
	}
	var noRegistry *layer.Registry
	for _, c := range []struct {
		call func() any
		want string
	}{
		{dense(nn.Args{"activaton": "relu"}), `activaton: Dense has no such argument (did you mean "activation"?)`},
		{dense(nn.Args{"useBias": false}), `(did you mean "use_bias"?)`},
		{dense(nn.Args{"units": 4}), "units is given twice"},
		{dense(nn.Args{"use_bias": "yes"}), `use_bias: true or false is expected, not the string "yes"`},
		{dense(nn.Args{"use_bias": struct{}{}}), "true or false is expected, not struct {}"},
		{dense(nn.Args{"activation": "rleu"}), `(did you mean "relu"?)`},
		{dense(nn.Args{"activation": func(b *graph.Builder, x *graph.Value) *graph.Value { return x }}), "a file has no place for a function"},
		{dense(nn.Args{"kernel_initializer": "he_norml"}), `there is none of this name (did you mean "he_normal"?)`},
		{dense(nn.Args{"kernel_initializer": "glorot"}), `(did you mean "glorot_`},
		{dense(nn.Args{"kernel_constraint": "nonneg"}), `(did you mean "non_neg"?)`},
		{dense(nn.Args{"kernel_regularizer": &initializers.Constant{}}), "one of keras.regularizers is expected, not a *initializers.Constant"},
		{dense(nn.Args{"name": 3}), "name: a string is expected"},
		{dense(nn.Args{"name": "a/b"}), "a name without / is expected"},
		{dense(nn.Args{"dtype": "float33"}), `"float33" is no dtype policy`},
		{func() any { return layers.NewDense(0) }, "units: a positive integer is expected"},
		{func() any { return layers.NewConv2D(3, "3") }, "kernel_size: an integer or a list of integers is expected"},
		{func() any { return layers.NewBidirectional(nil) }, "layer: a layer is expected"},
		{func() any { return layers.NewBidirectional(layers.NewDense(3)) }, "a recurrent layer such as LSTM is expected"},
		{func() any { return layers.NewTimeDistributed((*layers.Dense)(nil)) }, "a nil *layers.Dense"},
		{func() any { return layers.NewTimeDistributed(new(layers.Dense)) }, "make it with its constructor"},
		{func() any { return layers.NewTimeDistributed(layers.NewDense(2, nn.Args{"input_shape": 3})) }, `the argument "input_shape"`},
		{func() any { return layers.NewRNN(layers.NewLSTM(3)) }, "a recurrent cell such as LSTMCell is expected"},
		{func() any { return layers.NewStackedRNNCells([]layer.Layer{nil}) }, "cells/0: a layer is expected"},
		{func() any { return layers.Custom((*own)(nil), "acme>Own") }, "a new *nn_test.own is expected, not nil"},
		{func() any { return layers.Custom(new(own), "") }, "a registered name"},
		{func() any { return layers.Custom(new(own), "acme>Own", nn.Args{"x": 2}) }, "x: Own has no such argument"},
		{func() any { _, err := layers.New("Dens"); return err }, `(did you mean "Dense"?)`},
		{func() any { _, err := noRegistry.New("Dense"); return err }, "the registry has no layers"},
		{func() any {
			return layer.Construct(nil, new(layers.Dense), layer.Class{Name: "Dense"}, nn.Args{"units": 3})
		},
			"the registry has no keras.initializers"},
		{func() any { return layer.NewRegistry(nil) }, "family 1 is nil"},
		{func() any { return initializers.New("he_norml") }, `(did you mean "he_normal"?)`},
		{input([]int{-5}, nil), "-1 for one that may vary"},
		{input([]int{3}, nn.Args{"batchsize": 2}), `(did you mean "batch_size"?)`},
		{input([]int{3}, nn.Args{"dtype": "foo"}), `"foo" is no dtype policy`},
		{on(), "on no *KerasTensor"},
		{on(nil), "on no *KerasTensor"},
		{on((*nn.KerasTensor)(nil)), "a *KerasTensor that is nil"},
		{on(new(nn.KerasTensor)), "neither nn.Input nor a layer has made"},
		{on([]*nn.KerasTensor{x, nil}), "a *KerasTensor that is nil"},
		{on(tensor.New(2, 3)), "numbers are for Model.Predict"},
		{on(layers.NewDense(2)), "layer.On(x)"},
		{func() any { return new(layers.Dense).On(x) }, "make it with its constructor"},
		{func() any { return layers.NewDense(3).OnAll(0, x) }, "1 output or more"},
		{func() any { return layers.NewDense(3).On(x).Output(-1) }, "numbered from 0"},
		{model(x, layers.NewDense(3).On(x).Output(2)), `output 2 of the layer "dense" does not exist; it has 1`},
		{model(nil, nil), "an input is nil"},
		{model(x, nil), "an output is nil"},
		{model([]*nn.KerasTensor{}, x), "at least one input"},
		{model(x, layers.NewDense(3)), "an output is a *layers.Dense: give what the layer gives"},
		{model(nn.NewInputLayer([]int{3}), x), "give what nn.Input returns"},
		{model(new(nn.KerasTensor), x), "an empty KerasTensor"},
		{model(layers.NewDense(3).On(x), layers.NewDense(2).On(x)), "an input must be made by nn.Input"},
		{model([]*nn.KerasTensor{x, x}, layers.NewDense(2).On(x)), `the input "x" is given twice`},
		{model(nn.Input([]int{3}), layers.NewDense(2).On(x)), `the outputs need the input "x"`},
		{model(x, layers.NewDense(2).On(x), nn.Args{"nam": "m"}), `(did you mean "name"?)`},
		{model(x, layers.NewDense(2).On(x), nn.Args{"name": 3}), "name: a string"},
		{model(x, layers.NewDense(2, nn.Args{"name": "d"}).On(layers.NewDense(2, nn.Args{"name": "d"}).On(x))), "give one of them another"},
		{model(x, layers.NewConv2D(2, 3).On(x)), "an input of rank 4 is expected"},
		{model(x, layers.NewAdd().On([]*nn.KerasTensor{x, layers.NewDense(2).On(x)})), "do not broadcast"},
		{model(x, layers.NewDense(3).OnKw([]any{x}, nn.Args{"trainin": true})[0]), `an unknown argument "trainin"`},
		{sequential(predict(tensor.New(2, 3))), "has no layers"},
		{sequential(predict(tensor.New(2, 3), tensor.New(2, 3)), layers.NewDense(3)), "takes one tensor, not 2"},
		{sequential(predict(nil), layers.NewDense(3)), "one tensor is expected"},
		{sequential(predict(), layers.NewDense(3)), "needs an input"},
		{sequential(func(m *nn.Model) error { return m.Layer("dense").Variable("kernel").Assign(nil) }, nn.NewInputLayer([]int{3}),
			layers.NewDense(3)), "a tensor of shape (3, 3) is expected, not nil"},
		{sequential(func(m *nn.Model) error { return kerasfile.SaveWeights(m, filepath.Join(t.TempDir(), "w.weights.h5")) }, layers.NewDense(3)),
			"it does not know the shape of its input"},
		{func() any { return kerasfile.Save(nil, filepath.Join(t.TempDir(), "m.keras")) }, "there is no model: it is nil"},
		{apply("numpy", "Ad", nil, x), `(did you mean "numpy.Add"?)`},
		{apply("nump", "Add", nil, x, x), `(did you mean "numpy.Add"?)`},
		{apply("numpy", "Add", nil, x), `the tensor "x2" is missing`},
		{apply("numpy", "Mean", nn.Args{"axs": 1}, x), `unknown argument "axs"`},
		{func() any { return new(optimizers.Adam).Build(nil) }, "an optimizer is made by a registry"},
		{func() any { return nn.NewFunction(nil) }, "a function that writes ops is expected"},
	} {
		if got := outcome(t, c.call); !strings.Contains(got, c.want) {
			t.Errorf("%q, where %q should be said", got, c.want)
		}
	}
}

// TestArgumentsOfAllTypes gives arguments in the types that Go programs have them in.
func TestArgumentsOfAllTypes(t *testing.T) {
	type size int32
	for _, kernel := range []any{3, int64(3), uint8(3), size(3), []int{3, 3}, []int32{3, 3}, [2]int{3, 3}, []any{3, size(3)}} {
		if got := layers.NewConv2D(2, kernel).KernelSize; len(got) != 2 || got[0] != 3 || got[1] != 3 {
			t.Errorf("%T: %v", kernel, got)
		}
	}
	for _, initializer := range []any{"ones", initializers.New("ones"), &initializers.Constant{Value: 1.0}, &initializers.Ones{},
		nn.Args{"class_name": "Constant", "config": nn.Args{"value": 1.0}}} {
		m := sequential(t, nn.NewInputLayer([]int{2}), layers.NewDense(1, nn.Args{"kernel_initializer": initializer}))
		y, err := m.Predict(tensor.FromSlice([]float32{2, 3}, 1, 2))
		if err != nil || y.At(0, 0) != 5 {
			t.Errorf("%T: %v, %v", initializer, y, err)
		}
	}
}
