package crew

import "time"

// What sharing costs, in nanoseconds. To hand a step over to one helper and to wait for the end takes 300: a step is shared from
// stepCost for each worker on. A run looks for helpers from runCost on, if its steps that can be shared take that long on one
// core, and wakes them from wakeCost on.
const (
	stepCost = 500
	runCost  = 12_000
	wakeCost = 100_000
	// clockCost is the cost of a step from which on looking at the clock costs nothing.
	clockCost = 20_000
)

// linger is how long a helper that has nothing to do keeps its core before it sleeps: being woken costs more.
const linger = 100 * time.Microsecond

// patience is how long a caller waits for the last units of a step, beyond what two of them take, and how long a helper that only looks
// for work may stand still, before the machine is taken to be crowded.
const patience = 100 * time.Microsecond

// hiccup is how much longer than twice its usual time a run takes if its caller has been stopped.
const hiccup = time.Millisecond

// Shares reports whether a step that divides into units, and takes cost nanoseconds on one core, is worth sharing among workers.
func Shares(units int, cost float64, workers int) bool {
	return workers > 1 && units > 1 && units <= maxUnits && cost >= stepCost*float64(workers)
}

// maxUnits is the largest number of units of a step: their numbers have 20 bits in a ticket.
const (
	unitBits = 20
	maxUnits = 1<<unitBits - 1
)
