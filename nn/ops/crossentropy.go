package ops

import (
	"slices"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

func addCrossentropy(r *layer.Registry) {
	r.RegisterOp("nn", "BinaryCrossentropy", binaryCrossentropy)
	r.RegisterOp("nn", "CategoricalCrossentropy", categoricalCrossentropy)
	r.RegisterOp("nn", "SparseCategoricalCrossentropy", sparseCategoricalCrossentropy)
	r.RegisterOp("nn", "OneHot", func(o *layer.OpCall) any { return oneHot(o, o.Tensor(0, "x")) })
	r.RegisterOp("nn", "MultiHot", func(o *layer.OpCall) any {
		x := o.Tensor(0, "inputs")
		axis := 0
		if x.Rank() > 1 {
			axis = 1
		}
		return o.Reduce(graph.ReduceMax, oneHot(o, x), false, axis)
	})
	r.RegisterOp("math", "InTopK", inTopK)
}

const fuzz = 1e-7 // keras.config.epsilon()

// targetAndOutput reads the two arguments in the type of the output and fails unless they have one shape.
func targetAndOutput(o *layer.OpCall) (target, output *value) {
	output = asFloat(o, o.Tensor(1, "output"))
	target = o.Cast(o.Tensor(0, "target"), output.DType)
	if !graph.FitShapes(target.Shape, output.Shape) {
		o.Fail("%s: a target %s does not fit an output %s", o, target, output)
	}
	return target, output
}

// binaryCrossentropy is -t*log(p) - (1-t)*log(1-p) for each element.
func binaryCrossentropy(o *layer.OpCall) any {
	t, x := targetAndOutput(o)
	num := func(v float64) *value { return o.Scalar(x.DType, v) }
	if o.Bool(-1, "from_logits", false) {
		// max(x, 0) - x*t + log(1 + exp(-|x|))
		return o.Add(o.Sub(o.Relu(x), o.Mul(x, t)), o.Unary(graph.Log1p, o.Exp(o.Neg(o.Abs(x)))))
	}
	p := o.Clip(x, fuzz, 1-fuzz)
	return o.Neg(o.Add(o.Mul(t, o.Log(p)), o.Mul(o.Sub(num(1), t), o.Log(o.Sub(num(1), p)))))
}

// logProbabilities are the logarithms of class probabilities along an axis.
func logProbabilities(o *layer.OpCall, x *value, axis int) *value {
	if o.Bool(-1, "from_logits", false) {
		return o.LogSoftmax(x, axis)
	}
	return o.Log(o.Clip(o.Div(x, o.SumKeep(x, axis)), fuzz, 1-fuzz))
}

func categoricalCrossentropy(o *layer.OpCall) any {
	t, x := targetAndOutput(o)
	if x.Rank() == 0 {
		o.Fail("%s: a number has no classes", o)
	}
	axis := o.Axis(o.Int(-1, "axis", -1), x.Rank())
	return o.Neg(o.Sum(o.Mul(t, logProbabilities(o, x, axis)), axis))
}

func sparseCategoricalCrossentropy(o *layer.OpCall) any {
	x := asFloat(o, o.Tensor(1, "output"))
	t := indices(o, 0, "target")
	if x.Rank() == 0 {
		o.Fail("%s: a number has no classes", o)
	}
	axis := o.Axis(o.Int(-1, "axis", -1), x.Rank())
	if t.Rank() == x.Rank() && graph.Fits(t.Shape[axis], 1) {
		t = o.Squeeze(t, axis)
	}
	if want := slices.Delete(slices.Clone(x.Shape), axis, axis+1); !graph.FitShapes(t.Shape, want) {
		o.Fail("%s: a target %s does not fit an output %s", o, t, x)
	}
	return o.Neg(o.Squeeze(o.TakeAlong(logProbabilities(o, x, axis), o.ExpandDims(t, axis), axis), axis))
}

// oneHot marks the place of each index along a new axis; indices out of range mark none.
func oneHot(o *layer.OpCall, x *value) *value {
	notSparse(o, "sparse")
	classes := bounded(o, "num_classes", o.Int(-1, "num_classes"), 0, maxTable)
	d := dtypeArg(o, -1, "dtype", tensor.Float32)
	y := o.OneHot(o.Cast(x, tensor.Int64), classes, d)
	return o.MoveAxis(y, -1, o.Int(-1, "axis", -1))
}

// inTopK tells whether the prediction for the target class is among the k largest, ties included.
func inTopK(o *layer.OpCall) any {
	t, p := indices(o, 0, "targets"), o.Tensor(1, "predictions")
	k := o.Int(-1, "k")
	if p.Rank() != 2 || t.Rank() != 1 || !graph.Fits(t.Shape[0], p.Shape[0]) || k < 1 || graph.Known(p.Shape[1]) && k > p.Shape[1] {
		o.Fail("%s: targets %s and predictions %s for k=%d", o, t, p, k)
	}
	mine := o.TakeAlong(p, o.ExpandDims(t, 1), 1)
	values, _ := topK(o, p, k)
	return o.Any(o.Compare(graph.GreaterEqual, mine, values), 1)
}
