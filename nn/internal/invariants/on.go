//go:build invariants

package invariants

import "sync/atomic"

// On says whether this build checks its invariants.
const On = true

// Lease follows something that one borrower has at a time.
type Lease struct{ taken atomic.Bool }

// Take notes that it is lent; it panics where somebody has it.
func (l *Lease) Take(what string) {
	if !l.taken.CompareAndSwap(false, true) {
		Fail("%s is lent twice", what)
	}
}

// Return notes that it came back; it panics where nobody had it.
func (l *Lease) Return(what string) {
	if !l.taken.CompareAndSwap(true, false) {
		Fail("%s comes back, and was not lent", what)
	}
}
