package layers

import (
	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn/activations"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

// Masking masks the steps of a sequence, (batch, steps, ..., features), whose features all equal MaskValue, and sets them
// to 0 (keras.layers.Masking).
type Masking struct {
	layer.Base
	MaskValue any // a number, or a serialized array
}

// AddMasking adds Masking to a registry.
func AddMasking(r *layer.Registry) {
	r.Register("keras.layers", "Masking", func() layer.Layer { return new(Masking) })
}

// Config implements layer.Layer.
func (l *Masking) Config(c *layer.Config) {
	l.SupportsMasking = true
	c.Raw("mask_value", &l.MaskValue, pyjson.Number("0.0"))
	if c.Reading() {
		if _, err := arrayOf(l.MaskValue, tensor.Float64); err != nil {
			c.Errorf("mask_value", "a number is expected: %v", err)
		}
	}
}

// arrayOf makes an array of a number, a list of numbers or a serialized array.
func arrayOf(v any, d tensor.DType) (tensor.Any, error) {
	if o, ok := v.(*pyjson.Object); ok {
		v = o.Object("config").Get("value")
	}
	return layer.ArrayOf(v, d)
}

// Call implements layer.Layer.
func (l *Masking) Call(c *layer.Call) any {
	x := c.X()
	if x.Rank() < 2 {
		c.Fail("an input of rank 2 or more is expected, not %s", x)
	}
	t, err := arrayOf(l.MaskValue, tensor.Float64)
	if err != nil {
		c.Fail("mask_value: %v", err)
	}
	numbers := activations.Float(c.Builder, x)
	differs := c.Compare(graph.NotEqual, numbers, c.Cast(c.Const(t), numbers.DType))
	mask := c.Any(differs, -1)
	zero := c.Cast(c.Int(tensor.Int32, 0), x.DType)
	return c.Where(c.ExpandDims(mask, -1), x, zero).WithMask(mask)
}

// ComputeMask implements layer.Masker: the mask was set by the call.
func (l *Masking) ComputeMask(*layer.Call, any) any { return nil }
