package ops

import (
	"slices"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
)

func addImageCrop(r *layer.Registry) {
	r.RegisterOp("image", "PadImages", func(o *layer.OpCall) any {
		x := o.Tensor(0, "images")
		h, w := imageAxes(o.Builder, x, channelsFirst(o))
		top, bottom, height := border(o, "top_padding", "bottom_padding", "target_height", x.Shape[h], true)
		left, right, width := border(o, "left_padding", "right_padding", "target_width", x.Shape[w], true)
		if !graph.AllKnown(x.Shape[h], x.Shape[w]) {
			return o.Opaque(x.DType, imageShape(x, h, height, width), x)
		}
		lo, hi := make([]int, x.Rank()), make([]int, x.Rank())
		lo[h], hi[h], lo[w], hi[w] = top, bottom, left, right
		return o.Pad(x, lo, hi, 0)
	})
	r.RegisterOp("image", "CropImages", func(o *layer.OpCall) any {
		x := o.Tensor(0, "images")
		first := channelsFirst(o)
		h, w := imageAxes(o.Builder, x, first)
		top, bottom, height := border(o, "top_cropping", "bottom_cropping", "target_height", x.Shape[h], false)
		left, right, width := border(o, "left_cropping", "right_cropping", "target_width", x.Shape[w], false)
		if !graph.AllKnown(x.Shape[h], x.Shape[w]) {
			return o.Opaque(x.DType, imageShape(x, h, height, width), x)
		}
		return CropImages(o.Builder, x, top, bottom, left, right, first)
	})
}

// imageShape is the shape of images with another height and width, whose axes are h and h+1.
func imageShape(x *value, h, height, width int) []int {
	shape := slices.Clone(x.Shape)
	shape[h], shape[h+1] = height, width
	return shape
}

// border works out how much goes before and after an axis, of which one may be missing and follows from the target, and how
// long the axis becomes: before + after is length - target for a crop, and target - length for a padding. Of an axis of
// unknown length only the last is known, if it is.
func border(o *layer.OpCall, beforeName, afterName, targetName string, length int, padding bool) (before, after, becomes int) {
	read := func(name string) *int {
		n := o.IntOrNone(-1, name)
		if n != nil {
			bounded(o, name, *n, 0, maxTable)
		}
		return n
	}
	b, a, target := read(beforeName), read(afterName), read(targetName)
	total := 0
	switch {
	case target == nil && (a == nil || b == nil), target != nil && a == nil && b == nil:
		o.Fail("%s: two of %s, %s and %s are needed", o, beforeName, afterName, targetName)
	case target != nil && length < 0:
		return graph.Unknown, graph.Unknown, *target
	case length < 0:
		return *b, *a, graph.Unknown
	case target != nil && padding:
		total = *target - length
	case target != nil:
		total = length - *target
	}
	switch {
	case a == nil:
		before, after = *b, total-*b
	case b == nil:
		before, after = total-*a, *a
	default:
		before, after = *b, *a
	}
	if before < 0 || after < 0 || target != nil && before+after != total {
		o.Fail("%s: %s=%d and %s=%d do not fit", o, beforeName, before, afterName, after)
	}
	if padding {
		return before, after, length + before + after
	}
	return before, after, length - before - after
}

// CropImages cuts borders off images (height, width, channels), or a batch of them.
func CropImages(b *graph.Builder, images *graph.Value, top, bottom, left, right int, channelsFirst bool) *graph.Value {
	h, w := imageAxes(b, images, channelsFirst)
	if h, w := images.Shape[h], images.Shape[w]; graph.Known(h) && top+bottom > h || graph.Known(w) && left+right > w {
		b.Fail("crop: the borders are larger than the images %s", images)
	}
	return b.Slice(b.Slice(images, h, top, images.Shape[h]-bottom), w, left, images.Shape[w]-right)
}
