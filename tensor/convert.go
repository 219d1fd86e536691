package tensor

import "fmt"

type number interface {
	int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64 | float32 | float64
}

func convertTo[D, S number](dst []D, src []S) {
	for i, v := range src {
		dst[i] = D(v)
	}
}

func toFloats[D float32 | float64](dst []D, src any) bool {
	switch s := src.(type) {
	case []float32:
		convertTo(dst, s)
	case []float64:
		convertTo(dst, s)
	case []int8:
		convertTo(dst, s)
	case []int16:
		convertTo(dst, s)
	case []int32:
		convertTo(dst, s)
	case []int64:
		convertTo(dst, s)
	case []uint8:
		convertTo(dst, s)
	case []uint16:
		convertTo(dst, s)
	case []uint32:
		convertTo(dst, s)
	case []uint64:
		convertTo(dst, s)
	case []bool:
		for i, v := range s {
			dst[i] = 0
			if v {
				dst[i] = 1
			}
		}
	case []Half:
		for i, v := range s {
			dst[i] = D(v.Float32())
		}
	case []BHalf:
		for i, v := range s {
			dst[i] = D(v.Float32())
		}
	default:
		return false
	}
	return true
}

// Float32s writes the elements of the slice src, converted, into dst, which has the same length. It fails for strings.
func Float32s(dst []float32, src any) error {
	if !toFloats(dst, src) {
		return fmt.Errorf("%T is not numeric", src)
	}
	return nil
}

// Float64s writes the elements of the slice src, converted, into dst, which has the same length. It fails for strings.
func Float64s(dst []float64, src any) error {
	if !toFloats(dst, src) {
		return fmt.Errorf("%T is not numeric", src)
	}
	return nil
}

// Int64s writes the elements of the slice src, truncated to integers, into dst, which has the same length. It fails for
// strings.
func Int64s(dst []int64, src any) error {
	switch s := src.(type) {
	case []float32:
		convertTo(dst, s)
	case []float64:
		convertTo(dst, s)
	case []int8:
		convertTo(dst, s)
	case []int16:
		convertTo(dst, s)
	case []int32:
		convertTo(dst, s)
	case []int64:
		copy(dst, s)
	case []uint8:
		convertTo(dst, s)
	case []uint16:
		convertTo(dst, s)
	case []uint32:
		convertTo(dst, s)
	case []uint64:
		convertTo(dst, s)
	case []bool:
		for i, v := range s {
			dst[i] = 0
			if v {
				dst[i] = 1
			}
		}
	case []Half:
		for i, v := range s {
			dst[i] = int64(v.Float32())
		}
	case []BHalf:
		for i, v := range s {
			dst[i] = int64(v.Float32())
		}
	default:
		return fmt.Errorf("%T is not numeric", src)
	}
	return nil
}

// ToFloat32 returns the elements of t as a float32 tensor: t itself if it is one, else a converted copy.
func ToFloat32(t Any) (*Tensor, error) {
	if f, ok := t.(*Tensor); ok {
		return f, nil
	}
	out := Zeros[float32](t.Shape()...)
	if err := Float32s(out.data, AnyData(t)); err != nil {
		return nil, err
	}
	return out, nil
}

// Ints converts int64 values to the Go slice of an integer type, wrapping as C does.
func Ints(d DType, src []int64) any {
	switch d {
	case Int8:
		return convertNew[int8](src)
	case Int16:
		return convertNew[int16](src)
	case Int32:
		return convertNew[int32](src)
	case Uint8:
		return convertNew[uint8](src)
	case Uint16:
		return convertNew[uint16](src)
	case Uint32:
		return convertNew[uint32](src)
	case Uint64:
		return convertNew[uint64](src)
	}
	return src
}

func convertNew[D, S number](src []S) []D {
	dst := make([]D, len(src))
	convertTo(dst, src)
	return dst
}

// Convert returns t with its elements converted to dtype d: t itself if it has that type. Floats become integers by
// truncation.
func Convert(t Any, d DType) (Any, error) {
	if t.DType() == d {
		return t, nil
	}
	if (t.DType() == String) != (d == String) {
		return nil, fmt.Errorf("%s does not convert to %s", t.DType(), d)
	}
	src, n := AnyData(t), t.Len()
	var data any
	switch {
	case d == Float64:
		f := make([]float64, n)
		_ = Float64s(f, src) // numeric: checked above
		data = f
	case d.IsFloat():
		f := make([]float32, n)
		_ = Float32s(f, src)
		data = f
		if d == Float16 {
			h := make([]Half, n)
			for i, v := range f {
				h[i] = HalfFrom(v)
			}
			data = h
		} else if d == BFloat16 {
			h := make([]BHalf, n)
			for i, v := range f {
				h[i] = BHalfFrom(v)
			}
			data = h
		}
	case d == Bool:
		f := make([]float64, n)
		_ = Float64s(f, src)
		b := make([]bool, n)
		for i, v := range f {
			b[i] = v != 0
		}
		data = b
	default:
		i := make([]int64, n)
		_ = Int64s(i, src)
		data = Ints(d, i)
	}
	out, _ := FromAny(data, t.Shape())
	return out, nil
}
