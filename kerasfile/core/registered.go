package core

import (
	"github.com/hornml/horn/kerasfile/internal/dialect"
	"github.com/hornml/horn/nn/layer"
)

// registered tells dialects how the classes are called that Go has.
type registered struct{ registry *layer.Registry }

func (r registered) Layer(name string) (dialect.Class, bool) {
	c, ok := r.registry.FindClass("", name)
	return dialect.Class{Module: c.Module, Name: c.Name, Python: c.Python}, ok
}

func (r registered) OpModule(class string) string { return r.registry.FindOp(class) }
