package layers

import (
	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/tensor"
)

// TFDConcat joins the features of a FeatureSpace along an axis, and TFDIdentity leaves one as it is: the layers that
// keras.utils.FeatureSpace puts into models made of its inputs and encoded features.
type (
	TFDConcat struct {
		nn.Base
		Axis int
	}
	TFDIdentity struct{ nn.Base }
)

func init() {
	const module = "keras.src.layers.preprocessing.feature_space"
	nn.Register(module, "TFDConcat", func() nn.Layer { return new(TFDConcat) })
	nn.Register(module, "TFDIdentity", func() nn.Layer { return new(TFDIdentity) })
	nn.Refuse("keras.utils", "FeatureSpace", "a FeatureSpace alone is no model; save keras.Model(space.get_inputs(), space.get_encoded_features()) instead, which computes the same and runs here")
}

// Config implements nn.Layer.
func (l *TFDConcat) Config(c *nn.Config) { c.Int("axis", &l.Axis, -1) }

// Call implements nn.Layer.
func (l *TFDConcat) Call(c *nn.Call) any {
	xs := c.Xs()
	if len(xs) == 0 {
		c.Fail("features to join are expected")
	}
	var types []tensor.DType
	for _, x := range xs {
		types = append(types, x.DType)
	}
	d, ok := nn.ResultType(types...)
	if !ok {
		c.Fail("features of the types %v cannot be joined", types)
	}
	for i, x := range xs {
		xs[i] = c.Cast(x, d)
	}
	return c.Concat(l.Axis, xs...)
}

// Config implements nn.Layer.
func (l *TFDIdentity) Config(*nn.Config) {}

// Call implements nn.Layer.
func (l *TFDIdentity) Call(c *nn.Call) any { return c.X() }
