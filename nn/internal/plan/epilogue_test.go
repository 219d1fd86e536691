package plan

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/tensor"
)

// TestLimits clamps again and again: the one clamp that is left does what all did one after the other.
func TestLimits(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 12))
	for range 1000 {
		var e epilogue
		var all [][2]float64
		for range 1 + r.IntN(4) {
			lo, hi := math.Round(4*r.NormFloat64()), math.Round(4*r.NormFloat64())
			switch r.IntN(4) {
			case 0:
				lo = math.Inf(-1)
			case 1:
				hi = math.Inf(1)
			}
			if taken := e.limit(lo, hi); taken != (lo <= hi) {
				t.Fatalf("%g to %g: %v", lo, hi, taken)
			} else if taken {
				all = append(all, [2]float64{lo, hi})
			}
		}
		for x := -10.0; x <= 10; x++ {
			want := x
			for _, l := range all {
				want = min(max(want, l[0]), l[1])
			}
			got := x
			if e.clamp {
				got = float64(min(max(float32(x), e.lo), e.hi))
			}
			if got != want {
				t.Fatalf("%g by %v: %g, not %g", x, all, got, want)
			}
		}
	}
}

// TestRows makes one bias and one scale of rows that are added, subtracted and multiplied in any order.
func TestRows(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 12))
	for range 200 {
		b := graph.NewBuilder()
		n := 1 + r.IntN(5)
		want := make([]float64, n)
		x := slices.Repeat([]float64{1.5}, n)
		copy(want, x)
		var terms []rowTerm
		for range 1 + r.IntN(5) {
			row := tensor.New([]int{1, n}[r.IntN(2)])
			for i := range row.Data() {
				row.Data()[i] = float32(r.IntN(9)-4) / 4
			}
			sign := float32(r.IntN(3) - 1)
			terms = append(terms, rowTerm{b.Const(row), sign})
			for i := range want {
				v := float64(row.Data()[i%row.Len()])
				if sign == 0 {
					want[i] *= v
				} else {
					want[i] += float64(sign) * v
				}
			}
		}
		snap := NewStore().snapshot()
		bias, scale := make([]float32, n), make([]float32, n)
		if err := biasOf(snap, terms, bias); err != nil {
			t.Fatal(err)
		}
		if err := scaleOf(snap, terms, scale); err != nil {
			t.Fatal(err)
		}
		for i := range want {
			if got := x[i]*float64(scale[i]) + float64(bias[i]); math.Abs(got-want[i]) > 1e-5 {
				t.Fatalf("column %d of %v: %g, not %g", i, terms, got, want[i])
			}
		}
	}
}

// TestRandomInt8 multiplies with int8 matrices: the integers are exact, so that every level of instructions has the same ones.
func TestRandomInt8(t *testing.T) {
	randomly(t, 60, 1e-5, func(f *fixture) {
		r := f.rng
		m, k, n := 1+r.IntN(20), 1+r.IntN(150), 1+r.IntN(90)
		w := tensor.Zeros[int8](k, n)
		for i := range w.Data() {
			w.Data()[i] = int8(r.IntN(255) - 127)
		}
		scale := f.random(n)
		for i, v := range scale.Data() {
			scale.Data()[i] = 10 + v*v
		}
		y := f.DenseInt8(f.in(m, k), f.Const(w), f.Const(scale), 1e-7)
		if r.IntN(2) == 0 {
			y = f.Relu(f.Add(y, f.w(n)))
		}
		f.Graph.Outputs = one(y)
	})
}

// TestRandomRecurrent runs cells of all kinds with odd numbers of units and samples.
func TestRandomRecurrent(t *testing.T) {
	tanh, sigmoid := graph.Chain{{Op: graph.Tanh}}, graph.Chain{{Op: graph.Sigmoid}}
	randomly(t, 60, 2e-5, func(f *fixture) {
		r := f.rng
		batch, time, units := 1+r.IntN(9), 1+r.IntN(6), 1+r.IntN(40)
		a := graph.Recurrent{Cell: []graph.Cell{graph.LSTM, graph.GRU, graph.SimpleRNN}[r.IntN(3)], Activation: tanh, Gate: sigmoid}
		a.Sequences, a.Backwards, a.ZeroMasked = r.IntN(2) == 0, r.IntN(2) == 0, r.IntN(2) == 0
		gates := map[graph.Cell]int{graph.LSTM: 4, graph.GRU: 3, graph.SimpleRNN: 1}[a.Cell]
		var mask *value
		if r.IntN(2) == 0 {
			mask = f.Compare(graph.Greater, f.in(batch, time), f.Scalar(tensor.Float32, -0.3))
		}
		operands := []*value{f.in(batch, time, gates*units), f.MulS(f.w(units, gates*units), 1/math.Sqrt(float64(units))), f.in(batch, units)}
		if a.Cell == graph.LSTM {
			operands = append(operands, f.in(batch, units))
		}
		out, states := f.Recurrent(a, mask, operands...)
		f.Graph.Outputs = append(one(out), states...)
	})
}
