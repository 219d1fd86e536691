package layers

import (
	"slices"
	"strings"

	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/pyjson"
)

// TimeDistributed applies a layer to each step of (batch, time, ...) (keras.layers.TimeDistributed). A layer that treats
// all samples alike sees batch*time of them at once; others are run step by step.
type TimeDistributed struct {
	nn.Base
	Layer nn.Layer
}

func init() {
	nn.Register("keras.layers", "TimeDistributed", func() nn.Layer { return new(TimeDistributed) })
	nn.Refuse("keras.layers", "Wrapper", "it is an abstract base class, which does nothing by itself")
}

// Config implements nn.Layer.
func (l *TimeDistributed) Config(c *nn.Config) {
	c.Layer("layer", &l.Layer)
	l.SupportsMasking = true
}

// Children implements nn.Container.
func (l *TimeDistributed) Children() []nn.Child {
	return []nn.Child{{Attr: "layer", Layer: l.Layer}}
}

// Call implements nn.Layer.
func (l *TimeDistributed) Call(c *nn.Call) any {
	x := c.X()
	if x.Rank() < 3 {
		c.Fail("an input (batch, time, ...) of rank 3 or more is expected, not %s", x)
	}
	mask := c.Mask()
	if mask != nil && (mask.Rank() < 2 || !slices.Equal(mask.Shape[:2], x.Shape[:2])) {
		c.Fail("a mask %s does not begin with the batch and time of the input %s", mask, x)
	}
	if mask != nil && mask.Rank() == 2 {
		mask = nil // it says nothing about what is inside of a step
	}
	batch, time := x.Shape[0], x.Shape[1]
	if !alikeForAll(l.Layer, x.Rank()-1) {
		xs := []*value{x}
		if mask != nil {
			xs = append(xs, mask)
		}
		y, _ := c.Scan(xs, nil, graph.LoopAttrs{Sequences: true}, nil, func(c *nn.Call, xs, _ []*value) (*value, []*value) {
			x := xs[0]
			if len(xs) > 1 {
				x = x.WithMask(xs[1])
			}
			return c.Run1(l.Layer, x), nil
		})
		return y
	}
	merge := func(v *value) *value { return c.Reshape(v, append([]int{batch * time}, v.Shape[2:]...)...) }
	steps := merge(x)
	if mask != nil {
		steps = steps.WithMask(merge(mask))
	}
	y := c.Run1(l.Layer, steps)
	if y.Rank() == 0 || y.Shape[0] != batch*time {
		c.Fail("the layer %q must return a result for each sample, not %s for %s", l.Layer.Name(), y, steps)
	}
	return c.Reshape(y, append([]int{batch, time}, y.Shape[1:]...)...)
}

// elementwiseOps are the keras.ops nodes that a layer may hold and still treat all samples alike.
var elementwiseOps = map[string]bool{"Add": true, "Subtract": true, "Multiply": true, "Divide": true, "TrueDivide": true, "Power": true, "Negative": true,
	"Relu": true, "Relu6": true, "Sigmoid": true, "Tanh": true, "Exp": true, "Log": true, "Sqrt": true, "Square": true, "Silu": true, "Gelu": true, "Absolute": true}

// alikeForAll reports whether a layer surely treats each sample by itself and all in the same way, so that the number of
// samples does not matter. Layers of the caller's, most ops, states, and axes that are or may be the batch rule it out.
func alikeForAll(layer nn.Layer, rank int) bool {
	alike := true
	nn.EachLayer(layer, func(l nn.Layer) {
		base := l.(interface {
			Module() string
			ClassName() string
			Record() *pyjson.Object
		})
		record := base.Record()
		if record == nil {
			record = nn.Record(l)
		}
		module, config := base.Module(), record.Object("config")
		switch {
		case strings.HasPrefix(module, "keras.src.ops"):
			alike = alike && elementwiseOps[base.ClassName()]
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
			if i, ok := n.Int(); !ok || i == 0 || i < -1 && (l != layer || i <= -rank) {
				alike = false
			}
		}
	})
	return alike
}
