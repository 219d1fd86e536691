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
