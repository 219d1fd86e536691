package layers

import (
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
)

// StackedRNNCells is a cell that runs cells one after the other (keras.layers.StackedRNNCells); its states are a list with
// those of each cell.
type StackedRNNCells struct {
	layer.Base
	Cells []layer.Layer
}

// AddStackedRNNCells adds StackedRNNCells to a registry.
func AddStackedRNNCells(r *layer.Registry) {
	r.Register("keras.layers", "StackedRNNCells", func() layer.Layer { return new(StackedRNNCells) })
}

// Config implements layer.Layer.
func (l *StackedRNNCells) Config(c *layer.Config) {
	c.Layers("cells", &l.Cells)
	if c.Reading() && len(l.Cells) == 0 {
		c.Errorf("cells", "at least one cell is expected")
	}
	for _, cell := range l.Cells {
		if _, ok := cell.(Cell); !ok {
			c.Errorf("cells", "recurrent cells such as LSTMCell are expected, not a %T", cell)
		}
	}
}

// Children implements layer.Container.
func (l *StackedRNNCells) Children() []layer.Child {
	return []layer.Child{{Attr: "cells", List: l.Cells}}
}

// Build implements layer.Builder.
func (l *StackedRNNCells) Build(c *layer.Call) {
	x := c.X()
	l.eachStep(c, x.Shape, func(cell Cell, step []int) []any {
		return cell.States(c.Enter(cell, &graph.Value{DType: x.DType, Shape: step}), step)
	})
}

// eachStep calls f for each cell with the shape of its step's input; f returns the cell's states. The output of a cell
// has the shape of its first state.
func (l *StackedRNNCells) eachStep(c *layer.Call, step []int, f func(cell Cell, step []int) []any) []any {
	all := make([]any, len(l.Cells))
	for i, cell := range l.Cells {
		states := f(cell.(Cell), step)
		shapes := leafShapes(states)
		if len(shapes) == 0 {
			c.Fail("the cell %q has no state", cell.Name())
		}
		all[i] = states
		step = append([]int{step[0]}, shapes[0]...)
	}
	return all
}

// States implements Cell.
func (l *StackedRNNCells) States(c *layer.Call, step []int) []any {
	return l.eachStep(c, step, func(cell Cell, step []int) []any { return cell.States(c, step) })
}

// Call implements layer.Layer.
func (l *StackedRNNCells) Call(c *layer.Call) any {
	x := c.X()
	given := layer.Flatten(c.Arg(1, "states"))
	kinds := l.States(c, x.Shape)
	if n := len(leafShapes(kinds)); len(given) != n {
		c.Fail("the cells have %d states, %d were given", n, len(given))
	}
	packed, _ := pack(kinds, given)
	next := make([]any, len(l.Cells))
	for i, cell := range l.Cells {
		var states []*value
		x, states = callCell(c, cell, x, packed[i].([]any))
		next[i], _ = pack(kinds[i].([]any), states)
	}
	return []any{x, next}
}
