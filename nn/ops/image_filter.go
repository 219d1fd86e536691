package ops

import (
	"math"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
)

func addImageFilter(r *layer.Registry) {
	one(r, "image", "GaussianBlur", "images", func(o *layer.OpCall, x *value) *value {
		size := o.Ints(-1, "kernel_size")
		if size == nil {
			size = []int{3, 3}
		}
		sigma := floatList(o, "sigma", 1, 1)
		if len(size) != 2 || len(sigma) != 2 {
			o.Fail("%s: kernel_size and sigma must be pairs", o)
		}
		return GaussianBlur(o.Builder, x, [2]int(size), [2]float64(sigma), channelsFirst(o))
	})
	one(r, "image", "SobelEdges", "images", func(o *layer.OpCall, x *value) *value { return SobelEdges(o.Builder, x, channelsFirst(o)) })
	r.RegisterOp("image", "SSIM", ssim)
	r.RegisterOp("nn", "PSNR", func(o *layer.OpCall) any {
		x, y := pair(o, "x1", "x2", layer.PyFloat)
		mse := o.Mean(o.Square(o.Sub(x, y)))
		// 20*log10(max) - 10*log10(mse)
		top := 20 * math.Log10(o.Float(-1, "max_val"))
		return o.Sub(o.Scalar(x.DType, top), o.MulS(o.Unary(graph.Log10, mse), 10))
	})
}

// floatList reads an argument that is a list of numbers, or one number.
func floatList(o *layer.OpCall, name string, def ...float64) []float64 {
	v, ok := o.Get(-1, name)
	if !ok || v == nil {
		return def
	}
	list, isList := v.([]any)
	if !isList {
		list = []any{v}
	}
	out := make([]float64, len(list))
	for i, item := range list {
		n, ok := item.(pyjson.Number)
		if !ok {
			o.Fail("%s: the argument %q must hold numbers", o, name)
		}
		out[i] = n.Float()
	}
	return out
}

// gaussian returns the weights of a Gaussian window of some size, with the sum 1.
func gaussian(size int, sigma float64) []float64 {
	out := make([]float64, size)
	sum := 0.0
	for i := range out {
		x := (float64(i) - float64(size-1)/2) / sigma
		out[i] = math.Exp(-0.5 * x * x)
		sum += out[i]
	}
	for i := range out {
		out[i] /= sum
	}
	return out
}

// outerProduct returns the table of products of two lists, row by row.
func outerProduct(x, y []float64) []float64 {
	var out []float64
	for _, a := range x {
		for _, c := range y {
			out = append(out, a*c)
		}
	}
	return out
}

// maxKernel bounds the windows of the image filters.
const maxKernel = 1 << 10

// filter runs the same windows over each channel of images, with zeros around them: a depthwise convolution. The result
// has, for each channel, the answers of all windows in a new last axis.
func filter(b *graph.Builder, x *value, height, width, padding int, windows ...[]float64) *value {
	batch, channels := x.Shape[0], x.Shape[3]
	k := len(windows)
	weights := make([]float64, 0, height*width*k)
	for i := range height * width {
		for _, w := range windows {
			weights = append(weights, w[i])
		}
	}
	kernel := b.Reshape(b.Floats(x.DType, weights...), height, width, 1, k)
	// One image for each channel: a convolution of one channel.
	flat := b.Reshape(b.Transpose(x, 0, 3, 1, 2), graph.Times(batch, channels), x.Shape[1], x.Shape[2], 1)
	pad := []int{padding, padding}
	y := b.Conv(flat, kernel, graph.Conv{PadLo: pad, PadHi: pad})
	y = b.Reshape(y, batch, channels, y.Shape[1], y.Shape[2], k)
	return b.Transpose(y, 0, 2, 3, 1, 4)
}

