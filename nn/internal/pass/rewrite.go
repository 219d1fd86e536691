package pass

import (
	"slices"

	"github.com/hornml/horn/nn/graph"
)

// standIns puts in the place of ops that only gradients know from one of their inputs that input.
func standIns(g *graph.Graph) {
	real := func(v *graph.Value) *graph.Value {
		for {
			op, ok := v.Node.Op.(graph.StandIn)
			if !ok {
				return v
			}
			v = v.Node.In[op.Stands()]
		}
	}
	all := func(vs []*graph.Value) {
		for i, v := range vs {
			vs[i] = real(v)
		}
	}
	for _, n := range g.Nodes {
		all(n.In)
	}
	all(g.Outputs)
	for i, u := range g.Updates {
		g.Updates[i].Value = real(u.Value)
	}
}

// separate turns a convolution of an input with zeros between its elements (a transposed convolution) into plain ones, or
// into an op that writes that input out and one plain convolution.
func separate(g *graph.Graph) {
	var nodes []*graph.Node
	for _, n := range g.Nodes {
		if conv, ok := n.Op.(graph.Conv); ok && slices.Max(conv.InputDilation) != 1 && slices.Min(conv.PadLo) >= 0 {
			if parts := phases(n, conv); parts != nil {
				nodes = append(nodes, parts...)
				continue
			}
			spread := graph.NewNode(graph.Spread{Factors: conv.InputDilation}, n.Label, n.In[0])
			nodes = append(nodes, spread)
			conv.InputDilation = slices.Repeat([]int{1}, len(conv.InputDilation))
			n.Op, n.In = conv, []*graph.Value{spread.Out[0], n.In[1]}
		}
		nodes = append(nodes, n)
	}
	g.Nodes = nodes
}

// mergeTransposes joins a transpose of a transpose into one, and those that move nothing in memory into reshapes.
func mergeTransposes(g *graph.Graph) {
	for _, n := range g.Nodes {
		skipReshapes(n)
		t, ok := n.Op.(graph.Transpose)
		if !ok {
			continue
		}
		axes := t.Axes
		for {
			inner, ok := n.In[0].Node.Op.(graph.Transpose)
			if !ok {
				break
			}
			joined := make([]int, len(axes))
			for i, a := range axes {
				joined[i] = inner.Axes[a]
			}
			axes = joined
			n.In = slices.Clone(n.In[0].Node.In)
			skipReshapes(n)
		}
		n.Op = graph.Transpose{Axes: axes}
		if keepsOrder(axes, n.In[0].Shape) {
			n.Op = graph.Reshape{Shape: n.Out[0].Shape}
		}
	}
}

// skipReshapes lets a node read what a reshape to the same shape reads and, if it is a reshape, what any reshape reads.
func skipReshapes(n *graph.Node) {
	for i := range n.In {
		for r := n.In[i].Node; graph.Is[graph.Reshape](r.Op); r = n.In[i].Node {
			if !graph.Is[graph.Reshape](n.Op) && !slices.Equal(r.In[0].Shape, n.In[i].Shape) {
				break
			}
			n.In = slices.Clone(n.In)
			n.In[i] = r.In[0]
		}
	}
}

// keepsOrder reports whether a transpose leaves the elements in their places: only axes of length 1 move.
func keepsOrder(axes, shape []int) bool {
	last := -1
	for _, a := range axes {
		if shape[a] == 1 {
			continue
		}
		if a < last {
			return false
		}
		last = a
	}
	return true
}
