package layers

import (
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

// StringLookup gives strings their numbers in a vocabulary, or the other way round (keras.layers.StringLookup): strings
// of any shape become int64 of the same shape or, with other output modes, vectors; see [IndexLookup].
type StringLookup struct {
	IndexLookup[string]
	Encoding string // of the vocabulary in Python; strings are UTF-8 here
}

// AddStringLookup adds StringLookup to a registry.
func AddStringLookup(r *layer.Registry) {
	r.Register("keras.layers", "StringLookup", func() layer.Layer { return new(StringLookup) })
}

// Config implements layer.Layer.
func (l *StringLookup) Config(c *layer.Config) {
	l.config(c, "[UNK]")
	c.String("encoding", &l.Encoding, "utf-8")
}

// Call implements layer.Layer.
func (l *StringLookup) Call(c *layer.Call) any {
	x := c.X()
	if x.DType != tensor.String && !l.Invert {
		c.Fail("strings are expected, not %s", x.DType)
	}
	if x.DType == tensor.String && l.Invert {
		c.Fail("an inverted lookup takes integers, not strings")
	}
	return l.lookUp(c, x)
}
