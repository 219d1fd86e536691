package plan

import (
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/tensor"
	"github.com/hornml/horn/tensor/kernel"
)

// fixture builds graphs over random inputs and constants.
type fixture struct {
	*graph.Builder
	rng    *rand.Rand
	inputs []tensor.Any
}

func (f *fixture) random(shape ...int) *tensor.Tensor {
	t := tensor.New(shape...)
	data := t.Data()
	for i := range data {
		data[i] = float32(f.rng.NormFloat64())
	}
	return t
}

func (f *fixture) in(shape ...int) *graph.Value {
	f.inputs = append(f.inputs, f.random(shape...))
	return f.Input(tensor.Float32, shape...)
}

func (f *fixture) w(shape ...int) *graph.Value { return f.Const(f.random(shape...)) }

// filters are the weights of a convolution whose results are about as large as its input.
func (f *fixture) filters(height, width, channels, filters int) *graph.Value {
	t := f.random(height, width, channels, filters)
	for i, v := range t.Data() {
		t.Data()[i] = v / float32(math.Sqrt(float64(height*width*channels)))
	}
	return f.Const(t)
}

type value = graph.Value

// cases are graphs whose compiled form takes every path of the compiler.
var cases = map[string]func(f *fixture) []*value{
	"dense":           func(f *fixture) []*value { return one(f.Dense(f.in(5, 7), f.w(7, 11))) },
	"dense bias relu": func(f *fixture) []*value { return one(f.Relu(f.Add(f.Dense(f.in(3, 4, 7), f.w(7, 11)), f.w(11)))) },
	"dense scale bias clip": func(f *fixture) []*value {
		return one(f.Clip(f.Add(f.Mul(f.Add(f.Dense(f.in(20, 7), f.w(7, 50)), f.w(50)), f.w(50)), f.w(50)), -0.5, 0.5))
	},
	"clamps": func(f *fixture) []*value {
		c := func(v float64) *value { return f.Scalar(tensor.Float32, v) }
		x := f.Add(f.Dense(f.in(9, 7), f.w(7, 20)), f.w(20))
		y := f.Dense(f.in(9, 7), f.w(7, 20))
		z := f.Dense(f.in(9, 7), f.w(7, 20))
		return []*value{f.Min(f.Max(f.Relu(x), c(0.2)), c(1)), f.Max(f.Min(c(1), y), c(2)), f.Tanh(f.Clip(f.Clip(z, -1, 0.5), 0.1, 3))}
	},
	"dense int8": func(f *fixture) []*value {
		matrix := func(k, n int) *value {
			t := tensor.Zeros[int8](k, n)
			for i := range t.Data() {
				t.Data()[i] = int8(f.rng.IntN(255) - 127)
			}
			return f.Const(t)
		}
		scales := f.random(70)
		for i, v := range scales.Data() {
			scales.Data()[i] = v*v + 1
		}
		scale := f.Const(scales)
		y := f.DenseInt8(f.in(60, 33), matrix(33, 70), scale, 1e-7)
		return []*value{f.Unary(graph.Gelu, f.Add(f.Add(y, f.w(70)), f.in(60, 70))),
			f.Relu(f.Add(f.DenseInt8(f.in(2, 3, 9), matrix(9, 70), scale, 1e-7), f.w(70)))}
	},
	"dense gelu": func(f *fixture) []*value {
		return one(f.Unary(graph.Gelu, f.Add(f.Dense(f.in(2, 100, 9), f.w(9, 70)), f.w(70))))
	},
	"dense residual relu": func(f *fixture) []*value {
		return one(f.Relu(f.Add(f.Add(f.Dense(f.in(9, 7), f.w(7, 70)), f.w(70)), f.in(9, 70))))
	},
	"dense then tensor ops": func(f *fixture) []*value {
		x := f.Add(f.Dense(f.in(9, 7), f.w(7, 70)), f.w(70))
		return one(f.Sub(f.Mul(f.Sigmoid(x), f.in(9, 70)), f.in(9, 1)))
	},
	"dense used twice": func(f *fixture) []*value {
		x := f.Dense(f.in(9, 7), f.w(7, 8))
		return []*value{f.Relu(x), f.Tanh(x)}
	},
	"dense transposed": func(f *fixture) []*value { return one(f.MatMulT(f.in(6, 5), f.w(9, 5), false, true)) },
	"batched matmul":   func(f *fixture) []*value { return one(f.MatMulT(f.in(2, 3, 6, 5), f.in(2, 3, 9, 5), false, true)) },
	"attention": func(f *fixture) []*value {
		q, k, v := f.in(2, 3, 10, 8), f.in(2, 3, 12, 8), f.in(2, 3, 12, 4)
		s := f.Add(f.MulS(f.MatMulT(q, k, false, true), 0.35), f.in(2, 1, 10, 12))
		return one(f.MatMul(f.Softmax(s, -1), v))
	},
	"broadcast matmul":    func(f *fixture) []*value { return one(f.MatMul(f.in(4, 1, 3, 5), f.in(2, 5, 6))) },
	"matmul transposed a": func(f *fixture) []*value { return one(f.MatMulT(f.in(2, 5, 6), f.in(2, 5, 7), true, false)) },
	"einsum": func(f *fixture) []*value {
		return one(f.Einsum("abc,cde->abde", f.in(2, 3, 4), f.w(4, 5, 6)))
	},
	"conv same": func(f *fixture) []*value {
		lo, hi := graph.SamePadding(9, 3, 2, 1)
		a := graph.Conv{Strides: []int{2, 2}, PadLo: []int{lo, lo}, PadHi: []int{hi, hi}}
		return one(f.Relu(f.Add(f.Mul(f.Conv(f.in(2, 9, 9, 3), f.w(3, 3, 3, 20), a), f.w(20)), f.w(20))))
	},
	"conv silu residual": func(f *fixture) []*value {
		a := graph.Conv{PadLo: []int{1, 1}, PadHi: []int{1, 1}}
		return one(f.Unary(graph.Silu, f.Add(f.Conv(f.in(1, 8, 7, 16), f.w(3, 3, 16, 24), a), f.in(1, 8, 7, 24))))
	},
	"winograd": func(f *fixture) []*value {
		same := graph.Conv{PadLo: []int{1, 1}, PadHi: []int{1, 1}}
		x := f.Relu(f.Add(f.Mul(f.Conv(f.in(3, 9, 8, 32), f.filters(3, 3, 32, 64), same), f.w(64)), f.w(64)))
		y := f.Relu(f.Add(f.Conv(x, f.filters(3, 3, 64, 64), same), x))
		return []*value{f.Conv(y, f.filters(3, 3, 64, 32), graph.Conv{PadLo: []int{2, 0}, PadHi: []int{0, 0}})}
	},
	"winograd silu residual": func(f *fixture) []*value {
		a := graph.Conv{PadLo: []int{1, 1}, PadHi: []int{1, 1}}
		return one(f.Unary(graph.Silu, f.Add(f.Unary(graph.Silu, f.Conv(f.in(1, 12, 13, 32), f.filters(3, 3, 32, 96), a)), f.in(1, 12, 13, 96))))
	},
	"winograd of many images": func(f *fixture) []*value {
		a := graph.Conv{PadLo: []int{1, 1}, PadHi: []int{1, 1}}
		x := f.in(3, 106, 104, 32)
		return one(f.Tanh(f.MulS(f.Add(f.Conv(x, f.filters(3, 3, 32, 32), a), x), 0.01)))
	},
	"conv 1x1": func(f *fixture) []*value { return one(f.Conv(f.in(2, 5, 6, 8), f.w(1, 1, 8, 33), graph.Conv{})) },
	"conv of many images": func(f *fixture) []*value {
		x := f.in(3, 80, 90, 2)
		a := graph.Conv{PadLo: []int{1, 1}, PadHi: []int{1, 1}}
		y := f.Add(f.Tanh(f.Conv(x, f.w(3, 3, 2, 3), a)), f.in(3, 80, 90, 3))
		d := graph.Conv{PadLo: []int{1, 1}, PadHi: []int{1, 1}, Groups: 3}
		p := graph.Pool{Window: []int{2, 2}, Strides: []int{1, 1}, PadLo: []int{0, 0}, PadHi: []int{1, 1}}
		return []*value{f.Relu(f.Add(f.Conv(y, f.w(3, 3, 1, 3), d), y)), f.Pool(y, p)}
	},
	"conv dilated": func(f *fixture) []*value {
		return one(f.Conv(f.in(2, 30, 4), f.w(3, 4, 6), graph.Conv{Dilation: []int{4}, PadLo: []int{8}}))
	},
	"conv groups": func(f *fixture) []*value {
		return one(f.Relu(f.Add(f.Conv(f.in(2, 9, 9, 8), f.w(3, 3, 2, 12), graph.Conv{Groups: 4}), f.w(12))))
	},
	"conv 3d": func(f *fixture) []*value {
		return one(f.Conv(f.in(1, 5, 6, 7, 2), f.w(2, 3, 2, 2, 5), graph.Conv{}))
	},
	"depthwise": func(f *fixture) []*value {
		a := graph.Conv{Groups: 24, PadLo: []int{1, 1}, PadHi: []int{1, 1}, Strides: []int{2, 1}}
		return one(f.Clip(f.Add(f.Mul(f.Conv(f.in(2, 9, 9, 24), f.w(3, 3, 1, 24), a), f.w(24)), f.w(24)), 0, 6))
	},
	"depthwise swish": func(f *fixture) []*value {
		a := graph.Conv{Groups: 24, PadLo: []int{1, 1}, PadHi: []int{1, 1}}
		return one(f.Unary(graph.Silu, f.Conv(f.in(2, 9, 9, 24), f.w(3, 3, 1, 24), a)))
	},
	"depth multiplier": func(f *fixture) []*value {
		return one(f.Conv(f.in(2, 9, 9, 4), f.w(3, 3, 1, 12), graph.Conv{Groups: 4}))
	},
	"transposed conv": func(f *fixture) []*value {
		a := graph.Conv{InputDilation: []int{2, 3}, PadLo: []int{2, 2}, PadHi: []int{2, 3}}
		return one(f.Add(f.Conv(f.in(2, 5, 4, 6), f.w(3, 3, 6, 7), a), f.w(7)))
	},
	"padding before conv": func(f *fixture) []*value {
		x := f.Pad(f.in(1, 6, 6, 3), []int{0, 1, 2, 0}, []int{0, 2, 0, 0}, 0)
		return one(f.Conv(x, f.w(3, 3, 3, 8), graph.Conv{Strides: []int{2, 2}}))
	},
	"max pool": func(f *fixture) []*value {
		return one(f.Pool(f.in(2, 9, 8, 5), graph.Pool{Window: []int{3, 2}, Strides: []int{2, 2}, PadLo: []int{1, 0}, PadHi: []int{1, 0}}))
	},
	"average pool": func(f *fixture) []*value {
		return one(f.Pool(f.in(2, 9, 5), graph.Pool{Window: []int{3}, Strides: []int{2}, PadLo: []int{1}, PadHi: []int{1}, Average: true}))
	},
	"softmax axes": func(f *fixture) []*value {
		x := f.in(3, 40, 5)
		return []*value{f.Softmax(x, -1), f.Softmax(x, 1), f.LogSoftmax(x, -1)}
	},
	"layer norm": func(f *fixture) []*value {
		x := f.in(3, 4, 70)
		return []*value{f.Add(f.Mul(f.Normalize(x, 1e-3, false, -1), f.w(70)), f.w(70)), f.Mul(f.Normalize(x, 1e-3, true, -1), f.w(70)),
			f.Normalize(x, 1e-3, false, 1, 2)}
	},
	"reductions": func(f *fixture) []*value {
		x := f.in(3, 4, 5, 6)
		return []*value{f.Mean(x, 1, 2), f.Sum(x, -1), f.Reduce(graph.ReduceMax, x, true, 1), f.Reduce(graph.ReduceMin, x, false),
			f.Mean(x, 0, 2), f.Reduce(graph.Prod, x, false, 1)}
	},
	"broadcasts": func(f *fixture) []*value {
		x := f.in(3, 4, 5, 6)
		y := f.Mul(f.Add(f.Sub(x, f.in(6)), f.in(3, 1, 1, 6)), f.in(3, 4, 1, 1))
		return []*value{y, f.Div(f.in(5, 1), y), f.Add(f.in(1, 1, 1, 1), y), f.Mul(y, f.in(4, 1, 6)), f.Add(f.in(3, 4, 1), f.in(5))}
	},
	"normalization that stays": func(f *fixture) []*value {
		x := f.in(2, 5, 30)
		y := f.Add(f.Mul(x, f.w(30)), f.w(30))
		z := f.Mul(f.Square(x), f.w(30))
		return []*value{f.Relu(y), f.Add(f.Mul(f.Add(z, f.w(30)), z), f.w(30)), f.Concat(2, x, f.in(2, 5, 3), f.Add(x, f.w(30)))}
	},
	"padding": func(f *fixture) []*value {
		x := f.in(2, 3, 4, 5)
		return []*value{f.Pad(x, []int{0, 1, 2, 0}, []int{0, 0, 3, 0}, -7), f.Pad(f.in(2, 3, 4), []int{0, 2, 0}, []int{0, 1, 0}, 1),
			f.Pad(x, []int{1, 0, 0, 2}, []int{0, 0, 0, 0}, 2)}
	},
	"long rows": func(f *fixture) []*value {
		x := f.in(2, 60, 50)
		return one(f.Mul(f.Add(x, f.w(60, 50)), f.Sub(f.in(2, 1, 1), f.w(50))))
	},
	"diamond": func(f *fixture) []*value {
		x := f.Add(f.in(7, 300), f.in(300))
		s := f.Sigmoid(x)
		return one(f.Add(f.Mul(x, s), f.Mul(f.Square(x), f.Sub(s, x))))
	},
	"odd functions": func(f *fixture) []*value {
		x := f.in(5, 300)
		return []*value{f.Unary(graph.Sin, f.Unary(graph.Atan, x)), f.Binary(graph.Atan2, f.MulS(x, 2), f.in(300)),
			f.Binary(graph.FloorDiv, x, f.in(5, 1))}
	},
	"transposes": func(f *fixture) []*value {
		x := f.in(3, 4, 5, 6)
		return []*value{f.Transpose(x, 0, 3, 1, 2), f.Transpose(x, 0, 2, 1, 3), f.Transpose(x, 3, 2, 1, 0),
			f.Transpose(f.Transpose(x, 0, 3, 1, 2), 0, 2, 3, 1), f.Transpose(f.in(4, 1, 5), 1, 0, 2), f.Transpose(x, 2, 3, 0, 1)}
	},
	"movement": func(f *fixture) []*value {
		x, y := f.in(3, 4, 5), f.in(3, 2, 5)
		return []*value{f.Concat(1, x, y), f.Slice(x, 2, 1, 4), f.Flip(x, 1), f.Repeat(x, 1, 3), f.Tile(x, 1, 2),
			f.Pad(x, []int{1, 0, 2}, []int{0, 3, 0}, 7), f.BroadcastTo(y, 4, 3, 2, 5)}
	},
	"reshapes": func(f *fixture) []*value {
		x := f.Reshape(f.in(3, 4, 5), 12, 5)
		y := f.Reshape(f.Relu(x), 60)
		return []*value{x, y, f.Reshape(f.Exp(y), 5, 12)}
	},
	"bfloat16": func(f *fixture) []*value {
		x := f.Cast(f.in(4, 6), tensor.BFloat16)
		w := f.Cast(f.w(6, 8), tensor.BFloat16)
		return one(f.Relu(f.Add(f.Dense(x, w), f.Cast(f.w(8), tensor.BFloat16))))
	},
	"mixed classes": func(f *fixture) []*value {
		x := f.in(4, 6)
		m := f.Compare(graph.Greater, x, f.Scalar(tensor.Float32, 0))
		return []*value{f.Where(m, x, f.Neg(x)), f.Cast(m, tensor.Int32), f.Argmax(x, 1)}
	},
	"double": func(f *fixture) []*value {
		return one(f.Dense(f.Cast(f.in(4, 6), tensor.Float64), f.Cast(f.w(6, 3), tensor.Float64)))
	},
	"constant output": func(f *fixture) []*value { return []*value{f.w(3), f.in(2)} },
	"recurrent": func(f *fixture) []*value {
		tanh, sigmoid, relu := graph.Chain{{Op: graph.Tanh}}, graph.Chain{{Op: graph.Sigmoid}}, graph.Chain{{Op: graph.Relu}}
		var outs []*value
		for i := range 16 {
			a := graph.Recurrent{Activation: tanh, Gate: sigmoid}
			a.Sequences, a.Backwards, a.ZeroMasked = i&1 != 0, i&2 != 0, i&4 != 0
			if i&8 != 0 {
				a.Activation, a.Gate = relu, tanh
			}
			var mask *value
			if i%3 != 0 {
				mask = f.Compare(graph.Greater, f.in(70, 5), f.Scalar(tensor.Float32, -0.5))
			}
			h := f.in(70, 6)
			x := f.Add(f.Dense(f.in(70, 5, 3), f.w(3, 24)), f.w(24))
			out, states := f.Recurrent(a, mask, x, f.MulS(f.w(6, 24), 0.3), h, f.in(70, 6))
			outs = append(append(outs, out), states...)
			a.Cell = graph.GRU
			out, states = f.Recurrent(a, mask, f.in(70, 5, 18), f.MulS(f.w(6, 18), 0.3), h)
			outs = append(append(outs, out), states...)
			a.Cell = graph.SimpleRNN
			out, states = f.Recurrent(a, mask, f.Tanh(f.in(70, 5, 6)), f.MulS(f.w(6, 6), 0.3), h)
			outs = append(append(outs, out), states...)
			a.Cell, a.ResetAfter = graph.GRU, true
			out, states = f.Recurrent(a, mask, f.Tanh(f.in(70, 5, 18)), f.MulS(f.w(6, 18), 0.3), h, f.w(6))
			outs = append(append(outs, out), states...)
		}
		return outs
	},
	"nothing": func(f *fixture) []*value { return one(f.Relu(f.Dense(f.in(0, 7), f.w(7, 11)))) },
}

