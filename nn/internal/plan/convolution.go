package plan

import (
	"fmt"
	"slices"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/tensor/kernel"
)

// maxConvElements keeps offsets within the 32 bits that the kernels have.
const maxConvElements = 1<<31 - 1

// conv chooses the kernel of a convolution.
func (l *lowering) conv(n *graph.Node, a graph.Conv) (*work, error) {
	x, k := n.In[0], n.In[1]
	out := n.Out[0]
	if !graph.IsFixed(k) || x.Size() == 0 || out.Size() == 0 || k.Size() == 0 || x.Size() > maxConvElements || out.Size() > maxConvElements {
		return nil, nil
	}
	if !l.affordable(x, out, k.Shape[:len(a.Strides)], a.Strides, a.Dilation, a.PadLo) {
		return nil, nil
	}
	a, x = l.absorbPadding(a, x)
	if slices.Min(a.PadLo) < 0 || slices.Max(a.InputDilation) != 1 {
		return nil, nil
	}
	channels, filters := x.LastDim(), out.LastDim()
	if a.Groups == channels && filters == channels && channels > 1 {
		return l.depthwise(n, a, x)
	}
	if pointwise(a, k) {
		return l.dense(n, x, k, channels, filters, false)
	}
	if w, err := l.winograd(n, a, x); w != nil || err != nil {
		return w, err
	}
	return l.implicit(n, a, x)
}

// pointwise reports whether a convolution looks at single pixels, all of them: it is a product then.
func pointwise(a graph.Conv, k *graph.Value) bool {
	rank := len(a.Strides)
	return a.Groups == 1 && graph.Product(k.Shape[:rank]) == 1 && slices.Max(a.Strides) == 1 && slices.Max(a.PadLo) == 0 &&
		slices.Max(a.PadHi) == 0
}

// absorbPadding takes a padding with zeros that stands before a convolution (a ZeroPadding layer) into it.
func (l *lowering) absorbPadding(a graph.Conv, x *graph.Value) (graph.Conv, *graph.Value) {
	p := x.Node
	if !graph.Is[graph.Pad](p.Op) || l.done[p] || l.uses.Only(x) == nil || slices.Max(a.InputDilation) != 1 {
		return a, x
	}
	pad := p.Op.(graph.Pad)
	last := len(pad.Lo) - 1
	if pad.Value != 0 || pad.Lo[0]+pad.Hi[0]+pad.Lo[last]+pad.Hi[last] != 0 {
		return a, x
	}
	b := a
	b.PadLo, b.PadHi = slices.Clone(a.PadLo), slices.Clone(a.PadHi)
	for i := range b.PadLo {
		b.PadLo[i] += pad.Lo[i+1]
		b.PadHi[i] += pad.Hi[i+1]
	}
	l.done[p] = true
	return b, p.In[0]
}

// implicit is a convolution as a product whose rows of A are the windows, read where they lie in the image.
func (l *lowering) implicit(n *graph.Node, a graph.Conv, x *graph.Value) (*work, error) {
	k, out := n.In[1], n.Out[0]
	rank := len(a.Strides)
	channels, filters := x.LastDim(), out.LastDim()
	perIn, perOut := channels/a.Groups, filters/a.Groups
	e, err := l.follow(out, filters, true)
	if err != nil {
		return nil, err
	}
	taps := graph.Product(k.Shape[:rank])
	groups := make([]*kernel.PackedB, a.Groups)
	for g := range groups {
		if groups[g], err = l.pack(k, taps*perIn, perOut, filters, g*perOut, false, e.scale); err != nil {
			return nil, err
		}
	}
	spec := kernel.WindowSpec{Batch: x.Shape[0], Axes: window(x.Shape, out.Shape, k.Shape[:rank], a.Strides, a.Dilation, a.PadLo),
		Channels: perIn, InStride: channels, OutStride: filters, Merge: true}
	win := newWindows(spec, x, out)
	w := &work{node: n, name: e.name(fmt.Sprintf("conv%dd", rank)), in: append([]*graph.Value{x}, e.inputs...), out: []*graph.Value{e.out},
		inPlace: -1, scratch: e.scratch()}
	c := &convStep{windows: win, groups: groups, ending: ending{e: e}, perIn: perIn, perOut: perOut, filters: filters}
	tile := kernel.RowTile(groups[0].Level())
	step := max(pixelsPerUnit, min(int(unitFlops/(2*float64(taps*perIn)*float64(filters))), maxPixelsPerUnit))
	threads := l.threads
	if c.wholeRows() {
		threads = 1
	}
	c.list = divide(c.parts(max(step/tile, 1)*tile), groups[0].Panels(), threads, !c.wholeRows() && groups[0].Bytes() > largeWeights)
	w.units, w.weight = len(c.list), func(i int) int { return c.weight(c.list[i]) }
	w.cost = productCost(out.Size()/filters, taps*perIn, filters) + e.cost()
	w.make = func(p *Plan) kernelFunc {
		c.settle(p)
		xid, oid := p.id(x), p.id(e.out)
		return func(r *run, worker, lo, hi int) error {
			c.run(r, worker, r.bufs[xid].F, r.bufs[oid].F, lo, hi)
			return nil
		}
	}
	return w, nil
}

