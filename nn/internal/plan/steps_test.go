package plan

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/tensor"
)

// TestWhatRunsTogether names the steps of small graphs: what follows a product belongs to it, other elementwise ops run in one go, what
// is needed elsewhere is written.
func TestWhatRunsTogether(t *testing.T) {
	for _, c := range []struct {
		name  string
		build func(f *fixture) []*value
		want  string
	}{
		{"a dense layer", func(f *fixture) []*value { return one(f.Relu(f.Add(f.Dense(f.in(5, 7), f.w(7, 4)), f.w(4)))) }, "matmul+add+relu"},
		{"a layer with a residual", func(f *fixture) []*value {
			return one(f.Relu(f.Add(f.Add(f.Dense(f.in(5, 7), f.w(7, 4)), f.w(4)), f.in(5, 4))))
		}, "matmul+add+add+relu"},
		{"an activation of any kind", func(f *fixture) []*value {
			return one(f.Unary(graph.Gelu, f.Add(f.Dense(f.in(5, 7), f.w(7, 4)), f.w(4))))
		}, "matmul+add+gelu"},
		{"a result that is used twice", func(f *fixture) []*value {
			x := f.Dense(f.in(5, 7), f.w(7, 4))
			return []*value{f.Relu(x), f.Exp(x)}
		}, "matmul | relu | exp"},
		{"two layers", func(f *fixture) []*value {
			return one(f.Dense(f.Tanh(f.Dense(f.in(5, 7), f.w(7, 4))), f.w(4, 3)))
		}, "matmul+tanh | matmul"},
		{"elementwise ops", func(f *fixture) []*value {
			return one(f.Exp(f.Mul(f.Add(f.in(5, 7), f.in(7)), f.in(5, 1))))
		}, "add+multiply+exp"},
		{"a diamond", func(f *fixture) []*value {
			x := f.Exp(f.in(50))
			return one(f.Mul(f.Add(x, f.in(50)), x))
		}, "exp+add+multiply"},
		{"a reduction in between", func(f *fixture) []*value {
			x := f.Exp(f.in(5, 7))
			return one(f.Mul(x, f.Reduce(graph.Sum, x, true, 1)))
		}, "exp | sum | multiply"},
		{"a convolution with a normalization", func(f *fixture) []*value {
			a := graph.Conv{PadLo: []int{1, 1}, PadHi: []int{1, 1}}
			return one(f.Relu(f.Add(f.Mul(f.Conv(f.in(1, 6, 6, 3), f.w(3, 3, 3, 8), a), f.w(8)), f.w(8))))
		}, "conv2d+multiply+add+relu"},
		{"views move nothing", func(f *fixture) []*value {
			return one(f.Reshape(f.Exp(f.Reshape(f.in(2, 3, 4), 6, 4)), 24))
		}, "exp"},
		{"an attention", func(f *fixture) []*value {
			s := f.Softmax(f.MulS(f.MatMulT(f.in(2, 5, 8), f.in(2, 6, 8), false, true), 0.3), -1)
			return one(f.MatMul(s, f.in(2, 6, 4)))
		}, "attention"},
		{"types without kernels", func(f *fixture) []*value {
			x := f.Cast(f.in(4, 4), tensor.Float64)
			return one(f.Exp(f.MatMul(x, x)))
		}, "cast | matmul | exp"},
		{"integers", func(f *fixture) []*value {
			x := f.Cast(f.in(4), tensor.Int32)
			return one(f.Mul(f.Add(x, x), x))
		}, "cast | add | multiply"},
	} {
		f := &fixture{Builder: graph.NewBuilder(), rng: rand.New(rand.NewPCG(1, 2))}
		f.Graph.Outputs = c.build(f)
		p, err := Compile(f.Graph, Options{Threads: 1})
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, s := range p.steps {
			names = append(names, s.name)
		}
		if got := strings.Join(names, " | "); got != c.want {
			t.Errorf("%s: %s, not %s", c.name, got, c.want)
		}
	}
}

// TestDirectionsRunSideBySide joins two recurrent steps that need nothing of each other, where threads would be idle.
func TestDirectionsRunSideBySide(t *testing.T) {
	tanh, sigmoid := graph.Chain{{Op: graph.Tanh}}, graph.Chain{{Op: graph.Sigmoid}}
	for _, c := range []struct {
		threads, batch int
		after          bool // the second reads what the first writes
		want           int  // steps
	}{{2, 1, false, 1}, {1, 1, false, 2}, {2, 1, true, 2}} {
		f := &fixture{Builder: graph.NewBuilder(), rng: rand.New(rand.NewPCG(1, 2))}
		lstm := func(x *value, backwards bool) *value {
			a := graph.Recurrent{Activation: tanh, Gate: sigmoid}
			a.Sequences, a.Backwards = true, backwards
			out, _ := f.Recurrent(a, nil, x, f.w(6, 24), f.in(c.batch, 6), f.in(c.batch, 6))
			return out
		}
		first := lstm(f.in(c.batch, 5, 24), false)
		x := f.in(c.batch, 5, 24)
		if c.after {
			x = f.Concat(2, first, first, first, first)
		}
		f.Graph.Outputs = []*value{first, lstm(x, true)}
		p, err := Compile(f.Graph, Options{Threads: c.threads})
		if err != nil {
			t.Fatal(err)
		}
		recurrent := 0
		for _, s := range p.steps {
			if strings.Contains(s.name, "lstm") {
				recurrent++
			}
		}
		if recurrent != c.want {
			t.Errorf("%+v: %d recurrent steps", c, recurrent)
		}
	}
}

// TestProfile times every step, with the layer that wrote it.
func TestProfile(t *testing.T) {
	f := &fixture{Builder: graph.NewBuilder(), rng: rand.New(rand.NewPCG(1, 2))}
	f.Label = "first"
	x := f.Tanh(f.Dense(f.in(5, 7), f.w(7, 4)))
	f.Label = "second"
	f.Graph.Outputs = one(f.Softmax(x, -1))
	p, err := Compile(f.Graph, Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	steps, err := p.Profile(3, f.inputs, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(steps) != 2 || steps[0].Layer != "first" || steps[0].Name != "matmul+tanh" || steps[1].Layer != "second" ||
		steps[1].Name != "softmax" || steps[0].Time <= 0 {
		t.Errorf("%+v", steps)
	}
	if _, err := p.Profile(1, append(f.inputs, f.inputs[0]), nil); err == nil {
		t.Error("an input too many")
	}
	if p.Memory() < 4*(5*7+5*4) {
		t.Errorf("%d bytes for a run", p.Memory())
	}
}
