package kernel

import (
	"math"
	"testing"
)

// accuracy states the largest error of each function, in units of the last
// place of the exact result, over [from, to] and, for all of them, at the
// special values. The plain twin keeps the same bounds.
var accuracy = []struct {
	op          UnaryOp
	from, to    float64
	ulps        float64
	alpha, beta float32
}{
	{op: Exp, from: -104, to: 89, ulps: 1.1},
	{op: Expm1, from: -20, to: 89, ulps: 2},
	{op: Expm1, from: -0.5, to: 0.5, ulps: 1.7},
	{op: Log, from: 0, to: 10, ulps: 1},
	{op: Log, from: 0, to: math.MaxFloat32, ulps: 1},
	{op: Log1p, from: -1, to: 10, ulps: 2},
	{op: Log1p, from: -1e-3, to: 1e-3, ulps: 1.5},
	{op: Log1p, from: 0, to: math.MaxFloat32, ulps: 1.5},
	{op: Tanh, from: -10, to: 10, ulps: 2.5},
	{op: Tanh, from: -1e-2, to: 1e-2, ulps: 2.5},
	{op: Sigmoid, from: -104, to: 20, ulps: 2},
	{op: SiLU, from: -82, to: 104, ulps: 3},
	{op: Mish, from: -82, to: 30, ulps: 4},
	{op: GELU, from: -12.5, to: 13, ulps: 4.5},
	{op: GELUTanh, from: -2, to: 10, ulps: 3},
	{op: GELUTanh, from: -6, to: -2, ulps: 4},
	{op: GELUTanh, from: -9, to: -6, ulps: 30}, // below 1e-10
	{op: Erf, from: -5, to: 5, ulps: 2},
	{op: ReLU, from: -5, to: 5},
	{op: LeakyReLU, from: -5, to: 5, ulps: 0.5, alpha: 0.3},
	{op: ELU, from: -20, to: 5, ulps: 2.5, alpha: 0.7},
	{op: SELU, from: -20, to: 5, ulps: 3},
	{op: Softplus, from: -104, to: 100, ulps: 2},
	{op: Softsign, from: -100, to: 100, ulps: 1.6},
	{op: HardSigmoid, from: -2.9, to: 4, ulps: 2},
	{op: HardSiLU, from: -2.9, to: 4, ulps: 2.5},
	{op: Sqrt, from: 0, to: 1e3, ulps: 0.5},
	{op: Rsqrt, from: 0, to: 1e3, ulps: 1.5},
	{op: Reciprocal, from: -10, to: 10, ulps: 0.5},
	{op: Absolute, from: -10, to: 10},
	{op: Negative, from: -10, to: 10},
	{op: Square, from: -10, to: 10, ulps: 0.5},
	{op: Sign, from: -10, to: 10},
	{op: Floor, from: -10, to: 10},
	{op: Ceil, from: -10, to: 10},
	{op: Round, from: -10, to: 10},
	{op: Clip, from: -10, to: 10, alpha: -1.5, beta: 6},
	{op: Sin, from: -4, to: 4, ulps: 2},
	{op: Sin, from: -trigLimit, to: trigLimit, ulps: 2},
	{op: Sin, from: -math.MaxFloat32, to: math.MaxFloat32, ulps: 2},
	{op: Cos, from: -4, to: 4, ulps: 2},
	{op: Cos, from: -trigLimit, to: trigLimit, ulps: 2},
	{op: Cos, from: -math.MaxFloat32, to: math.MaxFloat32, ulps: 2},
}

// exact is the function in float64.
func (op UnaryOp) exact(x float64, alpha, beta float32) float64 {
	switch op {
	case ReLU:
		if x < 0 {
			return 0
		}
		return x
	case LeakyReLU:
		if x < 0 {
			return x * float64(alpha)
		}
		return x
	case Clip:
		if x < float64(alpha) {
			return float64(alpha)
		}
		if x > float64(beta) {
			return float64(beta)
		}
		return x
	case Affine:
		return float64(alpha)*x + float64(beta)
	case Absolute:
		return math.Abs(x)
	case Negative:
		return -x
	case Square:
		return x * x
	case Reciprocal:
		return 1 / x
	case Softsign:
		if math.IsInf(x, 0) {
			return math.NaN() // Inf/Inf, as Keras has it
		}
		return softsign(x)
	case HardSigmoid:
		return min(max(x/6+0.5, 0), 1)
	case HardSiLU:
		return x * min(max(x/6+0.5, 0), 1)
	}
	return op.of(x, float64(alpha))
}

