package ops

import (
	"math"
	"slices"

	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/pyjson"
	"github.com/hornml/horn/tensor"
)

func init() { nn.RegisterOp("numpy", "GetItem", getItem) }

// getItem is x[key] with integers, slices, "...", None (a new axis) and integer tensors. A list is a tuple: in a file the
// two look alike.
func getItem(o *nn.OpCall) any {
	x := o.Tensor(0, "x")
	key, ok := o.Get(1, "key")
	if !ok {
		o.Fail("%s: the argument \"key\" is missing", o)
	}
	parts, isList := key.([]any)
	if !isList {
		parts = []any{key}
	}
	parts = expandEllipsis(o, x, parts)
	return index(o, x, parts)
}

// expandEllipsis replaces "..." by as many full slices as there are axes left, and adds them at the end without it.
func expandEllipsis(o *nn.OpCall, x *value, parts []any) []any {
	used, at := 0, -1
	for i, p := range parts {
		switch p.(type) {
		case nn.Ellipsis:
			if at >= 0 {
				o.Fail("%s: \"...\" stands twice in the key", o)
			}
			at = i
		case nil:
		default:
			used++
		}
	}
	missing := x.Rank() - used
	if missing < 0 {
		o.Fail("%s: %d indices for the axes of %s", o, used, x)
	}
	fill := make([]any, missing)
	for i := range fill {
		fill[i] = nn.Slice{}
	}
	if at < 0 {
		return append(slices.Clone(parts), fill...)
	}
	return slices.Concat(parts[:at], fill, parts[at+1:])
}

// index applies a key that names every axis: first all slices and integers in one step, then the tensors.
func index(o *nn.OpCall, x *value, parts []any) *value {
	a := newSliceAttrs(x)
	var shape []int // after slicing: integers drop their axis, None adds one
	type gather struct {
		axis int
		idx  *value
	}
	var gathers []gather
	axis := 0
	for _, p := range parts {
		switch p := p.(type) {
		case nil:
			shape = append(shape, 1)
			continue
		case nn.Slice:
			a.Start[axis], a.Step[axis], a.Count[axis] = sliceRange(o, p, x.Shape[axis])
			shape = append(shape, a.Count[axis])
		case pyjson.Number:
			i, ok := p.Int()
			if !ok || i < -x.Shape[axis] || i >= x.Shape[axis] {
				o.Fail("%s: the index %s is outside axis %d of %s", o, p, axis, x)
			}
			if i < 0 {
				i += x.Shape[axis]
			}
			a.Start[axis], a.Count[axis] = i, 1
		default:
			idx, ok := o.AsTensor(p)
			if !ok || !idx.DType.IsInt() {
				o.Fail("%s: a part of the key is neither an integer, a slice, \"...\", None nor an integer tensor", o)
			}
			gathers = append(gathers, gather{len(shape), idx})
			shape = append(shape, x.Shape[axis])
		}
		axis++
	}
	y := o.Reshape(o.SliceAll(x, a), shape...)
	switch {
	case len(gathers) == 1:
		return o.Take(y, gathers[0].idx, gathers[0].axis)
	case len(gathers) > 1:
		axes := make([]int, len(gathers))
		idx := make([]*value, len(gathers))
		for i, g := range gathers {
			axes[i], idx[i] = g.axis, g.idx
		}
		return gatherMany(o, y, axes, idx)
	}
	return y
}

// sliceRange works out Python's slice(start, stop, step) for an axis.
func sliceRange(o *nn.OpCall, s nn.Slice, size int) (start, step, count int) {
	bound := func(v any, def int) int {
		if v == nil {
			return def
		}
		n, _ := v.(pyjson.Number)
		i, ok := n.Int64()
		if !ok {
			o.Fail("%s: the parts of a slice must be integers", o)
		}
		return int(max(min(i, math.MaxInt32), -math.MaxInt32)) // Python takes sys.maxsize for "to the end"
	}
	step = bound(s.Step, 1)
	if step == 0 {
		o.Fail("%s: the step of a slice is 0", o)
	}
	step = max(min(step, size+1), -size-1) // a longer one ends after one element, too
	lo, hi := 0, size                      // where start and stop may be
	if step < 0 {
		lo, hi = -1, size-1
	}
	place := func(v any, def int) int {
		if v == nil {
			return def
		}
		i := bound(v, 0)
		if i < 0 {
			i = max(i+size, lo)
		}
		return max(min(i, hi), lo)
	}
	var stop int
	if step > 0 {
		start, stop = place(s.Start, lo), place(s.Stop, hi)
		if stop > start {
			count = (stop-start-1)/step + 1
		}
	} else {
		start, stop = place(s.Start, hi), place(s.Stop, lo)
		if start > stop {
			count = (start-stop-1)/-step + 1
		}
	}
	if count == 0 {
		start = 0
	}
	return start, step, count
}

// gatherMany indexes several axes with tensors that broadcast against each other. As in NumPy the new axes stand where
// the indexed ones stood if those were neighbours, else in front.
func gatherMany(o *nn.OpCall, x *value, axes []int, idx []*value) *value {
	shape := idx[0].Shape
	for _, v := range idx[1:] {
		var err error
		if shape, err = tensor.Broadcast(shape, v.Shape); err != nil {
			o.Fail("%s: index tensors: %v", o, err)
		}
	}
	at := axes[0]
	for i, a := range axes {
		if a != axes[0]+i {
			at = 0
		}
	}
	order := slices.Clone(axes)
	for i := range x.Rank() {
		if !slices.Contains(axes, i) {
			order = append(order, i)
		}
	}
	y := o.Transpose(x, order...)
	var flat *value // one index into the merged axes
	size := 1
	for i, a := range axes {
		d := x.Shape[a]
		v := o.BroadcastTo(checkedIndex(o, idx[i], d), shape...)
		if flat == nil {
			flat = v
		} else {
			flat = o.Add(o.Mul(flat, o.Builder.Int(tensor.Int64, int64(d))), v)
		}
		size *= d
	}
	y = o.Reshape(y, append([]int{size}, y.Shape[len(axes):]...)...)
	y = o.Take(y, flat, 0)
	// Now the index axes stand in front; bring them to their place.
	n := len(shape)
	perm := make([]int, 0, y.Rank())
	for i := range at {
		perm = append(perm, n+i)
	}
	perm = append(perm, sequence(n)...)
	for i := n + at; i < y.Rank(); i++ {
		perm = append(perm, i)
	}
	return o.Transpose(y, perm...)
}
