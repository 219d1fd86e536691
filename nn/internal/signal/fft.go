// Package signal has what spectrograms are made with: windows and the discrete Fourier transform, in float64.
package signal

import (
	"math"
	"math/bits"
	"math/cmplx"
)

// FFT transforms vectors of one length n: X[k] = sum over t of x[t]·exp(-2πi·k·t/n). It may be used by many goroutines
// at once.
type FFT struct {
	n int
	// For a power of two: the roots of unity exp(-2πi·k/n).
	roots []complex128
	// For other lengths (Bluestein): exp(-πi·k²/n), the transform of its conjugate, and the transform of that length.
	chirp, filter []complex128
	inner         *FFT
}

// NewFFT prepares the transform of length n, 1 or more.
func NewFFT(n int) *FFT {
	f := &FFT{n: n}
	if n&(n-1) == 0 {
		f.roots = make([]complex128, max(n/2, 1))
		for k := range f.roots {
			f.roots[k] = cmplx.Rect(1, -2*math.Pi*float64(k)/float64(n))
		}
		return f
	}
	// A product k·t is (k² + t² - (k-t)²)/2, which makes the transform a convolution: of a power of two in length.
	size := 1 << bits.Len(uint(2*n-2))
	f.inner = NewFFT(size)
	f.chirp = make([]complex128, n)
	f.filter = make([]complex128, size)
	for k := range f.chirp {
		f.chirp[k] = cmplx.Rect(1, -math.Pi*float64(k*k%(2*n))/float64(n))
		f.filter[k] = cmplx.Conj(f.chirp[k])
		if k > 0 {
			f.filter[size-k] = f.filter[k]
		}
	}
	f.inner.Transform(f.filter)
	return f
}

// Len returns the length of the vectors.
func (f *FFT) Len() int { return f.n }

// Transform replaces x, which has length n, by its transform.
func (f *FFT) Transform(x []complex128) {
	if f.inner != nil {
		f.bluestein(x)
		return
	}
	n := f.n
	shift := 64 - uint(bits.Len(uint(n-1)))
	for i := range x {
		if n == 1 {
			return
		}
		if j := int(bits.Reverse64(uint64(i)) >> shift); j > i {
			x[i], x[j] = x[j], x[i]
		}
	}
	for half := 1; half < n; half *= 2 {
		step := n / (2 * half)
		for start := 0; start < n; start += 2 * half {
			for k := range half {
				a, b := x[start+k], x[start+k+half]*f.roots[k*step]
				x[start+k], x[start+k+half] = a+b, a-b
			}
		}
	}
}

func (f *FFT) bluestein(x []complex128) {
	work := make([]complex128, f.inner.n)
	for k, c := range f.chirp {
		work[k] = x[k] * c
	}
	f.inner.Transform(work)
	for k := range work {
		work[k] = cmplx.Conj(work[k] * f.filter[k])
	}
	f.inner.Transform(work) // of the conjugate: the inverse, but for a factor and another conjugation
	scale := complex(1/float64(f.inner.n), 0)
	for k, c := range f.chirp {
		x[k] = cmplx.Conj(work[k]) * c * scale
	}
}
