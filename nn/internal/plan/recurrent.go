package plan

import (
	"fmt"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/tensor"
	"github.com/hornml/horn/tensor/kernel"
)

// recurrent makes the work of a recurrent op: at each step one product of the states with the packed recurrent kernel,
// added to the inputs' share, and the gates in one pass. Samples are independent of each other and divide into units.
func (l *lowering) recurrent(n *graph.Node) (*work, error) {
	a, ok := n.Op.(graph.Recurrent)
	if !ok || !graph.IsFixed(n.In[1]) || n.Out[0].DType != tensor.Float32 || n.Out[0].Size() == 0 {
		return nil, nil
	}
	x, kern := n.In[0], n.In[1]
	s := &recurrentStep{attrs: a, batch: x.Shape[0], time: x.Shape[1], width: x.Shape[2], units: kern.Shape[0]}
	s.standard = a.Activation.Is(graph.Tanh) && (a.Cell == graph.SimpleRNN || a.Gate.Is(graph.Sigmoid))
	pack := func(from, to int) (*kernel.PackedB, error) {
		return l.pack(kern, s.units, to-from, s.width, from, false, nil)
	}
	split := s.width
	if a.Cell == graph.GRU && !a.ResetAfter {
		split = 2 * s.units
	}
	var err error
	if s.gates, err = pack(0, split); err != nil {
		return nil, err
	}
	if split < s.width {
		if s.candidate, err = pack(split, s.width); err != nil {
			return nil, err
		}
	}
	if a.ResetAfter {
		bias := n.In[3] // of gru: after x, the kernel and the state
		if !isRow(bias, s.units) {
			return nil, nil
		}
		if s.bias, err = l.candidateBias(bias, s.units, s.width); err != nil {
			return nil, err
		}
	}
	// The product is added to the inputs' share where it lies, if nobody else reads that.
	s.inPlace = l.uses.Only(x) == n && !x.Node.IsLeaf() && !graph.Is[graph.Reshape](x.Node.Op)
	// Each unit reads the recurrent kernel at every step: as many samples as keep all threads busy.
	tile := kernel.RowTile(kernel.Current())
	s.rows = min((s.batch+l.threads*tile-1)/(l.threads*tile), maxRecurrentTiles) * tile
	if tile >= 6 && s.batch >= tile && s.batch < 2*tile {
		// Half a tile is nearly as quick, and two threads have work. One thread does the same, for the same bits.
		s.rows = tile / 2
	}
	w := &work{node: n, name: n.Op.Name(), in: n.In, out: n.Out, inPlace: -1, units: (s.batch + s.rows - 1) / s.rows}
	w.scratch = min(s.rows, s.batch) * (s.width + 3*s.units)
	w.cost = float64(s.batch*s.time) * (2*float64(s.units*s.width)/40 + float64(s.width)*1.5)
	w.make = func(p *Plan) kernelFunc {
		s.in, s.out = p.ids(n.In), p.ids(n.Out)
		return func(r *run, worker, lo, hi int) error {
			for u := lo; u < hi; u++ {
				s.run(r, r.scratch[worker], u*s.rows, min((u+1)*s.rows, s.batch))
			}
			return nil
		}
	}
	return w, nil
}

// candidateBias returns a bias for the last columns of a product with `width` columns, 0 for the others.
func (l *lowering) candidateBias(bias *graph.Value, units, width int) ([]float32, error) {
	r := recipe{key: fmt.Sprintf("candidate bias %d %d %q", units, width, keyOf(bias)), from: []*graph.Value{bias},
		value: func() any { return make([]float32, width) },
		fill:  func(s *snapshot, value any) error { return readRow(s, bias, value.([]float32)[width-units:]) }}
	it, err := l.forms.use(r, false)
	if err != nil {
		return nil, err
	}
	return it.value.([]float32), nil
}

// maxRecurrentTiles bounds the samples of a unit, for its scratch to stay in the cache.
const maxRecurrentTiles = 8

// recurrentStep holds what a recurrent step knows before it runs.
type recurrentStep struct {
	attrs                     graph.Recurrent
	batch, time, width, units int
	rows                      int
	gates, candidate          *kernel.PackedB
	bias                      []float32 // gru with reset_after: of the recurrent product
	standard                  bool      // tanh and sigmoid, for which there are kernels
	inPlace                   bool
	in, out                   []int
}

// run goes over time for the samples [b0, b1).
func (s *recurrentStep) run(r *run, scratch []float32, b0, b1 int) {
	n, u := b1-b0, s.units
	states := make([][]float32, 0, 2)
	for i := range s.out[1:] {
		state := r.bufs[s.out[1+i]].F[b0*u : b1*u]
		copy(state, r.bufs[s.in[2+i]].F[b0*u:b1*u])
		states = append(states, state)
	}
	var mask []bool
	if s.attrs.Masked {
		mask = r.bufs[s.in[len(s.in)-1]].B
	}
	z, scratch := scratch[:n*s.width], scratch[n*s.width:]
	old := scratch[:2*n*u]
	product := scratch[2*n*u:]
	x := r.bufs[s.in[0]].F
	seq := r.bufs[s.out[0]].F
	for i := range s.time {
		t := i
		if s.attrs.Backwards {
			t = s.time - 1 - i
		}
		xt, ldx := x[(b0*s.time+t)*s.width:], s.time*s.width
		if mask != nil {
			for k, state := range states {
				copy(old[k*n*u:], state)
			}
		}
		share, ld := xt, ldx
		if !s.inPlace && !s.attrs.ResetAfter {
			kernel.Copy(z, s.width, xt, ldx, n, s.width)
			share, ld = z, s.width
		}
		s.step(n, states, share, ld, z, product)
		for b := range n {
			if mask != nil && !mask[(b0+b)*s.time+t] {
				for k, state := range states {
					copy(state[b*u:(b+1)*u], old[(k*n+b)*u:])
				}
				if s.attrs.Sequences {
					s.repeat(seq, b0+b, i)
				} else if s.attrs.ZeroMasked {
					clear(seq[(b0+b)*u : (b0+b+1)*u])
				}
				continue
			}
			if s.attrs.Sequences {
				copy(seq[((b0+b)*s.time+i)*u:][:u], states[0][b*u:])
			} else if mask != nil || i == s.time-1 {
				copy(seq[(b0+b)*u:][:u], states[0][b*u:])
			}
		}
		if mask != nil && i == 0 && !s.attrs.Sequences {
			for b := range n { // before the first step that counts the output is 0
				if !mask[(b0+b)*s.time+t] {
					clear(seq[(b0+b)*u : (b0+b+1)*u])
				}
			}
		}
	}
}

