package h5lite

import (
	"github.com/hornml/horn/h5lite/internal/format"
)

// Object is a [*Group], a [*Dataset] or a [*NamedType].
type Object interface {
	// Path is the path by which the object was reached, from the root.
	Path() string
	// Attributes gives the object's attributes in the order of the file. With
	// an error it gives those that are sound.
	Attributes() ([]*Attribute, error)
	// Attribute gives the attribute of that name; errors.Is(err, fs.ErrNotExist)
	// if there is none.
	Attribute(name string) (*Attribute, error)

	address() uint64
}

// object is what all kinds of objects have.
type object struct {
	f      *File
	header *format.Header
	path   string
}

// Path is the path by which the object was reached, from the root.
func (o *object) Path() string { return o.path }

func (o *object) address() uint64 { return o.header.Addr }

//go:noinline
func (o *object) fail(err error) error { return at(err, o.path) }

// NamedType is a committed datatype: a type stored as an object of its own.
type NamedType struct {
	object
	typ Type
}

// Type gives the type.
func (t *NamedType) Type() Type { return t.typ }

// open reads the object at an address.
func (f *File) open(addr uint64, path string) (Object, error) {
	h, err := f.f.ReadHeader(addr)
	if err != nil {
		return nil, at(err, path)
	}
	kind, err := h.Kind(f.f)
	if err != nil {
		return nil, at(err, path)
	}
	o := object{f, h, path}
	switch kind {
	case format.KindGroup:
		return &Group{o}, nil
	case format.KindDatatype:
		t, err := f.f.Datatype(h)
		if err != nil {
			return nil, at(err, path)
		}
		return &NamedType{o, Type{t}}, nil
	}
	return newDataset(o)
}
