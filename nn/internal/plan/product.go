package plan

import (
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/internal/pass"
	"github.com/hornml/horn/tensor/kernel"
)

// product is the work of a stridedProduct: the right operand of each product is packed in the worker's scratch.
func (l *lowering) product(n *graph.Node, t pass.StridedProduct) (*work, error) {
	out := n.Out[0]
	a, b := n.In[0], n.In[1]
	e := &epilogue{out: out, last: n}
	if plain := t.C.Row == t.N && out.LastDim() == t.N; plain { // else the rows of the result are not those of the product
		var err error
		if e, err = l.follow(out, t.N, false); err != nil {
			return nil, err
		}
	}
	level := kernel.Current()
	pack := kernel.PackSize(level, t.K, t.N)
	w := &work{node: n, name: e.name("matmul"), in: append([]*graph.Value{a, b}, e.inputs...), out: []*graph.Value{e.out}, inPlace: -1,
		scratch: pack + e.scratch() + packAlign, units: len(t.C.At)}
	w.cost = float64(w.units)*(productCost(t.M, t.K, t.N)+packCost(t.K*t.N)) + e.cost()
	w.make = func(p *Plan) kernelFunc {
		aid, bid, oid, residual := p.id(a), p.id(b), p.id(e.out), -1
		if e.residual != nil {
			residual = p.id(e.residual)
		}
		var post *program
		if e.post != nil {
			post = e.post.settle(p)
		}
		return func(r *run, worker, lo, hi int) error {
			scratch := r.scratch[worker]
			var packed kernel.PackedB
			last := -1
			for u := lo; u < hi; u++ {
				if t.B.At[u] != last {
					kernel.PackBInto(&packed, scratch[:pack], level, r.bufs[bid].F[t.B.At[u]:], t.K, t.N, t.B.Row, t.Trans)
					last = t.B.At[u]
				}
				c := r.bufs[oid].F[t.C.At[u]:]
				g := kernel.Gemm{A: r.bufs[aid].F[t.A.At[u]:], ARows: kernel.Strided(t.A.Row), B: &packed, C: c, CRows: kernel.Strided(t.C.Row),
					Epilogue: e.kernel()}
				if residual >= 0 {
					g.Residual = r.bufs[residual].F[t.C.At[u]:]
				}
				g.Run(t.M)
				if post != nil {
					post.run(r, scratch[pack:], r.bufs[oid].F, 0, t.C.At[u], t.C.At[u]+t.M*t.N)
				}
				for i := 0; e.out.DType.IsHalf() && i < t.M; i++ {
					finish(e.out.DType, c[i*t.C.Row:i*t.C.Row+t.N])
				}
			}
			return nil
		}
	}
	return w, nil
}

// packAlign is room to begin packed operands at a cache line.
const packAlign = 16
