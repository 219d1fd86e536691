package golden

import (
	"math"
	"testing"

	"github.com/hornml/horn/tensor"
)

func TestCompare(t *testing.T) {
	f := func(v ...float32) tensor.Any { return tensor.FromSlice(v) }
	d := func(v ...float64) tensor.Any { return tensor.FromSlice(v) }
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for name, c := range map[string]struct {
		ours, output, truth tensor.Any
		half                tensor.DType
		pass                bool
	}{
		"equal":                 {ours: f(1, 2), output: f(1, 2), pass: true},
		"within 1e-5":           {ours: f(1.000009), output: f(1), pass: true},
		"beyond 1e-5":           {ours: f(1.00002), output: f(1)},
		"1e-5 of large values":  {ours: f(100.0009), output: f(100), pass: true},
		"8 times Keras's error": {ours: f(1.00007), output: f(1.00001), truth: d(1), pass: true},
		"9 times Keras's error": {ours: f(1.00009), output: f(1.00001), truth: d(1)},
		"floor of 2e-6":         {ours: f(1.0000019), output: f(1), truth: d(1), pass: true},
		"NaN in place":          {ours: f(nan), output: f(nan), pass: true},
		"NaN out of place":      {ours: f(1), output: f(nan)},
		"infinity in place":     {ours: f(inf), output: f(inf), pass: true},
		"minus infinity":        {ours: f(-inf), output: f(inf)},
		"other shape":           {ours: f(1, 2), output: f(1)},
		"other type":            {ours: f(1), output: d(1)},
		"float16 policy":        {ours: f(1.007), output: f(1), half: tensor.Float16, pass: true},
		"integers":              {ours: tensor.FromSlice([]int32{1, 2}), output: tensor.FromSlice([]int32{1, 3})},
		"strings":               {ours: tensor.FromSlice([]string{"a"}), output: tensor.FromSlice([]string{"a"}), pass: true},
	} {
		if got := Compare(c.ours, c.output, c.truth, c.half); (got.Problem == "") != c.pass {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
