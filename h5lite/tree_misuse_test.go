package h5lite

import (
	"bytes"
	"errors"
	"io"
	"math"
	"strconv"
	"strings"
	"testing"
)

// TestTreeRefuses builds trees with one mistake each: Size and WriteTo must
// return it, and nothing may be written.
func TestTreeRefuses(t *testing.T) {
	for name, build := range map[string]func(t *Tree){
		"name taken":         func(t *Tree) { t.Group("a"); t.Dataset("a", nil, 1.5) },
		"group is dataset":   func(t *Tree) { t.Dataset("a", nil, 1.5); t.Group("a/b") },
		"no name":            func(t *Tree) { t.Dataset("", nil, 1.5) },
		"dot":                func(t *Tree) { t.Group("a/./b") },
		"NUL":                func(t *Tree) { t.Group("a\x00") },
		"long name":          func(t *Tree) { t.Group(strings.Repeat("x", 1<<16)) },
		"wrong length":       func(t *Tree) { t.Dataset("a", []int{3}, []float32{1, 2}) },
		"negative":           func(t *Tree) { t.Dataset("a", []int{-1}, []float32{}) },
		"huge":               func(t *Tree) { t.DatasetFrom("a", TypeInt8, []int{math.MaxInt32, math.MaxInt32}, nil) },
		"rank":               func(t *Tree) { t.Dataset("a", make([]int, 33), []float32{}) },
		"int":                func(t *Tree) { t.Dataset("a", nil, 1) },
		"no type":            func(t *Tree) { t.DatasetFrom("a", Type{}, nil, nil) },
		"no data":            func(t *Tree) { t.Dataset("a", nil, nil) },
		"type and data":      func(t *Tree) { t.Dataset("a", nil, As(TypeInt8, []float32{1})) },
		"long string":        func(t *Tree) { t.Dataset("a", nil, As(FixedString(2, false), "abc")) },
		"strings by writer":  func(t *Tree) { t.DatasetFrom("a", TypeString, nil, nil) },
		"chunked scalar":     func(t *Tree) { t.Dataset("a", nil, 1.5, Deflate(1)) },
		"chunk rank":         func(t *Tree) { t.Dataset("a", []int{2}, []int8{1, 2}, Chunks(1, 1)) },
		"chunk of 0":         func(t *Tree) { t.Dataset("a", []int{2}, []int8{1, 2}, Chunks(0)) },
		"chunk too long":     func(t *Tree) { t.Dataset("a", []int{2}, []int8{1, 2}, Chunks(3)) },
		"level":              func(t *Tree) { t.Dataset("a", []int{2}, []int8{1, 2}, Deflate(10)) },
		"null with shape":    func(t *Tree) { t.Dataset("a", []int{2}, As(TypeInt8, nil)) },
		"opaque tag":         func(t *Tree) { t.Dataset("a", nil, As(OpaqueType(1, strings.Repeat("t", 300)), []byte{1})) },
		"attribute length":   func(t *Tree) { t.SetAttribute("a", []int{2}, 1.5) },
		"attribute type":     func(t *Tree) { t.SetAttribute("a", nil, struct{}{}) },
		"attribute shape":    func(t *Tree) { t.SetAttribute("a", []int{-2}, 1.5) },
		"attribute no name":  func(t *Tree) { t.SetAttribute("", nil, 1.5) },
		"too many messages":  func(t *Tree) { attributes(t, 70000) },
		"opaque length":      func(t *Tree) { t.Dataset("a", []int{2}, As(OpaqueType(2, ""), []byte{1, 2, 3})) },
		"string of no bytes": func(t *Tree) { t.Dataset("a", nil, As(FixedString(0, false), "")) },
	} {
		tree := NewTree()
		build(tree)
		var b bytes.Buffer
		if n, err := tree.WriteTo(&b); err == nil || n != 0 || b.Len() != 0 {
			t.Errorf("%s: %d bytes: %v", name, n, err)
		}
		if _, err := tree.Size(); err == nil || tree.Err() == nil && name != "too many messages" {
			t.Errorf("%s: Size gives no error", name)
		}
	}
}

func attributes(t *Tree, n int) {
	for i := range n {
		t.SetAttribute(strconv.Itoa(i), nil, int8(1))
	}
}

// TestTreeSources has functions that write too little, too much, or fail.
func TestTreeSources(t *testing.T) {
	gone := errors.New("gone")
	for name, source := range map[string]func(io.Writer) error{
		"short": func(w io.Writer) error { _, err := w.Write(make([]byte, 7)); return err },
		"long":  func(w io.Writer) error { _, err := w.Write(make([]byte, 9)); return err },
		"none":  func(w io.Writer) error { return nil },
		"fails": func(w io.Writer) error { return gone },
	} {
		for _, opts := range [][]DatasetOption{nil, {Chunks(1)}, {Deflate(1)}} {
			tree := NewTree()
			tree.DatasetFrom("a", TypeFloat32, []int{2}, source, opts...)
			if _, err := tree.WriteTo(io.Discard); err == nil || name == "fails" && !errors.Is(err, gone) {
				t.Errorf("%s %d: %v", name, len(opts), err)
			}
		}
	}
}

// full has no room after n bytes.
type full struct{ n int }

var errFull = errors.New("no room")

func (f *full) Write(b []byte) (int, error) {
	if len(b) > f.n {
		n := f.n
		f.n = 0
		return n, errFull
	}
	f.n -= len(b)
	return len(b), nil
}

func TestTreeReportsWriteErrors(t *testing.T) {
	tree := sampleSmall()
	size, err := tree.Size()
	if err != nil {
		t.Fatal(err)
	}
	for n := 0; n < int(size); n += 997 {
		got, err := tree.WriteTo(&full{n})
		if !errors.Is(err, errFull) || got != int64(n) {
			t.Errorf("room for %d: %d bytes: %v", n, got, err)
		}
	}
}

func TestTreeChangesAfterSize(t *testing.T) {
	tree := NewTree()
	a, err := tree.Size()
	if err != nil {
		t.Fatal(err)
	}
	tree.Dataset("x", []int{1000}, make([]int64, 1000))
	tree.SetAttribute("a", nil, "first")
	tree.SetAttribute("a", nil, "second")
	b := write(t, tree)
	if int64(len(b)) < a+8000 {
		t.Errorf("%d bytes, %d without the data", len(b), a)
	}
	f, err := NewFile(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	list, err := f.Root().Attributes()
	if err != nil || len(list) != 1 {
		t.Fatalf("%d attributes: %v", len(list), err)
	}
	if s, err := list[0].String(); s != "second" || err != nil {
		t.Errorf("%q: %v", s, err)
	}
}

func TestParseType(t *testing.T) {
	for _, name := range []string{"|i1", "<i2", "<i4", "<i8", "|u1", "<u2", "<u4", "<u8", "<f2", "<f4", "<f8", "|b1", "str", "|S8", "|V2"} {
		if typ, err := ParseType(name); err != nil || typ.NumpyName() != name {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, name := range []string{"", "<", "f4", ">f4", "|S", "|S0", "|S-1", "|S+1", "|V99999999999", "<c8", "O"} {
		if _, err := ParseType(name); err == nil {
			t.Errorf("%q is a type", name)
		}
	}
}
