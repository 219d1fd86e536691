package layers

import (
	"math/bits"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/initializers"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

// STFTSpectrogram is a short-time Fourier transform by trainable kernels (keras.layers.STFTSpectrogram): sound
// (batch, time, channels) becomes (batch, frames, channels·frequencies) or, with ExpandDims, (batch, frames, frequencies,
// channels); with channels_first the channels come before the frames.
type STFTSpectrogram struct {
	layer.Base
	Mode        string // "log", "magnitude", "psd", "real", "imag", "angle", "stft" (real, then imaginary parts)
	FrameLength int
	FrameStep   *int // nil for half of FrameLength
	FFTLength   *int // nil for the next power of two
	Window      any  // the name of one of SciPy's windows, a list of weights, or nil for none
	Periodic    bool
	Scaling     string // "density", "spectrum" or ""
	Padding     string // "valid" or "same"
	ExpandDims  bool
	DataFormat  string

	realKernel, imagKernel *layer.Variable
}

// AddSTFTSpectrogram adds STFTSpectrogram to a registry.
func AddSTFTSpectrogram(r *layer.Registry) {
	r.Register("keras.layers", "STFTSpectrogram", func() layer.Layer { return new(STFTSpectrogram) })
}

// Config implements layer.Layer.
func (l *STFTSpectrogram) Config(c *layer.Config) {
	c.Choice("mode", &l.Mode, "log", "magnitude", "psd", "real", "imag", "angle", "stft")
	c.Positive("frame_length", &l.FrameLength, 256)
	c.IntOrNone("frame_step", &l.FrameStep)
	c.IntOrNone("fft_length", &l.FFTLength)
	c.Raw("window", &l.Window, "hann")
	c.Bool("periodic", &l.Periodic, false)
	scaling := any(l.Scaling)
	if l.Scaling == "" {
		scaling = nil
	}
	c.Raw("scaling", &scaling, "density")
	l.Scaling, _ = scaling.(string)
	c.Choice("padding", &l.Padding, "valid", "same")
	c.Bool("expand_dims", &l.ExpandDims, false)
	c.DataFormat(&l.DataFormat)
	if !c.Reading() {
		return
	}
	if l.FrameLength > maxFrame {
		c.Errorf("frame_length", "at most %d samples are supported, not %d", maxFrame, l.FrameLength)
		return
	}
	if err := l.kernel("real").CheckWindow(l.FrameLength); err != nil {
		c.Errorf("window", "%v", err)
	}
	switch {
	case scaling != nil && l.Scaling != "density" && l.Scaling != "spectrum":
		c.Errorf("scaling", "\"density\", \"spectrum\" or null is expected, not %s", pyjson.Describe(scaling))
	case l.FrameStep != nil && (*l.FrameStep < 0 || *l.FrameStep > l.FrameLength):
		c.Errorf("frame_step", "it must be 1 to frame_length, %d, not %d", l.FrameLength, *l.FrameStep)
	case l.fftLength() < l.FrameLength || l.fftLength() > maxFrame:
		c.Errorf("fft_length", "it must be frame_length, %d, or more, up to %d; it is %d", l.FrameLength, maxFrame, l.fftLength())
	}
}

func (l *STFTSpectrogram) frameStep() int {
	if l.FrameStep != nil && *l.FrameStep != 0 {
		return *l.FrameStep
	}
	return max(l.FrameLength/2, 1)
}

func (l *STFTSpectrogram) fftLength() int {
	if l.FFTLength != nil && *l.FFTLength != 0 {
		return *l.FFTLength
	}
	return 1 << bits.Len(uint(l.FrameLength-1))
}

// Build implements layer.Builder.
func (l *STFTSpectrogram) Build(c *layer.Call) {
	shape := []int{l.FrameLength, 1, l.fftLength()/2 + 1}
	if l.Mode != "imag" {
		l.realKernel = c.AddWeight("real_kernel", l.kernel("real"), shape)
	}
	if l.Mode != "real" {
		l.imagKernel = c.AddWeight("imag_kernel", l.kernel("imag"), shape)
	}
}

// kernel makes the kernel of one part.
func (l *STFTSpectrogram) kernel(side string) *initializers.STFT {
	return &initializers.STFT{Side: side, Window: l.Window, Scaling: l.Scaling, Periodic: l.Periodic}
}

// Call implements layer.Layer.
func (l *STFTSpectrogram) Call(c *layer.Call) any {
	x := c.X()
	if x.Rank() != 3 || !x.DType.IsFloat() || x.DType == tensor.BFloat16 {
		c.Fail("sound of rank 3, of type float16, float32 or float64, is expected, not %s", x)
	}
	if l.DataFormat != layer.ChannelsFirst {
		x = c.Transpose(x, 0, 2, 1)
	}
	batch, channels, time := x.Shape[0], x.Shape[1], x.Shape[2]
	x = c.Reshape(x, graph.Times(batch, channels), time, 1)
	var parts []*graph.Value
	for _, v := range []*layer.Variable{l.realKernel, l.imagKernel} {
		if v != nil {
			parts = append(parts, c.Cast(c.Var(v), x.DType))
		}
	}
	kernel := c.Concat(-1, parts...)
	step := l.frameStep()
	a := graph.Conv{Strides: []int{step}, Dilation: []int{1}, InputDilation: []int{1}, PadLo: []int{0}, PadHi: []int{0}, Groups: 1}
	if l.Padding == "same" {
		a.PadLo[0], a.PadHi[0] = graph.SamePadding(time, l.FrameLength, step, 1)
	}
	if graph.Known(time) && time+a.PadLo[0]+a.PadHi[0] < l.FrameLength {
		c.Fail("%d samples are shorter than a frame of %d", time, l.FrameLength)
	}
	y := c.Conv(x, kernel, a) // (batch·channels, frames, frequencies of all parts)
	y = c.Reshape(y, batch, channels, y.Shape[1], y.Shape[2])
	bins := l.fftLength()/2 + 1
	switch l.Mode {
	case "real", "imag", "stft":
		return l.arrange(c, y)
	case "angle":
		return l.arrange(c, c.Binary(graph.Atan2, c.Slice(y, -1, bins, 2*bins), c.Slice(y, -1, 0, bins)))
	}
	power := c.Add(c.Square(c.Slice(y, -1, 0, bins)), c.Square(c.Slice(y, -1, bins, 2*bins)))
	if l.Mode == "psd" {
		if bins > 2 { // both halves of the spectrum, of which the first and last frequency have one
			power = c.Add(power, c.Pad(c.Slice(power, -1, 1, bins-1), []int{0, 0, 0, 1}, []int{0, 0, 0, 1}, 0))
		}
		return l.arrange(c, power)
	}
	const epsilon = 1e-7 // keras.config.epsilon
	linear := l.arrange(c, c.Sqrt(c.Max(power, c.Scalar(power.DType, epsilon))))
	if l.Mode == "magnitude" {
		return linear
	}
	return c.Log(c.Max(linear, c.Scalar(linear.DType, epsilon)))
}

// arrange brings (batch, channels, frames, frequencies) into the form that the layer's options ask for.
func (l *STFTSpectrogram) arrange(c *layer.Call, x *graph.Value) *graph.Value {
	batch, channels, frames, bins := x.Shape[0], x.Shape[1], x.Shape[2], x.Shape[3]
	switch {
	case l.DataFormat != layer.ChannelsFirst && l.ExpandDims:
		return c.Transpose(x, 0, 2, 3, 1)
	case l.DataFormat != layer.ChannelsFirst:
		return c.Reshape(c.Transpose(x, 0, 2, 1, 3), batch, frames, graph.Times(channels, bins))
	case l.ExpandDims:
		return x
	}
	return c.Reshape(c.Transpose(x, 0, 1, 3, 2), batch, graph.Times(channels, bins), frames)
}
