//go:build !wasm

package crew

import (
	"sync/atomic"
	"time"
)

// crowd keeps in mind whether other processes want the cores. A helper that is stopped for a while, whether its caller waits for it or it
// finds out itself, is the sign of that. Runs then go on alone for a period. If sharing does not pay after that, because more time is
// lost than gained, the next period is four times as long; else it is a short one again.
//
// Times are nanoseconds of the crew's clock.
type crowd struct {
	until  atomic.Int64 // when runs may have helpers again
	period atomic.Int64 // the last one
	gain   atomic.Int64 // what runs with helpers have gained since then
}

const (
	firstPeriod = int64(time.Millisecond)
	lastPeriod  = int64(256 * time.Millisecond)
	// profit is how many times what was lost must have been gained.
	profit = 2
)

// now reports whether the machine is taken to be crowded.
func (c *crowd) now(now int64) bool { return now < c.until.Load() }

// gained notes how much less time a run has taken with helpers.
func (c *crowd) gained(time int64) { c.gain.Add(time) }

// stalled notes that somebody stood still for so long, after so much of a run with helpers.
func (c *crowd) stalled(now, lost, run int64) {
	until := c.until.Load()
	if now < until {
		return // known already
	}
	next := firstPeriod
	if c.gain.Swap(0)+run/2 < profit*lost {
		next = min(4*max(c.period.Load(), firstPeriod/4), lastPeriod)
	}
	if c.until.CompareAndSwap(until, now+next) {
		c.period.Store(next)
	}
}
