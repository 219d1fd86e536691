package exec

import (
	"crypto/sha256"
	"fmt"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/tensor"
)

// fold computes what depends on constants alone. Results that are much larger than what they are made of, such as
// broadcasts, are left to the plan; but masks, which take a byte an element and are slow to make, are computed, with what
// lies between them and the constants.
func fold(g *graph.Graph, cache *Cache) error {
	f := &folder{large: map[*graph.Node]string{}}
	elements := map[*graph.Node]int{} // of all that a large node is made of
	for _, n := range g.Nodes {
		if graph.IsImpure(n.Op) || graph.Is[graph.Const](n.Op) || len(n.In) == 0 || len(n.Out) != 1 {
			continue
		}
		all, small, size := true, true, 0
		for _, v := range n.In {
			_, isLarge := f.large[v.Node]
			small = small && !isLarge
			all = all && (graph.Is[graph.Const](v.Node.Op) || isLarge)
			size += v.Size()
		}
		result := n.Out[0]
		switch {
		case !all || result.Size() > max(2*size, maxMask):
			continue
		case result.DType == tensor.Bool: // whatever it is made of
		case !small || result.Size() > max(2*size, smallConstant):
			total := result.Size()
			for _, v := range n.In {
				total += elements[v.Node]
			}
			if total <= 4*maxMask {
				f.large[n], elements[n] = f.key(n), total
			}
			continue
		}
		key := f.key(n)
		src, err := get(cache, key, func() (*folded, error) {
			out, err := f.evaluate(n, map[*graph.Node]graph.Buf{})
			return &folded{key, out}, err
		})
		if err != nil {
			return err
		}
		makeConst(n, src)
	}
	return nil
}

const (
	smallConstant = 1 << 12 // the number of elements up to which any constant result is folded
	maxMask       = 1 << 22 // and any mask
)

// folder remembers the nodes that depend on constants alone but were left, with their keys.
type folder struct{ large map[*graph.Node]string }

// evaluate computes a node that depends on constants alone; known holds what it has computed so far.
func (f *folder) evaluate(n *graph.Node, known map[*graph.Node]graph.Buf) (graph.Buf, error) {
	if graph.Is[graph.Const](n.Op) {
		return n.Op.(graph.Const).Source.Buf()
	}
	if buf, ok := known[n]; ok {
		return buf, nil
	}
	in := make([]graph.Buf, len(n.In))
	for i, v := range n.In {
		var err error
		if in[i], err = f.evaluate(v.Node, known); err != nil {
			return graph.Buf{}, err
		}
	}
	out := graph.NewBuf(n.Out[0].DType, n.Out[0].Size())
	known[n] = out
	return out, graph.Eval(n, in, []graph.Buf{out})
}

// key says how a constant is made: by which op, of what.
func (f *folder) key(n *graph.Node) string {
	h := sha256.New()
	h.Write(graph.AppendKey(nil, n.Op))
	fmt.Fprintf(h, "%s%v", n.Out[0].DType, n.Out[0].Shape)
	for _, v := range n.In {
		source, ok := f.large[v.Node]
		if !ok {
			source = graph.SourceOf(v).Key()
		}
		fmt.Fprintf(h, "|%s%v%q", v.DType, v.Shape, source)
	}
	return "f" + string(h.Sum(nil))
}

// makeConst turns a node into a constant.
func makeConst(n *graph.Node, src graph.Source) {
	n.Op, n.In = graph.Const{Source: src, DType: n.Out[0].DType, Shape: n.Out[0].Shape}, nil
}
