package format

import "github.com/hornml/horn/h5lite/internal/wire"

// Kind is what an object header describes.
type Kind uint8

// The kinds of objects.
const (
	KindGroup Kind = iota
	KindDataset
	KindDatatype
)

// Kind tells what a header describes, by the messages that it has.
func (h *Header) Kind(f *File) (Kind, error) {
	switch {
	case h.Has(MsgSymbolTable) || h.Has(MsgLinkInfo) || h.Has(MsgLink) || h.Has(MsgGroupInfo):
		if h.Has(MsgLayout) || h.Has(MsgDataspace) {
			return 0, wire.Errorf(f.FileOffset(h.Addr), "object header", "both a group and a dataset")
		}
		return KindGroup, nil
	case h.Has(MsgLayout) || h.Has(MsgDataspace):
		return KindDataset, nil
	case h.Has(MsgDatatype):
		return KindDatatype, nil
	}
	return 0, wire.Errorf(f.FileOffset(h.Addr), "object header", "neither a group, a dataset nor a datatype: it has no message of any")
}

// Links reads the links of a group in the order of the file.
func (f *File) Links(h *Header) ([]Link, error) {
	stab, err := h.Find(f, MsgSymbolTable)
	if err != nil {
		return nil, err
	}
	if stab != nil {
		if h.Has(MsgLink) || h.Has(MsgLinkInfo) {
			return nil, wire.Errorf(f.FileOffset(h.Addr), "object header", "a group of the old and the new form at once")
		}
		return f.symbolTable(stab, h.Addr)
	}
	var links []Link
	for i := range h.Messages {
		if m := &h.Messages[i]; m.Type == MsgLink {
			l, err := readLink(m.cursor(f))
			if err != nil {
				return nil, err
			}
			links = append(links, l)
		}
	}
	info, err := h.Find(f, MsgLinkInfo)
	if err != nil || info == nil {
		return links, err
	}
	heap, names, err := readLinkInfo(info.cursor(f))
	if err != nil || heap == wire.Undefined {
		return links, err
	}
	dense, err := f.denseLinks(heap, names, h.Addr)
	return append(links, dense...), err
}

// Datatype reads the type of a dataset or of a committed datatype.
func (f *File) Datatype(h *Header) (*Datatype, error) {
	c, err := f.need(h, MsgDatatype)
	if err != nil {
		return nil, err
	}
	return readDatatype(c)
}

// need gives the content of a message that must be there.
func (f *File) need(h *Header, typ uint16) (*wire.Cursor, error) {
	m, err := h.Find(f, typ)
	if err != nil {
		return nil, err
	}
	if m == nil {
		return nil, wire.Errorf(f.FileOffset(h.Addr), "object header", "has no %s", messageNames[typ])
	}
	return f.message(m)
}

// Dataset is what the header of a dataset tells.
type Dataset struct {
	Type     *Datatype
	Space    *Dataspace
	Layout   *Layout
	Fill     []byte // one element as stored, nil: zeros
	Filters  []Filter
	External bool // the elements lie in another file
}

// Dataset decodes the messages of a dataset and checks that they agree.
func (f *File) Dataset(h *Header) (*Dataset, error) {
	d := &Dataset{External: h.Has(MsgExternalFiles)}
	c, err := f.need(h, MsgDataspace)
	if err != nil {
		return nil, err
	}
	if d.Space, err = readDataspace(c); err != nil {
		return nil, err
	}
	if d.Type, err = f.Datatype(h); err != nil {
		return nil, err
	}
	if c, err = f.need(h, MsgLayout); err != nil {
		return nil, err
	}
	if d.Layout, err = readLayout(c); err != nil {
		return nil, err
	}
	for _, typ := range []uint16{MsgFillValueOld, MsgFillValue} {
		m, err := h.Find(f, typ)
		if err != nil {
			return nil, err
		}
		if m == nil {
			continue
		}
		if c, err = f.message(m); err != nil {
			return nil, err
		}
		if typ == MsgFillValue {
			d.Fill, err = readFillValue(c)
		} else {
			d.Fill, err = readFillValueOld(c)
		}
		if err != nil {
			return nil, err
		}
		if d.Fill != nil && len(d.Fill) != int(d.Type.Size) {
			return nil, c.Fail("a fill value of %d bytes for elements of %d", len(d.Fill), d.Type.Size)
		}
	}
	if m, err := h.Find(f, MsgFilterPipeline); err != nil {
		return nil, err
	} else if m != nil {
		if c, err = f.message(m); err != nil {
			return nil, err
		}
		if d.Filters, err = readFilterPipeline(c); err != nil {
			return nil, err
		}
	}
	return d, d.check(f)
}

// check compares the layout with the shape and the type.
func (d *Dataset) check(f *File) error {
	const what = "data layout message"
	l, size := d.Layout, uint64(d.Type.Size)
	switch d.Type.Class {
	case ClassTime, ClassCompound, ClassReference, ClassArray, ClassComplex:
		return nil // refused anyway, and then the better reason counts
	}
	bytes := d.Space.Count * size
	if size > 1 && d.Space.Count > (1<<62)/size {
		return wire.Errorf(l.Offset, what, "%d elements of %d bytes are too many", d.Space.Count, size)
	}
	switch l.Class {
	case Compact:
		if !d.Space.Null && uint64(len(l.Data)) != bytes {
			return wire.Errorf(l.Offset, what, "%d bytes of compact data, the shape needs %d", len(l.Data), bytes)
		}
	case Contiguous:
		if d.Space.Null || d.External || l.Addr == wire.Undefined {
			return nil
		}
		if l.HasSize && l.Size != bytes {
			return wire.Errorf(l.Offset, what, "%d bytes of data, the shape needs %d", l.Size, bytes)
		}
		return f.Check(l.Addr, bytes, "data of a dataset")
	case Chunked:
		if d.Space.Null {
			return nil
		}
		if len(l.Chunk) != len(d.Space.Dims) {
			return wire.Errorf(l.Offset, what, "chunks of rank %d in a shape of rank %d", len(l.Chunk), len(d.Space.Dims))
		}
		if l.ElementSize != size {
			return wire.Errorf(l.Offset, what, "elements of %d bytes, the type has %d", l.ElementSize, size)
		}
		if l.Index != IndexBTree1 && len(d.Filters) == 0 && l.HasSingle {
			return wire.Errorf(l.Offset, what, "a filtered chunk without filters")
		}
	}
	return nil
}
