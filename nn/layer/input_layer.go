package layer

import (
	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/tensor"
)

// InputLayer stands for an input of a model (keras.layers.InputLayer).
type InputLayer struct {
	Base
	BatchShape []int // with the batch first; -1 for unknown dimensions, nil for an unknown shape
	DType      tensor.DType
	Sparse     bool
	Ragged     bool
	Optional   bool
}

// Inputs is the family of the one layer that is no computation: InputLayer.
func Inputs(r *Registry) {
	r.Register("keras.layers", "InputLayer", func() Layer { return new(InputLayer) })
}

// Config implements Layer. As in Keras other keys than the known ones are ignored.
func (l *InputLayer) Config(c *Config) {
	shape := any(nil)
	key := "batch_shape"
	if _, ok := c.Value(key); !ok && c.Reading() {
		key = "batch_input_shape"
	}
	if l.BatchShape != nil && !c.Reading() {
		shape = pyjson.NewShape(l.BatchShape)
	}
	c.Raw(key, &shape, nil)
	if c.Reading() {
		if list, ok := c.Value("shape"); ok && shape == nil {
			dims, isList := list.([]any)
			if !isList {
				c.Errorf("shape", "a list of dimensions is expected, not %s", pyjson.Describe(list))
			}
			size, _ := c.Value("batch_size")
			shape = append([]any{size}, dims...)
		}
		if shape != nil {
			dims, problem := pyjson.Shape(shape)
			if problem != "" {
				c.Errorf(key, "%s, not %s", problem, pyjson.Describe(shape))
			}
			l.BatchShape = dims
		}
		for _, k := range c.in.Keys() {
			c.used[k] = true
		}
	}
	name := l.DType.String()
	l.DType = tensor.Float32
	if v, ok := c.Value("dtype"); ok {
		p, err := parsePolicy(v)
		if err != nil {
			c.Errorf("dtype", "%v", err)
		} else {
			l.DType = p.Compute
			l.policy = p
		}
	} else if !c.Reading() {
		l.DType, _ = tensor.ParseDType(name)
		c.Put("dtype", name)
	}
	c.Bool("sparse", &l.Sparse, false)
	c.Bool("ragged", &l.Ragged, false)
	c.Bool("optional", &l.Optional, false)
	if l.Sparse && c.Reading() {
		c.Unsupported("sparse", "sparse inputs have no dense form here; save the model with sparse=False")
	}
	if l.Ragged && c.Reading() {
		c.Unsupported("ragged", "ragged inputs are not supported; save the model with ragged=False")
	}
}

// Call implements Layer: an input is what it is given.
func (l *InputLayer) Call(c *Call) any { return c.X() }

// inputShape reads what any layer takes as the first of a Sequential, in the place of an InputLayer: "input_shape", without the
// batch, or "input_dim", a number that stands for a shape of one axis. Layers with an argument of that name have it for
// themselves.
func (b *Base) inputShape(c *Config) {
	if b.network != nil || !c.Reading() {
		return
	}
	for _, key := range []string{"input_dim", "input_shape"} {
		if c.used[key] {
			continue
		}
		v, ok := c.Value(key)
		if !ok || v == nil || b.input != nil {
			continue
		}
		if _, isList := v.([]any); !isList {
			v = []any{v}
		}
		list := v.([]any)
		open := make([]any, len(list))
		for i, d := range list {
			if n, ok := pyjson.ToInt(d); !ok || n != -1 { // as for nn.Input; null in Keras
				open[i] = d
			}
		}
		shape, problem := pyjson.Shape(open)
		if problem != "" {
			c.Errorf(key, "%s, the lengths of the axes after the batch, not %s", problem, pyjson.Describe(v))
			continue
		}
		b.input = shape
	}
}

// InputShape returns the argument "input_shape" of a layer that no model made in Go holds yet, without the batch and with -1 for
// unknown lengths; nil for none.
func InputShape(l Layer) []int {
	if b := l.base(); b.models == 0 {
		return b.input
	}
	return nil
}
