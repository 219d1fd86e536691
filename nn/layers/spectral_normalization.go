package layers

import (
	"slices"

	"github.com/hornml/horn/nn/initializers"
	"github.com/hornml/horn/nn/layer"
)

// SpectralNormalization divides the kernel of a layer by its largest singular value while it is trained; at inference it is
// that layer (keras.layers.SpectralNormalization). It lists the kernel as its own variable, too, beside vector_u.
type SpectralNormalization struct {
	layer.Base
	Layer           layer.Layer
	PowerIterations int
}

// AddSpectralNormalization adds SpectralNormalization to a registry.
func AddSpectralNormalization(r *layer.Registry) {
	r.Register("keras.layers", "SpectralNormalization", func() layer.Layer { return new(SpectralNormalization) })
}

// Config implements layer.Layer.
func (l *SpectralNormalization) Config(c *layer.Config) {
	c.Layer("layer", &l.Layer)
	c.Positive("power_iterations", &l.PowerIterations, 1)
}

// Children implements layer.Container.
func (l *SpectralNormalization) Children() []layer.Child {
	return []layer.Child{{Attr: "layer", Layer: l.Layer}}
}

// Build implements layer.Builder.
func (l *SpectralNormalization) Build(c *layer.Call) {
	c.Enter(l.Layer, c.Args...)
	kernel := l.Layer.Variable("kernel")
	if kernel == nil {
		kernel = l.Layer.Variable("embeddings")
	}
	if kernel == nil || len(kernel.Shape) == 0 {
		c.Fail("the layer %q has no kernel and no embeddings to normalize", l.Layer.Name())
	}
	c.ShareWeight(kernel)
	c.AddWeight("vector_u", &initializers.TruncatedNormal{Stddev: 0.02}, []int{1, kernel.Shape[len(kernel.Shape)-1]}, layer.NotTrainable,
		layer.OfType(kernel.DType))
}

// Call implements layer.Layer.
func (l *SpectralNormalization) Call(c *layer.Call) any {
	if c.Training() && l.Trainable() {
		c.Fail("the call asks for the power iteration of training, which is not supported yet")
	}
	x := c.X()
	y, ok := c.Run(l.Layer, slices.Clone(c.Args)...).(*value)
	if !ok {
		c.Fail("the layer %q must have one output here", l.Layer.Name())
	}
	return c.Cast(y, x.DType)
}