// convStep runs a convolution class by class of its windows.
type convStep struct {
	windows
	list   []windowUnit
	groups []*kernel.PackedB
	ending
	perIn, perOut, filters int
}

// pixelsPerUnit is about how many output pixels a unit has; where that is little work it has more.
const (
	pixelsPerUnit    = 64
	maxPixelsPerUnit = 1024
	unitFlops        = 500_000 // of a unit, so that taking units costs little
	largeWeights     = 1 << 19 // bytes
)

// parts divides the work into units of about step pixels.
func (c *convStep) parts(step int) []windowUnit {
	if !c.wholeRows() {
		return c.units(step)
	}
	line := 1
	if shape := c.e.out.Shape; len(shape) > 3 {
		line = shape[len(shape)-2]
	}
	return c.bands(step, line, c.filters)
}

func (c *convStep) run(r *run, worker int, x, out []float32, lo, hi int) {
	for _, u := range c.list[lo:hi] {
		x, out := x[u.image*c.inSize:], out[u.image*c.outSize:]
		for g, packed := range c.groups {
			gemm := kernel.Gemm{A: x[g*c.perIn:], B: packed, C: out[g*c.perOut:], Epilogue: c.e.kernel()}
			if gemm.Bias != nil {
				gemm.Bias = gemm.Bias[g*c.perOut : (g+1)*c.perOut]
			}
			if c.residual >= 0 {
				gemm.Residual = r.bufs[c.residual].F[u.image*c.outSize+g*c.perOut:]
			}
			for _, p := range u.pieces {
				cl := &c.classes[p.class]
				gemm.ARows, gemm.Segs, gemm.CRows = cl.Src, cl.Taps, cl.Dst
				gemm.Block(p.r0, p.r1, u.p0, u.p1)
			}
		}
		c.after(r, worker, u, out)
	}
}

// after runs what follows over the pixels of a band; out begins at the band's image.
func (c *convStep) after(r *run, worker int, u windowUnit, out []float32) {
	if c.post != nil {
		base := u.image * c.outSize
		c.post.run(r, r.scratch[worker], out, base, base+u.from, base+u.to)
	}
	finish(c.e.out.DType, out[u.from:u.to])
}

// depthwise is a convolution with a filter of its own for each channel.
func (l *lowering) depthwise(n *graph.Node, a graph.Conv, x *graph.Value) (*work, error) {
	k, out := n.In[1], n.Out[0]
	rank := len(a.Strides)
	channels := x.LastDim()
	e, err := l.follow(out, channels, true)
	if err != nil {
		return nil, err
	}
	var weights []float32 // scaled ones; else those of the kernel as it is
	in := append([]*graph.Value{x}, e.inputs...)
	if e.scale == nil {
		in = append(in, k)
	} else if weights, err = packed(l, fmt.Sprintf("depthwise %d", channels), k, e.scale,
		func() []float32 { return make([]float32, k.Size()) },
		func(form []float32, w graph.Buf, scale []float32) error {
			kernel.Multiply.RunRow(form, w.F, scale)
			return nil
		}); err != nil {
		return nil, err
	}
	win := newWindows(kernel.WindowSpec{Batch: x.Shape[0], Axes: window(x.Shape, out.Shape, k.Shape[:rank], a.Strides, a.Dilation, a.PadLo),
		Channels: channels, InStride: channels, OutStride: channels}, x, out)
	w := &work{node: n, name: e.name("depthwise"), in: in, out: []*graph.Value{e.out}, inPlace: -1, scratch: e.scratch()}
	c := &convStep{windows: win, ending: ending{e: e}, filters: channels}
	c.list = c.parts(max(16*1024/channels, 8))
	w.units, w.weight = len(c.list), func(i int) int { return c.weight(c.list[i]) }
	w.cost = slowness()*2*float64(out.Size())*float64(graph.Product(k.Shape[:rank]))/120 + e.cost()
	w.make = func(p *Plan) kernelFunc {
		c.settle(p)
		xid, kid, oid := p.id(x), p.id(k), p.id(e.out)
		return func(r *run, worker, lo, hi int) error {
			w := weights
			if w == nil {
				w = r.bufs[kid].F
			}
			for _, u := range c.list[lo:hi] {
				out := r.bufs[oid].F[u.image*c.outSize:]
				d := kernel.Depthwise{Src: r.bufs[xid].F[u.image*c.inSize:], W: w, Channels: channels, Dst: out, Epilogue: c.e.kernel()}
				if c.residual >= 0 {
					d.Residual = r.bufs[c.residual].F[u.image*c.outSize:]
				}
				for _, p := range u.pieces {
					cl := &c.classes[p.class]
					d.SrcRows, d.Taps, d.DstRows = cl.Src, cl.Taps, cl.Dst
					d.Block(p.r0, p.r1)
				}
				c.after(r, worker, u, out)
			}
			return nil
		}
	}
	return w, nil
}
