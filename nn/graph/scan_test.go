package graph_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	. "github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/tensor"
)

// unrolled writes a loop over time without a loop: what Scan must agree with.
func unrolled(b *Builder, sequences, states []*Value, loop Loop, mask *Value,
	step func(b *Builder, xs, states []*Value) (*Value, []*Value)) (out *Value, last []*Value) {
	time := sequences[0].Shape[1]
	at := func(x *Value, t int) *Value { return b.Squeeze(b.Slice(x, 1, t, t+1), 1) }
	var outs []*Value
	for i := range time {
		t := i
		if loop.Backwards {
			t = time - 1 - i
		}
		xs := make([]*Value, len(sequences))
		for k, x := range sequences {
			xs[k] = at(x, t)
		}
		y, next := step(b, xs, states)
		if mask != nil {
			column := b.Slice(mask, 1, t, t+1)
			other := b.ZerosLike(y)
			if !loop.ZeroMasked && len(outs) > 0 {
				other = outs[len(outs)-1]
			}
			choose := func(x, y *Value) *Value {
				shape := slices.Repeat([]int{1}, x.Rank())
				shape[0] = x.Shape[0]
				return b.Where(b.Reshape(column, shape...), x, y)
			}
			y = choose(y, other)
			next = slices.Clone(next)
			for k := range next {
				next[k] = choose(next[k], states[k])
			}
		}
		outs, states = append(outs, y), next
	}
	if loop.Sequences {
		return b.Stack(1, outs...), states
	}
	return outs[len(outs)-1], states
}

// TestScan compares loops of all settings with the same steps written one after the other.
func TestScan(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 5))
	for i := range 128 {
		loop := Loop{Backwards: i&1 != 0, Sequences: i&2 != 0, ZeroMasked: i&4 != 0}
		masked, two := i&8 != 0, i&16 != 0
		batch, time, width := 1+r.IntN(3), 1+r.IntN(4), 1+r.IntN(3)
		d := classes[i%2]
		in := []array{random(r, d, batch, time, width), random(r, d, batch, time), random(r, d, batch, width), random(r, d, width),
			random(r, tensor.Bool, batch, time)}
		build := func(write func(b *Builder, sequences, states []*Value, a Loop, mask *Value,
			step func(b *Builder, xs, states []*Value) (*Value, []*Value)) (*Value, []*Value)) func(b *Builder, v []*Value) []*Value {
			return func(b *Builder, v []*Value) []*Value {
				sequences, states, mask := v[:1], v[2:3], v[4]
				if two {
					sequences = v[:2]
				}
				if !masked {
					mask = nil
				}
				scale := b.Tanh(v[3]) // of outside, and used inside
				out, last := write(b, sequences, states, loop, mask, func(b *Builder, xs, states []*Value) (*Value, []*Value) {
					h := b.Tanh(b.Add(xs[0], b.Mul(states[0], scale)))
					if two {
						h = b.Mul(h, b.ExpandDims(xs[1], -1))
					}
					return b.Concat(1, h, xs[0]), []*Value{b.Add(h, b.Scalar(d, 0.5))}
				})
				return append([]*Value{out}, last...)
			}
		}
		got := compute(t, in, build((*Builder).Scan))
		want := compute(t, in, build(unrolled))
		for k := range want {
			if !got[k].same(want[k], 1e-6) {
				t.Fatalf("%+v, masked %v, output %d: %v, not %v", loop, masked, k, got[k], want[k])
			}
		}
	}
}

// TestNestedScan runs a loop in a loop, with a value of the outermost graph in the innermost body.
func TestNestedScan(t *testing.T) {
	x := floats([]int{1, 2, 3}, 1, 2, 3, 4, 5, 6)
	is(t, "a sum of weighted products", 1e-5, floats([]int{1, 2}, 10*1*2*3, 10*4*5*6), []array{x, floats([]int{1}, 10)},
		func(b *Builder, v []*Value) *Value {
			outer, _ := b.Scan([]*Value{v[0]}, nil, Loop{Sequences: true}, nil, func(b *Builder, xs, _ []*Value) (*Value, []*Value) {
				first := b.Full(tensor.Float32, 1, 1)
				_, last := b.Scan([]*Value{xs[0]}, []*Value{first}, Loop{}, nil, func(b *Builder, xs, states []*Value) (*Value, []*Value) {
					p := b.Mul(xs[0], states[0])
					return p, []*Value{p}
				})
				return b.Mul(last[0], v[1]), nil
			})
			return outer
		})
}

