package layers

import (
	"math"
	"slices"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

// Dropout sets elements to 0 at random in training; at inference it returns its input (keras.layers.Dropout).
type Dropout struct {
	noise
	NoiseShape []int // -1 where the input's length counts; nil for the input's shape
}

// AlphaDropout is Dropout that keeps mean and variance (keras.layers.AlphaDropout).
type AlphaDropout struct {
	noise
	NoiseShape []int
}

// SpatialDropout1D and its relatives drop whole channels in training (keras.layers.SpatialDropout1D and so on).
type (
	SpatialDropout1D struct{ spatialDropout }
	SpatialDropout2D struct{ spatialDropout }
	SpatialDropout3D struct{ spatialDropout }
)

// GaussianDropout multiplies by random numbers around 1 in training (keras.layers.GaussianDropout).
type GaussianDropout struct{ noise }

// GaussianNoise adds random numbers in training; its rate is their standard deviation (keras.layers.GaussianNoise).
type GaussianNoise struct{ noise }

// noise is what the layers have in common that act in training only.
type noise struct {
	layer.Base
	Rate float64
	Seed any

	random generator
}

type spatialDropout struct {
	noise
	DataFormat string
	rank       int
}

// AddDropout adds Dropout, AlphaDropout, GaussianDropout, GaussianNoise, SpatialDropout1D, SpatialDropout2D and
// SpatialDropout3D to a registry.
func AddDropout(r *layer.Registry) {
	r.Register("keras.layers", "Dropout", func() layer.Layer { return new(Dropout) })
	r.Register("keras.layers", "AlphaDropout", func() layer.Layer { return new(AlphaDropout) })
	r.Register("keras.layers", "GaussianDropout", func() layer.Layer { return new(GaussianDropout) })
	r.Register("keras.layers", "GaussianNoise", func() layer.Layer { return new(GaussianNoise) })
	r.Register("keras.layers", "SpatialDropout1D", func() layer.Layer { return &SpatialDropout1D{spatialDropout{rank: 3}} })
	r.Register("keras.layers", "SpatialDropout2D", func() layer.Layer { return &SpatialDropout2D{spatialDropout{rank: 4}} })
	r.Register("keras.layers", "SpatialDropout3D", func() layer.Layer { return &SpatialDropout3D{spatialDropout{rank: 5}} })
}

func (l *noise) config(c *layer.Config, key string) {
	l.SupportsMasking = true
	c.Rate(key, &l.Rate)
	c.Raw("seed", &l.Seed, nil)
}

// active reports whether the layer acts in this call.
func (l *noise) active(c *layer.Call) bool { return c.TrainingOr(false) && l.Rate > 0 }

// numbers returns the layer's random numbers.
func (l *noise) numbers(c *layer.Call) *generator { return l.random.bind(c, l.Seed) }

// Call implements layer.Layer.
func (l *Dropout) Call(c *layer.Call) any {
	if !l.active(c) {
		return first(c)
	}
	return l.numbers(c).drop(c, c.X(), l.Rate, maskShape(c, c.X(), l.NoiseShape))
}

// Call implements layer.Layer.
func (l *AlphaDropout) Call(c *layer.Call) any {
	if !l.active(c) {
		return first(c)
	}
	const dropped = -1.6732632423543772848170429916717 * 1.0507009873554804934193349852946 // what selu tends to
	x := c.X()
	draws := l.numbers(c).uniform(c, tensor.Float32, maskShape(c, x, l.NoiseShape)...)
	kept := c.Cast(c.Compare(graph.GreaterEqual, draws, c.Scalar(tensor.Float32, l.Rate)), x.DType)
	a := math.Pow((1-l.Rate)*(1+l.Rate*dropped*dropped), -0.5)
	y := c.Add(c.Mul(x, kept), c.MulS(c.Sub(c.Scalar(x.DType, 1), kept), dropped))
	return c.AddS(c.MulS(y, a), -a*dropped*l.Rate)
}

// Call implements layer.Layer.
func (l *GaussianDropout) Call(c *layer.Call) any {
	if !l.active(c) {
		return first(c)
	}
	x := toFloat(c, c.X(), l.ComputeDType())
	draws := l.numbers(c).normal(c, l.ComputeDType(), x.Shape...)
	return c.Mul(x, c.AddS(c.MulS(draws, math.Sqrt(l.Rate/(1-l.Rate))), 1))
}

// Call implements layer.Layer.
func (l *GaussianNoise) Call(c *layer.Call) any {
	if !l.active(c) {
		return first(c)
	}
	x := toFloat(c, c.X(), l.ComputeDType())
	return c.Add(x, c.MulS(l.numbers(c).normal(c, l.ComputeDType(), x.Shape...), l.Rate))
}

// maskShape is the shape of a mask of elements that stay: -1 stands for the input's length, as does a nil shape for all of them.
func maskShape(c *layer.Call, x *value, noise []int) []int {
	if noise == nil {
		return x.Shape
	}
	if len(noise) != x.Rank() {
		c.Fail("noise_shape has %d lengths; the input %s has %d", len(noise), x, x.Rank())
	}
	out := slices.Clone(noise)
	for i, d := range noise {
		if d < 0 {
			out[i] = x.Shape[i]
		}
	}
	return out
}

// noiseShape visits noise_shape.
func noiseShape(c *layer.Config, field *[]int) {
	var raw any
	if *field != nil {
		list := make([]any, len(*field))
		for i, d := range *field {
			if d >= 0 {
				list[i] = pyjson.Int(d)
			}
		}
		raw = list
	}
	c.Raw("noise_shape", &raw, nil)
	if !c.Reading() || raw == nil {
		return
	}
	list, ok := raw.([]any)
	*field = []int{}
	for _, v := range list {
		d, isInt := -1, v == nil
		if n, ok := v.(pyjson.Number); ok {
			d, isInt = n.Int()
			isInt = isInt && d > 0
		}
		ok = ok && isInt
		*field = append(*field, d)
	}
	if !ok {
		c.Errorf("noise_shape", "a list of positive integers or null is expected")
	}
}

// Config implements layer.Layer.
func (l *Dropout) Config(c *layer.Config) {
	l.config(c, "rate")
	noiseShape(c, &l.NoiseShape)
}

// Config implements layer.Layer.
func (l *AlphaDropout) Config(c *layer.Config) {
	l.config(c, "rate")
	noiseShape(c, &l.NoiseShape)
}

// Config implements layer.Layer.
func (l *GaussianDropout) Config(c *layer.Config) { l.config(c, "rate") }

// Config implements layer.Layer.
func (l *GaussianNoise) Config(c *layer.Config) { l.config(c, "stddev") }

// Config implements layer.Layer. The one-dimensional layer has no data_format.
func (l *spatialDropout) Config(c *layer.Config) {
	c.Omit("trainable")
	l.config(c, "rate")
	if l.rank > 3 {
		c.DataFormat(&l.DataFormat)
	}
}

// Call implements layer.Layer.
func (l *spatialDropout) Call(c *layer.Call) any {
	x := c.X()
	wantRank(c, x, l.rank)
	if !l.active(c) {
		return x
	}
	noise := slices.Repeat([]int{1}, l.rank)
	channels := channelAxis(l.DataFormat, l.rank)
	noise[0], noise[channels] = x.Shape[0], x.Shape[channels]
	return l.numbers(c).drop(c, x, l.Rate, noise)
}
