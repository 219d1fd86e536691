// Package invariants says whether this build checks what must always be true inside: that no two values of a plan share memory
// while both are needed, that memory and helpers are lent to one run at a time and come back, that what a store counts is what it
// holds, and that graphs are in order after every pass. The build tag invariants turns it on, for tests; all other builds have none
// of it, for On is a constant there that is false.
package invariants

import "fmt"

// Fail panics: something that must always be true is not.
func Fail(format string, args ...any) { panic("invariant broken: " + fmt.Sprintf(format, args...)) }
