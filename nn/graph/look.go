package graph

// Output names an output of a node, for maps: a [Value] may be one of several handles of it.
type Output struct {
	Node  *Node
	Index int
}

// Output returns the output that v is a handle of.
func (v *Value) Output() Output { return Output{v.Node, v.Index} }

// Users says which nodes read each value; an output of the graph, or what a parameter becomes, is read by nil.
type Users map[Output][]*Node

// UsersOf returns the users of all values of a graph.
func UsersOf(g *Graph) Users {
	uses := Users{}
	for _, n := range g.Nodes {
		for _, v := range n.In {
			uses[v.Output()] = append(uses[v.Output()], n)
		}
	}
	for _, v := range g.Outputs {
		uses[v.Output()] = append(uses[v.Output()], nil)
	}
	for _, u := range g.Updates {
		uses[u.Value.Output()] = append(uses[u.Value.Output()], nil)
	}
	return uses
}

// Only returns the one node that reads v, nil if there are others or v leaves the graph.
func (u Users) Only(v *Value) *Node {
	if list := u[v.Output()]; len(list) == 1 {
		return list[0]
	}
	return nil
}

// LastDim returns the length of the last axis, 1 for a number.
//
//go:noinline
func (v *Value) LastDim() int {
	if len(v.Shape) == 0 {
		return 1
	}
	return v.Shape[len(v.Shape)-1]
}

// InFloat32 reports whether v is stored as float32: float32 itself or one of the 16-bit types, which need rounding.
//
//go:noinline
func (v *Value) InFloat32() bool { return ClassOf(v.DType) == ClassF }

// ConstBuf returns the elements of a constant, which never change.
func ConstBuf(v *Value) (Buf, bool) {
	c, ok := v.Node.Op.(Const)
	if !ok {
		return Buf{}, false
	}
	buf, err := c.Source.Buf()
	return buf, err == nil
}

// ConstScalar returns the value of a constant of one element.
func ConstScalar(v *Value) (float64, bool) {
	if v.Size() != 1 || !v.DType.IsFloat() {
		return 0, false
	}
	buf, ok := ConstBuf(v)
	if !ok {
		return 0, false
	}
	return buf.Float64(0), true
}

// Prune drops the nodes that nothing needs; inputs stay.
func (g *Graph) Prune() {
	needed := map[*Node]bool{}
	for _, v := range g.Outputs {
		needed[v.Node] = true
	}
	for _, u := range g.Updates {
		needed[u.Value.Node] = true
	}
	for i := len(g.Nodes) - 1; i >= 0; i-- {
		if n := g.Nodes[i]; needed[n] {
			for _, v := range n.In {
				needed[v.Node] = true
			}
		}
	}
	kept := g.Nodes[:0]
	for _, n := range g.Nodes {
		if needed[n] || Is[Input](n.Op) {
			kept = append(kept, n)
		}
	}
	g.Nodes = kept
}

// Renumber gives the nodes ids in their order.
func (g *Graph) Renumber() {
	for i, n := range g.Nodes {
		n.ID = i
	}
}

// Clone returns a graph of its own with the same nodes; the ops are shared.
func (g *Graph) Clone() *Graph {
	copies := make(map[*Node]*Node, len(g.Nodes))
	value := func(v *Value) *Value {
		c := *v
		c.Mask = nil
		if n := copies[v.Node]; n != nil {
			c.Node = n
		}
		return &c
	}
	values := func(vs []*Value) []*Value {
		list := make([]*Value, len(vs))
		for i, v := range vs {
			list[i] = value(v)
		}
		return list
	}
	out := &Graph{Nodes: make([]*Node, len(g.Nodes))}
	for i, n := range g.Nodes {
		c := &Node{ID: n.ID, Op: n.Op, Label: n.Label, In: values(n.In)}
		copies[n] = c
		for _, v := range n.Out {
			c.Out = append(c.Out, &Value{Node: c, Index: v.Index, Shape: v.Shape, DType: v.DType})
		}
		out.Nodes[i] = c
	}
	out.Inputs, out.Outputs = values(g.Inputs), values(g.Outputs)
	for _, u := range g.Updates {
		out.Updates = append(out.Updates, Update{u.Param, value(u.Value)})
	}
	return out
}
