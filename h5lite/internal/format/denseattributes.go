package format

import (
	"cmp"
	"slices"

	"github.com/hornml/horn/h5lite/internal/wire"
)

// DenseAttributes is the storage of attributes that do not all fit into object
// header messages of 64 KiB: a fractal heap, which keeps every one of them as
// a huge object outside its blocks, a tree of those objects, and a tree of
// names (HDF5 File Format Specification, III.G, III.A.2). Libraries since 1.8
// read it.
type DenseAttributes struct {
	Heap, Huge, Names uint64   // addresses
	Addrs             []uint64 // of the encoded attributes
	Sizes             []int
	NameList          []string
}

// HeapSize, HugeSize and NamesSize are the sizes of the parts; a tree is its
// header and one leaf.
func (d *DenseAttributes) HeapSize() int  { return 26 + 3*8 + 12*8 }
func (d *DenseAttributes) HugeSize() int  { return btree2HeadSize + d.leafSize(24) }
func (d *DenseAttributes) NamesSize() int { return btree2HeadSize + d.leafSize(17) }

const btree2HeadSize = 38

func (d *DenseAttributes) leafSize(record int) int {
	return max(512, btree2Overhead+len(d.Addrs)*record)
}

// EncodeHeap gives the header of the fractal heap.
func (d *DenseAttributes) EncodeHeap() []byte {
	total := 0
	for _, n := range d.Sizes {
		total += n
	}
	n := uint64(len(d.Sizes))
	b := append([]byte("FRHP"), 0)
	b = le.AppendUint16(b, attrIDLen)
	b = le.AppendUint16(b, 0)    // no filters
	b = append(b, 2)             // direct blocks have checksums
	b = le.AppendUint32(b, 4096) // larger objects are huge
	b = le.AppendUint64(b, n+1)  // next id
	b = le.AppendUint64(b, d.Huge)
	b = le.AppendUint64(b, 0)              // free space
	b = le.AppendUint64(b, wire.Undefined) // its manager
	for range 4 {
		b = le.AppendUint64(b, 0) // managed space, allocated, iterator, objects
	}
	b = le.AppendUint64(b, uint64(total))
	b = le.AppendUint64(b, n)
	b = le.AppendUint64(b, 0) // tiny objects, their size and number
	b = le.AppendUint64(b, 0)
	b = le.AppendUint16(b, 4)     // table width
	b = le.AppendUint64(b, 1024)  // starting block size
	b = le.AppendUint64(b, 65536) // largest direct block
	b = le.AppendUint16(b, 40)    // bits of the heap's space
	b = le.AppendUint16(b, 1)     // rows to start with
	b = le.AppendUint64(b, wire.Undefined)
	b = le.AppendUint16(b, 0)
	return le.AppendUint32(b, wire.Lookup3(b))
}

// encodeTree gives the header of a tree at addr and its leaf behind it.
func (d *DenseAttributes) encodeTree(addr uint64, typ byte, record int, records []byte) []byte {
	b := append([]byte("BTHD"), 0, typ)
	b = le.AppendUint32(b, uint32(d.leafSize(record)))
	b = le.AppendUint16(b, uint16(record))
	b = le.AppendUint16(b, 0) // depth
	b = append(b, 100, 40)    // when nodes split and merge, in percent
	b = le.AppendUint64(b, addr+btree2HeadSize)
	b = le.AppendUint16(b, uint16(len(d.Addrs)))
	b = le.AppendUint64(b, uint64(len(d.Addrs)))
	b = le.AppendUint32(b, wire.Lookup3(b))
	leaf := append([]byte("BTLF"), 0, typ)
	leaf = append(leaf, records...)
	leaf = le.AppendUint32(leaf, wire.Lookup3(leaf))
	b = append(b, leaf...)
	return append(b, make([]byte, btree2HeadSize+d.leafSize(record)-len(b))...)
}

// EncodeHuge gives the tree of the heap's objects, by id.
func (d *DenseAttributes) EncodeHuge() []byte {
	var r []byte
	for i, a := range d.Addrs {
		r = le.AppendUint64(r, a)
		r = le.AppendUint64(r, uint64(d.Sizes[i]))
		r = le.AppendUint64(r, uint64(i+1))
	}
	return d.encodeTree(d.Huge, btree2HugeIndirect, 24, r)
}

// EncodeNames gives the tree of names, by their hash.
func (d *DenseAttributes) EncodeNames() []byte {
	type entry struct {
		hash uint32
		i    int
	}
	list := make([]entry, len(d.NameList))
	for i, n := range d.NameList {
		list[i] = entry{wire.Lookup3([]byte(n)), i}
	}
	slices.SortFunc(list, func(a, b entry) int {
		if a.hash != b.hash {
			return cmp.Compare(a.hash, b.hash)
		}
		return cmp.Compare(d.NameList[a.i], d.NameList[b.i])
	})
	var r []byte
	for _, e := range list {
		r = append(r, 1<<4) // a huge object's id
		r = le.AppendUint64(r, uint64(e.i+1))[:len(r)+attrIDLen-1]
		r = append(r, 0)
		r = le.AppendUint32(r, uint32(e.i)) // creation order
		r = le.AppendUint32(r, e.hash)
	}
	return d.encodeTree(d.Names, btree2AttrNames, 17, r)
}
