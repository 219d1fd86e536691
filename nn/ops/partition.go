package ops

import (
	"math/bits"
	"slices"
	"sort"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

func addPartition(r *layer.Registry) { one(r, "numpy", "Argpartition", "x", argpartition) }

// argpartition brings the kth+1 smallest elements to the front, in ascending order. Keras on torch truncates floats to
// int32 before, which makes many elements equal, and then takes the k largest of their negatives with torch.topk. Which
// of equal elements come first is up to the C++ library's nth_element; selection follows that.
func argpartition(o *layer.OpCall, x *value) *value {
	kth := o.Int(-1, "kth")
	x, axis := flatAxis(o, x, -1)
	size := x.Shape[axis]
	if kth < 0 {
		kth += size
	}
	if graph.Known(size) && (kth < 0 || kth >= size) {
		o.Fail("%s: kth is outside the %d elements of axis %d", o, size, axis)
	}
	y := o.Emit1(opPartition{kth}, o.MoveAxis(o.Cast(x, tensor.Int32), axis, -1))
	return o.MoveAxis(y, -1, axis)
}

// opPartition returns the indices of a partition of the last axis around its element number kth (int attrs).
type opPartition struct{ Kth int }

// Name implements graph.Op.
func (opPartition) Name() string { return "argpartition" }

// Infer implements graph.Op.
func (opPartition) Infer(n *graph.Node) { n.SetOut(tensor.Int32, n.In[0].Shape...) }

// Eval implements graph.Op.
func (op opPartition) Eval(n *graph.Node, in, out []graph.Buf) error {
	kth := op.Kth
	eachLine(n.In[0].Shape, n.In[0].Rank()-1, func(at, _, size int) {
		line := in[0].I[at : at+size]
		front := selection(size, kth+1, func(i, j int) bool { return line[i] < line[j] })
		inFront := make([]bool, size)
		for _, i := range front {
			inFront[i] = true
		}
		back := selection(size, size-kth-1, func(i, j int) bool { return !inFront[i] && inFront[j] })
		for i, k := range append(front, back...) {
			out[0].I[at+i] = int64(k)
		}
	})
	return nil
}

// selection returns the first k of size elements in the order of before, equal ones in the order in which a quickselect by
// the median of three leaves them.
func selection(size, k int, before func(i, j int) bool) []int {
	order := sequence(size)
	if k == 0 {
		return nil
	}
	lo, hi, nth := 0, size, k-1
	for depth := 2 * bits.Len(uint(size)); hi-lo > 3 && depth > 0; depth-- {
		cut := divide(order, lo, hi, before)
		if cut <= nth {
			lo = cut
		} else {
			hi = cut
		}
	}
	// What is left is short, unless the input was made to be slow.
	rest := order[lo:hi]
	sort.SliceStable(rest, func(i, j int) bool { return before(rest[i], rest[j]) })
	first := order[:k-1]
	sort.SliceStable(first, func(i, j int) bool { return before(first[i], first[j]) })
	return slices.Clone(order[:k])
}

// divide moves elements that come before a pivot to the left of those that come after it, and returns where those begin.
// The pivot, the median of three, goes to the first place and stays there.
func divide(order []int, lo, hi int, before func(i, j int) bool) int {
	swap := func(i, j int) { order[i], order[j] = order[j], order[i] }
	less := func(i, j int) bool { return before(order[i], order[j]) }
	a, b, c := lo+1, lo+(hi-lo)/2, hi-1
	median := a
	switch ab, bc, ac := less(a, b), less(b, c), less(a, c); {
	case ab && bc, !ab && !ac && !bc:
		median = b
	case ab && ac, !ab && !ac && bc:
		median = c
	}
	swap(lo, median)
	i, j := lo+1, hi
	for {
		for less(i, lo) {
			i++
		}
		j--
		for less(lo, j) {
			j--
		}
		if i >= j {
			return i
		}
		swap(i, j)
		i++
	}
}
