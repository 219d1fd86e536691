package layers_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/initializers"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/nn/layers"
	"github.com/hornml/horn/tensor"
)

// sequential decodes a Sequential model of an input of the given shape and layers, each "Class {config}".
func sequential(t *testing.T, shape string, custom layer.CustomObjects, list ...string) (*nn.Model, error) {
	t.Helper()
	records := []string{`{"module":"keras.layers","class_name":"InputLayer","config":{"batch_shape":` + shape + `,"name":"in"}}`}
	for _, l := range list {
		class, config, _ := strings.Cut(l, " ")
		records = append(records, fmt.Sprintf(`{"module":"keras.layers","class_name":%q,"config":%s}`, class, config))
	}
	v, err := pyjson.Parse([]byte(`{"module":"keras","class_name":"Sequential","config":{"name":"m","layers":[` + strings.Join(records, ",") +
		`]}}`))
	if err != nil {
		t.Fatal(err)
	}
	d := layer.Decoder{Registry: registry.With(custom)}
	l := d.Layer(v, "")
	if err := d.Err(); err != nil {
		return nil, err
	}
	m := l.(*nn.Model)
	return m, m.Build()
}

func mustSequential(t *testing.T, shape string, list ...string) *nn.Model {
	t.Helper()
	m, err := sequential(t, shape, nil, list...)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func random(r *rand.Rand, shape ...int) *tensor.Tensor {
	x := tensor.New(shape...)
	data := x.Data()
	for i := range data {
		data[i] = float32(r.NormFloat64())
	}
	return x
}

// copyWeights gives m the variables of another model of the same layers.
func copyWeights(t *testing.T, m, from *nn.Model) {
	t.Helper()
	source := from.Variables()
	for i, v := range m.Variables() {
		x, err := source[i].Value()
		if err == nil {
			err = v.Assign(x)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func difference(a, b *tensor.Tensor) float64 {
	d := 0.0
	x, y := a.Data(), b.Data()
	if len(x) != len(y) {
		return math.Inf(1)
	}
	for i := range x {
		d = max(d, math.Abs(float64(x[i])-float64(y[i])))
	}
	return d
}

// steps takes some of the steps of (batch, time, features).
func steps(x *tensor.Tensor, from, to int) *tensor.Tensor {
	s := x.Shape()
	out := tensor.New(s[0], to-from, s[2])
	for b := range s[0] {
		copy(out.Data()[b*(to-from)*s[2]:], x.Data()[(b*s[1]+from)*s[2]:(b*s[1]+to)*s[2]])
	}
	return out
}

// TestStatefulSessions checks that a stateful model goes on where the session was left, that sessions do not mix even when
// they run at the same time, and that Reset and ResetStates begin anew.
func TestStatefulSessions(t *testing.T) {
	for _, inner := range []string{
		`LSTM {"units":3,"stateful":%s}`,
		`GRU {"units":3,"stateful":%s,"reset_after":false}`,
		`SimpleRNN {"units":3,"stateful":%s,"activation":"softmax"}`,
		`ConvLSTM1D {"filters":2,"kernel_size":2,"stateful":%s}`,
	} {
		shape, dims := "[2,null,4]", []int{4}
		if strings.HasPrefix(inner, "Conv") {
			shape, dims = "[2,null,5,4]", []int{5, 4}
		}
		stateful := mustSequential(t, shape, fmt.Sprintf(inner, "true"))
		plain := mustSequential(t, shape, fmt.Sprintf(inner, "false"))
		copyWeights(t, plain, stateful)
		predict := func(run func(...tensor.Any) ([]tensor.Any, error), x *tensor.Tensor, from, to int) *tensor.Tensor {
			whole := tensor.FromSlice(x.Data(), 2, x.Shape()[1], len(x.Data())/2/x.Shape()[1])
			part := steps(whole, from, to)
			out, err := run(tensor.FromSlice(part.Data(), append([]int{2, to - from}, dims...)...))
			if err != nil {
				t.Error(err)
				return tensor.New()
			}
			return out[0].(*tensor.Tensor)
		}
		var group sync.WaitGroup
		for seed := range 4 {
			group.Go(func() {
				r := rand.New(rand.NewPCG(uint64(seed), 7))
				x := random(r, append([]int{2, 6}, dims...)...)
				want := predict(plain.PredictAll, x, 0, 6)
				s := stateful.NewSession()
				for range 3 {
					predict(s.PredictAll, x, 0, 4)
					if d := difference(predict(s.PredictAll, x, 4, 6), want); d > 1e-5 {
						t.Errorf("%s: in two parts the answer differs by %g", inner, d)
					}
					s.Reset()
				}
			})
		}
		group.Wait()
		x := random(rand.New(rand.NewPCG(9, 9)), append([]int{2, 3}, dims...)...)
		first := predict(stateful.PredictAll, x, 0, 3)
		if difference(predict(stateful.PredictAll, x, 0, 3), first) == 0 {
			t.Errorf("%s: the model's own session remembers nothing", inner)
		}
		stateful.ResetStates()
		if d := difference(predict(stateful.PredictAll, x, 0, 3), first); d != 0 {
			t.Errorf("%s: after ResetStates the answer differs by %g", inner, d)
		}
	}
}

// TestGraphSizeIsFree checks that a longer sequence does not make a larger graph, whatever the cell.
func TestGraphSizeIsFree(t *testing.T) {
	for _, inner := range []string{
		`LSTM {"units":3}`,
		`GRU {"units":3,"activation":"softmax"}`,
		`RNN {"cell":{"module":"keras.layers","class_name":"StackedRNNCells","config":{"cells":[` +
			`{"module":"keras.layers","class_name":"LSTMCell","config":{"units":2}},` +
			`{"module":"keras.layers","class_name":"GRUCell","config":{"units":3}}]}}}`,
		`Bidirectional {"layer":{"module":"keras.layers","class_name":"SimpleRNN","config":{"units":2,"unroll":true}}}`,
		`TimeDistributed {"layer":{"module":"keras.layers","class_name":"Softmax","config":{"axis":0}}}`,
	} {
		m := mustSequential(t, "[null,null,4]", inner)
		nodes := func(time int) int {
			g, err := m.Graph(tensor.New(2, time, 4))
			if err != nil {
				t.Fatal(err)
			}
			return len(g.Nodes)
		}
		if a, b := nodes(3), nodes(500); a != b {
			t.Errorf("%s: %d nodes for 3 steps, %d for 500", inner, a, b)
		}
	}
}

// countingCell is a cell of the caller's: it adds its inputs up, times a variable.
type countingCell struct {
	layer.Base
	scale *layer.Variable
}

func (l *countingCell) Config(*layer.Config) {}
func (l *countingCell) Build(c *layer.Call) {
	l.scale = c.AddWeight("scale", new(initializers.Ones), []int{c.X().Shape[1]})
}
func (l *countingCell) States(_ *layer.Call, step []int) []any { return []any{step[1:]} }
func (l *countingCell) Call(c *layer.Call) any {
	h := c.Add(layer.Flatten(c.Arg(1, "states"))[0], c.Mul(c.X(), c.Var(l.scale)))
	return []any{h, []any{h}}
}

var _ layers.Cell = (*countingCell)(nil)

// TestCustomCell checks that a cell of the caller's runs in an RNN, that its variables are seen, and that a change of them
// is noticed.
func TestCustomCell(t *testing.T) {
	m, err := sequential(t, "[null,null,2]", layer.CustomObjects{"Counting": func() layer.Layer { return new(countingCell) }},
		`RNN {"return_sequences":true,"cell":{"module":"m","class_name":"Counting","config":{}}}`)
	if err != nil {
		t.Fatal(err)
	}
	x := tensor.FromSlice([]float32{1, 10, 2, 20, 3, 30}, 1, 3, 2)
	for _, want := range []string{"[1 10 3 30 6 60]", "[2 30 6 90 12 180]"} {
		y, err := m.Predict(x)
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(y.Data()); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if err := m.Variables()[0].Assign(tensor.FromSlice([]float32{2, 3}, 2)); err != nil {
			t.Fatal(err)
		}
	}
}

// TestTimeDistributedPaths checks that the layer sees the steps one by one where that matters, and all at once elsewhere.
func TestTimeDistributedPaths(t *testing.T) {
	x := random(rand.New(rand.NewPCG(3, 3)), 3, 4, 5)
	for axis, loops := range map[string]bool{"-1": false, "1": false, "0": true, "-2": true, "[0,1]": true} {
		m := mustSequential(t, "[null,null,5]", `TimeDistributed {"layer":{"module":"keras.layers","class_name":"Softmax","config":{"axis":`+
			axis+`}}}`)
		g, err := m.Graph(x)
		if err != nil {
			t.Fatal(err)
		}
		scans := 0
		for _, n := range g.Nodes {
			if graph.Is[graph.Scan](n.Op) {
				scans++
			}
		}
		if (scans > 0) != loops {
			t.Errorf("axis %s: %d loops", axis, scans)
		}
	}
}

// TestRecurrentErrors reads the messages for wrong arguments: they name the key or the layer.
func TestRecurrentErrors(t *testing.T) {
	cell := `{"module":"keras.layers","class_name":"GRUCell","config":{"units":2}}`
	lstm := `{"module":"keras.layers","class_name":"LSTM","config":{"name":"l","units":2}}`
	for _, c := range []struct{ shape, layer, want string }{
		{"[null,3,4]", `LSTM {"units":0}`, `units: a positive integer is expected`},
		{"[null,3,4]", `LSTM {"units":2,"seed":"x"}`, `seed: an integer or null is expected`},
		{"[null,3,4]", `LSTM {"units":2,"time_major":true}`, `unknown argument (time_major)`},
		{"[null,3,4]", `GRU {"units":2,"reset_after":1}`, `reset_after: true or false is expected`},
		{"[null,4]", `LSTM {"units":2,"name":"q"}`, `layer "q`},
		{"[null,0,4]", `LSTM {"units":2}`, `the sequence has no steps`},
		{"[null,3,4]", `RNN {"cell":{"module":"keras.layers","class_name":"Dense","config":{"units":2}}}`,
			`cell: a recurrent cell such as LSTMCell is expected`},
		{"[null,3,4]", `RNN {"cell":{"module":"keras.layers","class_name":"StackedRNNCells","config":{"cells":[]}}}`,
			`cells: at least one cell is expected`},
		{"[null,3,4]", `Bidirectional {"layer":` + lstm + `,"merge_mode":"max"}`,
			`merge_mode: "concat", "sum", "mul", "ave" or null is expected`},
		{"[null,3,4]", `Bidirectional {"layer":` + lstm + `,"backward_layer":` + lstm + `}`,
			`go_backwards must be true for one of the two layers`},
		{"[null,3,4]", `Bidirectional {"layer":` + cell + `}`, `layer: a recurrent layer such as LSTM is expected`},
		{"[null,3]", `TimeDistributed {"layer":{"module":"keras.layers","class_name":"Dense","config":{"units":2}}}`,
			`of rank 3 or more is expected`},
		{"[null,3,4]", `Wrapper {"layer":` + lstm + `}`, `abstract base class`},
		{"[null,3,4]", `MultiHeadAttention {"num_heads":0,"key_dim":2}`, `num_heads: a positive integer is expected`},
		{"[null,3,4]", `MultiHeadAttention {"num_heads":2,"key_dim":2}`, `query and value are needed`},
		{"[null,3,4]", `GroupQueryAttention {"head_dim":2,"num_query_heads":3,"num_key_value_heads":2}`, `cannot share 2 heads`},
		{"[null,3,4]", `Attention {"score_mode":"cosine"}`, `score_mode: one of ["dot" "concat"] is expected`},
		{"[null,3,4]", `AdditiveAttention {}`, `a list of inputs is expected`},
	} {
		_, err := sequential(t, c.shape, nil, c.layer)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", c.layer, err, c.want)
		}
	}
}
