//go:build !wasm

package crew

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"sync/atomic"

	"github.com/hornml/horn/nn/internal/invariants"
)

// Team shares the steps of one run at a time among its caller and helpers. The caller goes through the steps; each gives every
// worker a range of its units, the same part of each step: what a worker wrote in one step is mostly what it reads in the next, and
// lies in its own core's cache. A worker takes units from the front of its range and, when that is empty, from the back of the
// others': a helper that comes late, or whose core does something else, costs little.
//
// A worker's ticket holds the run's generation (24 bits) and the first and last of its units that are left (20 bits each).
// Units are taken by compare-and-swap, so that a helper of an earlier run never takes one of a later run. What they do is
// read after that: it cannot change as long as a unit is out.
type Team struct {
	// What changes while a step is under way stands on a line of its own.
	completed atomic.Int64          // units of the present step
	failed    atomic.Pointer[error] // the first one
	sleeping  atomic.Bool           // whether the caller sleeps until a helper is through
	_         [108]byte

	lease   invariants.Lease
	crew    *Crew
	pace    *Pace
	tickets []ticket // of the workers; the caller is worker 0
	gen     uint64
	cost    float64      // of the run's steps that can be shared
	helpers atomic.Int32 // how many there are by now
	wanted  int          // how many there may be: other runs need cores too
	way     way          // how it shares its steps
	shares  bool         // whether the run is among those that keep a core busy
	short   bool         // whether some were missing when the run began
	alone   bool         // whether the caller goes on without helpers
	crowded bool         // whether that is because the machine is
	mixed   bool         // whether that changed during the run
	began   int64        // when the run did
	wake    chan struct{}
}

// Func does the units [lo, hi) of a step. Worker, below the number of workers, says whose memory it may use besides the units' own.
type Func func(worker, lo, hi int) error

// ticket is the range of a worker and what its units do, on a cache line of its own: whoever has taken a unit has that line in its cache.
type ticket struct {
	atomic.Uint64
	do Func
	_  [112]byte
}

const genMask = 1<<(64-2*unitBits) - 1

func ticketOf(gen uint64, lo, hi int) uint64 {
	return gen<<(2*unitBits) | uint64(lo)<<unitBits | uint64(hi)
}

func splitTicket(t uint64) (gen uint64, lo, hi int) {
	return t >> (2 * unitBits), int(t>>unitBits) & maxUnits, int(t) & maxUnits
}

// NewTeam makes a team of a caller and workers-1 helpers at most, for one run at a time.
func NewTeam(c *Crew, workers int, pace *Pace) *Team {
	return &Team{crew: c, pace: pace, tickets: make([]ticket, max(workers, 1)), wake: make(chan struct{}, 1)}
}

// Begin begins a run and looks for helpers, if its steps that can be shared take long enough: cost nanoseconds on one core.
func (t *Team) Begin(cost float64) {
	t.lease.Take("a team")
	t.cost = cost
	t.renew()
	t.failed.Store(nil)
	t.helpers.Store(0)
	t.alone, t.crowded, t.mixed = false, false, false
	if t.shares = len(t.tickets) > 1 && cost > runCost; t.shares {
		t.crew.active.Add(1)
		t.began = t.crew.now()
		t.gather(t.began)
	}
}

// gather looks for helpers.
func (t *Team) gather(now int64) {
	t.helpers.Store(0)
	t.alone, t.crowded, t.short = false, false, false
	t.crew.enlist(t, now)
}

// End ends a run.
func (t *Team) End() {
	t.lease.Return("a team")
	if !t.shares {
		return
	}
	t.release()
	if left := t.crew.active.Add(-1); invariants.On && left < 0 {
		invariants.Fail("%d runs are under way", left)
	}
	now := t.crew.now()
	t.crew.lastRun.Store(now)
	if t.wanted <= 0 || t.mixed && t.way == none {
		return
	}
	took := now - t.began
	usual, alone := t.pace.learn(t.way, took, now)
	switch {
	case t.way == none || t.mixed:
	case took > 2*usual+int64(hiccup):
		t.crew.crowd.stalled(now, took-usual, 0)
	case alone == 0:
		t.crew.crowd.gained(took / 2)
	case alone > took:
		t.crew.crowd.gained(alone - took)
	}
}

// release lets the helpers go.
func (t *Team) release() {
	t.crew.forget(t)
	t.renew()
}

// renew begins a generation, in which there is nothing to take yet.
func (t *Team) renew() {
	t.gen = (t.gen + 1) & genMask
	for i := range t.tickets {
		t.tickets[i].Store(ticketOf(t.gen, 0, 0))
	}
}

