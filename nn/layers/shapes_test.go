package layers

import (
	"strings"
	"testing"

	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/nn/report"
)

// A pyramid of features adds what was halved and doubled again, and halves on: an unknown length must stay unknown.
func TestShapesOfFeaturePyramid(t *testing.T) {
	half := func() *Conv2D { return NewConv2D(4, 3, layer.Args{"strides": 2, "padding": "same"}) }
	x := nn.Input([]int{-1, -1, 3})
	levels := []*layer.KerasTensor{half().On(x)}
	for range 4 {
		levels = append(levels, half().On(levels[len(levels)-1]))
	}
	top := levels[4]
	sum := NewAdd().On([]*layer.KerasTensor{levels[3], NewUpSampling2D(layer.Args{"size": 2}).On(top)})
	m, err := nn.NewModel(x, []*layer.KerasTensor{sum, half().On(half().On(top))})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := report.Summary(&b, m, report.SummaryOptions{}); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "(None, 1") || strings.Contains(b.String(), "(None, 2") {
		t.Error(b.String())
	}
}

// A legacy .h5 names no modules, and classes by their Python names.
func TestClassByPythonName(t *testing.T) {
	if class, ok := layer.NewRegistry(All).FindClass("", "GroupedQueryAttention"); !ok || class.Name != "GroupQueryAttention" {
		t.Errorf("GroupedQueryAttention: %v, %v", class, ok)
	}
}
