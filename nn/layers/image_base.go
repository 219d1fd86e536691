package layers

import (
	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

// imageLayer is what the image preprocessing layers have in common (Keras's BaseImagePreprocessingLayer). They take an
// image (height, width, channels), a batch of them, or a dict with "images" and, each optional, "labels",
// "segmentation_masks" and "bounding_boxes", and return the same form.
type imageLayer struct {
	layer.Base
	DataFormat        string
	BoundingBoxFormat string // "" for none
}

func (l *imageLayer) config(c *layer.Config) {
	c.DataFormat(&l.DataFormat)
	if _, ok := c.Value("bounding_box_format"); ok || l.BoundingBoxFormat != "" {
		c.StringOrNone("bounding_box_format", &l.BoundingBoxFormat)
	}
}

func (l *imageLayer) channelsFirst() bool { return l.DataFormat == layer.ChannelsFirst }

// heightAxis is the axis of rows; that of columns follows it.
func (l *imageLayer) heightAxis(x *graph.Value) int {
	if l.channelsFirst() {
		return x.Rank() - 2
	}
	return x.Rank() - 3
}

// transforms say what a layer does with the parts of its input; nil leaves a part alone.
type transforms struct {
	images, masks func(x *graph.Value) *graph.Value
	boxes         func(images, boxes, labels *graph.Value) (*graph.Value, *graph.Value)
	noLabels      bool // Keras has no way for labels to go through
	noBoxes       string
}

// apply writes the layer for whichever form of input it has.
func (l *imageLayer) apply(c *layer.Call, t transforms) any {
	v := c.Arg(0, "data")
	if list, ok := v.([]any); ok && len(list) == 1 {
		v = list[0]
	}
	switch v := v.(type) {
	case *graph.Value:
		return l.image(c, v, t.images)
	case map[string]any:
		return l.applyDict(c, v, t)
	}
	c.Fail("images, or a dict with \"images\", are expected")
	return nil
}

func (l *imageLayer) image(c *layer.Call, x *graph.Value, f func(*graph.Value) *graph.Value) *graph.Value {
	if x.Rank() != 3 && x.Rank() != 4 {
		c.Fail("images of rank 3 or, in a batch, 4 are expected, not %s", x)
	}
	if f == nil {
		return x
	}
	return f(x)
}

func (l *imageLayer) applyDict(c *layer.Call, in map[string]any, t transforms) any {
	images, ok := in["images"].(*graph.Value)
	if !ok {
		c.Fail("a dict as input needs \"images\"")
	}
	out := make(map[string]any, len(in))
	for k, v := range in {
		out[k] = v
	}
	out["images"] = l.image(c, images, t.images)
	if _, ok := in["labels"]; ok && t.noLabels {
		c.Fail("it takes no labels")
	}
	if masks, ok := in["segmentation_masks"].(*graph.Value); ok && t.masks != nil {
		out["segmentation_masks"] = l.image(c, masks, t.masks)
	}
	if v, ok := in["bounding_boxes"]; ok {
		out["bounding_boxes"] = l.boxes(c, images, v, t)
	}
	return out
}

func (l *imageLayer) boxes(c *layer.Call, images *graph.Value, v any, t transforms) any {
	dict, _ := v.(map[string]any)
	boxes, ok1 := dict["boxes"].(*graph.Value)
	labels, ok2 := dict["labels"].(*graph.Value)
	switch {
	case !ok1 || !ok2:
		c.Fail("bounding_boxes are a dict with \"boxes\" and \"labels\"")
	case l.BoundingBoxFormat == "":
		c.Fail("bounding_boxes need the layer's bounding_box_format")
	case t.noBoxes != "":
		c.Fail("%s", t.noBoxes)
	}
	boxes = c.Cast(boxes, tensor.Float32)
	if t.boxes != nil {
		boxes, labels = t.boxes(images, boxes, labels)
	}
	return map[string]any{"boxes": boxes, "labels": labels}
}

// pair visits a list of two numbers, such as a range of values, and puts the smaller first.
func pair(c *layer.Config, key string, field *[2]float64, lo, hi float64) {
	list := []float64{field[0], field[1]}
	c.Floats(key, &list, []float64{lo, hi})
	if len(list) != 2 {
		c.Errorf(key, "two numbers are expected, not %d", len(list))
		return
	}
	*field = [2]float64{min(list[0], list[1]), max(list[0], list[1])}
}

// isNumber reports whether a raw value is a number.
func isNumber(v any) bool {
	_, ok := v.(pyjson.Number)
	return ok
}
