package layer_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/nn/layers"
	"github.com/hornml/horn/tensor"
)

func TestVariable(t *testing.T) {
	v := layer.NewVariable("kernel", "d/kernel", tensor.FromSlice([]float64{1, 2, 3}, 3))
	if v.Size() != 3 || v.DType != tensor.Float64 || !v.HasValue() {
		t.Errorf("%+v", v)
	}
	if x, err := v.Tensor(); err != nil || fmt.Sprint(x.Data()) != "[1 2 3]" {
		t.Errorf("%v (%v)", x, err)
	}
	fails(t, "shape", v.Assign(tensor.FromSlice([]float64{1}, 1)), "variable d/kernel has shape (3,), not (1,)")
	fails(t, "type", v.Assign(tensor.FromSlice([]float32{1, 2, 3}, 3)), "variable d/kernel is float64, not float32")
	p := v.Param()
	version := p.Version()
	if err := v.Assign(tensor.FromSlice([]float64{4, 5, 6}, 3)); err != nil {
		t.Fatal(err)
	}
	if p.Version() == version || v.Param() != p {
		t.Error("nobody can tell that the variable has changed")
	}
	if b, err := p.Buf(); err != nil || b.D[0] != 4 {
		t.Errorf("%v (%v)", b, err)
	}
	if err := p.Store(graph.Buf{D: []float64{7, 8, 9}}); err != nil || p.Version() != version+2 {
		t.Errorf("%v, version %d", err, p.Version())
	}
	if x, err := v.Value(); err != nil || x.(*tensor.Of[float64]).Data()[2] != 9 {
		t.Errorf("%v (%v)", x, err)
	}
}

// TestInitialValue makes the elements when they are asked for, once, also for many at the same time.
func TestInitialValue(t *testing.T) {
	made := 0
	var fail error
	var w *layer.Variable
	p := named(&probe{build: func(c *layer.Call) {
		w = c.AddWeight("w", initializer(func(shape []int, d tensor.DType) (tensor.Any, error) {
			made++
			return tensor.NewAny(d, shape...), fail
		}), []int{2})
		c.AddWeight("empty", nil, []int{2})
	}}, "p")
	if _, _, err := run(p, nil, vector(1)); err != nil {
		t.Fatal(err)
	}
	if w.HasValue() || made != 0 {
		t.Error("made before anybody asked")
	}
	fail = errors.New("no luck")
	_, err := w.Value()
	fails(t, "initializer", err, "variable p/w: no luck")
	fail, made = nil, 0
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			if _, err := w.Value(); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if made != 1 {
		t.Errorf("made %d times", made)
	}
	_, err = p.Variable("empty").Value()
	fails(t, "no initializer", err, "variable p/empty has no value")
	_, err = p.Variable("empty").Tensor()
	fails(t, "no initializer", err, "has no value")
	if p.Variable("none") != nil || p.Variable("none/w") != nil {
		t.Error("a variable that is not there")
	}
}

// TestInnerVariables finds variables inside layers by attribute or name, each once.
func TestInnerVariables(t *testing.T) {
	weighty := func(name string) *probe {
		p := &probe{}
		p.build = func(c *layer.Call) { c.AddWeight("w", ones, []int{1}) }
		p.call = func(c *layer.Call) any { return c.Mul(c.X(), c.Var(p.Variable("w"))) }
		return named(p, name)
	}
	a, b, c := weighty("a"), weighty("b"), weighty("c")
	outer := &probe{inner: []layer.Child{{Attr: "cell", Layer: a}, {Attr: "parts", List: []layer.Layer{b, c, b}}}}
	outer.build = func(c *layer.Call) { c.AddWeight("own", ones, []int{1}) }
	outer.call = func(call *layer.Call) any {
		x := call.Run1(a, call.X())
		call.ShareWeight(a.Variable("w"))
		return call.Run1(c, call.Run1(b, x))
	}
	named(outer, "outer")
	if _, _, err := run(outer, nil, vector(2)); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{"own": "outer/own", "cell/w": "outer/a/w", "a/w": "outer/a/w", "b/w": "outer/b/w",
		"c/w": "outer/c/w"} {
		if v := outer.Variable(path); v == nil || v.Path != want {
			t.Errorf("%s: %v", path, v)
		}
	}
	var paths []string
	for _, v := range outer.Variables() {
		paths = append(paths, v.Path)
	}
	if fmt.Sprint(paths) != "[outer/own outer/a/w outer/b/w outer/c/w]" {
		t.Errorf("%v", paths)
	}
	visited := 0
	layer.Each(outer, func(layer.Layer) { visited++ })
	if visited != 4 || len(layer.Sublayers(outer)) != 4 || layer.Sublayers(layer.Layer(&layer.InputLayer{})) != nil {
		t.Errorf("%d layers are visited", visited)
	}
	outer.SetTrainable(false)
	if a.Trainable() || b.Trainable() || !a.Variable("w").Trainable {
		t.Error("freezing concerns layers, and all inside")
	}
	a.SetTrainable(true)
	if outer.Trainable() || !a.Trainable() {
		t.Error("an inner layer can be unfrozen alone")
	}
}

