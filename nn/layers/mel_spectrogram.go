package layers

import (
	"math"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/internal/signal"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

// MelSpectrogram turns sound into the strength of NumMelBins bands of pitch over time (keras.layers.MelSpectrogram): audio
// (samples) or (batch, samples) becomes (batch, bands, frames). Frames are centred, weighed by a window and transformed;
// the magnitudes to the power of MagExp are added up with triangular weights on the mel scale and, if PowerToDB is set,
// turned to decibels above RefPower, at most TopDB below the loudest of the whole batch.
type MelSpectrogram struct {
	layer.Base
	FFTLength, SequenceStride int
	SequenceLength            *int // samples of the window; nil for FFTLength
	Window                    any  // "hann", "hamming", a list of weights, or nil for none
	SamplingRate              float64
	NumMelBins                int
	MinFreq                   float64
	MaxFreq                   *float64 // nil for half of SamplingRate
	PowerToDB                 bool
	TopDB, MagExp             float64
	MinPower, RefPower        float64
}

// AddMelSpectrogram adds MelSpectrogram to a registry.
func AddMelSpectrogram(r *layer.Registry) {
	r.Register("keras.layers", "MelSpectrogram", func() layer.Layer { return new(MelSpectrogram) })
}

// maxFrame bounds the samples of a frame.
const maxFrame = 1 << 24

// Config implements layer.Layer.
func (l *MelSpectrogram) Config(c *layer.Config) {
	c.Positive("fft_length", &l.FFTLength, 2048)
	c.Positive("sequence_stride", &l.SequenceStride, 512)
	c.IntOrNone("sequence_length", &l.SequenceLength)
	c.Raw("window", &l.Window, "hann")
	c.Float("sampling_rate", &l.SamplingRate, 16000)
	c.Positive("num_mel_bins", &l.NumMelBins, 128)
	c.Float("min_freq", &l.MinFreq, 20)
	c.FloatOrNone("max_freq", &l.MaxFreq)
	c.Bool("power_to_db", &l.PowerToDB, true)
	c.Float("top_db", &l.TopDB, 80)
	c.Float("mag_exp", &l.MagExp, 2)
	c.Float("min_power", &l.MinPower, 1e-10)
	c.Float("ref_power", &l.RefPower, 1)
	if !c.Reading() {
		return
	}
	if n := l.length(); n < 1 || n > l.FFTLength || l.FFTLength > maxFrame {
		c.Errorf("sequence_length", "it must be 1 to fft_length, and that at most %d; they are %d and %d", maxFrame, n, l.FFTLength)
		return
	}
	if name, ok := l.Window.(string); ok && name != "hann" && name != "hamming" {
		c.Errorf("window", "\"hann\", \"hamming\", weights or null are expected, not %q", name)
	} else if list, isList := l.Window.([]any); isList && len(list) != l.length() || !windowKnown(l.Window) {
		c.Errorf("window", "a name or %d weights are expected, not %s", l.length(), pyjson.Describe(l.Window))
	}
	if l.NumMelBins > maxFrame/l.FFTLength {
		c.Errorf("num_mel_bins", "%d bands of %d frequencies are too many", l.NumMelBins, l.FFTLength)
	}
}

func (l *MelSpectrogram) length() int {
	if l.SequenceLength != nil && *l.SequenceLength != 0 {
		return *l.SequenceLength
	}
	return l.FFTLength
}

// windowKnown reports whether a raw value is a window's name, a list of weights, or null.
func windowKnown(raw any) bool {
	if list, ok := raw.([]any); ok {
		_, ok = windowWeights(raw, len(list), true)
		return ok
	}
	_, ok := windowWeights(raw, 1, true)
	return ok
}

// windowWeights are the n weights that a raw value asks for: a name of SciPy's, a list, or null for none.
func windowWeights(raw any, n int, periodic bool) (w []float64, ok bool) {
	switch v := raw.(type) {
	case nil:
		w, ok = signal.Window("boxcar", n, periodic)
	case string:
		w, ok = signal.Window(v, n, periodic)
	case []any:
		for _, x := range v {
			number, isNumber := x.(pyjson.Number)
			if !isNumber {
				return nil, false
			}
			w = append(w, number.Float())
		}
		ok = len(w) == n
	}
	return w, ok
}

// Call implements layer.Layer.
func (l *MelSpectrogram) Call(c *layer.Call) any {
	x := c.X()
	d := tensor.Float32
	if l.ComputeDType() == tensor.Float64 {
		d = tensor.Float64
	}
	length := l.length()
	if l.Window == nil {
		length = l.FFTLength // no window means that all samples of the frame count
	}
	a := graph.STFT{Stride: l.SequenceStride, Center: true}
	re, im := c.WindowedSTFT(c.Cast(x, d), a, l.FFTLength, func() []float64 {
		weights, ok := windowWeights(l.Window, length, true)
		if !ok {
			c.Fail("the window %v does not exist", l.Window)
		}
		frame := make([]float64, l.FFTLength) // the window in its middle
		for i, w := range weights {
			frame[(l.FFTLength-length)/2+i] = float64(float32(w))
		}
		return frame
	})
	power := c.Sqrt(c.Add(c.Square(re), c.Square(im)))
	power = c.Pow(power, c.Scalar(d, l.MagExp))
	mel := c.MatMul(power, c.Cast(l.matrix(c), d))
	if l.PowerToDB {
		mel = l.decibels(c, mel)
	}
	return c.Cast(c.SwapAxes(mel, -1, -2), l.ComputeDType())
}

func (l *MelSpectrogram) decibels(c *layer.Call, x *graph.Value) *graph.Value {
	x = c.MulS(c.Unary(graph.Log10, c.Max(x, c.Scalar(x.DType, l.MinPower))), 10)
	x = c.AddS(x, -10*math.Log10(math.Max(math.Abs(l.RefPower), l.MinPower)))
	return c.Max(x, c.AddS(c.Reduce(graph.ReduceMax, x, false), -l.TopDB))
}

// matrix are the weights of the frequencies (rows) in the bands (columns): triangles over the mel scale, of height 1, from
// the middle of the band below to that of the band above. The lowest frequency, 0, has none. Keras works it out in float32,
// whatever the layer's type, and differences of near numbers make that visible: it is done in the same steps here.
func (l *MelSpectrogram) matrix(c *layer.Call) *graph.Value {
	top := math.Trunc(l.SamplingRate / 2)
	if l.MaxFreq != nil && *l.MaxFreq != 0 {
		top = *l.MaxFreq
	}
	bins := l.FFTLength/2 + 1
	return c.Table(tensor.Float32, []int{bins, l.NumMelBins}, func(buf graph.Buf) {
		frequencies := evenly(0, float32(l.SamplingRate)/2, bins)
		edges := evenly(hertzToMel(float32(l.MinFreq)), hertzToMel(float32(top)), l.NumMelBins+2)
		for k := 1; k < bins; k++ {
			at := hertzToMel(frequencies[k])
			for b := range l.NumMelBins {
				low, middle, high := edges[b], edges[b+1], edges[b+2]
				buf.F[k*l.NumMelBins+b] = max(0, min((at-low)/(middle-low), (high-at)/(high-middle)))
			}
		}
	})
}

func hertzToMel(f float32) float32 { return 1127 * float32(math.Log(float64(1+f/700))) }

// evenly returns n numbers from first to last; the second half counts from the end, which makes it as exact as the first.
func evenly(first, last float32, n int) []float32 {
	out := make([]float32, n)
	step := float32(0)
	if n > 1 {
		step = (last - first) / float32(n-1)
	}
	for i := range out {
		if i < n/2 {
			out[i] = first + float32(step*float32(i))
		} else {
			out[i] = last - float32(step*float32(n-1-i))
		}
	}
	return out
}
