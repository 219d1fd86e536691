package layers

import (
	"strings"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/nn/ops"
)

// UpSampling1D repeats each step of (batch, steps, features) Size times (keras.layers.UpSampling1D).
type UpSampling1D struct {
	layer.Base
	Size int
}

// UpSampling2D enlarges images (batch, height, width, channels), or channels before height with DataFormat "channels_first",
// by whole factors, repeating pixels or interpolating between them (keras.layers.UpSampling2D).
type UpSampling2D struct {
	layer.Base
	Size          []int
	DataFormat    string
	Interpolation string // "nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"
}

// UpSampling3D repeats the elements of volumes (batch, depth, height, width, channels), or channels before depth with
// DataFormat "channels_first" (keras.layers.UpSampling3D).
type UpSampling3D struct {
	layer.Base
	Size       []int
	DataFormat string
}

// AddUpSampling adds UpSampling1D, UpSampling2D and UpSampling3D to a registry.
func AddUpSampling(r *layer.Registry) {
	r.Register("keras.layers", "UpSampling1D", func() layer.Layer { return new(UpSampling1D) })
	r.Register("keras.layers", "UpSampling2D", func() layer.Layer { return new(UpSampling2D) })
	r.Register("keras.layers", "UpSampling3D", func() layer.Layer { return new(UpSampling3D) })
}

// Config implements layer.Layer.
func (l *UpSampling1D) Config(c *layer.Config) { c.Positive("size", &l.Size, 2) }

// Call implements layer.Layer.
func (l *UpSampling1D) Call(c *layer.Call) any {
	x := c.X()
	wantRank(c, x, 3)
	return repeat(c, x, 1, l.Size)
}

// repeat repeats each element along an axis.
func repeat(c *layer.Call, x *value, axis, count int) *value {
	if x.Shape[axis] > 0 && count > (1<<31-1)/x.Shape[axis] {
		c.Fail("a size of %d makes the input %s too large", count, x)
	}
	if count == 1 {
		return x
	}
	return c.Repeat(x, axis, count)
}

// Config implements layer.Layer.
func (l *UpSampling2D) Config(c *layer.Config) {
	c.Tuple("size", &l.Size, 2, 2)
	c.DataFormat(&l.DataFormat)
	c.String("interpolation", &l.Interpolation, "nearest")
	l.Interpolation = strings.ToLower(l.Interpolation)
	switch l.Interpolation {
	case "nearest", "bilinear", "bicubic", "lanczos3", "lanczos5":
	default:
		if c.Reading() {
			c.Errorf("interpolation", "one of nearest, bilinear, bicubic, lanczos3, lanczos5 is expected, not %q", l.Interpolation)
		}
	}
}

// Call implements layer.Layer.
func (l *UpSampling2D) Call(c *layer.Call) any {
	x := c.X()
	wantRank(c, x, 4)
	height := spatialAxis(l.DataFormat)
	if l.Interpolation == "nearest" {
		return repeat(c, repeat(c, x, height, l.Size[0]), height+1, l.Size[1])
	}
	if x.Shape[height] > maxPadding/l.Size[0] || x.Shape[height+1] > maxPadding/l.Size[1] {
		c.Fail("a size of %v makes the input %s too large", l.Size, x)
	}
	return ops.Resize(c.Builder, x, graph.Times(x.Shape[height], l.Size[0]), graph.Times(x.Shape[height+1], l.Size[1]),
		ops.ResizeOptions{Interpolation: l.Interpolation, ChannelsFirst: l.DataFormat == layer.ChannelsFirst})
}

// Config implements layer.Layer.
func (l *UpSampling3D) Config(c *layer.Config) {
	c.Tuple("size", &l.Size, 3, 2)
	c.DataFormat(&l.DataFormat)
}

// Call implements layer.Layer.
func (l *UpSampling3D) Call(c *layer.Call) any {
	x := c.X()
	wantRank(c, x, 5)
	for i, n := range l.Size {
		x = repeat(c, x, spatialAxis(l.DataFormat)+i, n)
	}
	return x
}
