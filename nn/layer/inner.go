package layer

import (
	"github.com/hornml/horn/nn/graph"
)

// Adopt makes inner a layer inside of outer that has no record of its own in a file, such as the cell of an LSTM or a
// projection of an attention layer: it gets its class in keras.layers, its name in outer, and outer's dtype policy. A
// layer calls it in its Config method.
func Adopt(outer, inner Layer, class, name string) {
	o, b := outer.base(), inner.base()
	b.self, b.class, b.name, b.trainable = inner, Class{Module: "keras.layers", Name: class}, name, o.trainable
	b.policy = o.policy.forPath(o.name + "/" + name)
}

// Decode reads a layer from a record that a layer made up itself; it reports what is wrong under the given key and returns nil
// then.
func (c *Config) Decode(key string, record any) Layer {
	if c.decoder == nil {
		return nil
	}
	return c.decoder.Layer(record, c.path+"/"+key)
}

// DecodeLike is Decode for a layer of the classes of another one, such as the backward layer of a Bidirectional that names only
// the forward one. They may be in no registry: a layer made in Go comes with what its arguments may name alone.
func (c *Config) DecodeLike(like Layer, key string, record any) Layer {
	if c.decoder == nil {
		return nil
	}
	var missing []*entry
	Each(like, func(l Layer) {
		if b := l.base(); b.make != nil && c.registry.findClass(b.class.Module, b.class.Name) == nil {
			missing = append(missing, &entry{b.class, b.make})
		}
	})
	if len(missing) == 0 {
		return c.Decode(key, record)
	}
	d := &Decoder{Registry: c.registry.Extended(func(r *Registry) {
		for _, e := range missing {
			r.RegisterClass(e.class, e.make)
		}
	})}
	l := d.Layer(record, c.path+"/"+key)
	c.decoder.errs = append(c.decoder.errs, d.errs...)
	return l
}

// Enter returns the context of a call of a layer inside this one, with that layer built, but does not run it: for a layer
// that writes the ops of its cell itself.
func (c *Call) Enter(l Layer, args ...any) *Call {
	b := l.base()
	inner := &Call{Builder: c.Builder, Args: args, trace: c.trace, layer: l, path: c.path + "/" + b.name, training: c.training}
	if !b.built {
		if builder, ok := l.(Builder); ok {
			builder.Build(inner)
		}
		b.built = true
	}
	return inner
}

// Scan writes a loop over the time axis of sequences (graph.Builder.Scan): step is called once, with a call whose ops go
// into the loop's body.
func (c *Call) Scan(sequences, states []*graph.Value, a graph.Loop, mask *graph.Value,
	step func(c *Call, xs, states []*graph.Value) (out *graph.Value, next []*graph.Value)) (out *graph.Value, last []*graph.Value) {
	return c.Builder.Scan(sequences, states, a, mask, func(b *graph.Builder, xs, states []*graph.Value) (out *graph.Value,
		next []*graph.Value) {
		c.within(b, func(c *Call) { out, next = step(c, xs, states) })
		return out, next
	})
}

// within runs f with a call like c whose ops, and those of the layers it calls, go into another graph.
func (c *Call) within(b *graph.Builder, f func(c *Call)) {
	outer := c.trace.builder
	c.trace.builder = b
	defer func() { c.trace.builder = outer }()
	inner := *c
	inner.Builder = b
	f(&inner)
}

// Chain returns the elementwise ops that an activation consists of for values like x; ok is false for one that is no
// chain of such ops, such as softmax.
func (c *Call) Chain(a Activation, like *graph.Value) (chain graph.Chain, ok bool) {
	b := graph.NewBuilder()
	b.Unknowns = c.Unknowns
	observe := c.trace.Observe
	c.trace.Observe = nil
	defer func() { c.trace.Observe = observe }()
	c.within(b, func(c *Call) {
		y := a.Apply(c, b.Input(like.DType, like.Shape...))
		b.Graph.Outputs = []*graph.Value{y}
	})
	return graph.ChainOf(b.Graph)
}
