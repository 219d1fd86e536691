package exec

import (
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// team shares the steps of one run among the caller and helpers. The caller goes through the steps; where one divides
// into units it gives every worker a range of them, the same part of each step: what a worker wrote in one step is
// mostly what it reads in the next, and lies in its own core's cache. A worker takes units from the front of its range and,
// when that is empty, from the back of the others': a helper that comes late, or whose core does something else, costs little.
//
// A worker's ticket holds the run's generation (24 bits) and the first and last of its units that are left (20 bits each).
// Units are taken by compare-and-swap, so that a helper of an earlier run never takes one of a later run. Which step they
// belong to is read after that: it cannot change as long as a unit is out.
type team struct {
	plan      *Plan
	r         *run
	tickets   []ticket // of the workers; the caller is worker 0
	step      atomic.Int64
	completed atomic.Int64
	failed    atomic.Pointer[error]
	gen       uint64
	helpers   atomic.Int32 // how many there are by now
	most      int          // how many the run could use
	wanted    int          // how many there may be: other runs need cores too
	short     bool         // whether some were missing when the run began
	alone     bool         // whether the caller goes on without helpers for a while
}

// ticket is the range of a worker, on a cache line of its own.
type ticket struct {
	atomic.Uint64
	_ [120]byte
}

const (
	unitBits = 20
	maxUnits = 1<<unitBits - 1
	genMask  = 1<<(64-2*unitBits) - 1
)

func ticketOf(gen uint64, lo, hi int) uint64 {
	return gen<<(2*unitBits) | uint64(lo)<<unitBits | uint64(hi)
}

func splitTicket(t uint64) (gen uint64, lo, hi int) {
	return t >> (2 * unitBits), int(t>>unitBits) & maxUnits, int(t) & maxUnits
}

// begin looks for helpers for a run.
func (t *team) begin(want int) {
	t.renew()
	t.failed.Store(nil)
	t.most = want
	t.gather()
}

// gather looks for helpers.
func (t *team) gather() {
	t.helpers.Store(0)
	t.wanted, t.short, t.alone = t.most, false, false
	if t.wanted > 0 {
		enlist(t)
	}
}

// end ends a run.
func (t *team) end() {
	t.release()
	if t.most > 0 {
		lastRun.Store(int64(time.Since(start)))
	}
}

// release lets the helpers go.
func (t *team) release() {
	if t.short {
		lockHelpers()
		shorthanded = slices.DeleteFunc(shorthanded, func(o *team) bool { return o == t })
		helpersMu.Unlock()
	}
	t.renew()
}

// renew begins a generation, in which there is nothing to take yet.
func (t *team) renew() {
	t.gen = (t.gen + 1) & genMask
	for i := range t.tickets {
		t.tickets[i].Store(ticketOf(t.gen, 0, 0))
	}
}

// do runs a step that divides into units.
func (t *team) do(index int, s *step) error {
	if t.alone && int64(time.Since(start)) >= crowdedUntil.Load() {
		t.gather()
	}
	helpers := int(t.helpers.Load())
	if helpers == 0 || t.alone {
		return s.run(t.r, 0, 0, s.units)
	}
	t.completed.Store(0)
	t.step.Store(int64(index))
	workers := helpers + 1
	for w := helpers; w >= 0; w-- { // the caller's own last: it cannot come late
		lo, hi := w*s.units/workers, (w+1)*s.units/workers
		if len(s.bounds) == workers+1 {
			lo, hi = s.bounds[w], s.bounds[w+1]
		}
		t.tickets[w].Store(ticketOf(t.gen, lo, hi))
	}
	t.take(0, t.gen)
	t.await(s)
	if err := t.failed.Load(); err != nil {
		return *err
	}
	return nil
}

// await waits until all units of a step are done. Where that takes much longer than a unit, other processes want the core of
// a helper, which has been stopped in the middle of one: for a while the caller goes on alone, and no run looks for helpers.
func (t *team) await(s *step) {
	var since time.Time
	for spins := 0; t.completed.Load() < int64(s.units); spins++ {
		switch {
		case spins == 1000:
			since = time.Now()
		case spins > 1000:
			runtime.Gosched()
		}
	}
	if !since.IsZero() && time.Since(since) > patience+4*time.Duration(s.cost/float64(s.units)) {
		t.alone = true
		t.release()
		crowd()
	}
}

// crowd notes that the machine is busy with other things, for longer each time that it still is right after the last time.
func crowd() {
	now, last := int64(time.Since(start)), crowdedFor.Load()
	next := int64(crowded)
	if now-crowdedUntil.Load() < 4*last {
		next = min(2*last, int64(mostCrowded))
	}
	crowdedFor.Store(next)
	crowdedUntil.Store(now + next)
}

// take does units of the present step until none is left; it reports whether the run of that generation goes on.
func (t *team) take(worker int, gen uint64) bool {
	for i := range t.tickets {
		w := worker + i
		if w >= len(t.tickets) {
			w -= len(t.tickets)
		}
		done := 0
		for {
			now := t.tickets[w].Load()
			g, lo, hi := splitTicket(now)
			if g != gen {
				return false // nothing is done: a unit that is out keeps the generation
			}
			if lo == hi {
				break
			}
			unit, next := lo, ticketOf(gen, lo+1, hi)
			if i > 0 {
				unit, next = hi-1, ticketOf(gen, lo, hi-1)
			}
			if !t.tickets[w].CompareAndSwap(now, next) {
				continue
			}
			if err := t.plan.steps[t.step.Load()].run(t.r, worker, unit, unit+1); err != nil {
				t.fail(err)
			}
			done++
		}
		if done > 0 {
			t.completed.Add(int64(done))
		}
	}
	return true
}

// fail keeps the first error.
func (t *team) fail(err error) { t.failed.CompareAndSwap(nil, &err) }

// helper is a goroutine that lends a hand to runs, one at a time.
type helper struct {
	assigned atomic.Bool
	parked   atomic.Bool
	wake     chan struct{}
	// The assignment, which changes while assigned is false only.
	t      *team
	gen    uint64
	worker int
}

var (
	helpersMu   sync.Mutex
	idle        []*helper
	shorthanded []*team // under way, with fewer helpers than they could use
	helpers     int
	active      atomic.Int64 // runs under way in the process
)

// lockHelpers locks helpersMu without ever sleeping: it is held for some nanoseconds, where sleeping costs microseconds.
func lockHelpers() {
	for spins := 0; !helpersMu.TryLock(); spins++ {
		if spins > 1000 {
			runtime.Gosched()
		}
	}
}

// linger is how long a helper that has nothing to do keeps its core before it sleeps: being woken costs more.
const linger = 100 * time.Microsecond

// patience is how long a caller waits for the last units of a step, beyond what a few of them take, before it takes the machine
// to be crowded, crowded for how long at first and mostCrowded for how long at most.
const (
	patience    = 500 * time.Microsecond
	crowded     = time.Millisecond
	mostCrowded = 16 * time.Millisecond
)

// start and lastRun, the time from start to the end of the last run that wanted helpers, tell whether one run follows another.
var (
	start   = time.Now()
	lastRun atomic.Int64
	// crowdedUntil is the time since start before which the machine is taken to be busy with other things, and crowdedFor how
	// long that is.
	crowdedUntil, crowdedFor atomic.Int64
)

// enlist finds helpers for a team, none where other runs keep the cores busy. A sleeping helper is woken for a run that lasts
// longer than that takes, and for one that may be the first of many. One that is still on its way back from another run, such
// as the one before this, will find the team in the list of those that are short of hands.
func enlist(t *team) {
	t.wanted = min(t.wanted, runtime.GOMAXPROCS(0)-int(active.Load()))
	if t.wanted <= 0 {
		return
	}
	now := int64(time.Since(start))
	if now < crowdedUntil.Load() {
		t.alone = true
		return
	}
	wake := t.plan.shared > longRun || now-lastRun.Load() < int64(linger)
	lockHelpers()
	defer helpersMu.Unlock()
	for int(t.helpers.Load()) < t.wanted {
		var h *helper
		if len(idle) > 0 {
			h = idle[len(idle)-1]
			if h.parked.Load() && !wake {
				break
			}
			idle = idle[:len(idle)-1]
		} else if helpers < runtime.GOMAXPROCS(0)-1 && wake {
			h = &helper{wake: make(chan struct{}, 1)}
			helpers++
			go h.loop()
		} else {
			break
		}
		h.join(t)
		if h.parked.CompareAndSwap(true, false) {
			h.wake <- struct{}{}
		}
	}
	if t.short = int(t.helpers.Load()) < t.wanted; t.short {
		shorthanded = append(shorthanded, t)
	}
}

// join assigns a helper to a team; the caller holds helpersMu.
func (h *helper) join(t *team) {
	n := t.helpers.Load() + 1
	h.t, h.gen, h.worker = t, t.gen, int(n)
	h.assigned.Store(true)
	t.helpers.Store(n)
}

func (h *helper) loop() {
	for {
		if !h.assigned.Load() {
			h.wait()
			continue
		}
		for spins := 0; h.t.take(h.worker, h.gen); spins++ {
			if spins%256 == 255 {
				runtime.Gosched()
			}
		}
		h.next()
	}
}

// next is what a helper does after a run: it joins another one that is under way, or is idle.
func (h *helper) next() {
	lockHelpers()
	defer helpersMu.Unlock()
	h.t = nil
	h.assigned.Store(false)
	n := len(shorthanded)
	if n == 0 {
		idle = append(idle, h)
		return
	}
	t := shorthanded[n-1]
	h.join(t)
	if int(t.helpers.Load()) >= t.wanted {
		shorthanded = shorthanded[:n-1]
	}
}

// wait returns when the helper has been assigned: it looks for a while, then sleeps.
func (h *helper) wait() {
	start := time.Now()
	for spins := 0; !h.assigned.Load(); spins++ {
		if spins%256 != 255 {
			continue
		}
		runtime.Gosched()
		if time.Since(start) < linger {
			continue
		}
		h.parked.Store(true)
		if h.assigned.Load() && h.parked.CompareAndSwap(true, false) {
			return
		}
		<-h.wake
		start = time.Now()
	}
}

// parallelStep is the cost in nanoseconds for each worker from which on a step is shared: to hand it over to one helper and to wait for
// the end takes 300. parallelRun is that of the shared steps from which on a run looks for helpers, longRun that from which on it
// wakes them.
const (
	parallelStep = 500
	parallelRun  = 12_000
	longRun      = 100_000
)
