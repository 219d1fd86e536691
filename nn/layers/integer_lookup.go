package layers

import (
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

// IntegerLookup gives integers their numbers in a vocabulary, or the other way round (keras.layers.IntegerLookup):
// integers of any shape become int64 of the same shape or, with other output modes, vectors; see [IndexLookup]. All
// values of int64 are exact.
type IntegerLookup struct {
	IndexLookup[int64]
}

// AddIntegerLookup adds IntegerLookup to a registry.
func AddIntegerLookup(r *layer.Registry) {
	r.Register("keras.layers", "IntegerLookup", func() layer.Layer { return new(IntegerLookup) })
}

// Config implements layer.Layer.
func (l *IntegerLookup) Config(c *layer.Config) {
	dtype := "int64"
	c.String("vocabulary_dtype", &dtype, "int64")
	if dtype != "int64" {
		c.Errorf("vocabulary_dtype", "only int64 is possible, not %q", dtype)
	}
	l.config(c, -1)
	if l.Salt != nil && l.OOVMethod != "farmhash" {
		c.Errorf("salt", "it is only for oov_method \"farmhash\"")
	}
}

// Call implements layer.Layer.
func (l *IntegerLookup) Call(c *layer.Call) any {
	x := c.X()
	if x.DType == tensor.String {
		c.Fail("integers are expected, not strings")
	}
	return l.lookUp(c, c.Cast(x, tensor.Int64))
}
