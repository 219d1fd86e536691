package layer

import (
	"slices"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/internal/tree"
)

// NoMask is a null for the argument "mask" that is meant: Keras 3.16 records null where it ran a layer without one, earlier
// releases also where they found the mask themselves.
type NoMask struct{}

// Mask returns the mask argument of a layer with one tensor argument: what was given as "mask" or, if nothing or null was,
// the mask that travels with the input.
func (c *Call) Mask() *graph.Value {
	switch m := c.Kwargs["mask"].(type) {
	case NoMask:
		return nil
	case *graph.Value:
		return m
	case []any:
		if len(m) == 1 {
			if v, ok := m[0].(*graph.Value); ok {
				return v
			}
		}
		return nil
	}
	if c.tensorArguments() > 1 {
		return nil
	}
	if xs := c.Xs(); len(xs) > 0 {
		return xs[0].Mask
	}
	return nil
}

// tensorArguments counts the arguments that hold tensors, as Keras does to decide whether a mask is filled in.
func (c *Call) tensorArguments() int {
	n := 0
	for _, a := range c.Args {
		if len(Flatten(a)) > 0 {
			n++
		}
	}
	for k, a := range c.Kwargs {
		if k != "mask" && len(Flatten(a)) > 0 {
			n++
		}
	}
	return n
}

// dropMasks takes the masks off outputs that are inputs as they came: a layer that does not support masks ends them even
// where it has nothing to do, such as a padding of 0. What models and keras.ops nodes return keeps its mask.
func (c *Call) dropMasks(out any) any {
	if IsOp(c.layer) || c.layer.base().network != nil {
		return out
	}
	in := Flatten(c.Args)
	return tree.Map(out, func(leaf any) any {
		x, ok := leaf.(*graph.Value)
		if ok && x != nil && x.Mask != nil && slices.ContainsFunc(in, x.Same) {
			return x.WithMask(nil)
		}
		return leaf
	})
}

// setMasks gives the outputs the layer's mask, unless the layer has set one itself.
func (c *Call) setMasks(out any) any {
	b := c.layer.base()
	if !b.SupportsMasking {
		return c.dropMasks(out)
	}
	var previous any
	if m := c.Kwargs["mask"]; m != nil && m != (NoMask{}) {
		previous = m
	} else {
		previous = tree.Map(c.First(), func(leaf any) any {
			if x, ok := leaf.(*graph.Value); ok && x != nil && x.Mask != nil {
				return x.Mask
			}
			return nil
		})
	}
	if m, ok := c.layer.(Masker); ok {
		previous = m.ComputeMask(c, previous)
	}
	var masks []any
	tree.Walk(previous, func(leaf any) { masks = append(masks, leaf) })
	if !slices.ContainsFunc(masks, func(m any) bool { v, ok := m.(*graph.Value); return ok && v != nil }) {
		return out
	}
	i := 0
	return tree.Map(out, func(leaf any) any {
		x, ok := leaf.(*graph.Value)
		if !ok || x == nil {
			return leaf
		}
		if i < len(masks) {
			if m, ok := masks[i].(*graph.Value); ok && m != nil && x.Mask == nil {
				x = x.WithMask(m)
			}
		}
		i++
		return x
	})
}
