package layer

import (
	"slices"
	"strings"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/internal/tree"
)

// forBuild is the call with which a layer is built. While lengths are unknown, the file may know more: the shapes for which the
// layer was built when it was saved (its build_config), for which Keras builds it again before it is called. A layer that two
// inputs share, of which one leaves open what the other fixes, is built so.
func (c *Call) forBuild() *Call {
	record := c.layer.base().record
	if !c.Symbolic() || record == nil {
		return c
	}
	config, _ := record.Get("build_config").(*pyjson.Object)
	if config == nil {
		return c
	}
	known := *c
	if v, ok := config.Lookup("input_shape"); ok && len(c.Args) > 0 {
		shapes := recordedShapes(v)
		if len(shapes) != len(Flatten(c.Args[0])) {
			return c
		}
		i := 0
		known.Args = slices.Clone(c.Args)
		known.Args[0] = tree.Map(c.Args[0], func(leaf any) any {
			if x, ok := leaf.(*graph.Value); ok && x != nil {
				i++
				return withRecorded(x, shapes[i-1])
			}
			return leaf
		})
		return &known
	}
	named, _ := config.Get("shapes_dict").(*pyjson.Object) // in the order of the arguments
	known.Args, known.Kwargs = slices.Clone(c.Args), map[string]any{}
	for k, v := range c.Kwargs {
		known.Kwargs[k] = v
	}
	for i, key := range named.Keys() {
		shapes := recordedShapes(named.Get(key))
		if len(shapes) != 1 {
			continue
		}
		name := strings.TrimSuffix(key, "_shape")
		if x, ok := known.Kwargs[name].(*graph.Value); ok {
			known.Kwargs[name] = withRecorded(x, shapes[0])
		} else if i < len(known.Args) {
			if x, ok := known.Args[i].(*graph.Value); ok {
				known.Args[i] = withRecorded(x, shapes[0])
			}
		}
	}
	return &known
}

// recordedShapes reads a shape or a nest of shapes, in flat order.
func recordedShapes(v any) [][]int {
	if shape, problem := pyjson.Shape(v); problem == "" {
		return [][]int{shape}
	}
	var out [][]int
	if list, ok := v.([]any); ok {
		for _, item := range list {
			out = append(out, recordedShapes(item)...)
		}
	}
	return out
}

// withRecorded stands for x with what a recorded shape knows of it.
func withRecorded(x *graph.Value, shape []int) *graph.Value {
	if len(shape) != x.Rank() || graph.AllKnown(x.Shape...) {
		return x
	}
	known := *x
	known.Shape = slices.Clone(x.Shape)
	for i, d := range shape {
		known.Shape[i] = graph.Meet(known.Shape[i], d)
		if known.Shape[i] < 0 {
			known.Shape[i] = graph.Unknown
		}
	}
	return &known
}
