package h5lite

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// seeds adds the small files of all corpora.
func seeds(f *testing.F) {
	for _, name := range []string{"hostile.zip", "h5corpus.zip"} {
		for file, b := range openZip(f, name) {
			if len(b) <= 24<<10 && !strings.HasSuffix(file, ".json") {
				f.Add(b)
			}
		}
	}
	golden, err := filepath.Glob("testdata/h5/*.h5")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range golden {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		if len(b) <= 24<<10 {
			f.Add(b)
		}
	}
	b := write(f, sampleSmall())
	f.Add(b)
}

// sampleSmall is a tree that is quickly read.
func sampleSmall() *Tree {
	t := sample()
	crowd := t.Group("crowd")
	for name := range crowd.children {
		if len(name) > len("layer_99") {
			delete(crowd.children, name)
		}
	}
	return t
}

// FuzzOpenWalk opens arbitrary bytes and reads everything that is there: no
// panic, and no error of a kind that is not promised.
func FuzzOpenWalk(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, err := range takeLimited(b).errs {
			if !typed(err) {
				t.Errorf("not a typed error: %v", err)
			}
		}
	})
}

// FuzzOpenWalkRepaired is FuzzOpenWalk with the checksums put right, so that
// damage gets behind them.
func FuzzOpenWalkRepaired(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		b = bytes.Clone(b)
		for range 20 {
			s := takeLimited(b)
			repaired := false
			for _, err := range s.errs {
				if !typed(err) {
					t.Errorf("not a typed error: %v", err)
				}
				repaired = repair(b, err) || repaired
			}
			if !repaired {
				return
			}
		}
	})
}

var checksumError = regexp.MustCompile(`checksum is 0x([0-9a-f]+), the content has 0x([0-9a-f]+)`)

// repair replaces a checksum that an error complains of by the right one.
func repair(b []byte, err error) bool {
	var e *FormatError
	if !errors.As(err, &e) || e.Offset < 0 || e.Offset > int64(len(b)) {
		return false
	}
	m := checksumError.FindStringSubmatch(e.Msg)
	if m == nil {
		return false
	}
	is, _ := strconv.ParseUint(m[1], 16, 32)
	want, _ := strconv.ParseUint(m[2], 16, 32)
	i := bytes.Index(b[e.Offset:], binary.LittleEndian.AppendUint32(nil, uint32(is)))
	if i < 0 {
		return false
	}
	binary.LittleEndian.PutUint32(b[int(e.Offset)+i:], uint32(want))
	return true
}

// takeLimited is take with limits that keep a fuzzer fast.
func takeLimited(b []byte) *snapshot {
	return take(b, WithLimits(Limits{Free: 1 << 20, Expansion: 100, Dataset: 1 << 22, Depth: 100, Objects: 10000}))
}

// source gives numbers and names from a fuzzer's bytes, zeros when they end.
type source struct{ b []byte }

func (s *source) byte() byte {
	if len(s.b) == 0 {
		return 0
	}
	x := s.b[0]
	s.b = s.b[1:]
	return x
}

func (s *source) upTo(n int) int { return int(s.byte()) % (n + 1) }

func (s *source) bytes(n int) []byte {
	b := make([]byte, n)
	s.b = s.b[copy(b, s.b):]
	return b
}

func (s *source) name() string {
	n := s.upTo(12)
	return strings.Map(func(r rune) rune {
		if r == '/' || r == 0 || r == '.' {
			return '_'
		}
		return r
	}, string(s.bytes(n)))
}

// value gives elements of some type.
func (s *source) value(n int) any {
	types := []Type{TypeInt8, TypeInt16, TypeInt32, TypeInt64, TypeUint8, TypeUint16, TypeUint32, TypeUint64,
		TypeFloat16, TypeFloat32, TypeFloat64, TypeBool, TypeString, FixedString(5, true), OpaqueType(3, "x")}
	t := types[s.upTo(len(types)-1)]
	slice := t.makeSlice(n)
	switch v := slice.(type) {
	case []bool:
		for i := range v {
			v[i] = s.byte()&1 == 1
		}
	case []string:
		for i := range v {
			v[i] = strings.ReplaceAll(string(s.bytes(s.upTo(5))), "\x00", "x")
		}
	default:
		b, _, _ := rawMemory(slice)
		copy(b, s.bytes(len(b)))
	}
	return As(t, slice)
}

