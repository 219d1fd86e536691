package ops_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/nn/ops"
	"github.com/hornml/horn/tensor"
)

// model makes a Functional model of one operation. Inputs are written "float32 2,3"; in args, $0 stands for the first one.
func model(t *testing.T, op string, inputs []string, config, args, kwargs string) *nn.Model {
	t.Helper()
	module, class, _ := strings.Cut(op, ".")
	var layers []string
	var names []string
	for i, in := range inputs {
		dtype, shape, _ := strings.Cut(in, " ")
		layers = append(layers, fmt.Sprintf(`{"module": "keras.layers", "class_name": "InputLayer", "config": {"batch_shape": [%s], "dtype": `+
			`%q, "sparse": false, "name": "in%d"},
			"registered_name": null, "name": "in%d", "inbound_nodes": []}`, shape, dtype, i, i))
		names = append(names, fmt.Sprintf(`["in%d", 0, 0]`, i))
		ref := fmt.Sprintf(`{"class_name": "__keras_tensor__", "config": {"shape": [%s], "dtype": %q, "keras_history": ["in%d", 0, 0]}}`, shape,
			dtype, i)
		args = strings.ReplaceAll(args, "$"+strconv.Itoa(i), ref)
		kwargs = strings.ReplaceAll(kwargs, "$"+strconv.Itoa(i), ref)
	}
	if config != "" {
		config = ", " + config
	}
	layers = append(layers, fmt.Sprintf(`{"module": "keras.src.ops.%s", "class_name": %q, "config": {"name": "op"%s}, "registered_name": `+
		`%q, "name": "op",
		"inbound_nodes": [{"args": %s, "kwargs": {%s}}]}`, module, class, config, class, args, kwargs))
	text := fmt.Sprintf(`{"module": "keras", "class_name": "Functional", "config": {"name": "m", "trainable": true, "layers": [%s],
		"input_layers": [%s], "output_layers": [["op", 0, 0]]}, "registered_name": null}`, strings.Join(layers, ","), strings.Join(names, ","))
	doc, err := pyjson.Parse([]byte(text))
	if err != nil {
		t.Fatalf("%s: %v in %s", op, err, text)
	}
	d := &layer.Decoder{Registry: layer.NewRegistry(nn.Models, ops.All)}
	l := d.Layer(doc, "")
	if err := d.Err(); err != nil {
		t.Fatalf("%s: %v", op, err)
	}
	return l.(*nn.Model)
}

// fill makes a tensor; kind 0 is ordinary data, others are unusual.
func fill(r *rand.Rand, dtype string, shape []int, kind int) tensor.Any {
	d, _ := tensor.ParseDType(dtype)
	x := tensor.NewAny(d, shape...)
	buf := graph.NewBuf(d, x.Len())
	float := func() float64 {
		switch kind {
		case 1:
			return math.NaN()
		case 2:
			return [...]float64{math.Inf(1), math.Inf(-1), math.NaN(), 0, 1e30, -1e30}[r.IntN(6)]
		case 3:
			return 0
		}
		return r.Float64()
	}
	for i := range x.Len() {
		switch {
		case buf.F != nil:
			buf.F[i] = float32(float())
		case buf.D != nil:
			buf.D[i] = float()
		case buf.B != nil:
			buf.B[i] = kind == 0 && r.IntN(2) == 0
		case buf.I != nil:
			buf.I[i] = [...]int64{int64(r.IntN(2)), -1, math.MinInt32 + int64(r.IntN(3)), math.MaxInt32}[kind%4]
		}
	}
	buf.Finish(d)
	buf.CopyTo(x)
	return x
}

// evaluate computes the outputs of a graph with memory that holds the number poison before: an evaluation that leaves out
// an element shows.
func evaluate(g *graph.Graph, inputs []tensor.Any, poison int64) ([]graph.Buf, error) {
	values := map[*graph.Node][]graph.Buf{}
	next := 0
	for _, n := range g.Nodes {
		out := make([]graph.Buf, len(n.Out))
		for i, v := range n.Out {
			out[i] = graph.NewBuf(v.DType, v.Size())
			for k := range v.Size() {
				switch {
				case out[i].F != nil:
					out[i].F[k] = float32(poison)
				case out[i].D != nil:
					out[i].D[k] = float64(poison)
				case out[i].I != nil:
					out[i].I[k] = poison
				case out[i].B != nil:
					out[i].B[k] = poison%2 == 0
				}
			}
		}
		if graph.Is[graph.Input](n.Op) {
			out[0] = graph.BufOf(inputs[next])
			next++
		} else {
			in := make([]graph.Buf, len(n.In))
			for i, v := range n.In {
				in[i] = values[v.Node][v.Index]
			}
			if err := graph.Eval(n, in, out); err != nil {
				return nil, err
			}
		}
		values[n] = out
	}
	var outs []graph.Buf
	for _, v := range g.Outputs {
		outs = append(outs, values[v.Node][v.Index])
	}
	return outs, nil
}

