package kernel

import (
	"math"
	"math/rand/v2"
	"testing"
)

// eachLevel runs a test at every level that this machine has.
func eachLevel(t *testing.T, test func(t *testing.T)) {
	for _, l := range Levels() {
		t.Run(l.String(), func(t *testing.T) {
			defer SetLevel(l)()
			test(t)
		})
	}
}

// guard is what stands around memory that a kernel may write.
const guard = float32(-12345.625)

// guarded allocates n elements between two guard bands, at an odd offset, and
// returns a function that checks the bands.
func guarded(t *testing.T, n int) (s []float32, intact func()) {
	const band = 37
	all := make([]float32, n+2*band)
	for i := range all {
		all[i] = guard
	}
	s = all[band : band+n : band+n]
	return s, func() {
		t.Helper()
		for i, v := range all {
			if (i < band || i >= band+n) && v != guard {
				t.Fatalf("element %d of %d outside the destination was written: %g", i-band, n, v)
			}
		}
	}
}

// random gives n values in (-1, 1), at a length that does not invite alignment.
func random(r *rand.Rand, n int) []float32 {
	s := make([]float32, n+1)[1:]
	for i := range s {
		s[i] = 2*r.Float32() - 1
	}
	return s
}

func rng() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }

// ulps is the distance of got from the exact value, in units of the last place
// of float32 at that value.
func ulps(got float32, exact float64) float64 {
	want := float32(exact)
	switch {
	case math.IsNaN(exact):
		if got != got {
			return 0
		}
		return math.Inf(1)
	case got == want && (want != 0 || math.Signbit(float64(got)) == math.Signbit(exact)):
		return 0
	case math.IsInf(float64(want), 0) || got != got || math.IsInf(float64(got), 0):
		return math.Inf(1)
	}
	_, e := math.Frexp(exact)
	unit := math.Ldexp(1, max(e-24, -149))
	return math.Abs(float64(got)-exact) / unit
}
