package pass

import (
	"slices"

	"github.com/hornml/horn/nn/graph"
)

// sink moves transposes and reshapes below the ops that do the same to every element, or that know axes by number only.
// In a model with the channels first each convolution and pooling stands between two transposes; moved down to the next
// such layer they cancel, and the ops between them run, and fuse, with the channels last. A reshape that splits the
// features of a product into heads goes below the bias, which then belongs to the product.
func sink(g *graph.Graph) {
	s := &sinker{uses: graph.UsersOf(g)}
	for _, n := range g.Nodes {
		if len(n.Out) == 1 && !s.transpose(n) {
			s.reshape(n)
		}
		s.nodes = append(s.nodes, n)
	}
	g.Nodes = s.nodes
	g.Renumber()
}

type sinker struct {
	uses  graph.Users
	nodes []*graph.Node
}

// emit makes a node before the one that is being looked at.
func (s *sinker) emit(op graph.Op, label string, in ...*graph.Value) *graph.Value {
	n := graph.NewNode(op, label, in...)
	s.nodes = append(s.nodes, n)
	for _, v := range in {
		s.uses[v.Output()] = append(s.uses[v.Output()], n)
	}
	return n.Out[0]
}

// become turns n into a movement of v, which has the elements that n had.
func (s *sinker) become(n *graph.Node, op graph.Op, v *graph.Value) {
	n.Op, n.In = op, []*graph.Value{v}
	s.uses[v.Output()] = append(s.uses[v.Output()], n)
}

// movable reports whether a transpose can go below an op: one that does the same to every element, or knows its axes by
// number only.
func movable(op graph.Op) bool { return graph.IsByElement(op) || isPermuter(op) }

func isPermuter(op graph.Op) bool {
	_, ok := op.(graph.Permuter)
	return ok
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
	permuter, named := n.Op.(graph.Permuter)
	if !named && !graph.IsByElement(n.Op) {
		return false
	}
	var above *graph.Node
	for _, v := range n.In {
		if t := v.Node; graph.Is[graph.Transpose](t.Op) && (named || v.Size() == n.Out[0].Size()) && s.welcome(v) {
			above = t
			break
		}
	}
	if above == nil {
		return false
	}
	axes := above.Op.(graph.Transpose).Axes
	if named && !toFirst(axes) || !named && n.Out[0].Rank() != len(axes) {
		return false
	}
	if softmax, ok := n.Op.(graph.Softmax); ok && axes[softmax.Axis] != len(axes)-1 {
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
	op := n.Op
	if named {
		op = permuter.Permute(axes)
	}
	s.become(n, graph.Transpose{Axes: axes}, s.emit(op, n.Label, in...))
	return true
}

// welcome reports whether all that read a transposed value could do without the transpose, as far as can be seen here.
func (s *sinker) welcome(v *graph.Value) bool {
	for _, u := range s.uses[v.Output()] {
		if u == nil || !graph.Is[graph.Transpose](u.Op) && !movable(u.Op) {
			return false
		}
	}
	return true
}

// before returns v as it is before a transpose, nil if that would cost a copy.
func (s *sinker) before(v *graph.Value, axes []int, whole bool, label string) *graph.Value {
	if t, ok := v.Node.Op.(graph.Transpose); ok && slices.Equal(t.Axes, axes) {
		return v.Node.In[0]
	}
	if v.Size() == 1 && !whole {
		if v.Rank() == 0 {
			return v
		}
		return s.emit(graph.Reshape{Shape: []int{}}, label, v)
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
		return s.emit(graph.Reshape{Shape: moved}, label, v)
	case graph.Is[graph.Const](v.Node.Op):
		return s.emit(graph.Transpose{Axes: back}, label, s.emit(graph.Reshape{Shape: shape}, label, v))
	}
	return nil
}

// reshape moves a reshape from above the elementwise op n to below it.
func (s *sinker) reshape(n *graph.Node) {
	if !graph.IsByElement(n.Op) {
		return
	}
	out := n.Out[0]
	var x *graph.Value
	for _, v := range n.In {
		if r := v.Node; graph.Is[graph.Reshape](r.Op) && v.Size() == out.Size() && s.uses.Only(v) == n && !r.In[0].Node.IsLeaf() {
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
	s.become(n, graph.Reshape{Shape: out.Shape}, s.emit(n.Op, n.Label, in...))
}

// unshaped returns an operand of an elementwise op in the shape that fits x's, of which the result `out` is a reshape; nil
// if there is none.
func (s *sinker) unshaped(v, x, out *graph.Value, label string) *graph.Value {
	if graph.Is[graph.Reshape](v.Node.Op) && slices.Equal(v.Node.In[0].Shape, x.Shape) {
		return v.Node.In[0]
	}
	if v.Size() == 1 {
		if v.Rank() == 0 {
			return v
		}
		return s.emit(graph.Reshape{Shape: []int{}}, label, v)
	}
	own := v.Shape
	for len(own) > 0 && own[0] == 1 {
		own = own[1:]
	}
	if len(own) > len(out.Shape) || !slices.Equal(own, out.Shape[len(out.Shape)-len(own):]) && v.Size() != out.Size() {
		return nil
	}
	for i := len(x.Shape) - 1; i >= 0; i-- {
		if graph.Product(x.Shape[i:]) == v.Size() {
			return s.emit(graph.Reshape{Shape: slices.Clone(x.Shape[i:])}, label, v)
		}
	}
	return nil
}
