package layer_test

import (
	"fmt"
	"testing"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

// TestArrayOf makes tensors of nested lists, in the type that the leaves ask for or in one that is given.
func TestArrayOf(t *testing.T) {
	for _, c := range []struct {
		in    string
		dtype tensor.DType
		want  string // type, shape, elements
	}{
		{`3`, tensor.Invalid, "int32 [] [3]"},
		{`3000000000`, tensor.Invalid, "int64 [] [3000000000]"},
		{`0.5`, tensor.Invalid, "float32 [] [0.5]"},
		{`true`, tensor.Invalid, "bool [] [true]"},
		{`"a"`, tensor.Invalid, "string [] [a]"},
		{`[]`, tensor.Invalid, "float32 [0] []"},
		{`[[1, 2], [3, 4]]`, tensor.Invalid, "int32 [2 2] [1 2 3 4]"},
		{`[1, 2.5]`, tensor.Invalid, "float32 [2] [1 2.5]"},
		{`[1, 2]`, tensor.Float64, "float64 [2] [1 2]"},
		{`[1.0, -2.0]`, tensor.Int8, "int8 [2] [1 -2]"},
		{`[true, false]`, tensor.Float32, "float32 [2] [1 0]"},
		{`[0, 2]`, tensor.Bool, "bool [2] [false true]"},
		{`[true]`, tensor.Float64, "float64 [1] [1]"},
		{`[false]`, tensor.Int64, "int64 [1] [0]"},
	} {
		x, err := layer.ArrayOf(parse(t, c.in), c.dtype)
		if err != nil {
			t.Errorf("%s: %v", c.in, err)
			continue
		}
		b := graph.BufOf(x)
		elements := ""
		switch {
		case b.S != nil:
			elements = fmt.Sprint(b.S)
		case b.B != nil:
			elements = fmt.Sprint(b.B)
		case b.I != nil:
			elements = fmt.Sprint(b.I)
		case b.D != nil:
			elements = fmt.Sprint(b.D)
		default:
			elements = fmt.Sprint(b.F)
		}
		if got := fmt.Sprint(x.DType(), " ", x.Shape(), " ", elements); got != c.want {
			t.Errorf("%s is %s, not %s", c.in, got, c.want)
		}
	}
	deep := "1"
	for range graph.MaxRank + 1 {
		deep = "[" + deep + "]"
	}
	for in, part := range map[string]string{
		`[[1], [2, 3]]`: "parts differ in length", `[1, [2]]`: "nested more deeply", `[[1], 2]`: "parts differ", `[1, "a"]`: "among strings",
		`[null]`:      "null stands in an array",
		`[true, "a"]`: "among strings", deep: "more than",
	} {
		_, err := layer.ArrayOf(parse(t, in), tensor.Invalid)
		fails(t, in, err, part)
	}
	for in, d := range map[string]tensor.DType{`[0.5]`: tensor.Int32, `[1e30]`: tensor.Int64, `["a"]`: tensor.Float32} {
		_, err := layer.ArrayOf(parse(t, in), d)
		fails(t, in, err, "")
	}
}

// TestAsTensor takes what a layer may be given where a tensor is expected.
func TestAsTensor(t *testing.T) {
	for _, c := range []struct {
		in   any
		want string
	}{
		{parse(t, `2`), "int32 []"}, {parse(t, `[1.5, 2]`), "float32 [2]"}, {true, "bool []"}, {"a", "string []"},
		{nil, "none"}, {map[string]any{}, "none"}, {parse(t, `[[1], [2, 3]]`), "none"}, {[]any{nil}, "none"},
		{[]any{"x", "x"}, "float32 [2 3]"}, {[]any{"x", []any{parse(t, `1`), parse(t, `2`), parse(t, `3`)}}, "float32 [2 3]"},
		{[]any{"x", nil}, "none"},
	} {
		got := "none"
		p := named(&probe{call: func(call *layer.Call) any {
			in := c.in
			if list, ok := in.([]any); ok && len(list) > 0 && list[0] == "x" {
				list = append([]any{}, list...)
				for i := range list {
					if list[i] == "x" {
						list[i] = call.X()
					}
				}
				in = list
			}
			if v, ok := call.AsTensor(in); ok {
				got = fmt.Sprint(v.DType, " ", v.Shape)
			}
			return call.X()
		}}, "p")
		if _, _, err := run(p, nil, vector(1, 2, 3)); err != nil || got != c.want {
			t.Errorf("%v is %s, not %s (%v)", c.in, got, c.want, err)
		}
	}
}
