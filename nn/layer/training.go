package layer

import (
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/tensor"
)

// Training says whether the layers of a model are called as in training (the argument training of Model.__call__).
type Training uint8

const (
	// Inference is training=False for all layers, whatever their calls in the model say: that of Model.predict, evaluate and
	// test_on_batch.
	Inference Training = iota
	// AsCalled is training=None, that of model(x): a layer is called as in training where its call in the model says so, and
	// otherwise as Keras's call context has it.
	AsCalled
	// InTraining is training=True for all layers.
	InTraining
)

// Training reports whether the layer is called as in training.
func (c *Call) Training() bool {
	switch c.trace.Training {
	case Inference:
		return false
	case InTraining:
		return true
	}
	return c.training != nil && *c.training
}

// TrainingOr is Training for a layer whose call method in Keras has a default for the argument, other than None. As in Keras it
// then holds for later calls of layers that do not say otherwise.
func (c *Call) TrainingOr(def bool) bool {
	if c.trace.Training == AsCalled && c.training == nil {
		c.training, c.trace.training = &def, &def
	}
	return c.Training()
}

// enter notes what a call says of training, as Layer.__call__ does: it holds for this layer, for those inside it, and, since
// Keras has one context for all of an outermost call, for those called later which say nothing.
func (t *Trace) enter(l Layer, kwargs map[string]any) *bool {
	if t.Training != AsCalled || IsOp(l) {
		return t.training
	}
	switch v, given := kwargs["training"]; v := v.(type) {
	case bool:
		t.training = &v
	case nil:
		if given {
			t.training = nil
		}
	}
	return t.training
}

// InModel returns the keyword arguments with which a model calls one of its layers: what the model itself was told of training
// stands in the place of what the call says (functional.operation_fn).
func (c *Call) InModel(l Layer, kwargs map[string]any) map[string]any {
	if c.trace.Training != AsCalled || c.training == nil || IsOp(l) {
		return kwargs
	}
	out := map[string]any{"training": *c.training}
	for k, v := range kwargs {
		if k != "training" {
			out[k] = v
		}
	}
	return out
}

// Draw returns the number of draws from a generator of random numbers so far, an unsigned integer (1), and counts one more.
// counter is a state.
func (c *Call) Draw(counter *graph.Param) *graph.Value {
	t := c.trace
	if c.Builder != t.root {
		c.Fail("random numbers are drawn inside of a loop")
	}
	n := t.draws[counter]
	if n == nil {
		n = c.State(counter, tensor.Uint32, 1)
	}
	if t.draws == nil {
		t.draws = map[*graph.Param]*graph.Value{}
	}
	t.draws[counter] = c.AddS(n, 1)
	c.SetParam(counter, t.draws[counter])
	return n
}

// Latest returns what a variable is at this place of the trace, in its own type: what was assigned last, or what it is before
// the run.
func (c *Call) Latest(x *Variable) *graph.Value {
	for _, u := range c.trace.root.Graph.Updates {
		if u.Param == x.Param() && c.Builder == c.trace.root {
			return u.Value
		}
	}
	return c.Raw(x)
}

// Assign makes v what a variable is after the run (Variable.assign); of what reads it later in the trace only Latest sees that.
// v has the variable's shape, and becomes its type.
func (c *Call) Assign(x *Variable, v *graph.Value) {
	if c.Builder != c.trace.root {
		c.Fail("the variable %q is assigned inside of a loop", x.Path)
	}
	c.SetParam(x.Param(), c.Cast(v, x.DType))
}
