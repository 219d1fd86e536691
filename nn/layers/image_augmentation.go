package layers

import (
	"fmt"
	"math"
	"slices"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/nn/ops"
)

// Augmentation is any of the image layers that change images at random while a model is trained and leave them as they
// are when it predicts: RandomFlip, RandomRotation, RandAugment, MixUp and so on. At most they cast images to the layer's
// type. Their arguments are checked, kept and written, and have no other effect here.
type Augmentation struct {
	imageLayer
	Settings map[string]any // the arguments as they stand in a file
	kind     *augmentation
}

// augmentation describes a class.
type augmentation struct {
	class     string
	casts     bool // images to the compute type
	castMasks bool // segmentation masks, too
	noBoxes   bool // Keras has not written it
	colours   bool // images must have three channels
	args      []augmentationArg
}

// augmentationArg is an argument of a class: what it may be, and Keras's default.
type augmentationArg struct {
	key     string
	allowed func(v any) bool
	want    string
	def     []any // none: it is required
}

func arg(key, want string, allowed func(any) bool, def ...any) augmentationArg {
	return augmentationArg{key, allowed, want, def}
}

func isPair(v any) bool {
	list, ok := v.([]any)
	return ok && len(list) == 2 && isNumber(list[0]) && isNumber(list[1])
}

// factor is a number from lo to hi or a range, of which a part is in these bounds.
//
//go:noinline
func factor(key string, lo, hi float64, def ...any) augmentationArg {
	return bounded(key, lo, hi, func(a, b float64) bool { return a <= hi && b >= lo }, false, def...)
}

// factorOrNull is factor, or null, which stands for no change.
//
//go:noinline
func factorOrNull(key string, lo, hi float64, def ...any) augmentationArg {
	return bounded(key, lo, hi, func(a, b float64) bool { return a <= hi && b >= lo }, true, def...)
}

// strictFactor is factor with a range that is within the bounds.
//
//go:noinline
func strictFactor(key string, lo, hi float64, def ...any) augmentationArg {
	return bounded(key, lo, hi, func(a, b float64) bool { return min(a, b) >= lo && max(a, b) <= hi }, false, def...)
}

func bounded(key string, lo, hi float64, fits func(a, b float64) bool, null bool, def ...any) augmentationArg {
	want := fmt.Sprintf("a number or two numbers from %.3g to %.3g", lo, hi)
	if null {
		want += " or null"
	}
	return arg(key, want, func(v any) bool {
		switch x := v.(type) {
		case nil:
			return null
		case pyjson.Number:
			return x.Float() >= lo && x.Float() <= hi
		case []any:
			return isPair(v) && fits(x[0].(pyjson.Number).Float(), x[1].(pyjson.Number).Float())
		}
		return false
	}, def...)
}

// shearFactor is a number from 0 to 1 or a range, which Keras writes from -1 on.
//
//go:noinline
func shearFactor(key string) augmentationArg {
	return bounded(key, 0, 1, func(a, b float64) bool { return min(a, b) >= -1 && max(a, b) <= 1 }, false, zero("0.0"))
}

// zoomFactor is a strict factor above -1: an image cannot be made nothing of.
//
//go:noinline
func zoomFactor(key string, null bool, def ...any) augmentationArg {
	return bounded(key, math.Nextafter(-1, 0), 1, func(a, b float64) bool { return min(a, b) > -1 && max(a, b) <= 1 }, null, def...)
}

// odd is an odd number or two of them.
//
//go:noinline
func odd(key string, def ...any) augmentationArg {
	even := func(v any) bool { return math.Mod(v.(pyjson.Number).Float(), 2) == 0 }
	return arg(key, "an odd number or two of them is", func(v any) bool {
		if isPair(v) {
			list := v.([]any)
			return !even(list[0]) && !even(list[1])
		}
		return isNumber(v) && !even(v)
	}, def...)
}

