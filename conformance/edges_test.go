package conformance

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/kerasfile"
	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

// edgeBackends are those that were asked, in the order in which they are believed where they differ.
var edgeBackends = []string{"jax", "tensorflow"}

// TestEdges runs elementwise functions at infinities, NaN, huge and tiny numbers, the ends of integers and bools, and
// functions of whole arrays on integers and bools. Where Keras's backends agree, in the type or in an element, the answer is
// theirs; where they differ it is that of one of them.
func TestEdges(t *testing.T) {
	table := openTable(t, "edges")
	wrong := 0
	for _, r := range records(t, table.manifest.(*pyjson.Object).Get("records")) {
		t.Run(strings.ReplaceAll(r.String("name"), " ", "_"), func(t *testing.T) {
			answers := r.Object("answers")
			for _, dtype := range answers.Keys() {
				if problem := table.edge(t, r, dtype, answers.Object(dtype)); problem != "" {
					wrong++
					t.Errorf("%s: %s", dtype, problem)
				}
			}
		})
	}
}

// edge compares one function for inputs of one type.
func (a *table) edge(t *testing.T, r *pyjson.Object, dtype string, answers *pyjson.Object) string {
	t.Helper()
	d, _ := tensor.ParseDType(dtype)
	x := a.edgeArray(t, r.String("inputs")+"/"+dtype, d)
	inputs := []tensor.Any{x}
	n := x.Len()
	switch {
	case r.String("inputs") == "edges":
		inputs[0] = tensor.Reshape(x, 1, n)
	case pyjson.Equal(r.Get("count"), pyjson.Int(2)):
		first, second := make([]int, n*n), make([]int, n*n)
		for i := range n * n {
			first[i], second[i] = i/n, i%n
		}
		inputs = []tensor.Any{picked(t, x, first), picked(t, x, second)}
	}
	m, err := edgeModel(r, dtype, inputs)
	if err != nil {
		return err.Error()
	}
	out, err := m.PredictAll(inputs...)
	if err != nil {
		return err.Error()
	}
	var want []tensor.Any
	var names []string
	for _, b := range edgeBackends {
		if at, ok := answers.Get(b).([]any); ok {
			want, names = append(want, a.edgeAnswer(t, at)), append(names, b)
		}
	}
	if len(want) == 1 && d.IsInt() { // the ends of a type, where one backend alone answers, are how its arithmetic wraps around
		ends := numbers(x)
		return differsAtEdges(inputs, out[0], want, names, []float64{slices.Min(ends), slices.Max(ends)})
	}
	return differsAtEdges(inputs, out[0], want, names, nil)
}

// differsAtEdges says where an answer is not that of any backend. Inputs among those of but are not looked at.
func differsAtEdges(inputs []tensor.Any, got tensor.Any, want []tensor.Any, names []string, but []float64) string {
	var same []tensor.Any // those of the same type
	var types []string
	for i, w := range want {
		types = append(types, fmt.Sprintf("%s has %v", names[i], w.DType()))
		if w.DType() == got.DType() {
			same = append(same, w)
		}
	}
	if len(same) == 0 {
		return fmt.Sprintf("the type is %v; %s", got.DType(), strings.Join(types, ", "))
	}
	y := numbers(got)
	var problems []string
	for i := range y {
		near := false
		var have []string
		for _, w := range same {
			v := numbers(w)
			if len(v) != len(y) {
				return fmt.Sprintf("the shape is %v, not %v", got.Shape(), w.Shape())
			}
			near = near || closeEnough(y[i], v[i], got.DType())
			have = append(have, fmt.Sprint(v[i]))
		}
		if !near && !(inputs[0].Len() == len(y) && slices.Contains(but, numbers(inputs[0])[i])) {
			var at []string
			for _, x := range inputs {
				if x.Len() == len(y) {
					at = append(at, fmt.Sprint(numbers(x)[i]))
				}
			}
			problems = append(problems, fmt.Sprintf("(%s) is %v, Keras has %s", strings.Join(at, ", "), y[i], strings.Join(have, " or ")))
		}
	}
	if len(problems) > 6 {
		problems = append(problems[:6], fmt.Sprintf("and %d more", len(problems)-6))
	}
	return strings.Join(problems, "; ")
}