func same(a, b graph.Buf, tolerance float64) bool {
	if a.Len() != b.Len() {
		return false
	}
	for i := range a.Len() {
		if a.I != nil {
			if a.I[i] != b.I[i] {
				return false
			}
			continue
		}
		x, y := a.Float64(i), b.Float64(i)
		if x != y && !(math.IsNaN(x) && math.IsNaN(y)) && !(math.Abs(x-y) <= tolerance*(1+math.Abs(x))) {
			return false
		}
	}
	return true
}

// TestShapes runs every row of the table on ordinary and on unusual numbers: results have the shapes and types that the
// shape rules say and do not depend on what was in memory before; the plan and the plain evaluation agree; nothing panics.
func TestShapes(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	covered := map[string]bool{}
	for _, c := range table {
		covered[c.op] = true
		inputs := strings.Split(c.inputs, "; ")
		for _, empty := range []bool{false, true} {
			specs := slices.Clone(inputs)
			if empty {
				for i, s := range specs {
					dtype, shape, _ := strings.Cut(s, " ")
					_, rest, more := strings.Cut(shape, ",")
					if specs[i] = dtype + " 0"; more {
						specs[i] += "," + rest
					}
				}
			}
			m := model(t, c.op, specs, c.config, c.args, c.kwargs)
			if err := m.Build(); err != nil {
				if !empty {
					t.Errorf("%s: %v", c.op, err)
				}
				continue
			}
			for kind := range 4 {
				var data []tensor.Any
				for _, s := range specs {
					dtype, text, _ := strings.Cut(s, " ")
					var shape []int
					for _, d := range strings.Split(text, ",") {
						n, _ := strconv.Atoi(d)
						shape = append(shape, n)
					}
					data = append(data, fill(r, dtype, shape, kind))
				}
				check(t, fmt.Sprintf("%s (empty %v, data %d)", c.op, empty, kind), m, data, kind == 0 && !empty)
			}
		}
	}
	supported, _ := layer.NewRegistry(ops.All).Ops()
	for _, op := range supported {
		if !covered[op] && !strings.HasPrefix(op, "activations.") {
			t.Errorf("%s is not in the table", op)
		}
	}
}

func check(t *testing.T, what string, m *nn.Model, data []tensor.Any, mustWork bool) {
	defer func() {
		if r := recover(); r != nil {
			t.Errorf("%s: panic: %v", what, r)
		}
	}()
	g, err := m.Graph(data...)
	var a, b []graph.Buf
	if err == nil {
		a, err = evaluate(g, data, 7)
	}
	if err == nil {
		b, err = evaluate(g, data, 1<<20)
	}
	outs, planErr := m.PredictAll(data...)
	if err != nil || planErr != nil {
		if mustWork || (err == nil) != (planErr == nil) {
			t.Errorf("%s: %v; the plan: %v", what, err, planErr)
		}
		return
	}
	for i := range a {
		if !same(a[i], b[i], 0) {
			t.Errorf("%s: output %d depends on what was in memory", what, i)
		}
		if v := g.Outputs[i]; outs[i].DType() != v.DType || !slices.Equal(outs[i].Shape(), v.Shape) {
			t.Errorf("%s: output %d is %s%v, its rule says %s", what, i, outs[i].DType(), outs[i].Shape(), v)
		}
		if mustWork && !same(a[i], graph.BufOf(outs[i]), 1e-4) {
			t.Errorf("%s: output %d: the plan gives %v, plain evaluation %v", what, i, outs[i].Raw(), a[i])
		}
	}
}

// Results whose length depends on the numbers: one model serves them all.
func TestLengthsFromData(t *testing.T) {
	for _, c := range []struct {
		op, config, args string
		in               []int32
		want             string
	}{
		{"numpy.Nonzero", "", "[$0]", []int32{0, 3, 0, -1}, "[1 3]"},
		{"numpy.Nonzero", "", "[$0]", []int32{0, 0, 0, 0}, "[]"},
		{"numpy.Where", "", "[$0]", []int32{1, 0, 0, 2}, "[0 3]"},
		{"numpy.Unique", `"size": null, "axis": null`, "[$0]", []int32{5, -2, 5, 5}, "[-2 5]"},
		{"numpy.Bincount", `"minlength": 2`, "[$0]", []int32{1, 1, 4, 0}, "[1 2 0 0 1]"},
		{"numpy.Bincount", `"minlength": 3`, "[$0]", []int32{0, 0, 0, 0}, "[4 0 0]"},
		{"math.SegmentSum", `"num_segments": null`, "[$0, $0]", []int32{0, 2, 2, 0}, "[0 0 4]"},
	} {
		m := model(t, c.op, []string{"int32 4"}, c.config, c.args, "")
		if err := m.Build(); err != nil {
			t.Errorf("%s: %v", c.op, err)
			continue
		}
		for _, in := range [][]int32{{1, 2, 3, 0}, c.in} {
			outs, err := m.PredictAll(tensor.FromSlice(in, 4))
			if err != nil {
				t.Errorf("%s of %v: %v", c.op, in, err)
				break
			}
			if got := fmt.Sprint(outs[0].Raw()); &in[0] == &c.in[0] && got != c.want {
				t.Errorf("%s of %v is %s, want %s", c.op, in, got, c.want)
			}
		}
	}
}
