package ops

import (
	"math"
	"slices"

	"github.com/hornml/horn/nn/activations"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
)

func addActivation(r *layer.Registry) {
	floats := func(class string, op *graph.Unary) {
		one(r, "nn", class, "x", func(o *layer.OpCall, x *value) *value { return o.Unary(op, asFloat(o, x)) })
	}
	floats("Sigmoid", graph.Sigmoid)
	floats("Silu", graph.Silu)
	floats("Softplus", graph.Softplus)
	floats("Softsign", graph.Softsign)
	floats("SparsePlus", opSparsePlus)
	floats("TanhShrink", opTanhShrink)
	one(r, "nn", "LogSigmoid", "x", func(o *layer.OpCall, x *value) *value {
		if x.DType.IsFloat() {
			return o.Unary(opLogSigmoid, x)
		}
		return activations.LogSigmoid(o.Builder, x)
	})
	one(r, "nn", "Squareplus", "x", func(o *layer.OpCall, x *value) *value {
		return activations.Squareplus(o.Float(-1, "b", 4))(o.Builder, x)
	})
	one(r, "nn", "Relu", "x", func(o *layer.OpCall, x *value) *value { return o.Relu(asInt(o, x)) })
	one(r, "nn", "Relu6", "x", func(o *layer.OpCall, x *value) *value { return activations.Relu6(o.Builder, x) })
	one(r, "nn", "HardSigmoid", "x", func(o *layer.OpCall, x *value) *value { return activations.HardSigmoid(o.Builder, asFloat(o, x)) })
	one(r, "nn", "HardSilu", "x", func(o *layer.OpCall, x *value) *value {
		x = asFloat(o, x)
		return o.Mul(x, activations.HardSigmoid(o.Builder, x))
	})
	one(r, "nn", "HardTanh", "x", func(o *layer.OpCall, x *value) *value { return activations.HardTanh(o.Builder, x) })
	one(r, "nn", "Selu", "x", func(o *layer.OpCall, x *value) *value { return activations.Selu(o.Builder, asFloat(o, x)) })
	one(r, "nn", "SparseSigmoid", "x", func(o *layer.OpCall, x *value) *value {
		return o.UnaryP(graph.Affine, graph.Params{A: 0.5, B: 0.5}, o.Clip(asFloat(o, x), -1, 1))
	})
	setting := func(class, name string, def float64, op *graph.Unary) {
		one(r, "nn", class, "x", func(o *layer.OpCall, x *value) *value {
			return o.UnaryP(op, graph.Params{A: o.Float(-1, name, def)}, asFloat(o, x))
		})
	}
	setting("Elu", "alpha", 1, graph.Elu)
	setting("Celu", "alpha", 1, opCelu)
	setting("LeakyRelu", "negative_slope", 0.2, graph.LeakyRelu)
	setting("HardShrink", "threshold", 0.5, opHardShrink)
	setting("SoftShrink", "threshold", 0.5, opSoftShrink)
	one(r, "nn", "Threshold", "x", threshold)
	one(r, "nn", "Gelu", "x", func(o *layer.OpCall, x *value) *value {
		if o.Bool(-1, "approximate", true) {
			return o.Unary(graph.GeluTanh, asFloat(o, x))
		}
		return o.Unary(graph.Gelu, asFloat(o, x))
	})
	one(r, "nn", "Glu", "x", func(o *layer.OpCall, x *value) *value {
		x = asFloat(o, x)
		axis := o.Axis(o.Int(-1, "axis", -1), x.Rank())
		size := x.Shape[axis]
		if size%2 != 0 {
			o.Fail("%s: axis %d of %s has an odd length", o, axis, x)
		}
		return o.Mul(o.Slice(x, axis, 0, size/2), o.Sigmoid(o.Slice(x, axis, size/2, size)))
	})
	alongAxes := func(class string, f func(o *layer.OpCall, x *value, axis int) *value) {
		one(r, "nn", class, "x", func(o *layer.OpCall, x *value) *value { return normalizeExp(o, asFloat(o, x), f) })
	}
	alongAxes("Softmax", func(o *layer.OpCall, x *value, axis int) *value { return o.Softmax(x, axis) })
	alongAxes("LogSoftmax", func(o *layer.OpCall, x *value, axis int) *value { return o.LogSoftmax(x, axis) })
	one(r, "nn", "Sparsemax", "x", func(o *layer.OpCall, x *value) *value {
		return o.Emit1(opSparsemax{o.Axis(o.Int(-1, "axis", -1), x.Rank())}, asFloat(o, x))
	})
	one(r, "activations", "ReLU", "x", reluClass)
}

var (
	opLogSigmoid = newUnary("log_sigmoid", func(x float64) float64 { return math.Min(x, 0) - math.Log1p(math.Exp(-math.Abs(x))) })
	opTanhShrink = newUnary("tanh_shrink", func(x float64) float64 { return x - math.Tanh(x) })
	opSparsePlus = newUnary("sparse_plus", func(x float64) float64 {
		switch {
		case x <= -1:
			return 0
		case x < 1:
			return (x + 1) * (x + 1) / 4
		}
		return x
	})
	// opCelu is max(x, 0) + min(0, A*(exp(x/A)-1)).
	opCelu = graph.NewUnary("celu", func(x float64, p graph.Params) float64 {
		if x > 0 {
			return x
		}
		return p.A * math.Expm1(x/p.A)
	}, nil, slopes{})
	// opHardShrink is x where |x| is above A, else 0; NaN is 0.
	opHardShrink = graph.NewUnary("hard_shrink", func(x float64, p graph.Params) float64 {
		if math.Abs(x) > p.A {
			return x
		}
		return 0
	}, nil, slopes{})
	// opSoftShrink moves x towards 0 by A; NaN is 0.
	opSoftShrink = graph.NewUnary("soft_shrink", func(x float64, p graph.Params) float64 {
		switch {
		case x > p.A:
			return x - p.A
		case x < -p.A:
			return x + p.A
		}
		return 0
	}, nil, slopes{})
	// opThreshold is x above A, else B; B for NaN.
	opThreshold = graph.NewUnary("threshold", func(x float64, p graph.Params) float64 {
		if x > p.A {
			return x
		}
		return p.B
	}, nil, slopes{})
)

