package ops

import (
	"math"
	"slices"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

func addScatter(r *layer.Registry) {
	r.RegisterOp("core", "Scatter", func(o *layer.OpCall) any {
		idx, values := indices(o, 0, "indices"), o.Tensor(1, "values")
		return o.Scatter(o.Full(values.DType, 0, shapeArg(o, 2, "shape")...), idx, values, "add")
	})
	r.RegisterOp("core", "ScatterUpdate", func(o *layer.OpCall) any {
		x, idx := o.Tensor(0, "inputs"), indices(o, 1, "indices")
		updates := o.Cast(o.Tensor(2, "updates"), x.DType)
		how := o.Str(-1, "reduction", "")
		if !slices.Contains([]string{"", "add", "mul", "max", "min"}, how) {
			o.Fail("%s: the reduction %q does not exist", o, how)
		}
		if n := idx.Rank(); n > 0 && graph.Known(idx.Shape[n-1]) && idx.Shape[n-1] <= x.Rank() { // one update may serve all indices
			want := append(slices.Clone(idx.Shape[:idx.Rank()-1]), x.Shape[idx.Shape[idx.Rank()-1]:]...)
			updates = o.BroadcastTo(updates, want...)
		}
		return o.Scatter(x, idx, updates, how)
	})
	r.RegisterOp("core", "Slice", func(o *layer.OpCall) any {
		x, size := o.Tensor(0, "inputs"), shapeArg(o, 2, "shape")
		return slicePart(o, x, size)
	})
	r.RegisterOp("core", "SliceUpdate", sliceUpdate)
	segments := func(class string, op *graph.Binary, start float64) {
		r.RegisterOp("math", class, func(o *layer.OpCall) any { return segment(o, op, start) })
	}
	segments("SegmentSum", graph.Add, 0)
	segments("SegmentProd", graph.Mul, 1)
	segments("SegmentMax", graph.Max, math.Inf(-1))
	segments("SegmentMin", graph.Min, math.Inf(1))
	r.RegisterOp("numpy", "UnravelIndex", unravelIndex)
}

// startIndices reads the argument start_indices: numbers, or a vector that is known when the graph runs.
func startIndices(o *layer.OpCall, rank int) (fixed []int, dynamic *value) {
	v, _ := o.Get(1, "start_indices")
	list, ok := v.([]any)
	if ok && len(layer.Flatten(list)) == 0 {
		fixed = intList(o, list, "start_indices")
	} else {
		dynamic = o.Cast(indices(o, 1, "start_indices"), tensor.Int64)
	}
	if n := len(fixed); dynamic == nil && n > rank || dynamic != nil && (dynamic.Rank() != 1 || dynamic.Shape[0] > rank) {
		o.Fail("%s: start_indices do not fit a tensor of rank %d", o, rank)
	}
	return fixed, dynamic
}

// slicePart cuts a block of a size out of x; axes without a start are taken whole.
func slicePart(o *layer.OpCall, x *value, size []int) *value {
	fixed, dynamic := startIndices(o, x.Rank())
	count := len(fixed)
	if dynamic != nil {
		count = dynamic.Shape[0]
	}
	if !graph.Fits(len(size), count) {
		o.Fail("%s: %d starts for a block of %d axes", o, count, len(size))
	}
	if dynamic == nil {
		a := newSliceAttrs(x)
		for i, s := range fixed {
			if s < 0 {
				s += x.Shape[i]
			}
			a.Start[i], a.Count[i] = s, size[i]
		}
		return o.SliceAll(x, a)
	}
	for i, n := range size {
		if graph.Known(x.Shape[i]) {
			bounded(o, "an axis of the block", n, 0, x.Shape[i])
		}
		start := o.Reshape(o.Slice(dynamic, 0, i, i+1))
		x = o.Take(x, o.Add(start, o.Iota(tensor.Int64, n)), i)
	}
	return x
}

// sliceUpdate replaces a block of x.
func sliceUpdate(o *layer.OpCall) any {
	x := o.Tensor(0, "inputs")
	updates := o.Cast(o.Tensor(2, "updates"), x.DType)
	fixed, dynamic := startIndices(o, x.Rank())
	if dynamic == nil {
		dynamic = o.Builder.Ints(tensor.Int64, fixed...)
	}
	rank := dynamic.Shape[0]
	if updates.Rank() != x.Rank() {
		o.Fail("%s: updates %s do not fit %s", o, updates, x)
	}
	if !graph.FitShapes(updates.Shape[max(rank, 0):], x.Shape[max(rank, 0):]) {
		o.Fail("%s: updates %s do not fit %s", o, updates, x)
	}
	if rank < 0 || !graph.AllKnown(updates.Shape...) || !graph.AllKnown(x.Shape...) {
		return o.Opaque(x.DType, x.Shape, x, updates, dynamic)
	}
	for rank > 0 && updates.Shape[rank-1] == x.Shape[rank-1] && (fixed == nil || fixed[rank-1] == 0) {
		rank-- // whole axes at the end are copied as rows
	}
	dynamic = o.Slice(dynamic, 0, 0, rank)
	// The index of every element of the block in x, as vectors.
	shape := updates.Shape[:rank]
	n := graph.Product(shape)
	if n > maxTable/max(rank, 1) {
		o.Fail("%s: updates of %d rows are too many", o, n)
	}
	points := o.Places([]int{n, rank}, func(at []int64) {
		for i := range n {
			rest := i
			for k := rank - 1; k >= 0; k-- {
				at[i*rank+k] = int64(rest % shape[k])
				rest /= shape[k]
			}
		}
	})
	idx := o.Add(points, dynamic)
	flat := o.Reshape(updates, append([]int{n}, x.Shape[rank:]...)...)
	return o.Scatter(x, idx, flat, "")
}

// segment combines the rows of a tensor that have the same number. Rows of numbers outside the segments are left out;
// segments without rows have what the combination starts with. Keras on torch computes in float32, integers too.
func segment(o *layer.OpCall, op *graph.Binary, start float64) *value {
	x, ids := o.Tensor(0, "data"), indices(o, 1, "segment_ids")
	o.Inert("sorted") // a promise that may save time
	if ids.Rank() != 1 || x.Rank() == 0 || !graph.Fits(ids.Shape[0], x.Shape[0]) {
		o.Fail("%s: segment numbers %s do not fit %s", o, ids, x)
	}
	count := 0
	if n := o.IntOrNone(-1, "num_segments"); n != nil {
		count = *n
	} else {
		top := o.Builder.Int(tensor.Int64, -1)
		if ids.Size() > 0 {
			top = o.Reduce(graph.ReduceMax, o.Cast(ids, tensor.Int64), false)
		}
		count = o.Measure(o.AddS(top, 1))
	}
	bounded(o, "the number of segments", count, 0, maxTable)
	d := x.DType
	if !d.IsFloat() {
		x = o.Cast(x, tensor.Float32)
	}
	y := o.Emit1(opSegment{count, op, start}, x, o.Cast(ids, tensor.Int64))
	return o.Cast(y, d)
}

// opSegment combines the rows of the first input by the numbers in the second.
type opSegment struct {
	Count int
	Fn    *graph.Binary
	Start float64
}

// Name implements graph.Op.
func (opSegment) Name() string { return "segment" }

// Infer implements graph.Op.
func (op opSegment) Infer(n *graph.Node) {
	n.SetOut(n.In[0].DType, append([]int{op.Count}, n.In[0].Shape[1:]...)...)
}

// Eval implements graph.Op.
func (op opSegment) Eval(n *graph.Node, in, out []graph.Buf) error {
	a := op
	sums := slices.Repeat([]float64{a.Start}, n.Out[0].Size())
	if a.Count == 0 {
		return nil
	}
	row := len(sums) / a.Count
	for i, id := range in[1].I {
		if id < 0 || id >= int64(a.Count) {
			continue
		}
		for k := range row {
			at := int(id)*row + k
			sums[at] = a.Fn.F(sums[at], in[0].Float64(i*row+k))
		}
	}
	for i, v := range sums {
		setFloat(out[0], i, v)
	}
	return nil
}

// unravelIndex turns indices into a flattened array into coordinates, one tensor for each axis.
func unravelIndex(o *layer.OpCall) any {
	x, shape := o.Tensor(0, "indices"), shapeArg(o, -1, "shape")
	if !x.DType.IsInt() {
		o.Fail("%s: indices must be integers, not %s", o, x.DType)
	}
	size, _ := tensor.SizeOf(shape)
	at := checkedIndex(o, x, size)
	out := make([]*value, len(shape))
	step := 1
	for i := len(shape) - 1; i >= 0; i-- {
		part := o.Binary(graph.FloorDiv, at, o.Builder.Int(tensor.Int64, int64(step)))
		part = o.Binary(graph.Mod, part, o.Builder.Int(tensor.Int64, int64(shape[i])))
		out[i] = o.Cast(part, layer.Narrow(x.DType))
		step *= shape[i]
	}
	return many(out)
}
