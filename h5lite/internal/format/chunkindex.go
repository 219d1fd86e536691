package format

import (
	"math"
	"math/bits"
	"slices"
	"sort"

	"github.com/hornml/horn/h5lite/internal/wire"
)

// Chunk is one stored chunk of a dataset.
type Chunk struct {
	Number uint64 // its place among all chunks of the shape, in C order
	Addr   uint64
	Size   uint64 // stored bytes
	Mask   uint32 // filters that were left out
}

// chunkIndex collects the chunks of one dataset.
type chunkIndex struct {
	f      *File
	d      *Dataset
	owner  uint64
	counts []uint64 // chunks along each dimension of the shape
	bytes  uint64   // of a decoded chunk
	sized  bool     // entries carry size and mask
	wide   int      // bytes of such a size
	list   []Chunk
}

// ChunkCounts is the number of chunks along each dimension.
func (d *Dataset) ChunkCounts() []uint64 { return chunkCounts(d.Space.Dims, d.Layout.Chunk) }

func chunkCounts(dims, chunk []uint64) []uint64 {
	n := make([]uint64, len(dims))
	for i := range dims {
		n[i] = dims[i] / chunk[i]
		if dims[i]%chunk[i] != 0 {
			n[i]++
		}
	}
	return n
}

// Chunks reads the chunk index of a dataset; owner is its object header. The
// list is in order of Number, and no two chunks have the same. Their bytes may
// be shared: [Stored] says how many there are.
func (f *File) Chunks(d *Dataset, owner uint64) ([]Chunk, error) {
	l := d.Layout
	x := &chunkIndex{f: f, d: d, owner: owner, counts: d.ChunkCounts(), bytes: l.ChunkBytes(), sized: len(d.Filters) > 0}
	x.wide = min(1+(log2(x.bytes)+8)/8, 8)
	if l.WideSizes {
		x.wide = f.Sizes().Length
	}
	if l.Addr == wire.Undefined || d.Space.Count == 0 {
		return nil, nil
	}
	var err error
	switch l.Index {
	case IndexBTree1:
		err = x.btree1()
	case IndexSingle:
		err = x.single()
	case IndexImplicit:
		err = x.implicit()
	case IndexFixedArray:
		err = x.fixedArray()
	case IndexExtensibleArray:
		err = x.extensibleArray()
	case IndexBTree2:
		err = x.btree2()
	}
	if err != nil {
		return nil, err
	}
	return x.list, x.check()
}

// check sorts the chunks and looks for two of one number, of which nobody can
// say which one is meant.
func (x *chunkIndex) check() error {
	sortChunks(x.list, func(i, j int) bool { return x.list[i].Number < x.list[j].Number })
	for i := 1; i < len(x.list); i++ {
		if x.list[i-1].Number == x.list[i].Number {
			return wire.Errorf(x.f.FileOffset(x.list[i].Addr), "chunk index", "two chunks number %d", x.list[i].Number)
		}
	}
	return nil
}

// Stored counts the bytes that chunks have: read is their sum, distinct has
// those that several of them share once. Both differ only where chunks overlap.
func Stored(chunks []Chunk) (distinct, read uint64) {
	byAddr := slices.Clone(chunks)
	sortChunks(byAddr, func(i, j int) bool { return byAddr[i].Addr < byAddr[j].Addr })
	end := uint64(0)
	for _, c := range byAddr {
		read += min(c.Size, math.MaxUint64-read)
		if last := c.Addr + c.Size; last > end {
			distinct += last - max(c.Addr, end)
			end = last
		}
	}
	return distinct, read
}

// sortChunks sorts a list that is often sorted already.
func sortChunks(list []Chunk, less func(i, j int) bool) {
	if !sort.SliceIsSorted(list, less) {
		sort.Slice(list, less)
	}
}

// add checks one chunk against the file and keeps it.
func (x *chunkIndex) add(number, addr, size uint64, mask uint32) error {
	if err := x.f.Check(addr, size, "chunk"); err != nil {
		return err
	}
	if !x.sized && size != x.bytes {
		return wire.Errorf(x.f.FileOffset(addr), "chunk", "%d stored bytes of %d, without a filter", size, x.bytes)
	}
	if size == 0 {
		return wire.Errorf(x.f.FileOffset(addr), "chunk", "0 stored bytes")
	}
	x.list = append(x.list, Chunk{number, addr, size, mask})
	return nil
}

// number gives the place of the chunk at scaled coordinates.
func (x *chunkIndex) number(scaled []uint64) (uint64, bool) {
	var n uint64
	for i, s := range scaled {
		if s >= x.counts[i] {
			return 0, false
		}
		n = n*x.counts[i] + s
	}
	return n, true
}

// btree1 reads a version 1 B-tree (III.A.1), whose keys are element offsets.
func (x *chunkIndex) btree1() error {
	const what = "version 1 B-tree node"
	rank := len(x.counts)
	scaled := make([]uint64, rank)
	dims := append(slices.Clone(x.d.Layout.Chunk), x.d.Layout.ElementSize)
	return x.f.walkBTree1(x.d.Layout.Addr, x.owner, dims, func(addr uint64, key *btree1Key) error {
		at := x.f.FileOffset(addr)
		for i := range scaled {
			scaled[i] = key.offset[i] / x.d.Layout.Chunk[i]
		}
		n, ok := x.number(scaled)
		if !ok || key.offset[rank] != 0 {
			return wire.Errorf(at, what, "a chunk outside the shape, at %v", key.offset[:rank+1])
		}
		return x.add(n, addr, uint64(key.size), key.mask)
	})
}

