package kernel

import (
	"math"
	"testing"
)

// powerULPs is the largest error of Power against float64, in units of the last
// place, over all bases and exponents.
const powerULPs = 2.5

// TestPowerAccuracy compares powers of bases of all sizes, near 1 and of both
// signs with float64, where the result is neither 0 nor infinite.
func TestPowerAccuracy(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		r := rng()
		n := 1 << 20
		if testing.Short() || level == Generic {
			n = 1 << 15
		}
		x, y := make([]float32, n), make([]float32, n)
		for i := range x {
			b := math.Exp2(300*r.Float64() - 150) // denormal numbers too
			switch i % 3 {
			case 1:
				b = 1 + math.Ldexp(2*r.Float64()-1, -r.IntN(22))
			case 2:
				b = 4 * r.Float64()
			}
			// The exponent makes the result any number from denormal to the largest.
			e := (280*r.Float64() - 150) / math.Log2(b)
			if i%5 == 0 {
				b, e = -b, math.Round(e)
			}
			x[i], y[i] = float32(b), float32(e)
		}
		got := make([]float32, n)
		Power.Run(got, x, y)
		worst, at := 0.0, 0
		for i, v := range got {
			if e := ulps(v, math.Pow(float64(x[i]), float64(y[i]))); e > worst {
				worst, at = e, i
			}
		}
		t.Logf("error %.2f ulp at %g^%g", worst, x[at], y[at])
		if !(worst <= powerULPs) {
			t.Errorf("error %.2f ulp at %g^%g = %g, allowed %g", worst, x[at], y[at], got[at], powerULPs)
		}
	})
}

// TestPowerSpecials meets every special base with every special exponent, in
// each form.
func TestPowerSpecials(t *testing.T) {
	values := append(specials(), 3, -3, 4, -4, 1.5, -1.5, 5, -5, 1<<23+1, -(1<<23 + 1), 1<<24-1, 1<<24, 1<<24+2, -(1<<24 + 2), 0.99999994,
		1.0000001, -0.99999994,
		255, -255, 1<<22+0.5, 1e-44, -1e-44)
	eachLevel(t, func(t *testing.T) {
		n := len(values)
		got, row, swapped := make([]float32, n), make([]float32, n), make([]float32, n)
		check := func(form string, x, y, got float32) {
			t.Helper()
			if want := math.Pow(float64(x), float64(y)); ulps(got, want) > powerULPs {
				t.Errorf("%s: %g^%g = %g, want %g", form, x, y, got, want)
			}
		}
		for _, s := range values {
			Power.RunScalar(got, values, s)
			Power.RunRow(row, values, []float32{s})
			Power.ScalarRun(swapped, s, values)
			for i, x := range values {
				check("x^s", x, s, got[i])
				check("row", x, s, row[i])
				check("s^x", s, x, swapped[i])
			}
		}
	})
}

// TestTrigonometricHuge mixes numbers beyond trigLimit, which the plain functions
// compute, with others, in place.
func TestTrigonometricHuge(t *testing.T) {
	inf := float32(math.Inf(1))
	few := []float32{1, 1e30, float32(math.NaN()), -2e5, 0.5, inf, -1e38, 3, trigLimit, 1.5 * trigLimit, -inf, 1e-40}
	eachLevel(t, func(t *testing.T) {
		for n := range 1000 {
			if n > 40 && n%37 != 0 {
				continue
			}
			for _, op := range []UnaryOp{Sin, Cos} {
				got, intact := guarded(t, n)
				for i := range got {
					got[i] = few[i*i%len(few)]
				}
				op.Run(got, got)
				intact()
				for i, v := range got {
					if x := few[i*i%len(few)]; ulps(v, op.of(float64(x), 0)) > 2 {
						t.Fatalf("%v(%g) = %g among %d", op, x, v, n)
					}
				}
			}
		}
	})
}
