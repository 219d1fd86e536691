package pass

import (
	"encoding/binary"
	"slices"

	"github.com/hornml/horn/internal/digest"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/tensor"
)

// fold computes what depends on constants and weights alone. Results that are much larger than what they are made of, such
// as broadcasts, are left to the plan; but masks, which take a byte an element and are slow to make, are computed, with what
// lies between them and the constants.
func fold(g *graph.Graph, m Memory) error {
	f := &folder{made: map[*graph.Node]*expression{}}
	for _, n := range g.Nodes {
		if graph.IsImpure(n.Op) || n.IsLeaf() || len(n.In) == 0 || len(n.Out) != 1 {
			continue
		}
		all, small, size := true, true, 0
		for _, v := range n.In {
			left := f.made[v.Node] != nil
			small = small && !left
			all = all && (left || graph.IsFixed(v))
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
				if e := f.made[v.Node]; e != nil {
					total += e.elements
				}
			}
			if total <= 4*maxMask {
				e := f.expression(n)
				e.elements = total
				f.made[n] = e
			}
			continue
		}
		e := f.expression(n)
		op, err := m.Derive(e.key, n, e.leaves(nil), func(read func(*graph.Node) (graph.Buf, error), out graph.Buf) error {
			return e.into(out, read, map[*expression]graph.Buf{})
		})
		if err != nil {
			return err
		}
		n.Op, n.In = op, nil
	}
	return nil
}

const (
	smallConstant = 1 << 12 // the number of elements up to which any constant result is folded
	maxMask       = 1 << 22 // and any mask
)

// folder remembers the nodes that depend on constants and weights alone but were left.
type folder struct {
	made  map[*graph.Node]*expression
	space []byte // for keys
}

// expression says how elements are made. It has copies of the nodes, which later passes may change.
type expression struct {
	node     *graph.Node
	in       []*expression // nil for a leaf
	key      string
	elements int // of all that it is made of
}

// expression describes a node whose inputs are leaves or were left.
func (f *folder) expression(n *graph.Node) *expression {
	e := &expression{node: copied(n)}
	key := appendValue(graph.AppendKey(f.space[:0], n.Op), n.Out[0])
	for _, v := range n.In {
		in := f.made[v.Node]
		if in == nil {
			in = &expression{node: copied(v.Node), key: string(graph.AppendKey(nil, v.Node.Op))}
		}
		e.in = append(e.in, in)
		key = appendValue(key, v)
		key = append(binary.AppendUvarint(key, uint64(len(in.key))), in.key...)
	}
	f.space = key
	sum := digest.Of(key)
	e.key = "f" + string(sum[:])
	return e
}

// appendValue appends the type and the shape of a value.
func appendValue(key []byte, v *graph.Value) []byte {
	key = binary.AppendUvarint(append(key, byte(v.DType)), uint64(len(v.Shape)))
	for _, d := range v.Shape {
		key = binary.AppendVarint(key, int64(d))
	}
	return key
}

func copied(n *graph.Node) *graph.Node {
	c := *n
	return &c
}

// leaves appends the constants and parameters of which e is made.
func (e *expression) leaves(list []*graph.Node) []*graph.Node {
	if e.in == nil {
		if !slices.Contains(list, e.node) {
			list = append(list, e.node)
		}
		return list
	}
	for _, in := range e.in {
		list = in.leaves(list)
	}
	return list
}

// into computes e; known holds what has been computed so far.
func (e *expression) into(out graph.Buf, read func(*graph.Node) (graph.Buf, error), known map[*expression]graph.Buf) error {
	in := make([]graph.Buf, len(e.in))
	for i, x := range e.in {
		buf, ok := known[x]
		if !ok {
			var err error
			if x.in == nil {
				buf, err = read(x.node)
			} else {
				buf = graph.NewBuf(x.node.Out[0].DType, x.node.Out[0].Size())
				err = x.into(buf, read, known)
			}
			if err != nil {
				return err
			}
			known[x] = buf
		}
		in[i] = buf
	}
	return graph.Eval(e.node, in, []graph.Buf{out})
}
