package graph

import (
	"fmt"
	"slices"
)

// Verify checks what is true of every graph, at any moment: nodes come after those that they read, outputs have the types and
// shapes that the op's shape rule says, and inputs, outputs and updates belong to the graph. Bodies of loops are checked, too.
func Verify(g *Graph) error {
	place := make(map[*Node]int, len(g.Nodes))
	known := func(v *Value) error {
		switch _, ok := place[v.Node]; {
		case !ok:
			return fmt.Errorf("%s of %s is not there yet", v, v.Node.Op.Name())
		case v.Index >= len(v.Node.Out):
			return fmt.Errorf("output %d of %s, which has %d", v.Index, v.Node.Op.Name(), len(v.Node.Out))
		}
		if out := v.Node.Out[v.Index]; out.DType != v.DType || !slices.Equal(out.Shape, v.Shape) {
			return fmt.Errorf("%s is seen as %s", out, v)
		}
		return nil
	}
	for i, n := range g.Nodes {
		if _, ok := place[n]; ok {
			return fmt.Errorf("node %d (%s): it stands in the graph twice", i, n.Op.Name())
		}
		for k, v := range n.In {
			if err := known(v); err != nil {
				return fmt.Errorf("node %d (%s): input %d: %w", i, n.Op.Name(), k, err)
			}
		}
		if err := verifyOutputs(n); err != nil {
			return fmt.Errorf("node %d (%s): %w", i, n.Op.Name(), err)
		}
		if scan, ok := n.Op.(Scan); ok {
			if err := Verify(scan.Body); err != nil {
				return fmt.Errorf("node %d (%s): its body: %w", i, n.Op.Name(), err)
			}
		}
		place[n] = i
	}
	for i, v := range g.Inputs {
		if err := known(v); err != nil {
			return fmt.Errorf("input %d: %w", i, err)
		}
		if !Is[Input](v.Node.Op) {
			return fmt.Errorf("input %d is a %s", i, v.Node.Op.Name())
		}
	}
	for i, v := range g.Outputs {
		if err := known(v); err != nil {
			return fmt.Errorf("output %d: %w", i, err)
		}
	}
	for i, u := range g.Updates {
		if err := known(u.Value); err != nil {
			return fmt.Errorf("update %d: %w", i, err)
		}
	}
	return nil
}

// verifyOutputs infers the outputs of a node once more and compares.
func verifyOutputs(n *Node) (err error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case *Error:
			err = r
		default:
			panic(r)
		}
	}()
	again := NewNode(n.Op, n.Label, n.In...)
	if len(again.Out) != len(n.Out) {
		return fmt.Errorf("%d outputs where the op has %d", len(n.Out), len(again.Out))
	}
	for i, v := range again.Out {
		own := n.Out[i]
		if own.DType != v.DType || !slices.Equal(own.Shape, v.Shape) {
			return fmt.Errorf("output %d is declared as %s and inferred as %s", i, own, v)
		}
		if own.Node != n || own.Index != i {
			return fmt.Errorf("output %d says that it is output %d of another node", i, own.Index)
		}
	}
	return nil
}
