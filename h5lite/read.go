package h5lite

import (
	"fmt"

	"github.com/hornml/horn/h5lite/internal/wire"
)

// Read gives all elements in C order, as the type that they have in the file:
//
//	integers            []int8 ... []int64, []uint8 ... []uint64
//	floats              []Float16, []float32, []float64
//	h5py's booleans     []bool
//	other enums         their integers
//	bitfields           []uint8 ... []uint64
//	strings             []string, without padding
//	opaque              []byte, Type().Size() of them for each element
//
// Other types, filters and layouts give an [*UnsupportedError]. A null
// dataspace gives an empty slice.
func (d *Dataset) Read() (any, error) {
	if err := d.readable(); err != nil {
		return nil, err
	}
	if err := d.affordable(); err != nil {
		return nil, err
	}
	dst := d.Type().makeSlice(d.Len())
	return dst, d.readInto(dst, d.all())
}

// ReadInto fills dst with all elements. dst must be a slice of the type that
// [Dataset.Read] gives, of exactly as many elements. Numbers that lie in one
// piece go from the file straight into dst.
func (d *Dataset) ReadInto(dst any) error {
	if err := d.readable(); err != nil {
		return err
	}
	return d.readInto(dst, d.all())
}

// ReadSlab fills dst with the box of count elements in each dimension from
// start on, in C order. dst must be a slice of the type that [Dataset.Read]
// gives, of exactly as many elements. Only what the box touches is read.
func (d *Dataset) ReadSlab(dst any, start, count []int) error {
	if err := d.readable(); err != nil {
		return err
	}
	if d.IsNull() || len(start) != len(d.shape) || len(count) != len(d.shape) {
		return fmt.Errorf("h5lite: %q has rank %d, the slab has %d and %d numbers", d.path, len(d.shape), len(start), len(count))
	}
	for i, n := range d.shape {
		if start[i] < 0 || count[i] < 0 || start[i] > n || count[i] > n-start[i] {
			return fmt.Errorf("h5lite: %q has %d elements in dimension %d, the slab wants %d from %d on", d.path, n, i, count[i], start[i])
		}
	}
	return d.readInto(dst, region{start, count})
}

// readInto reads a region into a typed slice.
func (d *Dataset) readInto(dst any, r region) error {
	t := d.Type()
	n := r.len()
	if d.IsNull() {
		n = 0
	}
	if err := d.count(); err != nil {
		return err
	}
	b, size, ok := rawMemory(dst)
	if have, want := sliceLen(dst, t), n; have != want {
		return fmt.Errorf("h5lite: %q: a %T of %d elements, need %d", d.path, dst, have, want)
	}
	if !t.matches(dst) {
		return fmt.Errorf("h5lite: %q has elements %v, which do not go into a %T without conversion", d.path, t, dst)
	}
	if ok && (size == t.Size() || t.Class() == Opaque) {
		if err := d.read(b, r); err != nil {
			return err
		}
		t.toHost(b)
		return nil
	}
	raw := make([]byte, n*t.Size())
	if err := d.read(raw, r); err != nil {
		return err
	}
	return d.fail(t.decode(d.f, dst, raw, d.d.Layout.Offset))
}

// makeSlice makes a slice for n elements.
func (t Type) makeSlice(n int) any {
	switch t.Class() {
	case Float:
		switch t.Size() {
		case 2:
			return make([]Float16, n)
		case 4:
			return make([]float32, n)
		}
		return make([]float64, n)
	case String:
		return make([]string, n)
	case Opaque:
		return make([]byte, n*t.Size())
	}
	if t.IsBool() {
		return make([]bool, n)
	}
	switch t.Size() {
	case 1:
		if t.Signed() {
			return make([]int8, n)
		}
		return make([]uint8, n)
	case 2:
		if t.Signed() {
			return make([]int16, n)
		}
		return make([]uint16, n)
	case 4:
		if t.Signed() {
			return make([]int32, n)
		}
		return make([]uint32, n)
	}
	if t.Signed() {
		return make([]int64, n)
	}
	return make([]uint64, n)
}

// matches reports whether dst is the slice that makeSlice makes.
func (t Type) matches(dst any) bool {
	return fmt.Sprintf("%T", dst) == fmt.Sprintf("%T", t.makeSlice(0))
}

// rawMemory gives the memory of a slice of numbers, and the size of one.
func rawMemory(dst any) (b []byte, size int, ok bool) {
	switch s := dst.(type) {
	case []int8:
		return bytesOf(s), 1, true
	case []uint8:
		return s, 1, true
	case []int16:
		return bytesOf(s), 2, true
	case []uint16:
		return bytesOf(s), 2, true
	case []Float16:
		return bytesOf(s), 2, true
	case []int32:
		return bytesOf(s), 4, true
	case []uint32:
		return bytesOf(s), 4, true
	case []float32:
		return bytesOf(s), 4, true
	case []int64:
		return bytesOf(s), 8, true
	case []uint64:
		return bytesOf(s), 8, true
	case []float64:
		return bytesOf(s), 8, true
	}
	return nil, 0, false
}

// sliceLen counts the elements of type t in dst, -1 if that makes no sense.
func sliceLen(dst any, t Type) int {
	switch s := dst.(type) {
	case []bool:
		return len(s)
	case []string:
		return len(s)
	}
	b, size, ok := rawMemory(dst)
	if !ok {
		return -1
	}
	if t.Class() == Opaque {
		size = t.Size()
	}
	if len(b)%size != 0 {
		return -1
	}
	return len(b) / size
}

// decode turns elements as stored into a slice of bools or strings, or numbers.
func (t Type) decode(f *File, dst any, raw []byte, offset int64) error {
	size := t.Size()
	switch s := dst.(type) {
	case []bool:
		if err := checkBools(raw, offset); err != nil {
			return err
		}
		for i, b := range raw {
			s[i] = b == 1
		}
		return nil
	case []string:
		if t.IsVariable() {
			v := vlenReader{f: f}
			for i := range s {
				b, err := v.bytes(raw[i*size : (i+1)*size])
				if err != nil {
					return err
				}
				s[i] = string(b)
			}
			return v.done(uint64(offset))
		}
		for i := range s {
			s[i] = string(t.unpad(raw[i*size : (i+1)*size]))
		}
		return nil
	}
	b, _, ok := rawMemory(dst)
	if !ok || len(b) != len(raw) {
		return fmt.Errorf("h5lite: elements %v do not go into a %T", t, dst)
	}
	copy(b, raw)
	t.toHost(b)
	return nil
}

// checkBools refuses values that h5py's boolean does not have.
func (d *Dataset) checkBools(b []byte) error {
	if !d.Type().IsBool() {
		return nil
	}
	return d.fail(checkBools(b, d.d.Layout.Offset))
}

func checkBools(b []byte, offset int64) error {
	for i, x := range b {
		if x > 1 {
			return wire.Errorf(offset, "boolean", "element %d is %d, neither FALSE nor TRUE", i, x)
		}
	}
	return nil
}
