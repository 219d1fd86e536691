package signal

import (
	"math"
	"math/cmplx"
	"math/rand/v2"
	"testing"
)

func TestFFT(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{1, 2, 3, 4, 5, 7, 8, 12, 16, 31, 64, 100, 256, 480} {
		x := make([]complex128, n)
		for i := range x {
			x[i] = complex(r.NormFloat64(), r.NormFloat64())
		}
		want := make([]complex128, n)
		for k := range want {
			for i, v := range x {
				want[k] += v * cmplx.Rect(1, -2*math.Pi*float64(i*k%n)/float64(n))
			}
		}
		NewFFT(n).Transform(x)
		for k := range x {
			if cmplx.Abs(x[k]-want[k]) > 1e-12*float64(n) {
				t.Fatalf("length %d: X[%d] = %v, want %v", n, k, x[k], want[k])
			}
		}
	}
}

// The weights are what SciPy 1.16 has.
func TestWindow(t *testing.T) {
	for _, c := range []struct {
		name     string
		periodic bool
		want     []float64
	}{
		{"hann", true, []float64{0, 0.345491502812526, 0.904508497187474, 0.904508497187474, 0.345491502812526}},
		{"hann", false, []float64{0, 0.5, 1, 0.5, 0}},
		{"hamming", false, []float64{0.08, 0.54, 1, 0.54, 0.08}},
		{"bartlett", false, []float64{0, 0.5, 1, 0.5, 0}},
		{"triang", false, []float64{1. / 3, 2. / 3, 1, 2. / 3, 1. / 3}},
		{"triang", true, []float64{1. / 6, 0.5, 5. / 6, 5. / 6, 0.5}},
		{"rect", true, []float64{1, 1, 1, 1, 1}},
		{"blackman", false, []float64{0, 0.34, 1, 0.34, 0}},
	} {
		got, ok := Window(c.name, 5, c.periodic)
		if !ok {
			t.Errorf("%s is not known", c.name)
			continue
		}
		for i := range got {
			if math.Abs(got[i]-c.want[i]) > 1e-12 {
				t.Errorf("%s (periodic %v) = %v, want %v", c.name, c.periodic, got, c.want)
				break
			}
		}
	}
	if _, ok := Window("none such", 5, true); ok {
		t.Error("an unknown name gave a window")
	}
	if w, _ := Window("hann", 1, false); w[0] != 1 {
		t.Errorf("one point: %v", w)
	}
}
