package pass

import (
	"slices"

	"github.com/hornml/horn/nn/graph"
)

// phases turns a transposed convolution (a Conv with InputDilation s) into plain ones that never multiply by the zeros
// between the input's elements. Along each axis the outputs o with the same remainder of o/s read the same taps of the
// kernel, every s-th, at neighbouring elements of the input: one small convolution for each remainder, whose results are
// then interleaved. It returns the new nodes, the last of which is n itself, or nil where this does not fit.
func phases(n *graph.Node, a graph.Conv) []*graph.Node {
	out := n.Out[0]
	rank := len(a.Strides)
	factors, shape := a.InputDilation, n.In[1].Shape[:rank]
	if !graph.Is[graph.Const](n.In[1].Node.Op) || out.Size() == 0 || slices.Max(a.Strides) != 1 || slices.Max(a.Dilation) != 1 {
		return nil
	}
	if 2*rank+2 > graph.MaxRank {
		return nil
	}
	var nodes []*graph.Node
	emit := func(op graph.Op, in ...*graph.Value) *graph.Value {
		node := graph.NewNode(op, n.Label, in...)
		nodes = append(nodes, node)
		return node.Out[0]
	}
	axes := make([][]phase, rank)
	count, same := 1, a.Groups == 1
	for i, s := range factors {
		if count = graph.Times(count, s); count > max(n.In[1].Size(), maxPhases) { // a phase has a tap at least
			return nil
		}
		for r := range s {
			p, ok := phaseOf(r, s, shape[i], n.In[0].Shape[i+1], out.Shape[i+1], a.PadLo[i])
			if !ok {
				return nil
			}
			axes[i] = append(axes[i], p)
			same = same && p.taps == 1 && p.lo == 0 && p.hi == 0
		}
	}
	if !same && count > maxPhases {
		return nil
	}
	conv := a
	conv.InputDilation = a.Strides
	conv.PadLo, conv.PadHi = make([]int, rank), make([]int, rank)
	var parts *graph.Value
	if same {
		// Each output reads one element: one product, whose columns are the filters of all remainders.
		k, order, flat := n.In[1], []int{rank}, slices.Repeat([]int{1}, rank)
		flip := graph.Slice{Start: make([]int, rank+2), Step: slices.Repeat([]int{1}, rank+2), Count: slices.Clone(k.Shape)}
		for i := range rank {
			flip.Start[i], flip.Step[i] = k.Shape[i]-1, -1
			order = append(order, i)
		}
		k = emit(graph.Transpose{Axes: append(order, rank+1)}, emit(flip, k))
		k = emit(graph.Reshape{Shape: append(flat, n.In[1].Shape[rank], count*n.In[1].Shape[rank+1])}, k)
		parts = emit(conv, n.In[0], k)
	} else {
		var list []*graph.Value
		for r := range count {
			b := conv
			b.PadLo, b.PadHi = make([]int, rank), make([]int, rank)
			cut := graph.Slice{Start: make([]int, rank+2), Step: slices.Repeat([]int{1}, rank+2), Count: slices.Clone(n.In[1].Shape)}
			for i := rank - 1; i >= 0; i-- {
				p := axes[i][r%factors[i]]
				r /= factors[i]
				cut.Start[i], cut.Step[i], cut.Count[i] = p.first, factors[i], p.taps
				b.PadLo[i], b.PadHi[i] = p.lo, p.hi
			}
			list = append(list, emit(b, n.In[0], emit(cut, n.In[1])))
		}
		parts = emit(graph.Concat{Axis: rank + 1}, list...)
	}
	// (batch, a, b, r·s·filters) is (batch, a, b, r, s, filters), which becomes (batch, a, r, b, s, filters).
	split, order := slices.Clone(parts.Shape[:rank+1]), []int{0}
	for i, s := range factors {
		split = append(split, s)
		order = append(order, i+1, rank+i+1)
	}
	parts = emit(graph.Reshape{Shape: append(split, out.Shape[rank+1])}, parts)
	parts = emit(graph.Transpose{Axes: append(order, 2*rank+1)}, parts)
	n.Op, n.In = graph.Reshape{Shape: out.Shape}, []*graph.Value{parts}
	return append(nodes, n)
}

// maxPhases bounds the convolutions that take the place of one: a kernel of a million taps with strides of 500 would become
// a quarter of a million. Those of models have 4 to 64.
const maxPhases = 256

// phase is the convolution along one axis for the outputs with one remainder: which taps of the kernel it has, and how
// much it pads the input.
type phase struct{ first, taps, lo, hi int }

// phaseOf works out the phase of remainder r for a spread s, a kernel, input and output of the given lengths, and the
// padding lo before the spread input. Output r+s*q reads the taps first+s*j at the elements q+j-lo' of the input.
func phaseOf(r, s, kernel, in, out, lo int) (phase, bool) {
	first := ((lo-r)%s + s) % s
	p := phase{first: first, taps: (kernel - first + s - 1) / s, lo: -(r + first - lo) / s}
	if out%s != 0 || first >= kernel {
		return p, false
	}
	p.hi = out/s - in - p.lo + p.taps - 1
	return p, p.lo >= 0 && p.hi >= 0
}
