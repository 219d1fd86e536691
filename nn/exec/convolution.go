package exec

import (
	"fmt"
	"slices"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/tensor/kernel"
)

// window describes the spatial axes of a convolution or pooling for the kernels.
func window(in, out []int, kern, strides, dilation, lo []int) []kernel.Axis {
	axes := make([]kernel.Axis, len(kern))
	for i := range axes {
		axes[i] = kernel.Axis{In: in[i+1], Out: out[i+1], Kernel: kern[i], Stride: strides[i], Dilation: dilation[i], PadBefore: lo[i]}
	}
	return axes
}

// windows sorts the output pixels of a convolution or pooling by the taps that they see. The tables are made for the whole
// batch where that is small, which fills the kernels' tiles better, else for one image after the other.
type windows struct {
	classes         []kernel.WindowClass
	images          int // how often the classes are gone through
	inSize, outSize int // elements between one time and the next
}

// maxTable is the number of output pixels up to which the tables are made for the whole batch.
const maxTable = 1 << 17

func newWindows(spec kernel.WindowSpec, x, out *graph.Value) windows {
	w := windows{images: 1}
	if batch := x.Shape[0]; batch > 1 && out.Size()/lastDim(out) > maxTable {
		w.images, w.inSize, w.outSize = batch, x.Size()/batch, out.Size()/batch
		spec.Batch = 1
	}
	w.classes = kernel.NewWindows(spec)
	return w
}

// units divides the work into ranges of about step pixels.
func (w *windows) units(step int) []windowUnit {
	var units []windowUnit
	for image := range w.images {
		for i, c := range w.classes {
			for r := 0; r < c.Count; r += step {
				units = append(units, windowUnit{image: image, class: i, r0: r, r1: min(r+step, c.Count)})
			}
		}
	}
	return units
}

// windowUnit is a range of output pixels of a class; a convolution may divide it further by column panels, [p0, p1).
type windowUnit struct{ image, class, r0, r1, p0, p1 int }

// divide cuts units by column panels where there are too few of them to keep all threads busy.
func divide(units []windowUnit, panels, threads int) []windowUnit {
	parts := 1
	if threads > 1 && len(units) < 8*threads {
		parts = min(panels, 4)
	}
	out := make([]windowUnit, 0, len(units)*parts)
	for _, u := range units {
		for i := range parts {
			u.p0, u.p1 = i*panels/parts, (i+1)*panels/parts
			out = append(out, u)
		}
	}
	return out
}

// maxConvElements keeps offsets within the 32 bits that the kernels have.
const maxConvElements = 1<<31 - 1

