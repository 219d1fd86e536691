//go:build !wasm

package crew

import (
	"sync/atomic"
	"time"
)

// crowd keeps in mind whether other processes want the cores. A helper that is stopped for a while, whether its caller waits for it or it
// finds out itself, is the sign of that. Runs then go on alone for a period. If sharing does not pay after that, because more than a part
// of the time goes into waiting, the next period is four times as long; else it is a short one again.
//
// Times are nanoseconds of the crew's clock.
type crowd struct {
	until  atomic.Int64 // when runs may have helpers again
	period atomic.Int64 // the last one
	shared atomic.Int64 // how long runs had helpers since then
}

const (
	firstPeriod = int64(time.Millisecond)
	lastPeriod  = int64(256 * time.Millisecond)
	// worthless is how many times what was lost the time of shared runs must be for sharing to have paid.
	worthless = 4
)

// now reports whether the machine is taken to be crowded.
func (c *crowd) now(now int64) bool { return now < c.until.Load() }

// ran notes a run with helpers.
func (c *crowd) ran(time int64) { c.shared.Add(time) }

// stalled notes that somebody stood still for so long, after so much of a run with helpers.
func (c *crowd) stalled(now, lost, run int64) {
	until := c.until.Load()
	if now < until {
		return // known already
	}
	next := firstPeriod
	if c.shared.Swap(0)+run < worthless*lost {
		next = min(4*max(c.period.Load(), firstPeriod/4), lastPeriod)
	}
	if c.until.CompareAndSwap(until, now+next) {
		c.period.Store(next)
	}
}
