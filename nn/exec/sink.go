package exec

import (
	"slices"

	"github.com/hornml/horn/nn/graph"
)

// sink moves transposes and reshapes below the ops that do the same to every element, or that know axes by number only.
// In a model with the channels first each convolution and pooling stands between two transposes; moved down to the next
// such layer they cancel, and the ops between them run, and fuse, with the channels last. A reshape that splits the
// features of a product into heads goes below the bias, which then belongs to the product.
func sink(g *graph.Graph) {
	s := &sinker{uses: usersOf(g)}
	for _, n := range g.Nodes {
		if len(n.Out) == 1 && !s.transpose(n) {
			s.reshape(n)
		}
		s.nodes = append(s.nodes, n)
	}
	g.Nodes = s.nodes
	renumber(g)
}

// renumber gives the nodes ids in their order.
func renumber(g *graph.Graph) {
	for i, n := range g.Nodes {
		n.ID = i
	}
}

type sinker struct {
	uses  userMap
	nodes []*graph.Node
}

// emit makes a node before the one that is being looked at.
func (s *sinker) emit(op *graph.Op, attrs any, label string, in ...*graph.Value) *graph.Value {
	n := &graph.Node{Op: op, Attrs: attrs, In: in, Label: label}
	op.Infer(n)
	s.nodes = append(s.nodes, n)
	for _, v := range in {
		s.uses[keyOf(v)] = append(s.uses[keyOf(v)], n)
	}
	return n.Out[0]
}

// become turns n into a movement of v, which has the elements that n had.
func (s *sinker) become(n *graph.Node, op *graph.Op, attrs any, v *graph.Value) {
	n.Op, n.Attrs, n.In = op, attrs, []*graph.Value{v}
	s.uses[keyOf(v)] = append(s.uses[keyOf(v)], n)
}

// isElementwise reports whether an op does the same to every element, with operands that broadcast.
func isElementwise(op *graph.Op) bool {
	return graph.UnaryOf(op) != nil || graph.BinaryOf(op) != nil || op == graph.OpCast || op == graph.OpWhere
}

// knowsAxes reports whether an op has axes in its attributes, which renamed can renames.
func knowsAxes(op *graph.Op) bool {
	switch op {
	case graph.OpConcat, graph.OpPad, graph.OpSlice, graph.OpSoftmax, graph.OpLogSoftmax, graph.OpResample, opRepeat:
		return true
	}
	return graph.ReductionOf(op) != nil
}

// renamed returns the attributes of an op for inputs whose axis axes[i] is what was axis i.
func renamed(n *graph.Node, axes []int) any {
	list := func(x []int) []int {
		y := make([]int, len(x))
		for i, a := range axes {
			y[a] = x[i]
		}
		return y
	}
	switch a := n.Attrs.(type) {
	case int:
		return axes[a]
	case graph.PadAttrs:
		return graph.PadAttrs{Lo: list(a.Lo), Hi: list(a.Hi), Value: a.Value}
	case graph.SliceAttrs:
		return graph.SliceAttrs{Start: list(a.Start), Step: list(a.Step), Count: list(a.Count)}
	case graph.ReduceAttrs:
		moved := make([]int, len(a.Axes))
		for i, x := range a.Axes {
			moved[i] = axes[x]
		}
		slices.Sort(moved)
		return graph.ReduceAttrs{Axes: moved}
	case *graph.ResampleAttrs:
		return &graph.ResampleAttrs{Axis: axes[a.Axis], Taps: a.Taps}
	case repeatAttrs:
		return repeatAttrs{axis: axes[a.axis], count: a.count}
	}
	return n.Attrs
}

// toFirst reports whether a transpose brings the channels from the last to the second place.
func toFirst(axes []int) bool {
	for i, a := range axes {
		if want := i - 1; i > 1 && a != want || i == 1 && a != len(axes)-1 || i == 0 && a != 0 {
			return false
		}
	}
	return len(axes) > 2
}

