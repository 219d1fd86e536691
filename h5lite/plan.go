package h5lite

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/hornml/horn/h5lite/internal/format"
	"github.com/hornml/horn/h5lite/internal/wire"
)

// plan is a file to be written: all its parts with their sizes, in the order of
// their addresses. Addresses are known before the first byte is written.
type plan struct {
	parts []part
	end   uint64
	data  []part // of raw data: they follow the metadata
	root  placed
	heap  *format.HeapCollection
}

// part is a piece of a file.
type part struct {
	addr, size uint64
	write      func(w io.Writer) error
}

// placed is where the parts of an object are.
type placed struct {
	header, tree, heap uint64
	group              bool
}

// Size is the number of bytes that [Tree.WriteTo] will write. Compressed
// datasets are compressed to know it.
func (t *Tree) Size() (int64, error) {
	p, err := t.makePlan()
	if err != nil {
		return 0, err
	}
	return int64(p.end), nil
}

// WriteTo writes the file, from its first byte to its last. Memory does not
// grow with data that come from functions.
func (t *Tree) WriteTo(w io.Writer) (int64, error) {
	p, err := t.makePlan()
	if err != nil {
		return 0, err
	}
	c := &counter{w: w}
	for _, x := range p.parts {
		if err := c.padTo(x.addr); err != nil {
			return c.n, err
		}
		c.limit = int64(x.addr + x.size)
		if err := x.write(c); err != nil {
			return c.n, err
		}
		if c.n != c.limit {
			return c.n, fmt.Errorf("h5lite: %d bytes were written where %d were declared", c.n-int64(x.addr), x.size)
		}
	}
	return c.n, c.padTo(p.end)
}

// errTooLong stops a function that writes more than the shape of its dataset.
var errTooLong = errors.New("h5lite: more bytes than the shape of the dataset has")

// counter counts what is written and guards the end of the present part.
type counter struct {
	w        io.Writer
	n, limit int64
}

func (c *counter) Write(b []byte) (int, error) {
	if int64(len(b)) > c.limit-c.n {
		return 0, errTooLong
	}
	n, err := c.w.Write(b)
	c.n += int64(n)
	return n, err
}

func (c *counter) padTo(addr uint64) error {
	c.limit = int64(addr)
	_, err := c.Write(make([]byte, int64(addr)-c.n))
	return err
}

func (t *Tree) makePlan() (*plan, error) {
	if t.plan != nil || t.err != nil {
		return t.plan, t.err
	}
	p := &plan{}
	p.place(format.SuperblockSize, func() []byte {
		return format.EncodeSuperblock(p.root.header, p.root.tree, p.root.heap, p.end)
	})
	var err error
	if p.root, err = p.group(t.TreeGroup); err != nil {
		return nil, err
	}
	p.closeHeap()
	for _, x := range p.data {
		p.end = (p.end + 7) &^ 7
		p.end += x.size
		p.parts = append(p.parts, part{p.end - x.size, x.size, x.write})
	}
	t.plan = p
	return p, nil
}

// place appends metadata of a known size; their content is made when all
// addresses are known.
func (p *plan) place(size int, encode func() []byte) uint64 {
	p.end = (p.end + 7) &^ 7
	addr := p.end
	p.parts = append(p.parts, part{addr, uint64(size), func(w io.Writer) error {
		_, err := w.Write(encode())
		return err
	}})
	p.end += uint64(size)
	return addr
}

// later puts raw data behind all metadata. Their address is not known before
// the plan is complete: the result gives it then.
func (p *plan) later(size uint64, write func(io.Writer) error) func() uint64 {
	if size == 0 {
		return func() uint64 { return wire.Undefined }
	}
	i := len(p.data)
	p.data = append(p.data, part{size: size, write: write})
	return func() uint64 { return p.parts[len(p.parts)-len(p.data)+i].addr }
}

// group places a group and all that is below it: its header first, then its
// members in order of their names, then the structures that find them.
func (p *plan) group(g *TreeGroup) (placed, error) {
	at := placed{group: true}
	messages := []func() format.OutMessage{func() format.OutMessage {
		return format.OutMessage{Type: format.MsgSymbolTable, Data: format.EncodeSymbolTable(at.tree, at.heap)}
	}}
	var err error
	if at.header, err = p.header(&g.treeObject, messages, []int{16}); err != nil {
		return at, err
	}
	names := slices.Sorted(maps.Keys(g.children))
	entries := make([]format.SymbolEntry, len(names))
	heap := format.NewLocalHeap()
	for i, name := range names {
		var sub placed
		switch c := g.children[name].(type) {
		case *TreeGroup:
			sub, err = p.group(c)
		case *TreeDataset:
			sub.header, err = p.dataset(c)
		}
		if err != nil {
			return at, err
		}
		entries[i] = format.SymbolEntry{Name: heap.Add(name), Header: sub.header, Group: sub.group, Tree: sub.tree, Heap: sub.heap}
	}
	data := uint64(0)
	at.heap = p.place(format.LocalHeapSize, func() []byte { return heap.Encode(data) })
	data = p.place(len(heap.Data), func() []byte { return heap.Data })
	at.tree = p.groupTree(entries)
	return at, nil
}

