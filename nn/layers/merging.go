package layers

import (
	"slices"

	"github.com/hornml/horn/nn/activations"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

// Add, Subtract, Multiply, Average, Maximum and Minimum combine a list of inputs element by element (keras.layers.Add and so
// on). The inputs broadcast; those of lower rank get axes of length 1 after the batch.
type (
	Add      struct{ merge }
	Subtract struct{ merge }
	Multiply struct{ merge }
	Average  struct{ merge }
	Maximum  struct{ merge }
	Minimum  struct{ merge }
)

type merge struct{ layer.Base }

// AddMerging adds Add, Subtract, Multiply, Average, Maximum and Minimum to a registry.
func AddMerging(r *layer.Registry) {
	r.Register("keras.layers", "Add", func() layer.Layer { return new(Add) })
	r.Register("keras.layers", "Subtract", func() layer.Layer { return new(Subtract) })
	r.Register("keras.layers", "Multiply", func() layer.Layer { return new(Multiply) })
	r.Register("keras.layers", "Average", func() layer.Layer { return new(Average) })
	r.Register("keras.layers", "Maximum", func() layer.Layer { return new(Maximum) })
	r.Register("keras.layers", "Minimum", func() layer.Layer { return new(Minimum) })
}

// Config implements layer.Layer.
func (l *merge) Config(*layer.Config) { l.SupportsMasking = true }

// inputs returns the list of inputs, each with its mask, in one type and of one rank.
func (l *merge) inputs(c *layer.Call) []*value {
	xs := mergeInputs(c)
	rank := 0
	for _, x := range xs {
		rank = max(rank, x.Rank())
	}
	for i, x := range xs {
		if x.Rank() == rank {
			continue
		}
		if x.Rank() == 0 {
			c.Fail("an input without a batch axis cannot be merged with others")
		}
		shape := append([]int{x.Shape[0]}, ones(rank-x.Rank())...)
		xs[i] = c.Reshape(x, append(shape, x.Shape[1:]...)...).WithMask(nil)
	}
	return sameType(c, xs...)
}

// mergeInputs returns the inputs of a layer that takes a list.
func mergeInputs(c *layer.Call) []*value {
	list, ok := c.Arg(0, "inputs").([]any)
	xs := layer.Flatten(list)
	if !ok || len(xs) == 0 || len(xs) != len(list) {
		c.Fail("a list of tensors is expected as input")
	}
	return append([]*value(nil), xs...)
}

// ComputeMask implements layer.Masker: a position counts if any input has it, and all inputs have masks.
func (l *merge) ComputeMask(c *layer.Call, previous any) any {
	masks := maskList(previous)
	var out *value
	for _, m := range masks {
		switch {
		case m == nil:
			return nil
		case out == nil:
			out = m
		default:
			out = c.Or(out, m)
		}
	}
	if out == nil {
		return nil
	}
	return out
}

// maskList is the masks of a list of inputs, nil for inputs without.
func maskList(previous any) []*value {
	list, _ := previous.([]any)
	masks := make([]*value, len(list))
	for i, m := range list {
		masks[i], _ = m.(*value)
	}
	return masks
}

// fold combines the inputs from the left.
func (l *merge) fold(c *layer.Call, op *graph.Binary) *value {
	xs := l.inputs(c)
	y := xs[0]
	for _, x := range xs[1:] {
		y = c.Binary(op, y, x)
	}
	return openShape(c, y, xs).WithMask(nil)
}

// openLike gives the output y of a layer of which Keras says that it has the shape of its input x the axes of x that are
// unknown, even where the layer's weights know them.
//
//go:noinline
func openLike(c *layer.Call, y, x *value) *value { return openShape(c, y, []*value{x}) }

// openShape gives what was made of xs, all of one rank, the shape that Keras's merging layers say while lengths are unknown:
// an axis of which one input has a length and another has not is unknown (Merge._compute_elemwise_op_output_shape).
func openShape(c *layer.Call, y *value, xs []*value) *value {
	if !c.Symbolic() {
		return y
	}
	shape := slices.Clone(y.Shape)
	for axis := 1; axis < len(shape); axis++ {
		for _, x := range xs {
			if x.Rank() == len(shape) && !graph.Known(x.Shape[axis]) {
				shape[axis] = graph.Unknown
			}
		}
	}
	if slices.Equal(shape, y.Shape) {
		return y
	}
	return c.Opaque(y.DType, shape, xs...)
}

// Call implements layer.Layer.
func (l *Add) Call(c *layer.Call) any { return l.fold(c, graph.Add) }

// Call implements layer.Layer.
func (l *Subtract) Call(c *layer.Call) any {
	if n := len(mergeInputs(c)); n != 2 {
		c.Fail("two inputs are expected, not %d", n)
	}
	return l.fold(c, graph.Sub)
}

// Call implements layer.Layer.
func (l *Average) Call(c *layer.Call) any {
	n := len(mergeInputs(c))
	sum := activations.Float(c.Builder, l.fold(c, graph.Add))
	return c.Div(sum, c.Scalar(sum.DType, float64(n)))
}

// Call implements layer.Layer. Masked elements count as 1; where all are masked the result is 0.
func (l *Multiply) Call(c *layer.Call) any {
	xs := l.inputs(c)
	all := true
	for _, x := range xs {
		all = all && x.Mask != nil
	}
	var y, outMask *value
	for _, x := range xs {
		if x.Mask != nil {
			mask := elementMask(c, x)
			x = c.Where(mask, x, number(c, x, 1))
			if all && outMask == nil {
				outMask = mask
			} else if all {
				outMask = c.Or(outMask, mask)
			}
		}
		if y == nil {
			y = x
		} else {
			y = c.Mul(y, x)
		}
	}
	if outMask != nil {
		y = c.Where(outMask, y, number(c, y, 0))
	}
	y = openShape(c, y, xs)
	if outMask != nil {
		y = y.WithMask(c.Any(outMask, -1))
	}
	return y
}

// number is an integer as a scalar of the type of x.
func number(c *layer.Call, x *value, n int64) *value { return c.Cast(c.Int(tensor.Int32, n), x.DType) }

// elementMask spreads the mask of x over its last axis.
func elementMask(c *layer.Call, x *value) *value {
	return c.BroadcastTo(c.ExpandDims(x.Mask, -1), x.Shape...)
}

// Call implements layer.Layer.
func (l *Maximum) Call(c *layer.Call) any { return l.extreme(c, graph.Max) }

// Call implements layer.Layer.
func (l *Minimum) Call(c *layer.Call) any { return l.extreme(c, graph.Min) }

// extreme is the maximum or minimum of the elements that are not masked.
func (l *merge) extreme(c *layer.Call, op *graph.Binary) *value {
	var y, outMask *value
	xs := l.inputs(c)
	for _, x := range xs {
		var mask *value
		if x.Mask != nil {
			mask = elementMask(c, x)
		}
		if y == nil {
			y, outMask = x, mask
			continue
		}
		if mask != nil {
			x = c.Where(mask, x, y)
		}
		if outMask != nil {
			y = c.Where(outMask, y, x)
		}
		if mask != nil && outMask != nil {
			outMask = c.Or(outMask, mask)
		} else {
			outMask = nil
		}
		y = c.Binary(op, y, x)
	}
	y = openShape(c, y, xs).WithMask(nil)
	if outMask != nil {
		y = y.WithMask(c.Any(outMask, -1))
	}
	return y
}
