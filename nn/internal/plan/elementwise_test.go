package plan

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/tensor"
)

// TestShares divides pieces into units: all of them, in order, each once, alike but for one, and a whole number for each thread.
func TestShares(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 2000 {
		total, unit, threads := r.IntN(1000), 1+r.IntN(100), 1+r.IntN(8)
		s := share(total, unit, threads)
		if s.from(0) != 0 || s.from(s.count) != total {
			t.Fatalf("%d pieces: units from %d to %d", total, s.from(0), s.from(s.count))
		}
		least, most := total, 0
		for i := range s.count {
			n := s.from(i+1) - s.from(i)
			least, most = min(least, n), max(most, n)
		}
		if most-least > 1 {
			t.Fatalf("%d pieces in %d units: of %d to %d", total, s.count, least, most)
		}
		if s.count > 1 && s.count < total && s.count%threads != 0 {
			t.Errorf("%d units for %d threads", s.count, threads)
		}
		if most > unit {
			t.Errorf("units of %d pieces where %d are asked for", most, unit)
		}
	}
	if got := part(1<<30, 1<<20, 1<<21); got != 1<<29 {
		t.Errorf("a part of much: %d", got)
	}
}

// TestBounds divides units by weight: every worker's share is as near to the others' as a unit allows.
func TestBounds(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 1))
	for range 500 {
		units, workers := 1+r.IntN(40), 1+r.IntN(6)
		weights := make([]int, units)
		total, heaviest := 0, 0
		for i := range weights {
			weights[i] = 1 + r.IntN(100)
			total, heaviest = total+weights[i], max(heaviest, weights[i])
		}
		b := bounds(units, workers, func(i int) int { return weights[i] })
		if len(b) != workers+1 || b[0] != 0 || b[workers] != units || !slices.IsSorted(b) {
			t.Fatalf("%d units for %d workers: %v", units, workers, b)
		}
		for w := range workers {
			sum := 0
			for _, v := range weights[b[w]:b[w+1]] {
				sum += v
			}
			if sum > total/workers+heaviest+1 {
				t.Errorf("worker %d of %d has %d of %d, the heaviest unit is %d", w, workers, sum, total, heaviest)
			}
		}
	}
}

// part of a shape: some axes are missing in front, some are 1.
func partOf(r *rand.Rand, shape []int) []int {
	own := slices.Clone(shape[r.IntN(len(shape)+1):])
	for i := range own {
		if r.IntN(3) == 0 {
			own[i] = 1
		}
	}
	return own
}

// TestClassify reads values that repeat at every position of a result, and compares with what broadcasting means.
func TestClassify(t *testing.T) {
	kinds := map[operandKind]int{}
	r := rand.New(rand.NewPCG(3, 1))
	for range 3000 {
		shape := make([]int, 1+r.IntN(4))
		for i := range shape {
			shape[i] = 1 + r.IntN(4)
		}
		if r.IntN(4) == 0 {
			shape[len(shape)-1] = longRow + 1 + r.IntN(100)
		}
		b := graph.NewBuilder()
		v := b.Input(tensor.Float32, partOf(r, shape)...)
		o, ok := classify(shape, v)
		if !ok {
			kinds[255]++
			continue
		}
		kinds[o.kind]++
		data := make([]float32, v.Size())
		for i := range data {
			data[i] = float32(i)
		}
		want := broadcastOf(v.Shape, shape)
		run := &run{bufs: []graph.Buf{{F: data}}}
		for i := range graph.Product(shape) {
			if got := o.element(run, nil, 0, 0, i); got != data[want[i]] {
				t.Fatalf("%v in %v, kind %d: element %d is %g, not %g", v.Shape, shape, o.kind, i, got, data[want[i]])
			}
		}
	}
	for _, k := range []operandKind{operandFull, operandRow, operandPart, operandOuter} {
		if kinds[k] == 0 {
			t.Errorf("no value was of kind %d: %v", k, kinds)
		}
	}
}

// broadcastOf lists which element of an array of shape from stands at each position of shape to.
func broadcastOf(from, to []int) []int {
	strides, own := make([]int, len(to)), graph.Strides(from)
	for i, d := range from {
		if d != 1 {
			strides[len(to)-len(from)+i] = own[i]
		}
	}
	return graph.Offsets(to, strides, 0)
}

// TestPrograms runs random trees of elementwise ops with operands that repeat in all ways, over results of many blocks.
func TestPrograms(t *testing.T) {
	unary := []*graph.Unary{graph.Tanh, graph.Sigmoid, graph.Relu, graph.Square, graph.Abs, graph.Neg, graph.Atan, graph.Softsign}
	binary := []*graph.Binary{graph.Add, graph.Sub, graph.Mul, graph.Max, graph.Min, graph.Atan2}
	fused := 0
	for seed := range uint64(150) {
		f := &fixture{Builder: graph.NewBuilder(), rng: rand.New(rand.NewPCG(seed, 4))}
		r := f.rng
		shape := [][]int{{3, 40, 50}, {2, 3000}, {5000}, {4, 7, 11, 13}, {1, 1300}, {60, 1, 30}}[seed%6]
		d := tensor.Float32
		if seed%5 == 4 {
			d = tensor.BFloat16
		}
		leaf := func() *value {
			switch own := partOf(r, shape); r.IntN(6) {
			case 0:
				return f.Scalar(d, r.NormFloat64())
			case 1:
				return f.Cast(f.w(own...), d)
			case 2, 3:
				return f.Cast(f.in(own...), d)
			}
			return f.Cast(f.in(shape...), d)
		}
		values := []*value{f.Cast(f.in(shape...), d)}
		for range 3 + r.IntN(10) {
			x := values[max(0, len(values)-1-r.IntN(2))]
			switch r.IntN(5) {
			case 0:
				x = f.Unary(unary[r.IntN(len(unary))], x)
			case 1:
				x = f.Clip(x, -0.5, 0.7)
			case 2:
				x = f.Where(f.Compare(graph.Less, f.in(partOf(r, shape)...), f.Scalar(tensor.Float32, 0)), x, leaf())
			default:
				a, b := x, leaf()
				if r.IntN(2) == 0 {
					a, b = b, a
				}
				x = f.Binary(binary[r.IntN(len(binary))], a, b)
			}
			values = append(values, x)
		}
		last := values[len(values)-1]
		f.Graph.Outputs = one(last)
		if r.IntN(3) == 0 {
			f.Graph.Outputs = append(f.Graph.Outputs, values[len(values)/2])
		}
		g := f.Graph.Clone()
		p, err := Compile(f.Graph, Options{Threads: 1 + int(seed%3)})
		if err != nil {
			t.Fatal(err)
		}
		if len(p.steps) < len(values)-1 {
			fused++
		}
		var run graph.Run
		for _, in := range f.inputs {
			run.Inputs = append(run.Inputs, graph.BufOf(in))
		}
		want, err := graph.Interpret(g, run)
		if err != nil {
			t.Fatal(err)
		}
		got, err := p.Run(f.inputs, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range g.Outputs {
			compare(t, 1e-4, fmt.Sprintf("seed %d, output %d", seed, i), graph.BufOf(got[i]), want[i], v.DType)
		}
	}
	if fused < 75 {
		t.Errorf("in %d of 150 graphs something runs together", fused)
	}
}
