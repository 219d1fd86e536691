package format

import "github.com/hornml/horn/h5lite/internal/wire"

// extensibleArray is the index of a dataset with one unlimited dimension (HDF5
// File Format Specification, VII.D): the first entries in an index block, then
// data blocks that double in size, the later ones reached by super blocks.
type extensibleArray struct {
	x      *chunkIndex
	g      grid
	limit  uint64 // entries that the present shape needs
	entry  int
	client uint8
	offLen int    // bytes of a block's place in the array
	min    uint64 // entries of the smallest data block
	page   uint64 // entries of a page
	scaled []uint64
}

// superBlock is a run of data blocks of equal size.
type superBlock struct {
	blocks, entries uint64 // data blocks, entries of each
	first           uint64 // number of its first entry, index block not counted
}

func (x *chunkIndex) extensibleArray() error {
	const what = "extensible array header"
	f := x.f
	g, err := x.grid(true)
	if err != nil {
		return err
	}
	o, l := uint64(f.Sizes().Offset), uint64(f.Sizes().Length)
	head := x.d.Layout.Addr
	c, err := f.Cursor(head, 12+6*l+o+4, what)
	if err != nil {
		return err
	}
	if err := f.claim(head, 24, x.owner, what); err != nil {
		return err
	}
	a := &extensibleArray{x: x, g: g, limit: g.total(), scaled: make([]uint64, len(x.counts))}
	a.entry, a.client = x.entrySize()
	c.Signature("EAHD")
	c.Version(0)
	c.Version(a.client)
	if n := int(c.U8()); c.Err() == nil && n != a.entry {
		c.Fail("entries of %d bytes, want %d", n, a.entry)
	}
	maxBits, inIndex := int(c.U8()), uint64(c.U8())
	a.min = uint64(c.U8())
	superMin := uint64(c.U8())
	pageBits := c.U8()
	c.Skip(6 * int(l)) // statistics
	addr := c.Addr()
	c.Checksum()
	if c.Err() == nil {
		switch {
		case maxBits < 1 || maxBits > 64 || pageBits > 32 || !isPowerOf2(a.min) || !isPowerOf2(superMin) || superMin < 2:
			c.Fail("2^%d entries, data blocks from %d, super blocks from %d, pages of 2^%d", maxBits, a.min, superMin, pageBits)
		case log2(a.min) >= maxBits:
			c.Fail("data blocks of %d entries in an array of 2^%d", a.min, maxBits)
		}
	}
	if c.Err() != nil || addr == wire.Undefined {
		return c.Err()
	}
	a.offLen, a.page = (maxBits+7)/8, 1<<pageBits
	supers := 1 + maxBits - log2(a.min)
	direct := min(2*log2(superMin), supers) // super blocks whose data blocks the index block names
	nData := 2 * (superMin - 1)
	nSuper := uint64(supers - direct)

	const index = "extensible array index block"
	size := 6 + o + inIndex*uint64(a.entry) + (nData+nSuper)*o + 4
	if c, err = f.Cursor(addr, size, index); err != nil {
		return err
	}
	a.head(c, "EAIB")
	sum := *c
	sum.Skip(sum.Len() - 4)
	sum.Checksum()
	if sum.Err() != nil {
		return sum.Err()
	}
	if err := x.entries(c, g, 0, inIndex, a.scaled); err != nil {
		return err
	}
	var sb superBlock
	block := uint64(0) // number of a data block in the index block
	for i := range supers {
		sb.blocks, sb.entries = 1<<(i/2), a.min<<((i+1)/2)
		if inIndex+sb.first >= a.limit {
			return nil
		}
		if i < direct {
			for b := range sb.blocks {
				if err := a.dataBlock(c.Addr(), inIndex, sb.first+b*sb.entries, sb.first+block*sb.entries, sb.entries, nil); err != nil {
					return err
				}
				if c.Err() != nil {
					return c.Err()
				}
				block++
			}
		} else {
			at := c.Addr()
			if c.Err() != nil {
				return c.Err()
			}
			if err := a.superBlock(at, inIndex, sb); err != nil {
				return err
			}
		}
		if i == direct-1 {
			// Where the array is small the index block has room for more than there is.
			want := 6 + int(o) + int(inIndex)*a.entry + int(nData*o)
			c.Skip(max(want-c.Pos(), 0))
		}
		sb.first += sb.blocks * sb.entries
	}
	return nil
}

