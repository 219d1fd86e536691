package kerasfile

import (
	"github.com/hornml/horn/kerasfile/internal/dialect"
	"github.com/hornml/horn/nn"
)

// registered tells dialects how the classes are called that Go has.
type registered struct{}

func (registered) Layer(name string) (dialect.Class, bool) {
	c, ok := nn.FindClass("", name)
	return dialect.Class(c), ok
}

func (registered) OpModule(class string) string { return nn.OpModule(class) }

func (registered) Automatic(class string) string { return nn.SnakeCase(class) }