// Do runs a step of units that takes cost nanoseconds on one core: do is called for all its units, in ranges, by several workers at a
// time. Bounds are where the ranges of the workers begin and end, if their units differ; with nil the ranges have the same length. Do
// returns the first error; units that nobody has begun then are left out. A panic of do in a helper is one of the caller.
func (t *Team) Do(units int, bounds []int, cost float64, do Func) error {
	if t.crowded && cost > clockCost {
		if now := t.crew.now(); !t.crew.crowd.now(now) {
			t.mixed = true
			way := t.way
			t.gather(now)
			t.way = way
		}
	}
	helpers := int(t.helpers.Load())
	if helpers == 0 || t.alone || !Shares(units, cost, helpers+1) || cost < t.way.grain()*stepCost*float64(helpers+1) {
		return do(0, 0, units)
	}
	t.completed.Store(0)
	workers := helpers + 1
	for w := helpers; w >= 0; w-- { // the caller's own last: it cannot come late
		lo, hi := w*units/workers, (w+1)*units/workers
		if len(bounds) == workers+1 {
			lo, hi = bounds[w], bounds[w+1]
		}
		t.tickets[w].do = do
		t.tickets[w].Store(ticketOf(t.gen, lo, hi))
	}
	limit := int64(patience)
	if cost < clockCost {
		t.take(0, t.gen)
	} else if start := t.crew.now(); true {
		done, _ := t.take(0, t.gen)
		limit += 2 * (t.crew.now() - start) / int64(max(done, 1))
	}
	if t.failed.Load() != nil {
		t.take(0, t.gen) // what a panic has left
	}
	t.await(units, limit)
	if err := t.failed.Load(); err != nil {
		t.failed.Store(nil)
		if p, ok := (*err).(*Panic); ok {
			panic(p)
		}
		return *err
	}
	return nil
}

// await waits until all units of a step are done. Where that takes much longer than a unit, other processes want the core of a
// helper, which has been stopped in the middle of one. The caller then sleeps: the core that this leaves is one on which the helper can go
// on. After that it goes on alone for a while, and no run looks for helpers.
func (t *Team) await(units int, limit int64) {
	since := int64(0)
	for spins := 0; t.completed.Load() < int64(units); spins++ {
		switch {
		case spins == 1000:
			since = t.crew.now()
		case spins > 1000:
			runtime.Gosched()
			yield()
			if t.crew.now()-since > limit {
				t.sleep(units)
			}
		}
	}
	if invariants.On && t.completed.Load() != int64(units) {
		invariants.Fail("%d units were done of a step of %d", t.completed.Load(), units)
	}
	if since == 0 {
		return
	}
	now := t.crew.now()
	if lost := now - since; lost > limit {
		t.alone, t.crowded, t.mixed = true, true, true
		t.release()
		t.crew.crowd.stalled(now, lost, since-t.began)
	}
}

// sleep sleeps until a helper has done some units, perhaps the last ones.
func (t *Team) sleep(units int) {
	t.sleeping.Store(true)
	if t.completed.Load() >= int64(units) && t.sleeping.CompareAndSwap(true, false) {
		return
	}
	<-t.wake
}

// take does units of the present step until none is left; it returns how many, and whether the run of that generation goes on. After a
// panic, which fails the step, there may be some left.
func (t *Team) take(worker int, gen uint64) (done int, more bool) {
	counted := 0
	defer func() {
		if v := recover(); v != nil {
			t.fail(&Panic{Value: v, Stack: debug.Stack()})
			t.count(worker, done+1-counted)
			more = true
		}
	}()
	for i := range t.tickets {
		w := worker + i
		if w >= len(t.tickets) {
			w -= len(t.tickets)
		}
		for {
			now := t.tickets[w].Load()
			g, lo, hi := splitTicket(now)
			if g != gen {
				return done, false // nothing is done since: a unit that is out keeps the generation
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
			if t.failed.Load() == nil {
				if err := t.tickets[w].do(worker, unit, unit+1); err != nil {
					t.fail(err)
				}
			}
			done++
		}
		if done > counted {
			t.count(worker, done-counted)
			counted = done
		}
	}
	return done, true
}

// count adds units to those that are done, and wakes the caller.
func (t *Team) count(worker, units int) {
	t.completed.Add(int64(units))
	if worker > 0 && t.sleeping.Load() && t.sleeping.CompareAndSwap(true, false) {
		t.wake <- struct{}{}
		runtime.Gosched() // the caller goes on at once, on this core
	}
}

// fail keeps the first error.
func (t *Team) fail(err error) { t.failed.CompareAndSwap(nil, &err) }

// Panic is what a caller panics with after a panic in one of the units of a shared step.
type Panic struct {
	Value any
	Stack []byte // of the goroutine that did the unit
}

// Panicked gives the value and the stack, for package fault.
func (p *Panic) Panicked() (value any, stack []byte) { return p.Value, p.Stack }

func (p *Panic) Error() string { return fmt.Sprintf("%v\n\n%s", p.Value, p.Stack) }

// Unwrap returns the value if it is an error, such as a runtime.Error.
func (p *Panic) Unwrap() error {
	err, _ := p.Value.(error)
	return err
}