// numberIn is a number within bounds.
//
//go:noinline
func numberIn(key string, lo, hi float64, def ...any) augmentationArg {
	return arg(key, fmt.Sprintf("a number from %v to %v is", lo, hi), func(v any) bool {
		n, ok := v.(pyjson.Number)
		return ok && n.Float() >= lo && n.Float() <= hi
	}, def...)
}

func numberArg(key string, def ...any) augmentationArg { return arg(key, "a number", isNumber, def...) }

func integerArg(key string, def ...any) augmentationArg {
	return arg(key, "an integer", func(v any) bool { n, ok := v.(pyjson.Number); return ok && n.IsInt() }, def...)
}

func oneOf(key string, names ...string) augmentationArg {
	return arg(key, "one of the names that Keras knows", func(v any) bool {
		s, ok := v.(string)
		return ok && slices.Contains(names, s)
	}, names[0])
}

//go:noinline
func valueRange() augmentationArg {
	return arg("value_range", "two numbers", isPair, numbers("0", "255"))
}

//go:noinline
func numbers(values ...string) []any {
	list := make([]any, len(values))
	for i, v := range values {
		list[i] = pyjson.Number(v)
	}
	return list
}

// seed is an integer, null, or a SeedGenerator.
//
//go:noinline
func seed() augmentationArg {
	return arg("seed", "an integer, null or a seed generator", func(v any) bool {
		_, isObject := v.(*pyjson.Object)
		return v == nil || isNumber(v) || isObject
	}, nil)
}

func interpolation() augmentationArg { return oneOf("interpolation", "bilinear", "nearest") }

// geometric are the arguments of layers that move pixels after those of their own.
func geometric(own ...augmentationArg) []augmentationArg {
	return append(own, oneOf("fill_mode", "reflect", "wrap", "constant", "nearest"), interpolation(),
		numberArg("fill_value", pyjson.Number("0.0")), seed())
}

func zero(s string) any { return pyjson.Number(s) }

