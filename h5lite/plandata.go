package h5lite

import (
	"bytes"
	"fmt"
	"io"
	"math"

	"github.com/hornml/horn/h5lite/internal/filter"
	"github.com/hornml/horn/h5lite/internal/format"
	"github.com/hornml/horn/h5lite/internal/wire"
)

// dataset places the header of a dataset, its chunk index, and its data.
func (p *plan) dataset(d *TreeDataset) (uint64, error) {
	space := (&format.Dataspace{Null: d.null, Dims: d.shape}).Encode()
	typ := d.typ.t.Encode()
	fixed := func(t uint16, flags uint8, data []byte) func() format.OutMessage {
		return func() format.OutMessage { return format.OutMessage{Type: t, Flags: flags, Data: data} }
	}
	fill := format.EncodeFillValue(d.chunk != nil)
	messages := []func() format.OutMessage{
		fixed(format.MsgDataspace, 0, space),
		fixed(format.MsgDatatype, format.FlagConstant, typ),
		fixed(format.MsgFillValue, format.FlagConstant, fill),
	}
	sizes := []int{len(space), len(typ), len(fill)}
	if d.data != nil && d.typ.IsVariable() && d.source == nil {
		// The references to the strings are what the dataset holds.
		refs := make([]byte, d.bytes())
		p.strings(refs, d.data.([]string))
		if d.chunk != nil {
			p.closeHeap() // the references must be final before they are compressed
		}
		d = d.withSource(refs)
	}
	if d.chunk == nil {
		n := d.bytes()
		addr := p.later(n, d.write)
		messages = append(messages, func() format.OutMessage {
			return format.OutMessage{Type: format.MsgLayout, Data: format.EncodeContiguous(addr(), n)}
		})
		sizes = append(sizes, 18)
		return p.header(&d.treeObject, messages, sizes)
	}
	if f := d.filters(); len(f) > 0 {
		data := format.EncodeFilterPipeline(f)
		messages = append(messages, fixed(format.MsgFilterPipeline, format.FlagConstant, data))
		sizes = append(sizes, len(data))
	}
	tree, err := p.chunks(d)
	if err != nil {
		return 0, fmt.Errorf("h5lite: writing %q: %w", d.path, err)
	}
	messages = append(messages, func() format.OutMessage {
		return format.OutMessage{Type: format.MsgLayout, Data: format.EncodeChunked(tree, d.chunk, uint32(d.typ.Size()))}
	})
	sizes = append(sizes, 3+8+4*len(d.chunk)+4)
	return p.header(&d.treeObject, messages, sizes)
}

// withSource gives the dataset with its stored bytes instead of its values.
func (d *TreeDataset) withSource(b []byte) *TreeDataset {
	c := *d
	c.source = func(w io.Writer) error {
		_, err := w.Write(b)
		return err
	}
	return &c
}

// write gives the elements as they are stored, in C order.
func (d *TreeDataset) write(w io.Writer) error {
	if d.source != nil {
		return d.source(w)
	}
	raw, _, ok := rawMemory(d.data)
	if !ok {
		_, err := w.Write(encodeElements(nil, d.typ, d.data))
		return err
	}
	if !bigEndianHost || d.typ.swaps() == 1 {
		_, err := w.Write(raw)
		return err
	}
	buf := make([]byte, 64<<10) // a multiple of every size of a number
	for len(raw) > 0 {
		n := copy(buf, raw)
		swap(buf[:n], d.typ.swaps())
		if _, err := w.Write(buf[:n]); err != nil {
			return err
		}
		raw = raw[n:]
	}
	return nil
}

// filters gives the pipeline of a chunked dataset.
func (d *TreeDataset) filters() []format.Filter {
	var list []format.Filter
	if d.shuf {
		list = append(list, format.Filter{ID: filter.Shuffle, Flags: 1, Name: "shuffle", Values: []uint32{uint32(d.typ.Size())}})
	}
	if d.level > 0 {
		list = append(list, format.Filter{ID: filter.Deflate, Flags: 1, Name: "deflate", Values: []uint32{uint32(d.level)}})
	}
	return list
}