// conv chooses the kernel of a convolution.
func (l *lowering) conv(n *graph.Node) (*work, error) {
	x, k, a := n.In[0], n.In[1], n.Attrs.(*graph.ConvAttrs)
	out := n.Out[0]
	if k.Node.Op != graph.OpConst || x.Size() == 0 || out.Size() == 0 || k.Size() == 0 || x.Size() > maxConvElements || out.Size() > maxConvElements {
		return nil, nil
	}
	a, x = l.absorbPadding(a, x)
	if slices.Min(a.PadLo) < 0 || slices.Max(a.InputDilation) != 1 {
		return nil, nil
	}
	channels, filters := lastDim(x), lastDim(out)
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
func pointwise(a *graph.ConvAttrs, k *graph.Value) bool {
	rank := len(a.Strides)
	return a.Groups == 1 && product(k.Shape[:rank]) == 1 && slices.Max(a.Strides) == 1 && slices.Max(a.PadLo) == 0 && slices.Max(a.PadHi) == 0
}

// absorbPadding takes a padding with zeros that stands before a convolution (a ZeroPadding layer) into it.
func (l *lowering) absorbPadding(a *graph.ConvAttrs, x *graph.Value) (*graph.ConvAttrs, *graph.Value) {
	p := x.Node
	if p.Op != graph.OpPad || l.done[p] || l.onlyUser(x) == nil || slices.Max(a.InputDilation) != 1 {
		return a, x
	}
	pad := p.Attrs.(graph.PadAttrs)
	last := len(pad.Lo) - 1
	if pad.Value != 0 || pad.Lo[0]+pad.Hi[0]+pad.Lo[last]+pad.Hi[last] != 0 {
		return a, x
	}
	b := *a
	b.PadLo, b.PadHi = slices.Clone(a.PadLo), slices.Clone(a.PadHi)
	for i := range b.PadLo {
		b.PadLo[i] += pad.Lo[i+1]
		b.PadHi[i] += pad.Hi[i+1]
	}
	l.done[p] = true
	return &b, p.In[0]
}

// implicit is a convolution as a product whose rows of A are the windows, read where they lie in the image.
func (l *lowering) implicit(n *graph.Node, a *graph.ConvAttrs, x *graph.Value) (*work, error) {
	k, out := n.In[1], n.Out[0]
	rank := len(a.Strides)
	channels, filters := lastDim(x), lastDim(out)
	perIn, perOut := channels/a.Groups, filters/a.Groups
	e := l.follow(out, filters, true)
	taps := product(k.Shape[:rank])
	groups := make([]*kernel.PackedB, a.Groups)
	for g := range groups {
		var scale []float32
		if e.scale != nil {
			scale = e.scale[g*perOut : (g+1)*perOut]
		}
		var err error
		if groups[g], err = l.pack(k.Node.Source, taps*perIn, perOut, filters, g*perOut, false, scale, e.scaleKey); err != nil {
			return nil, err
		}
	}
	spec := kernel.WindowSpec{Batch: x.Shape[0], Axes: window(x.Shape, out.Shape, k.Shape[:rank], a.Strides, a.Dilation, a.PadLo), Channels: perIn, InStride: channels, OutStride: filters, Merge: true}
	win := newWindows(spec, x, out)
	w := &work{node: n, name: e.name(fmt.Sprintf("conv%dd", rank)), in: append([]*graph.Value{x}, e.inputs...), out: []*graph.Value{e.out}, inPlace: -1, scratch: e.scratch()}
	c := &convStep{windows: win, groups: groups, e: e, perIn: perIn, perOut: perOut, filters: filters}
	tile := kernel.RowTile(groups[0].Level())
	step := max(pixelsPerUnit, min(int(unitFlops/(2*float64(taps*perIn)*float64(filters))), maxPixelsPerUnit))
	c.list = win.units(max(step/tile, 1) * tile)
	threads := l.threads
	if c.wholeRows() {
		threads = 1
	}
	c.list = divide(c.list, groups[0].Panels(), threads)
	w.units = len(c.list)
	w.cost = 2*float64(out.Size()/filters)*float64(taps*perIn)*float64(filters)/70 + e.cost()
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
	list                   []windowUnit
	groups                 []*kernel.PackedB
	e                      *epilogue
	perIn, perOut, filters int
	post                   *program
	residual               int
}

// pixelsPerUnit is about how many output pixels a unit has; where that is little work it has more.
const (
	pixelsPerUnit    = 64
	maxPixelsPerUnit = 1024
	unitFlops        = 500_000 // of a unit, so that taking units costs little
)

// wholeRows reports whether something follows that needs all channels of a pixel.
func (c *convStep) wholeRows() bool { return c.e.post != nil || c.e.out.DType.IsHalf() }

func (c *convStep) settle(p *Plan) {
	c.residual = -1
	if c.e.residual != nil {
		c.residual = p.id(c.e.residual)
	}
	if c.e.post != nil {
		c.post = c.e.post.settle(p)
	}
}

func (c *convStep) run(r *run, worker int, x, out []float32, lo, hi int) {
	for _, u := range c.list[lo:hi] {
		cl := &c.classes[u.class]
		x, out := x[u.image*c.inSize:], out[u.image*c.outSize:]
		for g, packed := range c.groups {
			gemm := kernel.Gemm{A: x[g*c.perIn:], ARows: cl.Src, Segs: cl.Taps, B: packed, C: out[g*c.perOut:], CRows: cl.Dst, Epilogue: c.e.kernel()}
			if gemm.Bias != nil {
				gemm.Bias = gemm.Bias[g*c.perOut : (g+1)*c.perOut]
			}
			if c.residual >= 0 {
				gemm.Residual = r.bufs[c.residual].F[u.image*c.outSize+g*c.perOut:]
			}
			gemm.Block(u.r0, u.r1, u.p0, u.p1)
		}
		c.after(r, worker, cl, u, out)
	}
}

// after runs the post program over the pixels of a unit, in runs of neighbours; out begins at the unit's image.
func (c *convStep) after(r *run, worker int, cl *kernel.WindowClass, u windowUnit, out []float32) {
	if !c.wholeRows() {
		return
	}
	for i := u.r0; i < u.r1; {
		from := cl.Dst.At(i)
		to := from + c.filters
		for i++; i < u.r1 && cl.Dst.At(i) == to; i++ {
			to += c.filters
		}
		if c.post != nil {
			base := u.image * c.outSize
			c.post.run(r, r.scratch[worker], out, base, base+from, base+to)
		}
		finish(c.e.out.DType, out[from:to])
	}
}

// depthwise is a convolution with a filter of its own for each channel.
func (l *lowering) depthwise(n *graph.Node, a *graph.ConvAttrs, x *graph.Value) (*work, error) {
	k, out := n.In[1], n.Out[0]
	rank := len(a.Strides)
	channels := lastDim(x)
	e := l.follow(out, channels, true)
	name := fmt.Sprintf("depthwise %d %q %q", channels, k.Node.Source.Key(), e.scaleKey)
	weights, err := get(l.cache, name, func() ([]float32, error) {
		buf, err := k.Node.Source.Buf()
		if err != nil || e.scale == nil {
			return buf.F, err
		}
		w, _ := scaled(buf.F, len(buf.F)/channels, channels, channels, false, e.scale)
		return w, nil
	})
	if err != nil {
		return nil, err
	}
	win := newWindows(kernel.WindowSpec{Batch: x.Shape[0], Axes: window(x.Shape, out.Shape, k.Shape[:rank], a.Strides, a.Dilation, a.PadLo), Channels: channels, InStride: channels, OutStride: channels}, x, out)
	w := &work{node: n, name: e.name("depthwise"), in: append([]*graph.Value{x}, e.inputs...), out: []*graph.Value{e.out}, inPlace: -1, scratch: e.scratch()}
	c := &convStep{windows: win, e: e, filters: channels, list: win.units(max(16*1024/channels, 8))}
	w.units = len(c.list)
	w.cost = 2*float64(out.Size())*float64(product(k.Shape[:rank]))/25 + e.cost()
	w.make = func(p *Plan) kernelFunc {
		c.settle(p)
		xid, oid := p.id(x), p.id(e.out)
		return func(r *run, worker, lo, hi int) error {
			for _, u := range c.list[lo:hi] {
				cl := &c.classes[u.class]
				out := r.bufs[oid].F[u.image*c.outSize:]
				d := kernel.Depthwise{Src: r.bufs[xid].F[u.image*c.inSize:], SrcRows: cl.Src, Taps: cl.Taps, W: weights, Channels: channels, Dst: out, DstRows: cl.Dst, Epilogue: c.e.kernel()}
				if c.residual >= 0 {
					d.Residual = r.bufs[c.residual].F[u.image*c.outSize:]
				}
				d.Block(u.r0, u.r1)
				c.after(r, worker, cl, u, out)
			}
			return nil
		}
	}
	return w, nil
}
