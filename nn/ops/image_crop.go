package ops

import (
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
)

func init() {
	layer.RegisterOp("image", "PadImages", func(o *layer.OpCall) any {
		x := o.Tensor(0, "images")
		h, w := imageAxes(o.Builder, x, channelsFirst(o))
		top, bottom := border(o, "top_padding", "bottom_padding", "target_height", -x.Shape[h])
		left, right := border(o, "left_padding", "right_padding", "target_width", -x.Shape[w])
		lo, hi := make([]int, x.Rank()), make([]int, x.Rank())
		lo[h], hi[h], lo[w], hi[w] = top, bottom, left, right
		return o.Pad(x, lo, hi, 0)
	})
	layer.RegisterOp("image", "CropImages", func(o *layer.OpCall) any {
		x := o.Tensor(0, "images")
		first := channelsFirst(o)
		h, w := imageAxes(o.Builder, x, first)
		top, bottom := border(o, "top_cropping", "bottom_cropping", "target_height", x.Shape[h])
		left, right := border(o, "left_cropping", "right_cropping", "target_width", x.Shape[w])
		return CropImages(o.Builder, x, top, bottom, left, right, first)
	})
}

// border works out how much goes before and after an axis, of which one may be missing and follows from the target:
// before + after = length - target for a crop, and with -length the other way round for a padding.
func border(o *layer.OpCall, beforeName, afterName, targetName string, length int) (before, after int) {
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
	case target != nil:
		total = length - *target
		if length < 0 {
			total = *target + length
		}
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
	return before, after
}

// CropImages cuts borders off images (height, width, channels), or a batch of them.
func CropImages(b *graph.Builder, images *graph.Value, top, bottom, left, right int, channelsFirst bool) *graph.Value {
	h, w := imageAxes(b, images, channelsFirst)
	if top+bottom > images.Shape[h] || left+right > images.Shape[w] {
		b.Fail("crop: the borders are larger than the images %s", images)
	}
	return b.Slice(b.Slice(images, h, top, images.Shape[h]-bottom), w, left, images.Shape[w]-right)
}