// single is the index of a dataset of one chunk.
func (x *chunkIndex) single() error {
	g, err := x.grid(false)
	if err != nil {
		return err
	}
	if g.total() != 1 {
		return wire.Errorf(x.d.Layout.Offset, "data layout message", "a single chunk for %v chunks", g.counts)
	}
	l := x.d.Layout
	// Without a size of its own the chunk has that of its elements: a partial one
	// left unfiltered, or one whose filters keep the size. They are undone all the
	// same, as for every other chunk.
	size := x.bytes
	if l.HasSingle {
		size = l.SingleSize
	}
	return x.add(0, l.Addr, size, l.SingleMask)
}

// grid is the order in which an array index numbers the chunks: by the maximum
// shape, and with the unlimited dimension, if any, moved to the front.
type grid struct {
	order  []int    // dimensions from slowest to fastest
	counts []uint64 // chunks along each, by order; the first may be unlimited
}

func (x *chunkIndex) grid(unlimited bool) (grid, error) {
	d := x.d
	maxDims := d.Space.MaxDims
	if maxDims == nil {
		maxDims = d.Space.Dims
	}
	var g grid
	at := -1
	for i, m := range maxDims {
		if m == Unlimited {
			if at >= 0 || !unlimited {
				return g, wire.Errorf(d.Layout.Offset, "data layout message", "a chunk index that does not fit the maximum shape %v", maxDims)
			}
			at = i
		}
	}
	if unlimited && at < 0 {
		return g, wire.Errorf(d.Layout.Offset, "data layout message", "an extensible array, but no unlimited dimension")
	}
	if at >= 0 {
		g.order = append(g.order, at)
		g.counts = append(g.counts, x.counts[at])
	}
	all := chunkCounts(maxDims, d.Layout.Chunk)
	for i := range maxDims {
		if i != at {
			g.order = append(g.order, i)
			g.counts = append(g.counts, all[i])
		}
	}
	if g.total() == 0 {
		return g, wire.Errorf(d.Layout.Offset, "data layout message", "a maximum shape %v of too many chunks", maxDims)
	}
	return g, nil
}

// total is the number of chunks, 0 if it is absurd.
func (g grid) total() uint64 {
	n := uint64(1)
	for _, c := range g.counts {
		hi, lo := bits.Mul64(n, c)
		if hi != 0 || lo > 1<<62 {
			return 0
		}
		n = lo
	}
	return n
}

// scaled gives the coordinates of the entry i.
func (g grid) scaled(i uint64, out []uint64) {
	for k := len(g.order) - 1; k >= 0; k-- {
		out[g.order[k]] = i % g.counts[k]
		i /= g.counts[k]
	}
}

// entry adds the chunk of entry i of an array, unless it was never written or
// lies outside the present shape.
func (x *chunkIndex) entry(g grid, i, addr, size uint64, mask uint32, scaled []uint64) error {
	if addr == wire.Undefined {
		return nil
	}
	g.scaled(i, scaled)
	n, ok := x.number(scaled)
	if !ok {
		return nil
	}
	return x.add(n, addr, size, mask)
}

// implicit is no index: all chunks lie one after the other.
func (x *chunkIndex) implicit() error {
	g, err := x.grid(false)
	if err != nil {
		return err
	}
	if x.sized {
		return wire.Errorf(x.d.Layout.Offset, "data layout message", "an implicit index with filters")
	}
	scaled := make([]uint64, len(x.counts))
	total, addr := g.total(), x.d.Layout.Addr
	if hi, n := bits.Mul64(total, x.bytes); hi != 0 {
		return wire.Errorf(x.d.Layout.Offset, "data layout message", "%d chunks of %d bytes", total, x.bytes)
	} else if err := x.f.Check(addr, n, "chunks"); err != nil {
		return err
	}
	for i := range total {
		if err := x.entry(g, i, addr+i*x.bytes, x.bytes, 0, scaled); err != nil {
			return err
		}
	}
	return nil
}

// entrySize is the size of an entry of an array index, and its client id.
func (x *chunkIndex) entrySize() (size int, client uint8) {
	if x.sized {
		return x.f.Sizes().Offset + x.wide + 4, 1
	}
	return x.f.Sizes().Offset, 0
}

// readEntry decodes an entry of an array index.
func (x *chunkIndex) readEntry(c *wire.Cursor) (addr, size uint64, mask uint32) {
	addr, size = c.Addr(), x.bytes
	if x.sized {
		size, mask = c.Uint(x.wide), c.U32()
	}
	return addr, size, mask
}

// btree2 reads a version 2 B-tree of chunks (III.A.2, record types 10 and 11).
func (x *chunkIndex) btree2() error {
	rank := len(x.counts)
	typ := uint8(btree2Chunks)
	if x.sized {
		typ = btree2FilteredChunk
	}
	entry, _ := x.entrySize()
	scaled := make([]uint64, rank)
	size := func(uint8) int { return entry + 8*rank }
	return x.f.walkBTree2(x.d.Layout.Addr, x.owner, []uint8{typ}, size, func(record []byte, at int64) error {
		c := wire.NewCursor(record, at, "version 2 B-tree record", x.f.Sizes())
		addr, size, mask := x.readEntry(c)
		for i := range scaled {
			scaled[i] = c.U64()
		}
		n, ok := x.number(scaled)
		if !ok && c.Err() == nil {
			c.Fail("a chunk outside the shape, at %v", scaled)
		}
		if c.Err() != nil {
			return c.Err()
		}
		return x.add(n, addr, size, mask)
	})
}
