package graph

// Run holds what one interpretation of a graph works on; States may be nil.
type Run struct {
	Inputs []Buf
	States map[string]Buf // by State.StateKey; changed by the graph's updates
}

// Interpret computes the outputs of a graph with the reference evaluation of each op, one after the other, without any
// optimization: what the compiled plan is compared with.
func Interpret(g *Graph, run Run) ([]Buf, error) {
	values := make(map[*Node][]Buf, len(g.Nodes))
	next := 0
	for _, n := range g.Nodes {
		out := make([]Buf, len(n.Out))
		switch op := n.Op.(type) {
		case Input:
			out[0] = run.Inputs[next]
			next++
		case ReadState:
			key := op.State.StateKey()
			if kept, ok := run.States[key]; ok && kept.Len() == n.Out[0].Size() {
				out[0] = kept
			} else {
				out[0] = NewBuf(n.Out[0].DType, n.Out[0].Size())
			}
		case Const:
			buf, err := op.Source.Buf()
			if err != nil {
				return nil, err
			}
			out[0] = buf
		default:
			for i, v := range n.Out {
				out[i] = NewBuf(v.DType, v.Size())
			}
			in := make([]Buf, len(n.In))
			for i, v := range n.In {
				in[i] = values[v.Node][v.Index]
			}
			if err := Eval(n, in, out); err != nil {
				return nil, err
			}
		}
		values[n] = out
	}
	for _, u := range g.Updates {
		if run.States != nil {
			kept := NewBuf(u.Value.DType, u.Value.Size())
			kept.Copy(values[u.Value.Node][u.Value.Index])
			run.States[u.State.StateKey()] = kept
		}
	}
	outputs := make([]Buf, len(g.Outputs))
	for i, v := range g.Outputs {
		outputs[i] = values[v.Node][v.Index]
	}
	return outputs, nil
}

// Eval runs the reference evaluation of one node and brings its results into the range of their types.
func Eval(n *Node, in, out []Buf) error {
	if err := n.Op.Eval(n, in, out); err != nil {
		return err
	}
	for i, v := range n.Out {
		out[i].Finish(v.DType)
	}
	return nil
}
