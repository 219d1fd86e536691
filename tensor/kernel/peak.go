package kernel

import (
	"slices"
	"time"
)

// Peak measures how many floating-point operations a second one core does at a
// level with nothing but multiply-adds in registers, the measure that speeds
// are compared with: the best of several runs of some 50 us. It is 0 for a
// level that this machine lacks or that has no such loop.
func Peak(l Level) float64 {
	if !slices.Contains(Levels(), l) {
		return 0
	}
	best := 0.0
	for range 40 {
		start := time.Now()
		flop := peakAsm(l, 20_000)
		if s := time.Since(start).Seconds(); s > 0 {
			best = max(best, flop/s)
		}
	}
	return best
}
