package h5lite

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/hornml/horn/h5lite/internal/wire"
)

// FormatError says that a file breaks the rules of the HDF5 format: it is
// damaged, cut short, or was made to do harm.
type FormatError struct {
	Path      string // of the object, empty if the defect concerns the file
	Offset    int64  // in bytes from the start of the file, -1 if there is no one place
	Structure string // the specification's name of the structure
	Msg       string
	Err       error // the cause, may be nil
}

func (e *FormatError) Error() string {
	s := "h5lite: " + e.Structure
	if e.Offset >= 0 {
		s += fmt.Sprintf(" at offset %d", e.Offset)
	}
	if e.Path != "" {
		s += " of " + quote(e.Path)
	}
	s += ": " + e.Msg
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap gives the cause.
func (e *FormatError) Unwrap() error { return e.Err }

// UnsupportedError says that a file may be right, but uses a feature that this
// package does not have, or does not want to have: other files are never opened.
type UnsupportedError struct {
	Path    string // of the object, empty if the feature concerns the file
	Offset  int64  // in bytes from the start of the file, -1 if there is no one place
	Feature string // what is not supported
}

func (e *UnsupportedError) Error() string {
	s := "h5lite: not supported: " + e.Feature
	if e.Path != "" {
		s += " (" + quote(e.Path) + ")"
	}
	return s
}

// LimitError says that reading on would take more memory or steps than the
// [Limits] allow.
type LimitError struct {
	Path   string // of the object, empty if the limit concerns the file
	Offset int64  // in bytes from the start of the file, -1 if there is no one place
	Msg    string // the limit, and what was asked for
}

func (e *LimitError) Error() string {
	s := "h5lite: limit: " + e.Msg
	if e.Path != "" {
		s += " (" + quote(e.Path) + ")"
	}
	return s
}

func itoa(n int) string { return strconv.Itoa(n) }

//go:noinline
func utoa(n uint64) string { return strconv.FormatUint(n, 10) }

// quote makes a path safe to print, and short: groups may be nested very deep.
func quote(path string) string {
	const head, tail = 300, 100
	if len(path) > head+tail+20 {
		return fmt.Sprintf("%q...%q (%d bytes)", path[:head], path[len(path)-tail:], len(path))
	}
	return fmt.Sprintf("%q", path)
}

// at turns an error of the inner packages into one of this package, for the
// object at a path.
func at(err error, path string) error {
	var e *wire.Error
	if err == nil || !errors.As(err, &e) {
		return err
	}
	switch e.Kind {
	case wire.Unsupported:
		return &UnsupportedError{path, e.Offset, e.Structure + ": " + e.Msg}
	case wire.Limit:
		return &LimitError{path, e.Offset, e.Structure + ": " + e.Msg}
	}
	return &FormatError{path, e.Offset, e.Structure, e.Msg, e.Err}
}
