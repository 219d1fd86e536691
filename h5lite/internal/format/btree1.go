package format

import "github.com/hornml/horn/h5lite/internal/wire"

// Node types of a version 1 B-tree (HDF5 File Format Specification, III.A.1).
const (
	btree1Group = 0
	btree1Chunk = 1
)

// btree1Key is what a node says of a child. For a group: the heap offsets of the
// names left of all names in it, and of its last. For a chunk: its stored size,
// the filters that were left out, and the place of its first element.
type btree1Key struct {
	left, right uint64

	size   uint32
	mask   uint32
	offset [MaxRank + 1]uint64
}

// walkBTree1 calls visit for each child of the leaves, from left to right, with
// its key. For a chunk index, dims are the dimensions of a chunk and the size of
// an element, of which all places are multiples; for a group they are nil.
func (f *File) walkBTree1(root, owner uint64, dims []uint64, visit func(child uint64, key *btree1Key) error) error {
	w := btree1Walk{f: f, owner: owner, dims: dims, visit: visit, right: map[uint64]uint64{}, first: map[int]uint64{}}
	if dims != nil {
		w.typ = btree1Chunk
	}
	if err := w.node(root, -1); err != nil {
		return err
	}
	return w.siblings()
}

type btree1Walk struct {
	f     *File
	owner uint64
	typ   uint8
	dims  []uint64
	visit func(uint64, *btree1Key) error
	right map[uint64]uint64 // the right sibling of each node that was read
	first map[int]uint64    // the leftmost node of each level
}

// siblings looks at the rows of right siblings that begin at the leftmost nodes.
// The way from the root down finds everything without them, so they may say
// other things than it does; but libhdf5 walks along them when it is asked for
// the size of an object, so each has to lead to a node, and not in a circle.
func (w *btree1Walk) siblings() error {
	const what = "version 1 B-tree node"
	for _, addr := range w.first {
		at, ok := w.right[addr]
		for steps := 0; ok && at != wire.Undefined; steps++ {
			if steps > len(w.right) {
				return wire.Errorf(w.f.FileOffset(at), what, "a cycle of right siblings")
			}
			c, err := w.f.Cursor(at, uint64(8+2*w.f.Sizes().Offset), what)
			if err != nil {
				return err
			}
			c.Signature("TREE")
			c.Version(w.typ)
			if c.Err() != nil {
				return c.Err()
			}
			at, ok = w.right[at]
		}
	}
	return nil
}

// node reads one node; level is what its parent demands, -1 for the root. Levels
// fall from parent to child, so the depth of the calls is at most 256.
func (w *btree1Walk) node(addr uint64, level int) error {
	const what = "version 1 B-tree node"
	f := w.f
	if _, ok := w.right[addr]; ok {
		return wire.Errorf(f.FileOffset(addr), what, "a cycle: it is a child of two nodes or of itself")
	}
	w.right[addr] = wire.Undefined
	head := uint64(8 + 2*f.Sizes().Offset)
	c, err := f.Cursor(addr, head, what)
	if err != nil {
		return err
	}
	c.Signature("TREE")
	typ, at, n := c.U8(), int(c.U8()), uint64(c.U16())
	c.Addr() // the left sibling serves writers
	right := c.Addr()
	k, key := f.Super.GroupK, uint64(f.Sizes().Length)
	if w.typ == btree1Chunk {
		k, key = f.Super.ChunkK, uint64(8+8*len(w.dims))
	}
	if c.Err() == nil {
		switch {
		case typ != w.typ:
			c.Fail("node type %d, want %d", typ, w.typ)
		case level >= 0 && at != level:
			c.Fail("level %d below level %d", at, level+1)
		case n > uint64(2*k):
			c.Fail("%d entries, at most %d have room", n, 2*k)
		}
	}
	if err := c.Err(); err != nil {
		return err
	}
	if _, ok := w.first[at]; !ok {
		w.first[at] = addr
	}
	w.right[addr] = right
	if err := f.claim(addr, head+n*key, w.owner, what); err != nil {
		return err
	}
	if c, err = f.Cursor(addr+head, n*(key+uint64(f.Sizes().Offset))+key, what); err != nil {
		return err
	}
	var k1 btree1Key
	for range n {
		w.key(c, &k1)
		child := c.Addr()
		if peek := *c; w.typ == btree1Group {
			k1.right = peek.Length()
		}
		if err := c.Err(); err != nil {
			return err
		}
		if child == wire.Undefined {
			return c.Fail("the address of a child is undefined")
		}
		if at > 0 {
			err = w.node(child, at-1)
		} else {
			err = w.visit(child, &k1)
		}
		if err != nil {
			return err
		}
	}
	if n > 0 {
		w.key(c, &k1) // the one behind the last child
	}
	return c.Err()
}

