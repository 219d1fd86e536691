package pass_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/internal/pass"
	"github.com/hornml/horn/tensor"
)

// sample is a graph for one pass, and the ops that are left of it.
type sample struct {
	pass  string
	name  string
	build func(b *maker)
	want  string // the names of the ops that are left, without inputs, in their order
}

// maker builds graphs over random inputs and constants.
type maker struct {
	*graph.Builder
	r      *rand.Rand
	inputs []graph.Buf
}

func (m *maker) random(n int) graph.Buf {
	buf := graph.Buf{F: make([]float32, n)}
	for i := range buf.F {
		buf.F[i] = float32(m.r.NormFloat64())
	}
	return buf
}

func (m *maker) in(shape ...int) *graph.Value {
	m.inputs = append(m.inputs, m.random(graph.Product(shape)))
	return m.Input(tensor.Float32, shape...)
}

func (m *maker) w(shape ...int) *graph.Value {
	return m.ConstBuf(m.random(graph.Product(shape)), tensor.Float32, shape...)
}

// out says what the graph computes.
func (m *maker) out(v ...*graph.Value) { m.Graph.Outputs = append(m.Graph.Outputs, v...) }

// heads splits the last axis of (batch, time, heads*size) and brings the heads before the time.
func (m *maker) heads(x *graph.Value, heads int) *graph.Value {
	return m.Transpose(m.Reshape(x, x.Shape[0], x.Shape[1], heads, x.Shape[2]/heads), 0, 2, 1, 3)
}

