package layers_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/nn/layers"
	"github.com/hornml/horn/tensor"
)

// TestZeroOutputForMask holds an LSTM with masked steps at either end to the answers of Keras 3.15.1: on TensorFlow, with which
// torch agrees; on JAX, too, where the loop is not unrolled.
func TestZeroOutputForMask(t *testing.T) {
	loop := [][]float32{
		{0, 0.1658}, {0.0274, 0.0910, 0, 0, 0.0594, 0.1658},
		{0.0898, 0}, {0, 0.0594, 0.0898, 0.0952, 0.1648, 0},
	}
	unrolled := [][]float32{
		{0, 0.1658}, {0.0274, 0.0910, 0, 0, 0.0594, 0.1658},
		{0.0898, 0}, {0, 0.0594, 0, 0, 0.1648, 0.1648},
	}
	for i := range 8 {
		unroll, backwards, sequences := i >= 4, i&2 != 0, i&1 != 0
		want := loop[i%4]
		if unroll {
			want = unrolled[i%4]
		}
		t.Run(fmt.Sprintf("unroll=%v,backwards=%v,sequences=%v", unroll, backwards, sequences), func(t *testing.T) {
			m, err := nn.NewSequential(nn.NewInputLayer([]int{3, 1}), layers.NewMasking(layer.Args{"mask_value": -1.0}),
				layers.NewLSTM(1, layer.Args{"unroll": unroll, "go_backwards": backwards, "return_sequences": sequences,
					"zero_output_for_mask": true, "kernel_initializer": "ones", "recurrent_initializer": "ones"}))
			if err != nil {
				t.Fatal(err)
			}
			got, err := m.Predict(tensor.FromSlice([]float32{0.1, 0.2, -1, -1, 0.2, 0.3}, 2, 3, 1))
			if err != nil {
				t.Fatal(err)
			}
			for i, v := range got.Data() {
				if math.Abs(float64(v-want[i])) > 1e-4 {
					t.Fatalf("%v, Keras has %v", got.Data(), want)
				}
			}
		})
	}
}
