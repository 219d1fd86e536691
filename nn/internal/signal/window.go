package signal

import "math"

// cosineSums are windows that are sums of cosines: the coefficients, whose signs alternate.
var cosineSums = map[string][]float64{
	"boxcar":         {1},
	"hann":           {0.5, 0.5},
	"hamming":        {0.54, 0.46},
	"blackman":       {0.42, 0.50, 0.08},
	"nuttall":        {0.3635819, 0.4891775, 0.1365995, 0.0106411},
	"blackmanharris": {0.35875, 0.48829, 0.14128, 0.01168},
	"flattop":        {0.21557895, 0.41663158, 0.277263158, 0.083578947, 0.006947368},
}

// aliases are other names that SciPy has for windows.
var aliases = map[string]string{
	"box": "boxcar", "ones": "boxcar", "rect": "boxcar", "rectangular": "boxcar", "hanning": "hann", "han": "hann", "hamm": "hamming",
	"ham": "hamming", "black": "blackman", "blk": "blackman", "nutl": "nuttall", "nut": "nuttall", "blackharr": "blackmanharris",
	"bkh": "blackmanharris", "flat": "flattop", "flt": "flattop", "bart": "bartlett", "brt": "bartlett", "triangle": "triang",
	"tri": "triang", "halfcosine": "cosine", "bman": "bohman", "bmn": "bohman",
}

// Window returns the n weights of the window that scipy.signal.get_window knows by the name; periodic ones leave out the
// last of n+1. ok is false for a name that is not known.
func Window(name string, n int, periodic bool) (w []float64, ok bool) {
	if a := aliases[name]; a != "" {
		name = a
	}
	f, ok := shape(name)
	if !ok {
		return nil, false
	}
	w = make([]float64, n)
	span := n
	if !periodic {
		span--
	}
	for i := range w {
		if n == 1 { // whatever the name
			w[i] = 1
			break
		}
		w[i] = f(i, span+1)
	}
	return w, true
}

// shape returns weight i of a symmetric window of n points.
func shape(name string) (func(i, n int) float64, bool) {
	if c, ok := cosineSums[name]; ok {
		return func(i, n int) float64 {
			sum, sign := 0.0, 1.0
			for k, a := range c {
				sum += sign * a * math.Cos(2*math.Pi*float64(k)*float64(i)/float64(n-1))
				sign = -sign
			}
			return sum
		}, true
	}
	switch name {
	case "bartlett":
		return func(i, n int) float64 { return 1 - math.Abs(2*float64(i)/float64(n-1)-1) }, true
	case "triang":
		return func(i, n int) float64 {
			m := min(i, n-1-i) + 1
			if n%2 == 0 {
				return (2*float64(m) - 1) / float64(n)
			}
			return 2 * float64(m) / float64(n+1)
		}, true
	case "cosine":
		return func(i, n int) float64 { return math.Sin(math.Pi / float64(n) * (float64(i) + 0.5)) }, true
	case "bohman":
		return func(i, n int) float64 {
			if i == 0 || i == n-1 {
				return 0
			}
			x := math.Abs(2*float64(i)/float64(n-1) - 1)
			return (1-x)*math.Cos(math.Pi*x) + math.Sin(math.Pi*x)/math.Pi
		}, true
	}
	return nil, false
}
