package format

import (
	"math/bits"

	"github.com/hornml/horn/h5lite/internal/wire"
)

// MaxRank is the most dimensions a dataspace may have.
const MaxRank = 32

// Unlimited is the maximum of a dimension that may grow for ever.
const Unlimited = wire.Undefined

// Dataspace is a shape (HDF5 File Format Specification, IV.A.2.b).
type Dataspace struct {
	Null    bool // no elements at all
	Dims    []uint64
	MaxDims []uint64 // nil: as Dims
	Count   uint64   // elements
}

// readDataspace decodes versions 1 and 2.
func readDataspace(c *wire.Cursor) (*Dataspace, error) {
	version := c.Version(1, 2)
	rank := int(c.U8())
	flags := c.U8()
	d := &Dataspace{Count: 1}
	if version == 1 {
		c.Skip(5)
	} else {
		switch typ := c.U8(); typ {
		case 0:
			if rank != 0 {
				c.Fail("a scalar with %d dimensions", rank)
			}
		case 1:
		case 2:
			d.Null, d.Count = true, 0
			if rank != 0 {
				c.Fail("a null dataspace with %d dimensions", rank)
			}
		default:
			c.Fail("type %d", typ)
		}
	}
	if rank > MaxRank {
		c.Fail("rank %d, at most %d are allowed", rank, MaxRank)
	}
	if err := c.Err(); err != nil {
		return nil, err
	}
	d.Dims = make([]uint64, rank)
	for i := range d.Dims {
		d.Dims[i] = c.Length()
	}
	if flags&1 != 0 && rank > 0 {
		d.MaxDims = make([]uint64, rank)
		for i := range d.MaxDims {
			d.MaxDims[i] = c.Length()
			if w := c.Sizes().Length; w < 8 && d.MaxDims[i] == 1<<(8*w)-1 {
				d.MaxDims[i] = Unlimited
			}
			if c.Err() == nil && d.MaxDims[i] < d.Dims[i] {
				c.Fail("dimension %d is %d, its maximum %d", i, d.Dims[i], d.MaxDims[i])
			}
		}
	}
	if err := c.Err(); err != nil {
		return nil, err
	}
	for _, n := range d.Dims {
		hi, lo := bits.Mul64(d.Count, n)
		if hi != 0 || n > 1<<62 || lo > 1<<62 {
			// Zero elements may hide a product that does not fit; no writer makes such a shape.
			return nil, c.Fail("the shape %v has too many elements", d.Dims)
		}
		d.Count = lo
	}
	return d, nil
}

// Encode gives version 1, what every library since 1.0 reads; the null
// dataspace needs version 2.
func (d *Dataspace) Encode() []byte {
	if d.Null {
		return []byte{2, 0, 0, 2}
	}
	var flags byte
	if d.MaxDims != nil {
		flags = 1
	}
	b := []byte{1, byte(len(d.Dims)), flags, 0, 0, 0, 0, 0}
	for _, n := range d.Dims {
		b = le.AppendUint64(b, n)
	}
	for _, n := range d.MaxDims {
		b = le.AppendUint64(b, n)
	}
	return b
}
