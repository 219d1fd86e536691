package layers

import (
	"slices"

	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

// Concatenate joins a list of inputs along an axis (keras.layers.Concatenate).
type Concatenate struct {
	layer.Base
	Axis int
}

// AddConcatenate adds Concatenate to a registry.
func AddConcatenate(r *layer.Registry) {
	r.Register("keras.layers", "Concatenate", func() layer.Layer { return new(Concatenate) })
}

// Config implements layer.Layer.
func (l *Concatenate) Config(c *layer.Config) {
	l.SupportsMasking = true
	c.Int("axis", &l.Axis, -1)
}

// Call implements layer.Layer.
func (l *Concatenate) Call(c *layer.Call) any {
	xs := sameType(c, mergeInputs(c)...)
	return c.Concat(l.Axis, xs...).WithMask(nil)
}

// ComputeMask implements layer.Masker: the masks, spread over the last axis, are joined as the inputs are; a position counts if
// any of its features does.
func (l *Concatenate) ComputeMask(c *layer.Call, previous any) any {
	xs, masks := mergeInputs(c), maskList(previous)
	if len(masks) != len(xs) || !slices.ContainsFunc(masks, func(m *value) bool { return m != nil }) {
		return nil
	}
	for i, x := range xs {
		switch m := masks[i]; {
		case m == nil:
			masks[i] = c.Full(tensor.Bool, 1, x.Shape...)
		case m.Rank() < x.Rank():
			masks[i] = c.BroadcastTo(c.ExpandDims(m, -1), x.Shape...)
		}
	}
	return c.Any(c.Concat(l.Axis, masks...), -1)
}