// TestScanBodies writes what does not depend on the step outside of the loop, once, and holds no constants in the body.
func TestScanBodies(t *testing.T) {
	b := NewBuilder()
	x, w := b.Input(tensor.Float32, 2, 5, 3), b.Input(tensor.Float32, 3)
	out, _ := b.Scan([]*Value{x}, nil, Loop{Sequences: true}, nil, func(b *Builder, xs, _ []*Value) (*Value, []*Value) {
		weight := b.Exp(b.Mul(w, b.Scalar(tensor.Float32, 2))) // the same in each step
		return b.Mul(xs[0], b.AddS(weight, 1)), nil
	})
	b.Graph.Outputs = one(out)
	if err := Verify(b.Graph); err != nil {
		t.Fatal(err)
	}
	scan := out.Node.Op.(Scan)
	var inside []string
	for _, n := range scan.Body.Nodes {
		inside = append(inside, n.Op.Name())
	}
	if got := strings.Join(inside, " "); strings.Contains(got, "exp") || strings.Contains(got, "const") || strings.Count(got,
		"multiply") != 1 {
		t.Errorf("the body is %s", got)
	}
	if len(out.Node.In) != 2 {
		t.Errorf("the loop takes %d values", len(out.Node.In))
	}
}

// TestScansThatDoNotFit says what is wrong with a loop.
func TestScansThatDoNotFit(t *testing.T) {
	f := tensor.Float32
	same := func(b *Builder, xs, states []*Value) (*Value, []*Value) { return xs[0], states }
	for want, build := range map[string]func(b *Builder){
		"scan: float32(3,) has no time axis": func(b *Builder) { b.Scan([]*Value{b.Input(f, 3)}, nil, Loop{}, nil, same) },
		"scan: the sequence has no steps":    func(b *Builder) { b.Scan([]*Value{b.Input(f, 3, 0, 2)}, nil, Loop{}, nil, same) },
		"scan: sequences float32(3, 4) and float32(3, 5) differ in batch or time": func(b *Builder) {
			b.Scan([]*Value{b.Input(f, 3, 4), b.Input(f, 3, 5)}, nil, Loop{}, nil, same)
		},
		"scan: state 0 is float32(3, 2) before a step and float32(3, 1) after it": func(b *Builder) {
			b.Scan([]*Value{b.Input(f, 3, 4)}, []*Value{b.Input(f, 3, 2)}, Loop{}, nil, func(b *Builder, xs, states []*Value) (*Value, []*Value) {
				return xs[0], []*Value{b.Slice(states[0], 1, 0, 1)}
			})
		},
		"scan: 1 states become 0": func(b *Builder) {
			b.Scan([]*Value{b.Input(f, 3, 4)}, []*Value{b.Input(f, 3, 2)}, Loop{}, nil, func(b *Builder, xs, _ []*Value) (*Value, []*Value) {
				return xs[0], nil
			})
		},
		"scan: a step's output float32() does not start with the batch of 3": func(b *Builder) {
			b.Scan([]*Value{b.Input(f, 3, 4)}, nil, Loop{}, nil, func(b *Builder, xs, _ []*Value) (*Value, []*Value) {
				return b.Sum(xs[0]), nil
			})
		},
		"scan: a mask bool(3, 5) where bool(3, 4) is needed": func(b *Builder) {
			b.Scan([]*Value{b.Input(f, 3, 4)}, nil, Loop{}, b.Input(tensor.Bool, 3, 5), same)
		},
		"a layer inside of a loop over time cannot be stateful": func(b *Builder) {
			b.Scan([]*Value{b.Input(f, 3, 4)}, nil, Loop{}, nil, func(b *Builder, xs, _ []*Value) (*Value, []*Value) {
				b.SetParam(NewState("s"), xs[0])
				return xs[0], nil
			})
		},
	} {
		if got := problem(build); got != want {
			t.Errorf("%q, not %q", got, want)
		}
	}
}

