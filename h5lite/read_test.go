package h5lite

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"slices"
	"sync"
	"testing"
	"testing/iotest"
)

// eachGolden calls f with every readable dataset of the golden files.
func eachGolden(t *testing.T, f func(t *testing.T, d *Dataset)) {
	t.Helper()
	files, err := filepath.Glob("testdata/h5/*.h5")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		h := openGolden(t, file)
		err := Walk(h.Root(), func(e Entry) error {
			if d, ok := e.Object.(*Dataset); ok && d.readable() == nil {
				f(t, d)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestSlabsAgreeWithTheWhole(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	eachGolden(t, func(t *testing.T, d *Dataset) {
		if d.IsNull() {
			return
		}
		for range 8 {
			var start, count []int
			n := 1
			for _, s := range d.Shape() {
				a := rng.IntN(s + 1)
				start, count = append(start, a), append(count, min(rng.IntN(s-a+1), 40))
				n *= count[len(count)-1]
			}
			if n > 5000 {
				continue
			}
			if err := checkSlab(d, start, count, n); err != nil {
				t.Error(err)
			}
		}
	})
}

func TestStreamsAgreeWithTheWhole(t *testing.T) {
	eachGolden(t, func(t *testing.T, d *Dataset) {
		var b bytes.Buffer
		n, err := d.WriteTo(&b)
		if err != nil || n != int64(b.Len()) {
			t.Fatalf("%s: %v", d.Path(), err)
		}
		small, err := io.ReadAll(iotest.OneByteReader(d.NewReader()))
		if b.Len() > 1<<16 {
			small, err = io.ReadAll(d.NewReader())
		}
		if err != nil || !bytes.Equal(small, b.Bytes()) {
			t.Errorf("%s: the reader gives other bytes: %v", d.Path(), err)
		}
		v, err := d.Read()
		if err != nil {
			t.Fatal(err)
		}
		if raw, _, ok := rawMemory(v); ok {
			raw = slices.Clone(raw)
			if bigEndianHost {
				swap(raw, d.Type().swaps())
			}
			if !bytes.Equal(raw, b.Bytes()) {
				t.Errorf("%s: Read and WriteTo differ", d.Path())
			}
		}
	})
}

// TestStreamOfOddChunks reads a dataset whose chunks lie across the stream's
// boxes: tall, and a row of them is too large for one box.
func TestStreamOfOddChunks(t *testing.T) {
	const rows, columns = 1200, 60000 // 69 MiB, chunks of 1200 x 1000
	row := func(i int) []byte { return bytes.Repeat([]byte{byte(i), byte(i >> 8), 7, 8}, columns/4) }
	tree := NewTree()
	tree.DatasetFrom("x", TypeUint8, []int{rows, columns}, func(w io.Writer) error {
		for i := range rows {
			if _, err := w.Write(row(i)); err != nil {
				return err
			}
		}
		return nil
	}, Chunks(rows, 1000), Deflate(1))
	b := write(t, tree)
	f, err := NewFile(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	d, err := f.Root().Dataset("x")
	if err != nil {
		t.Fatal(err)
	}
	got := make([]byte, columns)
	r := d.NewReader()
	for i := range rows {
		if _, err := io.ReadFull(r, got); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, row(i)) {
			t.Fatalf("row %d is wrong", i)
		}
	}
	if n, err := r.Read(got); n != 0 || err != io.EOF {
		t.Errorf("%d bytes more: %v", n, err)
	}
}

func TestReadIntoIsStrict(t *testing.T) {
	tree := NewTree()
	tree.Dataset("x", []int{3}, []float32{1, 2, 3})
	tree.Dataset("s", []int{1}, []string{"a"})
	b := write(t, tree)
	f, err := NewFile(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	d, _ := f.Root().Dataset("x")
	for _, dst := range []any{nil, 3, make([]float32, 2), make([]float32, 4), make([]float64, 3), make([]uint32, 3), make([]string, 3),
		[]byte(nil)} {
		if err := d.ReadInto(dst); err == nil {
			t.Errorf("%T %v was filled", dst, dst)
		}
	}
	for _, slab := range [][2][]int{{{0}, {4}}, {{-1}, {1}}, {{3}, {1}}, {{0, 0}, {1, 1}}, {nil, nil}, {{0}, {-1}}, {{math.MaxInt}, {1}}} {
		if err := d.ReadSlab(make([]float32, 1), slab[0], slab[1]); err == nil {
			t.Errorf("slab %v was read", slab)
		}
	}
	s, _ := f.Root().Dataset("s")
	if err := s.ReadConvert(make([]float32, 1)); err == nil {
		t.Error("a string became a number")
	}
	if _, err := f.Root().Get("x/y"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if _, err := f.Root().Get("nothing"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if _, err := d.Attribute("nothing"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	var k *KindError
	if _, err := f.Root().Group("x"); !errors.As(err, &k) {
		t.Error(err)
	}
	if o, err := f.Root().Get("/"); err != nil || o.Path() != "/" {
		t.Error(o, err)
	}
}

func TestReadConvert(t *testing.T) {
	tree := NewTree()
	tree.Dataset("i8", []int{3}, []int8{-128, 0, 127})
	tree.Dataset("u64", []int{2}, []uint64{0, math.MaxUint64})
	tree.Dataset("f64", []int{3}, []float64{-3, 0, 1e6})
	tree.Dataset("f16", []int{2}, []Float16{ToFloat16(0.5), ToFloat16(-7)})
	tree.Dataset("half", []int{1}, []float64{0.5})
	tree.Dataset("nan", []int{1}, []float32{float32(math.NaN())})
	tree.Dataset("bool", []int{2}, []bool{true, false})
	b := write(t, tree)
	f, err := NewFile(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		path string
		want any
		ok   bool
	}{
		{"i8", []float32{-128, 0, 127}, true},
		{"i8", []int64{-128, 0, 127}, true},
		{"i8", []int8{-128, 0, 127}, true},
		{"i8", []uint8{0, 0, 0}, false},
		{"u64", []float64{0, 1 << 64}, true},
		{"u64", []int64{0, 0}, false},
		{"u64", []uint64{0, math.MaxUint64}, true},
		{"f64", []int32{-3, 0, 1e6}, true},
		{"f64", []int16{0, 0, 0}, false},
		{"f64", []uint64{0, 0, 0}, false},
		{"f16", []float32{0.5, -7}, true},
		{"half", []int8{0}, false},
		{"nan", []int8{0}, false},
		{"half", []Float16{0x3800}, true},
		{"bool", []float32{1, 0}, true},
	} {
		d, err := f.Root().Dataset(c.path)
		if err != nil {
			t.Fatal(err)
		}
		dst := reflect.MakeSlice(reflect.TypeOf(c.want), reflect.ValueOf(c.want).Len(), reflect.ValueOf(c.want).Len()).Interface()
		err = d.ReadConvert(dst)
		if (err == nil) != c.ok || c.ok && !reflect.DeepEqual(dst, c.want) {
			t.Errorf("%s: %v, want %v: %v", c.path, dst, c.want, err)
		}
	}
}

func TestFloat16(t *testing.T) {
	for i := range 1 << 16 {
		h := Float16(i)
		f := h.Float32()
		if got := ToFloat16(f); got != h && !(f != f && got.Float32() != got.Float32()) {
			t.Fatalf("%#04x became %v and %#04x", i, f, got)
		}
		// Halfway to the next number goes to the even one, a bit less or more does not.
		if exp := i >> 10 & 31; exp < 31 && i&0x7fff != 0x7bff {
			next := (h + 1).Float32()
			mid := (float64(f) + float64(next)) / 2
			even := h + h&1
			for x, want := range map[float64]Float16{mid: even, math.Nextafter(mid, float64(f)): h, math.Nextafter(mid, float64(next)): h + 1} {
				if got := float64ToFloat16(x); got != want {
					t.Fatalf("%v became %#04x, want %#04x", x, got, want)
				}
			}
		}
	}
	if ToFloat16(65520) != 0x7c00 || ToFloat16(65519) != 0x7bff || ToFloat16(float32(math.Inf(-1))) != 0xfc00 {
		t.Error("the end of the range is wrong")
	}
}

// TestConcurrentReaders has many goroutines read one file; the race detector
// looks on in CI.
func TestConcurrentReaders(t *testing.T) {
	for _, name := range []string{"names_dense.h5", "chunk_extensible_array.h5", "shared_messages.h5", "strings.h5"} {
		f := openGolden(t, "testdata/h5/"+name)
		one := walkAll(f)
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				if got := walkAll(f); got != one {
					t.Errorf("%s: other content", name)
				}
			})
		}
		wg.Wait()
	}
}

func walkAll(f *File) string {
	var b bytes.Buffer
	err := Walk(f.Root(), func(e Entry) error {
		fmt.Fprintln(&b, e.Path, e.SameAs, e.Err)
		if d, ok := e.Object.(*Dataset); ok && d.readable() == nil {
			if _, err := d.WriteTo(&b); err != nil {
				return err
			}
		}
		if e.Object == nil {
			return nil
		}
		attrs, err := e.Object.Attributes()
		for _, a := range attrs {
			v, _ := a.Read()
			fmt.Fprintln(&b, a.Name(), v)
		}
		return err
	})
	fmt.Fprintln(&b, err)
	return b.String()
}

func TestWalkSkips(t *testing.T) {
	tree := NewTree()
	for _, p := range []string{"a/x", "a/y", "b/x", "c"} {
		tree.Group(p)
	}
	b := write(t, tree)
	f, err := NewFile(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		at   string
		err  error
		want []string
	}{
		{"/a", fs.SkipDir, []string{"/", "/a", "/b", "/b/x", "/c"}},
		{"/a", fs.SkipAll, []string{"/", "/a"}},
		{"/a/x", io.ErrNoProgress, []string{"/", "/a", "/a/x"}},
	} {
		var got []string
		err := Walk(f.Root(), func(e Entry) error {
			got = append(got, e.Path)
			if e.Path == c.at {
				return c.err
			}
			return nil
		})
		if !slices.Equal(got, c.want) || (err != nil) != (c.err == io.ErrNoProgress) {
			t.Errorf("%s %v: %q: %v", c.at, c.err, got, err)
		}
	}
}
