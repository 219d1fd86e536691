package layers

import (
	"strings"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
)

// TimeDistributed applies a layer to each step of (batch, time, ...) (keras.layers.TimeDistributed). A layer that treats
// all samples alike sees batch*time of them at once; others are run step by step.
type TimeDistributed struct {
	layer.Base
	Layer layer.Layer
}

// AddTimeDistributed adds TimeDistributed to a registry.
func AddTimeDistributed(r *layer.Registry) {
	r.Register("keras.layers", "TimeDistributed", func() layer.Layer { return new(TimeDistributed) })
	r.Refuse("keras.layers", "Wrapper", "it is an abstract base class, which does nothing by itself")
}

// Config implements layer.Layer.
func (l *TimeDistributed) Config(c *layer.Config) {
	c.Layer("layer", &l.Layer)
	l.SupportsMasking = true
}

// Children implements layer.Container.
func (l *TimeDistributed) Children() []layer.Child {
	return []layer.Child{{Attr: "layer", Layer: l.Layer}}
}

// Call implements layer.Layer.
func (l *TimeDistributed) Call(c *layer.Call) any {
	x := c.X()
	if x.Rank() < 3 {
		c.Fail("an input (batch, time, ...) of rank 3 or more is expected, not %s", x)
	}
	mask := c.Mask()
	if mask != nil && (mask.Rank() < 2 || !graph.FitShapes(mask.Shape[:2], x.Shape[:2])) {
		c.Fail("a mask %s does not begin with the batch and time of the input %s", mask, x)
	}
	if mask != nil && mask.Rank() == 2 {
		mask = nil // it says nothing about what is inside of a step
	}
	batch, time := x.Shape[0], x.Shape[1]
	if c.Training() && graph.Known(time) { // each step draws and counts for itself
		steps := make([]*value, time)
		for i := range steps {
			step := c.Squeeze(c.Slice(x, 1, i, i+1), 1)
			if mask != nil {
				step = step.WithMask(c.Squeeze(c.Slice(mask, 1, i, i+1), 1))
			}
			steps[i] = c.Run1(l.Layer, step)
		}
		return c.Stack(1, steps...)
	}
	if !alikeForAll(l.Layer, x.Rank()-1) {
		xs := []*value{x}
		if mask != nil {
			xs = append(xs, mask)
		}
		y, _ := c.Scan(xs, nil, graph.Loop{Sequences: true}, nil, func(c *layer.Call, xs, _ []*value) (*value, []*value) {
			x := xs[0]
			if len(xs) > 1 {
				x = x.WithMask(xs[1])
			}
			return c.Run1(l.Layer, x), nil
		})
		return y
	}
	samples := graph.Times(batch, time)
	merge := func(v *value) *value { return c.Reshape(v, append([]int{samples}, v.Shape[2:]...)...) }
	steps := merge(x)
	if mask != nil {
		steps = steps.WithMask(merge(mask))
	}
	y := c.Run1(l.Layer, steps)
	if y.Rank() == 0 || !graph.Fits(y.Shape[0], samples) {
		c.Fail("the layer %q must return a result for each sample, not %s for %s", l.Layer.Name(), y, steps)
	}
	return c.Reshape(y, append([]int{batch, time}, y.Shape[1:]...)...)
}

// elementwiseOps are the keras.ops nodes that a layer may hold and still treat all samples alike.
var elementwiseOps = map[string]bool{"Add": true, "Subtract": true, "Multiply": true, "Divide": true, "TrueDivide": true, "Power": true,
	"Negative": true,
	"Relu":     true, "Relu6": true, "Sigmoid": true, "Tanh": true, "Exp": true, "Log": true, "Sqrt": true, "Square": true, "Silu": true,
	"Gelu": true, "Absolute": true}

// alikeForAll reports whether a layer surely treats each sample by itself and all in the same way, so that the number of
// samples does not matter. Layers of the caller's, most ops, states, and axes that are or may be the batch rule it out.
func alikeForAll(inner layer.Layer, rank int) bool {
	alike := true
	layer.Each(inner, func(l layer.Layer) {
		record := layer.FileRecord(l)
		if record == nil {
			record = layer.Record(l)
		}
		module, config := l.Class().Module, record.Object("config")
		switch {
		case strings.HasPrefix(module, "keras.src.ops"):
			alike = alike && elementwiseOps[l.Class().Name]
		case module != "keras" && !strings.HasPrefix(module, "keras.") && module != "":
			alike = false
		case strings.Contains(record.String("registered_name"), ">"), config.Get("stateful") == true:
			alike = false
		}
		axes, ok := config.Get("axis").([]any)
		if !ok {
			axes = []any{config.Get("axis")}
		}
		for _, a := range axes {
			n, ok := a.(pyjson.Number)
			if !ok {
				continue
			}
			if i, ok := n.Int(); !ok || i == 0 || i < -1 && (l != inner || i <= -rank) {
				alike = false
			}
		}
	})
	return alike
}
