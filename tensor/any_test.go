package tensor

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// numeric are all element types but String.
func numeric() []DType {
	var list []DType
	for d := Bool; d < String; d++ {
		list = append(list, d)
	}
	return list
}

func TestConvert(t *testing.T) {
	x := FromSlice([]float32{-1.7, 0, 2.9, 300})
	for d, want := range map[DType]any{
		Int32: []int32{-1, 0, 2, 300}, Uint8: []uint8{255, 0, 2, 44}, Bool: []bool{true, false, true, true},
		Float32: []float32{-1.7, 0, 2.9, 300},
		Float64: []float64{float64(float32(-1.7)), 0, float64(float32(2.9)), 300}, Uint64: []uint64{1<<64 - 1, 0, 2, 300},
		Float16: []Half{HalfFrom(-1.7), 0, HalfFrom(2.9), HalfFrom(300)}, BFloat16: []BHalf{BHalfFrom(-1.7), 0, BHalfFrom(2.9), BHalfFrom(300)},
	} {
		got, err := x.Convert(d)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got.Raw()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", d, diff)
		}
	}
	if _, err := x.Convert(String); err == nil {
		t.Error("a number became a string")
	}
	if _, err := Zeros[string](2).Convert(Bool); err == nil {
		t.Error("a string became a number")
	}
}

// TestWide has every type take numbers and give them back, also through a view that is not contiguous.
func TestWide(t *testing.T) {
	for _, d := range numeric() {
		want := []int64{1, 0, 1, 1, 0, 1}
		if d != Bool {
			want = []int64{0, 1, 2, 3, 100, 5}
		}
		for name, x := range map[string]Any{"whole": NewAny(d, 2, 3), "view": Transpose(NewAny(d, 3, 2)), "rows": NewAny(d, 4, 3).Rows(1, 3)} {
			floats, doubles, ints := make([]float32, 6), make([]float64, 6), make([]int64, 6)
			for i, v := range want {
				doubles[i], floats[i] = float64(v), float32(v)
			}
			for _, store := range []func() error{
				func() error { return x.SetFloat32s(floats) }, func() error { return x.SetFloat64s(doubles) },
				func() error { return x.SetInt64s(want) },
			} {
				if err := x.SetInt64s(make([]int64, 6)); err != nil {
					t.Fatal(err)
				}
				if err := store(); err != nil {
					t.Fatal(err)
				}
				f, g := make([]float32, 6), make([]float64, 6)
				if x.Float32s(f) != nil || x.Float64s(g) != nil || x.Int64s(ints) != nil {
					t.Fatalf("%s is not numeric", d)
				}
				if !slices.Equal(f, floats) || !slices.Equal(g, doubles) || !slices.Equal(ints, want) {
					t.Errorf("%s %s: %v, %v, %v, want %v", d, name, f, g, ints, want)
				}
			}
		}
	}
	s := Zeros[string](1)
	if s.Float32s(make([]float32, 1)) == nil || s.Float64s(make([]float64, 1)) == nil || s.Int64s(make([]int64, 1)) == nil ||
		s.SetFloat32s(make([]float32, 1)) == nil || s.SetFloat64s(make([]float64, 1)) == nil || s.SetInt64s(make([]int64, 1)) == nil {
		t.Error("a string took or gave a number")
	}
}

// TestWideAllocatesNothing: every call of a model goes through these.
func TestWideAllocatesNothing(t *testing.T) {
	floats, doubles, ints := make([]float32, 6), make([]float64, 6), make([]int64, 6)
	for _, d := range numeric() {
		x := NewAny(d, 2, 3)
		if n := testing.AllocsPerRun(10, func() {
			_, _, _ = x.Float32s(floats), x.Float64s(doubles), x.Int64s(ints)
			_, _, _ = x.SetFloat32s(floats), x.SetFloat64s(doubles), x.SetInt64s(ints)
		}); n != 0 {
			t.Errorf("%s: %v allocations", d, n)
		}
	}
}

func TestAnyShapes(t *testing.T) {
	for d := Bool; d <= String; d++ {
		x := NewAny(d, 4, 3)
		if d != String {
			if err := x.SetInt64s([]int64{1, 0, 1, 0, 0, 0, 1, 1, 1, 0, 1, 0}); err != nil {
				t.Fatal(err)
			}
		}
		whole, err := Concat(x.Rows(0, 1), x.Rows(1, 1), x.Rows(1, 4))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(x.Raw(), whole.Raw()); diff != "" || !slices.Equal(whole.Shape(), x.Shape()) {
			t.Errorf("%s: rows do not make the whole again: %v %s", d, whole.Shape(), diff)
		}
		back := Transpose(Reshape(Transpose(x), 3, 2, 2), 1, 2, 0)
		if diff := cmp.Diff(x.Raw(), Reshape(back, 4, 3).Raw()); diff != "" || !slices.Equal(back.Shape(), []int{2, 2, 3}) {
			t.Errorf("%s: %v %s", d, back.Shape(), diff)
		}
		raw, err := FromRaw(x.Raw(), x.Shape())
		if err != nil || raw.DType() != d || !slices.Equal(raw.Shape(), x.Shape()) {
			t.Errorf("%s: FromRaw gives %v, %v", d, raw, err)
		}
		if _, err := FromRaw(x.Raw(), []int{5}); err == nil {
			t.Errorf("%s: twelve elements make the shape (5,)", d)
		}
	}
	if s, err := FromRaw([]int32{7}, nil); err != nil || s.Rank() != 0 || s.(*Of[int32]).At() != 7 {
		t.Errorf("a scalar: %v, %v", s, err)
	}
	if _, err := FromRaw([]complex64{1}, nil); err == nil {
		t.Error("a complex number is an element")
	}
}

func TestConcatRefuses(t *testing.T) {
	for name, parts := range map[string][]Any{
		"nothing": nil, "scalars": {Scalar(1.0), Scalar(2.0)}, "a scalar": {New(1), Scalar(float32(1))}, "other types": {New(1), Zeros[int32](1)},
		"other shapes": {New(1, 2), New(1, 3)}, "other ranks": {New(1, 2), New(1)},
	} {
		if x, err := Concat(parts...); err == nil {
			t.Errorf("%s: %v", name, x.Shape())
		}
	}
}

func ExampleConcat() {
	morning := FromSlice([]float32{1, 2, 3, 4}, 2, 2)
	evening := FromSlice([]float32{5, 6}, 1, 2)
	day, err := Concat(morning, evening)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(day.Raw(), FormatShape(day.Shape()))
	// Output: [1 2 3 4 5 6] (3, 2)
}
