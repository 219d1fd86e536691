package grad

import "github.com/hornml/horn/nn/graph"

// Params returns the gradients of a number with respect to parameters, as [Gradients] returns those with respect to values,
// wherever y is made of them: a graph may read a parameter more than once. Where no gradient flows the result is nil.
func Params(b *graph.Builder, ys, seeds []*graph.Value, params []*graph.Param, wrt ...*graph.Value) (ofParams, ofValues []*graph.Value) {
	number := make(map[*graph.Param]int, len(params))
	for i, p := range params {
		number[p] = i
	}
	all := append([]*graph.Value(nil), wrt...)
	var of []int
	for _, n := range b.Graph.Nodes {
		if read, ok := n.Op.(graph.ReadParam); ok {
			if i, asked := number[read.Param]; asked {
				all, of = append(all, n.Out[0]), append(of, i)
			}
		}
	}
	found := GradientsOf(b, ys, seeds, all)
	ofParams = make([]*graph.Value, len(params))
	for k, d := range found[len(wrt):] {
		switch i := of[k]; {
		case d == nil:
		case ofParams[i] == nil:
			ofParams[i] = d
		default:
			ofParams[i] = b.Add(ofParams[i], d)
		}
	}
	return ofParams, found[:len(wrt)]
}
