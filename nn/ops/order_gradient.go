package ops

import (
	"math"
	"slices"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/tensor"
)

// Gradient implements graph.Differentiable.
func (op opSort) Gradient(b *graph.Backward, n *graph.Node, dOut []*value) []*value {
	return b.Through(n, dOut, func(b *graph.Builder, in []*value) []*value { return []*value{b.Sort(in[0], op.Axis)} })
}

// Gradient implements graph.Differentiable: the sums of Keras's form, op by op.
func (op opSparsemax) Gradient(b *graph.Backward, n *graph.Node, dOut []*value) []*value {
	return b.Through(n, dOut, func(b *graph.Builder, in []*value) []*value {
		x, size := in[0], in[0].Shape[op.Axis]
		sorted := b.Neg(b.Sort(b.Neg(x), op.Axis))
		sums := b.Cumsum(sorted, op.Axis)
		ranks := make([]float64, size)
		for i := range ranks {
			ranks[i] = 1 / float64(i+1)
		}
		shape := make([]int, x.Rank())
		for i := range shape {
			shape[i] = 1
		}
		shape[op.Axis] = size
		mean := b.Mul(b.AddS(sums, -1), b.Reshape(b.Floats(x.DType, ranks...), shape...))
		support := b.Compare(graph.Greater, sorted, mean)
		k := b.SumKeep(b.Cast(support, x.DType), op.Axis)
		tau := b.Div(b.AddS(b.SumKeep(b.Masked(support, sums), op.Axis), -1), k)
		return []*value{b.Max(b.Sub(x, tau), b.Scalar(x.DType, 0))}
	})
}

// Gradient implements graph.Differentiable: the bits of a number have no slope.
func (opView) Gradient(_ *graph.Backward, n *graph.Node, _ []*value) []*value {
	return make([]*value, len(n.In))
}

// Gradient implements graph.Differentiable: numbers outside the segments go to one more, which is left out.
func (op opSegment) Gradient(b *graph.Backward, n *graph.Node, dOut []*value) []*value {
	how := map[*graph.Binary]string{graph.Add: "add", graph.Mul: "mul", graph.Max: "max", graph.Min: "min"}[op.Fn]
	return b.Through(n, dOut, func(b *graph.Builder, in []*value) []*value {
		x, ids := in[0], n.In[1]
		count := b.Int(tensor.Int64, int64(op.Count))
		outside := b.Or(b.Compare(graph.Less, ids, b.Int(tensor.Int64, 0)), b.Compare(graph.GreaterEqual, ids, count))
		ids = b.ExpandDims(b.Where(outside, count, ids), 1)
		start := b.Full(x.DType, op.Start, append([]int{op.Count + 1}, x.Shape[1:]...)...)
		return []*value{b.Slice(b.Scatter(start, ids, x, how), 0, 0, op.Count)}
	})
}

// Gradient implements graph.Differentiable: the weight of each number counts where the number stands.
func (op opBincount) Gradient(b *graph.Backward, n *graph.Node, dOut []*value) []*value {
	x, w := n.In[0], n.In[1]
	if !w.Differentiable() {
		return make([]*value, 2)
	}
	cols := x.Size() / max(op.Rows, 1)
	return []*value{nil, b.Reshape(b.TakeAlong(dOut[0], b.Reshape(x, op.Rows, cols), 1), w.Shape...)}
}

// Gradient implements graph.Differentiable: of the edges of the bins; counts have none.
func (op opHistogram) Gradient(b *graph.Backward, n *graph.Node, dOut []*value) []*value {
	x := n.In[0]
	if dOut[1] == nil || op.Limits != nil || x.Size() == 0 {
		return []*value{nil}
	}
	return b.Through(n, dOut, func(b *graph.Builder, in []*value) []*value {
		parts := make([]float64, op.Bins+1)
		for i := range parts {
			parts[i] = float64(i) / float64(op.Bins)
		}
		lo, hi := b.Reduce(graph.ReduceMin, in[0], false), b.Reduce(graph.ReduceMax, in[0], false)
		return []*value{nil, b.Add(lo, b.Mul(b.Sub(hi, lo), b.Floats(x.DType, parts...)))}
	})
}

// Gradient implements graph.Differentiable: the first of equal rows is the one that is taken.
func (op opUnique) Gradient(b *graph.Backward, n *graph.Node, dOut []*value) []*value {
	if dOut[0] == nil || !n.In[0].Differentiable() {
		return []*value{nil}
	}
	taken := b.ExpandDims(b.Compare(graph.Greater, n.Out[3], b.Int(tensor.Int64, 0)), 1) // the others are fill
	places := b.Masked(b.Squeeze(taken, 1), n.Out[1])
	return []*value{b.Scatter(b.ZerosLike(n.In[0]), b.ExpandDims(places, 1), b.Masked(taken, dOut[0]), "add")}
}

// opQuantileGradient is the gradient of an opQuantile with respect to both of its inputs, which are the first two, given
// that with respect to its output.
type opQuantileGradient struct{ Quantile opQuantile }

// Name implements graph.Op.
func (opQuantileGradient) Name() string { return "quantile_gradient" }

// Infer implements graph.Op.
func (opQuantileGradient) Infer(n *graph.Node) {
	for _, v := range n.In[:2] {
		n.SetOut(v.DType, v.Shape...)
	}
}

// Eval implements graph.Op.
func (op opQuantileGradient) Eval(n *graph.Node, in, out []graph.Buf) error {
	a := op.Quantile
	size, shares := n.In[0].Shape[n.In[0].Rank()-1], n.In[1].Size()
	lines := n.In[2].Size() / max(shares, 1)
	dx, dq := make([]float64, n.In[0].Size()), make([]float64, shares)
	order := make([]int, 0, size)
	for l := range lines {
		order = order[:0]
		for i := range size {
			if v := in[0].Float64(l*size + i); v == v {
				order = append(order, l*size+i)
			}
		}
		if len(order) == 0 || !a.SkipNaN && len(order) < size {
			continue
		}
		slices.SortStableFunc(order, func(i, j int) int {
			x, y := in[0].Float64(i), in[0].Float64(j)
			switch {
			case x < y:
				return -1
			case x > y:
				return 1
			}
			return 0
		})
		for k := range shares {
			at := in[1].Float64(k) * float64(len(order)-1)
			if in[1].F != nil {
				at = float64(in[1].F[k] * float32(len(order)-1))
			}
			at = math.Max(0, math.Min(at, float64(len(order)-1)))
			lo, hi := order[int(math.Floor(at))], order[int(math.Ceil(at))]
			d, high := in[2].Float64(k*lines+l), 0.0
			switch a.Method {
			case "lower":
			case "higher":
				high = 1
			case "nearest":
				lo = order[int(math.RoundToEven(at))]
			case "midpoint":
				high = ceilMinusFloor(at) / 2
			default:
				high = at - math.Floor(at)
				dq[k] += d * (in[0].Float64(hi) - in[0].Float64(lo)) * float64(len(order)-1)
			}
			dx[lo] += d * (1 - high)
			dx[hi] += d * high
		}
	}
	for i, v := range dx {
		setFloat(out[0], i, v)
	}
	for i, v := range dq {
		setFloat(out[1], i, v)
	}
	return nil
}

// Gradient implements graph.Differentiable.
func (op opQuantile) Gradient(b *graph.Backward, n *graph.Node, dOut []*value) []*value {
	return b.Emit(opQuantileGradient{op}, n.In[0], n.In[1], dOut[0])
}