// repeat writes the output of a masked step: the one before, or 0.
func (s *recurrentStep) repeat(seq []float32, b, i int) {
	u := s.units
	at := (b*s.time + i) * u
	if i == 0 || s.attrs.ZeroMasked {
		clear(seq[at : at+u])
		return
	}
	copy(seq[at:at+u], seq[at-u:at])
}

// step brings the states of n samples from one step to the next. share holds the inputs' share of the gates, rows ld
// apart, and is overwritten except for gru with reset_after; z and product are scratch.
func (s *recurrentStep) step(n int, states [][]float32, share []float32, ld int, z, product []float32) {
	u, h := s.units, states[0]
	switch {
	case s.attrs.ResetAfter:
		g := kernel.Gemm{A: h, ARows: kernel.Strided(u), B: s.gates, C: z, CRows: kernel.Strided(s.width),
			Epilogue: kernel.Epilogue{Bias: s.bias}}
		g.Run(n)
		if s.standard {
			kernel.GRUGates(h, u, h, u, share, ld, z, s.width, n, u)
			return
		}
		for b := range n {
			s.gruResetAfter(h[b*u:(b+1)*u], share[b*ld:][:s.width], z[b*s.width:(b+1)*s.width])
		}
		return
	case s.attrs.Cell == graph.GRU:
		s.add(n, h, s.gates, share, ld)
		rh := product[:n*u]
		if s.standard {
			kernel.GRUReset(rh, u, h, u, share, ld, n, u)
		} else {
			for b := range n {
				zr := share[b*ld:][:2*u]
				chain(s.attrs.Gate, zr)
				kernel.Multiply.Run(rh[b*u:(b+1)*u], zr[u:], h[b*u:(b+1)*u])
			}
		}
		s.add(n, rh, s.candidate, share[2*u:], ld)
		if s.standard {
			kernel.GRUOutput(h, u, h, u, share, ld, share[2*u:], ld, n, u)
			return
		}
		for b := range n {
			row := share[b*ld:][:s.width]
			chain(s.attrs.Activation, row[2*u:])
			mix(h[b*u:(b+1)*u], row[:u], row[2*u:])
		}
		return
	}
	s.add(n, h, s.gates, share, ld)
	for b := range n {
		row, hb := share[b*ld:][:s.width], h[b*u:(b+1)*u]
		switch {
		case s.attrs.Cell == graph.SimpleRNN:
			copy(hb, row)
			chain(s.attrs.Activation, hb)
		case s.standard:
			kernel.LSTMGates(hb, u, states[1][b*u:(b+1)*u], u, row, s.width, 1, u)
		default:
			s.lstm(hb, states[1][b*u:(b+1)*u], row)
		}
	}
}

// add adds x times packed weights to c, rows ld apart.
func (s *recurrentStep) add(n int, x []float32, packed *kernel.PackedB, c []float32, ld int) {
	g := kernel.Gemm{A: x, ARows: kernel.Strided(s.units), B: packed, C: c, CRows: kernel.Strided(ld),
		Epilogue: kernel.Epilogue{Accumulate: true}}
	g.Run(n)
}

// lstm is the step of an LSTM with activations other than tanh and sigmoid.
func (s *recurrentStep) lstm(h, c, z []float32) {
	u := s.units
	chain(s.attrs.Gate, z[:2*u])
	chain(s.attrs.Activation, z[2*u:3*u])
	chain(s.attrs.Gate, z[3*u:])
	kernel.Multiply.Run(c, c, z[u:2*u])
	kernel.MulAdd(c, z[:u], z[2*u:3*u], c)
	copy(h, c)
	chain(s.attrs.Activation, h)
	kernel.Multiply.Run(h, h, z[3*u:])
}

// gruResetAfter is the step of such a GRU with activations other than tanh and sigmoid; r is overwritten.
func (s *recurrentStep) gruResetAfter(h, x, r []float32) {
	u := s.units
	kernel.Add.Run(r[:2*u], r[:2*u], x[:2*u])
	chain(s.attrs.Gate, r[:2*u])
	kernel.MulAdd(r[2*u:], r[u:2*u], r[2*u:], x[2*u:])
	chain(s.attrs.Activation, r[2*u:])
	mix(h, r[:u], r[2*u:])
}

// mix is the end of a GRU step: h = z*h + (1-z)*g.
func mix(h, z, g []float32) {
	kernel.Subtract.Run(h, h, g)
	kernel.MulAdd(h, z, h, g)
}

// chain applies an activation in place.
func chain(c graph.Chain, x []float32) {
	for _, o := range c {
		if k, ok := unaryKernels[o.Op]; ok {
			k.RunWith(x, x, float32(o.Params.A), float32(o.Params.B))
			continue
		}
		for i, v := range x {
			x[i] = float32(o.Op.F(float64(v), o.Params))
		}
	}
}