var samples = []sample{
	{"stand-ins", "a value that only gradients see", func(m *maker) {
		x := m.in(3)
		m.out(m.Exp(m.StopGradient(m.StraightThrough(m.StopGradient(x), m.Tanh(x)))))
	}, "exp"},
	{"stand-ins", "an output", func(m *maker) { m.out(m.StopGradient(m.in(3))) }, ""},

	{"fold", "arithmetic of constants", func(m *maker) {
		k := m.Add(m.MulS(m.w(3), 2), m.Exp(m.w(3)))
		m.out(m.Add(m.in(3), m.Transpose(m.Reshape(k, 3, 1), 1, 0)))
	}, "const add"},
	{"fold", "not what would be much larger", func(m *maker) { m.out(m.Add(m.in(50, 60, 70), m.BroadcastTo(m.w(70), 50, 60, 70))) },
		"const broadcast_to add"},
	{"fold", "small ones in any case", func(m *maker) { m.out(m.Add(m.in(5, 7), m.BroadcastTo(m.w(7), 5, 7))) }, "const add"},
	{"fold", "a mask, with what it is made of", func(m *maker) {
		rows, columns := m.Iota(tensor.Int32, 90), m.Iota(tensor.Int32, 90)
		causal := m.Compare(graph.GreaterEqual, m.ExpandDims(rows, 1), m.ExpandDims(columns, 0))
		m.out(m.Where(causal, m.in(90, 90), m.Scalar(tensor.Float32, -1e9)))
	}, "const const where"},
	{"fold", "not what depends on an input", func(m *maker) {
		x := m.in(3)
		m.out(m.Mul(m.Exp(x), m.Exp(m.w(3))))
	}, "exp const multiply"},

	{"separate", "a transposed convolution with constant weights", func(m *maker) {
		m.out(m.Conv(m.in(1, 4, 2), m.w(4, 2, 3), graph.Conv{InputDilation: []int{2}, PadLo: []int{2}, PadHi: []int{2}}))
	}, "const slice conv slice conv concatenate reshape transpose reshape"},
	{"separate", "one whose taps do not overlap", func(m *maker) {
		m.out(m.Conv(m.in(1, 4, 2), m.w(2, 2, 3), graph.Conv{InputDilation: []int{2}, PadLo: []int{1}, PadHi: []int{1}}))
	}, "const slice transpose reshape conv reshape transpose reshape"},
	{"separate", "weights that are computed", func(m *maker) {
		m.out(m.Conv(m.in(1, 4, 2), m.in(4, 2, 3), graph.Conv{InputDilation: []int{2}, PadLo: []int{2}, PadHi: []int{2}}))
	}, "spread conv"},
	{"separate", "a plain convolution", func(m *maker) { m.out(m.Conv(m.in(1, 4, 2), m.w(2, 2, 3), graph.Conv{})) }, "const conv"},

	{"repeats", "upsampling", func(m *maker) { m.out(m.Repeat(m.Repeat(m.in(2, 3, 4, 5), 1, 2), 2, 3)) }, "repeat repeat"},
	{"repeats", "tiling is none", func(m *maker) { m.out(m.Tile(m.in(2, 3), 1, 2)) }, "reshape broadcast_to reshape"},

	{"transposes", "two that undo each other", func(m *maker) {
		m.out(m.Exp(m.Transpose(m.Transpose(m.in(2, 3, 4), 2, 0, 1), 1, 2, 0)))
	}, "exp"},
	{"transposes", "two that are one", func(m *maker) { m.out(m.Transpose(m.Transpose(m.in(2, 3, 4), 2, 0, 1), 2, 0, 1)) }, "transpose"},
	{"transposes", "one that moves nothing in memory", func(m *maker) { m.out(m.Transpose(m.in(1, 3, 1, 4), 0, 2, 1, 3)) }, "reshape"},
	{"transposes", "reshapes of reshapes", func(m *maker) { m.out(m.Reshape(m.Reshape(m.Reshape(m.in(2, 3, 4), 24), 6, 4), 3, 8)) },
		"reshape"},
	{"transposes", "one that others read, too", func(m *maker) {
		x := m.Transpose(m.in(2, 3, 4), 2, 0, 1)
		m.out(m.Exp(x), m.Transpose(x, 2, 0, 1))
	}, "transpose exp transpose"},

	{"sink", "below elementwise ops", func(m *maker) {
		x := m.Transpose(m.in(2, 3, 4, 5), 0, 3, 1, 2)
		m.out(m.Relu(m.Add(m.Mul(x, m.w(5, 1, 1)), m.Scalar(tensor.Float32, 1))))
	}, "const reshape multiply const add relu transpose"},
	{"sink", "below a concatenation along the channels", func(m *maker) {
		x, y := m.Transpose(m.in(2, 3, 4, 5), 0, 3, 1, 2), m.Transpose(m.in(2, 3, 4, 2), 0, 3, 1, 2)
		m.out(m.Concat(1, x, y))
	}, "concatenate transpose"},
	{"sink", "a reshape below a bias", func(m *maker) {
		m.out(m.Add(m.Reshape(m.Exp(m.in(6, 12)), 2, 3, 4, 3), m.w(4, 3)))
	}, "exp const reshape add reshape"},
	{"sink", "not below what knows places", func(m *maker) {
		m.out(m.Cumsum(m.Transpose(m.in(2, 3, 4, 5), 0, 3, 1, 2), 1))
	}, "transpose cumsum"},
	{"sink", "not where others need it as it is", func(m *maker) {
		x := m.Transpose(m.in(2, 3, 4, 5), 0, 3, 1, 2)
		m.out(m.Exp(x), x)
	}, "transpose exp"},

	{"attention", "scaled scores", func(m *maker) {
		q, k, v := m.in(2, 3, 5, 8), m.in(2, 3, 6, 8), m.in(2, 3, 6, 4)
		m.out(m.MatMul(m.Softmax(m.MulS(m.MatMulT(q, k, false, true), 0.5), -1), v))
	}, "attention"},
	{"attention", "heads, a mask and an added bias", func(m *maker) {
		q, k, v := m.heads(m.in(2, 5, 12), 3), m.heads(m.in(2, 6, 12), 3), m.heads(m.in(2, 6, 12), 3)
		s := m.Add(m.MulS(m.MatMulT(q, k, false, true), 0.5), m.in(1, 1, 5, 6))
		mask := m.Compare(graph.Greater, m.in(2, 1, 1, 6), m.Scalar(tensor.Float32, 0))
		s = m.Where(mask, s, m.Scalar(tensor.Float32, -1e9))
		y := m.MatMul(m.Softmax(s, -1), v)
		m.out(m.Reshape(m.Transpose(y, 0, 2, 1, 3), 2, 5, 12))
	}, "const greater attention reshape"},
	{"attention", "two masks in one", func(m *maker) {
		q, k, v := m.in(2, 5, 8), m.in(2, 6, 8), m.in(2, 6, 4)
		zero := m.Scalar(tensor.Float32, 0)
		mask := m.And(m.Compare(graph.Greater, m.in(2, 1, 6), zero), m.Compare(graph.Greater, m.in(1, 5, 6), zero))
		m.out(m.MatMul(m.Softmax(m.Where(mask, m.MatMulT(q, k, false, true), m.Scalar(tensor.Float32, -9)), -1), v))
	}, "const greater greater attention"},
	{"attention", "scores that are an output", func(m *maker) {
		q, k, v := m.in(2, 5, 8), m.in(2, 6, 8), m.in(2, 6, 4)
		s := m.Softmax(m.MatMulT(q, k, false, true), -1)
		m.out(m.MatMul(s, v), s)
	}, "matmul softmax matmul"},
	{"attention", "a softmax over another axis", func(m *maker) {
		q, k, v := m.in(2, 5, 8), m.in(2, 6, 8), m.in(2, 6, 4)
		m.out(m.MatMul(m.Softmax(m.MatMulT(q, k, false, true), -2), v))
	}, "matmul softmax matmul"},
	{"attention", "a scale after the softmax", func(m *maker) {
		q, k, v := m.in(2, 5, 8), m.in(2, 6, 8), m.in(2, 6, 4)
		m.out(m.MatMul(m.MulS(m.Tanh(m.Softmax(m.MatMulT(q, k, false, true), -1)), 3), v))
	}, "attention"},

	{"products", "operands that are transposed", func(m *maker) {
		x, y := m.heads(m.in(2, 5, 12), 3), m.heads(m.in(2, 6, 12), 3)
		m.out(m.MatMulT(x, y, false, true))
	}, "matmul"},
	{"products", "a left side of columns", func(m *maker) { m.out(m.MatMulT(m.in(2, 4, 5), m.in(2, 4, 6), true, false)) },
		"transpose matmul"},
	{"products", "a result that is transposed", func(m *maker) {
		m.out(m.Transpose(m.MatMul(m.in(2, 3, 5, 4), m.in(2, 3, 4, 6)), 0, 2, 1, 3))
	}, "matmul"},
	{"products", "a constant matrix stays with its product", func(m *maker) { m.out(m.Dense(m.in(5, 4), m.w(4, 6))) }, "const matmul"},
	{"products", "a matrix for a whole batch", func(m *maker) {
		m.out(m.MatMul(m.in(3, 5, 4), m.BroadcastTo(m.in(4, 6), 3, 4,
			6)))
	}, "matmul"},
}