func one(v *value) []*value { return []*value{v} }

// build makes the same graph each time it is called for a name.
func build(name string) *fixture {
	f := &fixture{Builder: graph.NewBuilder(), rng: rand.New(rand.NewPCG(1, 2))}
	f.Graph.Outputs = cases[name](f)
	return f
}

func TestCompiledAgreesWithInterpreted(t *testing.T) {
	for name := range cases {
		t.Run(name, func(t *testing.T) {
			f := build(name)
			var run graph.Run
			for _, in := range f.inputs {
				run.Inputs = append(run.Inputs, graph.BufOf(in))
			}
			want, err := graph.Interpret(f.Graph, run)
			if err != nil {
				t.Fatal(err)
			}
			for _, level := range kernel.Levels() {
				restore := kernel.SetLevel(level)
				var first []tensor.Any
				for _, threads := range []int{1, 2, 3} {
					p, err := Compile(build(name).Graph, Options{Threads: threads})
					if err != nil {
						t.Fatal(err)
					}
					for range 2 {
						got, err := p.Run(f.inputs, nil)
						if err != nil {
							t.Fatal(err)
						}
						if first == nil {
							first = got
						}
						for i := range got {
							// Neither threads nor repetition may change an answer.
							if a, b := graph.BufOf(first[i]), graph.BufOf(got[i]); !sameBits(a, b) {
								t.Errorf("level %v, output %d: %d threads give other bits than one", level, i, threads)
							}
						}
						limit := 1e-5            // as cli.md has it: the sums, of a hundred products and more, are in float32
						if name == "recurrent" { // errors grow from step to step
							limit = 2e-5
						}
						for i, v := range f.Graph.Outputs {
							compare(t, limit, fmt.Sprintf("level %v, %d threads, output %d", level, threads, i), graph.BufOf(got[i]), want[i], v.DType)
						}
					}
				}
				restore()
			}
		})
	}
}

