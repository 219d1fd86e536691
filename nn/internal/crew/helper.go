//go:build !wasm

package crew

import (
	"runtime"
	"slices"
	"sync/atomic"
	"time"

	"github.com/hornml/horn/nn/internal/invariants"
)

// helper is a goroutine that lends a hand to runs, one at a time.
type helper struct {
	lease    invariants.Lease
	crew     *Crew
	assigned atomic.Bool
	parked   atomic.Bool
	wake     chan struct{}
	timer    *time.Timer // ends a sleep that has become too long
	// The assignment, which changes while assigned is false only.
	t      *Team
	gen    uint64
	worker int
}

// retire is how long a helper sleeps before it ends.
const retire = time.Second

// spell is how often a helper looks for work before it lets other goroutines run and looks at the clock.
const spell = 256

// patient is how many spells it spins before it lets other threads have the core in between.
const patient = 8

// join assigns a helper to a team; the caller holds the crew's lock.
func (h *helper) join(t *Team) {
	h.lease.Take("a helper")
	n := t.helpers.Load() + 1
	h.t, h.gen, h.worker = t, t.gen, int(n)
	h.assigned.Store(true)
	t.helpers.Store(n)
}

// rouse wakes a helper if it sleeps.
func (h *helper) rouse() {
	if h.parked.CompareAndSwap(true, false) {
		h.wake <- struct{}{}
	}
}

func (h *helper) loop() {
	h.timer = time.NewTimer(retire)
	defer h.timer.Stop()
	for h.wait() {
		h.help()
		if !h.next() {
			return
		}
	}
}

// help takes units of a run's steps until the run is over, or until it shows that others want this core.
func (h *helper) help() {
	began := h.crew.now()
	last := int64(0) // when the last spell without work ended
	for spins := 1; ; spins++ {
		done, more := h.t.take(h.worker, h.gen)
		if !more {
			return
		}
		if done > 0 {
			last, spins = 0, 0
		}
		if spins%spell != 0 {
			continue
		}
		runtime.Gosched()
		if spins > patient*spell {
			yield()
		}
		now := h.crew.now()
		if last > 0 && now-last > int64(patience) {
			h.crew.crowd.stalled(now, now-last, last-began)
			return
		}
		last = now
	}
}

// next is what a helper does after a run: it joins another one that is under way, or is idle. It reports false if it is to end.
func (h *helper) next() bool {
	c := h.crew
	crowded := c.crowd.now(c.now())
	c.mu.Lock()
	defer c.mu.Unlock()
	h.t = nil
	h.lease.Return("a helper")
	h.assigned.Store(false)
	if c.closed.Load() {
		c.helpers--
		return false
	}
	n := len(c.short)
	if n == 0 || crowded {
		c.idle = append(c.idle, h)
		if invariants.On && len(c.idle) > c.helpers {
			invariants.Fail("%d of %d helpers are idle", len(c.idle), c.helpers)
		}
		return true
	}
	t := c.short[n-1]
	h.join(t)
	if int(t.helpers.Load()) >= t.wanted {
		c.short = c.short[:n-1]
	}
	return true
}

// wait returns when the helper has been assigned, or false when it is to end: it looks for a while, then sleeps.
func (h *helper) wait() bool {
	start := h.crew.now()
	last := start
	for spins := 1; !h.assigned.Load(); spins++ {
		if h.crew.closed.Load() {
			return h.assigned.Load()
		}
		if spins%spell != 0 {
			continue
		}
		runtime.Gosched()
		if spins > patient*spell {
			yield()
		}
		now := h.crew.now()
		if now-last > int64(patience) {
			h.crew.crowd.stalled(now, now-last, 0)
		}
		last = now
		if now-start < int64(linger) && !h.crew.crowd.now(now) {
			continue
		}
		if !h.sleep() {
			return false
		}
		start = h.crew.now()
		last = start
	}
	return true
}

// sleep sleeps until the helper is roused; it reports false after a long time, when the helper has left the crew.
func (h *helper) sleep() bool {
	h.parked.Store(true)
	if h.assigned.Load() && h.parked.CompareAndSwap(true, false) {
		return true
	}
	h.timer.Reset(retire)
	select {
	case <-h.wake:
		return h.assigned.Load() // it is not where the crew is closed
	case <-h.timer.C:
		if h.crew.dismiss(h) {
			return false
		}
		<-h.wake // somebody took the helper at the last moment
		return true
	}
}

// dismiss takes an idle helper off the crew; it reports false for one that has been assigned.
func (c *Crew) dismiss(h *helper) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.Index(c.idle, h)
	if i < 0 {
		return false
	}
	c.idle = slices.Delete(c.idle, i, i+1)
	c.helpers--
	return true
}
