package layers

import (
	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/graph"
)

// MaxNumBoundingBoxes cuts off or fills up the bounding boxes of each image to one number of them
// (keras.layers.MaxNumBoundingBoxes).
type MaxNumBoundingBoxes struct {
	imageLayer
	MaxNumber int
	FillValue int // of the boxes and labels that are added
}

func init() {
	nn.Register("keras.layers", "MaxNumBoundingBoxes", func() nn.Layer { return new(MaxNumBoundingBoxes) })
}

// Config implements nn.Layer.
func (l *MaxNumBoundingBoxes) Config(c *nn.Config) {
	l.imageLayer.config(c)
	c.Positive("max_number", &l.MaxNumber)
	fill := l.FillValue
	if _, ok := c.Value("fill_value"); ok || !c.Reading() && !c.Writing() { // Keras does not write it
		c.Int("fill_value", &fill, -1)
	} else if c.Reading() {
		fill = -1
	}
	l.FillValue = fill
}

// Call implements nn.Layer.
func (l *MaxNumBoundingBoxes) Call(c *nn.Call) any {
	return l.apply(c, transforms{boxes: func(boxes, labels *graph.Value) (*graph.Value, *graph.Value) {
		if boxes.Rank() != 3 || labels.Rank() != 2 {
			c.Fail("boxes (batch, number, 4) and labels (batch, number) are expected, not %s and %s", boxes, labels)
		}
		return l.fit(c, boxes), l.fit(c, labels)
	}})
}

func (l *MaxNumBoundingBoxes) fit(c *nn.Call, x *graph.Value) *graph.Value {
	n := x.Shape[1]
	x = c.Slice(x, 1, 0, min(n, l.MaxNumber))
	lo, hi := make([]int, x.Rank()), make([]int, x.Rank())
	hi[1] = max(0, l.MaxNumber-n)
	return c.Pad(x, lo, hi, float64(l.FillValue))
}
