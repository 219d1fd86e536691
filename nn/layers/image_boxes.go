package layers

import (
	"math"
	"slices"
	"strings"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
)

// MaxNumBoundingBoxes cuts off or fills up the bounding boxes of each image to one number of them
// (keras.layers.MaxNumBoundingBoxes).
type MaxNumBoundingBoxes struct {
	imageLayer
	MaxNumber int
	FillValue int // of the boxes and labels that are added
}

// AddMaxNumBoundingBoxes adds MaxNumBoundingBoxes to a registry.
func AddMaxNumBoundingBoxes(r *layer.Registry) {
	r.Register("keras.layers", "MaxNumBoundingBoxes", func() layer.Layer { return new(MaxNumBoundingBoxes) })
}

// Config implements layer.Layer.
func (l *MaxNumBoundingBoxes) Config(c *layer.Config) {
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

// Call implements layer.Layer.
func (l *MaxNumBoundingBoxes) Call(c *layer.Call) any {
	return l.apply(c, transforms{boxes: func(_, boxes, labels *graph.Value) (*graph.Value, *graph.Value) {
		if boxes.Rank() != 3 || labels.Rank() != 2 {
			c.Fail("boxes (batch, number, 4) and labels (batch, number) are expected, not %s and %s", boxes, labels)
		}
		return l.fit(c, boxes), l.fit(c, labels)
	}})
}

func (l *MaxNumBoundingBoxes) fit(c *layer.Call, x *graph.Value) *graph.Value {
	n := x.Shape[1]
	if n < 0 {
		shape := slices.Clone(x.Shape)
		shape[1] = l.MaxNumber
		return c.Opaque(x.DType, shape, x)
	}
	x = c.Slice(x, 1, 0, min(n, l.MaxNumber))
	lo, hi := make([]int, x.Rank()), make([]int, x.Rank())
	hi[1] = max(0, l.MaxNumber-n)
	return c.Pad(x, lo, hi, float64(l.FillValue))
}

// corners are the edges of boxes in pixels, (..., 1) each: left, top, right, bottom.
type corners [4]*graph.Value

// boxOrder says how a format, without "rel_", has its four numbers: the positions of x and y, and those of the right and
// lower edge or of width and height.
var boxOrder = map[string]struct{ x, y, x2, y2 int }{
	"xyxy": {0, 1, 2, 3}, "yxyx": {1, 0, 3, 2}, "xywh": {0, 1, 2, 3}, "center_xywh": {0, 1, 2, 3}, "center_yxhw": {1, 0, 3, 2},
}

func boxFormat(c *layer.Call, format string) (base string, relative bool) {
	base, relative = strings.CutPrefix(strings.ToLower(format), "rel_")
	if _, ok := boxOrder[base]; !ok || relative && base == "center_yxhw" {
		c.Fail("the bounding_box_format %q does not exist", format)
	}
	return base, relative
}

// toCorners reads boxes (..., 4) of a format for images of a height and width.
func toCorners(c *layer.Call, boxes *graph.Value, format string, height, width int) corners {
	base, relative := boxFormat(c, format)
	if boxes.Rank() == 0 || !graph.Fits(boxes.Shape[boxes.Rank()-1], 4) {
		c.Fail("boxes of four numbers each are expected, not %s", boxes)
	}
	at := boxOrder[base]
	part := func(i int) *graph.Value { return c.Slice(boxes, -1, i, i+1) }
	x, y, x2, y2 := part(at.x), part(at.y), part(at.x2), part(at.y2)
	switch {
	case strings.HasPrefix(base, "center"):
		w, h := c.MulS(x2, 0.5), c.MulS(y2, 0.5)
		x, y, x2, y2 = c.Sub(x, w), c.Sub(y, h), c.Add(x, w), c.Add(y, h)
	case base == "xywh":
		x2, y2 = c.Add(x, x2), c.Add(y, y2)
	}
	k := corners{x, y, x2, y2}
	if relative {
		return k.mul(c, float32(width), float32(height))
	}
	return k
}

// boxes writes corners in a format.
func (k corners) boxes(c *layer.Call, format string, height, width int) *graph.Value {
	base, relative := boxFormat(c, format)
	x, y, x2, y2 := k[0], k[1], k[2], k[3]
	if base != "xyxy" && base != "yxyx" {
		x2, y2 = c.Sub(x2, x), c.Sub(y2, y)
	}
	if strings.HasPrefix(base, "center") {
		x, y = c.Add(x, c.MulS(x2, 0.5)), c.Add(y, c.MulS(y2, 0.5))
	}
	if relative {
		across, down := c.Scalar(x.DType, float64(width)), c.Scalar(x.DType, float64(height))
		x, y, x2, y2 = c.Div(x, across), c.Div(y, down), c.Div(x2, across), c.Div(y2, down)
	}
	var parts [4]*graph.Value
	at := boxOrder[base]
	parts[at.x], parts[at.y], parts[at.x2], parts[at.y2] = x, y, x2, y2
	return c.Concat(-1, parts[:]...)
}

func (k corners) each(f func(i int, v *graph.Value) *graph.Value) corners {
	for i, v := range k {
		k[i] = f(i, v)
	}
	return k
}

// mul multiplies the horizontal and the vertical places; add adds to them.
func (k corners) mul(c *layer.Call, x, y float32) corners {
	return k.each(func(i int, v *graph.Value) *graph.Value { return c.MulS(v, float64([]float32{x, y}[i%2])) })
}

func (k corners) add(c *layer.Call, x, y float32) corners {
	return k.each(func(i int, v *graph.Value) *graph.Value { return c.AddS(v, float64([]float32{x, y}[i%2])) })
}

// clip cuts boxes off at the edges of a part of the image.
func (k corners) clip(c *layer.Call, left, top, right, bottom int) corners {
	lo, hi := [2]int{left, top}, [2]int{right, bottom}
	return k.each(func(i int, v *graph.Value) *graph.Value { return c.Clip(v, float64(lo[i%2]), float64(hi[i%2])) })
}

// drop gives boxes without an area the label -1.
func (k corners) drop(c *layer.Call, labels *graph.Value) *graph.Value {
	area := c.Squeeze(c.Mul(c.Sub(k[2], k[0]), c.Sub(k[3], k[1])), -1)
	return c.Where(c.Compare(graph.Greater, area, c.Scalar(area.DType, 0)), labels, c.Scalar(labels.DType, -1))
}

// moveBoxes moves boxes as the layer scales images of a height and width, in float32 as Keras does.
func (l *Resizing) moveBoxes(c *layer.Call, boxes, labels *graph.Value, inHeight, inWidth int) (*graph.Value, *graph.Value) {
	k := toCorners(c, boxes, l.BoundingBoxFormat, inHeight, inWidth)
	h, w, inH, inW := float32(l.Height), float32(l.Width), float32(inHeight), float32(inWidth)
	half := func(v float32) float32 { return float32(math.Floor(float64(v / 2))) }
	switch {
	case l.PadToAspectRatio:
		ratio := min(h/inH, w/inW)
		k = k.mul(c, ratio, ratio).add(c, half(w-float32(inW*ratio)), half(h-float32(inH*ratio)))
	case l.CropToAspectRatio:
		source := inW / inH
		newW, newH := w, w/source
		if source > float32(float64(l.Width)/float64(l.Height)) {
			newW, newH = h*source, h
		}
		k = k.mul(c, newW/inW, newH/inH).add(c, -half(newW-w), -half(newH-h))
	default:
		k = k.mul(c, w/inW, h/inH)
	}
	k = k.clip(c, 0, 0, l.Width, l.Height)
	labels = k.drop(c, labels)
	// Boxes that only fill up are 0 or -1 throughout; they become 0.
	filler := func(v float64) *graph.Value {
		return c.All(c.Compare(graph.Equal, boxes, c.Scalar(boxes.DType, v)), -1)
	}
	empty := c.ExpandDims(c.Or(filler(-1), filler(0)), -1)
	k = k.each(func(_ int, v *graph.Value) *graph.Value { return c.Where(empty, c.Scalar(v.DType, 0), v) })
	return k.boxes(c, l.BoundingBoxFormat, l.Height, l.Width), labels
}

// moveBoxes moves boxes as the layer cuts images of a height and width.
func (l *CenterCrop) moveBoxes(c *layer.Call, boxes, labels *graph.Value, inHeight, inWidth int) (*graph.Value, *graph.Value) {
	k := toCorners(c, boxes, l.BoundingBoxFormat, inHeight, inWidth)
	height, width := l.Height, l.Width
	if inHeight < height || inWidth < width { // cut to the proportions, and scaled
		part := func(have, other, want, otherWant int) int {
			return max(min(have, int(min(float64(other)*float64(want)/float64(otherWant), 1<<30))), 1)
		}
		height, width = part(inHeight, inWidth, l.Height, l.Width), part(inWidth, inHeight, l.Width, l.Height)
	}
	top, left := (inHeight-height)/2, (inWidth-width)/2
	k = k.clip(c, left, top, left+width, top+height).add(c, float32(-left), float32(-top))
	if height != l.Height || width != l.Width {
		across, down := c.Scalar(boxes.DType, float64(width)), c.Scalar(boxes.DType, float64(height))
		k = k.each(func(i int, v *graph.Value) *graph.Value {
			return c.Div(v, []*graph.Value{across, down}[i%2])
		}).mul(c, float32(l.Width), float32(l.Height))
	}
	k = k.clip(c, 0, 0, l.Width, l.Height)
	labels = k.drop(c, labels)
	return k.boxes(c, l.BoundingBoxFormat, l.Height, l.Width), labels
}
