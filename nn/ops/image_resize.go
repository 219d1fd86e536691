package ops

import (
	"math"
	"slices"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

func addImageResize(r *layer.Registry) {
	r.RegisterOp("image", "Resize", func(o *layer.OpCall) any {
		size := o.Ints(-1, "size")
		if len(size) != 2 {
			o.Fail("%s: the argument \"size\" must be (height, width)", o)
		}
		if mode := o.Str(-1, "fill_mode", "constant"); mode != "constant" {
			o.Fail("%s: the argument \"fill_mode\" is %q; only \"constant\" exists", o, mode)
		}
		options := ResizeOptions{
			Interpolation:     o.Str(-1, "interpolation", "bilinear"),
			Antialias:         o.Bool(-1, "antialias", false),
			CropToAspectRatio: o.Bool(-1, "crop_to_aspect_ratio", false),
			PadToAspectRatio:  o.Bool(-1, "pad_to_aspect_ratio", false),
			FillValue:         o.Float(-1, "fill_value", 0),
			ChannelsFirst:     channelsFirst(o),
		}
		return Resize(o.Builder, o.Tensor(0, "images"), size[0], size[1], options)
	})
}

// channelsFirst reads the argument data_format; null is "channels_last", the default of keras.config.
func channelsFirst(o *layer.OpCall) bool {
	switch s := o.Str(-1, "data_format", ""); s {
	case "channels_first":
		return true
	case "", "channels_last":
	default:
		o.Fail("%s: the argument \"data_format\" is %q", o, s)
	}
	return false
}

// ResizeOptions are the arguments of keras.ops.image.resize besides the images and the size.
type ResizeOptions struct {
	Interpolation     string // "nearest", "bilinear", "bicubic", "lanczos3" or "lanczos5"
	Antialias         bool   // widen the kernel where the image gets smaller; not for "nearest"
	CropToAspectRatio bool   // cut off what the new shape has no room for, before resizing
	PadToAspectRatio  bool   // add borders of FillValue, before resizing
	FillValue         float64
	ChannelsFirst     bool
}

// Resize scales images (height, width, channels), or a batch of them, to a height and width in pixels
// (keras.ops.image.resize). Images of integers are computed in float32 and rounded.
//
// The kernels are those of Keras on torch: "bicubic" has the coefficient -0.75 without and -0.5 with antialias. (Keras on
// JAX and TensorFlow has -0.5 in both cases.) "lanczos3" and "lanczos5", which torch does not have, are those of JAX.
//
// The size may be graph.Unknown where the images' is.
func Resize(b *graph.Builder, images *graph.Value, height, width int, options ResizeOptions) *graph.Value {
	h, w := imageAxes(b, images, options.ChannelsFirst)
	if bad := func(d int) bool { return d == 0 || graph.Negative(d) || d > 1<<16 }; bad(height) || bad(width) {
		b.Fail("resize: the size is %d x %d pixels", height, width)
	}
	if images.Shape[h] == 0 || images.Shape[w] == 0 {
		b.Fail("resize: the images %s are empty", images)
	}
	if options.CropToAspectRatio && options.PadToAspectRatio {
		b.Fail("resize: only one of crop_to_aspect_ratio and pad_to_aspect_ratio can be true")
	}
	d := images.DType
	x := images
	if !d.IsFloat() || d.IsHalf() {
		x = b.Cast(x, tensor.Float32)
	}
	if (options.CropToAspectRatio || options.PadToAspectRatio) && graph.AllKnown(x.Shape[h], x.Shape[w], height, width) {
		x = fitAspectRatio(b, x, h, w, height, width, options)
	}
	for _, d := range [][2]int{{x.Shape[h], height}, {x.Shape[w], width}} {
		b.Reserve(tensor.Float64, graph.Times(max(d[0], d[1], 0), mostTaps))
	}
	if graph.AllKnown(x.Shape[h], x.Shape[w], height, width) && !b.Unknowns {
		x = b.Resample(x, h, resizeTaps(b, x.Shape[h], height, options))
		x = b.Resample(x, w, resizeTaps(b, x.Shape[w], width, options))
	} else {
		x = b.Opaque(x.DType, imageShape(x, h, height, width), x)
	}
	if d.IsInt() {
		x = b.Unary(graph.Round, x)
		if d == tensor.Uint8 && options.Interpolation != "bilinear" && options.Interpolation != "nearest" { // these overshoot
			x = b.Clip(x, 0, 255)
		}
	}
	return b.Cast(x, d)
}

// mostTaps is about how many weights, and what stands beside them, resizing has for each pixel of the longer of two axes.
const mostTaps = 16

// imageAxes returns the axes of height and width of images, which have a rank of 3 or 4.
func imageAxes(b *graph.Builder, images *value, channelsFirst bool) (h, w int) {
	rank := images.Rank()
	if rank != 3 && rank != 4 {
		b.Fail("images of rank 3 or, in a batch, 4 are expected, not %s", images)
	}
	if channelsFirst {
		return rank - 2, rank - 1
	}
	return rank - 3, rank - 2
}

// fitAspectRatio brings images to the proportions of the new size by cutting off or adding borders.
func fitAspectRatio(b *graph.Builder, x *value, h, w, height, width int, options ResizeOptions) *value {
	haveH, haveW := x.Shape[h], x.Shape[w]
	wantH, wantW := scaledLength(haveW, height, width), scaledLength(haveH, width, height)
	if options.CropToAspectRatio {
		wantH, wantW = max(min(haveH, wantH), 1), max(min(haveW, wantW), 1)
		top, left := (haveH-wantH)/2, (haveW-wantW)/2
		return b.Slice(b.Slice(x, h, top, top+wantH), w, left, left+wantW)
	}
	lo := make([]int, x.Rank())
	lo[h], lo[w] = max(wantH-haveH, 0)/2, max(wantW-haveW, 0)/2 // the same on both sides: an odd rest is left out
	return b.Pad(x, lo, lo, options.FillValue)
}

// scaledLength is length*to/from, rounded down.
func scaledLength(length, to, from int) int {
	return int(min(float64(length)*float64(to)/float64(from), 1<<30))
}

// resizeTaps returns the weights that resize an axis.
func resizeTaps(b *graph.Builder, from, to int, options ResizeOptions) graph.Taps {
	switch options.Interpolation {
	case "nearest":
		return nearestTaps(from, to)
	case "bilinear":
		if options.Antialias {
			return windowTaps(from, to, 2, triangleKernel)
		}
		return interpolationTaps(from, to, 2, triangleKernel)
	case "bicubic":
		if options.Antialias {
			return windowTaps(from, to, 4, cubicKernel(-0.5))
		}
		return interpolationTaps(from, to, 4, cubicKernel(-0.75))
	case "lanczos3", "lanczos5":
		return kernelTaps(from, to, float64(to)/float64(from), 0, scaleKernels[options.Interpolation], options.Antialias)
	}
	b.Fail("resize: the interpolation %q does not exist", options.Interpolation)
	return graph.Taps{}
}

func nearestTaps(from, to int) graph.Taps {
	var t graph.Taps
	for i := range to {
		t.Start = append(t.Start, min(int((float64(i)+0.5)*float64(from)/float64(to)), from-1))
		t.Weights = append(t.Weights, []float64{1})
	}
	return t
}

// interpolationTaps evaluates a kernel of some width at the centres of the new pixels; pixels beyond the border repeat it.
func interpolationTaps(from, to, width int, kernel func(float64) float64) graph.Taps {
	var t graph.Taps
	for i := range to {
		at := (float64(i)+0.5)*float64(from)/float64(to) - 0.5
		first := int(math.Floor(at)) - width/2 + 1
		lo, hi := clampIndex(first, from), clampIndex(first+width-1, from)
		weights := make([]float64, hi-lo+1)
		for k := first; k < first+width; k++ {
			weights[clampIndex(k, from)-lo] += kernel(math.Abs(float64(k) - at))
		}
		t.Start, t.Weights = append(t.Start, lo), append(t.Weights, weights)
	}
	return t
}

func clampIndex(i, size int) int { return max(min(i, size-1), 0) }

// windowTaps evaluates a kernel that grows with the factor by which an axis shrinks; weights of pixels beyond the border
// go to the others.
func windowTaps(from, to, width int, kernel func(float64) float64) graph.Taps {
	var t graph.Taps
	scale := float64(from) / float64(to)
	stretch := math.Max(scale, 1)
	reach := float64(width) / 2 * stretch
	for i := range to {
		centre := (float64(i) + 0.5) * scale
		lo := max(int(centre-reach+0.5), 0)
		hi := min(int(centre+reach+0.5), from)
		weights := make([]float64, hi-lo)
		sum := 0.0
		for k := range weights {
			weights[k] = kernel(math.Abs((float64(k+lo) - centre + 0.5) / stretch))
			sum += weights[k]
		}
		for k := range weights {
			weights[k] /= sum
		}
		t.Start, t.Weights = append(t.Start, lo), append(t.Weights, weights)
	}
	return t
}

func triangleKernel(x float64) float64 { return math.Max(0, 1-x) }

// cubicKernel is Keys's piecewise cubic with the given coefficient.
func cubicKernel(a float64) func(x float64) float64 {
	return func(x float64) float64 {
		switch {
		case x < 1:
			return ((a+2)*x-(a+3))*x*x + 1
		case x < 2:
			return ((a*x-5*a)*x+8*a)*x - 4*a
		}
		return 0
	}
}

func lanczosKernel(radius float64) func(x float64) float64 {
	return func(x float64) float64 {
		switch {
		case x > radius:
			return 0
		case x <= 1e-3:
			return 1
		}
		return radius * math.Sin(math.Pi*x) * math.Sin(math.Pi*x/radius) / (math.Pi * math.Pi * x * x)
	}
}

// scaleKernel is a weight that depends on the distance in pixels; from the radius on it is 0.
type scaleKernel struct {
	weight, slope func(x float64) float64 // and its derivative
	radius        float64
}

// leastSum is the least sum of weights that is divided by.
const leastSum = 1000 * 0x1p-23

// kernelTaps resamples an axis that is scaled and then moved by a translation. New pixels whose centre is outside the image
// have no weights.
func kernelTaps(from, to int, scale, translation float64, kernel scaleKernel, antialias bool) graph.Taps {
	t := graph.Taps{Start: make([]int, to), Weights: make([][]float64, to)}
	for i := range to {
		t.Start[i], t.Weights[i] = kernelTap(nil, i, from, scale, translation, kernel, antialias)
	}
	return t
}

// kernelTap returns the weights of one new pixel and where they begin; they are appended to space.
func kernelTap(space []float64, i, from int, scale, translation float64, kernel scaleKernel, antialias bool) (lo int, weights []float64) {
	inverse := 1 / scale
	stretch := 1.0
	if antialias {
		stretch = math.Max(inverse, 1)
	}
	at := (float64(i)+0.5)*inverse - translation*inverse - 0.5
	if !(at >= -0.5 && at <= float64(from)-0.5) {
		return 0, space
	}
	reach := math.Min(kernel.radius*stretch+1, float64(from)+1)
	lo, hi := max(int(at-reach), 0), min(int(at+reach)+1, from)
	weights = slices.Grow(space, hi-lo)
	sum := 0.0
	for k := range hi - lo {
		w := kernel.weight(math.Abs(at-float64(lo+k)) / stretch)
		weights = append(weights, w)
		sum += w
	}
	for k := range weights {
		if math.Abs(sum) > leastSum {
			weights[k] /= sum
		} else {
			weights[k] = 0
		}
	}
	return lo, weights
}
