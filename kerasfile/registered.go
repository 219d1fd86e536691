package kerasfile

import (
	"github.com/hornml/horn/kerasfile/internal/dialect"
	"github.com/hornml/horn/nn/layer"
)

// registered tells dialects how the classes are called that Go has.
type registered struct{}

func (registered) Layer(name string) (dialect.Class, bool) {
	c, ok := layer.FindClass("", name)
	return dialect.Class{Module: c.Module, Name: c.Name, Python: c.Python}, ok
}

func (registered) OpModule(class string) string { return layer.FindOp(class) }
