package h5lite

import (
	"math"
	"slices"
	"sort"

	"github.com/hornml/horn/h5lite/internal/filter"
	"github.com/hornml/horn/h5lite/internal/format"
	"github.com/hornml/horn/h5lite/internal/wire"
)

// region is a box of elements of a dataset.
type region struct {
	start, count []int
}

func (r region) len() int {
	n := 1
	for _, c := range r.count {
		n *= c
	}
	return n
}

// all is the region of every element.
func (d *Dataset) all() region { return region{make([]int, len(d.shape)), d.shape} }

// read fills dst with the elements of a region, as stored, in C order. The
// length of dst must be that of the region in bytes.
func (d *Dataset) read(dst []byte, r region) error {
	if len(dst) == 0 {
		return nil
	}
	l := d.d.Layout
	switch {
	case l.Class == format.Compact:
		size := d.Type().Size()
		copyBox(dst, r.count, nil, l.Data, d.shape, r.start, r.count, size)
		return nil
	case l.Class == format.Contiguous && !d.stored():
		fill(dst, d.d.Fill)
		return nil
	case l.Class == format.Contiguous:
		return d.fail(d.readContiguous(dst, r))
	case l.Class == format.Chunked:
		return d.readChunked(dst, r)
	}
	return d.readable()
}

// readContiguous reads runs of neighbouring elements straight into dst.
func (d *Dataset) readContiguous(dst []byte, r region) error {
	size := d.Type().Size()
	// The trailing dimensions that the region covers whole make longer runs.
	run, inner := size, len(d.shape)
	for inner > 0 {
		inner--
		run *= r.count[inner]
		if r.count[inner] != d.shape[inner] {
			break
		}
	}
	at := make([]int, inner)
	for len(dst) > 0 {
		flat := uint64(0)
		for i, n := range d.shape {
			x := r.start[i]
			if i < inner {
				x += at[i]
			}
			flat = flat*uint64(n) + uint64(x)
		}
		if err := d.f.f.Read(dst[:run], d.d.Layout.Addr+flat*uint64(size), "data of a dataset"); err != nil {
			return err
		}
		dst = dst[run:]
		advance(at, r.count)
	}
	return nil
}

// advance steps an odometer with the given number of steps in each dimension;
// it reports false when it is back at the start.
func advance(at, count []int) bool {
	for i := len(at) - 1; i >= 0; i-- {
		if at[i]++; at[i] < count[i] {
			return true
		}
		at[i] = 0
	}
	return false
}

// fill repeats one element, or zero, over dst.
func fill(dst, element []byte) {
	clear(dst)
	if len(element) == 0 {
		return
	}
	for n := copy(dst, element); n > 0 && n < len(dst); n *= 2 {
		copy(dst[n:], dst[:n])
	}
}

// readChunked decodes each chunk that meets the region, once.
func (d *Dataset) readChunked(dst []byte, r region) error {
	chunks, err := d.index()
	if err != nil {
		return err
	}
	w := newChunkWindow(d, r)
	// Only chunks between the first and the last of the region can meet it.
	from, to := w.number(w.first), w.number(w.last)
	chunks = chunks[sort.Search(len(chunks), func(k int) bool { return chunks[k].Number >= from }):]
	chunks = chunks[:sort.Search(len(chunks), func(k int) bool { return chunks[k].Number > to })]
	if uint64(len(chunks)) <= w.total() {
		// Some may be missing, and many of these may be elsewhere in the shape.
		if uint64(len(chunks)) < w.total() || to-from+1 != w.total() {
			fill(dst, d.d.Fill)
		}
		for _, c := range chunks {
			if w.setNumber(c.Number) {
				if err := w.copy(dst, c); err != nil {
					return err
				}
			}
		}
		return nil
	}
	for at := slices.Clone(w.first); ; {
		number := w.number(at)
		k := sort.Search(len(chunks), func(k int) bool { return chunks[k].Number >= number })
		w.set(at)
		if k < len(chunks) && chunks[k].Number == number {
			if err := w.copy(dst, chunks[k]); err != nil {
				return err
			}
		} else {
			fillBox(dst, r.count, w.inDst, w.count, w.size, d.d.Fill)
		}
		if !w.next(at) {
			return nil
		}
	}
}

// chunkWindow is the part of the grid of chunks that a region meets, and the
// chunk that is looked at.
type chunkWindow struct {
	d           *Dataset
	r           region
	size        int
	counts      []uint64 // chunks along each dimension of the shape
	dims        []int    // of a chunk
	first, last []int    // coordinates in the grid
	at          []int
	inChunk     []int // what of the chunk meets the region,
	inDst       []int // where it goes,
	count       []int // and how much that is
	edge        bool  // the chunk reaches beyond the shape
	dec         decoder
}

func newChunkWindow(d *Dataset, r region) *chunkWindow {
	rank := len(d.shape)
	w := &chunkWindow{d: d, r: r, size: d.Type().Size(), counts: d.d.ChunkCounts(), dec: decoder{d: d, steps: d.steps()}}
	for _, s := range []*[]int{&w.dims, &w.first, &w.last, &w.at, &w.inChunk, &w.inDst, &w.count} {
		*s = make([]int, rank)
	}
	for i, c := range d.d.Layout.Chunk {
		w.dims[i] = int(min(c, math.MaxInt))
		w.first[i] = r.start[i] / w.dims[i]
		w.last[i] = (r.start[i] + r.count[i] - 1) / w.dims[i]
	}
	return w
}

