package optest

import (
	"testing"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/graph/grad"
	"github.com/hornml/horn/tensor"
)

// Slopes returns the gradients of the sum of the elements of what f makes of float64 vectors, with respect to those, in float64.
func Slopes(t *testing.T, f func(b *graph.Builder, x []*graph.Value) *graph.Value, x ...[]float64) [][]float64 {
	t.Helper()
	b := graph.NewBuilder()
	var in []*graph.Value
	var bufs []graph.Buf
	for _, v := range x {
		in = append(in, b.Input(tensor.Float64, len(v)))
		bufs = append(bufs, graph.Buf{D: v})
	}
	for i, d := range grad.Gradients(b, f(b, in), nil, in) {
		if d == nil {
			d = b.ZerosLike(in[i])
		}
		b.Graph.Outputs = append(b.Graph.Outputs, d)
	}
	out, err := graph.Interpret(b.Graph, graph.Run{Inputs: bufs})
	if err != nil {
		t.Fatal(err)
	}
	var slopes [][]float64
	for _, d := range out {
		slopes = append(slopes, d.D)
	}
	return slopes
}
