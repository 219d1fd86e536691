package h5lite

import (
	"fmt"
	"io/fs"
	"math"

	"github.com/hornml/horn/h5lite/internal/format"
	"github.com/hornml/horn/h5lite/internal/wire"
)

// Attribute is a small array attached to an object under a name.
type Attribute struct {
	f     *File
	a     *format.Attribute
	owner string
}

// Name is the name.
func (a *Attribute) Name() string { return a.a.Name }

// Type is the type of the elements.
func (a *Attribute) Type() Type { return Type{a.a.Type} }

// IsNull reports whether the dataspace is null: no elements, and no shape.
func (a *Attribute) IsNull() bool { return a.a.Space.Null }

// Len is the number of elements; 1 for a scalar.
func (a *Attribute) Len() int { return int(a.a.Space.Count) }

// Shape gives the dimensions, none for a scalar and for a null dataspace.
func (a *Attribute) Shape() []int {
	s := make([]int, len(a.a.Space.Dims))
	for i, n := range a.a.Space.Dims {
		s[i] = int(min(n, math.MaxInt))
	}
	return s
}

// Read gives the elements as [Dataset.Read] does; a scalar gives a slice of one.
func (a *Attribute) Read() (any, error) {
	t := a.Type()
	if why := t.unsupported(); why != "" {
		return nil, &UnsupportedError{a.owner, a.a.Offset, fmt.Sprintf("attribute %q: %s", a.Name(), why)}
	}
	if t.Class() == Opaque {
		return append([]byte(nil), a.a.Data...), nil
	}
	dst := t.makeSlice(a.Len())
	if err := t.decode(a.f, dst, a.a.Data, a.a.Offset); err != nil {
		return nil, at(named(err, a.Name()), a.owner)
	}
	return dst, nil
}

// named adds an attribute's name to an error.
func named(err error, name string) error {
	if e, ok := err.(*wire.Error); ok {
		c := *e
		c.Structure = fmt.Sprintf("%s of the attribute %q", e.Structure, name)
		return &c
	}
	return err
}

// Raw gives the elements as stored, without a copy.
func (a *Attribute) Raw() []byte { return a.a.Data }

// String gives the value of an attribute that is one string, fixed or variable.
func (a *Attribute) String() (string, error) {
	s, err := a.Strings()
	if err != nil {
		return "", err
	}
	if len(s) != 1 {
		return "", fmt.Errorf("h5lite: attribute %q of %q has %d strings, want 1", a.Name(), a.owner, len(s))
	}
	return s[0], nil
}

// Strings gives the values of an attribute of strings, fixed or variable.
func (a *Attribute) Strings() ([]string, error) {
	v, err := a.Read()
	if err != nil {
		return nil, err
	}
	s, ok := v.([]string)
	if !ok {
		return nil, fmt.Errorf("h5lite: attribute %q of %q has elements %v, want strings", a.Name(), a.owner, a.Type())
	}
	return s, nil
}

// Attributes gives the object's attributes in the order of the file. With an
// error it gives those that are sound.
func (o *object) Attributes() ([]*Attribute, error) {
	results, err := o.f.f.Attributes(o.header)
	var list []*Attribute
	seen := map[string]bool{}
	for _, r := range results {
		if r.Err == nil && seen[r.Attribute.Name] {
			r.Err = wire.Errorf(r.Attribute.Offset, "attribute message", "the object has two attributes with the name %q", r.Attribute.Name)
		}
		if r.Err == nil && r.Attribute.Space.Count > math.MaxInt {
			r.Err = wire.Limitf(r.Attribute.Offset, "attribute message", "too many elements for this system")
		}
		if r.Err != nil {
			if r.Attribute != nil {
				r.Err = named(r.Err, r.Attribute.Name)
			}
			if err == nil {
				err = r.Err
			}
			continue
		}
		seen[r.Attribute.Name] = true
		list = append(list, &Attribute{o.f, r.Attribute, o.path})
	}
	return list, o.fail(err)
}

// Attribute gives the attribute of that name; errors.Is(err, fs.ErrNotExist) if
// there is none.
func (o *object) Attribute(name string) (*Attribute, error) {
	list, err := o.Attributes()
	for _, a := range list {
		if a.Name() == name {
			return a, nil
		}
	}
	if err != nil {
		return nil, err
	}
	return nil, fmt.Errorf("h5lite: %q has no attribute %q: %w", o.path, name, fs.ErrNotExist)
}
