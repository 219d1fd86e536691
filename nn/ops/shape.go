package ops

import (
	"slices"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

func addShape(r *layer.Registry) {
	one(r, "numpy", "Reshape", "x", func(o *layer.OpCall, x *value) *value {
		shape := o.Ints(-1, "newshape")
		return o.Reshape(x, resolveShape(o, x, shape)...)
	})
	one(r, "numpy", "Ravel", "x", func(o *layer.OpCall, x *value) *value { return o.Reshape(x, x.Size()) })
	one(r, "numpy", "Transpose", "x", func(o *layer.OpCall, x *value) *value {
		axes := o.Ints(-1, "axes")
		if axes == nil {
			axes = sequence(x.Rank())
			slices.Reverse(axes)
		}
		return o.Transpose(x, positive(o, axes, x.Rank())...)
	})
	one(r, "numpy", "Swapaxes", "x", func(o *layer.OpCall, x *value) *value { return o.SwapAxes(x, o.Int(-1, "axis1"), o.Int(-1, "axis2")) })
	one(r, "numpy", "Moveaxis", "x", moveAxis)
	one(r, "numpy", "ExpandDims", "x", func(o *layer.OpCall, x *value) *value {
		axes := o.Ints(-1, "axis")
		axes = positive(o, axes, x.Rank()+len(axes))
		slices.Sort(axes)
		for _, a := range axes {
			x = o.ExpandDims(x, a)
		}
		return x
	})
	one(r, "numpy", "Squeeze", "x", squeeze)
	r.RegisterOp("numpy", "Concatenate", func(o *layer.OpCall) any {
		return o.Concat(o.Int(-1, "axis", 0), sameType(o, o.Tensors(0, "xs"))...)
	})
	r.RegisterOp("numpy", "Stack", func(o *layer.OpCall) any {
		return o.Stack(o.Int(-1, "axis", 0), sameType(o, o.Tensors(0, "x"))...)
	})
	r.RegisterOp("numpy", "Append", func(o *layer.OpCall) any {
		x, y := pair(o, "x1", "x2")
		axis := o.IntOrNone(-1, "axis")
		if axis == nil {
			return o.Concat(0, o.Reshape(x, x.Size()), o.Reshape(y, y.Size()))
		}
		return o.Concat(*axis, x, y)
	})
	stack := func(class string, axis, rank int) {
		r.RegisterOp("numpy", class, func(o *layer.OpCall) any {
			xs := sameType(o, o.Tensors(0, "xs"))
			at := axis
			for i, x := range xs {
				xs[i] = atLeast(o, x, rank)
				if class == "Hstack" && x.Rank() <= 1 {
					at = 0
				}
			}
			return o.Concat(at, xs...)
		})
	}
	stack("Vstack", 0, 2)
	stack("Hstack", 1, 1)
	stack("Dstack", 2, 3)
	// Vectors are columns.
	r.RegisterOp("numpy", "ColumnStack", func(o *layer.OpCall) any {
		xs := sameType(o, o.Tensors(0, "xs"))
		for i, x := range xs {
			switch x.Rank() {
			case 0:
				o.Fail("%s: arrays of one axis or more are expected, not %s", o, x)
			case 1:
				xs[i] = o.ExpandDims(x, 1)
			}
		}
		return o.Concat(1, xs...)
	})
	split := func(class string, axis func(o *layer.OpCall, x *value) int, uneven bool) {
		r.RegisterOp("numpy", class, func(o *layer.OpCall) any {
			x := o.Tensor(0, "x")
			a := o.Axis(axis(o, x), x.Rank())
			return many(o.Split(x, a, sections(o, x.Shape[a], uneven)...))
		})
	}
	named := func(o *layer.OpCall, _ *value) int { return o.Int(-1, "axis", 0) }
	split("Split", named, false)
	split("ArraySplit", named, true)
	split("Vsplit", func(*layer.OpCall, *value) int { return 0 }, false)
	split("Hsplit", func(_ *layer.OpCall, x *value) int { return min(x.Rank()-1, 1) }, false)
	split("Dsplit", func(*layer.OpCall, *value) int { return 2 }, false)
	r.RegisterOp("core", "Unstack", func(o *layer.OpCall) any {
		x := o.Tensor(0, "x")
		axis := o.Axis(o.Int(-1, "axis", 0), x.Rank())
		if num := o.IntOrNone(-1, "num"); num != nil && !graph.Fits(*num, x.Shape[axis]) {
			o.Fail("%s: num is %d, but axis %d of %s has another length", o, *num, axis, x)
		}
		count := x.Shape[axis]
		if num := o.IntOrNone(-1, "num"); count < 0 && num != nil {
			count = bounded(o, "num", *num, 0, 1<<20)
		} else if count < 0 {
			o.Fail("%s: axis %d of %s must be known, or num given", o, axis, x)
		}
		o.Room(graph.Times(count, 2))
		parts := make([]*value, count)
		for i := range parts {
			parts[i] = o.Squeeze(o.Slice(x, axis, i, i+1), axis)
		}
		return many(parts)
	})
	one(r, "numpy", "BroadcastTo", "x", func(o *layer.OpCall, x *value) *value { return o.BroadcastTo(x, shapeArg(o, -1, "shape")...) })
	one(r, "numpy", "Tile", "x", tile)
	one(r, "numpy", "Repeat", "x", repeat)
	one(r, "numpy", "Flip", "x", func(o *layer.OpCall, x *value) *value {
		axes, none := axesArg(o, "axis", x.Rank())
		if axes == nil && !none {
			axes = sequence(x.Rank())
		}
		for _, a := range axes {
			x = o.Flip(x, a)
		}
		return x
	})
	one(r, "numpy", "Fliplr", "x", func(o *layer.OpCall, x *value) *value { return o.Flip(x, 1) })
	one(r, "numpy", "Flipud", "x", func(o *layer.OpCall, x *value) *value { return o.Flip(x, 0) })
	one(r, "numpy", "Roll", "x", roll)
	one(r, "numpy", "Rot90", "array", rot90)
	r.RegisterOp("numpy", "Meshgrid", meshgrid)
	one(r, "numpy", "Size", "x", func(o *layer.OpCall, x *value) *value { return o.Builder.Int(tensor.Int64, int64(x.Size())) })
	one(r, "numpy", "Ndim", "x", func(o *layer.OpCall, x *value) *value { return o.Builder.Int(tensor.Int64, int64(x.Rank())) })
}

// positive returns axes counted from 0.
func positive(o *layer.OpCall, axes []int, rank int) []int {
	out := make([]int, len(axes))
	for i, a := range axes {
		out[i] = o.Axis(a, rank)
	}
	return out
}

// shapeArg reads an argument that is a shape of known lengths.
func shapeArg(o *layer.OpCall, i int, name string) []int {
	v, ok := o.Get(i, name)
	if list, isList := v.([]any); isList && len(list) == 0 {
		return []int{}
	}
	if !ok || v == nil {
		o.Fail("%s: the argument %q is missing", o, name)
	}
	shape := o.Ints(i, name)
	for _, d := range shape {
		if d < 0 {
			o.Fail("%s: the argument %q has the negative length %d", o, name, d)
		}
	}
	if _, ok := tensor.SizeOf(shape); !ok {
		o.Fail("%s: the argument %q is the impossible shape %s", o, name, tensor.FormatShape(shape))
	}
	return shape
}

// resolveShape replaces one -1 in the new shape of x.
func resolveShape(o *layer.OpCall, x *value, shape []int) []int {
	unknown, known := 0, []int{}
	for _, d := range shape {
		switch {
		case d == -1:
			unknown++
		case d < 0:
			o.Fail("%s: a shape with the length %d", o, d)
		default:
			known = append(known, d)
		}
	}
	if _, ok := tensor.SizeOf(known); !ok || unknown > 1 {
		o.Fail("%s: %s does not reshape to %s", o, x, tensor.FormatShape(shape))
	}
	return shape
}

// atLeast adds axes of length 1 as numpy.atleast_1d, _2d and _3d do.
func atLeast(o *layer.OpCall, x *value, rank int) *value {
	switch {
	case rank == 3 && x.Rank() == 2:
		return o.Reshape(x, x.Shape[0], x.Shape[1], 1)
	case rank == 3 && x.Rank() < 2:
		return o.Reshape(x, 1, x.Size(), 1)
	case rank == 2 && x.Rank() < 2:
		return o.Reshape(x, 1, x.Size())
	case rank == 1 && x.Rank() == 0:
		return o.Reshape(x, 1)
	}
	return x
}

func moveAxis(o *layer.OpCall, x *value) *value {
	from := positive(o, o.Ints(-1, "source"), x.Rank())
	to := positive(o, o.Ints(-1, "destination"), x.Rank())
	if len(from) != len(to) {
		o.Fail("%s: %d axes to move to %d places", o, len(from), len(to))
	}
	order := make([]int, x.Rank())
	for i := range order {
		order[i] = -1
	}
	for i, a := range from {
		order[to[i]] = a
	}
	next := 0
	for i, a := range order {
		if a >= 0 {
			continue
		}
		for slices.Contains(from, next) {
			next++
		}
		if next < x.Rank() {
			order[i] = next
		}
		next++
	}
	return o.Transpose(x, order...)
}

func squeeze(o *layer.OpCall, x *value) *value {
	axes, none := axesArg(o, "axis", x.Rank())
	if none {
		return x
	}
	var shape []int
	for i, d := range x.Shape {
		if axes == nil && d == 1 {
			continue
		}
		if slices.Contains(axes, i) {
			if !graph.Fits(d, 1) {
				o.Fail("%s: axis %d of %s is not 1", o, i, x)
			}
			continue
		}
		shape = append(shape, d)
	}
	return o.Reshape(x, shape...)
}

// sections reads indices_or_sections: a number of parts, or where to cut.
func sections(o *layer.OpCall, size int, uneven bool) []int {
	v, _ := o.Get(-1, "indices_or_sections")
	if _, ok := v.(pyjson.Number); ok {
		n := bounded(o, "indices_or_sections", o.Int(-1, "indices_or_sections"), 1, 1<<20)
		o.Room(n)
		if size < 0 {
			return slices.Repeat([]int{graph.Unknown}, n)
		}
		if size%n != 0 && !uneven {
			o.Fail("%s: %d elements do not split into %d equal parts", o, size, n)
		}
		out := make([]int, n)
		for i := range out {
			out[i] = size / n
			if i < size%n {
				out[i]++
			}
		}
		return out
	}
	var out []int
	at := 0
	for _, cut := range o.Ints(-1, "indices_or_sections") {
		if cut < 0 {
			cut += size
		}
		if size < 0 { // where places are counted from the end, lengths are unknown
			if graph.AllKnown(at, cut) {
				out = append(out, max(cut-at, 0))
			} else {
				out = append(out, graph.Unknown)
			}
			at = cut
			continue
		}
		cut = max(min(cut, size), 0)
		out = append(out, max(cut-at, 0))
		if cut < at {
			o.Fail("%s: the places to cut are not in ascending order", o)
		}
		at = cut
	}
	if size < 0 {
		return append(out, graph.Unknown)
	}
	return append(out, size-at)
}

// checkTimes fails for a result that would have an impossible size.
func checkTimes(o *layer.OpCall, x *value, times ...int) {
	for _, t := range times {
		if t < 0 {
			o.Fail("%s: a negative number of repeats: %d", o, t)
		}
	}
	known := slices.DeleteFunc(slices.Clone(x.Shape), func(d int) bool { return d < 0 })
	if _, ok := tensor.SizeOf(append(known, times...)); !ok {
		o.Fail("%s: the result would be too large", o)
	}
}

func tile(o *layer.OpCall, x *value) *value {
	times := o.Ints(-1, "repeats")
	checkTimes(o, x, times...)
	for x.Rank() < len(times) {
		x = o.ExpandDims(x, 0)
	}
	for i, t := range times {
		x = o.Tile(x, x.Rank()-len(times)+i, t)
	}
	return x
}

func repeat(o *layer.OpCall, x *value) *value {
	times := o.Ints(-1, "repeats")
	axis := o.IntOrNone(-1, "axis")
	if axis == nil {
		x, axis = o.Reshape(x, x.Size()), new(int)
	}
	checkTimes(o, x, times...)
	a := o.Axis(*axis, x.Rank())
	if len(times) == 1 {
		return o.Repeat(x, a, times[0])
	}
	if x.Shape[a] < 0 {
		return o.Opaque(x.DType, x.Shape, x)
	}
	if len(times) != x.Shape[a] {
		o.Fail("%s: %d repeats for axis %d of %s", o, len(times), a, x)
	}
	total := 0
	for _, t := range times {
		total = graph.Plus(total, t)
	}
	idx := o.Places([]int{total}, func(at []int64) {
		for i, t := range times {
			for range t {
				at[0], at = int64(i), at[1:]
			}
		}
	})
	return o.Take(x, idx, a)
}

func roll(o *layer.OpCall, x *value) *value {
	shifts := o.Ints(-1, "shift")
	axes, _ := axesArg(o, "axis", x.Rank())
	if axes == nil {
		total := 0
		for _, s := range shifts {
			total += s
		}
		return o.Reshape(rollAxis(o, o.Reshape(x, x.Size()), 0, total), x.Shape...)
	}
	if len(shifts) == 1 && len(axes) > 1 {
		shifts = slices.Repeat(shifts, len(axes))
	}
	if len(shifts) != len(axes) {
		o.Fail("%s: %d shifts for %d axes", o, len(shifts), len(axes))
	}
	for i, a := range axes {
		x = rollAxis(o, x, a, shifts[i])
	}
	return x
}

func rollAxis(o *layer.OpCall, x *value, axis, shift int) *value {
	size := x.Shape[axis]
	if size == 0 {
		return x
	}
	if size < 0 {
		return o.Opaque(x.DType, x.Shape, x)
	}
	if shift = ((shift % size) + size) % size; shift == 0 {
		return x
	}
	return o.Concat(axis, o.Slice(x, axis, size-shift, size), o.Slice(x, axis, 0, size-shift))
}

// rot90 turns the plane of two axes, from the first to the second, k times.
func rot90(o *layer.OpCall, x *value) *value {
	axes := o.Ints(-1, "axes")
	if axes == nil {
		axes = []int{0, 1}
	}
	if len(axes) != 2 || x.Rank() < 2 {
		o.Fail("%s: two axes of a tensor of rank 2 or more are expected", o)
	}
	axes = positive(o, axes, x.Rank())
	if axes[0] == axes[1] {
		o.Fail("%s: the two axes must differ", o)
	}
	switch ((o.Int(-1, "k", 1) % 4) + 4) % 4 {
	case 1:
		return o.SwapAxes(o.Flip(x, axes[1]), axes[0], axes[1])
	case 2:
		return o.Flip(o.Flip(x, axes[0]), axes[1])
	case 3:
		return o.Flip(o.SwapAxes(x, axes[0], axes[1]), axes[1])
	}
	return x
}

// meshgrid returns for vectors the coordinates of the points of their grid.
func meshgrid(o *layer.OpCall) any {
	var xs []*value
	for i := range o.Args {
		xs = append(xs, o.Tensor(i, "x"))
	}
	swap := o.Choice(-1, "indexing", "xy", "ij") == "xy" && len(xs) > 1
	shape := make([]int, len(xs))
	for i, x := range xs {
		if x.Rank() > 1 {
			o.Fail("%s: vectors are expected, not %s", o, x)
		}
		shape[i] = x.Size()
	}
	out := make([]*value, len(xs))
	for i, x := range xs {
		own := slices.Repeat([]int{1}, len(xs))
		own[i] = x.Size()
		out[i] = o.BroadcastTo(o.Reshape(x, own...), shape...)
		if swap {
			out[i] = o.SwapAxes(out[i], 0, 1)
		}
	}
	return many(out)
}

func newSliceAttrs(x *value) graph.Slice {
	return graph.Slice{Start: make([]int, x.Rank()), Step: slices.Repeat([]int{1}, x.Rank()), Count: slices.Clone(x.Shape)}
}
