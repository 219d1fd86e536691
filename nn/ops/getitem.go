package ops

import (
	"math"
	"slices"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
)

func addGetitem(r *layer.Registry) { r.RegisterOp("numpy", "GetItem", getItem) }

// getItem is x[key] with integers, slices, "..." and None (a new axis); Keras has no other keys for tensors of a graph. A
// list is a tuple: in a file the two look alike.
func getItem(o *layer.OpCall) any {
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
func expandEllipsis(o *layer.OpCall, x *value, parts []any) []any {
	used, at := 0, -1
	for i, p := range parts {
		switch p.(type) {
		case layer.Ellipsis:
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
		fill[i] = layer.Slice{}
	}
	if at < 0 {
		return append(slices.Clone(parts), fill...)
	}
	return slices.Concat(parts[:at], fill, parts[at+1:])
}

// index applies a key that names every axis, in one step.
func index(o *layer.OpCall, x *value, parts []any) *value {
	a := newSliceAttrs(x)
	var shape []int // after slicing: integers drop their axis, None adds one
	axis := 0
	for _, p := range parts {
		switch p := p.(type) {
		case nil:
			shape = append(shape, 1)
			continue
		case layer.Slice:
			a.Start[axis], a.Step[axis], a.Count[axis] = sliceRange(o, p, x.Shape[axis])
			shape = append(shape, a.Count[axis])
		case pyjson.Number:
			i, ok := p.Int()
			if !ok || graph.Known(x.Shape[axis]) && (i < -x.Shape[axis] || i >= x.Shape[axis]) {
				o.Fail("%s: the index %s is outside axis %d of %s", o, p, axis, x)
			}
			if i < 0 {
				i += x.Shape[axis]
			}
			a.Start[axis], a.Count[axis] = i, 1
		default:
			o.Fail("%s: a part of the key is neither an integer, a slice, \"...\" nor None", o)
		}
		axis++
	}
	return o.Reshape(o.SliceAll(x, a), shape...)
}

// sliceRange works out Python's slice(start, stop, step) for an axis. Of an axis of unknown length any number may be taken.
func sliceRange(o *layer.OpCall, s layer.Slice, size int) (start, step, count int) {
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
	if size < 0 {
		bound(s.Start, 0)
		bound(s.Stop, 0)
		return 0, step, graph.Unknown
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