// saver keeps its variables in files in an order of its own.
type saver struct{ probe }

func (s *saver) SavedVariables() []*layer.Variable { return layer.OwnVariables(s)[1:] }

func TestSavedVariables(t *testing.T) {
	s := &saver{probe{build: func(c *layer.Call) {
		c.AddWeight("a", ones, nil)
		c.AddWeight("b", ones, nil)
	}}}
	if _, _, err := run(layers.Custom(s, "test>S"), nil, vector(1)); err != nil {
		t.Fatal(err)
	}
	if got := layer.SavedVariables(s); len(got) != 1 || got[0].Name != "b" {
		t.Errorf("%v", got)
	}
	// What is frozen later keeps its place.
	p := named(&probe{build: func(c *layer.Call) {
		c.AddWeight("fixed", ones, nil, layer.NotTrainable)
		c.AddWeight("first", ones, nil)
		c.AddWeight("second", ones, nil)
	}}, "p")
	if _, _, err := run(p, nil, vector(1)); err != nil {
		t.Fatal(err)
	}
	p.Variable("first").Trainable = false
	order := func(list []*layer.Variable) (s string) {
		for _, v := range list {
			s += v.Name + " "
		}
		return s
	}
	if own, saved := order(layer.OwnVariables(p)), order(layer.SavedVariables(p)); own != "first second fixed " || saved != own {
		t.Errorf("%s, saved %s", own, saved)
	}
}

// square is a regularizer: the sum of squares.
type square struct{ factor float64 }

func (square) Config(*layer.Config) {}
func (s square) Penalty(b *graph.Builder, x *graph.Value) *graph.Value {
	return b.MulS(b.Sum(b.Mul(x, x)), s.factor)
}

// TestPenalty adds what outputs and weights add to a loss: outputs for each sample.
func TestPenalty(t *testing.T) {
	var w *layer.Variable
	p := &probe{Base: layer.Base{ActivityRegularizer: &layer.Object{Name: "S", Impl: square{10}}}}
	p.build = func(c *layer.Call) {
		w = c.AddWeight("w", ones, []int{2}, layer.Regularized(&layer.Object{Name: "S", Impl: square{0.5}}, nil))
	}
	p.call = func(c *layer.Call) any { return c.AddS(c.X(), 1) }
	named(p, "p")
	outer := named(&probe{call: func(c *layer.Call) any { return c.Run(p, c.X()) }}, "outer")
	penalty := func(tr *layer.Trace, variables ...*layer.Variable) (float32, error) {
		var x *graph.Value
		traced, err := tr.Run(outer, func(b *graph.Builder) []*graph.Value {
			x = b.Input(tensor.Float32, 2, 1)
			return []*graph.Value{x}
		})
		if err != nil {
			return 0, err
		}
		sum, err := tr.Penalty(variables)
		if err != nil || sum == nil {
			return 0, err
		}
		traced.Graph.Outputs = append(traced.Graph.Outputs, sum)
		out, err := graph.Interpret(traced.Graph, graph.Run{Inputs: []graph.Buf{{F: []float32{1, 2}}}})
		if err != nil {
			return 0, err
		}
		return out[1].F[0], nil
	}
	if got, err := penalty(&layer.Trace{}); got != 0 || err != nil {
		t.Errorf("%v (%v)", got, err)
	}
	// (2*2 + 3*3)*10 / 2 samples, and 0.5*(1 + 1).
	if got, err := penalty(&layer.Trace{Penalize: true}, w); got != 66 || err != nil {
		t.Errorf("%v (%v)", got, err)
	}
	w.Regularizer.Impl = myOnes{}
	_, err := penalty(&layer.Trace{Penalize: true}, w)
	fails(t, "no regularizer", err, "the regularizer S of variable p/w has no Go form")
	p.ActivityRegularizer.Impl = myOnes{}
	_, err = penalty(&layer.Trace{Penalize: true})
	fails(t, "no regularizer", err, "the activity regularizer S has no Go form")
}