func sameBits(a, b graph.Buf) bool {
	for i := range a.Len() {
		if math.Float64bits(a.Float64(i)) != math.Float64bits(b.Float64(i)) {
			return false
		}
	}
	return a.Len() == b.Len()
}

func compare(t *testing.T, limit float64, what string, got, want graph.Buf, d tensor.DType) {
	t.Helper()
	if got.Len() != want.Len() {
		t.Fatalf("%s: %d elements, not %d", what, got.Len(), want.Len())
	}
	if d == tensor.BFloat16 {
		limit = 0.02
	}
	for i := range want.Len() {
		g, w := got.Float64(i), want.Float64(i)
		if math.Abs(g-w) > limit*math.Max(1, math.Abs(w)) || math.IsNaN(g) != math.IsNaN(w) {
			t.Fatalf("%s: element %d is %v, not %v", what, i, g, w)
		}
	}
}

func TestConcurrentRuns(t *testing.T) {
	f := build("conv silu residual")
	p, err := Compile(f.Graph, Options{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	want, err := p.Run(f.inputs, nil)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for range 20 {
				got, err := p.Run(f.inputs, nil)
				if err != nil {
					t.Error(err)
					return
				}
				a, b := got[0].(*tensor.Tensor).Data(), want[0].(*tensor.Tensor).Data()
				for i := range a {
					if a[i] != b[i] {
						t.Errorf("element %d is %v, not %v", i, a[i], b[i])
						return
					}
				}
			}
		}()
	}
	wg.Wait()
}

func TestRunsAllocateNothing(t *testing.T) {
	for _, name := range []string{"dense bias relu", "conv silu residual", "depthwise", "attention", "layer norm", "broadcasts", "max pool",
		"transposes"} {
		f := build(name)
		p, err := Compile(f.Graph, Options{Threads: 1})
		if err != nil {
			t.Fatal(err)
		}
		outputs, err := p.Run(f.inputs, nil)
		if err != nil {
			t.Fatal(err)
		}
		if n := testing.AllocsPerRun(20, func() {
			if err := p.RunInto(outputs, f.inputs, nil); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations a run", name, n)
		}
	}
}

func TestMemoryLimit(t *testing.T) {
	f := build("broadcasts")
	if _, err := Compile(f.Graph, Options{MaxBytes: 100}); err == nil {
		t.Error("a plan that needs more than its limit was made")
	}
}
