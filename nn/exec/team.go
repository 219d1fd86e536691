package exec

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// team shares the steps of one run among the caller and helpers. The caller goes through the steps; where one divides
// into units it publishes a ticket, from which everybody takes units until none is left. A helper that comes late costs
// nothing: the caller goes on taking units.
//
// A ticket holds the run's generation (16 bits), the step (24 bits) and the next unit (24 bits). Units are taken by
// compare-and-swap, so that a helper of an earlier run never takes one of a later run.
type team struct {
	plan      *Plan
	r         *run
	ticket    atomic.Uint64
	completed atomic.Int64
	failed    atomic.Pointer[error]
	gen       uint64
	helpers   int
}

const (
	unitBits = 24
	stepBits = 24
	maxUnits = 1<<unitBits - 1
	maxSteps = 1<<stepBits - 2
)

func ticketOf(gen uint64, step, unit int) uint64 {
	return gen<<(unitBits+stepBits) | uint64(step)<<unitBits | uint64(unit)
}

func splitTicket(t uint64) (gen uint64, step, unit int) {
	return t >> (unitBits + stepBits), int(t>>unitBits) & (1<<stepBits - 1), int(t) & maxUnits
}

// idleStep is published while there is nothing to take.
const idleStep = 1<<stepBits - 1

// begin looks for helpers for a run.
func (t *team) begin(want int) {
	t.gen = (t.gen + 1) & 0xffff
	t.failed.Store(nil)
	t.ticket.Store(ticketOf(t.gen, idleStep, 0))
	t.helpers = 0
	if want > 0 {
		t.helpers = enlist(t, want)
	}
}

// end lets the helpers go.
func (t *team) end() {
	t.gen = (t.gen + 1) & 0xffff
	t.ticket.Store(ticketOf(t.gen, idleStep, 0))
}

// do runs a step that divides into units.
func (t *team) do(index int, s *step) error {
	if t.helpers == 0 {
		return s.run(t.r, 0, 0, s.units)
	}
	t.completed.Store(0)
	t.ticket.Store(ticketOf(t.gen, index, 0))
	t.take(0, t.gen)
	for spins := 0; t.completed.Load() < int64(s.units); spins++ {
		if spins > 1000 {
			runtime.Gosched()
		}
	}
	if err := t.failed.Load(); err != nil {
		return *err
	}
	return nil
}

// take does units of the published step until none is left; it reports whether the run of that generation goes on.
func (t *team) take(worker int, gen uint64) bool {
	for {
		now := t.ticket.Load()
		g, step, unit := splitTicket(now)
		if g != gen {
			return false
		}
		if step == idleStep || unit >= t.plan.steps[step].units {
			return true
		}
		if !t.ticket.CompareAndSwap(now, now+1) {
			continue
		}
		if err := t.plan.steps[step].run(t.r, worker, unit, unit+1); err != nil {
			t.fail(err)
		}
		t.completed.Add(1)
	}
}

// fail keeps the first error.
func (t *team) fail(err error) { t.failed.CompareAndSwap(nil, &err) }

// helper is a goroutine that lends a hand to runs, one at a time.
type helper struct {
	assigned atomic.Pointer[assignment]
	parked   atomic.Bool
	wake     chan struct{}
}

type assignment struct {
	t      *team
	gen    uint64
	worker int
}

var (
	helpersMu sync.Mutex
	idle      []*helper
	helpers   int
	active    atomic.Int64 // runs under way in the process
)

// linger is how long a helper that has nothing to do keeps its core before it sleeps: being woken costs more.
const linger = 100 * time.Microsecond

// enlist finds helpers for a team, none where other runs keep the cores busy.
func enlist(t *team, want int) int {
	free := runtime.GOMAXPROCS(0) - int(active.Load())
	want = min(want, free)
	if want <= 0 {
		return 0
	}
	helpersMu.Lock()
	defer helpersMu.Unlock()
	n := 0
	for n < want {
		var h *helper
		if len(idle) > 0 {
			h = idle[len(idle)-1]
			idle = idle[:len(idle)-1]
		} else if helpers < runtime.GOMAXPROCS(0)-1 {
			h = &helper{wake: make(chan struct{}, 1)}
			helpers++
			go h.loop()
		} else {
			break
		}
		n++
		a := &t.r.assignments[n]
		*a = assignment{t, t.gen, n}
		h.assigned.Store(a)
		if h.parked.CompareAndSwap(true, false) {
			h.wake <- struct{}{}
		}
	}
	return n
}

func (h *helper) loop() {
	for {
		a := h.assigned.Load()
		if a == nil {
			h.wait()
			continue
		}
		t, gen, worker := a.t, a.gen, a.worker
		for spins := 0; t.take(worker, gen); spins++ {
			if spins%256 == 255 {
				runtime.Gosched()
			}
		}
		h.assigned.Store(nil)
		helpersMu.Lock()
		idle = append(idle, h)
		helpersMu.Unlock()
	}
}

// wait returns when the helper has been assigned: it looks for a while, then sleeps.
func (h *helper) wait() {
	start := time.Now()
	for spins := 0; h.assigned.Load() == nil; spins++ {
		if spins%256 != 255 {
			continue
		}
		runtime.Gosched()
		if time.Since(start) < linger {
			continue
		}
		h.parked.Store(true)
		if h.assigned.Load() != nil && h.parked.CompareAndSwap(true, false) {
			return
		}
		<-h.wake
		start = time.Now()
	}
}

// parallelStep is the cost in nanoseconds from which on a step is shared, and parallelRun that from which on a run looks
// for helpers.
const (
	parallelStep = 6_000
	parallelRun  = 60_000
)
