package layer

import (
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/internal/tree"
	"github.com/hornml/horn/tensor"
)

// Regularizer is an object of keras.regularizers, or a layer that has one built in.
type Regularizer interface {
	// Penalty writes what a tensor, a weight or the output of a layer, adds to the loss: a scalar.
	Penalty(b *graph.Builder, x *graph.Value) *graph.Value
}

// Regularized gives a variable the regularizer and the constraint of its layer's arguments; nil is none.
//
//go:noinline
func Regularized(regularizer, constraint *Object) WeightOption {
	return func(v *Variable) { v.Regularizer, v.Constraint = regularizer, constraint }
}

// Constrainer is an object of keras.constraints.
type Constrainer interface {
	// Constrain writes the value that a weight takes on instead of w.
	Constrain(b *graph.Builder, w *graph.Value) *graph.Value
}

// Penalty writes the sum of what the layers' outputs and the regularizers of variables add to the loss into the graph of
// the trace, which has run with Penalize; nil for nothing.
func (t *Trace) Penalty(variables []*Variable) (sum *graph.Value, err error) {
	b := t.root
	defer func() {
		if r := recover(); r != nil {
			if err = Failure(r, "the penalties of the loss"); err == nil {
				panic(r)
			}
			sum = nil
		}
	}()
	list := t.penalties
	for _, v := range variables {
		if v.Regularizer == nil {
			continue
		}
		r, ok := v.Regularizer.Impl.(Regularizer)
		if !ok {
			b.Fail("the regularizer %s of variable %s has no Go form", v.Regularizer.Name, v.Path)
		}
		list = append(list, r.Penalty(b, b.Param(v.Param())))
	}
	for _, p := range list {
		p = b.Cast(p, tensor.Float32)
		if sum == nil {
			sum = p
		} else {
			sum = b.Add(sum, p)
		}
	}
	return sum, nil
}

// addPenalty keeps what a layer's output adds to the loss: by its activity regularizer, for each sample, or by the layer
// itself.
func (t *Trace) addPenalty(c *Call, l Layer, out any) {
	b := l.base()
	own, _ := l.(Regularizer)
	var regularizer Regularizer
	if o := b.ActivityRegularizer; o != nil {
		var ok bool
		if regularizer, ok = o.Impl.(Regularizer); !ok {
			c.Fail("the activity regularizer %s has no Go form", o.Name)
		}
	}
	for _, r := range []Regularizer{own, regularizer} {
		if r == nil {
			continue
		}
		if t.builder != t.root {
			c.Fail("an activity regularizer inside of a loop is not supported")
		}
		for _, x := range tree.Values(out) {
			p := r.Penalty(c.Builder, x)
			if x.Rank() > 0 && x.Shape[0] > 0 {
				p = c.MulS(p, 1/float64(x.Shape[0]))
			}
			t.penalties = append(t.penalties, p)
		}
	}
}