// threshold is x above a number, else another one. Integers stay integers where both numbers are.
func threshold(o *layer.OpCall, x *value) *value {
	names := []string{"threshold", "default_value"}
	if _, ok := o.Get(-1, "threshold_value"); ok { // as Keras 3.9 called them
		names = []string{"threshold_value", "value"}
	}
	at, below := arg(o, -1, names[0]), arg(o, -1, names[1])
	if at.x != nil || below.x != nil {
		o.Fail("%s: numbers are expected for %s and %s", o, names[0], names[1])
	}
	x = asInt(o, x)
	if d := resultType(o, x.DType, below.dtype); !d.IsFloat() {
		limit := resultType(o, x.DType, at.dtype)
		return o.Where(o.Compare(graph.Greater, o.Cast(x, limit), at.as(o, limit)), x, below.as(o, d))
	}
	return o.UnaryP(opThreshold, graph.Params{A: at.num.Float(), B: below.num.Float()}, asFloat(o, x))
}

// reluClass is the activation object keras.activations.ReLU: slope below the threshold, cut off at max_value.
func reluClass(o *layer.OpCall, x *value) *value {
	slope, top, threshold := o.Float(-1, "negative_slope", 0), o.FloatOrNone(-1, "max_value"), o.Float(-1, "threshold", 0)
	o.Inert("dtype")
	return activations.Relu(o.Builder, x, slope, top, threshold)
}

// normalizeExp runs a softmax along the axes that the argument axis names: one, several taken together, or for none all.
func normalizeExp(o *layer.OpCall, x *value, f func(o *layer.OpCall, x *value, axis int) *value) *value {
	axes := []int{-1}
	if v, ok := o.Get(-1, "axis"); ok {
		axes = nil
		if v != nil {
			axes = o.Ints(-1, "axis")
		}
	}
	if len(axes) == 1 && x.Rank() > 0 {
		return f(o, x, axes[0])
	}
	if axes == nil {
		return o.Reshape(f(o, o.Reshape(x, x.Size()), 0), x.Shape...)
	}
	axes = positive(o, axes, x.Rank())
	var order []int
	lead := []int{}
	for i, d := range x.Shape {
		if !slices.Contains(axes, i) {
			order, lead = append(order, i), append(lead, d)
		}
	}
	slices.Sort(axes)
	order = append(order, axes...)
	moved := o.Transpose(x, order...)
	size := 1
	for _, a := range axes {
		size = graph.Times(size, x.Shape[a])
	}
	y := o.Reshape(f(o, o.Reshape(moved, append(lead, size)...), -1), moved.Shape...)
	back := make([]int, len(order))
	for i, a := range order {
		back[a] = i
	}
	return o.Transpose(y, back...)
}

// opSparsemax is max(x - tau, 0) along an axis (int attrs). Keras takes for tau the sum of all the partial sums of the k
// largest elements (those in the support), less 1, over k; the paper (Martins and Astudillo 2016) has the last of those
// sums alone. Trained weights know Keras's form, so it is this one.
type opSparsemax struct{ Axis int }

// Name implements graph.Op.
func (opSparsemax) Name() string { return "sparsemax" }

// Infer implements graph.Op.
func (opSparsemax) Infer(n *graph.Node) { n.SetOut(n.In[0].DType, n.In[0].Shape...) }

// Eval implements graph.Op.
func (op opSparsemax) Eval(n *graph.Node, in, out []graph.Buf) error {
	eachLine(n.In[0].Shape, op.Axis, func(at, step, size int) {
		sorted := make([]float64, size)
		for i := range sorted {
			sorted[i] = in[0].Float64(at + i*step)
		}
		slices.Sort(sorted)
		slices.Reverse(sorted)
		sum, sums, k := 0.0, 0.0, 0.0
		for i, v := range sorted {
			sum += v
			if v-(sum-1)/float64(i+1) > 0 {
				sums += sum
				k++
			}
		}
		tau := (sums - 1) / k
		for i := range size {
			v := in[0].Float64(at + i*step)
			setFloat(out[0], at+i*step, max(v-tau, 0))
		}
	})
	return nil
}

// eachLine calls f for each line of an array along an axis: where it begins, how far its elements are apart, how many.
//
//go:noinline
func eachLine(shape []int, axis int, f func(at, step, size int)) {
	outer, step := 1, 1
	for _, d := range shape[:axis] {
		outer *= d
	}
	for _, d := range shape[axis+1:] {
		step *= d
	}
	for i := range outer {
		for j := range step {
			f(i*shape[axis]*step+j, step, shape[axis])
		}
	}
}

// setFloat stores into a buffer of floats.
func setFloat(b graph.Buf, i int, v float64) {
	if b.F != nil {
		b.F[i] = float32(v)
	} else {
		b.D[i] = v
	}
}
