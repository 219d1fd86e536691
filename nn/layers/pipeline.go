package layers

import (
	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/graph"
)

// Pipeline calls layers one after the other (keras.layers.Pipeline).
type Pipeline struct {
	nn.Base
	Layers []nn.Layer
}

func init() { nn.Register("keras.layers", "Pipeline", func() nn.Layer { return new(Pipeline) }) }

// Config implements nn.Layer.
func (l *Pipeline) Config(c *nn.Config) {
	c.Omit("trainable", "dtype")
	c.Layers("layers", &l.Layers)
	l.NoAutocast = true
}

// Children implements nn.Container.
func (l *Pipeline) Children() []nn.Child { return []nn.Child{{Attr: "layers", List: l.Layers}} }

// Call implements nn.Layer.
func (l *Pipeline) Call(c *nn.Call) any {
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