// chunks places the B-tree of a chunked dataset, and its chunks among the data.
// Since the sizes of compressed chunks must be known, they are made once here
// and, unless the data are in memory, again when the file is written.
func (p *plan) chunks(d *TreeDataset) (uint64, error) {
	if d.count() == 0 {
		return wire.Undefined, nil
	}
	type entry struct {
		key  format.ChunkKey
		from uint64 // of the first chunk
	}
	var list []entry
	var packed [][]byte
	total := uint64(0)
	err := d.eachChunk(func(at []uint64, b []byte) error {
		if uint64(len(b)) > math.MaxUint32 {
			return fmt.Errorf("a chunk of %d bytes", len(b))
		}
		list = append(list, entry{format.ChunkKey{Size: uint32(len(b)), Offset: at}, total})
		total += uint64(len(b))
		if d.data != nil {
			packed = append(packed, bytes.Clone(b))
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	addr := p.later(total, func(w io.Writer) error {
		if d.data == nil {
			return d.eachChunk(func(_ []uint64, b []byte) error {
				_, err := w.Write(b)
				return err
			})
		}
		for _, b := range packed {
			if _, err := w.Write(b); err != nil {
				return err
			}
		}
		return nil
	})
	// Leaves point at chunks, whose addresses come later; the key behind the
	// last child is one chunk further on.
	size := format.ChunkNodeSize(len(d.shape))
	var addrs []uint64
	keys := make([]format.ChunkKey, len(list))
	for i, e := range list {
		keys[i] = e.key
	}
	end := make([]uint64, len(d.shape))
	copy(end, keys[len(keys)-1].Offset)
	end[len(end)-1] += d.chunk[len(end)-1]
	for n := 0; ; n++ {
		count := (len(keys) + format.ChunkNodeChildren - 1) / format.ChunkNodeChildren
		base := (p.end + 7) &^ 7
		var up []format.ChunkKey
		var upAddrs []uint64
		for i := range count {
			from := i * format.ChunkNodeChildren
			to := min(from+format.ChunkNodeChildren, len(keys))
			k := append([]format.ChunkKey(nil), keys[from:min(to+1, len(keys))]...)
			if to == len(keys) {
				k = append(k, format.ChunkKey{Offset: end})
			}
			h := siblings(n, i, count, base, size)
			leaf, children := n == 0, []uint64(nil)
			if !leaf {
				children = addrs[from:to]
			}
			up = append(up, keys[from])
			upAddrs = append(upAddrs, p.place(size, func() []byte {
				c := children
				if leaf {
					for _, e := range list[from:to] {
						c = append(c, addr()+e.from)
					}
				}
				return format.EncodeChunkNode(h, k, c)
			}))
		}
		if count == 1 {
			return upAddrs[0], nil
		}
		keys, addrs = up, upAddrs
	}
}

// eachChunk cuts the elements into chunks and calls f with each, filtered, and
// the place of its first element. Memory holds one row of chunks.
func (d *TreeDataset) eachChunk(f func(at []uint64, b []byte) error) error {
	c := &chunker{d: d, f: f}
	rowBytes := uint64(d.typ.Size())
	for _, n := range d.shape[1:] {
		rowBytes *= n
	}
	want := rowBytes * min(d.chunk[0], d.shape[0])
	if want > math.MaxInt>>1 {
		return fmt.Errorf("a row of chunks of %d bytes", want)
	}
	c.rowBytes = int(rowBytes)
	c.buf = make([]byte, 0, want)
	if err := d.write(c); err != nil {
		return err
	}
	if c.rows != d.shape[0] {
		return fmt.Errorf("the elements end in row %d of %d", c.rows, d.shape[0])
	}
	return nil
}

// chunker collects rows until they make chunks.
type chunker struct {
	d        *TreeDataset
	f        func([]uint64, []byte) error
	buf      []byte
	rowBytes int
	rows     uint64 // written to f
	out      bytes.Buffer
}

func (c *chunker) Write(b []byte) (int, error) {
	total := len(b)
	for len(b) > 0 {
		if c.rows == c.d.shape[0] {
			return 0, errTooLong
		}
		want := int(min(c.d.chunk[0], c.d.shape[0]-c.rows)) * c.rowBytes
		n := min(want-len(c.buf), len(b))
		c.buf = append(c.buf, b[:n]...)
		b = b[n:]
		if len(c.buf) == want {
			if err := c.flush(); err != nil {
				return 0, err
			}
		}
	}
	return total, nil
}

// flush makes the chunks of the rows in buf.
func (c *chunker) flush() error {
	d := c.d
	rank := len(d.shape)
	size := d.typ.Size()
	dims, chunk, grid := make([]int, rank), make([]int, rank), make([]int, rank)
	n := size
	for i := range rank {
		dims[i], chunk[i] = int(d.shape[i]), int(d.chunk[i])
		n *= chunk[i]
		grid[i] = (dims[i] + chunk[i] - 1) / chunk[i]
	}
	dims[0], grid[0] = len(c.buf)/c.rowBytes, 1
	at, from, count := make([]int, rank), make([]int, rank), make([]int, rank)
	for {
		b := make([]byte, n)
		place := make([]uint64, rank)
		for i := range rank {
			from[i] = at[i] * chunk[i]
			count[i] = min(chunk[i], dims[i]-from[i])
			place[i] = uint64(from[i])
		}
		place[0] = c.rows
		copyBox(b, chunk, nil, c.buf, dims, from, count, size)
		if d.shuf {
			b = filter.ShuffleBytes(b, size)
		}
		if d.level > 0 {
			c.out.Reset()
			if err := filter.Compress(&c.out, b, d.level); err != nil {
				return err
			}
			b = c.out.Bytes()
		}
		if err := c.f(place, b); err != nil {
			return err
		}
		if !advance(at, grid) {
			break
		}
	}
	c.rows += uint64(dims[0])
	c.buf = c.buf[:0]
	return nil
}
