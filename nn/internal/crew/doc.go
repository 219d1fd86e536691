// Package crew shares work among the cores of a machine that has other things to do as well. It knows nothing of what the work is.
//
// A [Crew] is the goroutines that help, as many as the process has cores to spare; there is one for a process. A [Team] is what one run
// of a caller needs to share its steps, one after another:
//
//	team := crew.NewTeam(crew.Process(), 2, new(crew.Pace))
//	team.Begin(cost)
//	err := team.Do(units, nil, cost, func(worker, lo, hi int) error { ... })
//	team.End()
//
// What it holds to:
//   - The caller works too, and never waits for a helper that has not begun a unit: units that nobody has begun are anybody's.
//   - Nothing depends on who does a unit, or in which order: a step that gives the same bits alone gives them here.
//   - Helpers are spread over runs, not piled on them: with as many callers as cores each has its own core.
//   - Where other processes want the cores, which shows in helpers that are stopped in the middle of their work, runs go on alone, and
//     look again after a while that doubles each time (see crowd.go).
//   - A helper waits for the next step, or the next run, by looking at memory, for a tenth of a millisecond at most; then it sleeps, and
//     ends after a second. With a single core, whether by GOMAXPROCS or by the quota of a cgroup, there are no helpers at all.
//   - Running steps allocates nothing.
//
// In WebAssembly, which has no threads, everything runs in the caller.
package crew
