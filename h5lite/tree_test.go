package h5lite

import (
	"bytes"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
)

// sample is a tree with one of everything that can be written.
func sample() *Tree {
	t := NewTree()
	t.SetAttribute("str", nil, "grüße")
	t.SetAttribute("empty", nil, "")
	t.SetAttribute("names", []int{3}, []string{"a", "bc", ""})
	t.SetAttribute("fixed", []int{2}, As(FixedString(5, false), []string{"abc", "de"}))
	t.SetAttribute("ascii", nil, As(TypeASCII, "plain"))
	t.SetAttribute("null", nil, As(TypeFloat32, nil))
	t.SetAttribute("flag", nil, true)
	t.SetAttribute("ünï", []int{2, 2}, []int64{1, 2, 3, -4})
	g := t.Group("layers/dense/vars")
	g.Dataset("0", []int{2, 3}, []float32{1, 2, 3, 4, 5, 6})
	g.Dataset("1", []int{3}, []float64{1, 2, 3}).SetAttribute("unit", nil, "m")
	t.Dataset("types/i8", []int{3}, []int8{-1, 0, 1})
	t.Dataset("types/i16", []int{3}, []int16{-1, 0, 300})
	t.Dataset("types/i32", []int{3}, []int32{-1, 0, 1 << 30})
	t.Dataset("types/i64", []int{3}, []int64{-1, 0, 1 << 60})
	t.Dataset("types/u8", []int{3}, []uint8{255, 0, 1})
	t.Dataset("types/u16", []int{3}, []uint16{65535, 0, 1})
	t.Dataset("types/u32", []int{3}, []uint32{1 << 31, 0, 1})
	t.Dataset("types/u64", []int{3}, []uint64{1 << 63, 0, 1})
	t.Dataset("types/f16", []int{3}, []Float16{ToFloat16(1.5), ToFloat16(-2), ToFloat16(65504)})
	t.Dataset("types/bool", []int{3}, []bool{true, false, true})
	t.Dataset("types/bf16", []int{2}, As(OpaqueType(2, ""), []byte{0x80, 0x3f, 0, 0x40})).SetAttribute("dtype", nil, "bfloat16")
	t.Dataset("types/tagged", []int{1}, As(OpaqueType(3, "tag"), []byte{1, 2, 3}))
	t.Dataset("types/fixed", []int{2}, As(FixedString(4, true), []string{"é", "abcd"}))
	t.Dataset("types/vlen", []int{2, 2}, []string{"one", "", "drei", "四"})
	t.Dataset("types/ascii", []int{1}, As(TypeASCII, []string{"x"}))
	t.Dataset("scalar", nil, float32(2.5))
	t.Dataset("null", nil, As(TypeInt32, nil))
	t.Dataset("none", []int{0, 4}, []float32{})
	t.DatasetFrom("lazy", TypeFloat32, []int{4}, func(w io.Writer) error {
		for i := range 4 {
			if _, err := w.Write([]byte{0, 0, 0x80, byte(0x3f + i)}); err != nil {
				return err
			}
		}
		return nil
	})
	big := make([]float32, 100*70)
	for i := range big {
		big[i] = float32(i % 100)
	}
	t.Dataset("chunked/gz", []int{100, 70}, big, Chunks(16, 9), Shuffle(), Deflate(6))
	t.Dataset("chunked/auto", []int{100, 70}, big, Deflate(1))
	t.Dataset("chunked/plain", []int{100, 70}, big, Chunks(7, 70))
	t.Dataset("chunked/none", []int{0, 70}, []float32{}, Chunks(1, 70))
	many := make([]string, 1000)
	for i := range many {
		many[i] = strings.Repeat(fmt.Sprint(i), i%7)
	}
	t.Dataset("chunked/strings", []int{1000}, many, Chunks(300), Deflate(4))
	t.DatasetFrom("chunked/lazy", TypeInt16, []int{9, 5}, func(w io.Writer) error {
		for i := range 45 {
			if _, err := w.Write([]byte{byte(i), 1}); err != nil {
				return err
			}
		}
		return nil
	}, Chunks(2, 4), Deflate(9))
	crowd := t.Group("crowd")
	for i := range 3000 {
		crowd.Group(fmt.Sprintf("layer_%d", i))
	}
	return t
}

func write(t testing.TB, tree *Tree) []byte {
	t.Helper()
	size, err := tree.Size()
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	n, err := tree.WriteTo(&b)
	if err != nil || n != size || int64(b.Len()) != size {
		t.Fatalf("%d bytes, size says %d: %v", n, size, err)
	}
	return b.Bytes()
}

func TestTreeReadsBack(t *testing.T) {
	b := write(t, sample())
	if !bytes.Equal(b, write(t, sample())) {
		t.Error("equal trees give different bytes")
	}
	f, err := NewFile(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	big := make([]float32, 100*70)
	for i := range big {
		big[i] = float32(i % 100)
	}
	for path, want := range map[string]any{
		"layers/dense/vars/0": []float32{1, 2, 3, 4, 5, 6},
		"types/i16":           []int16{-1, 0, 300},
		"types/u64":           []uint64{1 << 63, 0, 1},
		"types/f16":           []Float16{0x3e00, 0xc000, 0x7bff},
		"types/bool":          []bool{true, false, true},
		"types/bf16":          []byte{0x80, 0x3f, 0, 0x40},
		"types/fixed":         []string{"é", "abcd"},
		"types/vlen":          []string{"one", "", "drei", "四"},
		"scalar":              []float32{2.5},
		"null":                []int32{},
		"none":                []float32{},
		"lazy":                []float32{1, 4, 16, 64}[:0:0],
		"chunked/gz":          big,
		"chunked/auto":        big,
		"chunked/plain":       big,
	} {
		d, err := f.Root().Dataset(path)
		if err != nil {
			t.Error(err)
			continue
		}
		got, err := d.Read()
		if err != nil {
			t.Error(err)
		} else if path != "lazy" && !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, want %v", path, got, want)
		}
	}
	if names, err := f.Root().Group("crowd"); err != nil {
		t.Error(err)
	} else if n, err := names.Names(); err != nil || len(n) != 3000 {
		t.Errorf("%d names: %v", len(n), err)
	}
	s, err := f.Root().Attribute("str")
	if err != nil {
		t.Fatal(err)
	}
	if v, err := s.String(); v != "grüße" || err != nil {
		t.Errorf("%q: %v", v, err)
	}
}
