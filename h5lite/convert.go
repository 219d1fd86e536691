package h5lite

import (
	"fmt"
	"io"
	"math"
)

// ReadConvert fills dst with all elements, converted to its element type. dst is
// a slice of numbers of exactly as many elements; the dataset has numbers,
// booleans (0 and 1) or enums. Conversion to a float rounds to the nearest;
// conversion to an integer fails unless every element is a whole number that the
// type can hold.
func (d *Dataset) ReadConvert(dst any) error {
	t := d.Type()
	if err := d.readable(); err != nil {
		return err
	}
	switch t.Class() {
	case String, Opaque:
		return fmt.Errorf("h5lite: %q has elements %v, which are not numbers", d.path, t)
	}
	b, size, ok := rawMemory(dst)
	if !ok {
		return fmt.Errorf("h5lite: %q cannot be converted into a %T", d.path, dst)
	}
	if n := len(b) / size; n != d.Len() {
		return fmt.Errorf("h5lite: %q: a %T of %d elements, need %d", d.path, dst, n, d.Len())
	}
	if t.matches(dst) {
		return d.ReadInto(dst)
	}
	switch s := dst.(type) {
	case []float32:
		return convertFloat(d, s, func(x float64) float32 { return float32(x) })
	case []float64:
		return convertFloat(d, s, func(x float64) float64 { return x })
	case []Float16:
		return convertFloat(d, s, float64ToFloat16)
	case []int8:
		return convertInt(d, s, math.MinInt8, math.MaxInt8)
	case []int16:
		return convertInt(d, s, math.MinInt16, math.MaxInt16)
	case []int32:
		return convertInt(d, s, math.MinInt32, math.MaxInt32)
	case []int64:
		return convertInt(d, s, math.MinInt64, math.MaxInt64)
	case []uint8:
		return convertInt(d, s, 0, math.MaxUint8)
	case []uint16:
		return convertInt(d, s, 0, math.MaxUint16)
	case []uint32:
		return convertInt(d, s, 0, math.MaxUint32)
	case []uint64:
		return convertInt(d, s, 0, math.MaxUint64)
	}
	return fmt.Errorf("h5lite: %q cannot be converted into a %T", d.path, dst)
}

// scalar is an element on its way: an integer by sign and magnitude, or a float.
type scalar struct {
	negative bool
	whole    uint64
	float    float64
	isFloat  bool
}

// value gives the number as a float64, rounded to the nearest if it must be.
func (x scalar) value() float64 {
	switch {
	case x.isFloat:
		return x.float
	case x.negative:
		return -float64(x.whole)
	}
	return float64(x.whole)
}

// eachScalar calls f with all elements in C order.
func (d *Dataset) eachScalar(f func(i int, x scalar) error) error {
	r := d.NewReader().(*reader)
	size := d.Type().Size()
	for i := 0; ; {
		b, err := r.next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		for ; len(b) > 0; b = b[size:] {
			if err := f(i, d.Type().scalar(b[:size])); err != nil {
				return fmt.Errorf("h5lite: %q: element %d: %w", d.path, i, err)
			}
			i++
		}
	}
}

// scalar decodes little-endian bytes.
func (t Type) scalar(b []byte) scalar {
	var v uint64
	for i, x := range b {
		v |= uint64(x) << (8 * i)
	}
	switch {
	case t.Class() == Float:
		x := scalar{isFloat: true}
		switch len(b) {
		case 2:
			x.float = float64(Float16(v).Float32())
		case 4:
			x.float = float64(math.Float32frombits(uint32(v)))
		default:
			x.float = math.Float64frombits(v)
		}
		return x
	case t.Signed() && v>>(8*len(b)-1) != 0:
		return scalar{negative: true, whole: -(v | math.MaxUint64<<(8*len(b)-1))}
	}
	return scalar{whole: v}
}

func convertFloat[T ~float32 | ~float64 | Float16](d *Dataset, dst []T, to func(float64) T) error {
	return d.eachScalar(func(i int, x scalar) error {
		dst[i] = to(x.value())
		return nil
	})
}

func convertInt[T int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64](d *Dataset, dst []T, least int64, most uint64) error {
	return d.eachScalar(func(i int, x scalar) error {
		if x.isFloat {
			f := x.float
			if f != math.Trunc(f) || math.Abs(f) >= 1<<64 || f != f {
				return fmt.Errorf("%v is not an integer of type %T", f, dst[i])
			}
			x.negative, x.whole = f < 0, uint64(math.Abs(f))
		}
		if x.negative && x.whole > -uint64(least) || !x.negative && x.whole > most {
			return fmt.Errorf("%v does not fit into type %T", x.value(), dst[i])
		}
		if x.negative {
			dst[i] = T(-x.whole)
		} else {
			dst[i] = T(x.whole)
		}
		return nil
	})
}
