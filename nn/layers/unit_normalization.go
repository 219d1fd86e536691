package layers

import (
	"github.com/hornml/horn/nn/layer"
)

// UnitNormalization divides by the Euclidean norm over the axes named (keras.layers.UnitNormalization).
type UnitNormalization struct {
	layer.Base
	Axis []int
}

// AddUnitNormalization adds UnitNormalization to a registry.
func AddUnitNormalization(r *layer.Registry) {
	r.Register("keras.layers", "UnitNormalization", func() layer.Layer { return new(UnitNormalization) })
}

// Config implements layer.Layer.
func (l *UnitNormalization) Config(c *layer.Config) {
	l.SupportsMasking = true
	c.Axes("axis", &l.Axis, false, -1)
	wantAxes(c, l.Axis)
}

// Call implements layer.Layer.
func (l *UnitNormalization) Call(c *layer.Call) any {
	return normalize(c, toFloat(c, c.X(), l.ComputeDType()), 1e-12, l.Axis...)
}

// normalize divides by the Euclidean norm over some axes, but by epsilon at least (keras.ops.normalize).
func normalize(c *layer.Call, x *value, epsilon float64, axes ...int) *value {
	inverse := c.Rsqrt(c.SumKeep(c.Square(x), axes...))
	return c.Mul(x, c.Min(inverse, c.Scalar(x.DType, 1/epsilon)))
}