// TestRecurrentsThatDoNotFit says what is wrong with the operands of a recurrent op.
func TestRecurrentsThatDoNotFit(t *testing.T) {
	f := tensor.Float32
	tanh, sigmoid := Chain{{Op: Tanh}}, Chain{{Op: Sigmoid}}
	lstm := Recurrent{Cell: LSTM, Activation: tanh, Gate: sigmoid}
	type shapes struct{ x, kernel, h []int }
	for name, s := range map[string]shapes{
		"no time axis": {[]int{2, 12}, []int{3, 12}, []int{2, 3}}, "other gates": {[]int{2, 5, 11}, []int{3, 12}, []int{2, 3}},
		"another kernel": {[]int{2, 5, 12}, []int{4, 12}, []int{2, 3}}, "another batch": {[]int{2, 5, 12}, []int{3, 12}, []int{1, 3}},
		"no steps": {[]int{2, 0, 12}, []int{3, 12}, []int{2, 3}},
	} {
		if got := problem(func(b *Builder) {
			b.Recurrent(lstm, nil, b.Input(f, s.x...), b.Input(f, s.kernel...), b.Input(f, s.h...), b.Input(f, s.h...))
		}); got == "" {
			t.Errorf("%s: it is accepted", name)
		}
	}
	if got := problem(func(b *Builder) {
		b.Recurrent(lstm, nil, b.Input(f, 2, 5, 12), b.Input(f, 3, 12), b.Input(f, 2, 3))
	}); got == "" {
		t.Error("a state is missing, and it is accepted")
	}
	if got := problem(func(b *Builder) {
		b.Recurrent(lstm, b.Input(tensor.Bool, 2, 4), b.Input(f, 2, 5, 12), b.Input(f, 3, 12), b.Input(f, 2, 3), b.Input(f, 2, 3))
	}); got == "" {
		t.Error("a mask of another length is accepted")
	}
}

// TestRecurrentByHand follows a cell without weights through a few steps.
func TestRecurrentByHand(t *testing.T) {
	linear := Chain{{Op: Affine, Params: Params{A: 1}}}
	x := floats([]int{1, 4, 1}, 1, 2, 3, 4)
	one, zero := floats([]int{1, 1}, 1), floats([]int{1, 1}, 0)
	mask := bools([]int{1, 4}, 1, 0, 0, 1)
	for _, c := range []struct {
		name   string
		loop   Loop
		masked bool
		out    []float64
		last   float64
	}{
		{"sums", Loop{Sequences: true}, false, []float64{1, 3, 6, 10}, 10},
		{"the last sum", Loop{}, false, []float64{10}, 10},
		{"backwards", Loop{Sequences: true, Backwards: true}, false, []float64{4, 7, 9, 10}, 10},
		{"masked steps repeat", Loop{Sequences: true}, true, []float64{1, 1, 1, 5}, 5},
		{"masked steps are 0", Loop{Sequences: true, ZeroMasked: true}, true, []float64{1, 0, 0, 5}, 5},
	} {
		got := compute(t, []array{x, one, zero, mask}, func(b *Builder, v []*Value) []*Value {
			m := v[3]
			if !c.masked {
				m = nil
			}
			out, states := b.Recurrent(Recurrent{Cell: SimpleRNN, Activation: linear, Gate: linear, Loop: c.loop}, m, v[:3]...)
			return append([]*Value{out}, states...)
		})
		if !slices.Equal(got[0].data, c.out) || got[1].data[0] != c.last {
			t.Errorf("%s: %v", c.name, fmt.Sprint(got))
		}
	}
}
