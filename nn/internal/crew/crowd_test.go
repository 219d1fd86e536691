//go:build !wasm

package crew

import (
	"testing"
	"time"
)

func TestCrowdPeriods(t *testing.T) {
	const ms = int64(time.Millisecond)
	c := &crowd{}
	now := int64(time.Hour)
	for i, e := range []struct {
		after, gained, lost int64 // time since the last period, what was gained, and what was lost
		period              int64
	}{
		{1000 * ms, 900 * ms, ms, ms}, // once in a while
		{10 * ms, 3 * ms, 3 * ms, 4 * ms},
		{0, 0, ms, 16 * ms},
		{10 * ms, 1 * ms, ms, 64 * ms},
		{10 * ms, 1 * ms, ms, 256 * ms},
		{10 * ms, 1 * ms, ms, 256 * ms}, // the longest
		{10 * ms, 9 * ms, ms, ms},       // sharing pays again
		{3600_000 * ms, ms, ms, 4 * ms}, // that nobody asks for helpers is no sign that there is room
	} {
		now = max(now, c.until.Load()) + e.after
		if c.now(now) {
			t.Fatalf("case %d: crowded before", i)
		}
		c.gained(e.gained)
		c.stalled(now, e.lost, 0)
		if got := c.until.Load() - now; got != e.period {
			t.Errorf("case %d: %v instead of %v", i, time.Duration(got), time.Duration(e.period))
		}
		if !c.now(now+e.period-1) || c.now(now+e.period) {
			t.Errorf("case %d: the period ends at another time", i)
		}
		c.stalled(now+1, e.lost, 0) // a second report of the same
		if got := c.until.Load() - now; got != e.period {
			t.Errorf("case %d: %v after a second report", i, time.Duration(got))
		}
	}
	c = &crowd{}
	c.stalled(now, ms, 100*ms) // the present run counts, too
	if got := c.until.Load() - now; got != ms {
		t.Errorf("in a long run: %v", time.Duration(got))
	}
}
