package container

import (
	"errors"
	"fmt"
)

// FormatError says what is wrong with a file as a container.
type FormatError struct {
	Entry string // the part of the container, such as "config.json"; "" for the whole
	Msg   string
	Err   error
}

func (e *FormatError) Error() string {
	s := e.Msg
	if e.Entry != "" {
		s = e.Entry + ": " + s
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *FormatError) Unwrap() error { return e.Err }

// LimitError says which limit a file exceeds; kerasfile.WithLimits changes them.
type LimitError struct {
	Entry string
	What  string
	Value int64
	Limit int64
}

func (e *LimitError) Error() string {
	s := fmt.Sprintf("%s is %d, the limit is %d", e.What, e.Value, e.Limit)
	if e.Entry != "" {
		s = e.Entry + ": " + s
	}
	return s
}

// ErrNotKeras is returned for a file that is none of Keras's containers.
var ErrNotKeras = errors.New("neither a .keras zip nor an HDF5 file")
