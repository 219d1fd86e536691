package layers

import (
	"slices"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
)

// Dot multiplies two inputs along an axis of each and adds up (keras.layers.Dot): (batch, a..., n) and (batch, b..., n) give
// (batch, a..., b...), at least of rank 2. With Normalize it is the cosine of the angle between the two.
type Dot struct {
	layer.Base
	Axes      []int // one for both inputs, or one for each
	Normalize bool
}

// AddDot adds Dot to a registry.
func AddDot(r *layer.Registry) {
	r.Register("keras.layers", "Dot", func() layer.Layer { return new(Dot) })
}

// Config implements layer.Layer.
func (l *Dot) Config(c *layer.Config) {
	l.SupportsMasking = true
	c.Axes("axes", &l.Axes, false)
	c.Bool("normalize", &l.Normalize, false)
	if n := len(l.Axes); c.Reading() && n != 1 && n != 2 {
		c.Errorf("axes", "one axis or two are expected, not %v", l.Axes)
	}
}

// ComputeMask implements layer.Masker: a dot product has no mask.
func (l *Dot) ComputeMask(*layer.Call, any) any { return nil }

// Call implements layer.Layer.
func (l *Dot) Call(c *layer.Call) any {
	xs := mergeInputs(c)
	if len(xs) != 2 {
		c.Fail("two inputs are expected, not %d", len(xs))
	}
	xs = sameType(c, xs...)
	var axes [2]int
	for i, x := range xs {
		if x.Rank() < 2 {
			c.Fail("inputs of rank 2 or more are expected, not %s", x)
		}
		if axes[i] = c.Axis(l.Axes[min(i, len(l.Axes)-1)], x.Rank()); axes[i] == 0 {
			c.Fail("axes names axis 0, the batch")
		}
		if l.Normalize {
			xs[i] = normalize(c, toFloat(c, x, l.ComputeDType()), kerasEpsilon, axes[i])
		}
	}
	x, y := xs[0], xs[1]
	if n, m := x.Shape[axes[0]], y.Shape[axes[1]]; !graph.Fits(n, m) || !graph.Fits(x.Shape[0], y.Shape[0]) {
		c.Fail("the inputs %s and %s do not fit along the axes %d and %d", x, y, axes[0], axes[1])
	}
	x, y = c.MoveAxis(x, axes[0], -1), c.MoveAxis(y, axes[1], -1)
	n := x.Shape[x.Rank()-1]
	a := c.Reshape(x, x.Shape[0], product(x.Shape[1:x.Rank()-1]), n)
	b := c.Reshape(y, y.Shape[0], product(y.Shape[1:y.Rank()-1]), n)
	shape := slices.Concat(x.Shape[:x.Rank()-1], y.Shape[1:y.Rank()-1])
	if len(shape) == 1 {
		shape = append(shape, 1)
	}
	return c.Reshape(c.MatMulT(a, b, false, true), shape...).WithMask(nil)
}
