package layer_test

import (
	"testing"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/nn/layers"
	"github.com/hornml/horn/tensor"
)

// masking returns a probe whose class passes masks on, or not.
func masking(supports bool, call func(c *layer.Call) any) *probe {
	return named(&probe{config: nil, call: call, build: nil, Base: layer.Base{SupportsMasking: supports}}, "p")
}

// maskedCall calls l on a value with a mask, and returns the call's outputs and the mask.
func maskedCall(t *testing.T, l layer.Layer, kwargs func(mask *graph.Value) map[string]any) (out []*graph.Value, mask, other *graph.Value) {
	t.Helper()
	outer := &probe{call: func(c *layer.Call) any {
		x := c.X()
		mask = c.Compare(graph.NotEqual, x, c.Floats(tensor.Float32, 0))
		other = c.Compare(graph.NotEqual, x, c.Floats(tensor.Float32, 1))
		var kw map[string]any
		if kwargs != nil {
			kw = kwargs(other)
		}
		y := c.RunKw(l, []any{x.WithMask(mask)}, kw)
		out = layer.Flatten(y)
		return y
	}}
	layer.Begin(outer, layer.Class{Name: "Outer"})
	tr := &layer.Trace{}
	if _, err := tr.Run(outer, func(b *graph.Builder) []*graph.Value { return []*graph.Value{b.Input(tensor.Float32, 2, 3)} }); err != nil {
		t.Fatal(err)
	}
	return out, mask, other
}

// computing is a layer with a mask of its own making.
type computing struct {
	probe
	given any
	mask  func(c *layer.Call) any
}

func (l *computing) ComputeMask(c *layer.Call, previous any) any {
	l.given = previous
	if l.mask == nil {
		return nil
	}
	return l.mask(c)
}

func same(a, b *graph.Value) bool { return a == b || a != nil && b != nil && a.Same(b) }

// TestMasks tells for each kind of layer which mask its output has, as Keras's Layer.__call__ sets it.
func TestMasks(t *testing.T) {
	relu := func(c *layer.Call) any { return c.Relu(c.X()) }
	pass := func(c *layer.Call) any { return c.X() }
	for _, c := range []struct {
		what     string
		supports bool
		call     func(c *layer.Call) any
		kwargs   func(mask *graph.Value) map[string]any
		want     string // of each output: i(nput's), o(ther), - (none)
	}{
		{"a layer that supports masking passes it on", true, relu, nil, "i"},
		{"one that does not ends it", false, relu, nil, "-"},
		{"even where it returns its input", false, pass, nil, "-"},
		{"a layer that returns its input and supports it", true, pass, nil, "i"},
		{"a mask that is given counts, not the one that travels", true, relu,
			func(m *graph.Value) map[string]any { return map[string]any{"mask": m} }, "o"},
		{"a null is no mask that is given", true, relu, func(*graph.Value) map[string]any { return map[string]any{"mask": nil} }, "i"},
		{"a null that is meant: the mask travels on all the same", true, relu, func(*graph.Value) map[string]any {
			return map[string]any{"mask": layer.NoMask{}}
		}, "i"},
		{"only the first of two outputs has the one mask", true, func(c *layer.Call) any { return []any{c.Relu(c.X()), c.Relu(c.X())} },
			nil, "i-"},
		{"a mask that the layer set itself stays", true, func(c *layer.Call) any {
			x := c.X()
			return c.Relu(x).WithMask(c.Not(x.Mask))
		}, nil, "?"},
		{"an output that is left out takes no mask from the next", true, func(c *layer.Call) any { return []any{nil, c.Relu(c.X())} }, nil, "i"},
	} {
		out, mask, other := maskedCall(t, masking(c.supports, c.call), c.kwargs)
		got := ""
		for _, v := range out {
			switch {
			case v.Mask == nil:
				got += "-"
			case same(v.Mask, mask):
				got += "i"
			case same(v.Mask, other):
				got += "o"
			default:
				got += "?"
			}
		}
		if got != c.want {
			t.Errorf("%s: the masks are %q, not %q", c.what, got, c.want)
		}
	}
}

// TestComputeMask hands a layer the mask of its input, in the input's structure, and takes the layer's.
func TestComputeMask(t *testing.T) {
	l := &computing{probe: probe{Base: layer.Base{SupportsMasking: true}, call: func(c *layer.Call) any { return c.Relu(c.X()) }}}
	layers.Custom(l, "test>Computing")
	out, mask, _ := maskedCall(t, l, nil)
	if given, ok := l.given.(*graph.Value); !ok || !same(given, mask) {
		t.Errorf("the layer was given %v", l.given)
	}
	if out[0].Mask != nil {
		t.Errorf("ComputeMask returned nothing, the output has %v", out[0].Mask)
	}
	var own *graph.Value
	l.mask = func(c *layer.Call) any {
		own = c.Not(c.X().Mask)
		return []any{own}
	}
	if out, _, _ = maskedCall(t, l, nil); !same(out[0].Mask, own) {
		t.Errorf("the output has %v, not the layer's mask", out[0].Mask)
	}
	// Without SupportsMasking the method does not count.
	l.SupportsMasking = false
	if out, _, _ = maskedCall(t, l, nil); out[0].Mask != nil {
		t.Errorf("the output has %v", out[0].Mask)
	}
}

// TestMaskArgument is what Call.Mask finds inside a layer.
func TestMaskArgument(t *testing.T) {
	var found *graph.Value
	look := func(c *layer.Call) any {
		found = c.Mask()
		return c.Relu(c.X())
	}
	for _, c := range []struct {
		what   string
		kwargs func(mask *graph.Value) map[string]any
		want   string
	}{
		{"travelling", nil, "i"},
		{"given", func(m *graph.Value) map[string]any { return map[string]any{"mask": m} }, "o"},
		{"given in a list", func(m *graph.Value) map[string]any { return map[string]any{"mask": []any{m}} }, "o"},
		{"two in a list", func(m *graph.Value) map[string]any { return map[string]any{"mask": []any{m, m}} }, "-"},
		{"null", func(m *graph.Value) map[string]any { return map[string]any{"mask": nil} }, "i"},
		{"null that is meant", func(m *graph.Value) map[string]any { return map[string]any{"mask": layer.NoMask{}} }, "-"},
		{"with a second tensor none is filled in", func(m *graph.Value) map[string]any { return map[string]any{"value": m} }, "-"},
	} {
		_, mask, other := maskedCall(t, masking(true, look), c.kwargs)
		got := "?"
		switch {
		case found == nil:
			got = "-"
		case same(found, mask):
			got = "i"
		case same(found, other):
			got = "o"
		}
		if got != c.want {
			t.Errorf("%s: %q, not %q", c.what, got, c.want)
		}
	}
}