// key reads the key before a child, or behind the last.
func (w *btree1Walk) key(c *wire.Cursor, k *btree1Key) {
	if w.typ == btree1Group {
		k.left = c.Length()
		return
	}
	k.size, k.mask = c.U32(), c.U32()
	for i, n := range w.dims {
		k.offset[i] = c.U64()
		if k.offset[i]%n != 0 && c.Err() == nil {
			c.Fail("a chunk between chunk boundaries: %d in a dimension where chunks have %d", k.offset[i], n)
		}
	}
}

// Sizes of the nodes of groups, and how many children they take.
const (
	GroupNodeChildren = 2 * groupK
	GroupNodeSize     = 24 + GroupNodeChildren*8 + (GroupNodeChildren+1)*8
	ChunkNodeChildren = 2 * chunkK
)

// ChunkNodeSize is the size of a node of a chunk index.
func ChunkNodeSize(rank int) int { return 24 + ChunkNodeChildren*8 + (ChunkNodeChildren+1)*(16+8*rank) }

// NodeHead describes a node to write.
type NodeHead struct {
	Level       int
	Left, Right uint64
}

// encodeNode gives a node of size bytes: children between their keys, of which
// there is one more.
func encodeNode(typ byte, h NodeHead, keys [][]byte, children []uint64, size int) []byte {
	b := append(make([]byte, 0, size), "TREE"...)
	b = append(b, typ, byte(h.Level))
	b = le.AppendUint16(b, uint16(len(children)))
	b = le.AppendUint64(b, h.Left)
	b = le.AppendUint64(b, h.Right)
	for i, c := range children {
		b = append(b, keys[i]...)
		b = le.AppendUint64(b, c)
	}
	b = append(b, keys[len(children)]...)
	return b[:size]
}

// EncodeGroupNode gives a node of a group's tree. The keys are heap offsets of
// names: a child has the names after the key before it, up to the key behind.
func EncodeGroupNode(h NodeHead, keys, children []uint64) []byte {
	k := make([][]byte, len(keys))
	for i, v := range keys {
		k[i] = le.AppendUint64(nil, v)
	}
	return encodeNode(btree1Group, h, k, children, GroupNodeSize)
}

// ChunkKey is the key of a chunk to write.
type ChunkKey struct {
	Size   uint32
	Offset []uint64 // of its first element
}

// EncodeChunkNode gives a node of a chunk index.
func EncodeChunkNode(h NodeHead, keys []ChunkKey, children []uint64) []byte {
	k := make([][]byte, len(keys))
	for i, v := range keys {
		k[i] = le.AppendUint32(nil, v.Size)
		k[i] = le.AppendUint32(k[i], 0) // all filters were applied
		for _, o := range v.Offset {
			k[i] = le.AppendUint64(k[i], o)
		}
		k[i] = le.AppendUint64(k[i], 0)
	}
	return encodeNode(btree1Chunk, h, k, children, ChunkNodeSize(len(keys[0].Offset)))
}