// TestEachPass runs one pass on a graph that is made for it: it does what it is there for, and the graph computes what it computed.
func TestEachPass(t *testing.T) {
	tested := map[string]bool{}
	for _, s := range samples {
		t.Run(s.pass+"/"+s.name, func(t *testing.T) {
			m := &maker{Builder: graph.NewBuilder(), r: rand.New(rand.NewPCG(1, 2))}
			s.build(m)
			want, err := graph.Interpret(m.Graph, graph.Run{Inputs: m.inputs})
			if err != nil {
				t.Fatal(err)
			}
			list := pass.List()
			i := slices.IndexFunc(list, func(p pass.Pass) bool { return p.Name == s.pass })
			if err := list[i].Apply(m.Graph, memory{}); err != nil {
				t.Fatal(err)
			}
			if err := graph.Verify(m.Graph); err != nil {
				t.Fatal(err)
			}
			got, err := graph.Interpret(m.Graph, graph.Run{Inputs: m.inputs})
			if err != nil {
				t.Fatal(err)
			}
			for i, v := range m.Graph.Outputs {
				if at := differs(got[i], want[i], v.DType); at >= 0 {
					t.Errorf("output %d differs at %d: %g, %g before", i, at, got[i].Float64(at), want[i].Float64(at))
				}
			}
			var names []string
			for _, n := range m.Graph.Nodes {
				if !graph.Is[graph.Input](n.Op) {
					names = append(names, n.Op.Name())
				}
			}
			if got := strings.Join(names, " "); got != s.want {
				t.Errorf("%q is left, not %q", got, s.want)
			}
		})
		tested[s.pass] = true
	}
	for _, p := range pass.List() {
		if !tested[strings.TrimSuffix(p.Name, " again")] && p.Name != "transposes again" && p.Name != "fold again" {
			t.Errorf("the pass %q has no test of its own", p.Name)
		}
	}
}

