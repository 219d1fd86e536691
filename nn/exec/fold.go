package exec

import (
	"crypto/sha256"
	"fmt"

	"github.com/hornml/horn/nn/graph"
)

// fold computes what depends on constants alone. Results that are much larger than what they are made of, such as
// broadcasts, are left to the plan.
func fold(g *graph.Graph, cache *Cache) error {
	for _, n := range g.Nodes {
		if n.Op.Impure || n.Op == graph.OpConst || len(n.In) == 0 || len(n.Out) != 1 {
			continue
		}
		all, size := true, 0
		for _, v := range n.In {
			all = all && v.Node.Op == graph.OpConst
			size += v.Size()
		}
		if !all || n.Out[0].Size() > max(2*size, smallConstant) {
			continue
		}
		key := foldKey(n)
		src, err := get(cache, key, func() (*folded, error) {
			in := make([]graph.Buf, len(n.In))
			for i, v := range n.In {
				var err error
				if in[i], err = v.Node.Source.Buf(); err != nil {
					return nil, err
				}
			}
			out := []graph.Buf{graph.NewBuf(n.Out[0].DType, n.Out[0].Size())}
			err := graph.Eval(n, in, out)
			return &folded{key, out[0]}, err
		})
		if err != nil {
			return err
		}
		makeConst(n, src)
	}
	return nil
}

// smallConstant is the number of elements up to which any constant result is folded.
const smallConstant = 1 << 12

// foldKey says how a constant is made: by which op, of what.
func foldKey(n *graph.Node) string {
	h := sha256.New()
	fmt.Fprintf(h, "%s %s%v", n.Op.Name, n.Out[0].DType, n.Out[0].Shape)
	if a := n.Attrs; a != nil {
		fmt.Fprintf(h, " %T%+v", a, deref(a))
	}
	for _, v := range n.In {
		fmt.Fprintf(h, "|%s%v%q", v.DType, v.Shape, v.Node.Source.Key())
	}
	return "f" + string(h.Sum(nil))
}

// deref prints attributes by their content, not by their address.
func deref(a any) any {
	switch a := a.(type) {
	case *graph.ConvAttrs:
		return *a
	case *graph.PoolAttrs:
		return *a
	}
	return a
}

// makeConst turns a node into a constant.
func makeConst(n *graph.Node, src graph.Source) {
	n.Op, n.Attrs, n.In, n.Source = graph.OpConst, nil, nil, src
}
