package graph

// Run holds what one interpretation of a graph works on; States may be nil.
type Run struct {
	Inputs []Buf
	States map[*Param]StateValue // changed by the graph's updates
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
		case ReadParam:
			kept, ok := run.States[op.Param]
			switch {
			case !op.Param.IsState():
				buf, err := op.Param.Buf()
				if err != nil {
					return nil, err
				}
				out[0] = buf
			case ok && kept.Fits(n.Out[0]):
				out[0] = kept.Buf
			default:
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
		kept := NewStateValue(u.Value)
		kept.Buf.Copy(values[u.Value.Node][u.Value.Index])
		switch {
		case !u.Param.IsState():
			if err := u.Param.Store(kept.Buf); err != nil {
				return nil, err
			}
		case run.States != nil:
			run.States[u.Param] = kept
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
