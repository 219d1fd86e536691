package initializers

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

// VarianceScaling draws numbers whose spread depends on the size of the layer (keras.initializers.VarianceScaling and
// the Glorot, He and Lecun families, which are special cases of it).
type VarianceScaling struct {
	Scale                 float64
	Mode                  string // "fan_in", "fan_out", "fan_avg"
	Distribution          string // "truncated_normal", "untruncated_normal", "uniform"
	Seed                  any
	InputAxes, OutputAxes []int // the axes that count as inputs and outputs; nil: the last but one and the last
	special               bool  // the class fixes scale, mode and distribution
}

// RandomNormal draws from a normal distribution (keras.initializers.RandomNormal).
type RandomNormal struct {
	Mean, Stddev float64
	Seed         any
}

// TruncatedNormal draws from a normal distribution cut at two standard deviations (keras.initializers.TruncatedNormal).
type TruncatedNormal struct {
	Mean, Stddev float64
	Seed         any
}

// RandomUniform draws evenly from Minval to Maxval (keras.initializers.RandomUniform).
type RandomUniform struct {
	Minval, Maxval float64
	Seed           any
}

// GlorotUniform returns the initializer of most kernels (keras.initializers.GlorotUniform).
func GlorotUniform() *VarianceScaling {
	return &VarianceScaling{Scale: 1, Mode: "fan_avg", Distribution: "uniform", special: true}
}

// HeUniform returns the initializer of keras.initializers.HeUniform.
func HeUniform() *VarianceScaling {
	return &VarianceScaling{Scale: 2, Mode: "fan_in", Distribution: "uniform", special: true}
}

func addRandom(r *layer.Registry) {
	special := func(name, alias string, scale float64, mode, distribution string) {
		r.RegisterObject("initializers", name, func() layer.Configurable {
			return &VarianceScaling{Scale: scale, Mode: mode, Distribution: distribution, special: true}
		}, alias)
	}
	r.RegisterObject("initializers", "GlorotUniform", func() layer.Configurable { return GlorotUniform() }, "glorot_uniform")
	special("GlorotNormal", "glorot_normal", 1, "fan_avg", "truncated_normal")
	r.RegisterObject("initializers", "HeUniform", func() layer.Configurable { return HeUniform() }, "he_uniform")
	special("HeNormal", "he_normal", 2, "fan_in", "truncated_normal")
	special("LecunUniform", "lecun_uniform", 1, "fan_in", "uniform")
	special("LecunNormal", "lecun_normal", 1, "fan_in", "truncated_normal")
	r.RegisterObject("initializers", "VarianceScaling", func() layer.Configurable { return new(VarianceScaling) }, "variance_scaling")
	r.RegisterObject("initializers", "RandomNormal", func() layer.Configurable { return new(RandomNormal) }, "random_normal", "normal")
	r.RegisterObject("initializers", "TruncatedNormal", func() layer.Configurable { return new(TruncatedNormal) }, "truncated_normal")
	r.RegisterObject("initializers", "RandomUniform", func() layer.Configurable { return new(RandomUniform) }, "random_uniform", "uniform")
}

// Config implements layer.Configurable.
func (i *VarianceScaling) Config(c *layer.Config) {
	if !i.special {
		c.Float("scale", &i.Scale, 1)
		c.Choice("mode", &i.Mode, "fan_in", "fan_out", "fan_avg")
		c.Choice("distribution", &i.Distribution, "truncated_normal", "untruncated_normal", "uniform", "normal")
		if !(i.Scale > 0) && c.Reading() {
			c.Errorf("scale", "a number above 0 is expected, not %v", i.Scale)
		}
	}
	seed(c, &i.Seed)
	c.IntsOrNone("input_axes", &i.InputAxes)
	c.IntsOrNone("output_axes", &i.OutputAxes)
}

