package layers

import (
	"slices"
	"strings"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn/layer"
)

// Bidirectional runs one recurrent layer over a sequence from its begin and one from its end and merges their outputs
// (keras.layers.Bidirectional): MergeMode is "concat", "sum", "mul", "ave", or "" (None in Python) for two outputs. The
// states of both layers follow where they return them. As in Keras layers that return sequences give zeros for masked steps.
type Bidirectional struct {
	layer.Base
	ForwardLayer, BackwardLayer layer.Layer
	MergeMode                   string
}

// AddBidirectional adds Bidirectional to a registry.
func AddBidirectional(r *layer.Registry) {
	r.Register("keras.layers", "Bidirectional", func() layer.Layer { return new(Bidirectional) })
}

// Config implements layer.Layer.
func (l *Bidirectional) Config(c *layer.Config) {
	var mode any
	if l.MergeMode != "" {
		mode = l.MergeMode
	}
	c.Raw("merge_mode", &mode, "concat")
	l.MergeMode, _ = mode.(string)
	if mode != nil && !slices.Contains([]string{"concat", "sum", "mul", "ave"}, l.MergeMode) {
		c.Errorf("merge_mode", `"concat", "sum", "mul", "ave" or null is expected, not %s`, pyjson.Describe(mode))
	}
	c.Layer("layer", &l.ForwardLayer)
	c.LayerOrNone("backward_layer", &l.BackwardLayer)
	l.SupportsMasking = true
	if c.Reading() && l.ForwardLayer != nil {
		// A layer made in Go is not taken itself, but as in Keras another one of the same arguments.
		if v, _ := c.Value("layer"); v == any(l.ForwardLayer) && l.ForwardLayer.Class().Registered == "" {
			record, _ := pyjson.Clone(layer.Record(l.ForwardLayer)).(*pyjson.Object)
			record.Object("config").Set("name", "forward_"+strings.TrimPrefix(l.ForwardLayer.Name(), "forward_"))
			record.Delete("shared_object_id")
			l.ForwardLayer = c.DecodeLike(l.ForwardLayer, "layer", record)
		}
		if l.ForwardLayer != nil {
			l.settle(c)
		}
	}
}

// settle completes and checks the two layers as Keras's constructor does.
func (l *Bidirectional) settle(c *layer.Config) {
	f, ok := l.ForwardLayer.(recurrent)
	if !ok {
		c.Errorf("layer", "a recurrent layer such as LSTM is expected, not a %T", l.ForwardLayer)
		return
	}
	layer.SetName(l.ForwardLayer, "forward_"+strings.TrimPrefix(l.ForwardLayer.Name(), "forward_"))
	if v, _ := c.Value("backward_layer"); v == nil {
		record, _ := pyjson.Clone(layer.Record(l.ForwardLayer)).(*pyjson.Object)
		config := record.Object("config")
		config.Set("go_backwards", true)
		config.Set("name", "backward_"+strings.TrimPrefix(l.ForwardLayer.Name(), "forward_"))
		record.Delete("shared_object_id")
		l.BackwardLayer = c.DecodeLike(l.ForwardLayer, "layer", record)
	}
	if l.BackwardLayer == nil {
		return // reported
	}
	b, ok := l.BackwardLayer.(recurrent)
	if !ok {
		c.Errorf("backward_layer", "a recurrent layer such as LSTM is expected, not a %T", l.BackwardLayer)
		return
	}
	forward, backward := f.rnn(), b.rnn()
	if forward.GoBackwards == backward.GoBackwards {
		c.Errorf("backward_layer", "go_backwards must be true for one of the two layers and false for the other")
	}
	if forward.Stateful != backward.Stateful || forward.ReturnSequences != backward.ReturnSequences ||
		forward.ReturnState != backward.ReturnState {
		c.Errorf("backward_layer", "stateful, return_sequences and return_state must be the same for both layers")
	}
	forward.ZeroOutputForMask, backward.ZeroOutputForMask = forward.ReturnSequences, backward.ReturnSequences
}

// Children implements layer.Container.
func (l *Bidirectional) Children() []layer.Child {
	return []layer.Child{{Attr: "forward_layer", Layer: l.ForwardLayer}, {Attr: "backward_layer", Layer: l.BackwardLayer}}
}

// Call implements layer.Layer.
func (l *Bidirectional) Call(c *layer.Call) any {
	x := c.X()
	forward, backward := map[string]any{}, map[string]any{}
	if mask := timeMask(c, x); mask != nil {
		forward["mask"], backward["mask"] = mask, mask
	}
	if given := c.Arg(1, "initial_state"); given != nil {
		list, ok := given.([]any)
		if !ok {
			c.Fail("the initial state must be a list with the states of the forward layer and then those of the backward layer")
		}
		forward["initial_state"], backward["initial_state"] = list[:len(list)/2], list[len(list)/2:]
	}
	y, states := l.run(c, l.ForwardLayer, x, forward)
	z, more := l.run(c, l.BackwardLayer, x, backward)
	if l.ForwardLayer.(recurrent).rnn().ReturnSequences {
		z = c.Flip(z, 1)
	}
	var out []any
	switch l.MergeMode {
	case "concat":
		out = []any{c.Concat(-1, y, z)}
	case "sum":
		out = []any{c.Add(y, z)}
	case "ave":
		out = []any{c.MulS(c.Add(y, z), 0.5)}
	case "mul":
		out = []any{c.Mul(y, z)}
	default:
		out = []any{y, z}
	}
	if out = slices.Concat(out, states, more); len(out) == 1 {
		return out[0]
	}
	return out
}

// run calls one of the layers; it returns the output and the states, if there are any.
func (l *Bidirectional) run(c *layer.Call, inner layer.Layer, x *value, kwargs map[string]any) (*value, []any) {
	var states []any
	y := c.RunKw(inner, []any{x}, kwargs)
	if list, ok := y.([]any); ok && len(list) > 0 {
		y, states = list[0], list[1:]
	}
	out, ok := y.(*value)
	if !ok {
		c.Fail("the layer %q must return a tensor", inner.Name())
	}
	return c.Cast(out, l.ComputeDType()).WithMask(nil), states
}

// ComputeMask implements layer.Masker: the mask goes on with sequences.
func (l *Bidirectional) ComputeMask(_ *layer.Call, previous any) any {
	if !l.ForwardLayer.(recurrent).rnn().ReturnSequences {
		return nil
	}
	mask := firstLeaf(previous)
	if l.MergeMode == "" {
		return []any{mask, mask}
	}
	return mask
}
