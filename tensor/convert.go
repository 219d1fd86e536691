package tensor

import (
	"errors"
	"fmt"
)

var errNotNumbers = errors.New("elements of type string are not numbers")

type number interface {
	int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64 | float32 | float64
}

// wide are the types that all numbers pass through: what they are computed in, and what they are converted by.
type wide interface{ float32 | float64 | int64 }

// widen writes src, a slice of elements of the same length, into dst. It takes any slice, as narrow does, so that there is one
// of it in a program for each wide type, not one for each pair of types.
func widen[D wide](dst []D, src any) error {
	switch s := src.(type) {
	case []D:
		copy(dst, s)
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
		return errNotNumbers
	}
	return nil
}

func convertTo[D wide, S number](dst []D, src []S) {
	for i, v := range src {
		dst[i] = D(v)
	}
}

// narrow writes src into dst, a slice of elements of the same length.
func narrow[S wide](dst any, src []S) error {
	switch d := dst.(type) {
	case []S:
		copy(d, src)
	case []float32:
		for i, v := range src {
			d[i] = float32(v)
		}
	case []float64:
		for i, v := range src {
			d[i] = float64(v)
		}
	case []int8:
		wrapTo(d, src)
	case []int16:
		wrapTo(d, src)
	case []int32:
		wrapTo(d, src)
	case []int64:
		wrapTo(d, src)
	case []uint8:
		wrapTo(d, src)
	case []uint16:
		wrapTo(d, src)
	case []uint32:
		wrapTo(d, src)
	case []uint64:
		wrapTo(d, src)
	case []bool:
		for i, v := range src {
			d[i] = v != 0
		}
	case []Half:
		for i, v := range src {
			d[i] = HalfFrom(float32(v))
		}
	case []BHalf:
		for i, v := range src {
			d[i] = BHalfFrom(float32(v))
		}
	default:
		return errNotNumbers
	}
	return nil
}

// wrapTo goes through int64, so that floats beyond D's range wrap in one way on every CPU.
func wrapTo[D number, S wide](dst []D, src []S) {
	for i, v := range src {
		dst[i] = D(int64(v))
	}
}

// Float32s implements [Any].
func (t *Of[T]) Float32s(dst []float32) error { return widen(dst, t.Data()) }

// Float64s implements [Any].
func (t *Of[T]) Float64s(dst []float64) error { return widen(dst, t.Data()) }

// Int64s implements [Any].
func (t *Of[T]) Int64s(dst []int64) error { return widen(dst, t.Data()) }

// SetFloat32s implements [Any].
func (t *Of[T]) SetFloat32s(src []float32) error {
	own := t.Data()
	err := narrow(own, src)
	t.scatter(own)
	return err
}

// SetFloat64s implements [Any].
func (t *Of[T]) SetFloat64s(src []float64) error {
	own := t.Data()
	err := narrow(own, src)
	t.scatter(own)
	return err
}

// SetInt64s implements [Any].
func (t *Of[T]) SetInt64s(src []int64) error {
	own := t.Data()
	err := narrow(own, src)
	t.scatter(own)
	return err
}

// scatter stores elements in C order, which may be in the tensor's own memory already.
func (t *Of[T]) scatter(own []T) {
	if t.IsContiguous() {
		return
	}
	i := 0
	t.each(0, 0, func(offset int) {
		t.data[offset] = own[i]
		i++
	})
}

// Convert implements [Any].
func (t *Of[T]) Convert(d DType) (Any, error) { return convert(t, d) }

// convert is Convert for all types, so that there is one of it in a program.
func convert(t Any, d DType) (Any, error) {
	from := t.DType()
	if from == d {
		return t, nil
	}
	if (from == String) != (d == String) {
		return nil, fmt.Errorf("%s does not convert to %s", from, d)
	}
	out := NewAny(d, t.Shape()...)
	switch o := out.(type) { // both are numbers, so nothing below fails
	case *Of[float32]:
		return out, t.Float32s(o.data)
	case *Of[float64]:
		return out, t.Float64s(o.data)
	case *Of[int64]:
		return out, t.Int64s(o.data)
	}
	switch {
	case d.IsInt():
		n := make([]int64, t.Len())
		_ = t.Int64s(n)
		return out, out.SetInt64s(n)
	case d.IsHalf():
		f := make([]float32, t.Len())
		_ = t.Float32s(f)
		return out, out.SetFloat32s(f)
	}
	f := make([]float64, t.Len())
	_ = t.Float64s(f)
	return out, out.SetFloat64s(f)
}

// ToFloat32 returns the elements of t as a float32 tensor: t itself if it is one, else a converted copy.
func ToFloat32(t Any) (*Tensor, error) {
	f, err := t.Convert(Float32)
	if err != nil {
		return nil, err
	}
	return f.(*Tensor), nil
}
