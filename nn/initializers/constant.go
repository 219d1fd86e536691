package initializers

import (
	"fmt"
	"slices"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

// Zeros fills with 0 (keras.initializers.Zeros).
type Zeros struct{}

// Ones fills with 1 (keras.initializers.Ones).
type Ones struct{}

// Constant fills with one value, or with an array of the variable's shape (keras.initializers.Constant).
type Constant struct{ Value any }

// Identity makes an identity matrix times Gain (keras.initializers.Identity).
type Identity struct{ Gain float64 }

func addConstant(r *layer.Registry) {
	r.RegisterObject("initializers", "Zeros", func() layer.Configurable { return new(Zeros) }, "zeros", "zero")
	r.RegisterObject("initializers", "Ones", func() layer.Configurable { return new(Ones) }, "ones", "one")
	r.RegisterObject("initializers", "Constant", func() layer.Configurable { return new(Constant) }, "constant")
	r.RegisterObject("initializers", "Identity", func() layer.Configurable { return new(Identity) }, "identity", "IdentityInitializer")
}

// Config implements layer.Configurable.
func (*Zeros) Config(*layer.Config) {}

// Make implements layer.Initializer.
func (*Zeros) Make(shape []int, d tensor.DType) (tensor.Any, error) { return fill(shape, d, 0) }

// Config implements layer.Configurable.
func (*Ones) Config(*layer.Config) {}

// Make implements layer.Initializer.
func (*Ones) Make(shape []int, d tensor.DType) (tensor.Any, error) { return fill(shape, d, 1) }

// Config implements layer.Configurable.
func (i *Constant) Config(c *layer.Config) { c.Raw("value", &i.Value, pyjson.Number("0.0")) }

// Make implements layer.Initializer.
func (i *Constant) Make(shape []int, d tensor.DType) (tensor.Any, error) {
	v := i.Value
	if o, ok := v.(*pyjson.Object); ok {
		v = o.Object("config").Get("value")
	}
	t, err := layer.ArrayOf(v, d)
	if err != nil {
		return nil, fmt.Errorf("the initializer's value: %w", err)
	}
	if t.Rank() == 0 {
		f, err := t.Convert(tensor.Float64)
		if err != nil {
			return nil, err
		}
		return fill(shape, d, f.(*tensor.Of[float64]).At())
	}
	if slices.Equal(t.Shape(), shape) {
		return t, nil
	}
	if n, ok := tensor.SizeOf(shape); !ok || n > maxElements {
		return nil, fmt.Errorf("a variable of shape %s is too large", tensor.FormatShape(shape))
	}
	if full, err := tensor.Broadcast(t.Shape(), shape); err != nil || !slices.Equal(full, shape) {
		return nil, fmt.Errorf("the initializer's array has shape %s, the variable %s", tensor.FormatShape(t.Shape()), tensor.FormatShape(shape))
	}
	b := graph.NewBuilder()
	b.Graph.Outputs = []*graph.Value{b.BroadcastTo(b.Const(t), shape...)}
	out, err := graph.Interpret(b.Graph, graph.Run{})
	if err != nil {
		return nil, err
	}
	whole := tensor.NewAny(d, shape...)
	out[0].CopyTo(whole)
	return whole, nil
}

// Config implements layer.Configurable.
func (i *Identity) Config(c *layer.Config) { c.Float("gain", &i.Gain, 1) }

// Make implements layer.Initializer.
func (i *Identity) Make(shape []int, d tensor.DType) (tensor.Any, error) {
	if len(shape) != 2 {
		return nil, fmt.Errorf("an identity matrix has two axes, not shape %s", tensor.FormatShape(shape))
	}
	t := tensor.Zeros[float64](shape...)
	for k := range min(shape[0], shape[1]) {
		t.Set(i.Gain, k, k)
	}
	return t.Convert(d)
}

func fill(shape []int, d tensor.DType, v float64) (tensor.Any, error) {
	n, ok := tensor.SizeOf(shape)
	if !ok || n > maxElements {
		return nil, fmt.Errorf("a variable of shape %s is too large", tensor.FormatShape(shape))
	}
	t := tensor.NewAny(d, shape...)
	if v == 0 {
		return t, nil
	}
	f := tensor.Zeros[float64](shape...)
	data := f.Data()
	for i := range data {
		data[i] = v
	}
	return f.Convert(d)
}

// maxElements bounds what an initializer makes: a typing error in a layer's size ends with an error, not with the
// machine's memory.
const maxElements = 1 << 28
