package optest

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/graph/grad"
	"github.com/hornml/horn/tensor"
)

// Gradient compares the gradients of a graph of float64 values, with respect to all of its float inputs but some, with central
// differences at the given inputs. The number that is differentiated is the sum of the finite elements of all outputs, times
// random weights. Inputs at which a graph has a kink do not fit.
func Gradient(t *testing.T, name string, g *graph.Graph, inputs []graph.Buf, but ...int) {
	t.Helper()
	now, err := graph.Interpret(g, graph.Run{Inputs: inputs})
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	b := &graph.Builder{Graph: &graph.Graph{Nodes: append([]*graph.Node(nil), g.Nodes...), Inputs: g.Inputs}}
	r := rand.New(rand.NewPCG(1, 2))
	var ys, seeds []*graph.Value
	var weights [][]float64
	whole := true // all outputs are finite
	for i, y := range g.Outputs {
		if !y.Differentiable() {
			continue
		}
		w := make([]float64, y.Size())
		buf := graph.NewBuf(y.DType, y.Size())
		for k := range w {
			if v := now[i].Float64(k); !math.IsNaN(v) && !math.IsInf(v, 0) {
				w[k] = 0.5 + r.Float64()
				buf.SetFloat64(k, w[k])
			} else {
				whole = false
			}
		}
		ys, seeds, weights = append(ys, y), append(seeds, b.ConstBuf(buf, y.DType, y.Shape...)), append(weights, w)
	}
	var wrt []*graph.Value
	var number []int
	for i, x := range g.Inputs {
		if x.DType == tensor.Float64 && !slices.Contains(but, i) {
			wrt, number = append(wrt, x), append(number, i)
		}
	}
	grads := grad.GradientsOf(b, ys, seeds, wrt)
	for _, d := range grads {
		if d != nil {
			b.Graph.Outputs = append(b.Graph.Outputs, d)
		}
	}
	analytic, err := graph.Interpret(b.Graph, graph.Run{Inputs: inputs})
	if err != nil {
		t.Errorf("%s: the gradients: %v", name, err)
		return
	}
	forward := &graph.Graph{Nodes: g.Nodes, Inputs: g.Inputs, Outputs: ys}
	value := func() float64 {
		outs, err := graph.Interpret(forward, graph.Run{Inputs: inputs})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		sum := 0.0
		for i, w := range weights {
			for k, w := range w {
				if w != 0 {
					sum += w * outs[i].Float64(k)
				}
			}
		}
		return sum
	}
	scale := 1.0
	for _, d := range analytic {
		for i := range d.Len() {
			scale = math.Max(scale, math.Abs(d.Float64(i)))
		}
	}
	next := 0
	for i, d := range grads {
		var ours graph.Buf
		if d != nil {
			ours = analytic[next]
			next++
		}
		x := inputs[number[i]]
		for k := range x.D {
			const h = 2e-5
			at := x.D[k]
			around := func(h float64) float64 {
				x.D[k] = at + h
				above := value()
				x.D[k] = at - h
				below := value()
				x.D[k] = at
				return above - below
			}
			want, got := (8*around(h)-around(2*h))/(12*h), 0.0 // of the fourth order
			if d != nil {
				got = ours.Float64(k)
			}
			if !whole && math.IsNaN(got) { // outside of where the function is defined
				continue
			}
			if !(math.Abs(got-want) <= 2e-7*scale*math.Max(1, math.Abs(value()))) {
				t.Errorf("%s: the gradient of input %d, element %d at %v, is %v; differences give %v", name, number[i], k, at, got, want)
				return
			}
		}
	}
}

// Floats returns n numbers between lo and hi.
func Floats(r *rand.Rand, n int, lo, hi float64) graph.Buf {
	x := make([]float64, n)
	for i := range x {
		x[i] = lo + (hi-lo)*r.Float64()
	}
	return graph.Buf{D: x}
}