// TestRunIsAllPasses runs them one after the other.
func TestRunIsAllPasses(t *testing.T) {
	for _, s := range samples {
		build := func() *maker {
			m := &maker{Builder: graph.NewBuilder(), r: rand.New(rand.NewPCG(1, 2))}
			s.build(m)
			return m
		}
		one, other := build().Graph, build().Graph
		if err := pass.Run(one, memory{}); err != nil {
			t.Fatal(err)
		}
		for _, p := range pass.List() {
			if err := p.Apply(other, memory{}); err != nil {
				t.Fatal(err)
			}
		}
		if string(graph.AppendGraphKey(nil, one)) != string(graph.AppendGraphKey(nil, other)) {
			t.Errorf("%s: Run makes another graph than the passes of List", s.name)
		}
		if err := pass.Run(one, memory{}); err != nil { // passes may meet what they have made
			t.Fatal(err)
		}
		if err := graph.Verify(one); err != nil {
			t.Errorf("%s, run twice: %v", s.name, err)
		}
	}
}

// TestFoldFollowsParameters asks the memory for what is made of parameters, by keys that tell what it is.
func TestFoldFollowsParameters(t *testing.T) {
	data := []float32{1, 2}
	param := func() *graph.Param {
		return graph.NewParam("w", tensor.Float32, []int{2}, func() (graph.Buf, error) { return graph.Buf{F: data}, nil }, nil)
	}
	p, q := param(), param()
	fold := func(f *graph.Unary, p *graph.Param) (key string, from int) {
		b := graph.NewBuilder()
		b.Graph.Outputs = []*graph.Value{b.Add(b.Input(tensor.Float32, 2), b.Unary(f, b.MulS(b.Param(p), 3)))}
		m := &asked{}
		for _, p := range pass.List() {
			if p.Name == "fold" {
				if err := p.Apply(b.Graph, m); err != nil {
					t.Fatal(err)
				}
			}
		}
		return strings.Join(m.keys, "\n"), m.leaves
	}
	one, leaves := fold(graph.Exp, p)
	if again, _ := fold(graph.Exp, p); again != one || leaves == 0 {
		t.Error("the same folding has two keys")
	}
	for name, other := range map[string]func() (string, int){
		"another function":  func() (string, int) { return fold(graph.Tanh, p) },
		"another parameter": func() (string, int) { return fold(graph.Exp, q) },
	} {
		if key, _ := other(); key == one {
			t.Errorf("%s has the same key", name)
		}
	}
}

// asked notes what passes ask for.
type asked struct {
	memory
	keys   []string
	leaves int
}

func (a *asked) Derive(key string, n *graph.Node, from []*graph.Node,
	eval func(read func(*graph.Node) (graph.Buf, error), out graph.Buf) error) (graph.Op, error) {
	a.keys, a.leaves = append(a.keys, key), a.leaves+len(from)
	return a.memory.Derive(key, n, from, eval)
}
