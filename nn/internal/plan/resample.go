package plan

import (
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/tensor/kernel"
)

// wideRow is the number of elements from which on vector loops make the sums of a resampled axis.
const wideRow = 32

// resample makes an axis anew from weighted sums of pieces of inner elements.
func (l *lowering) resample(n *graph.Node, a graph.Resample) *work {
	x, out := n.In[0], n.Out[0]
	size, made, inner := x.Shape[a.Axis], out.Shape[a.Axis], graph.Product(x.Shape[a.Axis+1:])
	taps := 0
	weights := make([][]float32, made)
	for i, w := range a.Taps.Weights {
		weights[i] = make([]float32, len(w))
		for k, v := range w {
			weights[i][k] = float32(v)
		}
		taps = max(taps, len(w))
	}
	starts := a.Taps.Start
	s := share(out.Size()/inner, max(movementUnit/(inner*max(taps, 1)), 1), l.threads)
	w := &work{node: n, name: n.Op.Name(), in: n.In, out: n.Out, inPlace: -1, units: s.count, cost: movedCost(out.Size() * max(taps, 1))}
	if inner >= wideRow {
		w.scratch = inner
	}
	w.make = func(p *Plan) kernelFunc {
		xid, oid := p.id(x), p.id(out)
		return func(r *run, worker, lo, hi int) error {
			from, to := s.from(lo), s.from(hi)
			for i := from; i < to; i++ {
				o, k := i/made, i%made
				src := r.bufs[xid].F[(o*size+starts[k])*inner:]
				combine(r.bufs[oid].F[i*inner:(i+1)*inner], src, weights[k], r.scratch[worker])
			}
			finish(out.DType, r.bufs[oid].F[from*inner:to*inner])
			return nil
		}
	}
	return w
}

// combine writes the weighted sum of the first pieces of src, each as long as dst.
func combine(dst, src, weights, scratch []float32) {
	n := len(dst)
	switch {
	case len(weights) == 0:
		clear(dst)
	case n >= wideRow:
		kernel.Multiply.RunScalar(dst, src[:n], weights[0])
		for k, w := range weights[1:] {
			kernel.Multiply.RunScalar(scratch[:n], src[(k+1)*n:(k+2)*n], w)
			kernel.Add.Run(dst, dst, scratch[:n])
		}
	case len(weights) == 1:
		for i, v := range src[:n] {
			dst[i] = weights[0] * v
		}
	case len(weights) == 2:
		a, b := src[:n], src[n:2*n]
		for i := range dst {
			dst[i] = weights[0]*a[i] + weights[1]*b[i]
		}
	default:
		clear(dst)
		for k, w := range weights {
			for i, v := range src[k*n : (k+1)*n] {
				dst[i] += w * v
			}
		}
	}
}
