//go:build !wasm

package crew

import (
	"time"
)

// Pace keeps in mind how runs of one kind, such as those of one plan, go fastest: with all steps shared that are worth it by their
// cost, with the large ones only, or alone. That depends on the machine: two cores may share a cache, or sit on two chips, where what one
// wrote takes the other several times as long to read; under a hypervisor this changes from one second to the next. So the other ways are
// tried from time to time, for a few runs, and rarely enough that it costs a hundredth of the time, or a thousandth if nothing changes.
//
// A Pace is for any number of teams; its zero value has tried nothing yet.
type Pace struct {
	mu     spinLock
	best   way
	trial  way   // what is being tried; best if nothing is
	began  int64 // when the trial did
	next   int64 // when the next one does; 0 before the first run
	try    way   // what it tries
	rarity int64 // how many times what a trial costs passes until the next one
	runs   int   // since the last look at whether things have changed
	usual  int64 // how long a run took when best was found best
	recent [ways]recent
}

// way is a way to share the steps of a run.
type way int

const (
	all way = iota
	large
	none
	ways
)

// grain is how many times stepCost a step must take.
func (w way) grain() float64 {
	if w == large {
		return 8
	}
	return 1
}

const (
	// trialTime is how long a trial lasts at least: time for a helper to wake up.
	trialTime = int64(500 * time.Microsecond)
	// better is what a way must take of the time of the best one to be the best.
	better = 0.95
	// changed is from how much more or less time on a look at the other ways is due.
	changed   = 1.2
	atFirst   = 6
	often     = 100
	seldom    = 1000
	lookAfter = 16 // runs
)

// recent is the times of the last runs.
type recent struct {
	times [8]int64
	count int
}

func (r *recent) add(time int64) {
	r.times[r.count%len(r.times)] = time
	r.count++
}

// median is that of the last runs; there must be one.
func (r *recent) median() int64 {
	times := r.times
	n := min(r.count, len(times))
	for i := 1; i < n; i++ { // by insertion: so few
		for k := i; k > 0 && times[k] < times[k-1]; k-- {
			times[k], times[k-1] = times[k-1], times[k]
		}
	}
	return times[n/2]
}

// choose says how the next run is to share its steps.
func (p *Pace) choose(now int64) way {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.trial == p.best && p.next > 0 && now >= p.next && p.recent[p.best].count > 0 {
		p.trial, p.began = p.other(), now
		p.recent[p.trial].count = 0
	}
	return p.trial
}

// other returns the ways that are not the best in turn.
func (p *Pace) other() way {
	for {
		p.try = (p.try + 1) % ways
		if p.try != p.best {
			return p.try
		}
	}
}

// learn notes how long a run took that ended now. It returns how long such a run usually takes, and one that goes alone, 0 if that is not
// known.
func (p *Pace) learn(w way, time, now int64) (usual, alone int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := &p.recent[w]
	r.add(time)
	switch {
	case p.next == 0:
		p.rarity, p.usual = atFirst, time
		p.next = now + atFirst*trialRuns(time)*time
	case w == p.trial && p.trial != p.best:
		if int64(r.count) >= trialRuns(p.usual) && now-p.began >= trialTime {
			p.decide(now)
		}
	case w == p.best:
		if p.runs++; p.runs%lookAfter == 0 {
			usual := r.median()
			if float64(usual) > changed*float64(p.usual) || float64(usual)*changed < float64(p.usual) {
				p.usual, p.rarity = usual, often
				p.next = min(p.next, now+often*trialRuns(usual)*usual/2)
			}
		}
	}
	if p.recent[none].count > 0 {
		alone = p.recent[none].median()
	}
	return r.median(), alone
}

// trialRuns is how many runs of such a time a trial has at least.
func trialRuns(time int64) int64 {
	switch {
	case time < 2_000_000:
		return 5
	case time < 20_000_000:
		return 3
	}
	return 2
}

// decide ends a trial.
func (p *Pace) decide(now int64) {
	runs := int64(p.recent[p.trial].count)
	before, time := p.recent[p.best].median(), p.recent[p.trial].median()
	cost := max(time-before, before/20) * runs
	if float64(time) < better*float64(before) {
		p.best, p.usual, p.rarity = p.trial, time, often
	} else {
		p.usual, p.rarity = before, min(max(2*p.rarity, often), seldom)
	}
	p.trial = p.best
	p.next = now + p.rarity*cost
}
