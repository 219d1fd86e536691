package ops_test

import (
	"strings"
	"testing"

	"github.com/hornml/horn/nn/graph"
)

// TestUnknownLengths calls the operations of the table with inputs of unknown lengths: all, each one alone. What they say of
// their outputs then is true of those for the table's lengths, and they refuse only what cannot be told without a length.
func TestUnknownLengths(t *testing.T) {
	for _, c := range table {
		inputs := strings.Split(c.inputs, "; ")
		if c.inputs == "" {
			continue
		}
		known := model(t, c.op, inputs, c.config, c.args, c.kwargs)
		if err := known.Build(); err != nil {
			continue // refused for the table's lengths: TestShapes and the tests of refusals look at these
		}
		want := known.Outputs()
		try := func(inputs []string) {
			m := model(t, c.op, inputs, c.config, c.args, c.kwargs)
			if err := m.Build(); err != nil {
				if !strings.Contains(err.Error(), "must be known") {
					t.Errorf("%s of %v, %s: %v", c.op, inputs, c.config, err)
				}
				return
			}
			got := m.Outputs()
			if len(got) != len(want) {
				t.Errorf("%s of %v, %s: %d outputs, not %d", c.op, inputs, c.config, len(got), len(want))
				return
			}
			for i, s := range got {
				if s.DType != want[i].DType || !graph.FitShapes(s.Shape, want[i].Shape) {
					t.Errorf("%s of %v, %s: output %d is %v%v, and %v%v of %v", c.op, inputs, c.config, i, s.DType, s.Shape, want[i].DType,
						want[i].Shape, c.inputs)
				}
			}
		}
		open := make([]string, len(inputs))
		for i, in := range inputs {
			dtype, text, _ := strings.Cut(in, " ")
			dims := strings.Split(text, ",")
			if text == "" {
				open[i] = in
				continue
			}
			for k := range dims {
				one := append([]string(nil), inputs...)
				some := append([]string(nil), dims...)
				some[k] = "null"
				one[i] = dtype + " " + strings.Join(some, ",")
				try(one)
			}
			open[i] = dtype + " " + strings.TrimSuffix(strings.Repeat("null,", len(dims)), ",")
		}
		try(open)
	}
}
