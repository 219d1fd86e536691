package layer

import (
	"errors"
	"fmt"
	"strings"

	"github.com/hornml/horn/internal/fault"
)

// ConfigError says what is wrong in a model's configuration, and where.
type ConfigError struct {
	Path  string // a JSON pointer into config.json, such as /config/layers/3/config/units
	Layer string // the name of the layer, "" outside of layers
	Msg   string
}

func (e *ConfigError) Error() string {
	if e.Layer != "" {
		return fmt.Sprintf("%s (layer %q): %s", e.Path, e.Layer, e.Msg)
	}
	return fmt.Sprintf("%s: %s", e.Path, e.Msg)
}

// UnsupportedError names a class or an option that a model uses and this package does not run.
type UnsupportedError struct {
	Path   string // a JSON pointer into config.json
	Module string // Keras's module, such as keras.layers
	Class  string
	Layer  string // the layer's name
	Reason string // why, and what to do
}

func (e *UnsupportedError) Error() string {
	name := e.Class
	if e.Module != "" {
		name = e.Module + "." + e.Class
	}
	if e.Layer != "" {
		name += fmt.Sprintf(" (layer %q)", e.Layer)
	}
	return fmt.Sprintf("%s: %s: %s", e.Path, name, e.Reason)
}

// Is makes errors.Is(err, ErrUnsupported) true.
func (e *UnsupportedError) Is(target error) bool { return target == ErrUnsupported }

// ErrUnsupported is what every *UnsupportedError is, for errors.Is.
var ErrUnsupported = errors.New("unsupported")

// Errors is everything that is wrong with a model, found in one pass.
type Errors []error

func (e Errors) Error() string {
	if len(e) == 1 {
		return e[0].Error()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d problems:", len(e))
	for i, err := range e {
		if i == maxShown {
			fmt.Fprintf(&b, "\n  and %d more", len(e)-i)
			break
		}
		fmt.Fprintf(&b, "\n  %v", err)
	}
	return b.String()
}

// maxShown bounds the message of Errors; the slice holds all.
const maxShown = 50

// Unwrap gives errors.Is and errors.As every single error.
func (e Errors) Unwrap() []error { return e }

// InternalError is a mistake of the program, not of the model: a panic, such as one of the Go runtime, while a layer wrote its ops or
// a plan ran. It deserves a report.
type InternalError = fault.Error
