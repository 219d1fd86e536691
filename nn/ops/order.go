package ops

import (
	"fmt"
	"math"
	"slices"
	"sort"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

func addOrder(r *layer.Registry) {
	one(r, "numpy", "Sort", "x", func(o *layer.OpCall, x *value) *value {
		x, axis := flatAxis(o, x, -1)
		if x.DType == tensor.Bool || x.DType == tensor.String {
			return o.Sort(x, axis)
		}
		return o.Emit1(opSort{axis}, x)
	})
	one(r, "numpy", "Argsort", "x", func(o *layer.OpCall, x *value) *value {
		x, axis := flatAxis(o, x, -1)
		return o.Argsort(x, axis)
	})
	for class, smallest := range map[string]bool{"Argmax": false, "Argmin": true} {
		one(r, "numpy", class, "x", func(o *layer.OpCall, x *value) *value { return argExtreme(o, x, smallest) })
	}
	r.RegisterOp("math", "TopK", func(o *layer.OpCall) any {
		o.Inert("sorted")    // sorted is an order that may as well be,
		o.Inert("is_stable") // and so is the one in which equal elements keep theirs
		values, idx := topK(o, o.Tensor(0, "x"), o.Int(-1, "k"))
		return many([]*value{values, idx})
	})
	r.RegisterOp("numpy", "SearchSorted", func(o *layer.OpCall) any {
		right := o.Choice(2, "side", "left", "right") == "right"
		x, y := pair(o, "sorted_sequence", "values")
		return search(o, x, y, right)
	})
	r.RegisterOp("numpy", "Digitize", func(o *layer.OpCall) any {
		x, bins := pair(o, "x", "bins")
		return search(o, asInt(o, bins), asInt(o, x), true)
	})
	r.RegisterOp("numpy", "Bincount", bincount)
	r.RegisterOp("numpy", "Histogram", histogram)
}

// opSort sorts numbers along an axis (int attrs), ascending, NaN last.
type opSort struct{ Axis int }

// Name implements graph.Op.
func (opSort) Name() string { return "sort" }

// Infer implements graph.Op.
func (opSort) Infer(n *graph.Node) { n.SetOut(n.In[0].DType, n.In[0].Shape...) }

// Eval implements graph.Op.
func (op opSort) Eval(n *graph.Node, in, out []graph.Buf) error {
	axis := op.Axis
	switch {
	case in[0].I != nil:
		sortLines(n.In[0].Shape, axis, out[0].I, in[0].I)
	case in[0].F != nil:
		sortLines(n.In[0].Shape, axis, out[0].F, in[0].F)
	default:
		sortLines(n.In[0].Shape, axis, out[0].D, in[0].D)
	}
	return nil
}

func sortLines[T int64 | float32 | float64](shape []int, axis int, out, in []T) {
	line := make([]T, 0, shape[axis])
	eachLine(shape, axis, func(at, step, size int) {
		line = line[:0]
		for i := range size {
			if v := in[at+i*step]; v == v {
				line = append(line, v)
			}
		}
		slices.Sort(line)
		for i, v := range line {
			out[at+i*step] = v
		}
		for i := len(line); i < size; i++ {
			out[at+i*step] = T(math.NaN())
		}
	})
}

// flatAxis reads the argument axis; null flattens x.
func flatAxis(o *layer.OpCall, x *value, def int) (*value, int) {
	v, ok := o.Get(-1, "axis")
	if ok && v == nil {
		return o.Reshape(x, x.Size()), 0
	}
	return x, o.Axis(o.Int(-1, "axis", def), x.Rank())
}

// argExtreme is an index of the largest or smallest element along an axis or, for none, of the flattened tensor.
func argExtreme(o *layer.OpCall, x *value, smallest bool) *value {
	arg := o.Builder.Argmax
	if smallest {
		arg = o.Builder.Argmin
	}
	axis, keep := o.IntOrNone(-1, "axis"), o.Bool(-1, "keepdims", false)
	if axis == nil {
		y := o.Reshape(arg(o.Reshape(x, x.Size()), 0))
		if keep {
			return o.Reshape(y, slices.Repeat([]int{1}, x.Rank())...)
		}
		return y
	}
	y := arg(x, *axis)
	if keep {
		return y
	}
	return o.Squeeze(y, *axis)
}

// topK returns the k largest elements of the last axis, the largest first, and their places as int64, as torch has them.
func topK(o *layer.OpCall, x *value, k int) (values, idx *value) {
	if x.Rank() == 0 || k < 0 || graph.Known(x.Shape[x.Rank()-1]) && k > x.Shape[x.Rank()-1] {
		o.Fail("%s: %s has no %d elements in its last axis", o, x, k)
	}
	all := o.Emit1(opArgsortDown{}, x)
	idx = o.Slice(all, -1, 0, k)
	return o.TakeAlong(x, idx, -1), o.Cast(idx, tensor.Int64)
}

// opArgsortDown returns the int32 indices that sort the last axis in descending order, equal elements in their order and
// NaN, which counts as the largest, first.
type opArgsortDown struct{}

// Name implements graph.Op.
func (opArgsortDown) Name() string { return "argsort_descending" }

// Infer implements graph.Op.
func (opArgsortDown) Infer(n *graph.Node) { n.SetOut(tensor.Int32, n.In[0].Shape...) }

// Eval implements graph.Op.
func (opArgsortDown) Eval(n *graph.Node, in, out []graph.Buf) error {
	x := in[0]
	eachLine(n.In[0].Shape, n.In[0].Rank()-1, func(at, _, size int) {
		order := sequence(size)
		switch {
		case x.I != nil:
			descending(order, x.I[at:at+size])
		case x.F != nil:
			descending(order, x.F[at:at+size])
		default:
			line := make([]float64, size)
			for i := range line {
				line[i] = x.Float64(at + i)
			}
			descending(order, line)
		}
		for i, k := range order {
			out[0].I[at+i] = int64(k)
		}
	})
	return nil
}

func descending[T int64 | float32 | float64](order []int, line []T) {
	slices.SortStableFunc(order, func(i, j int) int {
		a, b := line[i], line[j]
		switch {
		case a > b || a != a && b == b:
			return -1
		case a < b || b != b && a == a:
			return 1
		}
		return 0
	})
}

// search finds where values belong in a sorted vector: before equal elements, or after them.
func search(o *layer.OpCall, sorted, values *value, right bool) *value {
	if sorted.Rank() != 1 {
		o.Fail("%s: a sorted vector is expected, not %s", o, sorted)
	}
	return o.Emit1(opSearch{right}, sorted, values)
}

// opSearch returns for each element of the second input where it belongs in the first, a sorted vector, as int32; attrs:
// whether after equal elements. NaN belongs at the end.
type opSearch struct{ Right bool }

// Name implements graph.Op.
func (opSearch) Name() string { return "searchsorted" }

// Infer implements graph.Op.
func (opSearch) Infer(n *graph.Node) { n.SetOut(tensor.Int32, n.In[1].Shape...) }

// Eval implements graph.Op.
func (op opSearch) Eval(n *graph.Node, in, out []graph.Buf) error {
	right := op.Right
	size := n.In[0].Size()
	for i := range out[0].I {
		out[0].I[i] = int64(sort.Search(size, func(k int) bool {
			if in[0].I != nil {
				s, v := in[0].I[k], in[1].I[i]
				return s > v || s == v && !right
			}
			s, v := in[0].Float64(k), in[1].Float64(i)
			if v != v || s != s {
				return s != s && (v == v || !right)
			}
			return s > v || s == v && !right
		}))
	}
	return nil
}

// bincount counts how often each number from 0 on occurs, or adds up weights.
func bincount(o *layer.OpCall) any {
	notSparse(o, "sparse")
	x := o.Tensor(0, "x")
	w := o.TensorOrNone(-1, "weights")
	least := bounded(o, "minlength", o.Int(-1, "minlength", 0), 0, maxTable)
	if !x.DType.IsInt() && x.DType != tensor.Bool || x.Rank() != 1 && x.Rank() != 2 {
		o.Fail("%s: a vector or matrix of integers is expected, not %s", o, x)
	}
	// How long the result is depends on the largest number.
	top := o.Builder.Int(tensor.Int64, -1)
	if x.Size() > 0 {
		top = o.Reduce(graph.ReduceMax, o.Cast(x, tensor.Int64), false)
	}
	length := o.AddS(top, 1)
	size := graph.AtLeast(o.Measure(length), least)
	if size > maxTable {
		o.Fail("%s: a number of about %d occurs: the table would be too large", o, size)
	}
	d := tensor.Int32
	if w != nil {
		d = resultType(o, layer.Narrow(x.DType), layer.Narrow(w.DType))
		w = o.Cast(w, d)
	} else {
		w = o.Full(d, 1, x.Shape...)
	}
	if !graph.FitShapes(w.Shape, x.Shape) {
		o.Fail("%s: weights %s do not fit %s", o, w, x)
	}
	rows := 1
	if x.Rank() == 2 {
		rows = x.Shape[0]
	}
	y := o.Emit1(opBincount{rows, size}, o.Cast(x, tensor.Int64), w)
	if x.Rank() == 1 {
		return o.Reshape(y, size)
	}
	return y
}

// opBincount adds the weights of each number in each of some rows (attrs: rows, length of the result).
type opBincount struct{ Rows, Size int }

// Name implements graph.Op.
func (opBincount) Name() string { return "bincount" }

// Infer implements graph.Op.
func (op opBincount) Infer(n *graph.Node) {
	a := [2]int{op.Rows, op.Size}
	n.SetOut(n.In[1].DType, a[0], a[1])
}

// Eval implements graph.Op.
func (op opBincount) Eval(n *graph.Node, in, out []graph.Buf) error {
	a := [2]int{op.Rows, op.Size}
	cols := n.In[0].Size() / max(a[0], 1)
	sums := make([]float64, n.Out[0].Size())
	whole := make([]int64, n.Out[0].Size())
	for i, v := range in[0].I {
		if v < 0 || v >= int64(a[1]) {
			return fmt.Errorf("%s: the number %d cannot be counted among 0..%d", n.Label, v, a[1]-1)
		}
		k := i/max(cols, 1)*a[1] + int(v)
		if in[1].I != nil {
			whole[k] += in[1].I[i]
		} else {
			sums[k] += in[1].Float64(i)
		}
	}
	for k := range sums {
		switch {
		case out[0].I != nil:
			out[0].I[k] = whole[k]
		case out[0].B != nil:
			out[0].B[k] = sums[k] != 0
		default:
			setFloat(out[0], k, sums[k])
		}
	}
	return nil
}

// histogram counts the elements of a vector in equal bins, and returns the counts and the edges of the bins.
func histogram(o *layer.OpCall) any {
	x := o.Tensor(0, "x")
	bins, limits := o.Int(-1, "bins", 10), floatList(o, "range")
	if x.Rank() > 1 || bins < 1 || bins > 1<<24 || limits != nil && (len(limits) != 2 || limits[1] < limits[0]) {
		o.Fail("%s: %d bins within %v, for %s", o, bins, limits, x)
	}
	d := x.DType
	y := asFloat(o, x)
	outs := o.Emit(opHistogram{bins, limits}, y)
	return many([]*value{o.Cast(outs[0], d), o.Cast(outs[1], d)})
}

type opHistogram struct {
	Bins   int
	Limits []float64 // nil: from the smallest to the largest element
}

// Name implements graph.Op.
func (opHistogram) Name() string { return "histogram" }

// Infer implements graph.Op.
func (op opHistogram) Infer(n *graph.Node) {
	a := op
	n.SetOut(n.In[0].DType, a.Bins)
	n.SetOut(n.In[0].DType, a.Bins+1)
}

// Eval implements graph.Op.
func (op opHistogram) Eval(n *graph.Node, in, out []graph.Buf) error {
	a := op
	size := n.In[0].Size()
	lo, hi := 0.0, 1.0
	switch {
	case a.Limits != nil:
		lo, hi = a.Limits[0], a.Limits[1]
	case size > 0:
		lo, hi = math.Inf(1), math.Inf(-1)
		for i := range size {
			lo, hi = math.Min(lo, in[0].Float64(i)), math.Max(hi, in[0].Float64(i))
		}
		if math.IsNaN(lo) || math.IsInf(lo, 0) || math.IsInf(hi, 0) {
			return fmt.Errorf("%s: the range of the elements is not finite", n.Label)
		}
	}
	if lo == hi {
		lo, hi = lo-0.5, hi+0.5
	}
	counts := make([]float64, a.Bins)
	for i := range size {
		v := in[0].Float64(i)
		if v >= lo && v <= hi {
			counts[min(int((v-lo)/(hi-lo)*float64(a.Bins)), a.Bins-1)]++
		}
	}
	for i, c := range counts {
		setFloat(out[0], i, c)
	}
	for i := range a.Bins + 1 {
		setFloat(out[1], i, lo+(hi-lo)*float64(i)/float64(a.Bins))
	}
	return nil
}
