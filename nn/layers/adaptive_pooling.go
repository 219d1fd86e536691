package layers

import (
	"math"
	"slices"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

// AdaptiveAveragePooling1D and its relatives divide each spatial axis of an input (batch, spatial..., channels), or channels
// before the spatial axes with DataFormat "channels_first", into OutputSize parts and average over them
// (keras.layers.AdaptiveAveragePooling1D and so on); part i of n goes from floor(i*size/n) to ceil((i+1)*size/n).
// AdaptiveMaxPooling1D and its relatives take the maximum.
type (
	AdaptiveAveragePooling1D struct{ adaptivePooling }
	AdaptiveAveragePooling2D struct{ adaptivePooling }
	AdaptiveAveragePooling3D struct{ adaptivePooling }
	AdaptiveMaxPooling1D     struct{ adaptivePooling }
	AdaptiveMaxPooling2D     struct{ adaptivePooling }
	AdaptiveMaxPooling3D     struct{ adaptivePooling }
)

type adaptivePooling struct {
	layer.Base
	OutputSize []int
	DataFormat string

	rank    int
	average bool
}

// AddAdaptivePooling adds AdaptiveAveragePooling1D, AdaptiveAveragePooling2D, AdaptiveAveragePooling3D,
// AdaptiveMaxPooling1D, AdaptiveMaxPooling2D and AdaptiveMaxPooling3D to a registry.
func AddAdaptivePooling(r *layer.Registry) {
	register := func(name string, make func() layer.Layer) { r.Register("keras.layers", name, make) }
	register("AdaptiveAveragePooling1D", func() layer.Layer { return &AdaptiveAveragePooling1D{adaptivePooling{rank: 1, average: true}} })
	register("AdaptiveAveragePooling2D", func() layer.Layer { return &AdaptiveAveragePooling2D{adaptivePooling{rank: 2, average: true}} })
	register("AdaptiveAveragePooling3D", func() layer.Layer { return &AdaptiveAveragePooling3D{adaptivePooling{rank: 3, average: true}} })
	register("AdaptiveMaxPooling1D", func() layer.Layer { return &AdaptiveMaxPooling1D{adaptivePooling{rank: 1}} })
	register("AdaptiveMaxPooling2D", func() layer.Layer { return &AdaptiveMaxPooling2D{adaptivePooling{rank: 2}} })
	register("AdaptiveMaxPooling3D", func() layer.Layer { return &AdaptiveMaxPooling3D{adaptivePooling{rank: 3}} })
}

// Config implements layer.Layer.
func (l *adaptivePooling) Config(c *layer.Config) {
	c.Tuple("output_size", &l.OutputSize, l.rank)
	c.DataFormat(&l.DataFormat)
}

// Call implements layer.Layer.
func (l *adaptivePooling) Call(c *layer.Call) any {
	x := c.X()
	wantRank(c, x, l.rank+2)
	if l.average {
		x = toFloat(c, x, l.ComputeDType())
	}
	if l.DataFormat == layer.ChannelsFirst {
		x = c.ToChannelsLast(x)
	}
	for i, n := range l.OutputSize {
		x = l.pool(c, x, i, n)
	}
	if l.DataFormat == layer.ChannelsFirst {
		x = c.ToChannelsFirst(x)
	}
	return x
}

// pool divides spatial axis i into n parts. Their lengths differ by one at most, so that two poolings with stride 1 hold
// them all.
func (l *adaptivePooling) pool(c *layer.Call, x *value, i, n int) *value {
	size := x.Shape[i+1]
	if size == 0 {
		c.Fail("the input %s has no elements to pool", x)
	}
	c.Reserve(tensor.Int64, 3*min(n, math.MaxInt/3)) // starts, lengths and places
	if size < 0 || c.Unknowns {
		shape := slices.Clone(x.Shape)
		shape[i+1] = n
		return c.Opaque(x.DType, shape, x)
	}
	starts, lengths := make([]int, n), make([]int, n)
	short := size
	for k := range n {
		starts[k] = graph.Share(k, n, size)
		lengths[k] = graph.ShareEnd(k, n, size) - starts[k]
		short = min(short, lengths[k])
	}
	window := func(length, stride int) *value {
		a := graph.Pool{Window: ones(l.rank), Strides: ones(l.rank), PadLo: make([]int, l.rank), PadHi: make([]int, l.rank), Average: l.average}
		a.Window[i], a.Strides[i] = length, stride
		return c.Pool(x, a)
	}
	if size%n == 0 {
		return window(size/n, size/n)
	}
	if short > maxOverlap/size { // few long parts: the windows between them would be most of the work
		parts := make([]*value, n)
		for k := range parts {
			part := c.Slice(x, i+1, starts[k], starts[k]+lengths[k])
			if l.average {
				parts[k] = c.MeanKeep(part, i+1)
			} else {
				parts[k] = c.Reduce(graph.ReduceMax, part, true, i+1)
			}
		}
		return c.Concat(i+1, parts...)
	}
	all := []*value{window(short, 1)}
	long := false
	for k := range n {
		if lengths[k] > short {
			starts[k] += all[0].Shape[i+1]
			long = true
		}
	}
	if long {
		all = append(all, window(short+1, 1))
	}
	return c.Take(c.Concat(i+1, all...), c.Ints(tensor.Int32, starts...), i+1)
}

// maxOverlap bounds the elements that windows of stride 1 see along an axis.
const maxOverlap = 1 << 20

func ones(n int) []int {
	s := make([]int, n)
	for i := range s {
		s[i] = 1
	}
	return s
}
