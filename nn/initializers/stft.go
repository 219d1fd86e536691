package initializers

import (
	"fmt"
	"math"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn/internal/signal"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

// STFT makes the kernel of a short-time Fourier transform, of shape (frame, 1, fft/2 + 1): the cosines or sines of all
// frequencies, times a window, divided by the root of the window's energy ("density") or by its sum ("spectrum")
// (keras.initializers.STFT).
type STFT struct {
	Side     string // "real" or "imag"
	Window   any    // a name that scipy.signal.get_window knows, a list of weights, or nil for none
	Scaling  string // "density", "spectrum", "" for none
	Periodic bool
}

func addStft(r *layer.Registry) {
	r.RegisterObject("initializers", "STFT", func() layer.Configurable { return new(STFT) }, "stft", "STFTInitializer")
}

// Config implements layer.Configurable.
func (i *STFT) Config(c *layer.Config) {
	c.Choice("side", &i.Side, "real", "imag")
	c.Raw("window", &i.Window, "hann")
	scaling := any(nil)
	if i.Scaling != "" {
		scaling = i.Scaling
	}
	c.Raw("scaling", &scaling, "density")
	i.Scaling, _ = scaling.(string)
	c.Bool("periodic", &i.Periodic, false)
	if !c.Reading() {
		return
	}
	if _, named := i.Window.(string); named || i.Window == nil {
		if err := i.CheckWindow(1); err != nil {
			c.Errorf("window", "%v", err)
		}
	}
	if scaling != nil && i.Scaling != "density" && i.Scaling != "spectrum" {
		c.Errorf("scaling", "\"density\", \"spectrum\" or null is expected, not %s", pyjson.Describe(scaling))
	}
}

// CheckWindow reports what is wrong with the window for frames of n samples.
func (i *STFT) CheckWindow(n int) error {
	if _, ok := i.Window.(string); ok || i.Window == nil {
		n = 1 // a name is known for all lengths or for none
	}
	_, err := i.window(n)
	return err
}

// window returns the n weights of the window.
func (i *STFT) window(n int) ([]float64, error) {
	switch w := i.Window.(type) {
	case nil:
		ones := make([]float64, n)
		for k := range ones {
			ones[k] = 1
		}
		return ones, nil
	case string:
		weights, ok := signal.Window(w, n, i.Periodic)
		if !ok {
			return nil, fmt.Errorf("the window %q is not known here", w)
		}
		return weights, nil
	}
	v := i.Window
	if o, ok := v.(*pyjson.Object); ok {
		v = o.Object("config").Get("value")
	}
	t, err := layer.ArrayOf(v, tensor.Float64)
	if err != nil {
		return nil, fmt.Errorf("the window: %w", err)
	}
	if t.Rank() != 1 || t.Len() != n {
		return nil, fmt.Errorf("the window has the shape %s where a frame has %d samples", tensor.FormatShape(t.Shape()), n)
	}
	return t.(*tensor.Of[float64]).Data(), nil
}

// Make implements layer.Initializer.
func (i *STFT) Make(shape []int, d tensor.DType) (tensor.Any, error) {
	n, ok := tensor.SizeOf(shape)
	if len(shape) != 3 || !ok || n > maxElements {
		return nil, fmt.Errorf("the kernel of a Fourier transform has three axes, not shape %s", tensor.FormatShape(shape))
	}
	frames, channels, bins := shape[0], shape[1], shape[2]
	if channels != 1 {
		return nil, fmt.Errorf("the kernel of a Fourier transform is for one channel, not for %d", channels)
	}
	window, err := i.window(frames)
	if err != nil {
		return nil, err
	}
	scale := 0.0
	for _, w := range window {
		if i.Scaling == "density" {
			scale += w * w
		} else {
			scale += math.Abs(w)
		}
	}
	switch {
	case i.Scaling == "" || i.Window == nil: // Keras scales by windows only
		scale = 1
	case i.Scaling == "density":
		scale = math.Sqrt(scale)
	}
	wave := math.Cos
	if i.Side == "imag" {
		wave = math.Sin
	}
	t := tensor.Zeros[float64](shape...)
	data := t.Data()
	period := int64(2 * max(bins-1, 0))
	for k := range frames {
		for f := range bins {
			angle := 0.0
			if period > 0 {
				// Whole turns are left out before they cost digits.
				angle = -2 * math.Pi * float64(int64(k)*int64(f)%period) / float64(period)
			}
			data[k*bins+f] = wave(angle) * window[k] / scale
		}
	}
	return t.Convert(d)
}
