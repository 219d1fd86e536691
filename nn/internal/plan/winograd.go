package plan

import (
	"fmt"
	"slices"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/tensor/kernel"
)

// What Winograd's algorithm must save to be chosen: see BenchmarkWinograd in tensor/kernel.
const (
	winogradChannels = 16   // fewer channels or filters leave too little between the transforms
	winogradTiles    = 32   // of fewer the time goes into reading the weights, of which there are 16/9 as many
	winogradShare    = 0.75 // of the multiplications of the direct form; images with few pixels waste parts of their tiles
	// Beyond these, the tables (80 bytes for each tile) or a worker's scratch would take more memory than the gain is worth.
	winogradMostTiles = 1 << 20
	winogradMostWidth = 1 << 13 // channels and filters together
)

// winogradTable is the number of tiles up to which the tables are made for the whole batch.
const winogradTable = 1 << 13

// winograd is a convolution by Winograd's algorithm, nil where that is not possible or does not pay.
func (l *lowering) winograd(n *graph.Node, a graph.Conv, x *graph.Value) (*work, error) {
	k, out := n.In[1], n.Out[0]
	channels, filters := x.LastDim(), out.LastDim()
	level := kernel.Current()
	if len(a.Strides) != 2 || k.Shape[0] != 3 || k.Shape[1] != 3 || a.Groups != 1 || slices.Max(a.Strides) != 1 ||
		slices.Max(a.Dilation) != 1 ||
		min(channels, filters) < winogradChannels || channels+filters > winogradMostWidth || !kernel.HasWinograd(level, channels, filters) {
		return nil, nil
	}
	batch, pixels := x.Shape[0], out.Shape[1]*out.Shape[2]
	perImage := (out.Shape[1] + 1) / 2 * ((out.Shape[2] + 1) / 2)
	if batch*perImage < winogradTiles || perImage > winogradMostTiles || float64(16*perImage) > winogradShare*float64(9*pixels) {
		return nil, nil
	}
	e, err := l.follow(out, filters, true)
	if err != nil {
		return nil, err
	}
	filter, err := l.packWinograd(k, channels, filters, e)
	if err != nil {
		return nil, err
	}
	spec := kernel.WindowSpec{Batch: batch, Axes: window(x.Shape, out.Shape, k.Shape[:2], a.Strides, a.Dilation, a.PadLo), Channels: channels,
		InStride: channels, OutStride: filters}
	c := &winogradStep{ending: ending{e: e}, filter: filter, filters: filters, images: 1}
	if batch*perImage > winogradTable {
		c.images, c.inSize, c.outSize = batch, x.Size()/batch, out.Size()/batch
		spec.Batch = 1
	}
	c.tiles = kernel.NewWinogradTiles(spec)
	size := c.split(channels, l.threads)
	c.scratch = kernel.WinogradScratch(channels, filters, size)
	w := &work{node: n, name: e.name("winograd"), in: append([]*graph.Value{x}, e.inputs...), out: []*graph.Value{e.out}, inPlace: -1,
		scratch: c.scratch + e.scratch()}
	w.units = len(c.list)
	w.cost = 16*productCost(batch*perImage, channels, filters) + slowness()*8*float64(batch*perImage)*float64(channels+filters)/10 + e.cost()
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

// packWinograd returns the transformed weights k, made once for all plans.
func (l *lowering) packWinograd(k *graph.Value, channels, filters int, e *epilogue) (*kernel.WinogradFilter, error) {
	level := kernel.Current()
	allocate := func() *kernel.WinogradFilter { return kernel.NewWinogradFilter(level, channels, filters) }
	return packed(l, fmt.Sprintf("winograd %v %d %d", level, channels, filters), k, e.scale, allocate,
		func(f *kernel.WinogradFilter, w graph.Buf, scale []float32) error {
			f.Fill(0, f.Panels(), w.F, scale)
			return nil
		})
}

// winogradStep runs a convolution tile by tile.
type winogradStep struct {
	tiles           kernel.WinogradTiles
	images          int // how often the tiles are gone through
	inSize, outSize int // elements between one time and the next
	list            []windowUnit
	filter          *kernel.WinogradFilter
	filters         int
	ending
	scratch int
}

// split divides the work into units and returns the tiles of the largest.
func (c *winogradStep) split(channels, threads int) int {
	// Patches and products of a unit should lie in the second-level cache, and a unit should read the weights for
	// many tiles.
	const elements, least, most = 384 << 10, 16, 96
	tile := kernel.RowTile(c.filter.Level())
	count := c.tiles.Count()
	rows := (count + tile - 1) / tile
	unit := min(max(elements/(16*(channels+c.filters)), least), most) / tile
	s := share(rows, min(unit, (rows+threads-1)/threads), threads)
	largest := 0
	for image := range c.images {
		for i := range s.count {
			r0, r1 := s.from(i)*tile, min(s.from(i+1)*tile, count)
			c.list = append(c.list, windowUnit{image: image, pieces: []piece{{0, r0, r1}}})
			largest = max(largest, r1-r0)
		}
	}
	if c.wholeRows() || rows*c.images >= threads {
		threads = 1 // a unit with some of the panels only would transform its patches nevertheless
	}
	c.list = divide(c.list, c.filter.Panels(), threads, false)
	return largest
}

func (c *winogradStep) run(r *run, worker int, x, out []float32, lo, hi int) {
	scratch := r.scratch[worker]
	for _, u := range c.list[lo:hi] {
		base := u.image * c.outSize
		w := kernel.Winograd{Src: x[u.image*c.inSize:], Tiles: &c.tiles, Filter: c.filter, Dst: out[base:], Epilogue: c.e.kernel(),
			Scratch: scratch[:c.scratch]}
		if c.residual >= 0 {
			w.Residual = r.bufs[c.residual].F[base:]
		}
		t := u.pieces[0]
		w.Block(t.r0, t.r1, u.p0, u.p1)
		if !c.wholeRows() {
			continue
		}
		c.tiles.Runs(t.r0, t.r1, c.filters, func(from, to int) {
			if c.post != nil {
				c.post.run(r, scratch[c.scratch:], out[base:], base, base+from, base+to)
			}
			finish(c.e.out.DType, out[base+from:base+to])
		})
	}
}
