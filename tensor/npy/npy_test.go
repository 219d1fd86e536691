package npy

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hornml/horn/tensor"
)

var arrays = map[string]tensor.Any{
	"f4": tensor.FromSlice([]float32{1, -2.5, 3}, 3), "f8": tensor.FromSlice([]float64{1, 2, 3, 4}, 2, 2),
	"f2": tensor.FromSlice([]tensor.Half{0x3c00}, 1, 1), "i1": tensor.FromSlice([]int8{-1}, 1), "i2": tensor.FromSlice([]int16{-300}, 1),
	"i4": tensor.FromSlice([]int32{1 << 30}, 1), "i8": tensor.Scalar[int64](-1 << 62), "u1": tensor.FromSlice([]uint8{255}, 1),
	"u2": tensor.FromSlice([]uint16{65535}, 1), "u4": tensor.FromSlice([]uint32{1 << 31}, 1), "u8": tensor.FromSlice([]uint64{1 << 63}, 1),
	"b1": tensor.FromSlice([]bool{true, false}, 2), "U": tensor.FromSlice([]string{"", "héllo", "wörld🎺"}, 3), "empty": tensor.New(0, 3),
}

func TestRoundTrip(t *testing.T) {
	var archive bytes.Buffer
	if err := EncodeArchive(&archive, arrays); err != nil {
		t.Fatal(err)
	}
	a, err := NewArchive(bytes.NewReader(archive.Bytes()), int64(archive.Len()))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range arrays {
		got, err := a.Read(name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(want.Raw(), got.Raw()); diff != "" || !slices.Equal(got.Shape(), want.Shape()) {
			t.Errorf("%s: shape %v (-want +got):\n%s", name, got.Shape(), diff)
		}
	}
	if _, err := a.Read("missing"); err == nil {
		t.Error("an array that is not there was read")
	}
}

// header makes a .npy file by hand.
func header(text, data string) []byte {
	return []byte("\x93NUMPY\x01\x00" + string([]byte{byte(len(text)), byte(len(text) >> 8)}) + text + data)
}

func TestForeignForms(t *testing.T) {
	for name, c := range map[string]struct {
		file []byte
		want any
	}{
		"big-endian": {header("{'descr': '>i2', 'fortran_order': False, 'shape': (2,), }", "\x01\x02\x03\x04"), []int16{0x102, 0x304}},
		"fortran order": {header("{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3), }", "\x01\x04\x02\x05\x03\x06"),
			[]uint8{1, 2, 3, 4, 5, 6}},
		"bytes": {header("{'descr': '|S3', 'fortran_order': False, 'shape': (2,), }", "ab\x00cde"), []string{"ab", "cde"}},
	} {
		got, err := Decode(c.file)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(c.want, got.Raw()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestMalformed(t *testing.T) {
	for name, file := range map[string][]byte{
		"empty":         {},
		"not npy":       []byte("PK\x03\x04 and more"),
		"cut header":    []byte("\x93NUMPY\x01\x00\xff\x00{"),
		"no shape":      header("{'descr': '<f4', 'fortran_order': False}", ""),
		"pickle":        header("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", "\x80\x04"),
		"pickle 8":      header("{'descr': '|O8', 'fortran_order': False, 'shape': (1,), }", "\x80\x04"),
		"too short":     header("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", "1234"),
		"bomb":          header("{'descr': '<f8', 'fortran_order': False, 'shape': (1000000, 1000000), }", ""),
		"overflow":      header("{'descr': '<f8', 'fortran_order': False, 'shape': (9223372036854775807, 9), }", ""),
		"empty strings": header("{'descr': '|S0', 'fortran_order': False, 'shape': (1000000000,), }", ""),
		"complex":       header("{'descr': '<c8', 'fortran_order': False, 'shape': (1,), }", "12345678"),
		"rank":          header("{'descr': '<f4', 'fortran_order': True, 'shape': ("+strings.Repeat("1, ", 65)+"), }", "1234"),
		"long rank":     header("{'descr': '<f4', 'fortran_order': True, 'shape': ("+strings.Repeat("1, ", 20000)+"), }", "1234"),
		"no character":  header("{'descr': '<U1', 'fortran_order': False, 'shape': (1,), }", "\x80\xdc\x00\x00"),
		"no order":      header("{'descr': 'xf4', 'fortran_order': False, 'shape': (1,), }", "1234"),
		"negative":      header("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }", ""),
	} {
		v, err := Decode(file)
		if err == nil {
			t.Errorf("%s was read as %v", name, v.Shape())
		} else if len(err.Error()) > 200 {
			t.Errorf("%s: a message of %d bytes", name, len(err.Error()))
		}
	}
}

// TestStringsStay has strings that are bytes, not characters; such that would change are refused.
func TestStringsStay(t *testing.T) {
	for _, want := range [][]string{{"\xff\xfe", "abc", ""}, {"é\xff", "long one"}, {"a\x00b", "é"}, {"\xed\xa0\x80"}} {
		var b bytes.Buffer
		if err := Encode(&b, tensor.FromSlice(want, len(want))); err != nil {
			t.Fatal(err)
		}
		got, err := Decode(b.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got.Raw()); diff != "" {
			t.Errorf("%q (-want +got):\n%s", want, diff)
		}
	}
	long := make([]string, 1<<16)
	long[7] = strings.Repeat("x", 1<<20)
	for name, s := range map[string][]string{"a last zero": {"a\x00"}, "64 GiB": long} {
		if err := Encode(io.Discard, tensor.FromSlice(s, len(s))); err == nil {
			t.Errorf("%s was written", name)
		}
	}
}

// entry is one of a zip, with what its header declares.
func entry(t *testing.T, name string, stored []byte, declared uint64) []byte {
	t.Helper()
	var packed, out bytes.Buffer
	w, err := flate.NewWriter(&packed, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(stored); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(&out)
	f, err := z.CreateRaw(&zip.FileHeader{Name: name + ".npy", Method: zip.Deflate, CRC32: crc32.ChecksumIEEE(stored),
		CompressedSize64: uint64(packed.Len()), UncompressedSize64: declared})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(packed.Bytes()); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestHostileArchives has entries that declare what they do not have, and such that unpack to too much.
func TestHostileArchives(t *testing.T) {
	floats := func(n int64) string {
		return fmt.Sprintf("{'descr': '<f4', 'fortran_order': False, 'shape': (%d,), }", n)
	}
	small := header(floats(2), "12345678")
	longer := append(small[:len(small):len(small)], 1, 2)
	zeros := header(floats(20<<20), string(make([]byte, 80<<20)))
	flipped := entry(t, "a", small, uint64(len(small)))
	flipped[len("PK\x03\x04")+10+30] ^= 1
	for name, c := range map[string]struct {
		file   []byte
		limits Limits
		words  string
	}{
		"sound":              {entry(t, "a", small, uint64(len(small))), Limits{}, ""},
		"large but declared": {entry(t, "a", zeros, uint64(len(zeros))), Limits{Expansion: -1}, ""},
		"zeros":              {entry(t, "a", zeros, uint64(len(zeros))), Limits{}, "times as many bytes"},
		"too large":          {entry(t, "a", small, uint64(len(small))), Limits{Bytes: 7}, "the limit is 7"},
		"far above":          {entry(t, "a", header(floats(1<<40), ""), 1<<42+79), Limits{Bytes: 1 << 62}, "?"},
		"cut off":            {entry(t, "a", header(floats(1000), "1234"), 4000+66), Limits{}, ""},
		"more after it":      {entry(t, "a", longer, uint64(len(longer))), Limits{}, "2 bytes after the array"},
		"longer than said":   {entry(t, "a", longer, uint64(len(small))), Limits{}, "?"},
		"damaged":            {flipped, Limits{}, "?"},
	} {
		a, err := NewArchive(bytes.NewReader(c.file), int64(len(c.file)))
		if err == nil {
			a.SetLimits(c.limits)
			_, err = a.Read("a")
		}
		sound := c.words == "" && name != "cut off"
		if sound != (err == nil) || err != nil && c.words != "?" && !strings.Contains(err.Error(), c.words) {
			t.Errorf("%s: %v, want %q", name, err, c.words)
		}
	}
	var twice bytes.Buffer
	z := zip.NewWriter(&twice)
	for range 2 {
		f, err := z.Create("a.npy")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write(small); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := NewArchive(bytes.NewReader(twice.Bytes()), int64(twice.Len())); err == nil {
		t.Error("an array that is there twice was taken")
	}
}

// TestRanks has NumPy's largest rank, in Fortran order, in no more time than any other.
func TestRanks(t *testing.T) {
	shape := strings.Repeat("1, ", 61) + "2, 3, 1"
	got, err := Decode(header("{'descr': '|u1', 'fortran_order': True, 'shape': ("+shape+"), }", "\x01\x04\x02\x05\x03\x06"))
	if err != nil {
		t.Fatal(err)
	}
	if got.Rank() != 64 || !slices.Equal(got.Raw().([]uint8), []uint8{1, 2, 3, 4, 5, 6}) {
		t.Errorf("%v %v", got.Shape(), got.Raw())
	}
}

func TestReadFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.npy")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := Encode(f, arrays["f8"]); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	got, err := ReadFile(path)
	if err != nil || !slices.Equal(got.Shape(), []int{2, 2}) {
		t.Errorf("%v, %v", got, err)
	}
	open, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	if open.Memory() != 32 || open.DType != tensor.Float64 {
		t.Errorf("%+v", open.Header)
	}
	var limit *LimitError
	if _, err := open.Read(Limits{Bytes: 31}); !errors.As(err, &limit) || limit.Need != 32 {
		t.Error(err)
	}
	if _, err := ReadFile(filepath.Dir(path)); err == nil {
		t.Error("a directory was read")
	}
}

func FuzzDecode(f *testing.F) {
	for _, a := range arrays {
		var b bytes.Buffer
		if err := Encode(&b, a); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := Decode(data)
		if err != nil {
			return
		}
		var b bytes.Buffer
		if err := Encode(&b, v); err != nil {
			t.Fatal(err)
		}
		if again, err := Decode(b.Bytes()); err != nil || again.Len() != v.Len() {
			t.Fatalf("%q does not survive writing: %v", data, err)
		}
	})
}

func FuzzArchive(f *testing.F) {
	var b bytes.Buffer
	if err := EncodeArchive(&b, arrays); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := NewArchive(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			return
		}
		a.SetLimits(Limits{Bytes: 1 << 20})
		for _, name := range a.Names() {
			h, err := a.Header(name)
			got, e := a.Read(name)
			if e == nil && (err != nil || !slices.Equal(h.Shape, got.Shape()) || h.DType != got.DType()) {
				t.Fatalf("%q: %v, %v", name, h, err)
			}
		}
	})
}
