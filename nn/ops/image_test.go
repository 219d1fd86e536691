package ops

import (
	"math"
	"testing"

	"github.com/hornml/horn/nn/graph"
)

// The weights of each new pixel have the sum 1, and a size that stays leaves the image as it is.
func TestResizeTaps(t *testing.T) {
	b := graph.NewBuilder()
	for _, name := range []string{"nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"} {
		for _, antialias := range []bool{false, true} {
			options := ResizeOptions{Interpolation: name, Antialias: antialias}
			for from := 1; from < 12; from++ {
				for to := 1; to < 15; to++ {
					taps := resizeTaps(b, from, to, options)
					for i, w := range taps.Weights {
						sum := 0.0
						for k, v := range w {
							sum += v
							if from == to && math.Abs(v-float64(btoi(taps.Start[i]+k == i))) > 1e-12 {
								t.Fatalf("%s, %d pixels stay: pixel %d has the weights %v from %d on", name, from, i, w, taps.Start[i])
							}
						}
						if math.Abs(sum-1) > 1e-9 || taps.Start[i] < 0 || taps.Start[i]+len(w) > from {
							t.Fatalf("%s (antialias %v) from %d to %d: pixel %d has the weights %v from %d on", name, antialias, from, to, i, w, taps.Start[i])
						}
					}
				}
			}
		}
	}
}

func btoi(v bool) int {
	if v {
		return 1
	}
	return 0
}

// The indices beyond the border of an axis of 4 elements, by mode.
func TestFillModes(t *testing.T) {
	for mode, want := range map[string][]int64{
		"nearest": {0, 0, 0, 0, 1, 2, 3, 3, 3, 3},
		"wrap":    {1, 2, 3, 0, 1, 2, 3, 0, 1, 2},
		"mirror":  {3, 2, 1, 0, 1, 2, 3, 2, 1, 0},
		"reflect": {2, 1, 0, 0, 1, 2, 3, 3, 2, 1},
	} {
		for i, w := range want {
			if got, ok := (sampling{mode: mode}).fix(int64(i-3), 4); got != w || !ok {
				t.Errorf("%s: index %d is %d, %v; want %d", mode, i-3, got, ok, w)
			}
		}
	}
	for _, mode := range fillModes {
		for _, i := range []int64{-farAway, farAway, 0, -1, 1} {
			if got, _ := (sampling{mode: mode}).fix(i, 1); got != 0 {
				t.Errorf("%s: index %d of one element is %d", mode, i, got)
			}
		}
	}
}