// specials are the values where functions go wrong.
func specials() []float32 {
	inf := float32(math.Inf(1))
	s := []float32{0, 1, 0.5, 2, 1e-45, 1e-40, 0x1p-126, 1e-30, 1e-10, 0x1p-24, 88.7, 88.72, 88.73, 88.8, 89, 100, 103.9, 104.1, 127, 128,
		1e3, 1e10, 1e30, math.MaxFloat32, inf}
	for _, x := range s[:len(s):len(s)] {
		s = append(s, -x)
	}
	s = append(s, float32(math.Copysign(0, -1)), float32(math.NaN()))
	return s
}

func TestUnaryAccuracy(t *testing.T) {
	tested := map[UnaryOp]bool{Affine: true} // tested below
	for _, c := range accuracy {
		tested[c.op] = true
		eachLevel(t, func(t *testing.T) {
			n := 200_000
			if testing.Short() || level == Generic {
				n = 20_000
			}
			a := make([]float32, 0, n)
			for i := range n {
				// Half of the points evenly spaced, half evenly in magnitude.
				f := float64(i) / float64(n-1)
				x := float32(c.from + f*(c.to-c.from))
				if i%2 == 1 {
					top := max(math.Abs(c.from), math.Abs(c.to))
					x = float32(top * math.Exp(-40*f))
					if i%4 == 1 {
						x = -x
					}
				}
				if float64(x) >= c.from && float64(x) <= c.to {
					a = append(a, x)
				}
			}
			got := make([]float32, len(a))
			c.op.RunWith(got, a, c.alpha, c.beta)
			worst, at := 0.0, float32(0)
			for i, x := range a {
				if e := ulps(got[i], c.op.exact(float64(x), c.alpha, c.beta)); e > worst {
					worst, at = e, x
				}
			}
			if !(worst <= max(c.ulps, 0.501)) || (c.ulps == 0 && worst != 0) {
				t.Errorf("%v on [%g, %g]: error %.2f ulp at %g, allowed %g", c.op, c.from, c.to, worst, at, c.ulps)
			}
			t.Logf("%v on [%g, %g]: %.2f ulp at %g", c.op, c.from, c.to, worst, at)

			s := specials()
			got = make([]float32, len(s))
			c.op.RunWith(got, s, c.alpha, c.beta)
			for i, x := range s {
				want := c.op.exact(float64(x), c.alpha, c.beta)
				// x times a denormal number has that number's few digits.
				denormal := math.Abs(want) < 1e-37 && math.Abs(float64(got[i])-want) < 1e-42
				if e := ulps(got[i], want); !(e <= c.ulps+5) && !denormal {
					t.Errorf("%v(%g) = %g, want %g", c.op, x, got[i], want)
				}
			}
		})
	}
	for op := range unaryOps {
		if !tested[op] {
			t.Errorf("%v has no line in the table", op)
		}
	}
}

// TestUnaryLengths runs every function at every length up to a few vectors, in
// place and not, and wants the same bits as one long run gave.
func TestUnaryLengths(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		r := rng()
		const most = 83
		a := random(r, most)
		for op := range unaryOps {
			want := make([]float32, most)
			op.RunWith(want, a, 0.3, 0.9)
			for n := range most {
				got, intact := guarded(t, n)
				op.RunWith(got, a[:n], 0.3, 0.9)
				intact()
				self, intact := guarded(t, n)
				copy(self, a)
				op.RunWith(self, self, 0.3, 0.9)
				intact()
				for i := range n {
					if !same(got[i], want[i]) || !same(self[i], want[i]) {
						t.Fatalf("%v of %d elements: element %d is %g, in place %g, want %g", op, n, i, got[i], self[i], want[i])
					}
				}
			}
		}
	})
}

// same is equality in which NaN equals NaN.
func same(a, b float32) bool { return a == b || a != a && b != b }

func TestAffine(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		a := random(rng(), 100)
		got := make([]float32, 100)
		Affine.RunWith(got, a, 2.5, -0.75)
		for i, x := range a {
			if want := 2.5*float64(x) - 0.75; math.Abs(float64(got[i])-want) > 2e-7 {
				t.Fatalf("affine(%g) = %g, want %g", x, got[i], want)
			}
		}
	})
}
