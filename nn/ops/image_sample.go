package ops

import (
	"fmt"
	"math"

	"github.com/hornml/horn/nn/graph"
)

// sampling reads an array at fractional places (keras.ops.image.map_coordinates): order 0 takes the nearest element,
// order 1 interpolates linearly between 2^rank of them.
type sampling struct {
	order int
	mode  string // "constant", "nearest", "wrap", "mirror" or "reflect": what is beyond the border
	fill  float64
}

var fillModes = []string{"constant", "nearest", "wrap", "mirror", "reflect"}

// newSampling checks the names of an interpolation and a fill mode.
func newSampling(b *graph.Builder, interpolation, mode string, fill float64) sampling {
	s := sampling{mode: mode, fill: fill}
	switch interpolation {
	case "nearest":
	case "bilinear":
		s.order = 1
	default:
		b.Fail("the interpolation %q does not exist; use \"nearest\" or \"bilinear\"", interpolation)
	}
	s.check(b)
	return s
}

func (s sampling) check(b *graph.Builder) {
	for _, m := range fillModes {
		if m == s.mode {
			return
		}
	}
	b.Fail("the fill mode %q does not exist; use one of %q", s.mode, fillModes)
}

// farAway bounds indices, so that arithmetic on them cannot overflow.
const farAway = 1 << 40

func toIndex(v float64) int64 { return int64(math.Max(-farAway, math.Min(v, farAway))) }

// fix brings an index into an axis of a size above 0; inside tells whether it was there already, or need not be.
func (s sampling) fix(i int64, size int) (at int64, inside bool) {
	n := int64(size)
	wrap := func(i, n int64) int64 { return (i%n + n) % n }
	mirror := func(i, n int64) int64 {
		if n == 1 {
			return 0
		}
		v := wrap(i+n-1, 2*(n-1)) - (n - 1)
		return max(v, -v)
	}
	switch s.mode {
	case "wrap":
		return wrap(i, n), true
	case "mirror":
		return mirror(i, n), true
	case "reflect":
		return (mirror(2*i+1, 2*n+1) - 1) / 2, true
	case "nearest":
		return max(min(i, n-1), 0), true
	}
	return max(min(i, n-1), 0), i >= 0 && i < n
}

// at returns the element at a place; get reads by the flat index of an array of the given shape, which has an element.
func (s sampling) at(shape []int, place []float64, get func(i int) float64) float64 {
	if s.order == 0 {
		flat, inside := int64(0), true
		for k, p := range place {
			if p != p {
				p = -farAway // outside
			}
			i, ok := s.fix(toIndex(math.RoundToEven(p)), shape[k])
			flat, inside = flat*int64(shape[k])+i, inside && ok
		}
		if !inside {
			return s.fill
		}
		return get(int(flat))
	}
	var low [graph.MaxRank]int64
	var high [graph.MaxRank]float64 // the weight of the upper neighbour
	for k, p := range place {
		if p != p || math.IsInf(p, 0) {
			return math.NaN()
		}
		floor := math.Floor(p)
		low[k], high[k] = toIndex(floor), p-floor
	}
	sum := 0.0
	for corner := range 1 << len(place) {
		weight, flat, inside := 1.0, int64(0), true
		for k := range place {
			i, w := low[k], 1-high[k]
			if corner>>(len(place)-1-k)&1 == 1 {
				i, w = i+1, high[k]
			}
			at, ok := s.fix(i, shape[k])
			weight, flat, inside = weight*w, flat*int64(shape[k])+at, inside && ok
		}
		v := s.fill
		if inside {
			if weight == 0 {
				continue // also an infinite neighbour that takes no part
			}
			v = get(int(flat))
		}
		sum += weight * v
	}
	return sum
}

// store writes a sampled number; integers are rounded.
func store(b graph.Buf, i int, v float64) {
	switch {
	case b.F != nil:
		b.F[i] = float32(v)
	case b.D != nil:
		b.D[i] = v
	case b.I != nil:
		b.I[i] = int64(math.Max(math.MinInt64, math.Min(math.RoundToEven(v), math.MaxInt64/2)))
	case b.B != nil:
		b.B[i] = v != 0
	}
}

// errEmpty is what sampling an array without elements ends in.
func errEmpty(n *graph.Node) error {
	return fmt.Errorf("%s: there is nothing to sample in %s", n.Label, n.In[0])
}
