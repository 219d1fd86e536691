package ops

import (
	"slices"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
)

func addPad(r *layer.Registry) { r.RegisterOp("numpy", "Pad", pad) }

// pad adds elements before and after each axis: of one value ("constant"), or those of the tensor itself.
func pad(o *layer.OpCall) any {
	x := o.Tensor(0, "x")
	lo, hi := padWidth(o, x.Rank())
	mode := o.Str(-1, "mode", "constant")
	fill := 0.0
	if v, ok := o.Get(1, "constant_values"); ok && v != nil {
		if mode != "constant" {
			o.Fail("%s: constant_values is only for the mode \"constant\", not %q", o, mode)
		}
		n, isNumber := v.(pyjson.Number)
		if b, isBool := v.(bool); isBool && b {
			fill = 1
		} else if !isBool && !isNumber {
			o.Fail("%s: the argument \"constant_values\" must be a number", o)
		} else if isNumber {
			fill = n.Float()
		}
	}
	if mode == "constant" {
		return o.Pad(x, lo, hi, fill)
	}
	var index func(i, size int) int
	switch mode {
	case "reflect":
		index = mirrorIndex
	case "symmetric":
		// Keras on torch repeats the border here; NumPy and the other backends mirror it with its outermost element.
		index = nearestIndex
	case "edge":
		index = nearestIndex
	case "wrap":
		index = wrapIndex
	case "maximum", "minimum", "mean":
		return padWith(o, x, lo, hi, mode)
	default:
		o.Fail("%s: the mode %q is not supported", o, mode)
	}
	for i := range lo {
		if x.Shape[i] == 0 && lo[i]+hi[i] > 0 {
			o.Fail("%s: the empty axis %d of %s cannot be padded with its elements", o, i, x)
		}
		x = padAxis(o, x, i, lo[i], hi[i], index)
	}
	return x
}

// padWidth reads pad_width: a pair for each axis, or one number or pair. That one is for the last axis alone, as Keras on
// torch has it (NumPy and the other backends take it for all axes).
func padWidth(o *layer.OpCall, rank int) (lo, hi []int) {
	v, _ := o.Get(-1, "pad_width")
	list, isList := v.([]any)
	if !isList {
		n := o.Int(-1, "pad_width")
		lo, hi = []int{n}, []int{n}
	} else {
		nested := len(list) > 0
		for _, item := range list {
			_, ok := item.([]any)
			nested = nested && ok
		}
		if !nested {
			list = []any{list}
		}
		for _, item := range list {
			p := intList(o, item, "pad_width")
			switch len(p) {
			case 1:
				p = append(p, p[0])
			case 2:
			default:
				o.Fail("%s: the argument \"pad_width\" must hold pairs", o)
			}
			lo, hi = append(lo, p[0]), append(hi, p[1])
		}
	}
	if len(lo) == 1 && rank > 1 {
		lo, hi = append(make([]int, rank-1), lo[0]), append(make([]int, rank-1), hi[0])
	}
	if len(lo) != rank {
		o.Fail("%s: %d pairs in pad_width for a tensor of rank %d", o, len(lo), rank)
	}
	for i := range lo {
		bounded(o, "a padding", lo[i], 0, maxTable)
		bounded(o, "a padding", hi[i], 0, maxTable)
	}
	return lo, hi
}

// padAxis adds elements of an axis before and after it; index says which one stands at a place from -lo to size+hi-1.
func padAxis(o *layer.OpCall, x *value, axis, lo, hi int, index func(i, size int) int) *value {
	if lo == 0 && hi == 0 {
		return x
	}
	size := x.Shape[axis]
	if size < 0 {
		shape := slices.Clone(x.Shape)
		shape[axis] = graph.Unknown
		return o.Opaque(x.DType, shape, x)
	}
	if size > maxTable {
		o.Fail("%s: the result would be too large", o)
	}
	at := o.Places([]int{lo + size + hi}, func(at []int64) {
		for i := range at {
			at[i] = int64(index(i-lo, size))
		}
	})
	return o.Take(x, at, axis)
}

func nearestIndex(i, size int) int { return max(min(i, size-1), 0) }

func wrapIndex(i, size int) int { return ((i % size) + size) % size }

// mirrorIndex reflects at the outermost elements, which are not repeated.
func mirrorIndex(i, size int) int {
	if size == 1 {
		return 0
	}
	period := 2 * (size - 1)
	i = ((i % period) + period) % period
	return min(i, period-i)
}

// padWith pads with the largest, smallest or mean element of each line, axis after axis.
func padWith(o *layer.OpCall, x *value, lo, hi []int, mode string) *value {
	for i := range lo {
		if lo[i] == 0 && hi[i] == 0 {
			continue
		}
		if x.Shape[i] == 0 {
			o.Fail("%s: the empty axis %d of %s cannot be padded with its elements", o, i, x)
		}
		var line *value
		switch mode {
		case "maximum":
			line = o.Reduce(graph.ReduceMax, x, true, i)
		case "minimum":
			line = o.Reduce(graph.ReduceMin, x, true, i)
		default:
			line = o.Cast(o.MeanKeep(asFloat(o, x), i), x.DType)
		}
		wide := func(n int) *value {
			shape := slices.Clone(x.Shape)
			shape[i] = n
			return o.BroadcastTo(line, shape...)
		}
		x = o.Concat(i, wide(lo[i]), x, wide(hi[i]))
	}
	return x
}
