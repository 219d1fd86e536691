package tensor

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestViews(t *testing.T) {
	x := FromSlice([]float32{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, 2, 3, 2)
	for name, c := range map[string]struct {
		got   *Tensor
		shape []int
		data  []float32
	}{
		"reshape":          {x.Reshape(4, -1), []int{4, 3}, []float32{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}},
		"transpose":        {x.Transpose(2, 0, 1), []int{2, 2, 3}, []float32{0, 2, 4, 6, 8, 10, 1, 3, 5, 7, 9, 11}},
		"transpose all":    {FromSlice([]float32{1, 2, 3, 4}, 2, 2).Transpose(), []int{2, 2}, []float32{1, 3, 2, 4}},
		"slice":            {x.Slice(1, 1, 3), []int{2, 2, 2}, []float32{2, 3, 4, 5, 8, 9, 10, 11}},
		"index":            {x.Index(1), []int{3, 2}, []float32{6, 7, 8, 9, 10, 11}},
		"slice of nothing": {x.Slice(0, 2, 2), []int{0, 3, 2}, []float32{}},
		"view of a view":   {x.Transpose(1, 0, 2).Slice(0, 1, 2).Reshape(4), []int{4}, []float32{2, 3, 8, 9}},
	} {
		if diff := cmp.Diff(c.shape, c.got.Shape()); diff != "" {
			t.Errorf("%s: shape (-want +got):\n%s", name, diff)
		}
		if diff := cmp.Diff(c.data, append([]float32{}, c.got.Data()...)); diff != "" {
			t.Errorf("%s: data (-want +got):\n%s", name, diff)
		}
	}
	view := x.Transpose(2, 0, 1)
	view.Set(42, 1, 0, 2)
	if x.At(0, 2, 1) != 42 {
		t.Error("a view does not share the memory")
	}
	if view.IsContiguous() || !x.Index(1).IsContiguous() {
		t.Error("IsContiguous is wrong about views")
	}
	clone := view.Clone()
	clone.Set(0, 1, 0, 2)
	if x.At(0, 2, 1) != 42 {
		t.Error("a clone shares the memory")
	}
}

func TestScalar(t *testing.T) {
	s := Scalar[int64](7)
	if s.Rank() != 0 || s.Len() != 1 || s.At() != 7 || s.Clone().Rank() != 0 {
		t.Errorf("a scalar has rank %d and %d elements", s.Rank(), s.Len())
	}
}

func TestMisusePanics(t *testing.T) {
	x := New(2, 3)
	for name, f := range map[string]func(){
		"index":     func() { x.At(2, 0) },
		"rank":      func() { x.At(0) },
		"reshape":   func() { x.Reshape(4) },
		"two free":  func() { x.Reshape(-1, -1) },
		"slice":     func() { x.Slice(1, 2, 4) },
		"fromslice": func() { FromSlice([]int32{1, 2}, 3) },
		"negative":  func() { New(-1) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f()
		}()
	}
}

func TestSizeOf(t *testing.T) {
	for _, c := range []struct {
		shape []int
		size  int
		ok    bool
	}{
		{nil, 1, true}, {[]int{2, 3}, 6, true}, {[]int{0, math.MaxInt}, 0, true}, {[]int{math.MaxInt, 2}, 0, false},
		{[]int{math.MaxInt, math.MaxInt, 0}, 0, false}, {[]int{-1}, 0, false}, {[]int{math.MaxInt}, math.MaxInt, true},
	} {
		if size, ok := SizeOf(c.shape); ok != c.ok || ok && size != c.size {
			t.Errorf("%v: %d, %v", c.shape, size, ok)
		}
	}
}

func TestBroadcast(t *testing.T) {
	got, err := Broadcast([]int{3, 1, 5}, []int{4, 1})
	if err != nil || !slices.Equal(got, []int{3, 4, 5}) {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := Broadcast([]int{3}, []int{4}); err == nil {
		t.Error("(3,) and (4,) broadcast")
	}
}

func TestHalfEveryValue(t *testing.T) {
	for bits := range 1 << 16 {
		h := Half(bits)
		f := h.Float32()
		if f != f {
			if back := HalfFrom(f); back&0x7c00 != 0x7c00 || back&0x3ff == 0 {
				t.Fatalf("the NaN %04x became %04x", h, back)
			}
			continue
		}
		if back := HalfFrom(f); back != h {
			t.Fatalf("%04x is %g and comes back as %04x", h, f, back)
		}
		b := BHalf(bits)
		if f := b.Float32(); f == f {
			if back := BHalfFrom(f); back != b {
				t.Fatalf("bfloat16 %04x is %g and comes back as %04x", b, f, back)
			}
		}
	}
}

func TestHalfRounding(t *testing.T) {
	for f, want := range map[float32]Half{
		1 + 0x1p-11: 0x3c00, 1 + 0x1p-11 + 0x1p-20: 0x3c01, 1 + 3*0x1p-11: 0x3c02, // ties to even
		65519: 0x7bff, 65520: 0x7c00, -1e9: 0xfc00, 0x1p-25: 0, 0x1.8p-25: 1, 0x1p-24: 1, float32(math.Copysign(0, -1)): 0x8000,
	} {
		if got := HalfFrom(f); got != want {
			t.Errorf("%g rounds to %04x, not %04x", f, got, want)
		}
	}
	if got := BHalfFrom(1 + 0x1p-8); got != 0x3f80 {
		t.Errorf("a tie rounds to %04x", got)
	}
	if f := BHalfFrom(float32(math.NaN())).Float32(); f == f {
		t.Error("NaN became a number")
	}
}

func TestDTypeNames(t *testing.T) {
	for d := Bool; d <= String; d++ {
		got, err := ParseDType(d.String())
		if err != nil || got != d {
			t.Errorf("%s is read as %s, %v", d, got, err)
		}
		if NewAny(d, 2).DType() != d {
			t.Errorf("NewAny(%s) has another type", d)
		}
	}
	if _, err := ParseDType("complex64"); err == nil {
		t.Error("complex64 is a dtype")
	}
}

func ExampleFromSlice() {
	images := FromSlice([]float32{0, 0.5, 1, 0.25}, 1, 2, 2)
	fmt.Println(images.At(0, 1, 0), FormatShape(images.Shape()))
	// Output: 1 (1, 2, 2)
}

func ExampleOf_Transpose() {
	x := FromSlice([]int32{1, 2, 3, 4, 5, 6}, 2, 3)
	fmt.Println(x.Transpose().Data(), FormatShape(x.Transpose().Shape()))
	// Output: [1 4 2 5 3 6] (3, 2)
}
