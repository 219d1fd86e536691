// Package grad writes backward graphs: the gradients of values of a graph with respect to others, as more of the same graph.
//
// It knows no op: each says itself how a gradient flows through it ([graph.Differentiable]). Integers and
// [graph.StopGradient] let none through; what is not on a way from the one to the other is never visited. A program that
// imports neither this package nor something that does links no gradient.
package grad

import (
	"slices"

	"github.com/hornml/horn/nn/graph"
)

// Gradients writes the gradients of a number with respect to each of wrt into b's graph, where seed is the gradient of the
// number with respect to y: of one shape and type with y. Without a seed (nil) the number is the sum of y's elements. The
// values of wrt may be any of the graph. Where y does not depend on one, or no gradient flows, the result is nil. It panics
// with *[graph.Error], as a builder does, where an op on the way has no gradient.
func Gradients(b *graph.Builder, y, seed *graph.Value, wrt []*graph.Value) []*graph.Value {
	return GradientsOf(b, []*graph.Value{y}, []*graph.Value{seed}, wrt)
}

// GradientsOf is [Gradients] of a number that depends on several values.
func GradientsOf(b *graph.Builder, ys, seeds, wrt []*graph.Value) []*graph.Value {
	seeds = append([]*graph.Value(nil), seeds...)
	for i, y := range ys {
		if seeds[i] == nil && y.Differentiable() {
			seeds[i] = b.Full(y.DType, 1, y.Shape...)
		}
	}
	return differentiate(b, ys, seeds, wrt)
}

// tape is the way back through a graph.
type tape struct {
	b     *graph.Builder
	wrt   map[graph.Output]bool
	on    map[*graph.Node]bool          // whether a node depends on one of wrt, for those that were asked
	order []*graph.Node                 // nodes on the way, each after those it reads
	grads map[graph.Output]*graph.Value // what has come back so far
}

func differentiate(b *graph.Builder, ys, dys, wrt []*graph.Value) []*graph.Value {
	t := &tape{b: b, wrt: map[graph.Output]bool{}, on: map[*graph.Node]bool{}, grads: map[graph.Output]*graph.Value{}}
	for _, v := range wrt {
		t.wrt[v.Output()] = true
	}
	for i, y := range ys {
		if dys[i] != nil && t.depends(y) {
			t.add(y.Output(), dys[i])
		}
	}
	for i := len(t.order) - 1; i >= 0; i-- {
		t.back(t.order[i])
	}
	out := make([]*graph.Value, len(wrt))
	for i, v := range wrt {
		out[i] = t.grads[v.Output()]
	}
	return out
}

// depends reports whether a gradient can flow from v back to one of wrt.
func (t *tape) depends(v *graph.Value) bool {
	if !v.Differentiable() {
		return false
	}
	if t.wrt[v.Output()] {
		t.visit(v.Node) // it may depend on others
		return true
	}
	return t.visit(v.Node)
}

// visit puts the nodes on which n depends, and then n, into the order, and reports whether n is on the way. A long graph
// must not need a deep stack.
func (t *tape) visit(n *graph.Node) bool {
	type frame struct {
		node *graph.Node
		next int // the input to look at
		on   bool
	}
	if on, ok := t.on[n]; ok {
		return on
	}
	stack := []frame{{node: n}}
	t.on[n] = false
	for {
		f := &stack[len(stack)-1]
		if graph.Is[graph.StopGradient](f.node.Op) {
			f.next = len(f.node.In)
		}
		if f.next < len(f.node.In) {
			in := f.node.In[f.next]
			if !in.Differentiable() {
				f.next++
				continue
			}
			on, known := t.on[in.Node]
			if !known {
				t.on[in.Node] = false
				stack = append(stack, frame{node: in.Node})
				continue
			}
			f.next++
			f.on = f.on || on || t.wrt[in.Output()]
			continue
		}
		done := *f
		if done.on {
			t.on[done.node] = true
			t.order = append(t.order, done.node)
		}
		if stack = stack[:len(stack)-1]; len(stack) == 0 {
			return done.on
		}
	}
}

// wanted reports whether a gradient with respect to a value that has been visited is of use.
func (t *tape) wanted(v *graph.Value) bool {
	return v.Differentiable() && (t.wrt[v.Output()] || t.on[v.Node])
}

// add adds a gradient to what has come back to a value.
func (t *tape) add(o graph.Output, d *graph.Value) {
	if old := t.grads[o]; old != nil {
		d = t.b.Add(old, d)
	}
	t.grads[o] = d
}

// back lets the gradients of a node's outputs flow into its inputs.
func (t *tape) back(n *graph.Node) {
	dOut := make([]*graph.Value, len(n.Out))
	any := false
	for i := range n.Out {
		dOut[i] = t.grads[graph.Output{Node: n, Index: i}]
		any = any || dOut[i] != nil
	}
	if !any {
		return
	}
	label := t.b.Label
	t.b.Label = n.Label
	defer func() { t.b.Label = label }()
	op, ok := n.Op.(graph.Differentiable)
	if !ok {
		t.b.Fail("%s has no gradient", n.Op.Name())
	}
	wanted := make([]bool, len(n.In))
	for i, v := range n.In {
		wanted[i] = t.wanted(v)
	}
	for i, d := range op.Gradient(&graph.Backward{Builder: t.b, Wanted: wanted, Differentiate: differentiate}, n, dOut) {
		if d == nil || !wanted[i] {
			continue
		}
		if v := n.In[i]; d.DType != v.DType || !slices.Equal(d.Shape, v.Shape) {
			t.b.Fail("%s: the gradient of input %d, %s, is %s", n.Op.Name(), i, v, d)
		}
		t.add(n.In[i].Output(), d)
	}
}
