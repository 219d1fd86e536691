package format

import "github.com/hornml/horn/h5lite/internal/wire"

// Filter is one step of a filter pipeline.
type Filter struct {
	ID     uint16
	Flags  uint16
	Name   string
	Values []uint32
}

// maxFilters is what the filter mask of a chunk has room for.
const maxFilters = 32

// readFilterPipeline decodes versions 1 and 2 (HDF5 File Format Specification,
// IV.A.2.l). The filters are in the order in which a writer applies them.
func readFilterPipeline(c *wire.Cursor) ([]Filter, error) {
	version := c.Version(1, 2)
	n := int(c.U8())
	if version == 1 {
		c.Skip(6)
	}
	if c.Err() == nil && n > maxFilters {
		c.Fail("%d filters, at most %d are allowed", n, maxFilters)
	}
	var filters []Filter
	for i := 0; i < n && c.Err() == nil; i++ {
		f := Filter{ID: c.U16()}
		if c.Err() == nil && f.ID == 0 {
			c.Fail("filter id 0")
		}
		nameLen := 0
		if version == 1 || f.ID >= 256 {
			nameLen = int(c.U16())
		}
		f.Flags = c.U16()
		values := int(c.U16())
		if nameLen > 0 {
			if version == 1 {
				nameLen = (nameLen + 7) &^ 7
			}
			f.Name = cString(c.Sub(nameLen, c.Structure()))
		}
		if c.Err() == nil && values > c.Len()/4 {
			c.Fail("%d client values of filter %d in %d bytes", values, f.ID, c.Len())
		}
		for j := 0; j < values && c.Err() == nil; j++ {
			f.Values = append(f.Values, c.U32())
		}
		if version == 1 && values%2 == 1 {
			c.Skip(4)
		}
		filters = append(filters, f)
	}
	return filters, c.Err()
}

// EncodeFilterPipeline gives a version 1 message.
func EncodeFilterPipeline(filters []Filter) []byte {
	b := []byte{1, byte(len(filters)), 0, 0, 0, 0, 0, 0}
	for _, f := range filters {
		name := append8(nil, append([]byte(f.Name), 0))
		b = le.AppendUint16(b, f.ID)
		b = le.AppendUint16(b, uint16(len(name)))
		b = le.AppendUint16(b, f.Flags)
		b = le.AppendUint16(b, uint16(len(f.Values)))
		b = append(b, name...)
		for _, v := range f.Values {
			b = le.AppendUint32(b, v)
		}
		if len(f.Values)%2 == 1 {
			b = le.AppendUint32(b, 0)
		}
	}
	return b
}
