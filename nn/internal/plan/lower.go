package plan

import (
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/tensor"
)

// work is a step before it has memory: what it reads and writes, and how to make it once values have places.
type work struct {
	node *graph.Node    // whose label the step has
	name string         // for profiles
	in   []*graph.Value // what it reads
	out  []*graph.Value // what it writes
	// inPlace names an input whose memory the first output may take over if nothing needs that input later: the step
	// reads each part of it before it writes the same part. -1 for none.
	inPlace int
	scratch int // float32 elements of scratch for each worker
	bytes   int // bytes of scratch for each worker
	// make returns the step's function; ids are final then.
	make func(p *Plan) kernelFunc
	// units is the number of parts into which the work divides, and cost an estimate of the whole in nanoseconds on one
	// core; see package crew.
	units  int
	weight func(unit int) int // of a unit among the others; nil if they are alike
	cost   float64
}

// kernelFunc does the parts [lo, hi) of a step, as worker w.
type kernelFunc func(r *run, w, lo, hi int) error

// lowering turns a graph into a list of work.
type lowering struct {
	g       *graph.Graph
	forms   *forms
	options Options
	subs    []*Plan // of the bodies of loops
	uses    graph.Users
	done    map[*graph.Node]bool  // nodes that are part of some work already
	at      map[*graph.Node]*work // the work that is due when its last node is reached
	list    []*work
	threads int
}

func (l *lowering) lower() ([]*work, error) {
	g, threads := l.g, l.threads
	// Products take what follows them first; what is left of the elementwise ops forms groups of its own.
	for _, n := range g.Nodes {
		if l.done[n] {
			continue
		}
		l.forms.at = n
		if err := l.contraction(n); err != nil {
			return nil, err
		}
	}
	for i := len(g.Nodes) - 1; i >= 0; i-- {
		if n := g.Nodes[i]; !l.done[n] && fusible(n) {
			l.forms.at = n
			l.elementwise(n)
		}
	}
	for _, n := range g.Nodes {
		if w := l.at[n]; w != nil {
			l.list = append(l.list, w)
			continue
		}
		if l.done[n] || n.IsLeaf() || graph.Is[graph.Reshape](n.Op) {
			continue
		}
		l.forms.at = n
		l.list = append(l.list, l.single(n))
	}
	if threads > 1 {
		l.list = together(l.list, threads)
	}
	return l.list, nil
}

// single is the work of one node: a kernel of its own if there is one, else the reference evaluation.
func (l *lowering) single(n *graph.Node) *work {
	if w := l.kernelFor(n); w != nil {
		return w
	}
	return reference(n)
}

// reference is the work of an op without a kernel: the reference evaluation.
func reference(n *graph.Node) *work {
	w := &work{node: n, name: n.Op.Name(), in: n.In, out: n.Out, inPlace: -1, units: 1}
	w.make = func(p *Plan) kernelFunc {
		in := p.ids(n.In)
		first, count := p.id(n.Out[0]), len(n.Out)
		return func(r *run, _, _, _ int) error {
			args := r.args[:0]
			for _, id := range in {
				args = append(args, r.bufs[id])
			}
			r.args = args
			return graph.Eval(n, args, r.bufs[first:first+count])
		}
	}
	return w
}

// finish rounds a block of results to a 16-bit type where the value has one.
func finish(d tensor.DType, block []float32) {
	if d.IsHalf() {
		graph.RoundHalf(block, d)
	}
}
