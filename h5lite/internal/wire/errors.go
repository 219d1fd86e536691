package wire

import "fmt"

// Kind tells what an [Error] means for the caller.
type Kind uint8

// The kinds of [Error].
const (
	Format      Kind = iota // the file breaks the rules of the format
	Unsupported             // the file is right, the reader lacks the feature
	Limit                   // reading on would exceed a limit
)

// Error is a defect of a file, at a place.
type Error struct {
	Kind      Kind
	Offset    int64  // from the start of the file, -1 if there is no one place
	Structure string // the specification's name of the structure, in lower case
	Msg       string
	Err       error // the cause, may be nil
}

func (e *Error) Error() string {
	s := e.Structure + ": " + e.Msg
	if e.Offset >= 0 {
		s = fmt.Sprintf("%s at offset %d: %s", e.Structure, e.Offset, e.Msg)
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }

// Errorf makes an [Error] of kind [Format].
//
//go:noinline
func Errorf(offset int64, structure, format string, args ...any) *Error {
	return &Error{Kind: Format, Offset: offset, Structure: structure, Msg: fmt.Sprintf(format, args...)}
}

// Unsupportedf makes an [Error] of kind [Unsupported].
func Unsupportedf(offset int64, structure, format string, args ...any) *Error {
	return &Error{Kind: Unsupported, Offset: offset, Structure: structure, Msg: fmt.Sprintf(format, args...)}
}

// Limitf makes an [Error] of kind [Limit].
func Limitf(offset int64, structure, format string, args ...any) *Error {
	return &Error{Kind: Limit, Offset: offset, Structure: structure, Msg: fmt.Sprintf(format, args...)}
}