// level is a row of nodes of a tree that is built from its leaves up: their
// addresses, and for each the last key below it.
type level struct {
	addrs, keys []uint64
}

// groupTree places the symbol table nodes and the B-tree over them.
func (p *plan) groupTree(entries []format.SymbolEntry) uint64 {
	var l level
	for part := range slices.Chunk(entries, format.SymbolNodeEntries) {
		l.addrs = append(l.addrs, p.place(format.SymbolNodeSize, func() []byte { return format.EncodeSymbolNode(part) }))
		l.keys = append(l.keys, part[len(part)-1].Name)
	}
	for n := 0; ; n++ {
		var up level
		first := uint64(0) // key left of the node
		count := max(1, (len(l.addrs)+format.GroupNodeChildren-1)/format.GroupNodeChildren)
		base := (p.end + 7) &^ 7
		for i := range count {
			from := i * format.GroupNodeChildren
			to := min(from+format.GroupNodeChildren, len(l.addrs))
			keys := append([]uint64{first}, l.keys[from:to]...)
			first = keys[len(keys)-1]
			h := siblings(n, i, count, base, format.GroupNodeSize)
			children := l.addrs[from:to]
			up.addrs = append(up.addrs, p.place(format.GroupNodeSize, func() []byte {
				return format.EncodeGroupNode(h, keys, children)
			}))
			up.keys = append(up.keys, first)
		}
		if count == 1 {
			return up.addrs[0]
		}
		l = up
	}
}

// siblings describes the i-th of count nodes of equal size from base on.
func siblings(n, i, count int, base uint64, size int) format.NodeHead {
	h := format.NodeHead{Level: n, Left: wire.Undefined, Right: wire.Undefined}
	if i > 0 {
		h.Left = base + uint64((i-1)*size)
	}
	if i < count-1 {
		h.Right = base + uint64((i+1)*size)
	}
	return h
}

// header places an object header. The messages are made when it is written;
// sizes are theirs.
func (p *plan) header(o *treeObject, messages []func() format.OutMessage, sizes []int) (uint64, error) {
	encode := format.EncodeHeader1
	dense := false
	for _, a := range o.attrs {
		dense = dense || len(a.Encode(false)) > format.MaxMessage
	}
	size := 16
	for _, n := range sizes {
		size += 8 + (n+7)&^7
	}
	if dense {
		encode = format.EncodeHeader2
		size = 14
		for _, n := range sizes {
			size += 4 + n
		}
		at, err := p.denseAttributes(o)
		if err != nil {
			return 0, err
		}
		size += 4 + 18
		messages = append(messages, func() format.OutMessage {
			return format.OutMessage{Type: format.MsgAttributeInfo, Data: format.EncodeAttributeInfo(at.Heap, at.Names)}
		})
	} else {
		if len(o.attrs)+len(messages) > 65535 {
			return 0, fmt.Errorf("h5lite: writing %q: %d attributes, an object header has room for 65535 messages", o.path, len(o.attrs))
		}
		for _, a := range o.attrs {
			p.strings(a.Data, o.vlen[a])
			size += 8 + (len(a.Encode(false))+7)&^7
			messages = append(messages, func() format.OutMessage {
				return format.OutMessage{Type: format.MsgAttribute, Data: a.Encode(false)}
			})
		}
	}
	return p.place(size, func() []byte {
		list := make([]format.OutMessage, len(messages))
		for i, m := range messages {
			list[i] = m()
		}
		return encode(list)
	}), nil
}

// denseAttributes places the attributes of an object outside its header.
func (p *plan) denseAttributes(o *treeObject) (*format.DenseAttributes, error) {
	d := &format.DenseAttributes{}
	for _, a := range o.attrs {
		p.strings(a.Data, o.vlen[a])
		n := len(a.Encode(true))
		d.Addrs = append(d.Addrs, p.place(n, func() []byte { return a.Encode(true) }))
		d.Sizes = append(d.Sizes, n)
		d.NameList = append(d.NameList, a.Name)
	}
	if len(d.Addrs) > 65535 {
		return nil, fmt.Errorf("h5lite: writing %q: %d attributes, at most 65535 are written", o.path, len(d.Addrs))
	}
	d.Heap = p.place(d.HeapSize(), d.EncodeHeap)
	d.Huge = p.place(d.HugeSize(), d.EncodeHuge)
	d.Names = p.place(d.NamesSize(), d.EncodeNames)
	return d, nil
}

// closeHeap places the present collection and tells its address to all that
// refer to it.
func (p *plan) closeHeap() {
	if h := p.heap; h != nil {
		h.Placed(p.place(h.Size(), h.Encode))
		p.heap = nil
	}
}

// strings places variable-length strings in global heap collections and writes
// their references into refs.
func (p *plan) strings(refs []byte, list []string) {
	for i, s := range list {
		if p.heap == nil || !p.heap.Fits(len(s)) {
			p.closeHeap()
			p.heap = &format.HeapCollection{}
		}
		p.heap.Add(s, refs[16*i:16*i+16])
	}
}
