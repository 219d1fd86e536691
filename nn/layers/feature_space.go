package layers

import (
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

// TFDConcat joins the features of a FeatureSpace along an axis, and TFDIdentity leaves one as it is: the layers that
// keras.utils.FeatureSpace puts into models made of its inputs and encoded features.
type (
	TFDConcat struct {
		layer.Base
		Axis int
	}
	TFDIdentity struct{ layer.Base }
)

// AddFeatureSpace adds TFDConcat and TFDIdentity to a registry.
func AddFeatureSpace(r *layer.Registry) {
	const module = "keras.src.layers.preprocessing.feature_space"
	r.Register(module, "TFDConcat", func() layer.Layer { return new(TFDConcat) })
	r.Register(module, "TFDIdentity", func() layer.Layer { return new(TFDIdentity) })
	r.Refuse("keras.utils", "FeatureSpace", "a FeatureSpace alone is no model; save keras.Model(space.get_inputs(), "+
		"space.get_encoded_features()) instead, which computes the same and runs here")
}

// Config implements layer.Layer.
func (l *TFDConcat) Config(c *layer.Config) { c.Int("axis", &l.Axis, -1) }

// Call implements layer.Layer.
func (l *TFDConcat) Call(c *layer.Call) any {
	xs := c.Xs()
	if len(xs) == 0 {
		c.Fail("features to join are expected")
	}
	var types []tensor.DType
	for _, x := range xs {
		types = append(types, x.DType)
	}
	d, ok := layer.ResultType(types...)
	if !ok {
		c.Fail("features of the types %v cannot be joined", types)
	}
	for i, x := range xs {
		xs[i] = c.Cast(x, d)
	}
	return c.Concat(l.Axis, xs...)
}

// Config implements layer.Layer.
func (l *TFDIdentity) Config(*layer.Config) {}

// Call implements layer.Layer.
func (l *TFDIdentity) Call(c *layer.Call) any { return c.X() }