// total is the number of chunks in the window.
func (w *chunkWindow) total() uint64 {
	n := uint64(1)
	for i := range w.first {
		n *= uint64(w.last[i] - w.first[i] + 1)
	}
	return n
}

func (w *chunkWindow) number(at []int) uint64 {
	n := uint64(0)
	for i, c := range at {
		n = n*w.counts[i] + uint64(c)
	}
	return n
}

// next moves to the next chunk of the window.
func (w *chunkWindow) next(at []int) bool {
	for i := len(at) - 1; i >= 0; i-- {
		if at[i]++; at[i] <= w.last[i] {
			return true
		}
		at[i] = w.first[i]
	}
	return false
}

// setNumber looks at a chunk by its number, and reports whether it is in the
// window.
func (w *chunkWindow) setNumber(n uint64) bool {
	for i := len(w.at) - 1; i >= 0; i-- {
		w.at[i] = int(n % w.counts[i])
		n /= w.counts[i]
		if w.at[i] < w.first[i] || w.at[i] > w.last[i] {
			return false
		}
	}
	w.set(w.at)
	return true
}

// set works out what of a chunk meets the region.
func (w *chunkWindow) set(at []int) {
	w.edge = false
	for i, c := range at {
		begin := c * w.dims[i]
		end := begin + min(w.dims[i], w.d.shape[i]-begin)
		w.edge = w.edge || end-begin < w.dims[i]
		from, to := max(begin, w.r.start[i]), min(end, w.r.start[i]+w.r.count[i])
		w.inChunk[i], w.inDst[i], w.count[i] = from-begin, from-w.r.start[i], to-from
	}
}

// copy decodes a chunk and copies what meets the region.
func (w *chunkWindow) copy(dst []byte, c format.Chunk) error {
	data, err := w.dec.decode(c, w.edge)
	if err != nil {
		return err
	}
	copyBox(dst, w.r.count, w.inDst, data, w.dims, w.inChunk, w.count, w.size)
	return nil
}

// decoder reads chunks into memory that it uses again.
type decoder struct {
	d     *Dataset
	steps []filter.Step
	raw   []byte
}

// decode gives the elements of a chunk, until the next call.
func (c *decoder) decode(k format.Chunk, edge bool) ([]byte, error) {
	d := c.d
	f := d.f.f
	size := d.d.Layout.ChunkBytes()
	mask := k.Mask
	if edge && d.d.Layout.RawEdges {
		mask = math.MaxUint32
	}
	lim := d.f.limits
	if size > uint64(lim.Free) && (size/uint64(lim.Expansion) > k.Size || size > uint64(lim.Dataset)) {
		return nil, &LimitError{d.path, f.FileOffset(k.Addr), "a chunk of " + utoa(size) + " bytes, stored in " + utoa(k.Size)}
	}
	if size > math.MaxInt>>1 {
		return nil, &LimitError{d.path, f.FileOffset(k.Addr), "a chunk of " + utoa(size) + " bytes is too large for this system"}
	}
	var err error
	if k.Size <= uint64(cap(c.raw)) {
		c.raw = c.raw[:k.Size]
		err = f.Read(c.raw, k.Addr, "chunk")
	} else {
		c.raw, err = f.Bytes(k.Addr, k.Size, "chunk")
	}
	if err != nil {
		return nil, d.fail(err)
	}
	data, err := filter.Decode(c.steps, mask, c.raw, int(size))
	if err != nil {
		return nil, d.fail(&wire.Error{Offset: f.FileOffset(k.Addr), Structure: "chunk", Msg: "number " + utoa(k.Number), Err: err})
	}
	return data, nil
}

// copyBox copies a box of count elements from a place in one array to a place
// in another, both in C order. A nil place is the origin.
func copyBox(dst []byte, dstDims, dstAt []int, src []byte, srcDims, srcAt, count []int, size int) {
	rank := len(count)
	for _, n := range count {
		if n == 0 {
			return
		}
	}
	// Trailing dimensions that are whole in both make longer runs.
	run, inner := size, rank
	for inner > 0 {
		inner--
		run *= count[inner]
		if count[inner] != dstDims[inner] || count[inner] != srcDims[inner] {
			break
		}
	}
	at := make([]int, inner)
	for {
		s, t := 0, 0
		for i := range rank {
			x, y := 0, 0
			if srcAt != nil {
				x = srcAt[i]
			}
			if dstAt != nil {
				y = dstAt[i]
			}
			if i < inner {
				x, y = x+at[i], y+at[i]
			}
			s, t = s*srcDims[i]+x, t*dstDims[i]+y
		}
		copy(dst[t*size:t*size+run], src[s*size:s*size+run])
		if !advance(at, count) {
			return
		}
	}
}

// fillBox fills a box with one element.
func fillBox(dst []byte, dims, at, count []int, size int, element []byte) {
	run := size
	if n := len(count); n > 0 {
		run *= count[n-1]
	}
	inner := max(len(count)-1, 0)
	step := make([]int, inner)
	for {
		t := 0
		for i := range dims {
			x := at[i]
			if i < inner {
				x += step[i]
			}
			t = t*dims[i] + x
		}
		fill(dst[t*size:t*size+run], element)
		if !advance(step, count) {
			return
		}
	}
}
