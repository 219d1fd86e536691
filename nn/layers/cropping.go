package layers

import (
	"slices"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
)

// Cropping1D, Cropping2D and Cropping3D remove elements at both ends of the spatial axes of (batch, spatial..., channels), or
// channels before the spatial axes with DataFormat "channels_first" (keras.layers.Cropping1D and so on).
type (
	Cropping1D struct{ cropping }
	Cropping2D struct{ cropping }
	Cropping3D struct{ cropping }
)

// ZeroPadding1D, ZeroPadding2D and ZeroPadding3D add zeros there (keras.layers.ZeroPadding1D and so on).
type (
	ZeroPadding1D struct{ zeroPadding }
	ZeroPadding2D struct{ zeroPadding }
	ZeroPadding3D struct{ zeroPadding }
)

type cropping struct {
	layer.Base
	Cropping   [][2]int
	DataFormat string
	rank       int
}

type zeroPadding struct {
	layer.Base
	Padding    [][2]int
	DataFormat string
	rank       int
}

// AddCropping adds Cropping1D, Cropping2D, Cropping3D, ZeroPadding1D, ZeroPadding2D and ZeroPadding3D to a registry.
func AddCropping(r *layer.Registry) {
	register := func(name string, make func() layer.Layer) { r.Register("keras.layers", name, make) }
	register("Cropping1D", func() layer.Layer { return &Cropping1D{cropping{rank: 1}} })
	register("Cropping2D", func() layer.Layer { return &Cropping2D{cropping{rank: 2}} })
	register("Cropping3D", func() layer.Layer { return &Cropping3D{cropping{rank: 3}} })
	register("ZeroPadding1D", func() layer.Layer { return &ZeroPadding1D{zeroPadding{rank: 1}} })
	register("ZeroPadding2D", func() layer.Layer { return &ZeroPadding2D{zeroPadding{rank: 2}} })
	register("ZeroPadding3D", func() layer.Layer { return &ZeroPadding3D{zeroPadding{rank: 3}} })
}

// pairs is the same pair for each of n axes.
func pairs(n, amount int) [][2]int { return slices.Repeat([][2]int{{amount, amount}}, n) }

// pair1 visits the form of the one-dimensional layers: a number for both ends, or one for each.
func pair1(c *layer.Config, key string, field *[][2]int) {
	both := []int{1, 1}
	if len(*field) == 1 {
		both = (*field)[0][:]
	}
	c.Ints(key, &both, []int{1, 1})
	if len(both) == 1 {
		both = []int{both[0], both[0]}
	}
	if len(both) != 2 || both[0] < 0 || both[1] < 0 {
		c.Errorf(key, "an integer of 0 or more, or two of them, is expected, not %v", both)
		both = []int{0, 0}
	}
	*field = [][2]int{{both[0], both[1]}}
}

// Config implements layer.Layer.
func (l *cropping) Config(c *layer.Config) {
	switch l.rank {
	case 1:
		pair1(c, "cropping", &l.Cropping)
		l.DataFormat = layer.ChannelsLast
		return
	case 2:
		c.Pairs("cropping", &l.Cropping, l.rank, pairs(l.rank, 0))
	default:
		c.Pairs("cropping", &l.Cropping, l.rank, pairs(l.rank, 1))
	}
	c.DataFormat(&l.DataFormat)
}

// Call implements layer.Layer.
func (l *cropping) Call(c *layer.Call) any {
	x := c.X()
	wantRank(c, x, l.rank+2)
	a := graph.Slice{Start: make([]int, x.Rank()), Step: ones(x.Rank()), Count: slices.Clone(x.Shape)}
	for i, p := range l.Cropping {
		axis := spatialAxis(l.DataFormat) + i
		// Written so that no sum can overflow.
		a.Start[axis] = p[0]
		if x.Shape[axis] < 0 {
			continue
		}
		if p[0] >= x.Shape[axis] || p[1] >= x.Shape[axis]-p[0] {
			c.Fail("a cropping of %v leaves nothing of axis %d of the input %s", l.Cropping, axis, x)
		}
		a.Count[axis] -= p[0] + p[1]
	}
	return c.SliceAll(x, a)
}

// Config implements layer.Layer.
func (l *zeroPadding) Config(c *layer.Config) {
	if l.rank == 1 {
		pair1(c, "padding", &l.Padding)
	} else {
		c.Pairs("padding", &l.Padding, l.rank, pairs(l.rank, 1))
	}
	c.DataFormat(&l.DataFormat)
}

// Call implements layer.Layer.
func (l *zeroPadding) Call(c *layer.Call) any {
	x := c.X()
	wantRank(c, x, l.rank+2)
	lo, hi := make([]int, x.Rank()), make([]int, x.Rank())
	for i, p := range l.Padding {
		if p[0] > maxPadding || p[1] > maxPadding {
			c.Fail("a padding of %v is too large", l.Padding)
		}
		axis := spatialAxis(l.DataFormat) + i
		lo[axis], hi[axis] = p[0], p[1]
	}
	return c.Pad(x, lo, hi, 0)
}

// maxPadding keeps sums of a length and its padding within an int of 32 bits.
const maxPadding = 1 << 28
