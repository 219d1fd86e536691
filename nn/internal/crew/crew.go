//go:build !wasm

package crew

import (
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Crew is helpers for the runs of a process.
type Crew struct {
	cores   int // that the process may keep busy, by its quota
	start   time.Time
	active  atomic.Int64 // runs under way that may have helpers
	lastRun atomic.Int64 // when the last one ended
	closed  atomic.Bool
	crowd   crowd

	mu      spinLock
	idle    []*helper
	short   []*Team // under way, with fewer helpers than they could use
	helpers int
}

// Process returns the crew of the process, which all its models share.
func Process() *Crew { return process() }

// There is one crew, because there is one set of cores.
var process = sync.OnceValue(func() *Crew { return New(quota()) })

// New makes a crew for so many cores; the crew of a process knows how many there are.
func New(cores int) *Crew { return &Crew{cores: max(cores, 1), start: time.Now()} }

// Cores returns how many goroutines can compute side by side: as many as GOMAXPROCS, and no more than the quota of the process's
// cgroup pays for.
func (c *Crew) Cores() int { return min(runtime.GOMAXPROCS(0), c.cores) }

// Close ends the helpers as soon as their runs let them go, and leaves the runs that follow without.
func (c *Crew) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed.Store(true)
	for _, h := range c.idle {
		h.rouse()
	}
	c.helpers -= len(c.idle)
	c.idle = nil
}

// now is the time in nanoseconds, since the crew was made.
func (c *Crew) now() int64 { return int64(time.Since(c.start)) }

// enlist finds helpers for a team, none where other runs keep the cores busy. A sleeping helper is woken for a run that lasts
// longer than that takes, and for one that may be the first of many. One that is still on its way back from another run, such
// as the one before this, will find the team in the list of those that are short of hands.
func (c *Crew) enlist(t *Team, now int64) {
	cores := c.Cores()
	t.wanted = min(len(t.tickets)-1, cores-int(c.active.Load()))
	if t.wanted <= 0 {
		return
	}
	t.way, t.crowded = t.pace.choose(now), c.crowd.now(now)
	if t.crowded {
		t.way = none
	}
	if t.alone = t.way == none; t.alone {
		return
	}
	wake := t.cost > wakeCost || now-c.lastRun.Load() < int64(linger)
	c.mu.Lock()
	defer c.mu.Unlock()
	for !c.closed.Load() && int(t.helpers.Load()) < t.wanted {
		var h *helper
		if n := len(c.idle); n > 0 {
			h = c.idle[n-1]
			if h.parked.Load() && !wake {
				break
			}
			c.idle = c.idle[:n-1]
		} else if c.helpers < cores-1 && wake {
			h = &helper{crew: c, wake: make(chan struct{}, 1)}
			c.helpers++
			go h.loop()
		} else {
			break
		}
		h.join(t)
		h.rouse()
	}
	if t.short = int(t.helpers.Load()) < t.wanted; t.short {
		c.short = append(c.short, t)
	}
}

// forget takes a team off the list of those that are short of hands.
func (c *Crew) forget(t *Team) {
	if t.short {
		c.mu.Lock()
		c.short = slices.DeleteFunc(c.short, func(o *Team) bool { return o == t })
		c.mu.Unlock()
		t.short = false
	}
}

// spinLock is a lock that never sleeps: it is held for some nanoseconds, where sleeping costs microseconds.
type spinLock struct{ mu sync.Mutex }

func (l *spinLock) Lock() {
	for spins := 0; !l.mu.TryLock(); spins++ {
		if spins > 1000 {
			runtime.Gosched()
		}
	}
}

func (l *spinLock) Unlock() { l.mu.Unlock() }