// head checks what every block of the array starts with.
func (a *extensibleArray) head(c *wire.Cursor, signature string) {
	c.Signature(signature)
	c.Version(0)
	c.Version(a.client)
	if owner := c.Addr(); c.Err() == nil && owner != a.x.d.Layout.Addr {
		c.Fail("belongs to the array at %d", a.x.f.FileOffset(owner))
	}
}

// place checks the number of a block's first entry.
func (a *extensibleArray) place(c *wire.Cursor, first uint64) {
	if at := c.Uint(a.offLen); c.Err() == nil && at != first {
		c.Fail("its first entry is %d, not %d", at, first)
	}
}

func (a *extensibleArray) superBlock(addr, inIndex uint64, sb superBlock) error {
	const what = "extensible array super block"
	if addr == wire.Undefined {
		return nil
	}
	f := a.x.f
	o := uint64(f.Sizes().Offset)
	bitmap := uint64(0) // bytes of each data block's page flags
	if sb.entries > a.page {
		bitmap = (sb.entries/a.page + 7) / 8
	}
	if sb.blocks > f.Size() || bitmap > f.Size() {
		return wire.Errorf(f.FileOffset(addr), what, "%d data blocks of %d entries", sb.blocks, sb.entries)
	}
	size := 6 + o + uint64(a.offLen) + sb.blocks*(bitmap+o) + 4
	c, err := f.Cursor(addr, size, what)
	if err != nil {
		return err
	}
	sum := *c
	sum.Skip(int(size) - 4)
	sum.Checksum()
	a.head(c, "EASB")
	a.place(c, sb.first)
	if c.Err() == nil && sum.Err() != nil {
		c.FailWith(sum.Err())
	}
	if c.Err() == nil {
		if err := f.claim(addr, size, a.x.owner, what); err != nil {
			return err
		}
	}
	flags := c.Bytes(int(sb.blocks * bitmap))
	for b := range sb.blocks {
		at := c.Addr()
		if err := c.Err(); err != nil {
			return err
		}
		var used []byte
		if bitmap > 0 {
			used = flags[b*bitmap : (b+1)*bitmap]
		}
		if err := a.dataBlock(at, inIndex, sb.first+b*sb.entries, sb.first+b*sb.entries, sb.entries, used); err != nil {
			return err
		}
	}
	return nil
}

// dataBlock reads n entries; first does not count those of the index block.
// place is the number that the block has for its first entry: the library
// multiplies the size of the blocks of a super block with the number of the
// block in the index block, so that it is not the same as first there.
func (a *extensibleArray) dataBlock(addr, inIndex, first, place, n uint64, used []byte) error {
	const what = "extensible array data block"
	if addr == wire.Undefined || inIndex+first >= a.limit {
		return nil
	}
	f := a.x.f
	if n > f.Size() {
		return wire.Errorf(f.FileOffset(addr), what, "%d entries in a file of %d bytes", n, f.Size())
	}
	size := 6 + uint64(f.Sizes().Offset+a.offLen) + 4
	paged := n > a.page
	if !paged {
		size += n * uint64(a.entry)
	}
	c, err := f.Cursor(addr, size, what)
	if err != nil {
		return err
	}
	sum := *c
	sum.Skip(int(size) - 4)
	sum.Checksum()
	a.head(c, "EADB")
	a.place(c, place)
	if c.Err() == nil && sum.Err() != nil {
		c.FailWith(sum.Err())
	}
	if c.Err() != nil {
		return c.Err()
	}
	if err := f.claim(addr, size, a.x.owner, what); err != nil {
		return err
	}
	if !paged {
		return a.x.entries(c, a.g, inIndex+first, n, a.scaled)
	}
	addr += size
	for p := range n / a.page {
		if int(p/8) < len(used) && used[p/8]&(0x80>>(p%8)) != 0 {
			if err := a.x.page(addr, a.g, inIndex+first+p*a.page, a.page, a.scaled, "extensible array page"); err != nil {
				return err
			}
		}
		addr += a.page*uint64(a.entry) + 4
	}
	return nil
}