// closeEnough compares numbers as far as float32, or a half, is exact.
func closeEnough(x, y float64, d tensor.DType) bool {
	if x == y || math.IsNaN(x) && math.IsNaN(y) {
		return true
	}
	relative, absolute := 1e-5, 1e-6
	switch d {
	case tensor.Float16:
		relative, absolute = 4e-3, 2e-3
	case tensor.BFloat16:
		relative, absolute = 3e-2, 1e-2
	case tensor.Float32:
	default:
		return false
	}
	return math.Abs(x-y) <= absolute+relative*math.Abs(y)
}

// edgeModel makes a model of the layers of a record.
func edgeModel(r *pyjson.Object, dtype string, inputs []tensor.Any) (*nn.Model, error) {
	text := string(pyjson.Marshal(r.Get("layers")))
	text = strings.ReplaceAll(text, `"DTYPE"`, strconv.Quote(dtype))
	var layers, names []string
	for i, x := range inputs {
		shape := []string{"null"}
		for _, n := range x.Shape()[1:] {
			shape = append(shape, fmt.Sprint(n))
		}
		layers = append(layers, fmt.Sprintf(`{"module": "keras.layers", "class_name": "InputLayer", "config": {"batch_shape": [%s], `+
			`"dtype": %q, "sparse": false, "name": "in%d"}, "registered_name": null, "name": "in%d", "inbound_nodes": []}`,
			strings.Join(shape, ", "), dtype, i, i))
		names = append(names, fmt.Sprintf(`["in%d", 0, 0]`, i))
	}
	text = fmt.Sprintf(`{"module": "keras", "class_name": "Functional", "config": {"name": "m", "trainable": true, "layers": [%s, %s, `+
		`"input_layers": [%s], "output_layers": %s}, "registered_name": null}`, strings.Join(layers, ", "), text[1:], strings.Join(names, ", "),
		pyjson.Marshal(r.Get("output")))
	doc, err := pyjson.Parse([]byte(text))
	if err != nil {
		return nil, fmt.Errorf("%w in %s", err, text)
	}
	d := &layer.Decoder{Registry: kerasfile.Registry()}
	l := d.Layer(doc, "")
	if err := d.Err(); err != nil {
		return nil, err
	}
	return l.(*nn.Model), nil
}

// edgeArray returns an array of the table; those of bfloat16 are stored as their bits.
func (a *table) edgeArray(t *testing.T, name string, d tensor.DType) tensor.Any {
	t.Helper()
	x := a.get(t, name)
	if bits, ok := x.(*tensor.Of[uint16]); ok && d == tensor.BFloat16 {
		out := tensor.Zeros[tensor.BHalf](bits.Shape()...)
		for i, b := range bits.Data() {
			out.Data()[i] = tensor.BHalf(b)
		}
		return out
	}
	return x
}

// edgeAnswer returns an answer: its type, where it begins among those of the type, its shape.
func (a *table) edgeAnswer(t *testing.T, at []any) tensor.Any {
	t.Helper()
	d, _ := tensor.ParseDType(at[0].(string))
	var shape []int
	size := 1
	for _, v := range at[2].([]any) {
		n := int(v.(pyjson.Number).Float())
		shape, size = append(shape, n), size*n
	}
	rows := make([]int, size)
	for i := range rows {
		rows[i] = int(at[1].(pyjson.Number).Float()) + i
	}
	return tensor.Reshape(picked(t, a.edgeArray(t, "answers/"+at[0].(string), d), rows), shape...)
}

// picked returns some elements of a vector.
func picked(t *testing.T, x tensor.Any, rows []int) tensor.Any {
	t.Helper()
	parts := make([]tensor.Any, len(rows))
	for i, r := range rows {
		parts[i] = x.Rows(r, r+1)
	}
	y, err := tensor.Concat(parts...)
	if err != nil {
		t.Fatal(err)
	}
	return y
}

// numbers returns elements as float64, bools as 0 and 1.
func numbers(x tensor.Any) []float64 {
	out := make([]float64, x.Len())
	_ = x.Float64s(out) // numbers: cannot fail
	return out
}
