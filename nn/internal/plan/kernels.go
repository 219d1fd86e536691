package plan

import (
	"slices"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/internal/pass"
	"github.com/hornml/horn/tensor/kernel"
)

// kernelFor makes the work of an op that has a kernel of its own, nil if it has none.
func (l *lowering) kernelFor(n *graph.Node) *work {
	switch op := n.Op.(type) {
	case graph.Compare:
		return l.compare(n, op.Fn)
	case graph.ArgExtreme:
		return l.argument(n, op)
	}
	if len(n.Out) != 1 || !n.Out[0].InFloat32() || n.Out[0].Size() == 0 || len(n.In) == 0 || !n.In[0].InFloat32() {
		return nil
	}
	switch op := n.Op.(type) {
	case graph.Softmax:
		return l.softmax(n, op)
	case graph.Pool:
		return l.pool(n, op)
	case graph.Concat:
		return l.concat(n, op.Axis)
	case graph.Pad:
		return l.pad(n, op)
	case graph.Transpose:
		return l.transpose(n, op.Axes)
	case pass.Repeat:
		return l.repeat(n, op)
	case graph.Take:
		return l.take(n, op.Axis)
	case graph.Slice:
		return l.slice(n, op)
	case graph.Resample:
		return l.resample(n, op)
	case graph.Reduce:
		return l.reduce(n, op)
	}
	return nil
}

// rowsStep is the work of a kernel that treats rows of `cols` elements one by one.
func (l *lowering) rowsStep(n *graph.Node, in []*graph.Value, out *graph.Value, cols int, cost func(int) float64,
	f func(r *run, in, out []float32)) *work {
	s := share(out.Size()/cols, max(4096/cols, 1), l.threads)
	w := &work{node: n, name: n.Op.Name(), in: in, out: []*graph.Value{out}, inPlace: 0, units: s.count, cost: cost(out.Size())}
	w.make = func(p *Plan) kernelFunc {
		x, y := p.id(in[0]), p.id(out)
		return func(r *run, _, lo, hi int) error {
			from, to := s.from(lo)*cols, s.from(hi)*cols
			f(r, r.bufs[x].F[from:to], r.bufs[y].F[from:to])
			finish(out.DType, r.bufs[y].F[from:to])
			return nil
		}
	}
	return w
}

func (l *lowering) softmax(n *graph.Node, op graph.Softmax) *work {
	if op.Axis != n.In[0].Rank()-1 {
		return nil
	}
	cols := n.In[0].LastDim()
	f := kernel.Softmax
	if op.Log {
		f = kernel.LogSoftmax
	}
	return l.rowsStep(n, n.In, n.Out[0], cols, softmaxCost, func(_ *run, in, out []float32) { f(out, in, cols) })
}

// layerNorm takes the scale and offset that follow into the kernel.
func (l *lowering) layerNorm(n *graph.Node, a graph.LayerNorm) (*work, error) {
	cols := n.In[0].LastDim()
	if n.In[0].Size() == 0 {
		return nil, nil
	}
	var gamma, beta []float32
	out := n.Out[0]
	for !out.DType.IsHalf() {
		u := l.uses.Only(out)
		if u == nil || l.done[u] || len(u.In) != 2 || u.Out[0].Size() != out.Size() {
			break
		}
		other := u.In[1]
		if other.Output() == out.Output() {
			other = u.In[0]
		}
		if !isRow(other, cols) {
			break
		}
		_, row, err := l.forms.row(other, cols)
		if err != nil {
			return nil, err
		}
		if bin := graph.BinaryOf(u.Op); bin == graph.Mul && gamma == nil && beta == nil {
			gamma = row
		} else if bin == graph.Add && beta == nil && !a.RMS {
			beta = row
		} else {
			break
		}
		l.done[u] = true
		out = u.Out[0]
	}
	epsilon := float32(a.Epsilon)
	return l.rowsStep(n, n.In, out, cols, normCost, func(_ *run, in, out []float32) {
		if a.RMS {
			kernel.RMSNorm(out, in, cols, gamma, epsilon)
		} else {
			kernel.LayerNorm(out, in, cols, gamma, beta, epsilon)
		}
	}), nil
}

