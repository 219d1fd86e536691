package layers

import (
	"slices"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/nn/ops"
)

// Resizing scales images to a height and width in pixels (keras.layers.Resizing); images of integers stay such.
type Resizing struct {
	imageLayer
	Height, Width     int
	Interpolation     string // "nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"
	CropToAspectRatio bool
	PadToAspectRatio  bool
	FillValue         float64 // of the borders that PadToAspectRatio adds
	Antialias         bool
}

// CenterCrop cuts the middle out of images (keras.layers.CenterCrop); where they are smaller than Height x Width it cuts
// them to these proportions and scales them up.
type CenterCrop struct {
	imageLayer
	Height, Width int
}

// AddImageResizing adds Resizing and CenterCrop to a registry.
func AddImageResizing(r *layer.Registry) {
	r.Register("keras.layers", "Resizing", func() layer.Layer { return new(Resizing) })
	r.Register("keras.layers", "CenterCrop", func() layer.Layer { return new(CenterCrop) })
}

// Config implements layer.Layer.
func (l *Resizing) Config(c *layer.Config) {
	l.imageLayer.config(c)
	c.Positive("height", &l.Height)
	c.Positive("width", &l.Width)
	c.Choice("interpolation", &l.Interpolation, "bilinear", "nearest", "bicubic", "lanczos3", "lanczos5")
	c.Bool("crop_to_aspect_ratio", &l.CropToAspectRatio, false)
	c.Bool("pad_to_aspect_ratio", &l.PadToAspectRatio, false)
	mode := "constant"
	c.Choice("fill_mode", &mode, "constant")
	c.Float("fill_value", &l.FillValue, 0)
	c.Bool("antialias", &l.Antialias, false)
}

// Call implements layer.Layer.
func (l *Resizing) Call(c *layer.Call) any {
	resize := func(interpolation string) func(x *graph.Value) *graph.Value {
		return func(x *graph.Value) *graph.Value {
			return ops.Resize(c.Builder, x, l.Height, l.Width, ops.ResizeOptions{Interpolation: interpolation, Antialias: l.Antialias,
				CropToAspectRatio: l.CropToAspectRatio, PadToAspectRatio: l.PadToAspectRatio, FillValue: l.FillValue, ChannelsFirst: l.channelsFirst()})
		}
	}
	boxes := func(images, boxes, labels *graph.Value) (*graph.Value, *graph.Value) {
		h := l.heightAxis(images)
		return l.moveBoxes(c, boxes, labels, images.Shape[h], images.Shape[h+1])
	}
	return l.apply(c, transforms{images: resize(l.Interpolation), masks: resize("nearest"), boxes: boxes})
}

// Config implements layer.Layer.
func (l *CenterCrop) Config(c *layer.Config) {
	l.imageLayer.config(c)
	c.Positive("height", &l.Height)
	c.Positive("width", &l.Width)
}

// Call implements layer.Layer.
func (l *CenterCrop) Call(c *layer.Call) any {
	crop := func(x *graph.Value) *graph.Value {
		x = c.Cast(x, l.ComputeDType())
		h := l.heightAxis(x)
		if !graph.AllKnown(x.Shape[h], x.Shape[h+1]) {
			shape := slices.Clone(x.Shape)
			shape[h], shape[h+1] = l.Height, l.Width
			return c.Opaque(x.DType, shape, x)
		}
		rows, columns := x.Shape[h]-l.Height, x.Shape[h+1]-l.Width
		if rows >= 0 && columns >= 0 {
			return ops.CropImages(c.Builder, x, rows/2, rows-rows/2, columns/2, columns-columns/2, l.channelsFirst())
		}
		return ops.Resize(c.Builder, x, l.Height, l.Width, ops.ResizeOptions{Interpolation: "bilinear", CropToAspectRatio: true,
			ChannelsFirst: l.channelsFirst()})
	}
	boxes := func(images, boxes, labels *graph.Value) (*graph.Value, *graph.Value) {
		h := l.heightAxis(images)
		return l.moveBoxes(c, boxes, labels, images.Shape[h], images.Shape[h+1])
	}
	return l.apply(c, transforms{images: crop, masks: crop, boxes: boxes})
}
