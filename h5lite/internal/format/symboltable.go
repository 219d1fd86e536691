package format

import (
	"github.com/hornml/horn/h5lite/internal/wire"
)

// symbolTableEntry is one member of a group of the old form (HDF5 File Format
// Specification, III.C).
type symbolTableEntry struct {
	Name      uint64 // offset in the local heap
	Header    uint64
	CacheType uint32
	Scratch   uint32 // first word of the scratch pad: a soft link's target
}

// cacheSoftLink marks an entry that is a soft link.
const cacheSoftLink = 2

func readSymbolTableEntry(c *wire.Cursor) symbolTableEntry {
	e := symbolTableEntry{Name: c.Length(), Header: c.Addr(), CacheType: c.U32()}
	c.Skip(4)
	e.Scratch = c.U32()
	c.Skip(12)
	return e
}

// symbolTable reads the links of a group from its B-tree and local heap.
func (f *File) symbolTable(m *Message, owner uint64) ([]Link, error) {
	c := m.cursor(f)
	tree, heapAddr := c.Addr(), c.Addr()
	if err := c.Err(); err != nil {
		return nil, err
	}
	heap, err := f.readLocalHeap(heapAddr, owner)
	if err != nil {
		return nil, err
	}
	var links []Link
	err = f.walkBTree1(tree, owner, nil, func(node uint64, k *btree1Key) error {
		n := len(links)
		if links, err = f.symbolNode(links, node, owner, heap); err != nil {
			return err
		}
		return inOrder(f, node, heap, links, n, k)
	})
	return links, err
}

// inOrder checks that the names of a node, those of links from n on, rise and
// lie between the keys of its tree: else a library would not find them.
func inOrder(f *File, node uint64, heap *localHeap, links []Link, n int, k *btree1Key) error {
	const what = "symbol table node"
	if n == len(links) {
		return nil
	}
	for i := max(n, 1); i < len(links); i++ {
		if links[i-1].Name == links[i].Name {
			return wire.Errorf(f.FileOffset(node), what, "two members with the name %q", links[i].Name)
		}
		if links[i-1].Name >= links[i].Name {
			return wire.Errorf(f.FileOffset(node), what, "the names %q and %q are out of order", links[i-1].Name, links[i].Name)
		}
	}
	left, err := heap.name(k.left)
	if err != nil {
		return err
	}
	right, err := heap.name(k.right)
	if err != nil {
		return err
	}
	if links[n].Name <= left || links[len(links)-1].Name > right {
		return wire.Errorf(f.FileOffset(node), what, "the names %q to %q are not between the keys %q and %q of the B-tree",
			links[n].Name, links[len(links)-1].Name, left, right)
	}
	return nil
}

// symbolNode appends the links of one symbol table node (III.B).
func (f *File) symbolNode(links []Link, addr, owner uint64, heap *localHeap) ([]Link, error) {
	const what = "symbol table node"
	entry := uint64(f.Sizes().Length + f.Sizes().Offset + 24)
	c, err := f.Cursor(addr, 8, what)
	if err != nil {
		return nil, err
	}
	c.Signature("SNOD")
	c.Version(1)
	c.Skip(1)
	n := int(c.U16())
	if c.Err() == nil && n > 2*f.Super.LeafK {
		c.Fail("%d entries, at most %d have room", n, 2*f.Super.LeafK)
	}
	if err := c.Err(); err != nil {
		return nil, err
	}
	if err := f.claim(addr, 8+uint64(n)*entry, owner, what); err != nil {
		return nil, err
	}
	if c, err = f.Cursor(addr+8, uint64(n)*entry, what); err != nil {
		return nil, err
	}
	for range n {
		at := c.Offset()
		e := readSymbolTableEntry(c)
		if err := c.Err(); err != nil {
			return nil, err
		}
		l := Link{Addr: e.Header}
		if l.Name, err = heap.name(e.Name); err != nil {
			return nil, err
		}
		if e.CacheType == cacheSoftLink {
			l.Type = LinkSoft
			if l.Target, err = heap.name(uint64(e.Scratch)); err != nil {
				return nil, err
			}
		} else if e.CacheType > cacheSoftLink {
			return nil, wire.Errorf(at, what, "cache type %d of the entry %q", e.CacheType, l.Name)
		} else if e.Header == wire.Undefined {
			return nil, wire.Errorf(at, what, "the entry %q has an undefined address", l.Name)
		}
		links = append(links, l)
	}
	return links, nil
}

// SymbolEntry is a member of a group to write.
type SymbolEntry struct {
	Name       uint64 // offset in the local heap
	Header     uint64
	Group      bool // then Tree and Heap are its own
	Tree, Heap uint64
}

func (e SymbolEntry) append(b []byte) []byte {
	b = le.AppendUint64(b, e.Name)
	b = le.AppendUint64(b, e.Header)
	if !e.Group {
		return append(b, make([]byte, 24)...)
	}
	b = le.AppendUint32(b, 1) // the scratch pad has the group's tree and heap
	b = le.AppendUint32(b, 0)
	b = le.AppendUint64(b, e.Tree)
	return le.AppendUint64(b, e.Heap)
}

// SymbolNodeSize is the size of a symbol table node, with room for
// SymbolNodeEntries.
const (
	SymbolNodeEntries = 2 * leafK
	SymbolNodeSize    = 8 + SymbolNodeEntries*40
)

// EncodeSymbolNode gives a node of at most SymbolNodeEntries members.
func EncodeSymbolNode(entries []SymbolEntry) []byte {
	b := append(make([]byte, 0, SymbolNodeSize), "SNOD\x01\x00"...)
	b = le.AppendUint16(b, uint16(len(entries)))
	for _, e := range entries {
		b = e.append(b)
	}
	return b[:SymbolNodeSize]
}

// EncodeSymbolTable gives the message of a group.
func EncodeSymbolTable(tree, heap uint64) []byte {
	return le.AppendUint64(le.AppendUint64(nil, tree), heap)
}
