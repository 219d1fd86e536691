//go:build !wasm

package crew

import (
	"errors"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// made makes a crew that finds cores enough whatever the machine has, and ends with the test.
func made(t testing.TB, cores int) *Crew {
	before := runtime.GOMAXPROCS(0)
	runtime.GOMAXPROCS(max(before, cores))
	c := New(cores)
	t.Cleanup(func() {
		c.Close()
		runtime.GOMAXPROCS(before)
	})
	return c
}

// long is a cost for which every run looks for helpers and wakes them.
const long = 10 * wakeCost

// assemble begins runs until one has helpers: on a busy machine the first ones may find it crowded. Nothing is known of their pace.
func assemble(t testing.TB, team *Team) {
	for range 10_000 {
		team.pace = new(Pace)
		team.Begin(long)
		if team.helpers.Load() > 0 {
			return
		}
		team.End()
		time.Sleep(time.Millisecond)
	}
	t.Fatal("a team got no helpers in 10,000 runs")
}

// TestDo runs steps of random sizes: every unit is done exactly once, all of them before Do returns, by workers that there are.
func TestDo(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, cores := range []int{1, 2, 3, 5} {
		c := made(t, cores)
		for _, workers := range []int{1, 2, 3, 4} {
			team := NewTeam(c, workers, new(Pace))
			for range 20 {
				team.Begin([]float64{0, 2 * runCost, long}[random.IntN(3)])
				for range 30 {
					units := 1 + random.IntN(40)
					counts := make([]atomic.Int32, units)
					var bounds []int
					if random.IntN(3) == 0 {
						bounds = make([]int, workers+1) // all units are the last worker's
						bounds[workers] = units
					}
					err := team.Do(units, bounds, random.Float64()*50_000, func(worker, lo, hi int) error {
						if worker < 0 || worker >= workers || lo >= hi {
							t.Errorf("worker %d of %d does [%d, %d)", worker, workers, lo, hi)
						}
						for i := lo; i < hi; i++ {
							counts[i].Add(1)
						}
						return nil
					})
					if err != nil {
						t.Fatal(err)
					}
					for i := range counts {
						if n := counts[i].Load(); n != 1 {
							t.Fatalf("unit %d of %d was done %d times", i, units, n)
						}
					}
				}
				team.End()
			}
		}
	}
}

// TestOrder writes in each step what the next one reads, without atomics: the race detector sees whether a step is over.
func TestOrder(t *testing.T) {
	team := NewTeam(made(t, 4), 4, new(Pace))
	const units = 16
	from, to := make([]int, units), make([]int, units)
	step := func(_, lo, hi int) error {
		for i := lo; i < hi; i++ {
			to[i] = from[(i+5)%units] + 1
		}
		return nil
	}
	for range 50 {
		team.Begin(long)
		for range 20 {
			if err := team.Do(units, nil, 20_000, step); err != nil {
				t.Fatal(err)
			}
			from, to = to, from
		}
		team.End()
	}
	for i, v := range from {
		if v != 1000 {
			t.Fatalf("element %d is %d after 1000 steps", i, v)
		}
	}
}

// TestHelpersHelp has units that wait for each other: they end only if a helper does one of them while the caller does another.
func TestHelpersHelp(t *testing.T) {
	team := NewTeam(made(t, 2), 2, new(Pace))
	for range 5 {
		assemble(t, team)
		var both sync.WaitGroup
		both.Add(2)
		err := team.Do(2, nil, 2000, func(_, lo, hi int) error {
			both.Done()
			both.Wait()
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		team.End()
	}
}

// meet returns a step of two units that wait for each other, of which the helper's or the caller's ends with end.
func meet(helpers bool, end func() error) Func {
	var both sync.WaitGroup
	both.Add(2)
	return func(worker, _, _ int) error {
		both.Done()
		both.Wait()
		if worker > 0 == helpers {
			return end()
		}
		return nil
	}
}

func TestErrors(t *testing.T) {
	team := NewTeam(made(t, 2), 2, new(Pace))
	wrong := errors.New("wrong")
	for _, helper := range []bool{false, true} {
		assemble(t, team)
		if err := team.Do(2, nil, 2000, meet(helper, func() error { return wrong })); err != wrong {
			t.Errorf("of a helper %v: error %v", helper, err)
		}
		if err := team.Do(2, nil, 2000, meet(helper, func() error { return nil })); err != nil {
			t.Errorf("the step after an error: %v", err)
		}
		team.End()
	}
	if err := team.Do(2, nil, 0, func(int, int, int) error { return wrong }); err != wrong {
		t.Errorf("alone: error %v", err)
	}
}

func TestPanics(t *testing.T) {
	team := NewTeam(made(t, 2), 2, new(Pace))
	for _, helper := range []bool{false, true} {
		assemble(t, team)
		caught := func() (v any) {
			defer func() { v = recover() }()
			return team.Do(2, nil, 2000, meet(helper, func() error { panic(runtime.Error(failure{})) }))
		}()
		p, ok := caught.(*Panic)
		if !ok {
			t.Fatalf("of a helper %v: %v", helper, caught)
		}
		var inner runtime.Error
		if !errors.As(p, &inner) || !strings.Contains(p.Error(), "meet") {
			t.Errorf("of a helper %v: %v", helper, p)
		}
		team.End()
	}
}

type failure struct{}

func (failure) Error() string { return "failure" }
func (failure) RuntimeError() {}

// TestCrowded runs steps that begin when the machine is taken to be crowded, and after that time.
func TestCrowded(t *testing.T) {
	c := made(t, 2)
	team := NewTeam(c, 2, new(Pace))
	assemble(t, team)
	team.End()
	c.crowd.until.Store(c.now() + int64(time.Hour))
	team.Begin(long)
	defer team.End()
	done := 0
	if err := team.Do(8, nil, 5000, func(_, lo, hi int) error { done += hi - lo; return nil }); err != nil || done != 8 || !team.alone {
		t.Fatalf("%d units, alone %v, %v", done, team.alone, err)
	}
	c.crowd.until.Store(c.now())
	if err := team.Do(8, nil, long, func(int, int, int) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if team.alone && !c.crowd.now(c.now()) {
		t.Error("the run goes on alone after the period")
	}
}

// TestConcurrentTeams has more callers than cores, of one crew.
func TestConcurrentTeams(t *testing.T) {
	c := made(t, 3)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			team := NewTeam(c, 3, new(Pace))
			sums := make([]int, 24)
			for range 200 {
				team.Begin(long)
				for range 5 {
					err := team.Do(len(sums), nil, 10_000, func(_, lo, hi int) error {
						for i := lo; i < hi; i++ {
							sums[i]++
						}
						return nil
					})
					if err != nil {
						t.Error(err)
					}
				}
				team.End()
			}
			for i, n := range sums {
				if n != 1000 {
					t.Errorf("unit %d was done %d times", i, n)
				}
			}
		})
	}
	all.Wait()
	if n := c.active.Load(); n != 0 {
		t.Errorf("%d runs are said to be under way after the last one", n)
	}
	if len(c.short) != 0 {
		t.Errorf("%d teams wait for helpers after the last run", len(c.short))
	}
}

// TestOneCore makes sure that nobody helps, nor waits for work, where there is one core.
func TestOneCore(t *testing.T) {
	c := New(1)
	before := runtime.NumGoroutine()
	team := NewTeam(c, 4, new(Pace))
	for range 10 {
		team.Begin(long)
		if err := team.Do(4, nil, long, func(int, int, int) error { return nil }); err != nil {
			t.Fatal(err)
		}
		team.End()
	}
	if n := runtime.NumGoroutine(); n > before || c.helpers > 0 {
		t.Errorf("%d goroutines, before %d; %d helpers", n, before, c.helpers)
	}
}

// TestHelpersEnd lets helpers end, by Close and by themselves.
func TestHelpersEnd(t *testing.T) {
	before := runtime.NumGoroutine()
	for _, closed := range []bool{true, false} {
		c := made(t, 3)
		team := NewTeam(c, 3, new(Pace))
		assemble(t, team)
		if err := team.Do(4, nil, long, func(int, int, int) error { return nil }); err != nil {
			t.Fatal(err)
		}
		team.End()
		if closed {
			c.Close()
			team.Begin(long)
			if err := team.Do(4, nil, long, func(int, int, int) error { return nil }); err != nil || team.helpers.Load() > 0 {
				t.Errorf("a closed crew: %d helpers, %v", team.helpers.Load(), err)
			}
			team.End()
		}
		left := func() int {
			c.mu.Lock()
			defer c.mu.Unlock()
			return c.helpers + len(c.idle) + max(0, runtime.NumGoroutine()-before)
		}
		for wait := time.Now(); left() > 0; time.Sleep(time.Millisecond) {
			if time.Since(wait) > time.Minute {
				t.Fatalf("closed %v: %d goroutines, there were %d before; %d helpers are counted", closed, runtime.NumGoroutine(), before, c.helpers)
			}
		}
	}
}

func TestAllocations(t *testing.T) {
	team := NewTeam(made(t, 2), 2, new(Pace))
	step := func(int, int, int) error { return nil }
	run := func() {
		team.Begin(long)
		for range 10 {
			_ = team.Do(8, nil, 10_000, step)
		}
		team.End()
	}
	run()
	if n := testing.AllocsPerRun(100, run); n != 0 {
		t.Errorf("%v allocations a run", n)
	}
}

// BenchmarkDo is the time that a step of small units takes besides the units.
func BenchmarkDo(b *testing.B) {
	team := NewTeam(made(b, 2), 2, new(Pace))
	step := func(int, int, int) error { return nil }
	assemble(b, team)
	for b.Loop() {
		_ = team.Do(8, nil, 10_000, step)
	}
	team.End()
}
