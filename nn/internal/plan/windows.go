package plan

import (
	"sort"

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

// maxTaps bounds the tables of taps: a window that reaches over much of a large image is left to the reference evaluation, which
// has none.
const maxTaps = 1 << 24

// affordable reports whether the tables of sliding windows may be made: what runs has room for the results at least.
func (l *lowering) affordable(x, out *graph.Value, kern, strides, dilation, lo []int) bool {
	if int64(out.Size()) > l.options.MaxBytes/4 {
		return false
	}
	if graph.Times(out.Size()/max(out.LastDim(), 1), graph.Product(kern)) <= maxTaps { // one class for each pixel, with all taps
		return true
	}
	axes := window(x.Shape, out.Shape, kern, strides, dilation, lo)
	spec := kernel.WindowSpec{Batch: x.Shape[0], Axes: axes, Channels: x.LastDim(), InStride: x.LastDim(), OutStride: out.LastDim()}
	limit := int(min(maxTaps, l.options.MaxBytes/256)) // some 64 bytes for each, and for what is grown on the way
	return spec.Taps(limit) <= limit
}

func newWindows(spec kernel.WindowSpec, x, out *graph.Value) windows {
	w := windows{images: 1}
	if batch := x.Shape[0]; batch > 1 && out.Size()/out.LastDim() > maxTable {
		w.images, w.inSize, w.outSize = batch, x.Size()/batch, out.Size()/batch
		spec.Batch = 1
	}
	w.classes = kernel.NewWindows(spec)
	return w
}

// units divides the work into ranges of about step pixels, each of one class, from the top of the images to the bottom.
func (w *windows) units(step int) []windowUnit {
	var units []windowUnit
	for image := range w.images {
		for i, c := range w.classes {
			for r := 0; r < c.Count; r += step {
				units = append(units, windowUnit{image: image, from: c.Dst.At(r), pieces: []piece{{i, r, min(r+step, c.Count)}}})
			}
		}
	}
	sort.SliceStable(units, func(i, j int) bool {
		a, b := &units[i], &units[j]
		return a.image < b.image || a.image == b.image && a.from < b.from
	})
	for i := range units {
		units[i].from = 0 // not a band
	}
	return units
}

// bands divides the work into ranges of output pixels that lie side by side, whatever their classes, so that what
// follows can run over each of them at once. Bands have about step pixels and whole lines of line pixels; width is the
// number of elements of a pixel.
func (w *windows) bands(step, line, width int) []windowUnit {
	pixels := 0
	for _, c := range w.classes {
		pixels += c.Count
	}
	line = max(line, 1)
	step = max(max(min(step, pixels/minBands), step/2)/line, 1) * line
	var units []windowUnit
	for image := range w.images {
		for at := 0; at < pixels; at += step {
			u := windowUnit{image: image, from: at * width, to: min(at+step, pixels) * width}
			for i, c := range w.classes {
				below := func(limit int) int { return sort.Search(c.Count, func(r int) bool { return c.Dst.At(r) >= limit }) }
				if r0, r1 := below(u.from), below(u.to); r0 < r1 {
					u.pieces = append(u.pieces, piece{i, r0, r1})
				}
			}
			units = append(units, u)
		}
	}
	return units
}

// minBands is how many bands there are, for threads to share them, unless they would be less than half as large as asked for.
const minBands = 8

// windowUnit is a part of a convolution or pooling: pieces of an image. A convolution may divide it further by column
// panels, [p0, p1). A band has the range of elements that it writes as well.
type windowUnit struct {
	image    int
	pieces   []piece
	p0, p1   int
	from, to int
}

// piece is the range [r0, r1) of the output pixels of a class.
type piece struct{ class, r0, r1 int }

// weight is a measure of the work of a unit. A few pixels take as long as a tile of the kernels, about 8.
func (w *windows) weight(u windowUnit) int {
	sum := 0
	for _, p := range u.pieces {
		sum += (p.r1 - p.r0 + 7) / 8 * max(w.classes[p.class].Taps.Len(), 1)
	}
	return sum * max(u.p1-u.p0, 1)
}

// divide cuts units by column panels where there are too few of them to keep all threads busy: each panel, or a few, goes
// through all units, so that a thread reads no weights that another one reads. Weights that do not fit the second-level cache
// (large) are read once in this way, not for each unit, which is worth it where units have few pixels.
func divide(units []windowUnit, panels, threads int, large bool) []windowUnit {
	parts := 1
	if large && len(units) > 1 && len(units) < 16 {
		parts = panels
	} else if threads > 1 && len(units) < 4*threads {
		parts = panels
		if panels%threads == 0 {
			parts = min(threads*((4*threads+len(units)-1)/len(units)), panels)
		}
	}
	out := make([]windowUnit, 0, len(units)*parts)
	for i := range parts {
		for _, u := range units {
			u.p0, u.p1 = i*panels/parts, (i+1)*panels/parts
			out = append(out, u)
		}
	}
	return out
}
