package layer_test

import (
	"strings"
	"testing"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/nn/layers"
	"github.com/hornml/horn/tensor"
)

// probe is a layer whose methods a test gives.
type probe struct {
	layer.Base
	config func(c *layer.Config)
	build  func(c *layer.Call)
	call   func(c *layer.Call) any
	inner  []layer.Child
}

func (p *probe) Config(c *layer.Config) {
	if p.config != nil {
		p.config(c)
	}
}

func (p *probe) Build(c *layer.Call) {
	if p.build != nil {
		p.build(c)
	}
}

func (p *probe) Call(c *layer.Call) any {
	if p.call == nil {
		return c.X()
	}
	return p.call(c)
}

func (p *probe) Children() []layer.Child { return p.inner }

// named makes a probe a layer of that name, as if made in Go.
func named(p *probe, name string) *probe {
	return layers.Custom(p, "test>Probe", layer.Args{"name": name})
}

// parse reads JSON of a test.
func parse(t *testing.T, s string) any {
	t.Helper()
	v, err := pyjson.Parse([]byte(s))
	if err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	return v
}

// read reads a probe from the config in s.
func read(t *testing.T, p *probe, s string) error {
	t.Helper()
	d := &layer.Decoder{Registry: registry.With(layer.CustomObjects{"test>Probe": func() layer.Layer { return p }})}
	d.Layer(pyjson.NewObject("module", nil, "class_name", "Probe", "config", parse(t, s), "registered_name", "test>Probe"), "/config/layers/3")
	return d.Err()
}

// written is the config that a layer writes, without what every layer has.
func written(l layer.Layer) string {
	config := layer.ConfigOf(l)
	for _, k := range []string{"name", "trainable", "dtype"} {
		config.Delete(k)
	}
	return string(pyjson.Marshal(config))
}

// fails demands an error whose message has all parts.
func fails(t *testing.T, what string, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: no error, where %q should be named", what, parts)
		return
	}
	for _, p := range parts {
		if !strings.Contains(err.Error(), p) {
			t.Errorf("%s: %q does not name %q", what, err, p)
		}
	}
}

// run traces one call of l on inputs of the given tensors, and interprets the graph.
func run(l layer.Layer, tr *layer.Trace, inputs ...tensor.Any) (layer.Traced, []graph.Buf, error) {
	outer := &probe{call: func(c *layer.Call) any {
		args := c.Args
		if list, ok := c.Args[0].([]any); ok && len(args) == 1 {
			args = list
		}
		return c.Run(l, args...)
	}}
	layer.Begin(outer, layer.Class{Name: "Outer"})
	if tr == nil {
		tr = &layer.Trace{}
	}
	traced, err := tr.Run(outer, func(b *graph.Builder) []*graph.Value {
		values := make([]*graph.Value, len(inputs))
		for i, x := range inputs {
			values[i] = b.Input(x.DType(), x.Shape()...)
		}
		return values
	})
	if err != nil {
		return traced, nil, err
	}
	var r graph.Run
	for _, x := range inputs {
		r.Inputs = append(r.Inputs, graph.BufOf(x))
	}
	bufs, err := graph.Interpret(traced.Graph, r)
	return traced, bufs, err
}