// Make implements layer.Initializer.
func (i *VarianceScaling) Make(shape []int, d tensor.DType) (tensor.Any, error) {
	in, out, err := i.fans(shape)
	if err != nil {
		return nil, err
	}
	scale := i.Scale
	switch i.Mode {
	case "fan_in":
		scale /= math.Max(1, in)
	case "fan_out":
		scale /= math.Max(1, out)
	default:
		scale /= math.Max(1, (in+out)/2)
	}
	r := source(i.Seed)
	switch i.Distribution {
	case "uniform":
		limit := math.Sqrt(3 * scale)
		return draw(shape, d, func() float64 { return (2*r.Float64() - 1) * limit })
	case "untruncated_normal":
		return draw(shape, d, func() float64 { return r.NormFloat64() * math.Sqrt(scale) })
	}
	// Cutting a normal distribution at two standard deviations makes it narrower by this factor.
	stddev := math.Sqrt(scale) / 0.87962566103423978
	return draw(shape, d, func() float64 { return truncated(r) * stddev })
}

// fans counts the inputs and outputs of a kernel of the given shape: those along InputAxes and OutputAxes or, where they
// are not named, as for a convolution.
func (i *VarianceScaling) fans(shape []int) (in, out float64, err error) {
	if i.InputAxes == nil || i.OutputAxes == nil {
		in, out = fans(shape)
		return in, out, nil
	}
	count := func(axes []int) (n float64) {
		n = 1
		for _, a := range axes {
			if a < -len(shape) || a >= len(shape) {
				err = fmt.Errorf("the initializer names axis %d of a variable of shape %s", a, tensor.FormatShape(shape))
				continue
			}
			n *= float64(shape[(a+len(shape))%len(shape)])
		}
		return n
	}
	return count(i.InputAxes), count(i.OutputAxes), err
}

// fans counts the inputs and outputs of a kernel (field..., inputs, outputs).
func fans(shape []int) (in, out float64) {
	switch len(shape) {
	case 0:
		return 1, 1
	case 1:
		return float64(shape[0]), float64(shape[0])
	}
	field := 1.0
	for _, d := range shape[:len(shape)-2] {
		field *= float64(d)
	}
	return float64(shape[len(shape)-2]) * field, float64(shape[len(shape)-1]) * field
}

// Config implements layer.Configurable.
func (i *RandomNormal) Config(c *layer.Config) {
	c.Float("mean", &i.Mean, 0)
	c.Float("stddev", &i.Stddev, 0.05)
	seed(c, &i.Seed)
}

// Make implements layer.Initializer.
func (i *RandomNormal) Make(shape []int, d tensor.DType) (tensor.Any, error) {
	r := source(i.Seed)
	return draw(shape, d, func() float64 { return i.Mean + i.Stddev*r.NormFloat64() })
}

// Config implements layer.Configurable.
func (i *TruncatedNormal) Config(c *layer.Config) {
	c.Float("mean", &i.Mean, 0)
	c.Float("stddev", &i.Stddev, 0.05)
	seed(c, &i.Seed)
}

// Make implements layer.Initializer.
func (i *TruncatedNormal) Make(shape []int, d tensor.DType) (tensor.Any, error) {
	r := source(i.Seed)
	return draw(shape, d, func() float64 { return i.Mean + i.Stddev*truncated(r) })
}

// Config implements layer.Configurable.
func (i *RandomUniform) Config(c *layer.Config) {
	c.Float("minval", &i.Minval, -0.05)
	c.Float("maxval", &i.Maxval, 0.05)
	seed(c, &i.Seed)
}

// Make implements layer.Initializer.
func (i *RandomUniform) Make(shape []int, d tensor.DType) (tensor.Any, error) {
	r := source(i.Seed)
	return draw(shape, d, func() float64 { return i.Minval + (i.Maxval-i.Minval)*r.Float64() })
}

// truncated draws from a normal distribution cut at two standard deviations.
func truncated(r *rand.Rand) float64 {
	for {
		if x := r.NormFloat64(); math.Abs(x) <= 2 {
			return x
		}
	}
}

// draw makes a tensor of the numbers that next returns.
func draw(shape []int, d tensor.DType, next func() float64) (tensor.Any, error) {
	n, ok := tensor.SizeOf(shape)
	if !ok || n > maxElements {
		return nil, fmt.Errorf("a variable of shape %s is too large", tensor.FormatShape(shape))
	}
	t := tensor.Zeros[float64](shape...)
	data := t.Data()
	for i := range data {
		data[i] = next()
	}
	return t.Convert(d)
}