// GaussianBlur smooths images (height, width, channels), or a batch of them (keras.ops.image.gaussian_blur).
//
// It does as Keras on torch does also where that is odd: kernel_size[0]/2 zeros are added on all four sides, so that a
// kernel that is not square changes the image's width, and such a kernel's table of weights (size[1] rows of size[0])
// is read as one of size[0] rows of size[1].
func GaussianBlur(b *graph.Builder, images *graph.Value, size [2]int, sigma [2]float64, channelsFirst bool) *graph.Value {
	if size[0] < 1 || size[1] < 1 || size[0] > maxKernel || size[1] > maxKernel {
		b.Fail("gaussian_blur: a kernel of %d x %d pixels", size[0], size[1])
	}
	window := outerProduct(gaussian(size[1], sigma[1]), gaussian(size[0], sigma[0]))
	return transformed(b, images, channelsFirst, func(x *value) *value {
		return b.Squeeze(filter(b, x, size[0], size[1], size[0]/2, window), -1)
	})
}

// SobelEdges returns the slopes (dy, dx) of a batch of images in a new last axis (keras.ops.image.sobel_edges).
func SobelEdges(b *graph.Builder, images *graph.Value, channelsFirst bool) *graph.Value {
	if images.Rank() != 4 {
		b.Fail("sobel_edges: a batch of images is expected, not %s", images)
	}
	x := images
	if channelsFirst {
		x = b.ToChannelsLast(x)
	}
	y := filter(b, x, 3, 3, 1,
		[]float64{-1, -2, -1, 0, 0, 0, 1, 2, 1},
		[]float64{-1, 0, 1, -2, 0, 2, -1, 0, 1})
	if channelsFirst {
		y = b.Transpose(y, 0, 3, 1, 2, 4)
	}
	return y
}

// ssim is the structural similarity of two images (Wang et al. 2004), one number for each pair.
func ssim(o *layer.OpCall) any {
	first := o.Tensor(0, "image1")
	x := asFloat(o, first)
	y := o.Cast(o.Tensor(1, "image2"), x.DType)
	if !graph.FitShapes(x.Shape, y.Shape) {
		o.Fail("%s: images of different shapes, %s and %s", o, x, y)
	}
	size, sigma := o.Int(-1, "filter_size", 11), o.Float(-1, "filter_sigma", 1.5)
	if size < 1 || size > maxKernel {
		o.Fail("%s: a filter of %d pixels", o, size)
	}
	top := o.Float(-1, "max_val", 1)
	c1, c2 := math.Pow(o.Float(-1, "k1", 0.01)*top, 2), math.Pow(o.Float(-1, "k2", 0.03)*top, 2)
	window := outerProduct(gaussian(size, sigma), gaussian(size, sigma))
	last := channelsFirst(o)
	imageAxes(o.Builder, x, last)
	single := x.Rank() == 3
	prepare := func(v *value) *value {
		if single {
			v = o.ExpandDims(v, 0)
		}
		if last {
			v = o.ToChannelsLast(v)
		}
		return v
	}
	x, y = prepare(x), prepare(y)
	if h, w := x.Shape[1], x.Shape[2]; graph.Known(h) && h < size || graph.Known(w) && w < size {
		o.Fail("%s: images %s are smaller than the filter of %d pixels", o, first, size)
	}
	blur := func(v *value) *value { return filter(o.Builder, v, size, size, 0, window) }
	mx, my := blur(x), blur(y)
	mxx, myy, mxy := o.Square(mx), o.Square(my), o.Mul(mx, my)
	vx, vy, vxy := o.Sub(blur(o.Square(x)), mxx), o.Sub(blur(o.Square(y)), myy), o.Sub(blur(o.Mul(x, y)), mxy)
	above := o.Mul(o.AddS(o.MulS(mxy, 2), c1), o.AddS(o.MulS(vxy, 2), c2))
	below := o.Mul(o.AddS(o.Add(mxx, myy), c1), o.AddS(o.Add(vx, vy), c2))
	s := o.Mean(o.Div(above, below), 1, 2, 3, 4)
	if single {
		s = o.Squeeze(s, 0)
	}
	return o.Cast(s, first.DType)
}
