package graph

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/hornml/horn/tensor"
)

// cellOf writes one step of a cell with plain ops: what the recurrent ops must agree with.
func cellOf(cell Cell, units int, resetAfter bool, recurrent, bias *Value) func(b *Builder, xs, states []*Value) (*Value, []*Value) {
	return func(b *Builder, xs, states []*Value) (*Value, []*Value) {
		z, h := xs[0], states[0]
		switch cell {
		case LSTM:
			z = b.Add(z, b.MatMul(h, recurrent))
			p := b.Split(z, -1, units, units, units, units)
			c := b.Add(b.Mul(b.Sigmoid(p[1]), states[1]), b.Mul(b.Sigmoid(p[0]), b.Tanh(p[2])))
			h = b.Mul(b.Sigmoid(p[3]), b.Tanh(c))
			return h, []*Value{h, c}
		case GRU:
			p := b.Split(z, -1, units, units, units)
			k := b.Split(recurrent, -1, units, units, units)
			update := b.Sigmoid(b.Add(p[0], b.MatMul(h, k[0])))
			reset := b.Sigmoid(b.Add(p[1], b.MatMul(h, k[1])))
			inner := b.MatMul(b.Mul(reset, h), k[2])
			if resetAfter {
				inner = b.Mul(reset, b.Add(b.MatMul(h, k[2]), bias))
			}
			candidate := b.Tanh(b.Add(p[2], inner))
			h = b.Add(b.Mul(update, h), b.Mul(b.Sub(b.Scalar(h.DType, 1), update), candidate))
		default:
			h = b.Tanh(b.Add(z, b.MatMul(h, recurrent)))
		}
		return h, []*Value{h}
	}
}

// TestRecurrentOpsAgreeWithScan compares each op with a scan over the same cell in plain ops, for all settings of the loop.
func TestRecurrentOpsAgreeWithScan(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	tanh, sigmoid := Chain{{Op: Tanh}}, Chain{{Op: Sigmoid}}
	kinds := []struct {
		cell          Cell
		gates, states int
		resetAfter    bool
	}{{LSTM, 4, 2, false}, {GRU, 3, 1, false}, {GRU, 3, 1, true}, {SimpleRNN, 1, 1, false}}
	for i := range 400 {
		k := kinds[i%len(kinds)]
		loop := Loop{Backwards: i>>2&1 == 1, Sequences: i>>3&1 == 1, ZeroMasked: i>>4&1 == 1}
		masked, double := i>>5&1 == 1, i>>6&1 == 1
		dtype := tensor.Float32
		if double {
			dtype = tensor.Float64
		}
		batch, time, units := r.IntN(4), 1+r.IntN(6), 1+r.IntN(5)
		b := NewBuilder()
		var run Run
		input := func(shape ...int) *Value {
			v := b.Input(dtype, shape...)
			buf := NewBuf(dtype, v.Size())
			for i := range v.Size() {
				if x := r.NormFloat64(); double {
					buf.D[i] = x
				} else {
					buf.F[i] = float32(x)
				}
			}
			run.Inputs = append(run.Inputs, buf)
			return v
		}
		x, recurrent, h := input(batch, time, k.gates*units), input(units, k.gates*units), input(batch, units)
		states, bias := []*Value{h}, (*Value)(nil)
		if k.states == 2 {
			states = append(states, input(batch, units))
		}
		if k.resetAfter {
			bias = input(units)
		}
		var mask *Value
		if masked {
			mask = b.Input(tensor.Bool, batch, time)
			buf := NewBuf(tensor.Bool, batch*time)
			for i := range buf.B {
				buf.B[i] = r.IntN(3) > 0
			}
			run.Inputs = append(run.Inputs, buf)
		}
		op := Recurrent{Cell: k.cell, Activation: tanh, Gate: sigmoid, ResetAfter: k.resetAfter, Loop: loop}
		operands := append([]*Value{x, recurrent}, states...)
		if k.resetAfter {
			operands = append(operands, bias)
		}
		out, last := b.Recurrent(op, mask, operands...)
		want, wantLast := b.Scan([]*Value{x}, states, loop, mask, cellOf(k.cell, units, k.resetAfter, recurrent, bias))
		b.Graph.Outputs = append(append([]*Value{out}, last...), append([]*Value{want}, wantLast...)...)
		bufs, err := Interpret(b.Graph, run)
		if err != nil {
			t.Fatal(err)
		}
		for o := range 1 + k.states {
			got, want := bufs[o], bufs[1+k.states+o]
			if got.Len() != want.Len() {
				t.Fatalf("case %d %s: output %d has %d elements, the scan's %d", i, k.cell, o, got.Len(), want.Len())
			}
			for e := range got.Len() {
				if d := math.Abs(got.Float64(e) - want.Float64(e)); d > 1e-5 {
					t.Fatalf("case %d %s %+v masked %v: output %d differs by %g", i, k.cell, loop, masked, o, d)
				}
			}
		}
	}
}

