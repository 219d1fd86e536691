package plan

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/tensor"
)

// heads brings (batch, time, heads, dim) to (batch, heads, time, dim), as attention layers do.
func (f *fixture) heads(x *value) *value { return f.Transpose(x, 0, 2, 1, 3) }

// mask is a random bool value; in each of its rows the first element is true.
func (f *fixture) mask(shape ...int) *value {
	first := tensor.New(shape...)
	for i := 0; i < first.Len(); i += shape[len(shape)-1] {
		first.Data()[i] = 10
	}
	return f.Compare(graph.Greater, f.Add(f.in(shape...), f.Const(first)), f.Scalar(tensor.Float32, 0.3))
}

// counted is 0, 1, ..., n-1.
func (f *fixture) counted(n int) *value {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	return f.Ints(tensor.Int32, list...)
}

func (f *fixture) causal(rows, cols int) *value {
	return f.Compare(graph.GreaterEqual, f.Reshape(f.counted(rows), 1, rows, 1), f.Reshape(f.counted(cols), 1, 1, cols))
}

// attends is what a test case of attention does between the two products.
type attends struct {
	batch, heads, m, t, dim, n int
	groups                     int // heads of K and V; as many as heads if 0
	scores                     func(f *fixture, s *value) *value
	weights                    func(f *fixture, s *value) *value
}

var low = -0.7 * 3.38953e38

var attentionCases = map[string]attends{
	"plain":           {2, 3, 20, 17, 8, 8, 0, nil, nil},
	"one query":       {1, 2, 1, 40, 16, 5, 0, nil, nil},
	"one key":         {2, 2, 3, 1, 4, 4, 0, nil, nil},
	"one head":        {1, 1, 130, 65, 33, 20, 0, nil, nil},
	"many rows":       {1, 3, 300, 200, 16, 16, 0, nil, nil},
	"many heads":      {3, 8, 5, 6, 4, 4, 0, nil, nil},
	"grouped":         {2, 6, 20, 17, 8, 8, 2, nil, nil},
	"scale":           {2, 3, 20, 17, 8, 8, 0, func(f *fixture, s *value) *value { return f.MulS(s, 0.35) }, nil},
	"soft cap":        {2, 3, 20, 17, 8, 8, 0, func(f *fixture, s *value) *value { return f.MulS(f.Tanh(f.MulS(s, 0.2)), 5) }, nil},
	"bias":            {2, 3, 20, 17, 8, 8, 0, func(f *fixture, s *value) *value { return f.Add(f.in(1, 3, 20, 17), s) }, nil},
	"bias of keys":    {2, 3, 20, 17, 8, 8, 0, func(f *fixture, s *value) *value { return f.Sub(s, f.in(2, 1, 1, 17)) }, nil},
	"bias of queries": {2, 3, 20, 17, 8, 8, 0, func(f *fixture, s *value) *value { return f.Mul(s, f.in(3, 20, 1)) }, nil},
	"padding mask": {2, 3, 20, 17, 8, 8, 0, func(f *fixture, s *value) *value {
		return f.Where(f.mask(2, 1, 1, 17), s, f.Scalar(tensor.Float32, low))
	}, nil},
	"causal": {2, 3, 20, 20, 8, 8, 0, func(f *fixture, s *value) *value {
		return f.Where(f.causal(20, 20), s, f.Scalar(tensor.Float32, -1e9))
	}, nil},
	"queries that see nothing": {1, 2, 60, 170, 8, 24, 0, func(f *fixture, s *value) *value {
		late := f.Compare(graph.GreaterEqual, f.Reshape(f.counted(60), 1, 60, 1), f.Int(tensor.Int32, 10))
		rest := f.Compare(graph.GreaterEqual, f.Reshape(f.counted(170), 1, 1, 170), f.Int(tensor.Int32, 30))
		return f.Where(f.And(f.And(f.causal(60, 170), late), rest), s, f.Scalar(tensor.Float32, -1e9))
	}, nil},
	"bad scores": {1, 2, 60, 170, 8, 24, 0, func(f *fixture, s *value) *value {
		s = f.Add(s, f.MulS(f.Cast(f.mask(1, 2, 60, 1), tensor.Float32), -1e12))
		return f.Where(f.causal(60, 170), s, f.Scalar(tensor.Float32, -1e9))
	}, nil},
	"long causal": {1, 2, 150, 170, 8, 24, 0, func(f *fixture, s *value) *value {
		return f.Where(f.causal(150, 170), s, f.Scalar(tensor.Float32, low))
	}, nil},
	"masks of all kinds": {2, 3, 20, 17, 8, 8, 0, func(f *fixture, s *value) *value {
		m := f.And(f.And(f.mask(2, 20, 17), f.Reshape(f.mask(2, 17), 2, 1, 17)), f.causal(20, 17))
		m = f.And(f.mask(1, 20, 1), m)
		return f.Where(f.Reshape(m, 2, 1, 20, 17), s, f.Scalar(tensor.Float32, low))
	}, nil},
	"weights of masked keys": {2, 3, 20, 17, 8, 8, 0, func(f *fixture, s *value) *value {
		return f.Where(f.Reshape(f.causal(20, 17), 1, 1, 20, 17), s, f.Scalar(tensor.Float32, -1e9))
	}, func(f *fixture, s *value) *value {
		return f.Where(f.causal(20, 17), s, f.Scalar(tensor.Float32, 0))
	}},
	"two attention axes": {2, 3, 20, 12, 8, 8, 0, func(f *fixture, s *value) *value {
		s = f.Where(f.mask(1, 1, 4, 5, 3, 4), f.Reshape(s, 2, 3, 4, 5, 3, 4), f.Scalar(tensor.Float32, low))
		return f.Reshape(s, 2, 3, 20, 12)
	}, nil},
	"added mask": {2, 3, 20, 17, 8, 8, 0, func(f *fixture, s *value) *value {
		return f.Where(f.And(f.mask(2, 1, 1, 17), f.causal(20, 17)), s, f.AddS(s, -1e9))
	}, nil},
	"half": {2, 3, 20, 17, 8, 8, 0, func(f *fixture, s *value) *value {
		return f.Where(f.mask(2, 1, 20, 17), f.MulS(s, 0.35), f.Scalar(tensor.BFloat16, -1e9))
	}, nil},
}

