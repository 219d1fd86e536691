package layers

import (
	"slices"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

// GlobalAveragePooling1D and its relatives average over all spatial axes of an input (batch, spatial..., channels), or
// channels before the spatial axes with DataFormat "channels_first": the result is (batch, channels), with KeepDims of the
// input's rank (keras.layers.GlobalAveragePooling1D and so on). GlobalAveragePooling1D leaves masked steps out.
// GlobalMaxPooling1D and its relatives take the maximum.
type (
	GlobalAveragePooling1D struct{ globalPooling }
	GlobalAveragePooling2D struct{ globalPooling }
	GlobalAveragePooling3D struct{ globalPooling }
	GlobalMaxPooling1D     struct{ globalPooling }
	GlobalMaxPooling2D     struct{ globalPooling }
	GlobalMaxPooling3D     struct{ globalPooling }
)

type globalPooling struct {
	layer.Base
	DataFormat string
	KeepDims   bool

	rank    int
	average bool
}

// AddGlobalPooling adds GlobalAveragePooling1D, GlobalAveragePooling2D, GlobalAveragePooling3D, GlobalMaxPooling1D,
// GlobalMaxPooling2D and GlobalMaxPooling3D to a registry.
func AddGlobalPooling(r *layer.Registry) {
	register := func(name, alias string, make func() layer.Layer) {
		r.Register("keras.layers", name, make, "keras.layers."+alias)
	}
	register("GlobalAveragePooling1D", "GlobalAvgPool1D", func() layer.Layer {
		return &GlobalAveragePooling1D{globalPooling{rank: 1, average: true}}
	})
	register("GlobalAveragePooling2D", "GlobalAvgPool2D", func() layer.Layer {
		return &GlobalAveragePooling2D{globalPooling{rank: 2, average: true}}
	})
	register("GlobalAveragePooling3D", "GlobalAvgPool3D", func() layer.Layer {
		return &GlobalAveragePooling3D{globalPooling{rank: 3, average: true}}
	})
	register("GlobalMaxPooling1D", "GlobalMaxPool1D", func() layer.Layer { return &GlobalMaxPooling1D{globalPooling{rank: 1}} })
	register("GlobalMaxPooling2D", "GlobalMaxPool2D", func() layer.Layer { return &GlobalMaxPooling2D{globalPooling{rank: 2}} })
	register("GlobalMaxPooling3D", "GlobalMaxPool3D", func() layer.Layer { return &GlobalMaxPooling3D{globalPooling{rank: 3}} })
}

// Config implements layer.Layer.
func (l *globalPooling) Config(c *layer.Config) {
	l.SupportsMasking = l.average && l.rank == 1
	c.DataFormat(&l.DataFormat)
	c.Bool("keepdims", &l.KeepDims, false)
}

// ComputeMask implements layer.Masker: no steps are left to mask.
func (l *globalPooling) ComputeMask(*layer.Call, any) any { return nil }

// Call implements layer.Layer.
func (l *globalPooling) Call(c *layer.Call) any {
	x := c.X()
	wantRank(c, x, l.rank+2)
	axes := make([]int, l.rank)
	for i := range axes {
		axes[i] = spatialAxis(l.DataFormat) + i
	}
	if !l.average {
		if slices.Contains(x.Shape[axes[0]:axes[0]+l.rank], 0) {
			c.Fail("the input %s has no elements to take the maximum of", x)
		}
		return c.Reduce(graph.ReduceMax, x, l.KeepDims, axes...)
	}
	x = toFloat(c, x, l.ComputeDType())
	mask := c.Tensor(1, "mask")
	if mask == nil {
		mask = c.Mask()
	}
	if mask == nil || l.rank != 1 {
		return c.Reduce(graph.Mean, x, l.KeepDims, axes...)
	}
	channels := channelAxis(l.DataFormat, x.Rank())
	keep := c.ExpandDims(c.Cast(mask, tensor.Bool), channels)
	sum := c.Reduce(graph.Sum, c.Where(keep, x, c.Scalar(x.DType, 0)), l.KeepDims, axes...)
	return c.Div(sum, c.Reduce(graph.Sum, c.Cast(keep, x.DType), l.KeepDims, axes...))
}