// augmentations are the classes with their arguments.
func augmentations() []augmentation {
	return []augmentation{
		{class: "AugMix", casts: true, args: []augmentationArg{valueRange(), integerArg("num_chains", zero("3")),
			integerArg("chain_depth", zero("3")),
			strictFactor("factor", 0, 1, zero("0.3")), numberArg("alpha", zero("1.0")), arg("all_ops", "true or false", isBool, true),
			interpolation(), seed()}},
		{class: "CutMix", casts: true, castMasks: true, noBoxes: true, args: []augmentationArg{factor("factor", 0, 1, zero("1.0")), seed()}},
		{class: "Mosaic", args: []augmentationArg{factor("offset", 0, 1, numbers("0.25", "0.75")), seed()}},
		{class: "MixUp", args: []augmentationArg{numberArg("alpha", zero("0.2")), seed()}},
		{class: "RandAugment", casts: true, args: []augmentationArg{valueRange(), integerArg("num_ops", zero("2")),
			strictFactor("factor", 0, 1, zero("0.5")),
			interpolation(), seed()}},
		{class: "RandomBrightness", args: []augmentationArg{factorOrNull("factor", -1, 1), valueRange(), seed()}},
		{class: "RandomColorDegeneration", colours: true, args: []augmentationArg{factor("factor", -1, 1), valueRange(), seed()}},
		{class: "RandomColorJitter", args: []augmentationArg{valueRange(), factorOrNull("brightness_factor", -1, 1, nil),
			factorOrNull("contrast_factor", 0, 1, nil),
			factorOrNull("saturation_factor", -1, 1, nil), factorOrNull("hue_factor", 0, 1, nil), seed()}},
		{class: "RandomContrast", args: []augmentationArg{factor("factor", 0, 1), valueRange(), seed()}},
		{class: "RandomElasticTransform", casts: true, noBoxes: true,
			args: []augmentationArg{factor("factor", 0, 1, zero("1.0")), factor("scale", 0, 1, zero("1.0")), interpolation(),
				oneOf("fill_mode", "reflect", "constant", "nearest", "wrap", "mirror"), numberArg("fill_value", zero("0.0")), valueRange(), seed()}},
		{class: "RandomErasing", casts: true, args: []augmentationArg{factor("factor", 0, 1, zero("1.0")),
			factor("scale", 0, 1, numbers("0.02", "0.33")),
			arg("fill_value", "a number or null", func(v any) bool { return v == nil || isNumber(v) }, nil), valueRange(), seed()}},
		{class: "RandomFlip", casts: true, castMasks: true, args: []augmentationArg{oneOf("mode", "horizontal_and_vertical", "horizontal",
			"vertical"), seed()}},
		{class: "RandomGaussianBlur", casts: true, args: []augmentationArg{factor("factor", 0, 1, zero("1.0")),
			odd("kernel_size", zero("3")),
			factor("sigma", 0, 1, zero("1.0")), valueRange(), seed()}},
		{class: "RandomGrayscale", args: []augmentationArg{numberIn("factor", 0, 1, zero("0.5")), seed()}},
		{class: "RandomHue", args: []augmentationArg{factor("factor", 0, 1), valueRange(), seed()}},
		{class: "RandomInvert", args: []augmentationArg{factor("factor", 0, 1, zero("1.0")), valueRange(), seed()}},
		{class: "RandomPerspective", casts: true, args: []augmentationArg{factor("factor", 0, 1, zero("1.0")),
			numberIn("scale", 0, 1, zero("1.0")),
			interpolation(), numberArg("fill_value", zero("0.0")), seed()}},
		{class: "RandomPosterization", args: []augmentationArg{factor("factor", 1, 8), valueRange(), seed()}},
		{class: "RandomRotation", casts: true, args: geometric(factorOrNull("factor", -1, 1))},
		{class: "RandomSaturation", args: []augmentationArg{factor("factor", -1, 1), valueRange(), seed()}},
		{class: "RandomSharpness", casts: true, args: []augmentationArg{factor("factor", 0, 1), valueRange(), seed()}},
		{class: "RandomShear", casts: true, args: geometric(shearFactor("x_factor"), shearFactor("y_factor"))},
		{class: "RandomTranslation", casts: true, args: geometric(strictFactor("height_factor", -1, 1), strictFactor("width_factor", -1, 1))},
		{class: "RandomZoom", casts: true, args: geometric(zoomFactor("height_factor", false), zoomFactor("width_factor", true, nil))},
		{class: "Solarization", casts: true, args: []augmentationArg{valueRange(), strictFactor("addition_factor", 0, 1, zero("0.0")),
			strictFactor("threshold_factor", 0, 1, zero("0.0")), seed()}},
		{class: "Equalization", args: []augmentationArg{integerArg("bins", zero("256")), valueRange()}},
	}
}

func isBool(v any) bool { _, ok := v.(bool); return ok }

// AddImageAugmentation adds RandomFlip, RandomRotation, MixUp and the other augmentations to a registry.
func AddImageAugmentation(r *layer.Registry) {
	for _, a := range augmentations() {
		r.Register("keras.layers", a.class, func() layer.Layer { return &Augmentation{kind: &a} })
	}
	r.Register("keras.layers", "RandomCrop", func() layer.Layer { return new(RandomCrop) })
}

// Config implements layer.Layer.
func (l *Augmentation) Config(c *layer.Config) {
	l.imageLayer.config(c)
	if l.Settings == nil {
		l.Settings = map[string]any{}
	}
	for _, a := range l.kind.args {
		v := l.Settings[a.key]
		c.Raw(a.key, &v, a.def...)
		if c.Reading() && !a.allowed(v) {
			if _, given := c.Value(a.key); given {
				c.Errorf(a.key, "%s expected, not %s", a.want, pyjson.Describe(v))
			}
		}
		l.Settings[a.key] = v
	}
	l.NoAutocast = l.kind.class == "RandomFlip" // it casts images itself, and nothing else
}