// TestScanBodyIsClosed checks that a body reads constants and outer values through its inputs, that what does not depend
// on the step is computed outside, and that states which change places do so at once.
func TestScanBodyIsClosed(t *testing.T) {
	b := NewBuilder()
	x := b.Input(tensor.Float32, 1, 3, 1)
	outer := b.Input(tensor.Float32, 1, 1)
	p, q := b.Full(tensor.Float32, 1, 1, 1), b.Full(tensor.Float32, 2, 1, 1)
	out, last := b.Scan([]*Value{x}, []*Value{p, q}, Loop{Sequences: true}, nil, func(b *Builder, xs, states []*Value) (*Value, []*Value) {
		fixed := b.Exp(b.Add(outer, b.Scalar(tensor.Float32, 1)))
		return b.Mul(b.Add(xs[0], states[0]), fixed), []*Value{states[1], states[0]}
	})
	a := out.Node.Op.(Scan)
	for _, n := range a.Body.Nodes {
		if Is[Const](n.Op) || UnaryOf(n.Op) == Exp {
			t.Errorf("the body computes %s", n.Op.Name())
		}
	}
	b.Graph.Outputs = append([]*Value{out}, last...)
	bufs, err := Interpret(b.Graph, Run{Inputs: []Buf{{F: []float32{10, 20, 30}}, {F: []float32{-1}}}})
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(bufs[0].F, bufs[1].F, bufs[2].F); got != "[11 22 31] [2] [1]" {
		t.Errorf("got %s", got)
	}
}

// TestScanRefuses checks that misuse ends with an error of this package's kind.
func TestScanRefuses(t *testing.T) {
	same := func(b *Builder, xs, states []*Value) (*Value, []*Value) { return xs[0], states }
	for name, f := range map[string]func(b *Builder){
		"no steps":     func(b *Builder) { b.Scan([]*Value{b.Input(tensor.Float32, 2, 0, 3)}, nil, Loop{}, nil, same) },
		"no time axis": func(b *Builder) { b.Scan([]*Value{b.Input(tensor.Float32, 2)}, nil, Loop{}, nil, same) },
		"two lengths": func(b *Builder) {
			b.Scan([]*Value{b.Input(tensor.Float32, 2, 4, 3), b.Input(tensor.Float32, 2, 5, 3)}, nil, Loop{}, nil, same)
		},
		"mask": func(b *Builder) {
			b.Scan([]*Value{b.Input(tensor.Float32, 2, 4, 3)}, nil, Loop{}, b.Input(tensor.Bool, 2, 5), same)
		},
		"growing state": func(b *Builder) {
			x := b.Input(tensor.Float32, 2, 4, 3)
			b.Scan([]*Value{x}, []*Value{b.Full(tensor.Float32, 0, 2, 3)}, Loop{}, nil, func(b *Builder, xs, states []*Value) (*Value, []*Value) {
				return xs[0], []*Value{b.Concat(1, states[0], xs[0])}
			})
		},
		"kernel": func(b *Builder) {
			b.Recurrent(Recurrent{Cell: LSTM}, nil, b.Input(tensor.Float32, 2, 4, 8), b.Input(tensor.Float32, 3, 12),
				b.Input(tensor.Float32, 2, 2), b.Input(tensor.Float32, 2, 2))
		},
	} {
		func() {
			defer func() {
				if _, ok := recover().(*Error); !ok {
					t.Errorf("%s: no *Error", name)
				}
			}()
			f(NewBuilder())
		}()
	}
}
