package format

import "github.com/hornml/horn/h5lite/internal/wire"

// readFillValue decodes versions 1 to 3 of the fill value message (HDF5 File
// Format Specification, IV.A.2.f); nil means zeros.
func readFillValue(c *wire.Cursor) ([]byte, error) {
	switch c.Version(1, 2, 3) {
	case 1:
		c.Skip(3)
		if n := int32(c.U32()); n > 0 {
			return c.Bytes(int(n)), c.Err()
		}
	case 2:
		c.Skip(2)
		if c.U8() != 0 {
			return sized(c)
		}
	case 3:
		if flags := c.U8(); flags&0x20 != 0 {
			return sized(c)
		}
	}
	return nil, c.Err()
}

// readFillValueOld decodes the old fill value message (IV.A.2.e).
func readFillValueOld(c *wire.Cursor) ([]byte, error) { return sized(c) }

// sized reads a value after its size.
func sized(c *wire.Cursor) ([]byte, error) {
	n := c.U32()
	if c.Err() == nil && uint64(n) > uint64(c.Len()) {
		c.Fail("a value of %d bytes, %d are left", n, c.Len())
	}
	if n == 0 || c.Err() != nil {
		return nil, c.Err()
	}
	return c.Bytes(int(n)), c.Err()
}

// EncodeFillValue gives a version 2 message that says "zeros, written when
// needed", for data that are allocated late or, in chunks, one by one.
func EncodeFillValue(chunked bool) []byte {
	alloc := byte(2)
	if chunked {
		alloc = 3
	}
	return []byte{2, alloc, 2, 1, 0, 0, 0, 0}
}