// transpose moves a transpose from above n to below it.
func (s *sinker) transpose(n *graph.Node) bool {
	named := knowsAxes(n.Op)
	if !named && !isElementwise(n.Op) {
		return false
	}
	var above *graph.Node
	for _, v := range n.In {
		if t := v.Node; t.Op == graph.OpTranspose && (named || v.Size() == n.Out[0].Size()) && s.welcome(v) {
			above = t
			break
		}
	}
	if above == nil {
		return false
	}
	axes := above.Attrs.([]int)
	if named && !toFirst(axes) || !named && n.Out[0].Rank() != len(axes) {
		return false
	}
	if softmax := n.Op == graph.OpSoftmax || n.Op == graph.OpLogSoftmax; softmax && axes[n.Attrs.(int)] != len(axes)-1 {
		return false // there is a kernel for the last axis
	}
	made := len(s.nodes)
	in := make([]*graph.Value, len(n.In))
	for i, v := range n.In {
		if in[i] = s.before(v, axes, named, n.Label); in[i] == nil {
			s.nodes = s.nodes[:made]
			return false
		}
	}
	attrs := n.Attrs
	if named {
		attrs = renamed(n, axes)
	}
	s.become(n, graph.OpTranspose, axes, s.emit(n.Op, attrs, n.Label, in...))
	return true
}

// welcome reports whether all that read a transposed value could do without the transpose, as far as can be seen here.
func (s *sinker) welcome(v *graph.Value) bool {
	for _, u := range s.uses[keyOf(v)] {
		if u == nil || u.Op != graph.OpTranspose && !isElementwise(u.Op) && !knowsAxes(u.Op) {
			return false
		}
	}
	return true
}

// before returns v as it is before a transpose, nil if that would cost a copy.
func (s *sinker) before(v *graph.Value, axes []int, whole bool, label string) *graph.Value {
	if t := v.Node; t.Op == graph.OpTranspose && slices.Equal(t.Attrs.([]int), axes) {
		return t.In[0]
	}
	if v.Size() == 1 && !whole {
		if v.Rank() == 0 {
			return v
		}
		return s.emit(graph.OpReshape, []int{}, label, v)
	}
	if !toFirst(axes) || whole && v.Rank() != len(axes) {
		return nil
	}
	shape := append(slices.Repeat([]int{1}, len(axes)-v.Rank()), v.Shape...)
	back := make([]int, len(axes))
	moved := make([]int, len(axes))
	for i, a := range axes {
		back[a] = i
		moved[a] = shape[i]
	}
	switch {
	case keepsOrder(back, shape):
		return s.emit(graph.OpReshape, moved, label, v)
	case v.Node.Op == graph.OpConst:
		return s.emit(graph.OpTranspose, back, label, s.emit(graph.OpReshape, shape, label, v))
	}
	return nil
}

// reshape moves a reshape from above the elementwise op n to below it.
func (s *sinker) reshape(n *graph.Node) {
	if !isElementwise(n.Op) {
		return
	}
	out := n.Out[0]
	var x *graph.Value
	for _, v := range n.In {
		if r := v.Node; r.Op == graph.OpReshape && v.Size() == out.Size() && s.uses.only(v) == n && r.In[0].Node.Op.Kind != graph.KindInput && r.In[0].Node.Op != graph.OpConst {
			x = r.In[0]
			break
		}
	}
	if x == nil || x.Size() == 0 {
		return
	}
	made := len(s.nodes)
	in := make([]*graph.Value, len(n.In))
	for i, v := range n.In {
		if in[i] = s.unshaped(v, x, out, n.Label); in[i] == nil {
			s.nodes = s.nodes[:made]
			return
		}
	}
	s.become(n, graph.OpReshape, out.Shape, s.emit(n.Op, n.Attrs, n.Label, in...))
}

// unshaped returns an operand of an elementwise op in the shape that fits x's, of which the result `out` is a reshape; nil
// if there is none.
func (s *sinker) unshaped(v, x, out *graph.Value, label string) *graph.Value {
	if v.Node.Op == graph.OpReshape && slices.Equal(v.Node.In[0].Shape, x.Shape) {
		return v.Node.In[0]
	}
	if v.Size() == 1 {
		if v.Rank() == 0 {
			return v
		}
		return s.emit(graph.OpReshape, []int{}, label, v)
	}
	own := v.Shape
	for len(own) > 0 && own[0] == 1 {
		own = own[1:]
	}
	if len(own) > len(out.Shape) || !slices.Equal(own, out.Shape[len(out.Shape)-len(own):]) && v.Size() != out.Size() {
		return nil
	}
	for i := len(x.Shape) - 1; i >= 0; i-- {
		if product(x.Shape[i:]) == v.Size() {
			return s.emit(graph.OpReshape, slices.Clone(x.Shape[i:]), label, v)
		}
	}
	return nil
}