func (a attends) graph(f *fixture, half bool) []*value {
	groups := a.groups
	if groups == 0 {
		groups = a.heads
	}
	in := func(time, heads, dim int) *value {
		x := f.MulS(f.in(a.batch, time, heads, dim), 1)
		if half {
			x = f.Cast(x, tensor.BFloat16)
		}
		x = f.heads(x)
		if heads < a.heads {
			x = f.Repeat(x, 1, a.heads/heads)
		}
		return x
	}
	q, k, v := in(a.m, a.heads, a.dim), in(a.t, groups, a.dim), in(a.t, groups, a.n)
	s := f.MatMulT(q, k, false, true)
	if a.scores != nil {
		s = a.scores(f, s)
	}
	s = f.Softmax(s, -1)
	if a.weights != nil {
		s = a.weights(f, s)
	}
	return one(f.Reshape(f.heads(f.MatMul(s, v)), a.batch, a.m, a.heads*a.n))
}

func init() {
	for name, a := range attentionCases {
		cases["attention: "+name] = func(f *fixture) []*value { return a.graph(f, name == "half") }
	}
	cases["attention of itself"] = func(f *fixture) []*value {
		x := f.Relu(f.in(2, 30, 8))
		s := f.Softmax(f.MatMulT(x, x, false, true), -1)
		return one(f.MatMul(s, x))
	}
	cases["attention with its scores"] = func(f *fixture) []*value {
		q, k, v := f.in(2, 30, 8), f.in(2, 20, 8), f.in(2, 20, 8)
		s := f.Softmax(f.MatMulT(q, k, false, true), -1)
		return []*value{f.MatMul(s, v), s}
	}
	cases["products at strides"] = func(f *fixture) []*value {
		x, y := f.in(2, 9, 3, 10), f.in(2, 7, 3, 10)
		p := f.MatMulT(f.heads(x), f.heads(y), false, true)
		return []*value{
			f.heads(p), // whose rows stay whole
			f.Transpose(f.MatMulT(f.heads(x), f.heads(y), false, true), 0, 1, 3, 2), // whose rows do not
			f.MatMul(f.in(2, 3, 4, 7), f.Transpose(y, 0, 2, 1, 3)),
			f.MatMul(f.in(2, 3, 4, 10), f.Transpose(y, 0, 2, 3, 1)),
			f.MatMul(f.Transpose(x, 0, 1, 3, 2), f.BroadcastTo(f.in(1, 3, 5), 2, 9, 3, 5)),
			f.Relu(f.MatMul(f.Slice(x, 1, 2, 6), f.in(2, 1, 10, 4))),
			f.MatMulT(f.in(2, 5, 6), f.in(2, 5, 7), true, false),
		}
	}
}

// stepNames lists the steps of the plan of a case.
func stepNames(t *testing.T, name string) []string {
	p, err := Compile(build(name).Graph, Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range p.steps {
		names = append(names, s.name)
	}
	return names
}

func TestAttentionIsOneStep(t *testing.T) {
	for name := range attentionCases {
		names := fmt.Sprint(stepNames(t, "attention: "+name))
		for _, op := range []string{"softmax", "matmul", "transpose", "where", "repeat", "broadcast"} {
			if strings.Contains(names, op) {
				t.Errorf("%s: %s", name, names)
			}
		}
	}
	if names := stepNames(t, "attention with its scores"); strings.Contains(fmt.Sprint(names), "attention") {
		t.Errorf("scores that leave the graph are inside of an attention: %v", names)
	}
	if names := stepNames(t, "products at strides"); strings.Count(fmt.Sprint(names), "transpose") > 3 {
		t.Errorf("transposes are left: %v", names)
	}
}

func TestAttentionAllocatesNothing(t *testing.T) {
	for _, name := range []string{"attention: long causal", "attention: masks of all kinds", "products at strides"} {
		f := build(name)
		p, err := Compile(f.Graph, Options{Threads: 1})
		if err != nil {
			t.Fatal(err)
		}
		outputs, err := p.Run(f.inputs, nil)
		if err != nil {
			t.Fatal(err)
		}
		if n := testing.AllocsPerRun(20, func() {
			if err := p.RunInto(outputs, f.inputs, nil); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations a run", name, n)
		}
	}
}
