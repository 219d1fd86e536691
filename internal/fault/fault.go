// Package fault is the net below this module: whatever a file or an input does to it, a caller gets an error and no panic. What
// falls into the net is a mistake of the module's own, and says so.
//
// HORN_FAULTS=panic in the environment takes the net away: tests run without it, so that mistakes are seen.
package fault

import (
	"fmt"
	"os"
	"runtime/debug"
	"sync"
)

// Error is a panic that was caught: a mistake of the program, not of the model or of what it was given. It deserves a report.
type Error struct {
	Where string // the layer or the step, and what was done
	Err   error
	Stack []byte // of the goroutine that panicked, as debug.Stack gives it
}

func (e *Error) Error() string {
	return fmt.Sprintf("a fault of horn: %s: %v; please report it with the model's configuration", e.Where, e.Err)
}

// Unwrap gives the error of the panic, such as one of the Go runtime.
func (e *Error) Unwrap() error { return e.Err }

// stacked is a panic of another goroutine that was carried to this one.
type stacked interface {
	Panicked() (value any, stack []byte)
}

// Of makes an error of what a function panicked with; where is what it did. One that is an Error stays as it is. Without the
// net it panics again.
func Of(recovered any, where string) *Error {
	if e, ok := recovered.(*Error); ok {
		return e
	}
	if loud() {
		panic(recovered)
	}
	value, stack := recovered, []byte(nil)
	if s, ok := recovered.(stacked); ok {
		value, stack = s.Panicked()
	}
	if stack == nil {
		stack = debug.Stack()
	}
	err, ok := value.(error)
	if !ok {
		err = fmt.Errorf("%v", value)
	}
	return &Error{Where: where, Err: err, Stack: stack}
}

// Catch, deferred, turns a panic into the error of a function.
func Catch(err *error, where string) {
	if r := recover(); r != nil {
		*err = Of(r, where)
	}
}

// loud reports whether there is no net.
var loud = sync.OnceValue(func() bool { return os.Getenv("HORN_FAULTS") == "panic" })
