package plan

import (
	"github.com/hornml/horn/nn/graph"
)

// scan makes the work of a loop over time: its body is compiled into a plan of its own, which runs once for each step.
func (l *lowering) scan(n *graph.Node, a graph.Scan) (*work, error) {
	s := &scanStep{attrs: a, node: n, batch: n.In[0].Shape[0], time: n.In[0].Shape[1]}
	// What is known before a run, of what the body captures, is known in the body: it folds and packs it.
	body := a.Body.Clone()
	var inputs []*graph.Value
	for i, v := range body.Inputs {
		if outer := n.In[i]; i >= a.Sequences+a.States && graph.IsFixed(outer) {
			v.Node.Op = outer.Node.Op
			continue
		}
		inputs = append(inputs, v)
		s.outer = append(s.outer, i)
	}
	body.Inputs = inputs
	o := l.options
	o.Threads = 1
	var err error
	if s.body, err = compile(body, l.forms, o); err != nil {
		return nil, err
	}
	l.subs = append(l.subs, s.body)
	result := a.Body.Outputs[0]
	s.width = result.Size() / max(s.batch, 1)
	cost := 0.0
	for _, st := range s.body.steps {
		cost += st.cost
	}
	w := &work{node: n, name: n.Op.Name(), in: n.In, out: n.Out, inPlace: -1, units: 1, cost: cost * float64(s.time)}
	w.make = func(p *Plan) kernelFunc {
		s.in, s.out = p.ids(n.In), p.ids(n.Out)
		return func(r *run, _, _, _ int) error { return s.run(r) }
	}
	return w, nil
}

type scanStep struct {
	attrs              graph.Scan
	node               *graph.Node
	body               *Plan
	outer              []int // for each input of the body, which of the node's it is
	batch, time, width int
	in, out            []int
}

func (s *scanStep) run(r *run) error {
	a, b := s.attrs, s.body
	sub := b.acquire()
	defer b.release(sub)
	sub.ctx = r.ctx
	b.refix(sub)
	for i, id := range b.inputs {
		sub.bufs[id] = b.memory(sub, id)
		if s.outer[i] >= a.Sequences+a.States {
			sub.bufs[id] = r.bufs[s.in[s.outer[i]]]
		} else if s.outer[i] >= a.Sequences {
			sub.bufs[id].Copy(r.bufs[s.in[s.outer[i]]])
		}
	}
	b.alias(sub)
	var mask []bool
	if a.Loop.Masked {
		mask = r.bufs[s.in[len(s.in)-1]].B
	}
	output := sub.bufs[b.outputs[0]]
	for k := range a.States {
		r.bufs[s.out[1+k]].Copy(r.bufs[s.in[a.Sequences+k]])
	}
	for i := range s.time {
		t := i
		if a.Loop.Backwards {
			t = s.time - 1 - i
		}
		for k := range a.Sequences {
			part := sub.bufs[b.inputs[k]]
			rest := part.Len() / max(s.batch, 1)
			for j := range s.batch {
				graph.CopyRange(part, j*rest, r.bufs[s.in[k]], (j*s.time+t)*rest, rest)
			}
		}
		if err := b.runSteps(sub); err != nil {
			return err
		}
		for j := range s.batch {
			s.keep(r, output, mask, i, t, j)
		}
		// The new states, which may be values that a later copy would change, go through the node's outputs.
		for k := range a.States {
			next := sub.bufs[b.outputs[1+k]]
			state := r.bufs[s.out[1+k]]
			if mask == nil {
				state.Copy(next)
				continue
			}
			size := state.Len() / max(s.batch, 1)
			for j := range s.batch {
				if mask[j*s.time+t] {
					graph.CopyRange(state, j*size, next, j*size, size)
				}
			}
		}
		for k := range a.States {
			sub.bufs[b.inputs[a.Sequences+k]].Copy(r.bufs[s.out[1+k]])
		}
	}
	return nil
}

// keep stores the output of sample j at step i, which is at time t.
func (s *scanStep) keep(r *run, output graph.Buf, mask []bool, i, t, j int) {
	out, w := r.bufs[s.out[0]], s.width
	at := j * w
	if s.attrs.Loop.Sequences {
		at = (j*s.time + i) * w
	}
	switch {
	case mask == nil || mask[j*s.time+t]:
		graph.CopyRange(out, at, output, j*w, w)
	case s.attrs.Loop.ZeroMasked || i == 0:
		graph.ClearRange(out, at, w)
	case s.attrs.Loop.Sequences:
		graph.CopyRange(out, at, out, at-w, w)
	}
}
