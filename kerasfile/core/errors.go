package core

import (
	"errors"
	"fmt"

	"github.com/hornml/horn/kerasfile/internal/container"
	"github.com/hornml/horn/nn/layer"
)

// UnsupportedError names a class or an option that a model uses and this module does not run.
type UnsupportedError = layer.UnsupportedError

// ConfigError says what is wrong in a model's configuration, and where.
type ConfigError = layer.ConfigError

// Errors is everything that is wrong with a model.
type Errors = layer.Errors

// FormatError says what is wrong with a file as a container. Its fields are Entry, the part of the container such as
// "config.json", "" for the whole; Msg; and Err, the cause.
type FormatError = container.FormatError

// LimitError says which limit a file exceeds; WithLimits changes them. Its fields are Entry, the part of the container; What
// exceeds it; its Value; and the Limit.
type LimitError = container.LimitError

// WeightError says which variable does not get its elements, and why.
type WeightError struct {
	Path     string // in the weights file, such as "layers/dense/vars/0"
	Variable string // in the model, such as "dense/kernel"
	Msg      string
	Err      error
}

func (e *WeightError) Error() string {
	s := "weights"
	if e.Path != "" {
		s += " at " + e.Path
	}
	if e.Variable != "" {
		s += fmt.Sprintf(" (variable %q)", e.Variable)
	}
	s += ": " + e.Msg
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *WeightError) Unwrap() error { return e.Err }

// ErrNotKeras is returned for a file that is none of Keras's containers.
var ErrNotKeras = container.ErrNotKeras

// errNoModel is for callers that did not look at the error of what should have made the model.
var errNoModel = errors.New("there is no model: it is nil; what should have made it may have returned an error")
