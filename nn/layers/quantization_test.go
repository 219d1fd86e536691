package layers_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

// TestCalibrated compares Dense with gptq and awq kernels, of which there are no goldens, with the formula: weight (row,
// column) is (q - zero[column, group]) * scale[column, group], for awq divided by awq_scales[row].
func TestCalibrated(t *testing.T) {
	const rows, columns, batch = 5, 3, 4
	r := rand.New(rand.NewPCG(1, 2))
	for _, c := range []struct {
		class, mode string
		bits, block int
	}{
		{"GPTQDTypePolicy", "gptq/4/2", 4, 2},
		{"GPTQDTypePolicy", "gptq/8/-1", 8, rows},
		{"GPTQDTypePolicy", "gptq/2/128", 2, 128},
		{"AWQDTypePolicy", "awq/4/2", 4, 2},
	} {
		m := mustSequential(t, "[null, 5]", `Dense {"name": "d", "units": 3, "dtype": {"module": "keras.dtype_policies", "class_name": "`+c.class+
			`", "config": {"mode": "`+c.mode+`", "source_name": "float32"}}}`)
		d := m.Layer("d")
		groups := (rows-1)/c.block + 1
		q := make([]uint8, rows*columns) // by column, then row
		zero := make([]uint8, columns*groups)
		scale := make([]float32, columns*groups)
		gIdx := make([]float32, rows)
		awq := make([]float32, rows)
		bias := []float32{0.5, -1, 2}
		for i := range q {
			q[i] = uint8(r.IntN(1 << c.bits))
		}
		for i := range zero {
			zero[i], scale[i] = uint8(r.IntN(1<<c.bits)), r.Float32()
		}
		for i := range gIdx {
			gIdx[i], awq[i] = float32(i/c.block), 0.5+r.Float32()
		}
		packed := q
		if c.bits == 4 { // two columns share a byte, the first in its low half
			packed = make([]uint8, rows*((columns+1)/2))
			for i, v := range q {
				column, row := i/rows, i%rows
				packed[column/2*rows+row] |= v << (4 * (column % 2))
			}
		}
		assign(t, d, "quantized_kernel", tensor.FromSlice(packed, len(packed)/rows, rows))
		assign(t, d, "kernel_scale", tensor.FromSlice(scale, columns, groups))
		assign(t, d, "kernel_zero", tensor.FromSlice(zero, columns, groups))
		assign(t, d, "g_idx", tensor.FromSlice(gIdx, rows))
		assign(t, d, "bias", tensor.FromSlice(bias, columns))
		if c.class == "AWQDTypePolicy" {
			assign(t, d, "awq_scales", tensor.FromSlice(awq, rows))
		}
		x := random(r, batch, rows)
		y, err := m.Predict(x)
		if err != nil {
			t.Fatal(err)
		}
		for b := range batch {
			for column := range columns {
				sum := float64(bias[column])
				for row := range rows {
					g := column*groups + row/c.block
					w := (float64(q[column*rows+row]) - float64(zero[g])) * float64(scale[g])
					if c.class == "AWQDTypePolicy" {
						w /= float64(awq[row])
					}
					sum += float64(x.At(b, row)) * w
				}
				if got := float64(y.At(b, column)); math.Abs(got-sum) > 1e-5*math.Max(1, math.Abs(sum)) {
					t.Errorf("%s: output (%d, %d) is %v, not %v", c.mode, b, column, got, sum)
				}
			}
		}
	}
}

func assign(t *testing.T, l layer.Layer, name string, v tensor.Any) {
	t.Helper()
	w := l.Variable(name)
	if w == nil {
		t.Fatalf("there is no variable %q", name)
	}
	if err := w.Assign(v); err != nil {
		t.Fatal(err)
	}
}
