package layers

import (
	"math"
	"testing"

	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

// TestLoRAIsMerged compares the kernel that is saved with the one that the layer computes with.
func TestLoRAIsMerged(t *testing.T) {
	d := NewDense(3, layer.Args{"lora_rank": 2, "lora_alpha": 3})
	m, err := nn.NewSequential(nn.NewInputLayer([]int{4}), d)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range []*layer.Variable{d.lora.a, d.lora.b} {
		x := tensor.New(v.Shape...)
		for k := range x.Data() {
			x.Data()[k] = float32(k%5) - 1.5 + float32(i)
		}
		if err := v.Assign(x); err != nil {
			t.Fatal(err)
		}
	}
	saved, err := d.SavedValue(d.adapted)
	if err != nil {
		t.Fatal(err)
	}
	eye := tensor.New(4, 4)
	for i := range 4 {
		eye.Set(1, i, i)
	}
	want, err := m.Predict(eye)
	if err != nil {
		t.Fatal(err)
	}
	got := saved.(*tensor.Tensor).Data()
	for i, w := range want.Data() {
		if math.Abs(float64(got[i]-w)) > 1e-5 {
			t.Fatalf("the saved kernel is %v, the layer computes with %v", got, want.Data())
		}
	}
}