// FuzzRoundTrip writes a tree made from the fuzzer's bytes and reads it back.
func FuzzRoundTrip(f *testing.F) {
	f.Add([]byte("\x05hello\x02\x03\x04\x01\x02\x03\x09 some more bytes to make names and values from, 0123456789"))
	for i := range 40 {
		f.Add(bytes.Repeat([]byte{byte(i), 3, byte(7 * i), 1, 200, byte(255 - i)}, 40))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s := &source{b}
		tree := NewTree()
		want := map[string]any{}
		shapes := map[string][]int{}
		groups := []*TreeGroup{tree.TreeGroup}
		attribute := func(path string, set func(string, []int, any)) {
			name := s.name()
			if name == "" {
				return
			}
			v := s.value(1)
			set(name, nil, v)
			want[path+"\x00"+name] = v.(Typed).Data
		}
		for len(s.b) > 0 && len(want) < 60 {
			g := groups[s.upTo(len(groups)-1)]
			name := s.name()
			if name == "" || g.children[name] != nil {
				attribute(g.Path(), g.SetAttribute)
				continue
			}
			if s.byte()%4 == 0 {
				groups = append(groups, g.Group(name))
				continue
			}
			var shape []int
			n := 1
			for range s.upTo(3) {
				shape = append(shape, s.upTo(6))
				n *= shape[len(shape)-1]
			}
			v := s.value(n)
			var opts []DatasetOption
			if len(shape) > 0 && s.byte()%2 == 0 {
				var chunk []int
				for _, d := range shape {
					chunk = append(chunk, 1+s.upTo(max(d, 1)-1))
				}
				opts = append(opts, Chunks(chunk...))
				if s.byte()%2 == 0 {
					opts = append(opts, Shuffle())
				}
				if s.byte()%2 == 0 {
					opts = append(opts, Deflate(1+s.upTo(8)))
				}
			}
			d := g.Dataset(name, shape, v, opts...)
			want[d.Path()], shapes[d.Path()] = v.(Typed).Data, shape
			attribute(d.Path(), d.SetAttribute)
		}
		file := write(t, tree)
		r, err := NewFile(bytes.NewReader(file), int64(len(file)))
		if err != nil {
			t.Fatal(err)
		}
		seen := 0
		err = Walk(r.Root(), func(e Entry) error {
			if e.Err != nil {
				return e.Err
			}
			attrs, err := e.Object.Attributes()
			if err != nil {
				return err
			}
			for _, a := range attrs {
				v, err := a.Read()
				if err != nil || !same(v, want[e.Path+"\x00"+a.Name()]) {
					return fmt.Errorf("%s@%s: %v, want %v: %w", e.Path, a.Name(), v, want[e.Path+"\x00"+a.Name()], err)
				}
				seen++
			}
			d, ok := e.Object.(*Dataset)
			if !ok {
				return nil
			}
			seen++
			v, err := d.Read()
			if err != nil || !same(v, want[e.Path]) || len(d.Shape()) != len(shapes[e.Path]) {
				return fmt.Errorf("%s: %v, want %v: %w", e.Path, v, want[e.Path], err)
			}
			return nil
		})
		if err != nil || seen != len(want) {
			t.Fatalf("%d of %d values: %v", seen, len(want), err)
		}
	})
}

// same compares slices; floats by their bits.
func same(a, b any) bool {
	switch x := a.(type) {
	case []float32:
		y := b.([]float32)
		for i := range x {
			if math.Float32bits(x[i]) != math.Float32bits(y[i]) {
				return false
			}
		}
		return len(x) == len(y)
	case []float64:
		y := b.([]float64)
		for i := range x {
			if math.Float64bits(x[i]) != math.Float64bits(y[i]) {
				return false
			}
		}
		return len(x) == len(y)
	case []string:
		y := b.([]string)
		for i := range x {
			// Padding of fixed strings is not part of them.
			if strings.TrimRight(x[i], "\x00") != strings.TrimRight(y[i], "\x00") {
				return false
			}
		}
		return len(x) == len(y)
	}
	return reflect.DeepEqual(a, b)
}

// FuzzSlab reads boxes of datasets of a sound file and compares them with what
// the whole has there.
func FuzzSlab(f *testing.F) {
	file := write(f, sampleSmall())
	r, err := NewFile(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		f.Fatal(err)
	}
	var all []*Dataset
	if err := Walk(r.Root(), func(e Entry) error {
		if d, ok := e.Object.(*Dataset); ok && !d.IsNull() {
			all = append(all, d)
		}
		return nil
	}); err != nil {
		f.Fatal(err)
	}
	f.Add(uint8(0), uint8(1), uint8(2), uint8(3), uint8(4))
	f.Fuzz(func(t *testing.T, which, a, b, c, d uint8) {
		set := all[int(which)%len(all)]
		in := []uint8{a, b, c, d}
		shape := set.Shape()
		start, count := make([]int, len(shape)), make([]int, len(shape))
		n := 1
		for i, s := range shape {
			start[i] = int(in[2*i]) % (s + 1)
			count[i] = int(in[2*i+1]) % (s - start[i] + 1)
			n *= count[i]
		}
		if err := checkSlab(set, start, count, n); err != nil {
			t.Error(err)
		}
	})
}

// checkSlab compares a slab with the same box of the whole.
func checkSlab(d *Dataset, start, count []int, n int) error {
	whole, err := d.Read()
	if err != nil {
		return err
	}
	slab := d.Type().makeSlice(n)
	if err := d.ReadSlab(slab, start, count); err != nil {
		return err
	}
	w, s := reflect.ValueOf(whole), reflect.ValueOf(slab)
	per := 1
	if d.Type().Class() == Opaque {
		per = d.Type().Size()
	}
	if n == 0 {
		return nil
	}
	at := make([]int, len(count))
	for i := 0; ; i++ {
		flat := 0
		for k, dim := range d.Shape() {
			flat = flat*dim + start[k] + at[k]
		}
		for j := range per {
			if got, want := s.Index(i*per+j).Interface(), w.Index(flat*per+j).Interface(); got != want && got == got {
				return fmt.Errorf("%s: slab %v %v: element %v is %v, want %v", d.Path(), start, count, at, got, want)
			}
		}
		if !advance(at, count) {
			return nil
		}
	}
}
