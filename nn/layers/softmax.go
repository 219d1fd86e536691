package layers

import (
	"math"

	"github.com/hornml/horn/nn/activations"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

// Softmax is exp(x)/sum(exp(x)) over one or more axes (keras.layers.Softmax). Positions where a mask is false take no part
// and become 0.
type Softmax struct {
	layer.Base
	Axis []int
}

// AddSoftmax adds Softmax to a registry.
func AddSoftmax(r *layer.Registry) {
	r.Register("keras.layers", "Softmax", func() layer.Layer { return new(Softmax) })
}

// Config implements layer.Layer.
func (l *Softmax) Config(c *layer.Config) {
	l.SupportsMasking = true
	c.Axes("axis", &l.Axis, false, -1)
	if len(l.Axis) == 0 && c.Reading() {
		c.Errorf("axis", "an axis is expected")
	}
}

// Call implements layer.Layer.
func (l *Softmax) Call(c *layer.Call) any {
	x := activations.Float(c.Builder, c.X())
	mask := c.Tensor(1, "mask")
	if mask == nil {
		mask = c.Mask()
	}
	if mask == nil {
		return softmax(c, x, l.Axis)
	}
	if full, err := tensor.Broadcast(mask.Shape, x.Shape); err != nil || !graph.FitShapes(full, x.Shape) {
		c.Fail("the mask %s does not broadcast to the input %s", mask, x)
	}
	if mask.DType != tensor.Bool {
		half := activations.Float(c.Builder, mask)
		mask = c.Compare(graph.Greater, half, c.Scalar(half.DType, 0.5))
	}
	low := -1e9
	if x.DType == tensor.Float16 {
		low = -3e4
	}
	y := softmax(c, c.Where(mask, x, c.Scalar(x.DType, low)), l.Axis)
	return c.Where(mask, y, c.Scalar(x.DType, 0))
}

// softmax over several axes moves them to the end and makes one of them.
func softmax(c *layer.Call, x *value, axes []int) *value {
	if len(axes) == 1 {
		return c.Softmax(x, axes[0])
	}
	marked := make([]bool, x.Rank())
	for _, a := range axes {
		a = c.Axis(a, x.Rank())
		if marked[a] {
			c.Fail("axis %d is named twice", a)
		}
		marked[a] = true
	}
	var order, kept []int
	for i, m := range marked {
		if !m {
			order, kept = append(order, i), append(kept, x.Shape[i])
		}
	}
	size := 1
	for i, m := range marked {
		if m {
			order = append(order, i)
			if x.Shape[i] > 0 && size > math.MaxInt/x.Shape[i] {
				c.Fail("the axes of %s are too long together", x)
			}
			size = graph.Times(size, x.Shape[i])
		}
	}
	moved := c.Transpose(x, order...)
	y := c.Reshape(c.Softmax(c.Reshape(moved, append(kept, size)...), -1), moved.Shape...)
	back := make([]int, len(order))
	for i, a := range order {
		back[a] = i
	}
	return c.Transpose(y, back...)
}