// pool is the maximum or average over windows.
func (l *lowering) pool(n *graph.Node, a graph.Pool) *work {
	x, out := n.In[0], n.Out[0]
	if x.Size() == 0 || x.Size() > maxConvElements || out.Size() > maxConvElements || slices.Min(a.PadLo) < 0 {
		return nil
	}
	channels := x.LastDim()
	ones := slices.Repeat([]int{1}, len(a.Window))
	if !l.affordable(x, out, a.Window, a.Strides, ones, a.PadLo) {
		return nil
	}
	axes := window(x.Shape, out.Shape, a.Window, a.Strides, ones, a.PadLo)
	win := newWindows(kernel.WindowSpec{Batch: x.Shape[0], Axes: axes, Channels: channels, InStride: channels, OutStride: channels}, x, out)
	for _, c := range win.classes {
		if a.Average && c.Taps.Len() == 0 {
			return nil // 0/0, which the reference evaluation has as NaN
		}
	}
	c := &convStep{windows: win, ending: ending{e: &epilogue{out: out}}, filters: channels}
	c.list = c.parts(max(8192/channels, 1))
	w := &work{node: n, name: n.Op.Name(), in: n.In, out: n.Out, inPlace: -1, units: len(c.list),
		cost: movedCost(out.Size()*graph.Product(a.Window)) / 2, weight: func(i int) int { return c.weight(c.list[i]) }}
	w.make = func(p *Plan) kernelFunc {
		xid, oid := p.id(x), p.id(out)
		return func(r *run, worker, lo, hi int) error {
			for _, u := range c.list[lo:hi] {
				dst := r.bufs[oid].F[u.image*c.outSize:]
				k := kernel.Pool{Src: r.bufs[xid].F[u.image*c.inSize:], Channels: channels, Dst: dst}
				for _, p := range u.pieces {
					cl := &c.classes[p.class]
					k.SrcRows, k.Taps, k.DstRows = cl.Src, cl.Taps, cl.Dst
					if a.Average {
						k.Mean(p.r0, p.r1)
					} else {
						k.Max(p.r0, p.r1)
					}
				}
				c.after(r, worker, u, dst)
			}
			return nil
		}
	}
	return w
}

// reduce serves reductions over axes that lie together: [outer, reduced, inner].
func (l *lowering) reduce(n *graph.Node, red graph.Reduce) *work {
	op := kernel.Sum
	mean := false
	switch red.Fn {
	case graph.Sum:
	case graph.Mean:
		mean = true
	case graph.ReduceMax:
		op = kernel.Max
	case graph.ReduceMin:
		op = kernel.Min
	default:
		return nil
	}
	x, out := n.In[0], n.Out[0]
	axes := red.Axes
	if x.Size() == 0 || len(axes) == 0 {
		return nil
	}
	first, last := axes[0], axes[len(axes)-1]
	for i := first; i <= last; i++ {
		if !slices.Contains(axes, i) && x.Shape[i] != 1 {
			return nil
		}
	}
	outer, size, inner := graph.Product(x.Shape[:first]), graph.Product(x.Shape[first:last+1]), graph.Product(x.Shape[last+1:])
	scale := 1 / float32(size)
	w := &work{node: n, name: n.Op.Name(), in: n.In, out: n.Out, inPlace: -1, units: outer, cost: movedCost(x.Size())}
	w.make = func(p *Plan) kernelFunc {
		xid, oid := p.id(x), p.id(out)
		return func(r *run, _, lo, hi int) error {
			dst := r.bufs[oid].F[lo*inner : hi*inner]
			if inner == 1 {
				op.Rows(dst, r.bufs[xid].F[lo*size:hi*size], size)
			} else {
				for o := lo; o < hi; o++ {
					op.Columns(r.bufs[oid].F[o*inner:(o+1)*inner], r.bufs[xid].F[o*size*inner:(o+1)*size*inner])
				}
			}
			if mean {
				kernel.Multiply.RunScalar(dst, dst, scale)
			}
			finish(out.DType, dst)
			return nil
		}
	}
	return w
}

// transpose serves the transposes that exchange two neighbouring groups of axes, [outer, a, b, inner] to
// [outer, b, a, inner]: most that models have.
func (l *lowering) transpose(n *graph.Node, axes []int) *work {
	x, out := n.In[0], n.Out[0]
	lo := 0
	for lo < len(axes) && axes[lo] == lo {
		lo++
	}
	hi := len(axes)
	for hi > lo && axes[hi-1] == hi-1 {
		hi--
	}
	// Between lo and hi the axes are a rotation.
	shift := axes[lo] - lo
	for i := lo; i < hi; i++ {
		if axes[i] != lo+(i-lo+shift)%(hi-lo) {
			return nil
		}
	}
	outer, rows, cols, inner := graph.Product(x.Shape[:lo]), graph.Product(x.Shape[lo:lo+shift]), graph.Product(x.Shape[lo+shift:hi]),
		graph.Product(x.Shape[hi:])
	size := rows * cols * inner
	w := &work{node: n, name: n.Op.Name(), in: n.In, out: n.Out, inPlace: -1, units: outer, cost: float64(x.Size()) * 0.3}
	w.make = func(p *Plan) kernelFunc {
		xid, oid := p.id(x), p.id(out)
		return func(r *run, _, from, to int) error {
			for o := from; o < to; o++ {
				src, dst := r.bufs[xid].F[o*size:(o+1)*size], r.bufs[oid].F[o*size:(o+1)*size]
				if inner == 1 {
					kernel.Transpose(dst, rows, src, cols, rows, cols)
					continue
				}
				for i := range rows { // row i of the source, in pieces of inner elements, rows apart in the result
					kernel.Copy(dst[i*inner:], rows*inner, src[i*cols*inner:(i+1)*cols*inner], inner, cols, inner)
				}
			}
			return nil
		}
	}
	return w
}
