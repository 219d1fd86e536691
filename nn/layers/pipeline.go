package layers

import (
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
)

// Pipeline calls layers one after the other (keras.layers.Pipeline).
type Pipeline struct {
	layer.Base
	Layers []layer.Layer
}

// AddPipeline adds Pipeline to a registry.
func AddPipeline(r *layer.Registry) {
	r.Register("keras.layers", "Pipeline", func() layer.Layer { return new(Pipeline) })
}

// Config implements layer.Layer.
func (l *Pipeline) Config(c *layer.Config) {
	c.Omit("trainable", "dtype")
	c.Layers("layers", &l.Layers)
	l.NoAutocast = true
}

// Children implements layer.Container.
func (l *Pipeline) Children() []layer.Child { return []layer.Child{{Attr: "layers", List: l.Layers}} }

// Call implements layer.Layer.
func (l *Pipeline) Call(c *layer.Call) any {
	var x any
	if len(c.Args) > 0 {
		x = c.Args[0]
	} else if x = c.Arg(-1, "inputs"); x == nil {
		c.Fail("an input is expected")
	}
	for _, inner := range l.Layers {
		x = c.Run(inner, x)
	}
	if len(l.Layers) == 0 {
		if v, ok := x.(*graph.Value); ok {
			return v.WithMask(nil)
		}
	}
	return x
}
