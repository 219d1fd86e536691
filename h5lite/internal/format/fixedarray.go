package format

import "github.com/hornml/horn/h5lite/internal/wire"

// fixedArray reads a fixed array index: its header, its data block, and the
// pages of a large one (HDF5 File Format Specification, VII.C).
func (x *chunkIndex) fixedArray() error {
	const what = "fixed array header"
	f := x.f
	g, err := x.grid(false)
	if err != nil {
		return err
	}
	o := uint64(f.Sizes().Offset)
	c, err := f.Cursor(x.d.Layout.Addr, 8+uint64(f.Sizes().Length)+o+4, what)
	if err != nil {
		return err
	}
	if err := f.claim(x.d.Layout.Addr, 24, x.owner, what); err != nil {
		return err
	}
	entry, client := x.entrySize()
	c.Signature("FAHD")
	c.Version(0)
	c.Version(client)
	if n := int(c.U8()); c.Err() == nil && n != entry {
		c.Fail("entries of %d bytes, want %d", n, entry)
	}
	pageBits := c.U8()
	total := c.Length()
	addr := c.Addr()
	c.Checksum()
	if c.Err() == nil {
		switch want := g.total(); {
		case total != want:
			c.Fail("%d entries for %d chunks", total, want)
		case pageBits > 32 || pageBits != x.d.Layout.PageBits:
			c.Fail("pages of 2^%d entries, the layout message says 2^%d", pageBits, x.d.Layout.PageBits)
		}
	}
	if c.Err() != nil || addr == wire.Undefined {
		return c.Err()
	}
	if total > f.Size() {
		return c.Fail("%d entries in a file of %d bytes", total, f.Size())
	}
	page := uint64(1) << pageBits
	head := 6 + o
	pages, bitmap := uint64(0), uint64(0)
	size := head + total*uint64(entry) + 4
	if total > page {
		pages = (total + page - 1) / page
		bitmap = (pages + 7) / 8
		size = head + bitmap + 4
	}
	const block = "fixed array data block"
	d, err := f.Cursor(addr, size, block)
	if err != nil {
		return err
	}
	sum := *d
	sum.Skip(int(size) - 4)
	sum.Checksum()
	d.Signature("FADB")
	d.Version(0)
	d.Version(client)
	if owner := d.Addr(); d.Err() == nil && owner != x.d.Layout.Addr {
		d.Fail("belongs to the array at %d", f.FileOffset(owner))
	}
	if d.Err() == nil && sum.Err() != nil {
		d.FailWith(sum.Err())
	}
	if d.Err() == nil {
		if err := f.claim(addr, size, x.owner, block); err != nil {
			return err
		}
	}
	scaled := make([]uint64, len(x.counts))
	if pages == 0 {
		return x.entries(d, g, 0, total, scaled)
	}
	used := d.Bytes(int(bitmap))
	if err := d.Err(); err != nil {
		return err
	}
	addr += size
	for p := range pages {
		n := min(page, total-p*page)
		if used[p/8]&(0x80>>(p%8)) != 0 {
			if err := x.page(addr, g, p*page, n, scaled, "fixed array page"); err != nil {
				return err
			}
		}
		addr += page*uint64(entry) + 4
	}
	return nil
}

// entries adds n entries from number first on.
func (x *chunkIndex) entries(c *wire.Cursor, g grid, first, n uint64, scaled []uint64) error {
	limit := g.total()
	for i := range n {
		addr, size, mask := x.readEntry(c)
		if err := c.Err(); err != nil {
			return err
		}
		if first+i >= limit {
			continue
		}
		if err := x.entry(g, first+i, addr, size, mask, scaled); err != nil {
			return err
		}
	}
	return c.Err()
}

// page reads a page of entries with its checksum.
func (x *chunkIndex) page(addr uint64, g grid, first, n uint64, scaled []uint64, what string) error {
	entry, _ := x.entrySize()
	size := n*uint64(entry) + 4
	c, err := x.f.Cursor(addr, size, what)
	if err != nil {
		return err
	}
	sum := *c
	sum.Skip(int(size) - 4)
	sum.Checksum()
	if sum.Err() != nil {
		return sum.Err()
	}
	if err := x.f.claim(addr, size, x.owner, what); err != nil {
		return err
	}
	return x.entries(c, g, first, n, scaled)
}
