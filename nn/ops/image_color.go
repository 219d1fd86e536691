package ops

import (
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

func addImageColor(r *layer.Registry) {
	colours := func(class string, f func(b *graph.Builder, images *graph.Value, channelsFirst bool) *graph.Value) {
		one(r, "image", class, "images", func(o *layer.OpCall, x *value) *value { return f(o.Builder, x, channelsFirst(o)) })
	}
	colours("RGBToGrayscale", RGBToGrayscale)
	same := func(f func(b *graph.Builder, images *graph.Value, channelsFirst bool) *graph.Value) func(*graph.Builder, *value, bool) *value {
		return func(b *graph.Builder, images *value, channelsFirst bool) *value {
			y := f(b, images, channelsFirst)
			if graph.AllKnown(images.Shape...) {
				return y
			}
			return b.Opaque(y.DType, images.Shape, y)
		}
	}
	colours("RGBToHSV", same(RGBToHSV))
	colours("HSVToRGB", same(HSVToRGB))
}

// planes cuts images into their three channels, each with a channel axis of length 1.
func planes(b *graph.Builder, images *value, channelsFirst bool) (x, y, z *value, axis int) {
	imageAxes(b, images, channelsFirst)
	axis = images.Rank() - 1
	if channelsFirst {
		axis = images.Rank() - 3
	}
	if !graph.Fits(images.Shape[axis], 3) {
		b.Fail("images of 3 channels are expected, not %s", images)
	}
	parts := b.Split(images, axis, 1, 1, 1)
	return parts[0], parts[1], parts[2], axis
}

// RGBToGrayscale weighs the colours of images (height, width, 3), or a batch of them, to one channel; images of one
// channel stay as they are (keras.ops.image.rgb_to_grayscale).
func RGBToGrayscale(b *graph.Builder, images *graph.Value, channelsFirst bool) *graph.Value {
	imageAxes(b, images, channelsFirst)
	axis := images.Rank() - 1
	if channelsFirst {
		axis = images.Rank() - 3
	}
	if images.Shape[axis] == 1 {
		return images
	}
	x := images
	if !x.DType.IsFloat() {
		x = b.Cast(x, tensor.Float32)
	}
	red, green, blue, _ := planes(b, x, channelsFirst)
	gray := b.Add(b.Add(b.MulS(red, 0.2989), b.MulS(green, 0.587)), b.MulS(blue, 0.114))
	return b.Cast(gray, images.DType)
}

// RGBToHSV converts float images (height, width, 3), or a batch of them, from red, green, blue in 0..1 to hue,
// saturation, value (keras.ops.image.rgb_to_hsv).
func RGBToHSV(b *graph.Builder, images *graph.Value, channelsFirst bool) *graph.Value {
	d := images.DType
	if !d.IsFloat() {
		b.Fail("rgb_to_hsv: float images are expected, not %s", images)
	}
	num := func(v float64) *value { return b.Scalar(d, v) }
	tiny := b.Compare(graph.Less, b.Abs(images), num(machineEpsilon(d)))
	r, g, bl, axis := planes(b, b.Where(tiny, num(0), images), channelsFirst)
	top := b.Max(b.Max(r, g), bl)
	span := b.Sub(top, b.Min(b.Min(r, g), bl))
	lit, coloured := b.Compare(graph.Greater, top, num(0)), b.Compare(graph.Greater, span, num(0))
	saturation := b.Where(lit, b.Div(span, b.Where(lit, top, num(1))), num(0))
	step := b.Div(num(1), b.MulS(b.Where(coloured, span, num(1)), 6))
	hue := b.Where(b.Compare(graph.Equal, top, g),
		b.AddS(b.Mul(step, b.Sub(bl, r)), 2.0/6),
		b.AddS(b.Mul(step, b.Sub(r, g)), 4.0/6))
	hue = b.Where(b.Compare(graph.Equal, top, r), b.Mul(step, b.Sub(g, bl)), hue)
	wrapped := b.Cast(b.Compare(graph.Less, hue, num(0)), d)
	hue = b.Add(b.Where(coloured, hue, num(0)), wrapped)
	return b.Concat(axis, hue, saturation, top)
}

// HSVToRGB converts float images (height, width, 3), or a batch of them, from hue, saturation, value in 0..1 to red,
// green, blue (keras.ops.image.hsv_to_rgb).
func HSVToRGB(b *graph.Builder, images *graph.Value, channelsFirst bool) *graph.Value {
	d := images.DType
	if !d.IsFloat() {
		b.Fail("hsv_to_rgb: float images are expected, not %s", images)
	}
	hue, saturation, v, axis := planes(b, images, channelsFirst)
	num := func(v float64) *value { return b.Scalar(d, v) }
	sixth := b.MulS(b.Binary(graph.Mod, hue, num(1)), 6)
	rest := b.Sub(num(1), saturation)
	channel := func(share *value) *value { return b.Mul(v, b.Add(rest, b.Mul(saturation, b.Clip(share, 0, 1)))) }
	red := channel(b.AddS(b.Abs(b.AddS(sixth, -3)), -1))
	green := channel(b.Sub(num(2), b.Abs(b.AddS(sixth, -2))))
	blue := channel(b.Sub(num(2), b.Abs(b.AddS(sixth, -4))))
	return b.Concat(axis, red, green, blue)
}

// machineEpsilon is the distance from 1 to the next number of a type.
func machineEpsilon(d tensor.DType) float64 {
	switch d {
	case tensor.Float16:
		return 0x1p-10
	case tensor.BFloat16:
		return 0x1p-7
	case tensor.Float32:
		return 0x1p-23
	}
	return 0x1p-52
}