// trainsNot fails where a call asks for what an augmentation does in training, which is not there yet. Without a word on training
// Keras takes it for True.
func trainsNot(c *layer.Call) {
	if c.TrainingOr(true) && !c.Symbolic() {
		c.Fail("the call asks for the random changes of training, which are not supported yet")
	}
}

// Call implements layer.Layer.
func (l *Augmentation) Call(c *layer.Call) any {
	trainsNot(c)
	var t transforms
	cast := func(x *graph.Value) *graph.Value { return c.Cast(x, l.ComputeDType()) }
	if l.kind.casts {
		t.images = cast
	}
	if l.kind.castMasks {
		t.masks = cast
	}
	if l.kind.colours {
		change := t.images
		t.images = func(x *graph.Value) *graph.Value {
			axis := x.Rank() - 1
			if l.channelsFirst() {
				axis = x.Rank() - 3
			}
			if c.Symbolic() && !graph.Fits(x.Shape[axis], 3) { // as in Keras, where it is asked then alone
				c.Fail("images of 3 channels are expected, not %s", x)
			}
			if change == nil {
				return x
			}
			return change(x)
		}
	}
	if l.kind.noBoxes {
		t.noBoxes = "Keras does not take bounding_boxes here"
	}
	return l.apply(c, t)
}

// RandomCrop cuts a random part out of images while a model is trained and leaves them alone when it predicts
// (keras.layers.RandomCrop). Segmentation masks it cuts, in the middle, in both cases.
type RandomCrop struct {
	imageLayer
	Height, Width int
	Seed          any
}

// Config implements layer.Layer.
func (l *RandomCrop) Config(c *layer.Config) {
	l.imageLayer.config(c)
	c.Positive("height", &l.Height)
	c.Positive("width", &l.Width)
	c.Raw("seed", &l.Seed, nil)
	l.NoAutocast = true
}

// Call implements layer.Layer.
func (l *RandomCrop) Call(c *layer.Call) any {
	trainsNot(c)
	images := func(x *graph.Value) *graph.Value {
		if !c.Symbolic() {
			return x
		}
		shape := slices.Clone(x.Shape) // Keras says that they are cut
		h := l.heightAxis(x)
		shape[h], shape[h+1] = l.Height, l.Width
		return c.Opaque(x.DType, shape, x)
	}
	return l.apply(c, transforms{images: images, masks: func(x *graph.Value) *graph.Value {
		return c.Cast(ops.Resize(c.Builder, l.crop(c, c.Cast(x, l.ComputeDType())), l.Height, l.Width,
			ops.ResizeOptions{Interpolation: "bilinear", ChannelsFirst: l.channelsFirst()}), l.ComputeDType())
	}})
}

// crop cuts at most Height x Width pixels out of the middle.
func (l *RandomCrop) crop(c *layer.Call, x *graph.Value) *graph.Value {
	h := l.heightAxis(x)
	rows, columns := x.Shape[h], x.Shape[h+1]
	if rows < 0 || columns < 0 { // some part, which is scaled
		shape := slices.Clone(x.Shape)
		shape[h], shape[h+1] = graph.Unknown, graph.Unknown
		return c.Opaque(x.DType, shape, x)
	}
	part := func(have, other, want, otherWant int) int {
		return max(min(have, int(min(float64(other)*float64(want)/float64(otherWant), 1<<30))), 1)
	}
	top := (rows - part(rows, columns, l.Height, l.Width)) / 2
	left := (columns - part(columns, rows, l.Width, l.Height)) / 2
	x = c.Slice(x, h, top, min(top+l.Height, rows))
	return c.Slice(x, h+1, left, min(left+l.Width, columns))
}
