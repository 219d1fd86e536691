package graph_test

import (
	"testing"

	. "github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/internal/optest"
	"github.com/hornml/horn/tensor"
)

// sampleOps are all ops of this package.
func sampleOps() []Op {
	loop := Loop{Sequences: true}
	body := NewBuilder()
	body.Graph.Outputs = []*Value{body.Tanh(body.Input(tensor.Float32, 2, 3))}
	return []Op{
		Input{DType: tensor.Float32, Shape: []int{2}},
		ReadParam{Param: NewState("a"), DType: tensor.Float32, Shape: []int{2}},
		Const{Source: testSource("k"), DType: tensor.Float32, Shape: []int{2}},
		Elementwise{Fn: Clip, Params: Params{A: 1, B: 2}}, Test{Fn: IsNaN}, Pairwise{Fn: Add}, Compare{Fn: Less}, Where{}, Cast{To: tensor.Int8},
		Reshape{Shape: []int{2, 3}}, Transpose{Axes: []int{1, 0}}, Broadcast{Shape: []int{2, 3}}, Concat{Axis: 1},
		Slice{Start: []int{1}, Step: []int{2}, Count: []int{3}}, Pad{Lo: []int{1}, Hi: []int{2}, Value: 3},
		Take{Axis: 1}, TakeAlong{Axis: 1}, Scatter{How: "add"}, Reduce{Fn: Sum, Axes: []int{1}}, Softmax{Axis: 1, Log: true},
		LayerNorm{Epsilon: 1e-3, RMS: true}, Argsort{Axis: 1}, ArgExtreme{Axis: 1, Smallest: true}, Cumulative{Axis: 1, Product: true},
		MatMul{TransA: true}, MatMulInt8{}, UnpackInt4{Axis: 1, Size: 7, Signed: true}, UnpackTernary{Axis: 1, Size: 7}, DenseInt8{Epsilon: 1e-7},
		Conv{Strides: []int{1}, Dilation: []int{2}, InputDilation: []int{1}, PadLo: []int{0}, PadHi: []int{1}, Groups: 2},
		Spread{Factors: []int{2}}, Pool{Window: []int{2}, Strides: []int{2}, PadLo: []int{0}, PadHi: []int{1}, Average: true},
		Resample{Axis: 1, Taps: Taps{Start: []int{0, 1}, Weights: [][]float64{{1}, {0.5, 0.5}}}},
		STFT{Window: []float64{1, 2}, Stride: 3, Center: true},
		Recurrent{Cell: GRU, Activation: Chain{{Op: Tanh}}, Gate: Chain{{Op: Sigmoid}}, ResetAfter: true, Loop: loop},
		StopGradient{}, StraightThrough{}, Float8Gradient{},
		STFTGradient{STFT: STFT{Window: []float64{1, 2}, Stride: 3, Center: true}, Samples: 5},
		PoolGradient{Pool: Pool{Window: []int{2}, Strides: []int{2}, PadLo: []int{0}, PadHi: []int{1}, Average: true}, Spatial: []int{4}},
		Scan{Body: body.Graph, Sequences: 1, Loop: loop},
	}
}

type testSource string

func (s testSource) Key() string       { return string(s) }
func (s testSource) Buf() (Buf, error) { return Buf{F: []float32{1, 2}}, nil }

func TestKeysTellSettingsApart(t *testing.T) { optest.Keys(t, sampleOps()) }

// TestKeysTellFunctionsApart checks that functions of numbers, which stand in keys by their names, have different ones.
func TestKeysTellFunctionsApart(t *testing.T) {
	ops := []Op{ReadParam{Param: NewState("a")}, ReadParam{Param: NewState("a")}, Const{Source: testSource("a")},
		Const{Source: testSource("b")}}
	for _, f := range []*Unary{Neg, Abs, Exp, Expm1, Sigmoid, Relu, Elu, Affine} {
		ops = append(ops, Elementwise{Fn: f})
	}
	for _, f := range []*Binary{Add, Sub, Mul, Div, Max, Min, LogicalAnd, LogicalOr} {
		ops = append(ops, Pairwise{Fn: f})
	}
	for _, f := range []*Comparison{Equal, NotEqual, Less, LessEqual, Greater, GreaterEqual} {
		ops = append(ops, Compare{Fn: f})
	}
	for _, f := range []*Reduction{Sum, Mean, Prod, ReduceMax, ReduceMin} {
		ops = append(ops, Reduce{Fn: f, Axes: []int{0}})
	}
	optest.Keys(t, ops)
}

// TestKeyOfGraph checks that loops with different bodies differ.
func TestKeyOfGraph(t *testing.T) {
	loop := func(f *Unary, swap bool) string {
		b := NewBuilder()
		x, y := b.Input(tensor.Float32, 2, 3), b.Input(tensor.Float32, 2, 3)
		if swap {
			x, y = y, x
		}
		b.Graph.Outputs = []*Value{b.Sub(b.Unary(f, x), y)}
		return string(AppendKey(nil, Scan{Body: b.Graph}))
	}
	one, again := loop(Tanh, false), loop(Tanh, false)
	if one != again {
		t.Error("equal bodies have different keys")
	}
	if one == loop(Exp, false) || one == loop(Tanh, true) {
		t.Error("different bodies have one key")
	}
}

// TestKeyRefusesFunctions checks that no op can hide a setting in a function.
func TestKeyRefusesFunctions(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("an op with a function has a key")
		}
	}()
	AppendKey(nil, hiding{f: func() {}})
}

type hiding struct {
	Where
	f func()
}
