package layers

import (
	"slices"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
)

// Flatten makes one axis of all but the batch (keras.layers.Flatten). With DataFormat "channels_first" the channels, axis 1,
// come last in it.
type Flatten struct {
	layer.Base
	DataFormat string
}

// Reshape gives each example another shape (keras.layers.Reshape); one dimension of TargetShape may be -1.
type Reshape struct {
	layer.Base
	TargetShape []int
}

// Permute reorders the axes of each example (keras.layers.Permute); Dims counts them from 1.
type Permute struct {
	layer.Base
	Dims []int
}

// RepeatVector repeats (batch, features) to (batch, N, features) (keras.layers.RepeatVector).
type RepeatVector struct {
	layer.Base
	N int
}

// AddFlatten adds Flatten, Reshape, Permute and RepeatVector to a registry.
func AddFlatten(r *layer.Registry) {
	r.Register("keras.layers", "Flatten", func() layer.Layer { return new(Flatten) })
	r.Register("keras.layers", "Reshape", func() layer.Layer { return new(Reshape) })
	r.Register("keras.layers", "Permute", func() layer.Layer { return new(Permute) })
	r.Register("keras.layers", "RepeatVector", func() layer.Layer { return new(RepeatVector) })
}

// Config implements layer.Layer.
func (l *Flatten) Config(c *layer.Config) { c.DataFormat(&l.DataFormat) }

// Call implements layer.Layer.
func (l *Flatten) Call(c *layer.Call) any {
	x := c.X()
	if x.Rank() < 1 {
		c.Fail("an input with a batch axis is expected, not %s", x)
	}
	if l.DataFormat == layer.ChannelsFirst && x.Rank() > 1 {
		x = c.ToChannelsLast(x)
	}
	return c.Reshape(x, x.Shape[0], product(x.Shape[1:]))
}

// Config implements layer.Layer.
func (l *Reshape) Config(c *layer.Config) {
	c.Ints("target_shape", &l.TargetShape)
	if !c.Reading() {
		return
	}
	free := 0
	for _, d := range l.TargetShape {
		if d == -1 {
			free++
		}
		if d < -1 || free > 1 {
			c.Errorf("target_shape", "dimensions of 0 or more, and -1 once at most, are expected, not %v", l.TargetShape)
			return
		}
	}
}

// Call implements layer.Layer.
func (l *Reshape) Call(c *layer.Call) any {
	x := c.X()
	if x.Rank() < 1 {
		c.Fail("an input with a batch axis is expected, not %s", x)
	}
	size, known := product(x.Shape[1:]), 1
	shape := append([]int{x.Shape[0]}, l.TargetShape...)
	if size < 0 || !graph.AllKnown(x.Shape[1:]...) { // -1 and all else are seen when the lengths are
		for i, d := range shape {
			shape[i] = max(d, graph.Unknown)
		}
		return c.Reshape(x, shape...)
	}
	free := slices.Index(shape[1:], -1) + 1
	for _, d := range l.TargetShape {
		if d > 0 && known > (1<<31-1)/d {
			known = 0 // more than any tensor holds: no size is a multiple of it
			break
		}
		if d >= 0 {
			known *= d
		}
	}
	if free > 0 && known > 0 && size%known == 0 {
		shape[free] = size / known
		known = size
	}
	if known != size || free > 0 && shape[free] < 0 {
		c.Fail("the input %s does not reshape to target_shape %v", x, l.TargetShape)
	}
	return c.Reshape(x, shape...)
}

// Config implements layer.Layer.
func (l *Permute) Config(c *layer.Config) {
	c.Ints("dims", &l.Dims)
	if !c.Reading() {
		return
	}
	sorted := slices.Sorted(slices.Values(l.Dims))
	for i, d := range sorted {
		if d != i+1 {
			c.Errorf("dims", "each of the numbers 1 to %d is expected once, not %v", len(sorted), l.Dims)
			return
		}
	}
}

// Call implements layer.Layer.
func (l *Permute) Call(c *layer.Call) any {
	x := c.X()
	wantRank(c, x, len(l.Dims)+1)
	return c.Transpose(x, append([]int{0}, l.Dims...)...)
}

// Config implements layer.Layer.
func (l *RepeatVector) Config(c *layer.Config) { c.Positive("n", &l.N) }

// Call implements layer.Layer.
func (l *RepeatVector) Call(c *layer.Call) any {
	x := c.X()
	wantRank(c, x, 2)
	return c.BroadcastTo(c.ExpandDims(x, 1), x.Shape[0], l.N, x.Shape[1])
}
