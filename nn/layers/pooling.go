package layers

import (
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
)

// MaxPooling1D and its relatives take the maximum over windows of an input (batch, spatial..., channels), or channels before
// the spatial axes with DataFormat "channels_first" (keras.layers.MaxPooling1D and so on). AveragePooling1D and its relatives
// take the average; padding does not count in it.
type (
	MaxPooling1D     struct{ pooling }
	MaxPooling2D     struct{ pooling }
	MaxPooling3D     struct{ pooling }
	AveragePooling1D struct{ pooling }
	AveragePooling2D struct{ pooling }
	AveragePooling3D struct{ pooling }
)

type pooling struct {
	layer.Base
	PoolSize, Strides []int
	PaddingMode       string // "valid" or "same"
	DataFormat        string

	rank    int
	average bool
}

// AddPooling adds MaxPooling1D, MaxPooling2D, MaxPooling3D, AveragePooling1D, AveragePooling2D and AveragePooling3D to
// a registry.
func AddPooling(r *layer.Registry) {
	register := func(name, alias string, make func() layer.Layer) {
		r.Register("keras.layers", name, make, "keras.layers."+alias)
	}
	register("MaxPooling1D", "MaxPool1D", func() layer.Layer { return &MaxPooling1D{pooling{rank: 1}} })
	register("MaxPooling2D", "MaxPool2D", func() layer.Layer { return &MaxPooling2D{pooling{rank: 2}} })
	register("MaxPooling3D", "MaxPool3D", func() layer.Layer { return &MaxPooling3D{pooling{rank: 3}} })
	register("AveragePooling1D", "AvgPool1D", func() layer.Layer { return &AveragePooling1D{pooling{rank: 1, average: true}} })
	register("AveragePooling2D", "AvgPool2D", func() layer.Layer { return &AveragePooling2D{pooling{rank: 2, average: true}} })
	register("AveragePooling3D", "AvgPool3D", func() layer.Layer { return &AveragePooling3D{pooling{rank: 3, average: true}} })
}

// Config implements layer.Layer. The maximum has a pool_size of 2 by default; strides are the pool_size if not given.
func (l *pooling) Config(c *layer.Config) {
	if l.average {
		c.Tuple("pool_size", &l.PoolSize, l.rank)
	} else {
		c.Tuple("pool_size", &l.PoolSize, l.rank, 2)
	}
	c.Padding(&l.PaddingMode)
	c.TupleOrNone("strides", &l.Strides, l.rank, 1)
	if l.Strides == nil && c.Reading() {
		l.Strides = l.PoolSize
	}
	c.DataFormat(&l.DataFormat)
}

// Call implements layer.Layer.
func (l *pooling) Call(c *layer.Call) any {
	x := c.X()
	wantRank(c, x, l.rank+2)
	if l.average {
		x = toFloat(c, x, l.ComputeDType())
	}
	if l.DataFormat == layer.ChannelsFirst {
		x = c.ToChannelsLast(x)
	}
	strides := l.Strides
	if strides == nil {
		strides = l.PoolSize
	}
	a := graph.Pool{Window: l.PoolSize, Strides: strides, PadLo: make([]int, l.rank), PadHi: make([]int, l.rank), Average: l.average}
	for i := range l.rank {
		size := x.Shape[i+1]
		if l.PaddingMode == "same" {
			a.PadLo[i], a.PadHi[i] = graph.SamePadding(size, l.PoolSize[i], strides[i], 1)
		} else if graph.Known(size) && size < l.PoolSize[i] {
			c.Fail("a pool_size of %v does not fit the input %s", l.PoolSize, c.X())
		}
	}
	y := c.Pool(x, a)
	if l.DataFormat == layer.ChannelsFirst {
		y = c.ToChannelsFirst(y)
	}
	return y
}
